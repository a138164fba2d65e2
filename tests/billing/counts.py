"""What the three report levels must say, counted interval by interval and day by day; and what they do say."""

from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import date
from typing import Any

from django.db import connection

from billing import report_sql
from tenancy.models import Partner
from tenancy.packages import PACKAGES
from tests.billing.history import Interval, World, day, used_days

Key = tuple[Any, ...]
Rows = dict[Key, tuple[date, date, int]]
KeyOf = Callable[[World, Interval], Key]


def place_key(world: World, interval: Interval) -> Key:
    location = world.locations[interval.location]
    return (world.customers[interval.customer].pk, location.pk if location else None, interval.package)


def user_key(world: World, interval: Interval) -> Key:
    people = len(world.subscribers)
    who = (
        (world.subscribers[interval.subject].pk, None)
        if interval.subject < people
        else (None, world.workspaces[interval.subject - people].pk)
    )
    return (*place_key(world, interval), *who)


KEYS: dict[str, KeyOf] = {
    "PARTNER": lambda world, interval: (interval.package,),
    "CUSTOMER": place_key,
    "USER": user_key,
}


def counted(world: World, partner: Partner, history: list[Interval], first: int, last: int) -> dict[str, Rows]:
    """By level: (first day of use, last day of use, seconds) of each key of the partner in the days `first` to `last`."""
    found: dict[str, dict[Key, list[Any]]] = {level: defaultdict(lambda: [None, None, 0]) for level in KEYS}
    for (interval, number), seconds in sorted(used_days(history, first, last).items(), key=lambda item: item[0][1]):
        if world.customers[interval.customer].partner != partner:
            continue
        for level, key_of in KEYS.items():
            row = found[level][key_of(world, interval)]
            row[0] = row[0] or day(number)
            row[1] = day(number)
            row[2] += seconds
    return {level: {key: tuple(row) for key, row in rows.items()} for level, rows in found.items()}


def reported(partner: Partner, first: int, last: int) -> dict[str, Rows]:
    """The same as the reports' own SQL has it."""
    return {
        level: {row[:-3]: row[-3:] for row in _rows(core, partner, first, last)} for level, core in _cores().items()
    }


def reported_adjustments(partner: Partner, first: int, last: int) -> dict[str, Counter[Key]]:
    """By level: seconds by (key, day it is about), of the corrections made in the days `first` to `last`."""
    return {
        level: Counter({row[:-2]: row[-1] for row in _rows(report_sql.adjustments_core(level), partner, first, last)})
        for level in KEYS
    }


def _cores() -> dict[str, str]:
    return {level: report_sql.CORE[level] for level in KEYS}  # type: ignore[index]


def _rows(core: str, partner: Partner, first: int, last: int) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(
            core, {"partner": partner.pk, "first": day(first), "after": day(last + 1), "packages": list(PACKAGES)}
        )
        return cursor.fetchall()
