"""I8 of invoices: it holds, and it notices what the tables' owner changes with the triggers off."""

from datetime import date

import pytest
from django.db import connection

from billing.invoice_invariants import INVOICE_INVARIANTS
from billing.models import BillingReport
from billing.services.making import make_report
from billing.services.reports import create_report
from tenancy.actors import SYSTEM
from tests.billing.invoicing import APRIL, CALLING, MARCH, SUITE, at, close_until, correct, issue, make_family
from tests.factories import make_location, make_price, make_setup_order

pytestmark = pytest.mark.django_db
TABLES = (
    "invoice",
    "invoiceline",
    "pricebookentry",
    "partnerusageday",
    "usageadjustment",
    "billingaccount",
    "billingreport",
)


@pytest.fixture(autouse=True)
def _issued() -> None:
    """Two invoices of a family: a name that JSON has to escape, a price that changes, an adjustment, use of a sub-partner."""
    family = make_family()
    family.partner.name = 'Ünïcode "Voice" \\ & Söhne'
    family.partner.save(update_fields=["name"])
    make_price(family.partner, SUITE, "29.1234", valid_until=date(2024, 2, 11))
    make_price(family.partner, SUITE, "0.5", start=date(2024, 2, 11))
    make_price(family.sub, CALLING, "9.99")
    wrong = family.use(SUITE, at(2, 1), at(3, 20))
    family.use(CALLING, at(2, 3), None, of="sub")
    make_price(family.partner, "setup_assist_express", "85")
    make_setup_order(make_location(family.customer), seats=2, ordered_at=at(2, 29))
    close_until(date(2024, 2, 29))
    assert len(issue(MARCH)[family.partner.name].invoices) == 1
    close_until(date(2024, 3, 20))
    correct(wrong, end=at(3, 18, 7), made=at(3, 21))
    close_until(date(2024, 3, 31))
    assert len(issue(APRIL)[family.partner.name].invoices) == 1
    for sub in (None, family.sub):
        period = {"start_on": date(2024, 2, 1), "end_on": date(2024, 3, 31)}
        report = create_report(partner=family.partner, sub_partner=sub, kind="PARTNER", by=SYSTEM, **period)
        make_report(report_id=report.public_id, until=date(2024, 3, 31))
    assert BillingReport.objects.filter(status="COMPLETED", adjustment_seconds__lt=0).count() == 1


def broken() -> list[str]:
    found = []
    with connection.cursor() as cursor:
        for key, _, sql in INVOICE_INVARIANTS:
            cursor.execute(sql)
            if cursor.fetchall():
                found.append(key)
    return found


def test_they_hold() -> None:
    assert broken() == []


@pytest.mark.parametrize(
    ("deed", "noticed"),
    [
        ("UPDATE billing_invoice SET total = total + 1 WHERE number = 1", ["I8e"]),
        ("UPDATE billing_invoice SET subscription_id = 'Sub1'", ["I8e"]),
        ("UPDATE billing_invoice SET number = 3 WHERE number = 2", ["I8e", "I8j"]),
        ("UPDATE billing_invoiceline SET description = 'other' WHERE position = 1", ["I8e", "I8f"]),
        ("UPDATE billing_invoiceline SET amount = amount + 0.01 WHERE position = 1", ["I8e", "I8f"]),
        ("UPDATE billing_invoiceline SET seconds = seconds + 1 WHERE kind = 'usage'", ["I8e", "I8g", "I8h", "I8k"]),
        ("UPDATE billing_pricebookentry SET price = price + 1", ["I8f"]),
        ("UPDATE billing_pricebookentry SET valid_from = '2024-02-12' WHERE valid_from = '2024-02-11'", ["I8f"]),
        ("UPDATE billing_partnerusageday SET shift = shift - 1", ["I8g", "I8h"]),
        ("UPDATE billing_usageadjustment SET seconds = -5", ["I8i"]),
        ("UPDATE billing_billingaccount SET billed_until = '2024-04-02'", ["I8h"]),
        ("UPDATE billing_billingaccount SET last_number = 7", ["I8j"]),
        ("UPDATE billing_invoiceline SET units = 2 WHERE units = 1", ["I8e", "I8f", "I8k", "I8l"]),
        ("UPDATE controlhub_setupassistorder SET status = 'cancelled', cancelled_at = now()", ["I8l"]),
        ("UPDATE billing_billingreport SET total_seconds = total_seconds + 1", ["I8k"]),
    ],
)
def test_they_notice(deed: str, noticed: list[str]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # no table can be altered while checks are pending
        for table in TABLES:
            cursor.execute(f"ALTER TABLE billing_{table} DISABLE TRIGGER USER")
        cursor.execute("ALTER TABLE controlhub_setupassistorder DISABLE TRIGGER USER")
        cursor.execute(deed)
    assert broken() == noticed
