"""Four hundred days of an unreliable operation: two beats, killed anywhere, dead for days, with clocks that are wrong.

Afterwards everything is as if nothing had ever gone wrong: equal to a plain count, and all invariants hold.
"""

import random
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import nullcontext, suppress
from io import StringIO
from typing import Any

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection, connections

from billing.models import DayClose, ParkedPartner
from billing.queries import clock
from billing.services.closing import close_missing_days
from tenancy.models import Partner
from tests.billing.brute import PLACES, Book
from tests.billing.history import DAY, FIRST, day, make_world
from tests.billing.strategies import PACKAGES, SUBJECTS

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
DAYS = 400  # over a leap day, and three clock changes of New York
ZONES = ("UTC", "America/New_York", "Pacific/Kiritimati")
WAIT = 20


class Killed(BaseException):
    """What no code of ours catches, as little as SIGKILL."""


class Fate:
    """An execute wrapper that lets a beat die at its n-th statement: before it is sent, after its answer, or by the server."""

    def __init__(self, dice: random.Random) -> None:
        self.left, self.how = dice.randint(1, 30), dice.choice(["before", "after", "server"])

    def __call__(self, execute: Callable[..., Any], sql: str, *arguments: Any) -> Any:
        self.left -= 1
        if self.left != 0:
            return execute(sql, *arguments)
        if self.how == "after":
            execute(sql, *arguments)
        if self.how == "server":
            end_session()
            return execute(sql, *arguments)
        raise Killed


def end_session() -> None:
    """What an administrator does, or a server that goes down."""
    with suppress(psycopg.OperationalError):
        connection.connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")


def beat(until: int, zone: str, fate: Fate | None, seen: Counter[str]) -> None:
    """One run, in a process of its own as far as the database can tell."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('TimeZone', %s, false)", [zone])
        with connection.execute_wrapper(fate) if fate else nullcontext():
            for closing in close_missing_days(until=day(until)):
                seen["days"] += closing.days
                seen["parked"] += bool(closing.parked)
    except (Killed, OperationalError):
        seen["lost"] += fate is None
        if connection.connection:
            connection.connection.close()  # without a goodbye: the server rolls back, as after a kill
    finally:
        if fate and fate.left <= 0:
            seen[fate.how] += 1
        connections.close_all()


def night(today: int, dice: random.Random, seen: Counter[str]) -> None:
    """Two beats at once. Each may be killed, or have a clock that is wrong; the database's is right (billing.queries.clock)."""
    threads = []
    for _ in range(2):
        clock_is_off = dice.choice([0, 0, 0, 2, -1, -3])
        until = min(today, today + clock_is_off) - 1
        fate = Fate(dice) if dice.random() < 0.4 else None
        threads.append(threading.Thread(target=beat, args=(until, dice.choice(ZONES), fate, seen)))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT)
        assert not thread.is_alive()


def deeds(book: Book, dice: random.Random) -> None:
    """What admins do on one day, in order; at midnight and in its last second, too."""
    start = book.now // DAY * DAY
    for at in sorted(start + dice.choice([0, 1, dice.randrange(DAY), DAY - 1]) for _ in range(dice.randint(0, 4))):
        book.now = at
        deed(book, dice)


def deed(book: Book, dice: random.Random) -> None:
    subject, package, place = dice.randrange(SUBJECTS), dice.choice(PACKAGES), dice.choice(PLACES)
    held, kind = book.current(subject), dice.random()
    if kind < 0.2 and book.held:
        correction(book, dice)
    elif held is None:
        book.assign(subject, package, place, book.now)
    else:
        book.remove(held, book.now)
        if kind < 0.7:  # another package, another place, or the same again
            book.assign(subject, dice.choice([package, held.package]), dice.choice([place, held.place]), book.now)


def correction(book: Book, dice: random.Random) -> None:
    """About one of the last assignments: it began, or ended, up to some days earlier or later."""
    held = dice.choice(book.held[-8:])
    start = max(0, held.start + dice.randint(-3 * DAY, 3 * DAY))
    if held.end is None:
        book.correct(held, (min(start, max(held.start, book.now // DAY * DAY)), None))
    else:
        start = min(start, book.now)
        book.correct(held, (start, min(book.now, max(start, held.end + dice.randint(-3 * DAY, 3 * DAY)))))


def closed_days(book: Book) -> list[list[int]]:
    return [
        [(closed - FIRST).days for closed in rows.order_by("day").values_list("day", flat=True)]
        for rows in (DayClose.objects.filter(partner=partner) for partner in book.world.partners)
    ]


def test_four_hundred_days_of_trouble_leave_no_trace() -> None:
    dice, seen, book = random.Random(4), Counter[str](), Book(make_world())
    dead_until = 0
    for today in range(1, DAYS + 1):
        deeds(book, dice)
        book.now = today * DAY
        if dice.random() < 0.03:
            dead_until = today + dice.randint(2, 12)
        if today >= dead_until:
            night(today, dice, seen)
            book.closed = [len(days) - 1 for days in closed_days(book)]
        else:
            seen["dead nights"] += 1

    faults = {kind: seen[kind] for kind in ("before", "after", "server", "dead nights")}
    assert min(faults.values()) >= 20, faults
    assert (seen["parked"], seen["lost"]) == (0, 0)
    for number in (0, 1):
        book.close(number, DAYS - 1)
    assert closed_days(book) == [list(range(DAYS))] * 2
    for _ in range(40):
        first, last = sorted(dice.randrange(DAYS) for _ in range(2))
        for number in (0, 1):
            book.check(number, first, last)
    for number in (0, 1):
        book.check(number, 0, DAYS - 1)

    all_invariants_hold(book)


def all_invariants_hold(book: Book) -> None:
    """Billing's above all. What the tests write past the services (seats, places, counters) is put right before."""
    for held in book.held:
        if held.end is None:
            book.remove(held, book.now)
    for partner in book.world.partners:
        Partner.objects.filter(pk=partner.pk).update(customer_count=partner.customers.count())
    list(close_missing_days(until=clock.last_closable_day()))  # until this very day: nobody is behind
    assert not ParkedPartner.objects.exists()
    told = StringIO()
    with suppress(CommandError):
        call_command("invariants", verify_hashes=True, stdout=told)
    assert [line for line in told.getvalue().splitlines() if line.startswith(("BROKEN", " "))] == []
