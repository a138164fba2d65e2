"""Invoices and drafts as their pages and files need them.

A top-level partner sees its invoices whole. A sub-partner sees of its provider's invoices what is about itself: its lines, and
what they come to. Every function here takes the partner that looks.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery, Sum

from billing import months
from billing.items import ITEMS
from billing.models import Invoice, InvoiceLine
from billing.queries.drafts import Draft, draft_of, drafts_of
from billing.queries.statements import Statement
from tenancy.models import Partner
from tenancy.paging import PAGE_SIZE, Slice

LIST_ORDER = ("-month", "-id")
LINE_ORDER = ("position",)
CHUNK = 2_000
MILLIONTH = Decimal("0.000001")
LIST_HEADER = ("Invoice", "Month", "Status", "Billed to", "Usage of", "Currency", "Amount", "Issued (UTC)", "SHA-256")
LINES_HEADER = (
    "INVOICE", "MONTH", "STATUS", "POSITION", "KIND", "PARTNER_NAME", "SERVICE_NAME", "SKU", "DESCRIPTION", "ABOUT_CUSTOMER",
    "FIRST_DAY", "LAST_DAY", "SECONDS", "QUANTITY", "DAYS_IN_MONTH", "PRICE", "PER", "CURRENCY", "AMOUNT",
)  # fmt: skip


@dataclass(frozen=True)
class InvoiceFilter:
    """What the list is narrowed to. `of`: to what is about one partner of the family, with its amounts."""

    month: date | None = None
    status: str = ""
    of: Partner | None = None


@dataclass(frozen=True)
class Bill:
    """One month as a partner sees it: an issued invoice or a draft, whole or its own share."""

    viewer: Partner
    payer: Partner
    month: date
    invoice: Invoice | None = None
    draft: Draft | None = None
    today: date = date.max

    @property
    def is_share(self) -> bool:
        """Is it a sub-partner's part of its provider's invoice?"""
        return self.payer.pk != self.viewer.pk

    @property
    def label(self) -> str:
        """The number; a draft has none."""
        return self.invoice.label if self.invoice else ""

    @property
    def state(self) -> str:
        """`issued`, or why it is not: the month goes on, a price is missing, or it waits for days to close."""
        if self.draft is None:
            return "issued"
        if self.draft.missing:
            return "held"
        return "running" if self.today < months.after(self.month) else "waiting"

    @property
    def is_idle(self) -> bool:
        """Is it a draft of a month that is over, with nothing to bill so far?"""
        return self.state == "waiting" and self.draft is not None and not self.draft.lines

    @property
    def title(self) -> str:
        return f"Invoice {self.label}" if self.invoice else f"Draft for {self.month:%B %Y}"

    @property
    def file_stem(self) -> str:
        """A name for its files that says what they are."""
        kind = f"invoice-{self.label}" if self.invoice else f"draft-{self.month:%Y-%m}"
        return f"{kind}-share" if self.is_share else kind

    @property
    def currency(self) -> str:
        return self.invoice.currency if self.invoice else self.payer.currency

    @property
    def billed_to(self) -> str:
        """As it was called when the invoice was issued."""
        return self.invoice.partner_name if self.invoice else self.payer.name

    @property
    def subscription_id(self) -> str:
        return self.invoice.subscription_id if self.invoice else self.payer.subscription_id

    @property
    def issued_at(self) -> datetime | None:
        return self.invoice.issued_at if self.invoice else None

    @property
    def last_day(self) -> date:
        return self.month.replace(day=months.days_in(self.month))

    @cached_property
    def statement(self) -> Statement:
        if self.draft:
            return Statement.of_lines(self.currency, self.draft.lines)
        return Statement.of_rows(self.currency, self.rows())

    def rows(self) -> QuerySet[InvoiceLine]:
        """Issued lines that the viewer may see."""
        if self.invoice is None:
            return InvoiceLine.objects.none()
        lines = self.invoice.lines.all()
        return lines.filter(partner=self.viewer) if self.is_share else lines

    def lines(self) -> Iterator[InvoiceLine]:
        """Every line in order, however many."""
        if self.draft:
            return iter(self.draft.lines)
        return self.rows().order_by(*LINE_ORDER).iterator(chunk_size=CHUNK)


def payer_of(partner: Partner) -> Partner:
    """Who is invoiced for what a partner uses."""
    return partner.parent or partner


def invoices_of(partner: Partner, narrow: InvoiceFilter | None = None) -> QuerySet[Invoice]:
    """Issued invoices that a partner sees, each with the `amount` that it is shown. Not ordered."""
    of = partner if partner.parent_id else narrow.of if narrow else None
    invoices = Invoice.objects.filter(partner=payer_of(partner)).select_related("partner")
    if narrow and narrow.month:
        invoices = invoices.filter(month=narrow.month)
    if of is None:
        return invoices.annotate(amount=F("total"))
    about = InvoiceLine.objects.filter(invoice=OuterRef("pk"), partner=of)
    sums = about.order_by().values("invoice").annotate(Sum("amount")).values("amount__sum")
    return invoices.filter(Exists(about)).annotate(amount=Subquery(sums))


def open_bills(
    partner: Partner, narrow: InvoiceFilter, *, today: date, sub_partners: Sequence[Partner] | None = None
) -> list[Bill]:
    """The drafts that a partner sees, the latest month first: what was used in a month that has no invoice yet."""
    payer, of = payer_of(partner), partner if partner.parent_id else narrow.of
    drafts = drafts_of(payer, until=today, of=of, sub_partners=sub_partners)
    bills = [Bill(partner, payer, draft.month, draft=draft, today=today) for draft in drafts]
    return [bill for bill in bills if narrow.month in (None, bill.month) and not bill.is_idle]


def issued_bill(partner: Partner, invoice: Invoice) -> Bill:
    return Bill(partner, payer_of(partner), invoice.month, invoice=invoice)


def draft_bill(partner: Partner, month: date, *, today: date) -> Bill | None:
    """The draft of a month; None when the month is issued, was before anything was billed, or is still to come."""
    payer = payer_of(partner)
    if month > today:
        return None
    draft = draft_of(payer, month, of=partner if partner.parent_id else None)
    if month < draft.next_month:
        return None
    return Bill(partner, payer, month, draft=draft, today=today)


def narrowed(lines: QuerySet[InvoiceLine], *, kind: str, of: Partner | None) -> QuerySet[InvoiceLine]:
    """Issued lines of one kind, about one partner."""
    wanted = Q(kind=kind) if kind else Q()
    return lines.filter(wanted & (Q(partner=of) if of else Q()))


def slice_of(lines: Sequence[InvoiceLine], *, after: str = "", before: str = "", size: int = PAGE_SIZE) -> Slice:
    """A page of a draft's lines, as `tenancy.paging.page_of` makes them of rows; cursors are positions."""
    if after.isdecimal() and len(after) < 10:
        start = sum(line.position <= int(after) for line in lines)
    elif before.isdecimal() and len(before) < 10:
        start = max(sum(line.position < int(before) for line in lines) - size, 0)
    else:
        start = 0
    shown = list(lines[start : start + size])
    return Slice(
        shown,
        next=str(shown[-1].position) if start + size < len(lines) else "",
        previous=str(shown[0].position) if start and shown else "",
    )


