"""The margin of a month, worked out on paper and by brute force: whose price holds, adjustments, what has no price."""

import random
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest

from billing.models import CustomerPrice, PriceBookEntry, UsageAdjustment
from billing.queries.margins import Margin, MonthMargin, csv_rows, total_of
from controlhub.models import PackageAssignment
from tenancy.models import Customer
from tests.billing.history import DAY
from tests.billing.invoicing import (
    APRIL,
    CALLING,
    FEBRUARY,
    MARCH,
    SUITE,
    Family,
    at,
    close_until,
    correct,
    issue,
    make_family,
)
from tests.factories import make_assignment, make_customer, make_customer_price, make_price, make_subscriber

pytestmark = pytest.mark.django_db
LAST = date(2024, 2, 29)


@pytest.fixture
def family() -> Family:
    return make_family()


def february(family: Family, *, closed: date = LAST) -> MonthMargin:
    return MonthMargin(family.partner, FEBRUARY, closed=closed)


def figures(margin: Margin) -> tuple[str, ...]:
    return tuple(map(str, (margin.days, margin.revenue, margin.cost, margin.margin, margin.bare_cost)))


def test_revenue_less_cost(family: Family) -> None:
    make_price(family.partner, SUITE, "29")
    make_customer_price(family.partner, SUITE, "58")
    family.use(SUITE, at(2, 1), at(2, 11))
    family.use(SUITE, at(2, 1), None, of="sub")  # an indirect provider's use is none of it
    close_until(LAST)
    assert {item: figures(row) for item, row in february(family).by_package().items()} == {
        SUITE: ("10", "20.00", "10.00", "10.00", "0.00")
    }
    assert february(family).by_package()[SUITE].percent == Decimal(50)


def test_a_customers_own_price_goes_before_the_general_one_on_its_days(family: Family) -> None:
    other = make_customer(family.partner, "Other Shop")
    make_price(family.partner, SUITE, "29")
    make_customer_price(family.partner, SUITE, "58")
    make_customer_price(
        family.partner, SUITE, "87", customer=other, start=date(2024, 2, 3), valid_until=date(2024, 2, 5)
    )
    family.use(SUITE, at(2, 1), at(2, 2))
    make_assignment(make_subscriber(other), SUITE, start=at(2, 1), end=at(2, 7))
    close_until(LAST)
    month = february(family)
    by_customer = month.by_customer([family.customer, other])
    assert figures(by_customer[family.customer.pk][SUITE]) == ("1", "2.00", "1.00", "1.00", "0.00")
    assert figures(by_customer[other.pk][SUITE]) == ("6", "14.00", "6.00", "8.00", "0.00")
    assert figures(month.by_package()[SUITE]) == ("7", "16.00", "7.00", "9.00", "0.00")


def test_use_without_a_price_has_no_margin(family: Family) -> None:
    make_price(family.partner, SUITE, "29")
    make_customer_price(family.partner, SUITE, "58", start=date(2024, 2, 6))
    family.use(SUITE, at(2, 1), at(2, 11))
    family.use(CALLING, at(2, 1), at(2, 2))  # has no transfer price either
    close_until(LAST)
    by_package = february(family).by_package()
    assert figures(by_package[SUITE]) == ("10", "10.00", "5.00", "5.00", "5.00")
    assert (figures(by_package[CALLING]), by_package[CALLING].unknown_seconds) == (
        ("1", "0.00", "0.00", "0.00", "0.00"),
        DAY,
    )
    assert by_package[CALLING].percent is None


def test_an_adjustment_counts_when_it_was_made_at_the_prices_of_its_day(family: Family) -> None:
    make_price(family.partner, SUITE, "29", valid_until=MARCH)
    make_price(family.partner, SUITE, "62", start=MARCH)
    make_customer_price(family.partner, SUITE, "58", valid_until=MARCH)
    make_customer_price(family.partner, SUITE, "93", start=MARCH)
    wrong = family.use(SUITE, at(2, 1), at(2, 21))
    close_until(date(2024, 3, 4))
    correct(wrong, end=at(2, 20), made=at(3, 5))
    close_until(date(2024, 3, 31))
    march = MonthMargin(family.partner, MARCH, closed=date(2024, 3, 31))
    assert figures(march.by_package()[SUITE]) == ("-1", "-2.00", "-1.00", "-1.00", "0.00")
    assert [customer.name for customer in march.customers()] == ["Own Shop"]
    assert figures(february(family).by_package()[SUITE]) == ("20", "40.00", "20.00", "20.00", "0.00")


