"""POINT_IN_TIME: how many are assigned at the moment of making, at every level, whatever the period."""

import io
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from billing.errors import PeriodInvalid, ReportExists, ReportNotReady
from billing.models import BillingReport, DayClose, PartnerUsageDay
from billing.services.closing import close_missing_days
from billing.services.making import make_report
from billing.services.reconciling import create_reconciliation
from billing.services.reports import create_report, delete_report
from tenancy.opaque_ids import opaque_id
from tests.billing.test_files import CUSTOMER_COLUMNS, lines, rows
from tests.cast import Cast
from tests.factories import make_assignment, make_package, make_subscriber

pytestmark = pytest.mark.django_db


@pytest.fixture
def snapshot(today: date) -> Callable[..., BillingReport]:
    """`snapshot(cast, "USER")`: order and make one now, without a period."""

    def make(cast: Cast, kind: str, **fields: Any) -> BillingReport:
        report = create_report(
            **{"partner": cast.north, "start_on": None, "end_on": None} | fields,
            kind=kind,
            category="POINT_IN_TIME",
            by=cast.actor("partner_full"),
        )
        make_report(report_id=report.public_id, until=today - timedelta(days=1))
        report.refresh_from_db()
        return report

    return make


@pytest.fixture
def held(used: Cast, ago: Callable[..., datetime]) -> Cast:
    """Beside the Webex Calling of `used`: two in another customer, one just taken away, and an add-on."""
    first, second = (make_subscriber(used.open_acme) for _ in range(2))
    make_assignment(first, "webex_calling", start=ago(3))
    make_assignment(first, "attendant_console", start=ago(2), is_base=False)
    make_assignment(second, "webex_calling", start=ago(0))
    make_assignment(make_subscriber(used.open_acme), "webex_voice", start=ago(4), end=ago(0))
    return used


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("PARTNER", [("ATTENDANT_CONSOLE", "1.000000"), ("WEBEX_CALLING", "3.000000")]),
        ("CUSTOMER", [("WEBEX_CALLING", "1.000000"), ("ATTENDANT_CONSOLE", "1.000000"), ("WEBEX_CALLING", "2.000000")]),
        ("USER", [("WEBEX_CALLING", "1.000000"), ("ATTENDANT_CONSOLE", "1.000000"), ("WEBEX_CALLING", "1.000000"),
                  ("WEBEX_CALLING", "1.000000")]),
    ],
)  # fmt: skip
def test_each_level_counts_open_assignments(
    kind: str, expected: list[tuple[str, str]], held: Cast, snapshot: Callable[..., BillingReport]
) -> None:
    report = snapshot(held, kind)
    assert (report.status, report.total_units, report.row_count) == ("COMPLETED", 4, len(expected))
    assert (report.total_seconds, report.adjustment_seconds) == (None, None)
    found = rows(report)
    assert sorted((row["SERVICE_NAME"], row["QUANTITY"]) for row in found) == sorted(expected)
    moment = f"{report.as_of.astimezone(UTC):%F}"
    assert {(row["CONSUMPTION_START_DATE"], row["CONSUMPTION_END_DATE"]) for row in found} == {(moment, moment)}


def test_the_ledger_is_asked_too_whatever_is_closed(held: Cast, snapshot: Callable[..., BillingReport]) -> None:
    assert not DayClose.objects.exists()
    before = snapshot(held, "USER")
    list(close_missing_days(until=before.end_on - timedelta(days=1)))
    after = snapshot(held, "CUSTOMER")
    assert [report.total_units for report in (before, after)] == [4, 4]


def test_one_that_the_ledger_contradicts_fails(held: Cast, snapshot: Callable[..., BillingReport], today: date) -> None:
    PartnerUsageDay.objects.create(
        partner=held.north, package="webex_meetings", day=today - timedelta(days=3), open_count=1, shift=0
    )
    report = snapshot(held, "PARTNER")
    assert (report.status, report.error_code) == ("FAILED", "does_not_reconcile")
    assert "0 are assigned, the ledger says 1" in report.error


