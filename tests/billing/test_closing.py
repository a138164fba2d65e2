"""Closing days: in order, once, for good."""

import itertools
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
import pytest
import time_machine
from django.db import IntegrityError, connection, transaction

from billing import ledger_sql
from billing.models import DayClose, ParkedPartner, PartnerUsageDay, UsageDay
from billing.queries import clock
from billing.queries.corrections import Span
from billing.services import closing
from billing.services.adjusting import correct_usage
from billing.services.closing import Closing, close_missing_days, close_partner, next_day
from tenancy.actors import SYSTEM
from tests.billing.history import DAY, FIRST, Interval, World, at, day, make_world, store
from tests.factories import make_adjustment

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_world()


def ledger(world: World) -> list[tuple[int, str, date, int, int]]:
    rows = UsageDay.objects.filter(partner=world.partners[0]).order_by("customer", "package", "location", "day")
    return [(row.customer_id, row.package, row.day, row.open_count, row.shift) for row in rows]


def closed(world: World) -> list[tuple[date, int]]:
    return list(DayClose.objects.filter(partner=world.partners[0]).order_by("day").values_list("day", "changes"))


def base(number: int) -> int:
    """Seconds between the ledger's epoch (2020-01-01) and the start of a day of the history."""
    return (day(number) - date(2020, 1, 1)).days * DAY


def test_writes_a_row_only_for_the_days_on_which_something_changed(world: World) -> None:
    store(world, [Interval(0, "webex_suite", 0, 0, DAY + 10, 4 * DAY)])

    result = close_partner(partner=world.partners[0], until=day(5))

    assert result == Closing(world.partners[0], days=6, changes=2)
    assert closed(world) == [(day(0), 0), (day(1), 1), (day(2), 0), (day(3), 0), (day(4), 1), (day(5), 0)]
    customer = world.customers[0].pk
    assert ledger(world) == [
        (customer, "webex_suite", day(1), 1, -(base(1) + 10)),
        (customer, "webex_suite", day(4), 0, base(4) - base(1) - 10),
    ]
    assert list(PartnerUsageDay.objects.values_list("partner", "package", "day", "open_count")) == [
        (world.partners[0].pk, "webex_suite", day(1), 1),
        (world.partners[0].pk, "webex_suite", day(4), 0),
    ]


def test_closing_again_changes_nothing(world: World) -> None:
    store(world, [Interval(0, "webex_suite", 0, 0, 10, None)])
    close_partner(partner=world.partners[0], until=day(3))
    before = ledger(world), closed(world)

    again = close_partner(partner=world.partners[0], until=day(3))

    assert (again, ledger(world), closed(world)) == (Closing(world.partners[0]), *before)


def test_night_by_night_equals_catching_up_after_an_outage(world: World) -> None:
    history = [
        Interval(0, "webex_suite", 0, 0, 5, 3 * DAY + 7),
        Interval(0, "webex_calling", 0, 0, 3 * DAY + 7, None),
        Interval(1, "webex_suite", 1, 2, 2 * DAY, 2 * DAY),
    ]
    store(world, history)
    with transaction.atomic():
        close_partner(partner=world.partners[0], until=day(6))
        at_once = ledger(world), closed(world)
        transaction.set_rollback(True)

    for number in range(7):
        close_partner(partner=world.partners[0], until=day(number))

    assert (ledger(world), closed(world)) == at_once


def test_starts_at_the_first_assignment_when_that_is_before_the_billing_start(world: World) -> None:
    store(world, [Interval(0, "webex_suite", 0, 0, 0, None)])
    world.partners[0].billing_start_on = day(30)
    world.partners[0].save(update_fields=["billing_start_on"])
    assert next_day(world.partners[0]) == FIRST


def test_two_changes_that_cancel_leave_no_row(world: World) -> None:
    store(
        world,
        [Interval(0, "webex_suite", 0, 0, 0, DAY + 500), Interval(1, "webex_suite", 0, 0, DAY + 500, None)],
    )
    close_partner(partner=world.partners[0], until=day(2))
    assert [row[2:4] for row in ledger(world)] == [(day(0), 1)]
    assert closed(world) == [(day(0), 1), (day(1), 2), (day(2), 0)]


def test_today_never_closes(world: World) -> None:
    with pytest.raises(IntegrityError, match="is not over"), transaction.atomic():
        DayClose.objects.create(partner=world.partners[0], day=date.max, changes=0, checksum="")
    assert closed(world) == []


def test_days_cannot_be_skipped(world: World) -> None:
    close_partner(partner=world.partners[0], until=day(1))
    with pytest.raises(IntegrityError, match="is not the next"), transaction.atomic():
        DayClose.objects.create(partner=world.partners[0], day=day(3), changes=0, checksum="")
    assert [number for number, _ in closed(world)] == [day(0), day(1)]