def test_only_closed_days_since_the_billing_start_count() -> None:
    family = make_family(since=date(2024, 2, 10))
    make_price(family.partner, SUITE, "29")
    family.use(SUITE, at(2, 1), None)
    close_until(date(2024, 2, 14))
    assert february(family, closed=date(2024, 2, 14)).by_package()[SUITE].seconds == 5 * DAY
    assert MonthMargin(family.partner, FEBRUARY, closed=None).by_package() == {}
    assert MonthMargin(family.partner, date(2024, 1, 1), closed=LAST).by_package() == {}
    assert MonthMargin(family.partner, date(2030, 1, 1), closed=LAST).by_customer([family.customer]) == {
        family.customer.pk: {}
    }


def test_the_cost_is_what_the_invoice_says(family: Family) -> None:
    make_price(family.partner, SUITE, "12.34")
    make_customer_price(family.partner, SUITE, "20")
    family.use(SUITE, at(2, 3, 7), at(2, 19, 11))
    close_until(LAST)
    (invoice,) = issue(MARCH)["Family North"].invoices
    assert february(family).by_package()[SUITE].cost == invoice.total


def brute_force(customers: list[Customer], month: date, after: date) -> dict[int, Margin]:
    """Each interval day by day and each adjustment, at the prices of the day: the plainest way to count."""
    sums = {customer.pk: Margin() for customer in customers}
    book, asked = list(PriceBookEntry.objects.all()), list(CustomerPrice.objects.all())

    def add(customer: int, item: str, day: date, seconds: int) -> None:
        paid = next((p for p in book if p.item == item and p.covers(day)), None)
        own = [p for p in asked if p.item == item and p.customer_id == customer and p.covers(day)]
        general = [p for p in asked if p.item == item and p.customer_id is None and p.covers(day)]
        sums[customer].add(seconds, day, next(iter(own + general), None), paid)

    for use in PackageAssignment.objects.filter(customer__in=customers):
        day = month
        while day < after:
            opens, closes = at(day.month, day.day), at(day.month, day.day) + timedelta(days=1)
            seconds = (min(use.ended_at or closes, closes) - max(use.started_at, opens)).total_seconds()
            if seconds > 0:
                add(use.customer_id, use.package, day, int(seconds))
            day += timedelta(days=1)
    for row in UsageAdjustment.objects.filter(made_on__gte=month, made_on__lt=after):
        add(row.customer_id, row.package, row.about_on, row.seconds)
    return sums


@pytest.mark.parametrize("seed", range(4))
def test_it_is_what_counting_day_by_day_comes_to(family: Family, seed: int) -> None:
    dice = random.Random(seed)
    customers = [family.customer, make_customer(family.partner), make_customer(family.partner)]
    for item in (SUITE, CALLING):
        cut = date(2024, 3, dice.randint(2, 30))
        make_price(family.partner, item, str(dice.randint(1, 9999) / 100), valid_until=cut)
        if dice.random() < 0.7:
            make_price(family.partner, item, str(dice.randint(1, 9999) / 100), start=cut)
        for whose in (None, *customers[1:]):
            first = date(2024, 2, 20) + timedelta(days=dice.randint(0, 30))
            make_customer_price(
                family.partner, item, str(dice.randint(1, 9999) / 1000), customer=whose, start=first,
                valid_until=first + timedelta(days=dice.randint(1, 20)) if dice.random() < 0.6 else None,
            )  # fmt: skip
    made = []
    for _ in range(8):
        start = at(2, 20) + timedelta(seconds=dice.randrange(35 * DAY))
        end = start + timedelta(seconds=dice.randrange(1, 9 * DAY))
        item = dice.choice((SUITE, CALLING))
        made.append(make_assignment(make_subscriber(dice.choice(customers)), item, start=start, end=end))
    close_until(date(2024, 3, 20))
    for use in made:
        midnight = use.started_at.replace(hour=0, minute=0, second=0) + timedelta(days=1)
        if use.ended_at and midnight < use.ended_at < at(3, 20):
            correct(use, end=midnight, made=at(3, 21))
    close_until(date(2024, 3, 31))

    month = MonthMargin(family.partner, MARCH, closed=date(2024, 3, 31))
    expected = brute_force(customers, MARCH, APRIL)
    by_customer = month.by_customer(customers)
    assert {key: total_of(items.values()) for key, items in by_customer.items()} == expected
    assert total_of(month.by_package().values()) == total_of(expected.values())
    assert total_of(expected.values()).exact_revenue != Fraction(0)
    lines = list(csv_rows(month, "EUR"))
    assert sum(line[4] for line in lines) == total_of(expected.values()).seconds