def list_rows(
    bills: Iterable[Bill], invoices: QuerySet[Invoice], partner: Partner, of: Partner | None
) -> Iterator[Any]:
    """Lines for the CSV of the list."""
    about = partner.name if partner.parent_id else of.name if of else "all"
    for bill in bills:
        amount = bill.statement.total
        yield ["", f"{bill.month:%Y-%m}", "draft", bill.billed_to, about, bill.currency, amount, "", ""]
    for invoice in invoices.order_by(*LIST_ORDER).iterator(chunk_size=CHUNK):
        yield [
            invoice.label,
            f"{invoice.month:%Y-%m}",
            "issued",
            invoice.partner_name,
            about,
            invoice.currency,
            invoice.amount,  # type: ignore[attr-defined]  # annotated
            f"{invoice.issued_at:%Y-%m-%dT%H:%M:%SZ}",
            "" if partner.parent_id else invoice.sha256,
        ]


def line_rows(bill: Bill) -> Iterator[Sequence[Any]]:
    """Lines for the CSV of one invoice, under LINES_HEADER. Positions count what is there, not what others have."""
    head = (bill.label, f"{bill.month:%Y-%m}", "issued" if bill.invoice else "draft")
    for position, line in enumerate(bill.lines(), start=1):
        yield (
            *head,
            position,
            line.kind,
            line.partner_name,
            ITEMS[line.item].service_name,
            line.sku,
            line.description,
            line.about,
            f"{line.first_on:%F}",
            f"{line.last_on:%F}",
            line.seconds,
            line.quantity.quantize(MILLIONTH, ROUND_HALF_UP),
            "" if line.units else line.days_in_month,
            line.price,
            line.unit,
            bill.currency,
            line.amount,
        )
