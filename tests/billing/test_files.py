"""The files themselves: columns, lines, quantities, and that a spreadsheet cannot be tricked with them."""

import csv
import hashlib
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal

import pytest

from billing import files
from billing.models import BillingReport
from billing.report_columns import COLUMNS
from tenancy.opaque_ids import opaque_id
from tests.cast import Cast
from tests.factories import make_assignment, make_subscriber

pytestmark = pytest.mark.django_db

PARTNER_COLUMNS = [
    "PARTNER_NAME",
    "PARTNER_ORG_ID",
    "SUBSCRIPTION_ID",
    "SERVICE_NAME",
    "SKU",
    "DESCRIPTION",
    "CONSUMPTION_START_DATE",
    "CONSUMPTION_END_DATE",
    "QUANTITY",
]
_WHERE = [*PARTNER_COLUMNS, "CUSTOMER_ORG_ID", "CUSTOMER_EXTERNAL_ID", "LOCATION_ID"]
CUSTOMER_COLUMNS = [*_WHERE, "LICENSE_ID"]
WHO = ["SUBSCRIBER_ID", "USER_ID", "WORKSPACE_ID"]
USER_COLUMNS = [*_WHERE, *WHO, "LICENSE_ID"]


def lines(report: BillingReport) -> list[list[str]]:
    with files.report_path(report).open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def rows(report: BillingReport) -> list[dict[str, str]]:
    header, *body = lines(report)
    return [dict(zip(header, line, strict=True)) for line in body]


def test_columns_are_exactly_those_of_each_level() -> None:
    assert {kind: list(columns) for kind, columns in COLUMNS.items()} == {
        "PARTNER": PARTNER_COLUMNS,
        "CUSTOMER": CUSTOMER_COLUMNS,
        "USER": USER_COLUMNS,
    }


def test_partner_file_has_one_line_per_package(
    used: Cast, made: Callable[..., BillingReport], ago: Callable[..., datetime]
) -> None:
    report = made(used, "PARTNER")
    north = ["Northwind Voice", opaque_id("ORGANIZATION", used.north.public_id), used.north.subscription_id]
    hall, calling, suite = ago(9).date(), ago(8).date(), ago(10).date()
    assert lines(report) == [
        PARTNER_COLUMNS,
        # 27 seconds are 0.0003125 days: half away from zero
        [*north, "COMMON_AREA_CALLING", "DEMO-WHS-COMMON", "Wholesale Common Area Calling", f"{hall}", f"{hall}", "0.000313"],
        [*north, "WEBEX_CALLING", "DEMO-WHS-CALLING", "Wholesale Webex Calling", f"{calling}", f"{report.end_on}", "7.500000"],
        [*north, "WEBEX_SUITE", "DEMO-WHS-SUITE", "Wholesale Webex Suite", f"{suite}", f"{calling}", "2.500000"],
    ]  # fmt: skip


def test_user_file_says_who_and_where(used: Cast, made: Callable[..., BillingReport]) -> None:
    found = rows(made(used, "USER"))
    person = used.acme.subscribers.get()
    place = opaque_id("LOCATION", used.acme.locations.get().public_id)
    hall = opaque_id("PLACES", used.acme.workspaces.get().public_id)
    who = (opaque_id("SUBSCRIBER", person.public_id), opaque_id("PEOPLE", person.person_id), "")
    keys = ["SERVICE_NAME", "QUANTITY", "CUSTOMER_ORG_ID", "CUSTOMER_EXTERNAL_ID", "LOCATION_ID", *WHO]
    where = (opaque_id("ORGANIZATION", used.acme.org_id), used.acme.external_id, place)
    assert [tuple(row[key] for key in keys) for row in found] == [
        ("WEBEX_SUITE", "2.500000", *where, *who),
        ("WEBEX_CALLING", "7.500000", *where, *who),
        ("COMMON_AREA_CALLING", "0.000313", *where, "", "", hall),
    ]


