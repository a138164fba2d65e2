"""Who may order and delete which report."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from pytest_django import DjangoCaptureOnCommitCallbacks

from billing import files
from billing.bell import report_bell
from billing.errors import NotASubPartner, PeriodInvalid, ReportExists
from billing.models import BillingReport
from billing.services.reports import create_report, delete_report, earliest_day
from tenancy.errors import Forbidden
from tenancy.models import AuditEvent
from tests.cast import Cast

pytestmark = pytest.mark.django_db
ONE_DAY = timedelta(days=1)


@pytest.fixture
def order(cast: Cast, today: date) -> Callable[..., BillingReport]:
    def do(who: str = "partner_full", **fields: Any) -> BillingReport:
        defaults = {"partner": cast.north, "kind": "USER", "start_on": today - 3 * ONE_DAY, "end_on": today - ONE_DAY}
        return create_report(**defaults | fields, by=cast.actor(who))

    return do


def test_an_order_is_a_row_an_event_and_a_ring(
    order: Callable[..., BillingReport],
    cast: Cast,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    rung: list[object] = []
    monkeypatch.setattr(report_bell, "ring", rung.extend)
    with django_capture_on_commit_callbacks(execute=True):
        report = order()
    assert (report.status, report.created_by, report.about) == ("IN_PROGRESS", cast.admins["partner_full"], cast.north)
    event = AuditEvent.objects.get()
    assert (event.action, event.target_id, event.partner) == (
        "billing_report.create",
        str(report.public_id),
        cast.north,
    )
    assert rung == [str(report.public_id)]


def test_today_is_refused(order: Callable[..., BillingReport], today: date) -> None:
    with pytest.raises(PeriodInvalid) as refused:
        order(end_on=today)
    assert (refused.value.field, BillingReport.objects.count()) == ("end_on", 0)


def test_exactly_five_years_back_is_accepted(order: Callable[..., BillingReport], today: date) -> None:
    first = earliest_day(today)
    assert order(start_on=first).start_on == first


def test_one_day_more_than_five_years_is_refused(order: Callable[..., BillingReport], today: date) -> None:
    with pytest.raises(PeriodInvalid) as refused:
        order(start_on=earliest_day(today) - ONE_DAY)
    assert (refused.value.field, BillingReport.objects.count()) == ("start_on", 0)


@pytest.mark.parametrize(
    ("today", "earliest"),
    [
        (date(2026, 11, 20), date(2021, 11, 20)),
        (date(2028, 2, 29), date(2023, 2, 28)),
        (date(2029, 2, 28), date(2024, 2, 28)),
    ],
)
def test_five_years_back_on_leap_days(today: date, earliest: date) -> None:
    assert earliest_day(today) == earliest


def test_days_in_the_wrong_order_are_refused(order: Callable[..., BillingReport], today: date) -> None:
    with pytest.raises(PeriodInvalid) as refused:
        order(start_on=today - ONE_DAY, end_on=today - 2 * ONE_DAY)
    assert refused.value.field == "start_on"


def test_a_completed_report_must_be_deleted_first(used: Cast, made: Callable[..., BillingReport]) -> None:
    first = made(used, "USER")
    with pytest.raises(ReportExists):
        made(used, "USER")
    made(used, "CUSTOMER")  # another type
    made(used, "USER", days=9)  # another period
    made(used, "USER", sub_partner=used.branch)  # somebody else's use
    delete_report(report=first, by=used.actor("partner_full"))
    assert made(used, "USER").status == "COMPLETED"


@pytest.mark.parametrize("status", ["FAILED", "IN_PROGRESS"])
def test_one_that_failed_or_runs_does_not_stand_in_the_way(order: Callable[..., BillingReport], status: str) -> None:
    order()
    BillingReport.objects.update(status=status)
    assert order().status == "IN_PROGRESS"


def test_only_own_sub_partners(order: Callable[..., BillingReport], cast: Cast) -> None:
    assert order(sub_partner=cast.branch).about == cast.branch
    with pytest.raises(NotASubPartner):
        order(sub_partner=cast.south)
    assert BillingReport.objects.count() == 1


@pytest.mark.parametrize(
    "who", ["partner_readonly", "partner_admin", "helpdesk", "customer_full", "other_partner_full"]
)
def test_nobody_else_may_order_or_delete(who: str, order: Callable[..., BillingReport], cast: Cast) -> None:
    report = order()
    events = AuditEvent.objects.count()
    with pytest.raises(Forbidden):
        order(who)
    with pytest.raises(Forbidden):
        delete_report(report=report, by=cast.actor(who))
    assert (list(BillingReport.objects.all()), AuditEvent.objects.count()) == ([report], events)


def test_deleting_removes_row_and_file_and_says_so(
    used: Cast,
    made: Callable[..., BillingReport],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    report = made(used, "USER")
    path = files.report_path(report)
    path.with_suffix(".123.part").write_text("left by a killed worker")
    with django_capture_on_commit_callbacks(execute=True):
        delete_report(report=report, by=used.actor("partner_full"))
    assert (BillingReport.objects.count(), list(path.parent.iterdir())) == (0, [])
    event = AuditEvent.objects.get(action="billing_report.delete")
    assert event.changes == {"sha256": [report.sha256, None]}


def test_deleting_twice_is_one_deed(used: Cast, made: Callable[..., BillingReport]) -> None:
    report = made(used, "USER")
    twin = BillingReport.objects.get()
    delete_report(report=report, by=used.actor("partner_full"))
    delete_report(report=twin, by=used.actor("partner_full"))
    assert AuditEvent.objects.filter(action="billing_report.delete").count() == 1
