"""What the database itself holds corrections to: booked on an open day, once a day, for good."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from billing.models import UsageAdjustment, UsageCorrection
from billing.services.closing import close_partner
from controlhub.models import PackageAssignment
from tests.billing.history import DAY, Interval, World, at, day, make_world, store
from tests.factories import make_adjustment, make_correction

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    world = make_world()
    store(world, [Interval(0, "webex_suite", 0, 0, 0, 4 * DAY)])
    return world


@pytest.fixture
def assignment(world: World) -> PackageAssignment:
    return world.subscribers[0].assignments.get()


def test_is_booked_on_the_utc_day_on_which_it_was_made(assignment: PackageAssignment) -> None:
    late = make_adjustment(assignment, day(1), -10, made_at=at(6 * DAY - 1))
    early = make_adjustment(assignment, day(1), 10, made_at=at(6 * DAY))
    assert [late.made_on, early.made_on] == [day(5), day(6)]


def test_is_made_now_unless_said(assignment: PackageAssignment, today: date) -> None:
    assert make_adjustment(assignment, day(1), -10).made_on == today


def test_closed_days_get_no_more_adjustments(world: World, assignment: PackageAssignment) -> None:
    close_partner(partner=world.partners[0], until=day(5))

    with pytest.raises(IntegrityError, match="still open"), transaction.atomic():
        make_adjustment(assignment, day(1), -10, made_at=at(6 * DAY - 1))

    assert make_adjustment(assignment, day(1), -10, made_at=at(6 * DAY)).made_on == day(6)
    assert UsageAdjustment.objects.count() == 1


def test_days_to_come_get_none(assignment: PackageAssignment) -> None:
    with pytest.raises(IntegrityError, match="still open"), transaction.atomic():
        make_adjustment(assignment, day(1), -10, made_at=datetime.now(UTC) + timedelta(days=1))
    assert not UsageAdjustment.objects.exists()


@pytest.mark.parametrize("model", [UsageCorrection, UsageAdjustment])
def test_can_be_neither_changed_nor_removed(assignment: PackageAssignment, model: type) -> None:
    make_adjustment(assignment, day(1), -10)
    before = list(model.objects.values())

    for deed in ("UPDATE {} SET made_at = now()", "DELETE FROM {}"):
        with (
            pytest.raises(IntegrityError, match="never changed"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(deed.format(model._meta.db_table))

    assert list(model.objects.values()) == before


@pytest.mark.parametrize(
    ("fields", "constraint"),
    [
        ({"seconds": 0}, "adjustment_within_a_day"),
        ({"seconds": DAY + 1}, "adjustment_within_a_day"),
        ({"seconds": -DAY - 1}, "adjustment_within_a_day"),
        ({"about_on": day(7), "made_at": at(6 * DAY)}, "adjustment_about_the_past"),
        ({"subscriber": None}, "adjustment_has_one_subject"),
    ],
)
def test_refuses_what_cannot_be(assignment: PackageAssignment, fields: dict[str, Any], constraint: str) -> None:
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        make_adjustment(assignment, **{"about_on": day(1), "seconds": 1} | fields)


def test_one_correction_adjusts_a_day_once(assignment: PackageAssignment) -> None:
    first = make_adjustment(assignment, day(1), -10)
    with pytest.raises(IntegrityError, match="adjusted_once_a_day"), transaction.atomic():
        make_adjustment(assignment, day(1), -10, correction=first.correction)


def test_a_correction_says_why_and_ends_later(assignment: PackageAssignment) -> None:
    with pytest.raises(IntegrityError, match="correction_has_reason"), transaction.atomic():
        make_correction(assignment, reason="")
    with pytest.raises(IntegrityError, match="correction_ends_later"), transaction.atomic():
        make_correction(assignment, ended_at=at(-1))