def test_customer_file_says_which_customer(used: Cast, made: Callable[..., BillingReport]) -> None:
    header, *body = lines(made(used, "CUSTOMER"))
    assert header == CUSTOMER_COLUMNS
    assert {tuple(line[9:11]) for line in body} == {
        (opaque_id("ORGANIZATION", used.acme.org_id), used.acme.external_id)
    }
    assert [line[8] for line in body] == ["0.000313", "7.500000", "2.500000"]


def test_the_row_keeps_hash_lines_and_exact_total(used: Cast, made: Callable[..., BillingReport]) -> None:
    report = made(used, "USER")
    content = files.report_path(report).read_bytes()
    assert (report.status, report.row_count, report.total_seconds, report.attempts) == ("COMPLETED", 3, 864_027, 1)
    assert report.sha256 == hashlib.sha256(content).hexdigest()
    assert [path.name for path in files.report_path(report).parent.iterdir()] == [f"{report.public_id}.csv"]


def test_printed_quantities_lose_no_second(used: Cast, made: Callable[..., BillingReport]) -> None:
    reports = [made(used, kind) for kind in ("PARTNER", "CUSTOMER", "USER")]
    seconds = [sum(round(Decimal(row["QUANTITY"]) * 86_400) for row in rows(report)) for report in reports]
    assert seconds == [report.total_seconds for report in reports] == [864_027] * 3


def test_a_package_held_for_all_days_has_the_quantity_of_days(used: Cast, made: Callable[..., BillingReport]) -> None:
    calling = {row["SERVICE_NAME"]: row["QUANTITY"] for row in rows(made(used, "PARTNER", days=7))}
    assert calling == {"WEBEX_CALLING": "7.000000"}


def test_a_period_without_use_is_a_file_with_a_header(
    cast: Cast, made: Callable[..., BillingReport], today: date
) -> None:
    cast.north.billing_start_on = today
    cast.north.save(update_fields=["billing_start_on"])
    report = made(cast, "CUSTOMER", days=2)
    assert (report.status, report.row_count, report.total_seconds) == ("COMPLETED", 0, 0)
    assert lines(report) == [CUSTOMER_COLUMNS]


def test_sub_partner_report_holds_only_its_use(used: Cast, made: Callable[..., BillingReport]) -> None:
    report = made(used, "CUSTOMER", sub_partner=used.branch)
    assert report.total_seconds == 5 * 86_400
    assert [(row["PARTNER_NAME"], row["CUSTOMER_EXTERNAL_ID"]) for row in rows(report)] == [
        ("Branch Reseller", used.branch_customer.external_id)
    ]


@pytest.mark.parametrize(
    ("typed", "printed"),
    [
        ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
        ("+1+1", "'+1+1"),
        ("-2", "'-2"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("+12175550100", "+12175550100"),  # a phone number stays one
        ('Quote " and, comma', 'Quote " and, comma'),
    ],
)
def test_no_cell_is_a_formula(used: Cast, made: Callable[..., BillingReport], typed: str, printed: str) -> None:
    used.acme.external_id = typed
    used.acme.save(update_fields=["external_id"])
    assert {row["CUSTOMER_EXTERNAL_ID"] for row in rows(made(used, "USER"))} == {printed}


def test_use_of_a_customer_that_left_stays_with_the_partner_it_had(
    used: Cast, made: Callable[..., BillingReport], ago: Callable[..., datetime]
) -> None:
    mover = make_subscriber(used.open_acme)
    make_assignment(mover, "webex_voice", start=ago(6), end=ago(4, 12))
    used.open_acme.partner = used.south
    used.open_acme.save(update_fields=["partner"])
    make_assignment(mover, "webex_voice", start=ago(4, 12), partner=used.south)
    voice = [row for row in rows(made(used, "PARTNER")) if row["SERVICE_NAME"] == "WEBEX_VOICE"]
    assert [(row["QUANTITY"], row["CONSUMPTION_END_DATE"]) for row in voice] == [("2.500000", f"{ago(4):%F}")]
