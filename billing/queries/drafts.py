"""What an invoice would say: computed from closed usage, the price book and adjustments. Nothing is stored.

The lines are `InvoiceLine`s that are not saved; `billing.services.invoicing` saves them once their month is over.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from django.db import connection

from billing import invoice_sql, money, months
from billing.items import ITEMS
from billing.models import InvoiceLine, PriceBookEntry, UsageAdjustment
from billing.queries.setup_assist import SetupAssistUse, setup_assist_of
from tenancy.models import Partner
from tenancy.packages import PACKAGES

ONE_DAY = timedelta(days=1)
PriceBook = Mapping[tuple[int, str], Sequence[PriceBookEntry]]


@dataclass(frozen=True)
class Member:
    """One partner of a family: from when it is billed, how far it has been, and how far its days are closed (exclusive)."""

    partner: Partner
    starts_on: date
    billed_until: date
    closed_until: date


@dataclass(frozen=True)
class MissingPrice:
    """Something was used on days on which it has no price. The invoice waits for one."""

    partner: Partner
    item: str
    first_on: date
    last_on: date

    @property
    def name(self) -> str:
        return ITEMS[self.item].name

    def __str__(self) -> str:
        return f"{self.partner.name} has no price for {self.name} from {self.first_on:%F} to {self.last_on:%F}"


@dataclass(frozen=True)
class Draft:
    """One month of a top-level partner and its sub-partners, as of now. `next_month` is the first one that is not billed."""

    partner: Partner
    month: date
    next_month: date
    members: Sequence[Member]
    lines: Sequence[InvoiceLine]
    missing: Sequence[MissingPrice]

    @property
    def open_members(self) -> list[Member]:
        """Those whose days of the month are not all closed yet: the invoice waits for them."""
        return [member for member in self.members if member.closed_until < months.after(self.month)]

    @property
    def total(self) -> Decimal:
        return sum((line.amount for line in self.lines), Decimal("0.00"))


Found = InvoiceLine | MissingPrice


@dataclass(frozen=True)
class Piece:
    """A stretch of days of one month in which one price holds, or none."""

    partner: Partner
    item: str
    first: date
    after: date
    entry: PriceBookEntry | None


def family_of(partner: Partner, sub_partners: Iterable[Partner] | None = None) -> list[Member]:
    """The partner and its sub-partners by name, or those of them that somebody has fetched already."""
    if sub_partners is None:
        sub_partners = partner.sub_partners.order_by("name", "pk")
    partners = [partner, *sub_partners]
    with connection.cursor() as cursor:
        cursor.execute(invoice_sql.STANDING_OF_PARTNERS, {"partners": [row.pk for row in partners]})
        standing = {pk: days for pk, *days in cursor.fetchall()}
    return [_member(row, *standing[row.pk]) for row in partners]


def _member(
    partner: Partner, open_on: date, used_on: date | None, starts_on: date | None, billed_until: date | None
) -> Member:
    if starts_on and billed_until:
        return Member(partner, starts_on, billed_until, open_on)
    starts_on = partner.billing_start_on
    # Months before anything was used have nothing to bill; closed days get no more use.
    untouched_until = months.first_of(min(open_on, used_on or open_on))
    return Member(partner, starts_on, max(starts_on, untouched_until), open_on)


def draft_of(
    partner: Partner, month: date, *, members: Sequence[Member] | None = None, of: Partner | None = None
) -> Draft:
    """The draft of a month of a top-level partner; `of`: what it says about one partner of the family only.

    The first month that is not billed yet also has whatever of a sub-partner is older and was never billed.
    """
    members = members or family_of(partner)
    is_next = month <= months.first_of(members[0].billed_until)
    shown = _narrowed(members, of)
    since = {member: member.billed_until if is_next else max(month, member.billed_until) for member in shown}
    found = [row for _, row in _found(since, months.after(month))]
    return _draft(partner, month, members, shown, found)


def drafts_of(
    partner: Partner, *, until: date, of: Partner | None = None, sub_partners: Iterable[Partner] | None = None
) -> list[Draft]:
    """Every month of a top-level partner that is not billed yet, up to that of `until`, the latest first."""
    members = family_of(partner, sub_partners)
    first = months.first_of(members[0].billed_until)
    open_months = list(months.between(first, months.after(until)))
    if not open_months:
        return []
    shown = _narrowed(members, of)
    found: dict[date, list[Found]] = defaultdict(list)
    for day, row in _found({member: member.billed_until for member in shown}, months.after(until)):
        found[max(first, months.first_of(day))].append(row)
    return [_draft(partner, month, members, shown, found[month]) for month in reversed(open_months)]


def _narrowed(members: Sequence[Member], of: Partner | None) -> list[Member]:
    return [member for member in members if of is None or member.partner.pk == of.pk]


def _draft(
    partner: Partner, month: date, members: Sequence[Member], shown: Sequence[Member], found: Sequence[Found]
) -> Draft:
    lines = _in_order([row for row in found if isinstance(row, InvoiceLine)], shown)
    missing = dict.fromkeys(row for row in found if isinstance(row, MissingPrice))
    return Draft(partner, month, months.first_of(members[0].billed_until), shown, lines, list(missing))


def _found(since: Mapping[Member, date], after: date) -> Iterator[tuple[date, Found]]:
    """What there is to bill, each with the day whose month bills it: that of the use, or that of the adjustment."""
    book = price_book([member.partner for member in since])
    for piece, seconds in _used(_pieces(since, after, book)):
        if piece.entry:
            yield piece.first, _usage_line(piece, piece.entry, seconds)
        else:
            yield piece.first, MissingPrice(piece.partner, piece.item, piece.first, piece.after - ONE_DAY)
    for adjustment in _adjustments(since, after):
        about = adjustment.about_on
        if entry := entry_on(book, adjustment.partner, adjustment.package, about):
            yield adjustment.made_on, _adjustment_line(adjustment, entry)
        else:
            yield adjustment.made_on, MissingPrice(adjustment.partner, adjustment.package, about, about)
    yield from _setup_assist(since, after, book)


def _setup_assist(since: Mapping[Member, date], after: date, book: PriceBook) -> Iterator[tuple[date, Found]]:
    """A line for each order, at the price of its day."""
    by_partner = {member.partner.pk: (member, first) for member, first in since.items()}
    if not since:
        return
    for use in setup_assist_of([member.partner for member in since], first=min(since.values()), after=after):
        member, first = by_partner[use.partner_id]
        if not first <= use.day < member.closed_until:
            continue
        if entry := entry_on(book, member.partner, use.item, use.day):
            yield use.day, _setup_assist_line(member.partner, use, entry)
        else:
            yield use.day, MissingPrice(member.partner, use.item, use.day, use.day)


def price_book(partners: Iterable[Partner]) -> PriceBook:
    """Every price of these partners, by partner and item, oldest first."""
    book: dict[tuple[int, str], list[PriceBookEntry]] = defaultdict(list)
    for entry in PriceBookEntry.objects.filter(partner__in=list(partners)).order_by("valid_from"):
        book[entry.partner_id, entry.item].append(entry)
    return book


def entry_on(book: PriceBook, partner: Partner, item: str, day: date) -> PriceBookEntry | None:
    """The price of a day."""
    return next((entry for entry in book.get((partner.pk, item), ()) if entry.covers(day)), None)


def _pieces(since: Mapping[Member, date], after: date, book: PriceBook) -> Iterator[Piece]:
    for member, first in since.items():
        until = min(after, member.closed_until)
        for month in months.between(first, until):
            opens, closes = max(first, month), min(until, months.after(month))
            for item in PACKAGES:
                yield from _cut(member.partner, item, opens, closes, book.get((member.partner.pk, item), ()))


def _cut(partner: Partner, item: str, first: date, after: date, entries: Sequence[PriceBookEntry]) -> Iterator[Piece]:
    """Cut the days from `first` up to `after` where a price begins or ends."""
    for entry in entries:
        begins, ends = max(first, entry.valid_from), min(after, entry.valid_until or after)
        if begins < ends:
            if first < begins:
                yield Piece(partner, item, first, begins, None)
            yield Piece(partner, item, begins, ends, entry)
            first = ends
    if first < after:
        yield Piece(partner, item, first, after, None)


def _used(pieces: Iterable[Piece]) -> Iterator[tuple[Piece, int]]:
    """The pieces in which anything was used, and the seconds."""
    pieces = list(pieces)
    if not pieces:
        return iter(())
    with connection.cursor() as cursor:
        cursor.execute(
            invoice_sql.SECONDS_OF_PIECES,
            {
                "partners": [piece.partner.pk for piece in pieces],
                "packages": [piece.item for piece in pieces],
                "firsts": [piece.first for piece in pieces],
                "afters": [piece.after for piece in pieces],
            },
        )
        seconds = [row for (row,) in cursor.fetchall()]
    return ((piece, used) for piece, used in zip(pieces, seconds, strict=True) if used)


def _adjustments(since: Mapping[Member, date], after: date) -> Iterator[UsageAdjustment]:
    """Made in the days to be billed, about days that are billed at all, and on no invoice yet."""
    by_partner = {member.partner.pk: (member, first) for member, first in since.items()}
    rows = UsageAdjustment.objects.filter(partner__in=by_partner, made_on__lt=after, invoice_line=None)
    for adjustment in rows.select_related("partner", "customer").order_by("about_on", "pk"):
        member, first = by_partner[adjustment.partner_id]
        if adjustment.made_on >= first and adjustment.about_on >= member.starts_on:
            yield adjustment


def _usage_line(piece: Piece, entry: PriceBookEntry, seconds: int) -> InvoiceLine:
    return InvoiceLine(
        kind=InvoiceLine.Kind.USAGE,
        first_on=piece.first,
        last_on=piece.after - ONE_DAY,
        seconds=seconds,
        **_priced(piece.partner, entry, seconds, piece.first),
    )


def _adjustment_line(adjustment: UsageAdjustment, entry: PriceBookEntry) -> InvoiceLine:
    return InvoiceLine(
        kind=InvoiceLine.Kind.ADJUSTMENT,
        adjustment=adjustment,
        about=adjustment.customer.name,
        first_on=adjustment.about_on,
        last_on=adjustment.about_on,
        seconds=adjustment.seconds,
        **_priced(adjustment.partner, entry, adjustment.seconds, adjustment.about_on),
    )


def _setup_assist_line(partner: Partner, use: SetupAssistUse, entry: PriceBookEntry) -> InvoiceLine:
    return InvoiceLine(
        kind=InvoiceLine.Kind.SETUP_ASSIST,
        setup_order_id=use.order_id,
        about=f"{use.customer_name} · {use.location_name}"[:300],
        first_on=use.day,
        last_on=use.day,
        seconds=0,
        units=use.units,
        **_named(partner, entry, Fraction(use.units) * Fraction(entry.price)),
    )


def _priced(partner: Partner, entry: PriceBookEntry, seconds: int, day: date) -> dict[str, object]:
    return _named(partner, entry, money.prorated(seconds=seconds, price=entry.price, days=months.days_in(day)))


def _named(partner: Partner, entry: PriceBookEntry, exact: Fraction) -> dict[str, object]:
    return {
        "partner": partner,
        "partner_name": partner.name,
        "item": entry.item,
        "sku": entry.sku,
        "description": entry.description,
        "price": entry.price,
        "entry": entry,
        "amount": money.cents(exact),
    }


def _in_order(lines: list[InvoiceLine], members: Sequence[Member]) -> list[InvoiceLine]:
    """The partner's own first, then its sub-partners'; use as in the catalogue, then Setup Assist, adjustments at the end."""
    rank = {member.partner.pk: position for position, member in enumerate(members)}
    items = {item: position for position, item in enumerate(ITEMS)}
    kinds = {kind: position for position, kind in enumerate(InvoiceLine.Kind.values)}
    lines.sort(key=lambda line: (rank[line.partner_id], kinds[line.kind], items[line.item], line.first_on))
    for position, line in enumerate(lines, start=1):
        line.position = position
    return lines
