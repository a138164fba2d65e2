"""Deeds in any order at any instant, closed in any rhythm: after every closing the three reports equal a plain count.

Hypothesis chooses the deeds (billing.brute does them twice). `HYPOTHESIS_PROFILE=search` looks for new sequences.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from billing import ledger_sql, report_sql
from billing.invariants import INVARIANTS
from billing.models import BillingReport
from tests.billing.brute import PLACES, Book
from tests.billing.history import DAY, World, make_world
from tests.billing.strategies import PACKAGES, SUBJECTS

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
EXAMPLES = settings().max_examples
quick = settings(
    max_examples=EXAMPLES // 3,
    stateful_step_count=30,
    phases=[Phase.generate],  # shrinking fifty deeds takes many minutes: add Phase.shrink here by hand
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
deep = settings(quick, max_examples=EXAMPLES, stateful_step_count=60)
# All of them lie about UTC midnights; the first three change their clocks within the history, by an hour or by half of one.
ZONES = ("America/New_York", "Europe/London", "Australia/Lord_Howe", "Pacific/Kiritimati", "UTC")

_HOURS = st.sampled_from([0, 1, 3_599, 3_600, 7_200, DAY // 2, DAY - 1, DAY, DAY + 1, 3 * DAY, 5 * DAY])
# Where in the span that is left an instant lies: its ends, a midnight with its neighbours, or anywhere.
_PICKS = st.one_of(
    st.sampled_from([("first", 0), ("last", 0)]),
    st.tuples(st.just("midnight"), st.sampled_from([-1, 0, 0, 1])),
    st.tuples(st.just("any"), st.integers(0, 40 * DAY)),
)
_SUBJECTS, _PACKAGES, _PLACES = st.integers(0, SUBJECTS - 1), st.sampled_from(PACKAGES), st.sampled_from(PLACES)
_NUMBERS = st.integers(0, 1_000)


def pick(span: tuple[int, int], how: tuple[str, int]) -> int:
    """An instant within the span, both ends included."""
    first, last = span
    kind, by = how
    if kind in ("first", "last"):
        return first if kind == "first" else last
    if kind == "midnight":
        return min(max(first, last // DAY * DAY + by), last)
    return first + by % (last - first + 1)


@contextmanager
def session_in(zone: str) -> Iterator[None]:
    """What counts is SQL and must not mind. Django's own reading of instants does: it relies on UTC, which it sets itself."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('TimeZone', %s, true)", [zone])
        yield
        cursor.execute("SELECT set_config('TimeZone', 'UTC', true)")


