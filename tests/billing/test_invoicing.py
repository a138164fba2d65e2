"""Invoices to the cent, worked out on paper: leap February, prices that change, sub-partners, adjustments, what is missing."""

from datetime import date, datetime
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction

from billing.items import EXPRESS, STANDARD
from billing.models import BillingAccount, Invoice, InvoiceLine
from billing.queries.drafts import draft_of
from billing.queries.statements import Statement
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
    figures,
    issue,
    make_family,
)
from tests.factories import make_location, make_partner, make_price, make_setup_order

pytestmark = pytest.mark.django_db


@pytest.fixture
def family() -> Family:
    return make_family()


def test_a_leap_february_costs_one_price(family: Family) -> None:
    make_price(family.partner, SUITE, "12.34")
    family.use(SUITE, at(2, 1), None)
    close_until(date(2024, 2, 29))
    (invoice,) = issue(MARCH)["Family North"].invoices
    assert figures(invoice) == [("Family North", SUITE, "02-01", "02-29", 29 * DAY, "12.34")]
    assert (invoice.label, invoice.total, invoice.currency) == ("2024-000001", Decimal("12.34"), "EUR")
    assert (invoice.partner_name, invoice.subscription_id, invoice.line_count) == ("Family North", "Sub777", 1)


def test_a_price_that_changes_within_the_month_makes_two_lines(family: Family) -> None:
    make_price(family.partner, SUITE, "29", valid_until=date(2024, 2, 11))
    make_price(family.partner, SUITE, "58", start=date(2024, 2, 11), sku="NEW")
    family.use(SUITE, at(2, 1, 12), at(2, 20, 6))
    close_until(date(2024, 2, 29))
    (invoice,) = issue(MARCH)["Family North"].invoices
    assert figures(invoice) == [
        ("Family North", SUITE, "02-01", "02-10", 9 * DAY + DAY // 2, "9.50"),
        ("Family North", SUITE, "02-11", "02-29", 9 * DAY + DAY // 4, "18.50"),
    ]
    assert list(invoice.lines.values_list("sku", flat=True)) == ["SKU-webex_suite", "NEW"]


def test_a_sub_partner_has_lines_and_prices_of_its_own(family: Family) -> None:
    make_price(family.partner, SUITE, "29")
    make_price(family.sub, SUITE, "14.50")
    make_price(family.sub, CALLING, "10")
    family.use(SUITE, at(2, 1), at(2, 11))
    family.use(SUITE, at(2, 1), at(2, 3), of="sub")
    family.use(CALLING, at(2, 3), at(2, 4), of="sub")
    close_until(date(2024, 2, 29))
    (invoice,) = issue(MARCH)["Family North"].invoices
    assert figures(invoice) == [
        ("Family North", SUITE, "02-01", "02-29", 10 * DAY, "10.00"),
        ("Family Branch", CALLING, "02-01", "02-29", DAY, "0.34"),
        ("Family Branch", SUITE, "02-01", "02-29", 2 * DAY, "1.00"),
    ]
    statement = Statement.of_rows(invoice.currency, invoice.lines.all())
    assert statement == Statement.of_lines(invoice.currency, invoice.lines.order_by("position"))
    assert [(s.name, str(s.subtotal)) for s in statement.sections] == [
        ("Family North", "10.00"),
        ("Family Branch", "1.34"),
    ]
    assert [(t.name, t.quantity, str(t.amount)) for t in statement.together] == [
        ("Webex Calling", Decimal(1), "0.34"),
        ("Webex Suite", Decimal(12), "11.00"),
    ]
    assert (statement.total, invoice.total) == (Decimal("11.34"), Decimal("11.34"))


def test_each_line_is_rounded_once_and_the_total_is_their_sum(family: Family) -> None:
    for item in (SUITE, CALLING, "webex_meetings"):
        make_price(family.partner, item, "0.145")  # a day in February: half a cent
        family.use(item, at(2, 1), at(2, 2))
    close_until(date(2024, 2, 29))
    (invoice,) = issue(MARCH)["Family North"].invoices
    assert [row[-1] for row in figures(invoice)] == ["0.01", "0.01", "0.01"]
    assert invoice.total == Decimal("0.03")


def test_an_adjustment_is_a_line_about_its_day_at_the_price_of_that_day(family: Family) -> None:
    make_price(family.partner, SUITE, "29", valid_until=MARCH)
    make_price(family.partner, SUITE, "62", start=MARCH)
    wrong = family.use(SUITE, at(2, 1), at(2, 21))
    short = family.use(SUITE, at(3, 1), at(3, 2))
    close_until(date(2024, 3, 4))
    issue(MARCH)
    correct(wrong, end=at(2, 20), made=at(3, 5, 9))
    correct(short, end=at(3, 2, 12), made=at(3, 5, 10))
    close_until(date(2024, 3, 31))
    (march,) = issue(APRIL)["Family North"].invoices
    assert figures(march) == [
        ("Family North", SUITE, "03-01", "03-31", DAY, "2.00"),
        ("Family North", SUITE, "02-20", "02-20", -DAY, "-1.00"),
        ("Family North", SUITE, "03-02", "03-02", DAY // 2, "1.00"),
    ]
    assert [line.about for line in march.lines.order_by("position")] == ["", "Own Shop", "Own Shop"]
    assert (march.label, march.total) == ("2024-000002", Decimal("2.00"))


def order(family: Family, seats: int, ordered: datetime, *, of: str = "partner", **fields: Any) -> None:
    customer = family.customer if of == "partner" else family.sub_customer
    make_setup_order(make_location(customer, f"Site {seats}"), seats=seats, ordered_at=ordered, **fields)


def test_setup_assist_is_billed_once_by_location_or_user_at_the_price_of_its_day(family: Family) -> None:
    for partner in (family.partner, family.sub):
        make_price(partner, EXPRESS, "85")
        make_price(partner, STANDARD, "4.1250", valid_until=date(2024, 2, 20))
        make_price(partner, STANDARD, "5", start=date(2024, 2, 20))
    order(family, 3, at(2, 10))
    order(family, 7, at(2, 19, 23), of="sub")
    order(family, 8, at(2, 20))
    order(family, 9, at(2, 11), status="cancelled", cancelled_at=at(2, 11))
    order(family, 6, at(3, 1))
    close_until(date(2024, 3, 31))
    february, march = issue(APRIL)["Family North"].invoices
    assert [
        (*row[:4], line.units, line.about, row[-1])
        for row, line in zip(figures(february), february.lines.order_by("position"), strict=True)
    ] == [
        ("Family North", EXPRESS, "02-10", "02-10", 1, "Own Shop · Site 3", "85.00"),
        ("Family North", STANDARD, "02-20", "02-20", 8, "Own Shop · Site 8", "40.00"),
        ("Family Branch", STANDARD, "02-19", "02-19", 7, "Branch Shop · Site 7", "28.88"),
    ]
    statement = Statement.of_rows("EUR", february.lines.all())
    assert statement == Statement.of_lines("EUR", february.lines.order_by("position"))
    assert [(total.name, str(total.quantity), total.unit) for total in statement.together] == [
        ("Setup Assist Express", "1", "location"),
        ("Setup Assist Standard", "15", "user"),
    ]
    assert (str(statement.setup_assist), str(statement.usage)) == ("153.88", "0.00")
    assert [row[-1] for row in figures(march)] == ["30.00"]


def test_setup_assist_without_a_price_parks_the_month(family: Family) -> None:
    order(family, 3, at(2, 10))
    close_until(date(2024, 2, 29))
    assert issue(MARCH)["Family North"].parked == (
        "2024-02: Family North has no price for Setup Assist Express from 2024-02-10 to 2024-02-10"
    )


def test_an_adjustment_waits_for_the_month_in_which_it_was_made(family: Family) -> None:
    make_price(family.partner, SUITE, "29")
    wrong = family.use(SUITE, at(2, 1), at(2, 3))
    close_until(date(2024, 2, 29))
    correct(wrong, end=at(2, 2), made=at(3, 1))
    (february,) = issue(MARCH)["Family North"].invoices
    assert [row[-1] for row in figures(february)] == ["2.00"]
    close_until(date(2024, 3, 31))
    (march,) = issue(APRIL)["Family North"].invoices
    assert [row[-1] for row in figures(march)] == ["-1.00"]
    assert issue(date(2024, 5, 1))["Family North"].invoices == ()


def test_nothing_is_issued_before_every_day_of_the_family_is_closed(family: Family) -> None:
    make_price(family.partner, SUITE, "29")
    family.use(SUITE, at(2, 1), None)
    close_until(date(2024, 2, 28))
    assert issue(MARCH)["Family North"].invoices == ()
    draft = draft_of(family.partner, FEBRUARY)
    assert [member.partner for member in draft.open_members] == [family.partner, family.sub]
    assert [(line.seconds, str(line.amount)) for line in draft.lines] == [(28 * DAY, "28.00")]
    close_until(date(2024, 2, 29))
    assert issue(FEBRUARY)["Family North"].invoices == ()  # by the caller's clock the month is not over
    assert len(issue(MARCH)["Family North"].invoices) == 1
    assert BillingAccount.objects.get(pk=family.sub.pk).billed_until == MARCH


def test_missing_months_are_issued_in_order_and_empty_ones_take_no_number(family: Family) -> None:
    make_price(family.partner, SUITE, "31")
    family.use(SUITE, at(2, 1), at(3, 1))
    family.use(SUITE, at(5, 1), at(6, 1))
    close_until(date(2024, 7, 31))
    invoices = issue(date(2024, 8, 1))["Family North"].invoices
    assert [(invoice.label, str(invoice.total)) for invoice in invoices] == [
        ("2024-000001", "31.00"),
        ("2024-000002", "31.00"),
    ]
    assert [invoice.month.month for invoice in invoices] == [2, 5]
    account = BillingAccount.objects.get(pk=family.partner.pk)
    assert (account.billed_until, account.last_number) == (date(2024, 8, 1), 2)


def test_a_missing_price_parks_one_partner_and_the_others_go_on(family: Family) -> None:
    other = make_family()
    other.partner.name = "Family South"
    other.partner.save(update_fields=["name"])
    make_price(other.partner, SUITE, "29")
    other.use(SUITE, at(2, 1), None)
    make_price(family.partner, SUITE, "29", start=date(2024, 2, 10))
    family.use(SUITE, at(2, 5), None)
    close_until(date(2024, 3, 31))

    done = issue(APRIL)

    assert (
        done["Family North"].parked
        == "2024-02: Family North has no price for Webex Suite from 2024-02-01 to 2024-02-09"
    )
    assert (done["Family North"].invoices, len(done["Family South"].invoices)) == ((), 2)
    make_price(family.partner, SUITE, "14.50", start=FEBRUARY, valid_until=date(2024, 2, 10))
    first, second = issue(APRIL)["Family North"].invoices
    assert [row[-2:] for row in figures(first)] == [(5 * DAY, "2.50"), (20 * DAY, "20.00")]
    assert (first.label, second.label) == ("2024-000001", "2024-000002")


def test_an_adjustment_about_a_day_without_a_price_parks(family: Family) -> None:
    make_price(family.partner, SUITE, "29", valid_until=date(2024, 2, 3))
    late = family.use(SUITE, at(2, 1), at(2, 3))
    close_until(date(2024, 3, 4))
    assert len(issue(MARCH)["Family North"].invoices) == 1
    correct(late, end=at(2, 3, 12), made=at(3, 5))
    close_until(date(2024, 3, 31))
    assert issue(APRIL)["Family North"].parked.endswith("has no price for Webex Suite from 2024-02-03 to 2024-02-03")
    make_price(family.partner, SUITE, "58", start=date(2024, 2, 3))
    (march,) = issue(APRIL)["Family North"].invoices
    assert [row[2:] for row in figures(march)] == [("02-03", "02-03", DAY // 2, "1.00")]


def test_use_before_the_billing_start_is_not_billed() -> None:
    family = make_family(since=date(2024, 2, 15))
    make_price(family.partner, SUITE, "29")
    family.use(SUITE, at(2, 1), None)
    close_until(date(2024, 2, 29))
    (invoice,) = issue(MARCH)["Family North"].invoices
    assert figures(invoice) == [("Family North", SUITE, "02-15", "02-29", 15 * DAY, "15.00")]


def test_a_sub_partner_that_comes_late_is_caught_up(family: Family) -> None:
    make_price(family.partner, SUITE, "29")
    family.use(SUITE, at(2, 1), None)
    close_until(date(2024, 2, 29))
    issue(MARCH)
    late = make_partner("Late Branch", parent=family.partner, billing_start_on=FEBRUARY)
    make_price(late, SUITE, "29", valid_until=MARCH)
    make_price(late, SUITE, "31", start=MARCH)
    family.sub_customer.partner = late
    family.sub_customer.save(update_fields=["partner"])
    family.use(SUITE, at(2, 28), at(3, 3), of="sub")
    close_until(date(2024, 3, 31))
    (march,) = issue(APRIL)["Family North"].invoices
    assert figures(march)[1:] == [
        ("Late Branch", SUITE, "02-01", "02-29", 2 * DAY, "2.00"),
        ("Late Branch", SUITE, "03-01", "03-31", 2 * DAY, "2.00"),
    ]


def test_issuing_again_changes_nothing(family: Family) -> None:
    make_price(family.partner, SUITE, "29")
    family.use(SUITE, at(2, 1), None)
    close_until(date(2024, 2, 29))
    issue(MARCH)
    before = list(Invoice.objects.values()), list(InvoiceLine.objects.values())
    assert issue(MARCH)["Family North"].invoices == ()
    assert (list(Invoice.objects.values()), list(InvoiceLine.objects.values())) == before


@pytest.fixture
def issued(family: Family) -> Invoice:
    make_price(family.partner, SUITE, "29")
    family.use(SUITE, at(2, 1), None)
    close_until(date(2024, 2, 29))
    return issue(MARCH)["Family North"].invoices[0]


@pytest.mark.parametrize(
    "deed",
    [
        "UPDATE billing_invoice SET total = total + 1",
        "UPDATE billing_invoiceline SET amount = amount + 1",
        "DELETE FROM billing_invoiceline",
        "DELETE FROM billing_invoice",
    ],
)
def test_an_issued_invoice_stays(issued: Invoice, deed: str) -> None:
    with pytest.raises(IntegrityError, match="never changed"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(deed)
    assert (Invoice.objects.get().total, InvoiceLine.objects.get().amount) == (Decimal(29), Decimal(29))


def test_an_issued_invoice_gets_no_more_lines(issued: Invoice) -> None:
    more = issued.lines.get()
    more.pk, more.position, more.amount = None, 2, Decimal(0)
    with pytest.raises(IntegrityError, match="all at once"), transaction.atomic():
        more.save(force_insert=True)
    assert issued.lines.count() == 1


@pytest.mark.parametrize(("number", "month"), [(3, MARCH), (1, MARCH), (2, FEBRUARY)])
def test_numbers_and_months_follow_each_other(issued: Invoice, number: int, month: date) -> None:
    other = Invoice.objects.get()
    other.pk, other.number, other.month, other.public_id = None, number, month, issued.partner.public_id
    with pytest.raises(IntegrityError), transaction.atomic():
        other.save(force_insert=True)
    assert Invoice.objects.count() == 1


def test_the_currency_of_prices_stays(issued: Invoice) -> None:
    issued.partner.currency = "USD"
    with pytest.raises(IntegrityError, match="are in EUR"), transaction.atomic():
        issued.partner.save(update_fields=["currency"])


def command(*arguments: str) -> list[str]:
    out = StringIO()
    call_command("invoices", *arguments, stdout=out, stderr=out)
    return out.getvalue().splitlines()


def test_the_command_says_what_it_issued(family: Family) -> None:
    make_price(family.partner, SUITE, "29000")
    family.use(SUITE, at(2, 1), None)
    close_until(date(2024, 3, 31))
    assert command("--month", "2024-02") == [
        "Family North: 2024-000001 for February 2024, 29,000.00 EUR",
        "Issued 1 invoices for 1 partners.",
    ]
    assert command("--partner", "Family North")[-1] == "Issued 1 invoices for 1 partners."
    assert command() == ["Issued 0 invoices for 1 partners."]


def test_the_command_fails_when_a_partner_is_parked(family: Family) -> None:
    family.use(SUITE, at(2, 1), None)
    close_until(date(2024, 2, 29))
    with pytest.raises(CommandError, match="1 partners are parked"):
        command()


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--month", "2999-01"], "is not over"),
        (["--month", "2024-13"], "not a month"),
        (["--partner", "Family Branch"], "No top-level partner"),
    ],
)
def test_the_command_refuses(family: Family, arguments: list[str], complaint: str) -> None:
    with pytest.raises(CommandError, match=complaint):
        command(*arguments)
    assert not Invoice.objects.exists()
