"""The margin of a month: what the partner asks of its customers (CustomerPrice) less what it pays (the price book).

Everything is a fraction until it is printed. A customer's own price goes before the general one. Use without a customer price
has no margin: its cost stands apart. Only the partner's own use; what an indirect provider earns is on its own page.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet, Sum

from billing import invoice_sql, money, months
from billing.items import ITEMS
from billing.models import SECONDS_PER_DAY, CustomerPrice, PriceBookEntry, UsageAdjustment
from billing.models.prices import DatedPrice
from billing.queries.drafts import price_book
from controlhub.models import PackageAssignment
from tenancy.models import Customer, Partner
from tenancy.packages import PACKAGES

CUSTOMER_ORDER = ("name", "id")
PRICE_ORDER = ("-valid_from", "-id")
CSV_HEADER = (
    "MONTH", "CUSTOMER_NAME", "CUSTOMER_EXTERNAL_ID", "SERVICE_NAME", "SECONDS", "QUANTITY", "CURRENCY", "REVENUE", "COST", "MARGIN",
    "COST_WITHOUT_CUSTOMER_PRICE", "SECONDS_WITHOUT_TRANSFER_PRICE",
)  # fmt: skip
CHUNK = 100
Prices = Mapping[tuple[int | None, str], Sequence[CustomerPrice]]


@dataclass
class Margin:
    """Sums of one package, one customer, or everything. `bare_cost`: of use without a customer price."""

    seconds: int = 0
    exact_revenue: Fraction = field(default_factory=Fraction)
    exact_cost: Fraction = field(default_factory=Fraction)
    exact_bare_cost: Fraction = field(default_factory=Fraction)
    unknown_seconds: int = 0

    def add(self, seconds: int, day: date, asked: DatedPrice | None, paid: DatedPrice | None) -> None:
        """Use at the prices of its days, all in the month of `day`."""
        self.seconds += seconds
        if paid is None:
            self.unknown_seconds += seconds
            return
        cost = _exact(seconds, paid, day)
        if asked is None:
            self.exact_bare_cost += cost
        else:
            self.exact_cost += cost
            self.exact_revenue += _exact(seconds, asked, day)

    def plus(self, other: "Margin") -> "Margin":
        return Margin(
            self.seconds + other.seconds,
            self.exact_revenue + other.exact_revenue,
            self.exact_cost + other.exact_cost,
            self.exact_bare_cost + other.exact_bare_cost,
            self.unknown_seconds + other.unknown_seconds,
        )

    @property
    def days(self) -> Decimal:
        return Decimal(self.seconds) / SECONDS_PER_DAY

    @property
    def revenue(self) -> Decimal:
        return money.cents(self.exact_revenue)

    @property
    def cost(self) -> Decimal:
        return money.cents(self.exact_cost)

    @property
    def bare_cost(self) -> Decimal:
        return money.cents(self.exact_bare_cost)

    @property
    def margin(self) -> Decimal:
        """Of what is printed, so that the printed figures add up."""
        return self.revenue - self.cost

    @property
    def percent(self) -> Decimal | None:
        """Of the revenue."""
        return self.margin * 100 / self.revenue if self.revenue > 0 else None


@dataclass(frozen=True)
class Stretch:
    """Days of one month on which neither price of a package changes, for a customer or (None) for those without a price of
    their own."""

    customer: int | None
    item: str
    first: date
    after: date
    asked: DatedPrice | None
    paid: DatedPrice | None

    @property
    def key(self) -> tuple[int | None, str, date, date]:
        return self.customer, self.item, self.first, self.after


class MonthMargin:
    """A month of one partner: its closed days, its prices, and the sums that pages ask for."""

    def __init__(self, partner: Partner, month: date, *, closed: date | None) -> None:
        """`closed`: the last closed day of the partner."""
        self.partner, self.month = partner, month
        self.first = max(month, partner.billing_start_on)
        until = closed + timedelta(days=1) if closed else month
        self.after = max(self.first, min(months.after(month), until))
        self.paid: Mapping[str, Sequence[PriceBookEntry]] = {
            item: entries for (_, item), entries in price_book([partner]).items()
        }
        self.asked = customer_prices_of(partner)
        self._known: dict[tuple[int | None, str, date, date], int] = {}

    @property
    def last_day(self) -> date:
        return self.month.replace(day=months.days_in(self.month))

    def load(self, customers: Sequence[Customer]) -> None:
        """Ask once for what the sums of these customers and those of all packages need."""
        self._used([*self._of(customers), *self._specials(), *self._specials(general=True)])

    def by_package(self) -> dict[str, Margin]:
        """Each package that was used or corrected, over all customers."""
        sums: dict[str, Margin] = defaultdict(Margin)
        everybody = [piece for item in PACKAGES for piece in self._stretches(None, item)]
        for piece, seconds in self._used_by_all(everybody):
            sums[piece.item].add(seconds, piece.first, piece.asked, piece.paid)
        # Whoever has a price of his own is counted at that one, instead of at the general one.
        for sign, special in ((1, self._specials()), (-1, self._specials(general=True))):
            for piece, seconds in self._used(special):
                sums[piece.item].add(sign * seconds, piece.first, piece.asked, piece.paid)
        for customer, item, about, seconds in self._corrected:
            sums[item].add(seconds, about, self._asked_on(customer, item, about), _on(self.paid.get(item, ()), about))
        return {item: sums[item] for item in PACKAGES if item in sums and sums[item] != Margin()}

    def by_customer(self, customers: Sequence[Customer]) -> dict[int, dict[str, Margin]]:
        """Each package of some customers, by the customer's key."""
        sums: dict[int, dict[str, Margin]] = {customer.pk: defaultdict(Margin) for customer in customers}
        for piece, seconds in self._used(self._of(customers)):
            if piece.customer is not None and seconds:
                sums[piece.customer][piece.item].add(seconds, piece.first, piece.asked, piece.paid)
        for key, item, about, seconds in self._corrected:
            if key in sums:
                asked, paid = self._asked_on(key, item, about), _on(self.paid.get(item, ()), about)
                sums[key][item].add(seconds, about, asked, paid)
        return {key: {item: own[item] for item in PACKAGES if item in own} for key, own in sums.items()}

    def customers(self, *, search: str = "") -> QuerySet[Customer]:
        """The partner's customers that used something in these days, or whose use was corrected in them."""
        opens, closes = (datetime.combine(day, time.min, tzinfo=UTC) for day in (self.first, self.after))
        assigned = PackageAssignment.objects.filter(
            Q(ended_at=None) | Q(ended_at__gt=opens),
            partner=self.partner,
            customer=OuterRef("pk"),
            started_at__lt=closes,
        )
        corrected = self._adjustments().filter(customer=OuterRef("pk"))
        used = Exists(assigned) if self.first < self.after else Q(pk=None)
        found = Customer.objects.filter(used | Exists(corrected), partner=self.partner)
        text = search.replace("\x00", "").strip()
        return found.filter(Q(name__icontains=text) | Q(external_id__icontains=text)) if text else found

    def _of(self, customers: Sequence[Customer]) -> list[Stretch]:
        return [piece for row in customers for item in PACKAGES for piece in self._stretches(row.pk, item)]

    def _specials(self, *, general: bool = False) -> list[Stretch]:
        """The days of those who have a price of their own for a package, at that price or at the general one."""
        who = [(customer, item) for customer, item in self.asked if customer is not None]
        return [piece for customer, item in who for piece in self._stretches(customer, item, general=general)]

    # -- Prices ----------------------------------------------------------------------------------------------------------
    def _stretches(self, customer: int | None, item: str, *, general: bool = False) -> Iterator[Stretch]:
        """The days cut where a price begins or ends. `general`: at the general price, whatever the customer's own is."""
        of = None if general else customer
        rows: list[DatedPrice] = [*self.paid.get(item, ()), *self.asked.get((None, item), ())]
        rows += self.asked.get((of, item), ()) if of is not None else ()
        if self.first >= self.after:
            return
        cuts = {
            day for row in rows for day in (row.valid_from, row.valid_until) if day and self.first < day < self.after
        }
        bounds = [self.first, *sorted(cuts), self.after]
        for first, after in pairwise(bounds):
            yield Stretch(
                customer, item, first, after, self._asked_on(of, item, first), _on(self.paid.get(item, ()), first)
            )

    def _asked_on(self, customer: int | None, item: str, day: date) -> CustomerPrice | None:
        own = _on(self.asked.get((customer, item), ()), day) if customer is not None else None
        return own or _on(self.asked.get((None, item), ()), day)

    # -- Use -------------------------------------------------------------------------------------------------------------
    def _used_by_all(self, pieces: Sequence[Stretch]) -> Iterator[tuple[Stretch, int]]:
        bounds = _columns(pieces) | {"partners": [self.partner.pk] * len(pieces)}
        return zip(pieces, _seconds(invoice_sql.SECONDS_OF_PIECES, bounds), strict=True)

    def _used(self, pieces: Sequence[Stretch]) -> list[tuple[Stretch, int]]:
        """The seconds of single customers, asked for only once."""
        missing = [piece for piece in pieces if piece.key not in self._known]
        if missing:
            bounds = {"partner": self.partner.pk, "customers": [piece.customer for piece in missing]}
            seconds = _seconds(invoice_sql.SECONDS_OF_CUSTOMERS, bounds | _columns(missing))
            self._known |= {piece.key: used for piece, used in zip(missing, seconds, strict=True)}
        return [(piece, self._known[piece.key]) for piece in pieces]

    def _adjustments(self) -> QuerySet[UsageAdjustment]:
        """Made in the month, about days that are billed: those that its invoice has."""
        since = {"made_on__gte": self.first, "made_on__lt": months.after(self.month)}
        return UsageAdjustment.objects.filter(
            partner=self.partner, about_on__gte=self.partner.billing_start_on, **since
        )

    @cached_property
    def _corrected(self) -> list[tuple[int, str, date, int]]:
        """What was corrected in the month: customer, package, the day it is about, seconds."""
        rows = self._adjustments().order_by().values_list("customer_id", "package", "about_on")
        return list(rows.annotate(Sum("seconds")))