def test_it_shows_now_whatever_its_period_says(held: Cast, snapshot: Callable[..., BillingReport], today: date) -> None:
    long_ago = today - timedelta(days=400)
    report = snapshot(held, "PARTNER", start_on=long_ago, end_on=long_ago)
    assert (report.start_on, report.total_units) == (long_ago, 4)
    assert abs(report.as_of - datetime.now(UTC)) < timedelta(minutes=1)


@pytest.mark.parametrize("days", [{"start_on": 0, "end_on": 0}, {"start_on": 2}, {"start_on": 1, "end_on": 2}])
def test_a_period_that_is_named_must_be_possible(
    days: dict[str, int], held: Cast, snapshot: Callable[..., BillingReport], today: date
) -> None:
    with pytest.raises(PeriodInvalid):
        snapshot(held, "USER", **{name: today - timedelta(days=number) for name, number in days.items()})
    assert not BillingReport.objects.exists()


def test_a_reconciliation_needs_its_days(held: Cast, today: date) -> None:
    for missing in ("start_on", "end_on"):
        days = {"start_on": today - timedelta(days=2), "end_on": today - timedelta(days=1)} | {missing: None}
        with pytest.raises(PeriodInvalid) as refused:
            create_report(partner=held.north, kind="USER", by=held.actor("partner_full"), **days)
        assert refused.value.field == missing


def test_a_completed_one_of_today_must_be_deleted_first(held: Cast, snapshot: Callable[..., BillingReport]) -> None:
    first = snapshot(held, "USER")
    with pytest.raises(ReportExists):
        snapshot(held, "USER")
    assert snapshot(held, "USER", sub_partner=held.branch).status == "COMPLETED"
    delete_report(report=first, by=held.actor("partner_full"))
    assert snapshot(held, "USER").status == "COMPLETED"


def test_of_everybody_names_each(held: Cast, snapshot: Callable[..., BillingReport]) -> None:
    report = snapshot(held, "PARTNER", with_sub_partners=True)
    assert [(row["PARTNER_NAME"], row["SERVICE_NAME"], row["QUANTITY"]) for row in rows(report)] == [
        ("Northwind Voice", "ATTENDANT_CONSOLE", "1.000000"),
        ("Northwind Voice", "WEBEX_CALLING", "3.000000"),
        ("Branch Reseller", "WEBEX_SUITE", "1.000000"),
    ]


def test_nothing_assigned_is_a_header(cast: Cast, snapshot: Callable[..., BillingReport]) -> None:
    report = snapshot(cast, "CUSTOMER")
    assert (report.status, report.row_count, report.total_units) == ("COMPLETED", 0, 0)
    assert lines(report) == [CUSTOMER_COLUMNS]


def test_each_line_has_the_licence_of_its_package(held: Cast, snapshot: Callable[..., BillingReport]) -> None:
    make_package(held.open_acme, "webex_calling", license_id="webex_calling-7")
    make_package(held.acme, "webex_calling")  # not known yet
    found = {
        (row["CUSTOMER_EXTERNAL_ID"], row["SERVICE_NAME"]): row["LICENSE_ID"]
        for row in rows(snapshot(held, "CUSTOMER"))
    }
    assert found == {
        (held.acme.external_id, "WEBEX_CALLING"): "",
        (held.open_acme.external_id, "ATTENDANT_CONSOLE"): "",
        (held.open_acme.external_id, "WEBEX_CALLING"): opaque_id("LICENSE", f"{held.open_acme.org_id}:webex_calling-7"),
    }


def test_it_has_no_vendor_file_to_compare_with(held: Cast, snapshot: Callable[..., BillingReport]) -> None:
    report = snapshot(held, "USER")
    assert not report.can_be_reconciled
    with pytest.raises(ReportNotReady):
        create_reconciliation(report=report, file=io.BytesIO(b""), file_name="x.csv", by=held.actor("partner_full"))
