"""Correcting usage: exact, once, within what can have been, and only by those who may."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.db.models import Sum

from billing.errors import CannotCorrect, MoreThanADay, StillAssigned
from billing.models import UsageAdjustment, UsageCorrection
from billing.queries.corrections import DayChange, Span, true_span
from billing.services.adjusting import correct_usage, preview_correction
from billing.services.closing import close_missing_days
from controlhub.models import PackageAssignment, Subscriber
from controlhub.services.seats import DayClosed
from tenancy.errors import Forbidden
from tenancy.models import AuditEvent
from tests.billing.history import DAY
from tests.cast import Cast
from tests.factories import make_assignment, make_location, make_subscriber, make_workspace

pytestmark = pytest.mark.django_db
HOUR = 3600
Ago = Callable[..., datetime]


@pytest.fixture
def person(cast: Cast) -> Subscriber:
    return make_subscriber(cast.acme, location=make_location(cast.acme))


@pytest.fixture
def suite(cast: Cast, person: Subscriber, ago: Ago, today: date) -> PackageAssignment:
    """Suite from five days ago at noon until two days ago at 18:00; all days up to yesterday are closed."""
    for partner in (cast.north, cast.branch, cast.south):
        partner.billing_start_on = today - timedelta(days=20)
        partner.save(update_fields=["billing_start_on"])
    assignment = make_assignment(person, "webex_suite", start=ago(5, 12), end=ago(2, 18))
    list(close_missing_days(until=today - timedelta(days=1)))
    return assignment


@pytest.fixture
def correct(cast: Cast) -> Callable[..., UsageCorrection | None]:
    def do(assignment: PackageAssignment, start: datetime, end: datetime | None, **fields: Any) -> Any:
        values = {"reason": "Removed too late", "by": cast.actor("partner_full")} | fields
        return correct_usage(assignment=assignment, truth=Span(start, end), **values)

    return do


def booked(today: date) -> list[tuple[int, int]]:
    """(days ago, seconds) of everything booked so far, oldest day first."""
    rows = UsageAdjustment.objects.values_list("about_on").annotate(Sum("seconds")).order_by("about_on")
    return [((today - day).days, seconds) for day, seconds in rows if seconds]


def test_an_end_that_was_earlier_takes_the_seconds_back(suite: Any, correct: Any, ago: Ago, today: date) -> None:
    correction = correct(suite, ago(5, 12), ago(4, 6))

    assert booked(today) == [(4, -18 * HOUR), (3, -DAY), (2, -18 * HOUR)]
    row = UsageAdjustment.objects.earliest("about_on")
    assert (row.partner, row.customer, row.location) == (suite.partner, suite.customer, suite.location)
    assert (row.subscriber, row.workspace, row.package) == (suite.subscriber, None, "webex_suite")
    assert (row.made_on, row.made_at, row.correction) == (today, correction.made_at, correction)
    assert true_span(suite) == Span(ago(5, 12), ago(4, 6))
    suite.refresh_from_db()
    assert suite.ended_at == ago(2, 18)  # what a closed day has read stays


def test_a_start_that_was_earlier_and_an_end_that_was_later_add_some(
    suite: Any, correct: Any, ago: Ago, today: date
) -> None:
    correct(suite, ago(6, 23), ago(1, 0, 1))
    assert booked(today) == [(6, HOUR), (5, 12 * HOUR), (2, 6 * HOUR), (1, 1)]


def test_what_never_was_goes_to_zero(suite: Any, correct: Any, ago: Ago, today: date) -> None:
    correct(suite, ago(5, 12), ago(5, 12))
    assert booked(today) == [(5, -12 * HOUR), (4, -DAY), (3, -DAY), (2, -18 * HOUR)]
    assert true_span(suite).is_never


def test_the_same_correction_twice_adds_nothing(suite: Any, correct: Any, ago: Ago, today: date) -> None:
    correct(suite, ago(5, 12), ago(3))
    before = booked(today)

    assert correct(suite, ago(5, 12), ago(3), reason="Once more") is None

    assert booked(today) == before
    assert (UsageCorrection.objects.count(), AuditEvent.objects.filter(action="usage.correct").count()) == (1, 1)


def test_a_second_correction_replaces_the_first(suite: Any, correct: Any, ago: Ago, today: date) -> None:
    correct(suite, ago(5, 12), ago(5, 12))
    correct(suite, ago(5, 12), ago(4))
    assert booked(today) == [(4, -DAY), (3, -DAY), (2, -18 * HOUR)]
    correct(suite, ago(5, 12), ago(2, 18))  # right at last: as it was recorded
    assert booked(today) == []


def test_removed_and_added_on_one_day_are_corrected_apart(
    suite: Any, person: Subscriber, correct: Any, ago: Ago, today: date
) -> None:
    again = make_assignment(person, "webex_suite", start=ago(0), end=ago(0))  # nothing yet, today
    correct(suite, ago(5, 12), ago(2, 10))
    correct(again, ago(2, 20), ago(2, 21))
    assert booked(today) == [(2, -7 * HOUR)]
    assert correct(suite, ago(5, 12), ago(2, 10)) is None
    assert correct(again, ago(2, 20), ago(2, 21)) is None


def test_today_is_corrected_like_any_day(cast: Cast, person: Any, correct: Any, ago: Ago, today: date) -> None:
    """An interval that has ended never changes, on an open day neither."""
    ended = make_assignment(person, start=ago(0), end=ago(0))
    correct(ended, ago(1, 22), ago(0))
    assert booked(today) == [(1, 2 * HOUR)]
    running = make_assignment(make_subscriber(cast.acme), start=ago(0))
    correct(running, ago(1), None)
    assert booked(today) == [(1, DAY + 2 * HOUR)]
    assert true_span(running) == Span(ago(1), None)
    PackageAssignment.objects.filter(pk=running.pk).update(ended_at=ago(0))
    running.refresh_from_db()
    assert true_span(running) == Span(ago(1), ago(0))


def test_a_workspace_is_corrected_too(cast: Cast, suite: Any, correct: Any, ago: Ago, today: date) -> None:
    hall = make_workspace(suite.location, "Hall")
    phone = make_assignment(hall, "common_area_calling", start=ago(0), end=ago(0))
    correct(phone, ago(3), ago(2))
    assert booked(today) == [(3, DAY)]
    assert UsageAdjustment.objects.get().workspace == hall


def test_what_still_runs_has_no_end_to_correct(person: Any, correct: Any, ago: Ago) -> None:
    running = make_assignment(person, start=ago(5))
    with pytest.raises(StillAssigned):
        correct(running, ago(5), ago(3))
    assert not UsageCorrection.objects.exists()


@pytest.mark.parametrize(
    ("start", "end", "field"),
    [
        ((5, 12), None, "ended_at"),
        ((3,), (4,), "ended_at"),
        ((-1,), (-1,), "started_at"),
        ((5, 12), (-1,), "ended_at"),
        ((6 * 365,), (2, 18), "started_at"),
    ],
)
def test_what_cannot_have_been_is_refused(
    suite: Any, correct: Any, ago: Ago, start: tuple[int, ...], end: tuple[int, ...] | None, field: str
) -> None:
    suite.partner.billing_start_on = date(2010, 1, 1)
    with pytest.raises(CannotCorrect) as refused:
        preview_correction(assignment=suite, truth=Span(ago(*start), ago(*end) if end else None))
    assert refused.value.field == field


def test_half_seconds_and_no_reason_are_refused(suite: Any, correct: Any, ago: Ago) -> None:
    with pytest.raises(CannotCorrect, match="whole seconds"):
        correct(suite, ago(5) + timedelta(milliseconds=500), ago(3))
    with pytest.raises(CannotCorrect, match="Say why"):
        correct(suite, ago(5, 12), ago(3), reason="  ")
    assert not UsageCorrection.objects.exists()


def test_nobody_uses_a_package_for_more_than_a_day(
    suite: Any, person: Subscriber, correct: Any, ago: Ago, today: date
) -> None:
    meetings = make_assignment(person, "webex_meetings", start=ago(0), end=ago(0))
    with pytest.raises(MoreThanADay, match="36 hours"):
        correct(meetings, ago(3, 12), ago(3, 12) + timedelta(hours=12))
    assert not UsageCorrection.objects.exists()

    correct(suite, ago(5, 12), ago(3, 12))  # first the one ends
    correct(meetings, ago(3, 12), ago(2, 18))  # then the other begins
    assert booked(today) == []
    assert [change.seconds for change in preview_correction(assignment=suite, truth=Span(ago(5), ago(3, 12)))] == [
        12 * HOUR
    ]


def test_an_add_on_is_used_beside_the_base_package(
    suite: Any, person: Any, correct: Any, ago: Ago, today: date
) -> None:
    add_on = make_assignment(person, "attendant_console", start=ago(0), end=ago(0), is_base=False)
    correct(add_on, ago(4), ago(3))
    assert booked(today) == [(4, DAY)]
    other = make_assignment(person, "attendant_console", start=ago(0), end=ago(0), is_base=False)
    with pytest.raises(MoreThanADay):
        correct(other, ago(4, 12), ago(4, 13))


def test_days_before_the_billing_start_count_for_nobody(suite: Any, correct: Any, ago: Ago, today: date) -> None:
    correct(suite, ago(22), ago(2, 18))
    assert booked(today)[0] == (20, DAY)


def test_it_is_in_the_audit_log(cast: Cast, suite: Any, correct: Any, ago: Ago) -> None:
    correction = correct(suite, ago(5, 12), ago(3))
    event = AuditEvent.objects.get(action="usage.correct")
    assert (event.target_id, event.partner, event.customer) == (str(correction.public_id), cast.north, None)
    assert event.changes["ended_at"] == [ago(2, 18).isoformat(), ago(3).isoformat()]
    assert event.changes["reason"] == [None, "Removed too late"]
    assert event.changes["seconds"] == [0, -(DAY + 18 * HOUR)]


@pytest.mark.parametrize("who", ["partner_readonly", "partner_admin", "helpdesk", "subpartner_full", "customer_full"])
def test_only_who_may_change_billing_may(cast: Cast, suite: Any, correct: Any, ago: Ago, who: str) -> None:
    with pytest.raises(Forbidden):
        correct(suite, ago(5, 12), ago(3), by=cast.actor(who))
    assert not UsageCorrection.objects.exists()


def test_nothing_is_booked_on_a_closed_day(suite: Any, correct: Any, ago: Ago, today: date) -> None:
    with pytest.raises(DayClosed):
        correct(suite, ago(5, 12), ago(3), at=ago(1, 12))
    assert not UsageCorrection.objects.exists()


def test_a_preview_books_nothing(suite: Any, ago: Ago, today: date) -> None:
    changes = preview_correction(assignment=suite, truth=Span(ago(5, 12), ago(3)))
    assert changes == [
        DayChange(today - timedelta(days=3), -DAY),
        DayChange(today - timedelta(days=2), -18 * HOUR),
    ]
    assert not UsageCorrection.objects.exists()


def test_what_runs_cannot_have_started_later_today_than_it_may_be_taken_back(
    correct: Any, person: Subscriber, ago: Ago
) -> None:
    """A refused package ends at this day's midnight: nothing may say that it had begun only after that."""
    running = make_assignment(person, "webex_suite", start=ago(2))
    with pytest.raises(CannotCorrect, match="from tomorrow on") as refused:
        correct(running, ago(0, 9), None, at=ago(0, 10))
    assert (refused.value.field, UsageAdjustment.objects.count()) == ("started_at", 0)
    assert correct(running, ago(0), None, at=ago(0, 10)) is not None


def test_the_rest_of_today_is_kept_for_what_may_still_start(
    correct: Any, person: Subscriber, ago: Ago, today: date
) -> None:
    """18 hours of one package and 2 of another are a day's use only if nobody gets a third one in the evening."""
    morning = make_assignment(person, "webex_suite", start=ago(0), end=ago(0, 1))
    make_assignment(person, "webex_calling", start=ago(0, 12), end=ago(0, 14))
    with pytest.raises(MoreThanADay):
        correct(morning, ago(0), ago(0, 18), at=ago(0, 19))
    assert correct(morning, ago(0), ago(0, 17), at=ago(0, 19)) is not None
    make_assignment(person, "webex_meetings", start=ago(0, 19))
    assert booked(today) == [(0, 16 * HOUR)]
