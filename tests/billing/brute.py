"""A book of usage kept twice: in the database as the portal does it, and here in plain lists, counted second by second.

The database may refuse what it must refuse; everything else has to come to the same, whatever the order of deeds.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from django.db import IntegrityError, transaction

from billing.errors import MoreThanADay
from billing.queries.corrections import Span
from billing.queries.usage import use_by_package
from billing.services.adjusting import correct_usage
from billing.services.closing import close_partner
from controlhub.models import PackageAssignment
from tenancy.actors import SYSTEM
from tenancy.models import Partner
from tests.billing.counts import KEYS, counted, reported, reported_adjustments
from tests.billing.history import DAY, Interval, World, at, day, store

PLACES = [
    (0, 0),
    (0, 1),
    (0, 6),
    (1, 2),
    (1, 6),
    (2, 4),
    (2, 5),
]  # (customer, location); the third one's partner is another
PARTNERS = [0, 0, 1]  # of each customer


@dataclass
class Held:
    """One assignment as it was recorded, as it truly was, and what has been booked about the difference."""

    pk: int
    subject: int
    package: str
    place: tuple[int, int]
    start: int
    end: int | None = None
    truth: tuple[int, int | None] | None = None
    corrected_at: int = 0
    booked: list[tuple[int, int, int]] = field(default_factory=list)  # (made on day, about day, seconds)

    @property
    def partner(self) -> int:
        return PARTNERS[self.place[0]]

    @property
    def interval(self) -> Interval:
        return Interval(self.subject, self.package, *self.place, self.start, self.end)

    @property
    def earliest_end(self) -> int:
        """It ends neither before it was recorded to start nor before it truly did."""
        return max(self.start, self.truth[0] if self.truth else 0)

    def adjusted(self, about: int) -> int:
        return sum(seconds for _, of, seconds in self.booked if of == about)


def seconds_on(number: int, start: int, end: int | None) -> int:
    closes = (number + 1) * DAY
    return max(0, min(closes if end is None else end, closes) - max(start, number * DAY))


class Book:
    """The deeds of the tests. Instants are seconds after the history begins; `now` is the clock of whoever acts."""

    def __init__(self, world: World) -> None:
        self.world, self.now, self.held = world, 0, list[Held]()
        self.closed = [-1, -1]  # the last closed day of each partner

    def open_from(self, *places: tuple[int, int]) -> int:
        """The first second that is still open for all partners of these places."""
        return max((self.closed[PARTNERS[customer]] + 1) * DAY for customer, _ in places)

    def current(self, subject: int) -> Held | None:
        return next((held for held in self.held if held.subject == subject and held.end is None), None)

    def free_from(self, subject: int) -> int:
        """When it may get something again: after its last end, and not before a correction that was made without it."""
        own = [held for held in self.held if held.subject == subject]
        return max((max(held.end or 0, held.corrected_at) for held in own), default=0)

    def assign(self, subject: int, package: str, place: tuple[int, int], instant: int) -> None:
        store(self.world, [Interval(subject, package, *place, instant, None)])
        newest = PackageAssignment.objects.latest("pk")
        self.held.append(Held(newest.pk, subject, package, place, instant))

    def remove(self, held: Held, instant: int) -> None:
        PackageAssignment.objects.filter(pk=held.pk).update(ended_at=at(instant))
        held.end = instant

    def refused(self, subject: int, package: str, place: tuple[int, int], instant: int) -> None:
        """Neither a start nor an end gets into a closed day."""
        late = Interval(subject, package, *place, instant, None)
        _must_fail(lambda: store(self.world, [late]))
        held = self.current(subject)
        if held and instant < (self.closed[held.partner] + 1) * DAY:
            _must_fail(lambda: PackageAssignment.objects.filter(pk=held.pk).update(ended_at=at(instant)))

    def correct(self, held: Held, truth: tuple[int, int | None]) -> bool:
        """Later truth about an assignment. Returns whether it was booked; a day with more than a day's use refuses it."""
        changes = self._changes(held, truth)
        span = Span(at(truth[0]), None if truth[1] is None else at(truth[1]))
        assignment = PackageAssignment.objects.get(pk=held.pk)
        too_much = self._too_much(held, changes)
        try:
            made = correct_usage(assignment=assignment, truth=span, reason="Late", by=SYSTEM, at=at(self.now))
        except MoreThanADay:
            assert too_much
            return False
        assert not too_much
        assert (made is not None) == bool(changes)
        if made:
            held.truth, held.corrected_at = truth, self.now
            held.booked += [(self.now // DAY, about, seconds) for about, seconds in changes.items()]
        return made is not None

    def _changes(self, held: Held, truth: tuple[int, int | None]) -> dict[int, int]:
        changes = {
            number: seconds_on(number, *truth) - seconds_on(number, held.start, held.end) - held.adjusted(number)
            for number in range(self.now // DAY + 1)
        }
        return {number: seconds for number, seconds in changes.items() if seconds}

    def _too_much(self, held: Held, changes: dict[int, int]) -> bool:
        """What runs counts until midnight; if nothing does, something may still be started now."""
        own = [other for other in self.held if other.subject == held.subject]
        may_start = [] if self.current(held.subject) else [Held(0, held.subject, held.package, held.place, self.now)]
        return any(
            seconds > 0
            and seconds
            + sum(seconds_on(number, other.start, other.end) + other.adjusted(number) for other in [*own, *may_start])
            > DAY
            for number, seconds in changes.items()
        )

    def close(self, partner: int, until: int) -> None:
        """Close the partner's days up to `until`, however many that are."""
        closing = close_partner(partner=self.world.partners[partner], until=day(until))
        assert (closing.parked, closing.postponed) == ("", "")
        assert closing.days == max(0, until - self.closed[partner])
        self.closed[partner] = max(self.closed[partner], until)

    def check(self, partner: int, first: int, last: int) -> None:
        """All report levels say of the days `first` to `last` what was counted, and come to the same sum."""
        who = self.world.partners[partner]
        expected = counted(self.world, who, [held.interval for held in self.held], first, last)
        found = reported(who, first, last)
        assert found == expected
        sums = {level: sum(row[2] for row in rows.values()) for level, rows in found.items()}
        assert sums["PARTNER"] == sums["CUSTOMER"] == sums["USER"]
        assert {use.package: use.seconds for use in use_by_package(who, first=day(first), last=day(last))} == {
            package: row[2] for (package,), row in expected["PARTNER"].items()
        }
        assert reported_adjustments(who, first, last) == self._adjusted(who, first, last)

    def _adjusted(self, partner: Partner, first: int, last: int) -> dict[str, Counter[tuple[object, ...]]]:
        """By level: what was booked in the period, by key and the day it is about, without what comes to nothing."""
        booked: dict[str, Counter[tuple[object, ...]]] = {level: Counter() for level in KEYS}
        for held in self.held:
            for made, about, seconds in held.booked:
                if first <= made <= last and self.world.partners[held.partner] == partner:
                    for level, key_of in KEYS.items():
                        booked[level][*key_of(self.world, held.interval), day(about)] += seconds
        return {
            level: Counter({key: seconds for key, seconds in rows.items() if seconds}) for level, rows in booked.items()
        }


REFUSALS = ("in a closed day", "assignment_ends_later", "one_base_package_at_a_time", "one_workspace_package_at_a_time")


def _must_fail(deed: Callable[[], object]) -> None:
    with pytest.raises(IntegrityError, match="|".join(REFUSALS)), transaction.atomic():
        deed()