def customer_prices_of(partner: Partner) -> Prices:
    """What a partner asks, by customer (None: of all) and package, oldest first."""
    prices: dict[tuple[int | None, str], list[CustomerPrice]] = defaultdict(list)
    for row in CustomerPrice.objects.filter(partner=partner).order_by("valid_from"):
        prices[row.customer_id, row.item].append(row)
    return prices


def customer_price_list(partner: Partner, *, item: str = "", search: str = "") -> QuerySet[CustomerPrice]:
    """Every price that the partner asks, narrowed to a package and to customers by name or external ID."""
    rows = CustomerPrice.objects.filter(partner=partner).select_related("customer", "created_by", "partner__parent")
    text = search.replace("\x00", "").strip()
    if text:
        rows = rows.filter(Q(customer__name__icontains=text) | Q(customer__external_id__icontains=text))
    return rows.filter(item=item) if item else rows


def total_of(margins: Iterable[Margin]) -> Margin:
    total = Margin()
    for margin in margins:
        total = total.plus(margin)
    return total


def csv_rows(month: MonthMargin, currency: str) -> Iterator[Sequence[Any]]:
    """Every customer and package of the month, some customers at a time."""
    customers = month.customers().order_by(*CUSTOMER_ORDER)
    batch: list[Customer] = []
    for customer in customers.iterator(chunk_size=CHUNK):
        batch.append(customer)
        if len(batch) == CHUNK:
            yield from _csv_batch(month, batch, currency)
            batch = []
    yield from _csv_batch(month, batch, currency)


def _csv_batch(month: MonthMargin, customers: Sequence[Customer], currency: str) -> Iterator[Sequence[Any]]:
    margins = month.by_customer(customers)
    for customer in customers:
        for item, row in margins[customer.pk].items():
            figures = (row.revenue, row.cost, row.margin, row.bare_cost, row.unknown_seconds)
            names = (f"{month.month:%Y-%m}", customer.name, customer.external_id, ITEMS[item].service_name)
            yield (*names, row.seconds, f"{row.days:.6f}", currency, *figures)


def _exact(seconds: int, price: DatedPrice, day: date) -> Fraction:
    return money.prorated(seconds=seconds, price=price.price, days=months.days_in(day))


def _on(prices: Sequence[Any], day: date) -> Any:
    return next((price for price in prices if price.covers(day)), None)


def _columns(pieces: Sequence[Stretch]) -> dict[str, Any]:
    return {
        "packages": [piece.item for piece in pieces],
        "firsts": [piece.first for piece in pieces],
        "afters": [piece.after for piece in pieces],
    }


def _seconds(sql: str, bounds: Mapping[str, Any]) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(sql, bounds)
        return [seconds for (seconds,) in cursor.fetchall()]
