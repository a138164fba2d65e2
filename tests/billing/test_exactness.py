"""Ledger and all three reports equal a count of every interval on every day, to the second."""

from collections import Counter

import pytest
from django.db import connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from billing import report_sql
from billing.models import UsageDay
from billing.queries.usage import use_by_package
from billing.services.closing import close_missing_days
from tests.billing.counts import KEYS, counted, place_key, reported
from tests.billing.history import DAY, Interval, World, at, day, make_world, store
from tests.billing.strategies import DAYS, exact, histories, ranges

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture
def world() -> World:
    return make_world()


@pytest.fixture(params=["UTC", "America/New_York", "Pacific/Kiritimati"])
def session_time_zone(request: pytest.FixtureRequest) -> None:
    """A session that thinks in another zone; New York skips an hour of the history."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('TimeZone', %s, true)", [request.param])


@exact
@given(history=histories, period=ranges)
def test_every_report_equals_the_count(
    session_time_zone: None, world: World, history: list[Interval], period: tuple[int, int]
) -> None:
    with transaction.atomic():
        store(world, history)
        assert [closing.parked for closing in close_missing_days(until=day(DAYS + 1))] == ["", ""]
        expected = counted(world, world.partners[0], history, *period)
        assert reported(world.partners[0], *period) == expected
        together = use_by_package(world.partners[0], first=day(period[0]), last=day(period[1]))
        assert {(use.package,): use.seconds for use in together} == {
            key: seconds for key, (_, _, seconds) in expected["PARTNER"].items()
        }
        transaction.set_rollback(True)


@exact
@given(history=histories)
def test_single_days_add_up_to_the_whole(world: World, history: list[Interval]) -> None:
    with transaction.atomic():
        store(world, history)
        list(close_missing_days(until=day(DAYS)))
        partner = world.partners[0]
        days = [sum(row[2] for row in reported(partner, n, n)["CUSTOMER"].values()) for n in range(DAYS + 1)]
        assert sum(days) == sum(row[2] for row in reported(partner, 0, DAYS)["USER"].values())
        transaction.set_rollback(True)


@exact
@given(history=histories)
def test_the_ledger_has_no_row_without_a_change(world: World, history: list[Interval]) -> None:
    with transaction.atomic():
        store(world, history)
        list(close_missing_days(until=day(DAYS)))
        changes = {
            (place_key(world, interval), day(instant // 86_400))
            for interval in history
            for instant in (interval.start, interval.end)
            if instant is not None
        }
        rows = {((row.customer_id, row.location_id, row.package), row.day) for row in UsageDay.objects.all()}
        assert rows <= changes
        transaction.set_rollback(True)


instants = st.integers(0, DAYS * DAY)


@exact
@given(history=histories, instant=instants, closed=st.integers(-1, DAYS))
def test_the_allocation_equals_the_count_whatever_is_closed(
    session_time_zone: None, world: World, history: list[Interval], instant: int, closed: int
) -> None:
    """Closed days end before the instant, as they do in life."""
    with transaction.atomic(), connection.cursor() as cursor:
        store(world, history)
        list(close_missing_days(until=day(min(closed, instant // DAY - 1))))
        cursor.execute(report_sql.CREATE_LINES)
        for kind, keys in KEYS.items():
            cursor.execute(f"DELETE FROM {report_sql.LINES}")
            bounds = {"partner": world.partners[0].pk, "as_of": at(instant), "place": 0}
            cursor.execute(report_sql.add_allocation(kind), bounds)
            assert cursor.fetchall() == []
            wanted = report_sql.KEYS[kind].replace("package", "item")
            cursor.execute(f"SELECT {wanted}, units FROM {report_sql.LINES}")
            assert {row[:-1]: row[-1] for row in cursor.fetchall()} == Counter(
                keys(world, interval)
                for interval in history
                if world.customers[interval.customer].partner == world.partners[0]
                and interval.start <= instant
                and (interval.end is None or interval.end > instant)
            )
        transaction.set_rollback(True)