class UsageMachine(RuleBasedStateMachine):
    """Five subjects, three customers of two partners, one clock that only goes on."""

    world: World  # set by the test: made once, every run is undone

    def __init__(self) -> None:
        super().__init__()
        self.undo = transaction.atomic()
        self.undo.__enter__()
        self.book = Book(self.world)

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.undo.__exit__(None, None, None)

    @initialize(zone=st.sampled_from(ZONES))
    def nights_think_in(self, zone: str) -> None:
        self.zone = zone

    @rule(by=_HOURS)
    def wait(self, by: int) -> None:
        self.book.now += by

    @rule(before=st.integers(-1, 1))
    def wait_for_midnight(self, before: int) -> None:
        self.book.now = (self.book.now // DAY + 1) * DAY + before

    @rule(subject=_SUBJECTS, package=_PACKAGES, place=_PLACES, how=_PICKS)
    def assign(self, subject: int, package: str, place: tuple[int, int], how: tuple[str, int]) -> None:
        """Also in the second in which the last package was removed: re-added."""
        held = self.book.current(subject)
        first = max(self.book.open_from(place), self.book.free_from(subject))
        if held is None and first <= self.book.now:
            self.book.assign(subject, package, place, pick((first, self.book.now), how))

    @rule(subject=_SUBJECTS, how=_PICKS)
    def remove(self, subject: int, how: tuple[str, int]) -> None:
        self._end(subject, how)

    @rule(subject=_SUBJECTS, package=_PACKAGES, how=_PICKS)
    def change_package(self, subject: int, package: str, how: tuple[str, int]) -> None:
        held = self.book.current(subject)
        if held and (instant := self._end(subject, how)) is not None:
            self.book.assign(subject, package, held.place, instant)

    @rule(subject=_SUBJECTS, place=_PLACES, how=_PICKS)
    def move(self, subject: int, place: tuple[int, int], how: tuple[str, int]) -> None:
        """To another location, customer or partner, in the same second."""
        held = self.book.current(subject)
        if held and (instant := self._end(subject, how, place)) is not None:
            self.book.assign(subject, held.package, place, instant)

    def _end(self, subject: int, how: tuple[str, int], *places: tuple[int, int]) -> int | None:
        held = self.book.current(subject)
        if held is None:
            return None
        first = max(held.earliest_end, self.book.open_from(held.place, *places))
        if first > self.book.now:
            return None
        instant = pick((first, self.book.now), how)
        self.book.remove(held, instant)
        return instant

    @rule(subject=_SUBJECTS, package=_PACKAGES, place=_PLACES, how=_PICKS)
    def too_late(self, subject: int, package: str, place: tuple[int, int], how: tuple[str, int]) -> None:
        if last := self.book.open_from(place):
            self.book.refused(subject, package, place, pick((0, last - 1), how))

    @precondition(lambda self: self.book.held)
    @rule(number=_NUMBERS, start=_PICKS, end=_PICKS, never=st.sampled_from([False, False, True]))
    def correct(self, number: int, start: tuple[str, int], end: tuple[str, int], never: bool) -> None:
        """To any truth that could have been, on the day or weeks later, the first or the fifth time."""
        held = self.book.held[number % len(self.book.held)]
        if held.end is None:
            midnight = self.book.now // DAY * DAY
            self.book.correct(held, (pick((0, max(held.start, midnight)), start), None))
            return
        first = pick((0, self.book.now), start)
        self.book.correct(held, (first, first if never else pick((first, self.book.now), end)))

    @rule(partners=st.sampled_from([(0,), (1,), (0, 1)]), late=st.sampled_from([0, 0, 0, 1, 4]), period=st.data())
    def close(self, partners: tuple[int, ...], late: int, period: st.DataObject) -> None:
        """After one night or many; both partners, or one of them is left behind."""
        until = self.book.now // DAY - 1 - late
        for partner in partners:
            with session_in(self.zone):
                self.book.close(partner, max(until, self.book.closed[partner]))
                last = self.book.closed[partner]
                if last >= 0:
                    first = period.draw(st.integers(0, last))
                    self.book.check(partner, first, period.draw(st.integers(first, last)))

    @rule()
    def invariants_hold(self) -> None:
        """All but the one about how late it is: this history ended long ago."""
        with session_in(self.zone), connection.cursor() as cursor:
            for key, _, sql in INVARIANTS:
                if key != "I7b":
                    cursor.execute(sql)
                    assert (key, cursor.fetchall()) == (key, [])


def run(how: settings) -> None:
    UsageMachine.world = make_world()
    run_state_machine_as_test(UsageMachine, settings=how)


def test_reports_equal_the_count_after_any_deeds() -> None:
    run(quick)


def test_reports_equal_the_count_after_many_deeds() -> None:
    run(deep)


ENDED = "ended_at >= %(opens)s AND ended_at < %(closes)s"
LATER = "ended_at > %(opens)s AND ended_at < %(closes)s"
USER = report_sql.CORE[BillingReport.Type.USER]


@pytest.mark.parametrize(
    ("where", "name", "right", "wrong"),
    [
        ("ledger", "CLOSE_DAY", ENDED, LATER),  # an end at midnight that no day counts
        ("ledger", "CLOSE_DAY", "1577836800) AS moved", "1577836800) + 1 AS moved"),
        ("ledger", "NEXT_CHANGE", "started_at >= %(opens)s", "started_at > %(opens)s"),
        ("report", "USER", "interval '1 second'", "interval '0 seconds'"),
        ("report", "CUSTOMER", "greatest(day + 1, %(first)s)", "greatest(day, %(first)s)"),
    ],
)
def test_a_planted_mistake_is_found(
    where: str, name: str, right: str, wrong: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: without it, a machine that does nothing would be as green."""
    if where == "ledger":
        sql = getattr(ledger_sql, name)
        assert right in sql
        monkeypatch.setattr(ledger_sql, name, sql.replace(right, wrong))
    else:
        sql = report_sql.CORE[BillingReport.Type(name)]
        assert right in sql
        monkeypatch.setitem(report_sql.CORE, BillingReport.Type(name), sql.replace(right, wrong))
    with pytest.raises(AssertionError):
        run(settings(quick, max_examples=EXAMPLES * 20))  # it ends with the first that is found