@pytest.mark.parametrize("model", [UsageDay, PartnerUsageDay, DayClose])
def test_closed_usage_can_be_neither_changed_nor_removed(world: World, model: type) -> None:
    store(world, [Interval(0, "webex_suite", 0, 0, 5, None)])
    close_partner(partner=world.partners[0], until=day(0))
    before = list(model.objects.values())

    with pytest.raises(IntegrityError, match="is closed"), transaction.atomic():
        model.objects.update(day=day(1))
    with pytest.raises(IntegrityError, match="is closed"), transaction.atomic():
        model.objects.all().delete()

    assert list(model.objects.values()) == before


def test_a_closed_day_gets_no_more_rows(world: World) -> None:
    close_partner(partner=world.partners[0], until=day(3))
    row = {"partner": world.partners[0], "package": "webex_suite", "day": day(3), "open_count": 1, "shift": 0}
    with pytest.raises(IntegrityError, match="closed day"), transaction.atomic():
        PartnerUsageDay.objects.create(**row)
    with pytest.raises(IntegrityError, match="closed day"), transaction.atomic():
        UsageDay.objects.create(customer=world.customers[0], **row)
    assert not UsageDay.objects.exists()
    assert not PartnerUsageDay.objects.exists()


def test_an_assignment_can_neither_start_nor_end_in_a_closed_day(world: World) -> None:
    store(world, [Interval(0, "webex_suite", 0, 0, 5, None)])
    close_partner(partner=world.partners[0], until=day(3))
    open_one = world.subscribers[0].assignments.get()

    with pytest.raises(IntegrityError, match="cannot start in a closed day"), transaction.atomic():
        store(world, [Interval(1, "webex_suite", 1, 2, 4 * DAY - 1, None)])
    open_one.ended_at = at(4 * DAY - 1)
    with pytest.raises(IntegrityError, match="cannot end in a closed day"), transaction.atomic():
        open_one.save(update_fields=["ended_at"])

    store(world, [Interval(1, "webex_suite", 1, 2, 4 * DAY, None)])  # the first open second
    open_one.ended_at = at(4 * DAY)
    open_one.save(update_fields=["ended_at"])
    assert world.subscribers[1].assignments.count() == 1


def test_closed_days_of_one_partner_do_not_bind_another(world: World) -> None:
    close_partner(partner=world.partners[0], until=day(3))
    store(world, [Interval(2, "webex_suite", 2, 4, 5, None)])
    assert world.subscribers[2].assignments.count() == 1


def test_a_partner_that_does_not_add_up_is_parked_and_the_others_go_on(world: World) -> None:
    store(world, [Interval(0, "webex_suite", 0, 0, 5, None), Interval(2, "webex_suite", 2, 4, 5, None)])
    UsageDay.objects.create(  # what no code of ours writes: use before the first assignment
        partner=world.partners[0],
        customer=world.customers[0],
        location=world.locations[0],
        package="webex_suite",
        day=FIRST - timedelta(days=1),
        open_count=7,
        shift=0,
    )

    parked, other = list(close_missing_days(until=day(1)))

    parking = ParkedPartner.objects.get()
    assert (parked.days, other.days, other.parked) == (0, 2, "")
    assert (parking.partner, parking.day) == (world.partners[0], day(0))
    assert "the ledger says" in parking.reason
    assert parked.parked == f"{day(0):%F}: {parking.reason}"
    assert closed(world) == []


