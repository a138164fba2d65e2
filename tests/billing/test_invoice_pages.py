"""Invoices on the pages: drafts, issued months, lines, files; a sub-partner's share; filters, pages, a query budget."""

import csv
import io
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from billing import months
from billing.models import Invoice, InvoiceLine
from billing.queries import clock
from billing.services.closing import close_missing_days
from billing.services.invoicing import issue_missing_invoices
from tenancy.models import Partner
from tests.billing.history import DAY
from tests.cast import Cast
from tests.factories import (
    invoice_line,
    make_adjustment,
    make_assignment,
    make_correction,
    make_invoice,
    make_partner,
    make_price,
    make_subscriber,
)

pytestmark = pytest.mark.django_db
SignIn = Callable[[str], Client]
CHRISTMAS = date(2019, 12, 25)


def url(name: str, partner: Partner, *args: object) -> str:
    return reverse(f"billing:{name}", args=[partner.public_id, *args])


def text(response: Any) -> str:
    return (b"".join(response.streaming_content) if response.streaming else response.content).decode()


def rows(response: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text(response))))


@pytest.fixture
def invoice(cast: Cast) -> Invoice:
    """January 2020: North's own use, Branch's use, and an adjustment about Branch's Christmas."""
    own = invoice_line(cast.north, "31.00", description="North's suite")
    of_branch = invoice_line(cast.branch, "15.50", description="Branch's suite", seconds=15 * DAY + DAY // 2)
    return make_invoice(cast.north, own, of_branch, adjustment_line(cast))


def adjustment_line(cast: Cast) -> InvoiceLine:
    start = datetime(2019, 12, 24, tzinfo=UTC)
    wrong = make_assignment(make_subscriber(cast.branch_customer), "webex_suite", start=start, end=start + timedelta(2))
    adjustment = make_adjustment(wrong, CHRISTMAS, -DAY, correction=make_correction(wrong, ended_at=start))
    fields = {"about": "Branch Bakery", "adjustment": adjustment, "first_on": CHRISTMAS, "last_on": CHRISTMAS}
    return invoice_line(
        cast.branch, "-1.00", kind="adjustment", seconds=-DAY, description="Branch's correction", **fields
    )


def parts(partner: Partner, invoice: Invoice) -> list[str]:
    return [url(f"invoice-{part}", partner, invoice.public_id) for part in ("detail", "csv", "pdf")]


@pytest.mark.parametrize("who", ["partner_full", "partner_plain", "partner_readonly"])
def test_the_partner_sees_the_whole(who: str, sign_in: SignIn, invoice: Invoice) -> None:
    page, lines, pdf = (sign_in(who).get(path) for path in parts(invoice.partner, invoice))
    shown = text(page)
    assert [what in shown for what in ("North&#x27;s suite", "Branch&#x27;s suite", "45.50 USD", invoice.sha256)] == [
        True
    ] * 4
    assert [(row["POSITION"], row["PARTNER_NAME"], row["QUANTITY"], row["AMOUNT"]) for row in rows(lines)] == [
        ("1", "Northwind Voice", "31.000000", "31.00"),
        ("2", "Branch Reseller", "15.500000", "15.50"),
        ("3", "Branch Reseller", "-1.000000", "-1.00"),
    ]
    assert (pdf["Content-Type"], pdf.content[:8]) == ("application/pdf", b"%PDF-1.7")
    assert [answer["Cache-Control"] for answer in (lines, pdf)] == ["no-store", "no-store"]
    assert pdf["Content-Disposition"] == 'attachment; filename="invoice-2020-000001.pdf"'


def test_each_line_says_what_it_is(sign_in: SignIn, invoice: Invoice) -> None:
    lines = rows(sign_in("partner_full").get(url("invoice-csv", invoice.partner, invoice.public_id)))
    assert lines[2] == {
        "INVOICE": "2020-000001",
        "MONTH": "2020-01",
        "STATUS": "issued",
        "POSITION": "3",
        "KIND": "adjustment",
        "PARTNER_NAME": "Branch Reseller",
        "SERVICE_NAME": "WEBEX_SUITE",
        "SKU": "SKU-webex_suite",
        "DESCRIPTION": "Branch's correction",
        "ABOUT_CUSTOMER": "Branch Bakery",
        "FIRST_DAY": "2019-12-25",
        "LAST_DAY": "2019-12-25",
        "SECONDS": "-86400",
        "QUANTITY": "-1.000000",
        "DAYS_IN_MONTH": "31",
        "PRICE": "31.0000",
        "PER": "month",
        "CURRENCY": "USD",
        "AMOUNT": "-1.00",
    }
    page = text(sign_in("partner_full").get(url("invoice-detail", invoice.partner, invoice.public_id)))
    assert "Adjustment about 25 Dec 2019 · Branch Bakery" in page


def test_a_sub_partner_sees_its_share_and_nothing_else(sign_in: SignIn, invoice: Invoice, cast: Cast) -> None:
    client = sign_in("subpartner_full")
    shown = text(client.get(url("invoice-list", cast.branch)))
    assert ("14.50 USD" in shown, "45.50" in shown) == (True, False)
    page, lines, pdf = (client.get(path) for path in parts(cast.branch, invoice))
    secrets = ("North&#x27;s suite", "45.50", "31.00 USD", invoice.sha256)
    assert [secret in text(page) for secret in secrets] == [False] * 4
    assert "14.50 USD" in text(page)
    assert [(row["POSITION"], row["DESCRIPTION"]) for row in rows(lines)] == [
        ("1", "Branch's suite"),
        ("2", "Branch's correction"),
    ]
    assert pdf["Content-Disposition"] == 'attachment; filename="invoice-2020-000001-share.pdf"'
    assert rows(client.get(url("invoice-export", cast.branch)))[-1] | {"Issued (UTC)": ""} == {
        "Invoice": "2020-000001",
        "Month": "2020-01",
        "Status": "issued",
        "Billed to": "Northwind Voice",
        "Usage of": "Branch Reseller",
        "Currency": "USD",
        "Amount": "14.50",
        "Issued (UTC)": "",
        "SHA-256": "",
    }


def test_the_parent_sees_the_share_as_its_sub_partner_does(sign_in: SignIn, invoice: Invoice, cast: Cast) -> None:
    page = text(sign_in("partner_full").get(url("invoice-detail", cast.branch, invoice.public_id)))
    assert ("14.50 USD" in page, "45.50" in page) == (True, False)


@pytest.mark.parametrize(
    ("who", "status"),
    [
        ("partner_admin", 403),
        ("helpdesk", 403),
        ("subpartner_full", 404),
        ("other_partner_full", 404),
        ("customer_full", 404),
    ],
)
def test_nobody_else_sees_any_of_it(who: str, status: int, sign_in: SignIn, invoice: Invoice) -> None:
    north, month = invoice.partner, f"{clock.today():%Y-%m}"
    drafts = [url(f"draft-{part}", north, month) for part in ("detail", "csv", "pdf")]
    paths = [*parts(north, invoice), *drafts, url("invoice-list", north), url("invoice-export", north)]
    assert {sign_in(who).get(path).status_code for path in paths} == {status}


def test_an_invoice_without_lines_about_a_sub_partner_is_none_of_its(sign_in: SignIn, cast: Cast) -> None:
    invoice, stranger = make_invoice(cast.north), make_invoice(cast.south)
    client = sign_in("subpartner_full")
    assert {client.get(path).status_code for path in (*parts(cast.branch, invoice), *parts(cast.branch, stranger))} == {
        404
    }
    assert {sign_in("partner_full").get(path).status_code for path in parts(cast.north, stranger)} == {404}


# -- Drafts ---------------------------------------------------------------------------------------------------------------
@pytest.fixture
def drafted(used: Cast, today: date) -> Cast:
    """Ten days of use up to yesterday, closed, with a price for everything but the hall phone."""
    for partner in (used.north, used.branch):
        make_price(partner, "webex_suite", "30")
        make_price(partner, "webex_calling", "15")
    for closing in close_missing_days(until=today - timedelta(days=1)):
        assert not closing.parked
    return used


def open_months(cast: Cast, response: Any) -> list[tuple[str, str]]:
    return [(f"{bill.month:%Y-%m}", bill.state) for bill in response.context["drafts"]]


def test_a_draft_says_what_an_invoice_would(drafted: Cast, sign_in: SignIn, today: date) -> None:
    """Whatever day it is: the drafts of the one or two months that the use is in come to all of it."""
    make_price(drafted.north, "common_area_calling", "3")
    client = sign_in("partner_full")
    shown = client.get(url("invoice-list", drafted.north))
    lines = [
        row
        for month, _ in open_months(drafted, shown)
        for row in rows(client.get(url("draft-csv", drafted.north, month)))
    ]
    seconds: dict[tuple[str, str], int] = {}
    for row in lines:
        key = row["PARTNER_NAME"], row["SERVICE_NAME"]
        seconds[key] = seconds.get(key, 0) + int(row["SECONDS"])
    assert seconds == {
        ("Northwind Voice", "WEBEX_SUITE"): 2 * DAY + DAY // 2,
        ("Northwind Voice", "WEBEX_CALLING"): 7 * DAY + DAY // 2,
        ("Northwind Voice", "COMMON_AREA_CALLING"): 27,
        ("Branch Reseller", "WEBEX_SUITE"): 5 * DAY,
    }
    assert {(row["INVOICE"], row["STATUS"]) for row in lines} == {("", "draft")}


def test_a_missing_price_is_named(drafted: Cast, sign_in: SignIn, today: date) -> None:
    client, month = sign_in("partner_full"), f"{today - timedelta(days=9):%Y-%m}"
    page = text(client.get(url("draft-detail", drafted.north, month)))
    assert ("The invoice waits for prices" in page, "Common Area Calling of Northwind Voice" in page) == (True, True)
    assert (month, "held") in open_months(drafted, client.get(url("invoice-list", drafted.north)))
    of_branch = sign_in("subpartner_full").get(
        url("draft-detail", drafted.branch, f"{today - timedelta(days=1):%Y-%m}")
    )
    # As a number of its own: ids in addresses are random and may well have these digits in them.
    amount = re.search(r"(?<![\w-])150(?![\w-])", text(of_branch))
    assert ("Common Area Calling" in text(of_branch), amount) == (False, None)


def test_a_draft_becomes_an_invoice_at_the_same_address(drafted: Cast, sign_in: SignIn, today: date) -> None:
    make_price(drafted.north, "common_area_calling", "3")
    month = months.first_of(today - timedelta(days=10))
    over = months.after(month)
    client, path = sign_in("partner_full"), url("draft-detail", drafted.north, f"{month:%Y-%m}")
    assert client.get(path).status_code == 200
    if over <= today:
        assert next(len(done.invoices) for done in issue_missing_invoices(until=today)) == 1
    else:  # the month goes on: issue it as it will be
        make_invoice(drafted.north, month=month)
    invoice = Invoice.objects.get(partner=drafted.north)
    answer = client.get(path)
    assert (answer.status_code, answer["Location"]) == (302, url("invoice-detail", drafted.north, invoice.public_id))
    assert client.get(url("draft-pdf", drafted.north, f"{month:%Y-%m}")).status_code == 404


@pytest.mark.parametrize("month", ["2019-12", "9999-12", "2026-13", "now", "2026-1-1"])
def test_months_without_a_draft_do_not_exist(month: str, drafted: Cast, sign_in: SignIn) -> None:
    for part in ("detail", "csv", "pdf"):
        assert sign_in("partner_full").get(url(f"draft-{part}", drafted.north, month)).status_code == 404


def test_nothing_before_the_billing_start_is_on_a_draft(cast: Cast, sign_in: SignIn) -> None:
    later = timezone.now().date() + timedelta(days=40)
    soon = make_partner("Soon Voice", billing_start_on=later)
    cast.admins["partner_full"].role_assignments.update(partner=soon)
    client = sign_in("partner_full")
    page = text(client.get(url("invoice-list", soon)))
    assert ("No invoices yet" in page, f"{later:%-d %B %Y}" in page) == (True, True)
    assert client.get(url("draft-detail", soon, f"{clock.today():%Y-%m}")).status_code == 404


# -- Filters, pages, budget ------------------------------------------------------------------------------------------------
def test_filters_match_exactly(cast: Cast, sign_in: SignIn, invoice: Invoice) -> None:
    make_invoice(cast.north)  # February, without Branch
    client = sign_in("partner_full")

    def shown(**query: str) -> tuple[list[str], int]:
        response = client.get(url("invoice-list", cast.north), query)
        return [row.label for row in response.context["page"].items], len(response.context["drafts"])

    branch, north = str(cast.branch.public_id), str(cast.north.public_id)
    assert shown() == (["2020-000002", "2020-000001"], 1)
    assert shown(month="2020-02") == (["2020-000002"], 0)
    assert shown(month="2020-03") == ([], 0)
    assert shown(status="issued") == (["2020-000002", "2020-000001"], 0)
    assert shown(status="draft") == ([], 1)
    assert shown(of=branch, status="issued") == (["2020-000001"], 0)
    assert shown(of=north, status="issued") == (["2020-000002", "2020-000001"], 0)
    amounts = rows(client.get(url("invoice-export", cast.north), {"of": branch, "status": "issued"}))
    assert [(row["Usage of"], row["Amount"]) for row in amounts] == [("Branch Reseller", "14.50")]


@pytest.mark.parametrize("query", [{"month": "March"}, {"status": "paid"}, {"of": "me"}])
def test_a_filter_that_means_nothing_is_told(query: dict[str, str], cast: Cast, sign_in: SignIn) -> None:
    response = sign_in("partner_full").get(url("invoice-list", cast.north), query)
    assert response.status_code == 422
    assert {"month": "Enter a month like 2026-03", "status": "Select a valid choice", "of": "indirect providers"}[
        next(iter(query))
    ] in text(response)


def test_lines_are_narrowed_and_paged(cast: Cast, sign_in: SignIn) -> None:
    many = [invoice_line(cast.north, "1.00", description=f"Line {n}") for n in range(60)]
    invoice = make_invoice(cast.north, *many, invoice_line(cast.branch, "2.00", description="The branch"))
    client, path = sign_in("partner_full"), url("invoice-detail", cast.north, invoice.public_id)
    first = client.get(path)
    assert [line.position for line in first.context["page"].items] == list(range(1, 51))
    second = client.get(first.context["next_url"])
    assert [line.position for line in second.context["page"].items] == list(range(51, 62))
    branch = client.get(path, {"of": str(cast.branch.public_id)})
    assert [line.description for line in branch.context["page"].items] == ["The branch"]
    assert client.get(path, {"kind": "adjustment"}).context["page"].items == []
    assert "60.00 USD in all" in text(first)  # the sum of all pages


def test_lines_of_a_draft_are_paged_alike(drafted: Cast, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("billing.queries.invoices.slice_of.__kwdefaults__", {"after": "", "before": "", "size": 1})
    make_price(drafted.north, "common_area_calling", "3")
    client = sign_in("partner_full")
    (month, _), *_ = open_months(drafted, client.get(url("invoice-list", drafted.north)))
    seen, path = [], url("draft-detail", drafted.north, month)
    while path:
        page = client.get(path)
        seen += [line.position for line in page.context["page"].items]
        path = page.context["next_url"]
    assert seen == list(range(1, len(seen) + 1))
    back = client.get(page.context["previous_url"])
    assert [line.position for line in back.context["page"].items] == [len(seen) - 1]
    assert client.get(url("draft-detail", drafted.north, month), {"after": "x"}).status_code == 200


@pytest.mark.parametrize("size", [1, 3])
def test_the_list_asks_as_often_for_three_as_for_one(
    size: int, cast: Cast, sign_in: SignIn, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(size):
        make_partner(parent=cast.north)
        make_invoice(cast.north)
    make_price(cast.north, "webex_voice")
    client, path = sign_in("partner_full"), url("invoice-list", cast.north)
    client.get(path)  # a new session is saved once
    with django_assert_num_queries(12):
        client.get(path)
    with django_assert_num_queries(10):
        client.get(url("invoice-detail", cast.north, Invoice.objects.filter(partner=cast.north)[0].public_id))
