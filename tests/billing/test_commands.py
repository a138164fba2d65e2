"""`rollup`, and the invariants of billing: they hold, and they notice."""

from datetime import date, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from billing.invariants import INVARIANTS
from billing.models import DayClose, UsageDay
from billing.queries.corrections import Span
from billing.services.adjusting import correct_usage
from tenancy.actors import SYSTEM
from tests.billing.history import DAY, FIRST, Interval, World, at, day, make_world, store
from tests.cast import Cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    world = make_world()
    store(
        world,
        [Interval(0, "webex_suite", 0, 0, DAY + 5, 2 * DAY + 5), Interval(1, "webex_suite", 1, 2, 2 * DAY + 5, None)],
    )
    return world


def rollup(*arguments: str) -> str:
    out = StringIO()
    call_command("rollup", *arguments, stdout=out, stderr=out)
    return out.getvalue()


def correct(world: World) -> None:
    """Early on day 4 it is known that the interval that ended on day 2 had ended on day 1 already."""
    ended = world.subscribers[0].assignments.get()
    truth = Span(ended.started_at, at(2 * DAY - 5))
    correct_usage(assignment=ended, truth=truth, reason="Left early", by=SYSTEM, at=at(4 * DAY + 60))


def broken() -> list[str]:
    found = []
    with connection.cursor() as cursor:
        for key, _, sql in INVARIANTS:
            cursor.execute(sql)
            if cursor.fetchall() and key != "I7b":  # the history is from 2024: it is meant to be behind
                found.append(key)
    return found


def tampered(sql: str) -> list[str]:
    """What is noticed after the tables' owner ran `sql` with the triggers off."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # no table can be altered while checks are pending
        for table in (
            "billing_usageday",
            "billing_partnerusageday",
            "billing_dayclose",
            "billing_usagecorrection",
            "billing_usageadjustment",
            "controlhub_packageassignment",
        ):
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(sql)
    return broken()


def test_rollup_says_what_it_closed(world: World) -> None:
    said = rollup("--day", f"{day(3):%F}")
    assert said.splitlines() == [
        "Ledger North: 4 days, 3 changes",
        "Ledger South: 4 days, 0 changes",
        "Closed 8 days with 3 changes for 2 partners.",
    ]
    assert rollup("--day", f"{day(3):%F}") == "Closed 0 days with 0 changes for 2 partners.\n"


def test_rollup_catches_up_to_yesterday(cast: Cast, today: date) -> None:
    for partner in (cast.north, cast.branch, cast.south):
        partner.billing_start_on = today - timedelta(days=400)
        partner.save(update_fields=["billing_start_on"])
    assert rollup("--catch-up").splitlines()[-1] == "Closed 1200 days with 0 changes for 3 partners."
    assert DayClose.objects.latest("day").day == today - timedelta(days=1)


def test_rollup_refuses_today(world: World, today: date) -> None:
    with pytest.raises(CommandError, match="cannot be closed yet"):
        rollup("--day", f"{today:%F}")
    assert not DayClose.objects.exists()


def test_rollup_fails_when_a_partner_is_parked(world: World) -> None:
    UsageDay.objects.create(
        partner=world.partners[0],
        customer=world.customers[0],
        location=world.locations[0],
        package="webex_suite",
        day=FIRST - timedelta(days=1),
        open_count=2,
        shift=0,
    )
    with pytest.raises(CommandError, match="1 partners are parked"):
        rollup("--day", f"{day(3):%F}")
    assert DayClose.objects.filter(partner=world.partners[0]).count() == 1  # the empty day before


def test_invariants_hold(world: World) -> None:
    correct(world)
    rollup("--day", f"{day(4):%F}")
    assert broken() == []


@pytest.mark.parametrize(
    ("deed", "noticed"),
    [
        ("UPDATE billing_usageday SET shift = shift - 1 WHERE day = '2024-02-28'", ["I6", "I6c", "I8"]),
        ("DELETE FROM billing_usageday", ["I6", "I6c", "I8"]),
        ("UPDATE billing_partnerusageday SET open_count = open_count + 1", ["I6b", "I6c", "I8"]),
        ("UPDATE billing_dayclose SET checksum = 'x' WHERE day = '2024-02-28'", ["I6c"]),
        ("DELETE FROM billing_dayclose WHERE day = '2024-02-28'", ["I6", "I6b", "I7"]),
        ("UPDATE controlhub_packageassignment SET started_at = started_at - interval '1 second'", ["I6", "I6b", "I8b"]),
        ("UPDATE billing_usageadjustment SET seconds = seconds - 1", ["I6c", "I8b", "I8d"]),
        ("DELETE FROM billing_usageadjustment", ["I6c", "I8b"]),
        ("UPDATE billing_usagecorrection SET ended_at = ended_at + interval '1 second'", ["I8b"]),
        ("UPDATE billing_usageadjustment SET package = 'webex_calling'", ["I6c", "I8c"]),
        ("UPDATE billing_usageadjustment SET made_at = made_at - interval '1 day'", ["I6c", "I8c"]),
        ("UPDATE billing_usageadjustment SET about_on = about_on - 1", ["I6c", "I8b", "I8d"]),
    ],
)
def test_invariants_notice(deed: str, noticed: list[str], world: World) -> None:
    correct(world)
    rollup("--day", f"{day(4):%F}")
    assert tampered(deed) == noticed


def test_invariants_notice_missing_assignments(world: World) -> None:
    rollup("--day", f"{day(3):%F}")
    assert tampered("DELETE FROM controlhub_packageassignment") == ["I6", "I6b"]
