"""Report and invoice of the same month say the same: each partner's seconds and units of each SKU, corrections included."""

import csv
from collections import Counter
from datetime import date, timedelta
from decimal import Decimal

import pytest

from billing import files, money, months
from billing.items import ITEMS, STANDARD
from billing.models import BillingReport, Invoice
from billing.services.making import make_report
from billing.services.reports import create_report
from tenancy.actors import SYSTEM
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
from tests.factories import make_assignment, make_customer, make_location, make_price, make_setup_order, make_subscriber

pytestmark = pytest.mark.django_db
Said = Counter[tuple[str, str, str, str]]


@pytest.fixture
def family() -> Family:
    """Two months of everything: prices and SKUs that change, odd seconds, corrections of this month and the one before."""
    family = make_family(since=date(2024, 2, 10))
    make_price(family.partner, SUITE, "29.1234", sku="OLD", valid_until=date(2024, 3, 11))
    make_price(family.partner, SUITE, "31.77", sku="NEW", start=date(2024, 3, 11), valid_until=date(2024, 3, 21))
    make_price(family.partner, SUITE, "33.03", sku="NEW", start=date(2024, 3, 21))
    make_price(family.sub, SUITE, "17")
    make_price(family.sub, CALLING, "9.99")
    wrong = family.use(SUITE, at(2, 1), at(2, 21, 7))
    family.use(SUITE, at(2, 27, 3), None)
    other = make_subscriber(make_customer(family.partner))
    make_assignment(other, SUITE, start=at(3, 10, 23).replace(second=17), end=at(3, 21, 1).replace(minute=59, second=1))
    late = family.use(CALLING, at(3, 2), at(3, 5, 5), of="sub")
    family.use(SUITE, at(3, 9), at(4, 9), of="sub")
    make_price(family.partner, STANDARD, "4")
    make_setup_order(make_location(other.customer), seats=12, ordered_at=at(3, 3, 5))
    close_until(date(2024, 3, 5))
    correct(wrong, end=at(2, 19), made=at(3, 6))
    correct(late, end=at(3, 3), made=at(3, 6, 1))
    close_until(date(2024, 3, 31))
    assert len(issue(APRIL)["Family North"].invoices) == 2
    return family


def report_of(family: Family, month: date) -> BillingReport:
    report = create_report(
        partner=family.partner,
        kind="PARTNER",
        with_sub_partners=True,
        start_on=month,
        end_on=months.after(month) - timedelta(days=1),
        by=SYSTEM,
    )
    make_report(report_id=report.public_id, until=date(2024, 3, 31))
    report.refresh_from_db()
    return report


def reported(report: BillingReport) -> Said:
    """Seconds by partner, service, SKU and description; the file prints quantities, a second is never lost in them."""
    said: Said = Counter()
    with files.report_path(report).open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            key = row["PARTNER_NAME"], row["SERVICE_NAME"], row["SKU"], row["DESCRIPTION"]
            once = row["SERVICE_NAME"].startswith("SETUP_ASSIST")
            said[key] += int(Decimal(row["QUANTITY"])) if once else round(Decimal(row["QUANTITY"]) * DAY)
    return said


def invoiced(invoice: Invoice) -> Said:
    said: Said = Counter()
    for line in invoice.lines.all():
        prefix = "Adjustment: " if line.kind == "adjustment" else ""
        said[line.partner_name, ITEMS[line.item].service_name, line.sku, prefix + line.description] += (
            line.seconds or line.units
        )
    return said


@pytest.mark.parametrize("month", [FEBRUARY, MARCH])
def test_each_sku_has_the_same_seconds(family: Family, month: date) -> None:
    report, invoice = report_of(family, month), Invoice.objects.get(month=month)
    assert reported(report) == invoiced(invoice)
    assert report.total_seconds + report.total_units == sum(invoiced(invoice).values())
    assert report.total_units == (12 if month == MARCH else 0)
    assert (month == MARCH) == any(key[3].startswith("Adjustment") for key in reported(report))


@pytest.mark.parametrize("month", [FEBRUARY, MARCH])
def test_the_total_is_quantity_times_price_over_the_days_of_the_month(family: Family, month: date) -> None:
    invoice = Invoice.objects.get(month=month)
    amounts = [
        money.cents(money.prorated(seconds=line.seconds, price=line.price, days=line.days_in_month))
        for line in invoice.lines.exclude(kind="setup_assist")
    ]
    assert sum(amounts) + (48 if month == MARCH else 0) == invoice.total > 0