@pytest.mark.parametrize(
    ("right", "wrong", "reason"),
    [
        ("AND started_at < %(closes)s", "AND started_at < %(closes)s AND location_id IS NULL", "usage_never_below_zero"),
        ("", "", ""),  # nothing wrong: the check itself lets a right day pass
        ("AND ended_at < %(closes)s", "AND ended_at < %(opens)s", "the ledger says"),
        ("AS moved FROM changes GROUP BY package", "+ 1 AS moved FROM changes GROUP BY package", "the partner's ledger moved"),
    ],
)  # fmt: skip
def test_a_wrong_computation_is_noticed_before_the_day_closes(
    right: str, wrong: str, reason: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(world, [Interval(0, "webex_suite", 0, 0, 5, 500), Interval(1, "webex_suite", 1, 2, 50, None)])
    monkeypatch.setattr(ledger_sql, "CLOSE_DAY", ledger_sql.CLOSE_DAY.replace(right, wrong))
    result = close_partner(partner=world.partners[0], until=day(0))
    assert (reason in result.parked, bool(result.parked), len(closed(world))) == (True, bool(reason), int(not reason))


def test_a_parked_partner_goes_on_once_its_day_adds_up(world: World) -> None:
    ParkedPartner.objects.create(partner=world.partners[0], day=day(0), reason="was wrong, is mended")
    close_partner(partner=world.partners[0], until=day(0))
    assert closed(world) == [(day(0), 0)]
    assert not ParkedPartner.objects.exists()


def test_adjustments_close_with_the_day_on_which_they_were_made(world: World) -> None:
    """A day without a change but with a correction has a checksum of its own, and the days around it have not."""
    store(world, [Interval(0, "webex_suite", 0, 0, 5, DAY)])
    assignment = world.subscribers[0].assignments.get()
    correct_usage(assignment=assignment, truth=Span(at(5), at(5)), reason="Wrong user", by=SYSTEM, at=at(4 * DAY))

    close_partner(partner=world.partners[0], until=day(6))

    checksums = dict(DayClose.objects.filter(partner=world.partners[0]).values_list("day", "checksum"))
    assert [number for number in range(7) if checksums[day(number)] != ledger_sql.EMPTY_CHECKSUM] == [0, 1, 4]
    assert closed(world)[4] == (day(4), 0)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"seconds": -(DAY - 5)}, ""),
        ({"seconds": -(DAY - 6)}, "adjusted by -86394 seconds, its correction says -86395"),
        ({"seconds": -(DAY - 5), "about_on": day(1)}, "adjusted by -86395 seconds, its correction says 0"),
        ({"seconds": -(DAY - 5), "package": "webex_calling"}, "is not about assignment"),
    ],
)
def test_adjustments_that_do_not_add_up_park_the_partner(world: World, fields: dict[str, Any], reason: str) -> None:
    store(world, [Interval(0, "webex_suite", 0, 0, 5, DAY)])
    assignment = world.subscribers[0].assignments.get()
    make_adjustment(assignment, **{"about_on": day(0), "made_at": at(2 * DAY)} | fields)

    result = close_partner(partner=world.partners[0], until=day(3))

    assert (reason in result.parked, bool(result.parked)) == (True, bool(reason))
    assert len(closed(world)) == (2 if reason else 4)


def test_a_clock_that_is_set_wrong_alone_closes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ours or the database's: a day is over when both say so."""
    yesterday = clock.today() - timedelta(days=1)
    assert clock.last_closable_day() == yesterday
    with time_machine.travel(datetime.now(UTC) - timedelta(days=3)):
        assert clock.last_closable_day() == yesterday - timedelta(days=3)
    with time_machine.travel(datetime.now(UTC) + timedelta(days=3)):
        assert clock.last_closable_day() == yesterday
    monkeypatch.setattr(clock, "SETTLING_SECONDS", 2 * DAY)
    assert clock.last_closable_day() == yesterday - timedelta(days=2)


def test_whoever_forgot_to_commit_holds_up_nobody_else(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(closing, "LOCK_PATIENCE", "1ms")
    store(world, [Interval(0, "webex_suite", 0, 0, 5, None), Interval(2, "webex_suite", 2, 4, 5, None)])
    with connect_apart() as forgetful, forgetful.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock_shared(billing_lock(%s))", [world.partners[0].pk])
        waiting, other = close_missing_days(until=day(1))
    assert (waiting.days, other.days, waiting.parked, other.postponed) == (0, 2, "", "")
    assert waiting.postponed.startswith(f"{day(0):%F}: canceling statement due to lock timeout")

    (again, _) = close_missing_days(until=day(1))
    assert again == Closing(world.partners[0], days=2, changes=1)


def connect_apart() -> psycopg.Connection:
    """A second connection to the same database."""
    return psycopg.connect(**connection.get_connection_params() | {"autocommit": True})


class Killed(BaseException):
    """What no code of ours catches, as little as SIGKILL."""


def killing(statement: int, *, after: bool) -> Callable[..., Any]:
    """An execute wrapper that dies at the n-th statement: before it reaches the server, or before its answer is read."""
    count = itertools.count(1)

    def wrapper(execute: Callable[..., Any], *arguments: Any) -> Any:
        if next(count) != statement:
            return execute(*arguments)
        if after:
            execute(*arguments)
        raise Killed

    return wrapper


@pytest.mark.slow
@pytest.mark.parametrize("after", [False, True])
def test_killed_at_any_statement_it_goes_on_where_it_was(world: World, after: bool) -> None:
    """Each run dies one statement later than the one before, until one gets through; the end is the same as without."""
    store(world, [Interval(n % 2, "webex_suite", n % 2, 0, n * DAY + 9, n * DAY + 999) for n in range(3)])
    with transaction.atomic():
        close_partner(partner=world.partners[0], until=day(4))
        undisturbed = ledger(world), closed(world)
        transaction.set_rollback(True)

    deaths = 0
    while True:
        try:
            with connection.execute_wrapper(killing(deaths + 1, after=after)):
                close_partner(partner=world.partners[0], until=day(4))
            break
        except Killed:
            deaths += 1
            days = [number for number, _ in closed(world)]
            assert days == [day(n) for n in range(len(days))]  # whole days, in order
            assert {row[2] for row in ledger(world)} <= set(days)
    assert (ledger(world), closed(world)) == undisturbed
    assert deaths > 10
