"""Usage over time, for charts: any series of periods is one query, because each is a difference of two cumulative rows."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Sum
from django.db.models.functions import TruncMonth

from billing.ledger_sql import MIDNIGHT
from billing.models import SECONDS_PER_DAY, ParkedPartner, UsageAdjustment
from tenancy.models import Partner
from tenancy.packages import PACKAGES

# What each package had used when each of the days began: one index probe a package and day.
_CUMULATIVE = f"""
SELECT bounds.day, packages.package, (coalesce(last.open_count, 0) * {MIDNIGHT.format("bounds.day")}
                                      + coalesce(last.shift, 0))::bigint
FROM unnest(%(bounds)s::date[]) AS bounds(day)
CROSS JOIN unnest(%(packages)s::text[]) AS packages(package)
LEFT JOIN LATERAL (
    SELECT open_count, shift FROM billing_partnerusageday ledger
    WHERE ledger.partner_id = %(partner)s AND ledger.package = packages.package AND ledger.day < bounds.day
    ORDER BY ledger.day DESC LIMIT 1
) last ON true
"""  # noqa: S608 - put together from constants

# The customers that used most: each key's last row before either bound, read along the ledger's own index.
_TOP_CUSTOMERS = f"""
SELECT customer.public_id, customer.name, sum(used.seconds)::bigint AS seconds
FROM (
    SELECT customer_id, open_count * {MIDNIGHT.format("%(after)s::date")} + shift AS seconds FROM (
        SELECT DISTINCT ON (customer_id, package, coalesce(location_id, 0)) customer_id, open_count, shift
        FROM billing_usageday WHERE partner_id = %(partner)s AND day < %(after)s
        ORDER BY customer_id, package, coalesce(location_id, 0), day DESC
    ) later
    UNION ALL
    SELECT customer_id, -(open_count * {MIDNIGHT.format("%(first)s::date")} + shift) FROM (
        SELECT DISTINCT ON (customer_id, package, coalesce(location_id, 0)) customer_id, open_count, shift
        FROM billing_usageday WHERE partner_id = %(partner)s AND day < %(first)s
        ORDER BY customer_id, package, coalesce(location_id, 0), day DESC
    ) earlier
) used
JOIN tenancy_customer customer ON customer.id = used.customer_id
GROUP BY customer.id HAVING sum(used.seconds) > 0
ORDER BY seconds DESC, customer.id LIMIT %(most)s
"""  # noqa: S608 - put together from constants


@dataclass(frozen=True)
class Period:
    """What was used from `first` to `last`, both included, by package in seconds; adjustments that were booked then apart."""

    first: date
    last: date
    seconds: dict[str, int]
    adjusted: dict[str, int] = field(default_factory=dict)

    @property
    def total(self) -> Decimal:
        """Days of use, adjustments included."""
        return days(sum(self.seconds.values()) + sum(self.adjusted.values()))

    def used(self, package: str) -> Decimal:
        """Days of use of one package, adjustments included."""
        return days(self.seconds.get(package, 0) + self.adjusted.get(package, 0))


@dataclass(frozen=True)
class TopCustomer:
    """A customer that used much."""

    public_id: str
    name: str
    seconds: int

    @property
    def days(self) -> Decimal:
        return days(self.seconds)


def days(seconds: int) -> Decimal:
    """Seconds as days of use, for the screen."""
    return Decimal(seconds) / SECONDS_PER_DAY


def use_by_month(partner: Partner, *, months: int, closed: date) -> list[Period]:
    """The last `months` months up to `closed`, the last closed day; the last one may be under way."""
    firsts = [_months_before(closed.replace(day=1), back) for back in range(months - 1, -1, -1)]
    bounds = [*firsts, closed + timedelta(days=1)]
    return _with_adjustments(partner, _periods(partner, bounds))


def use_by_day(partner: Partner, *, first: date, last: date) -> list[Period]:
    """Each closed day from `first` to `last`. Adjustments are left out: they say nothing of the day they were made on."""
    return _periods(partner, [first + timedelta(days=n) for n in range((last - first).days + 2)])


def top_customers(partner: Partner, *, first: date, last: date, most: int = 10) -> list[TopCustomer]:
    """Who used most in closed days from `first` to `last`, adjustments left out."""
    first = max(first, partner.billing_start_on)
    bounds: dict[str, Any] = {
        "partner": partner.pk,
        "first": first,
        "after": last + timedelta(days=1),
        "most": most,
    }
    with connection.cursor() as cursor:
        cursor.execute(_TOP_CUSTOMERS, bounds)
        return [TopCustomer(*row) for row in cursor.fetchall()]


def parked_reason(partner: Partner) -> ParkedPartner | None:
    """Why no day of the partner closes at the moment, or None when all is well."""
    return ParkedPartner.objects.filter(partner=partner).first()


def _periods(partner: Partner, bounds: list[date]) -> list[Period]:
    """From each bound up to, not including, the next. Nothing before the billing start date counts."""
    clamped = [max(bound, partner.billing_start_on) for bound in bounds]
    standing = _cumulative(partner, sorted(set(clamped)))
    found = []
    for (first, opens), (after, closes) in zip(
        zip(bounds, clamped, strict=True), zip(bounds[1:], clamped[1:], strict=True), strict=False
    ):
        seconds = {package: standing[closes][package] - standing[opens][package] for package in PACKAGES}
        used = {package: amount for package, amount in seconds.items() if amount}
        found.append(Period(first, after - timedelta(days=1), used))
    return found


def _cumulative(partner: Partner, bounds: list[date]) -> dict[date, dict[str, int]]:
    standing: dict[date, dict[str, int]] = {bound: {} for bound in bounds}
    with connection.cursor() as cursor:
        cursor.execute(_CUMULATIVE, {"partner": partner.pk, "bounds": bounds, "packages": list(PACKAGES)})
        for bound, package, seconds in cursor.fetchall():
            standing[bound][package] = seconds
    return standing


def _with_adjustments(partner: Partner, periods: list[Period]) -> list[Period]:
    booked = (
        UsageAdjustment.objects.filter(
            partner=partner, made_on__range=(periods[0].first, _month_end(periods[-1].first))
        )
        .values_list(TruncMonth("made_on"), "package")
        .annotate(seconds=Sum("seconds"))
        .order_by()
    )
    by_month: dict[date, dict[str, int]] = {}
    for month, package, seconds in booked:
        by_month.setdefault(month, {})[package] = seconds
    return [Period(p.first, p.last, p.seconds, by_month.get(p.first, {})) for p in periods]


def _months_before(month: date, back: int) -> date:
    index = month.year * 12 + month.month - 1 - back
    return date(index // 12, index % 12 + 1, 1)


def _month_end(month: date) -> date:
    return (month + timedelta(days=32)).replace(day=1) - timedelta(days=1)
