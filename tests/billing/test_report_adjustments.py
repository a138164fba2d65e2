"""Corrections in reports: lines of their own on the day they were made, and the levels still agree to the second."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from billing.models import BillingReport
from billing.queries.corrections import Span
from billing.services.adjusting import correct_usage
from billing.services.making import make_report
from controlhub.models import PackageAssignment
from tests.billing.test_files import rows
from tests.cast import Cast
from tests.factories import make_assignment, make_subscriber

pytestmark = pytest.mark.django_db
Made = Callable[..., BillingReport]
Ago = Callable[..., datetime]
LEVELS = ("PARTNER", "CUSTOMER", "USER")


@pytest.fixture
def suite(used: Cast) -> PackageAssignment:
    """Sam had Webex Suite from ten days ago until eight and a half days ago."""
    return PackageAssignment.objects.get(customer=used.acme, package="webex_suite")


@pytest.fixture
def colleague(used: Cast, suite: PackageAssignment, ago: Ago) -> PackageAssignment:
    """The same package in the same place, but 500 seconds shorter."""
    somebody = make_subscriber(used.acme, location=suite.location)
    return make_assignment(somebody, "webex_suite", start=ago(10, 0, 500), end=ago(8, 12))


@pytest.fixture
def correct(used: Cast) -> Callable[..., None]:
    """`correct(assignment, at, start=..., end=...)`: what was true, found out at an instant in the past."""

    def do(assignment: PackageAssignment, at: datetime | None = None, **truth: datetime) -> None:
        span = Span(truth.get("start", assignment.started_at), truth.get("end", assignment.ended_at))
        by = used.actor("partner_full")
        assert correct_usage(assignment=assignment, truth=span, reason="Found out later", by=by, at=at)

    return do


def corrected(report: BillingReport) -> list[tuple[str, ...]]:
    names = ("SERVICE_NAME", "DESCRIPTION", "CONSUMPTION_START_DATE", "CONSUMPTION_END_DATE", "QUANTITY")
    found = [tuple(row[name] for name in names) for row in rows(report)]
    return [line for line in found if line[1].startswith("Adjustment")]


@pytest.mark.parametrize("kind", LEVELS)
def test_each_day_is_a_line_of_its_own(
    kind: str, suite: PackageAssignment, used: Cast, made: Made, ago: Ago, correct: Callable[..., None]
) -> None:
    correct(suite, ago(3, 12), end=ago(9, 18))
    report = made(used, kind)
    nine, eight = f"{ago(9):%F}", f"{ago(8):%F}"
    assert corrected(report) == [
        ("WEBEX_SUITE", "Adjustment: Wholesale Webex Suite", nine, nine, "-0.250000"),
        ("WEBEX_SUITE", "Adjustment: Wholesale Webex Suite", eight, eight, "-0.500000"),
    ]
    assert (report.total_seconds, report.adjustment_seconds) == (864_027 - 64_800, -64_800)
    plain = [row["QUANTITY"] for row in rows(report) if row["DESCRIPTION"] == "Wholesale Webex Suite"]
    assert plain == ["2.500000"]  # what was reported of closed days stays


def test_shows_on_the_report_of_the_day_it_was_made(
    suite: PackageAssignment, used: Cast, ago: Ago, today: date, correct: Callable[..., None]
) -> None:
    correct(suite, ago(3), start=ago(10, 0, 60))
    found = {}
    for first, last in ((3, 1), (4, 4), (2, 1), (10, 9)):  # from so many days ago until so many
        days = {"start_on": today - timedelta(days=first), "end_on": today - timedelta(days=last)}
        report = BillingReport.objects.create(partner=used.north, type="USER", **days)
        make_report(report_id=report.public_id, until=today - timedelta(days=1))
        found[first, last] = len(corrected(report))
    assert found == {(3, 1): 1, (4, 4): 0, (2, 1): 0, (10, 9): 0}


def test_levels_agree_when_corrections_of_a_day_add_up(
    suite: PackageAssignment,
    colleague: PackageAssignment,
    used: Cast,
    made: Made,
    ago: Ago,
    correct: Callable[..., None],
) -> None:
    correct(suite, ago(3), start=ago(10, 0, 100))
    correct(suite, ago(2), start=ago(10, 0, 60))  # it was 60 after all: 40 back
    correct(colleague, ago(2), start=ago(10, 0, 507))
    reports = {kind: made(used, kind) for kind in LEVELS}
    assert {kind: [line[4] for line in corrected(report)] for kind, report in reports.items()} == {
        "PARTNER": ["-0.000775"],  # 67 seconds
        "CUSTOMER": ["-0.000775"],
        "USER": ["-0.000694", "-0.000081"],  # 60 and 7
    }
    assert {(report.total_seconds, report.adjustment_seconds) for report in reports.values()} == {
        (864_027 + 216_000 - 500 - 67, -67)
    }


def test_what_cancels_out_at_a_level_has_no_line_there(
    suite: PackageAssignment,
    colleague: PackageAssignment,
    used: Cast,
    made: Made,
    ago: Ago,
    correct: Callable[..., None],
) -> None:
    correct(suite, ago(3), start=ago(10, 0, 100))
    correct(colleague, ago(3), start=ago(10, 0, 400))
    reports = [made(used, kind) for kind in LEVELS]
    assert [len(corrected(report)) for report in reports] == [0, 0, 2]
    assert {report.total_seconds for report in reports} == {864_027 + 216_000 - 500}


def test_a_report_may_come_to_less_than_nothing(used: Cast, made: Made, ago: Ago, correct: Callable[..., None]) -> None:
    calling = PackageAssignment.objects.get(customer=used.acme, package="webex_calling")
    correct(calling, ago(1, 12), start=ago(1))  # not seven and a half days, but one
    report = made(used, "USER", days=1)
    assert (report.status, report.total_seconds) == ("COMPLETED", 86_400 - 561_600)
    assert sum(Decimal(row["QUANTITY"]) for row in rows(report)) == Decimal("-5.5")


def test_an_adjustment_that_the_file_would_lose_fails(
    suite: PackageAssignment,
    used: Cast,
    made: Made,
    ago: Ago,
    correct: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    correct(suite, ago(3), start=ago(10, 0, 60))
    monkeypatch.setattr("billing.report_sql.ADJUSTMENT_TOTALS", "SELECT 'webex_suite', -61 WHERE %(partner)s > 0")
    report = made(used, "USER")
    assert (report.status, report.error_code) == ("FAILED", "does_not_reconcile")
    assert "the report says -60 seconds, the ledger -61" in report.error


def test_what_is_corrected_today_is_on_no_report_yet(
    suite: PackageAssignment, used: Cast, made: Made, ago: Ago, correct: Callable[..., None]
) -> None:
    correct(suite, start=ago(10, 0, 60))
    report = made(used, "USER")
    assert (corrected(report), report.total_seconds, report.adjustment_seconds) == ([], 864_027, 0)
