"""Several at once: two beats, a change on its way while its day closes, a crash between two days."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.db import IntegrityError, connection, connections, transaction

from billing import files, ledger_sql
from billing.models import BillingReport, DayClose, PartnerUsageDay, UsageDay
from billing.services import closing
from billing.services.closing import close_missing_days, close_partner
from billing.services.making import make_report
from tests.billing.history import DAY, Interval, World, day, make_world, store

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
WAIT = 10


def in_threads(*works: Callable[[], Any]) -> list[threading.Thread]:
    """Start each with a connection of its own."""

    def run(work: Callable[[], Any]) -> None:
        try:
            work()
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    return threads


def waiting_for_locks() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
        return cursor.fetchone()[0]


def until_one_waits() -> None:
    """Until another connection is blocked by ours."""
    pause = threading.Event()
    for _ in range(WAIT * 100):
        if waiting_for_locks():
            return
        pause.wait(0.01)
    pytest.fail("nobody waits")


def figures() -> tuple[list[Any], list[Any], list[Any]]:
    return (
        list(
            UsageDay.objects.order_by("pk").values_list("customer", "package", "location", "day", "open_count", "shift")
        ),
        list(PartnerUsageDay.objects.order_by("pk").values_list("package", "day", "open_count", "shift")),
        list(DayClose.objects.order_by("partner", "day").values_list("partner", "day", "changes", "checksum")),
    )


def changes_of_a_week(world: World) -> list[Interval]:
    return [Interval(n % 2, "webex_suite", n % 2, 0, n * DAY + n, n * DAY + 5_000) for n in range(7)]


def test_four_beats_at_once_close_each_day_once() -> None:
    world = make_world()
    store(world, changes_of_a_week(world))
    gate = threading.Barrier(4)
    done: list[closing.Closing] = []

    def beat() -> None:
        gate.wait(WAIT)
        done.extend(close_missing_days(until=day(7)))

    for thread in in_threads(beat, beat, beat, beat):
        thread.join(WAIT)

    assert {closing.parked for closing in done} == {""}
    assert sum(closing.days for closing in done) == DayClose.objects.count() == 16
    assert sum(closing.changes for closing in done) == 14
    at_once = figures()[2]
    assert [row[1] for row in at_once if row[0] == world.partners[0].pk] == [day(n) for n in range(8)]


def test_a_change_on_its_way_is_waited_for() -> None:
    world = make_world()
    with transaction.atomic():
        store(world, [Interval(0, "webex_suite", 0, 0, DAY + 60, None)])
        (closer,) = in_threads(lambda: close_partner(partner=world.partners[0], until=day(1)))
        until_one_waits()
    closer.join(WAIT)
    assert list(UsageDay.objects.values_list("day", "open_count")) == [(day(1), 1)]


def test_a_change_that_comes_too_late_is_refused() -> None:
    world = make_world()
    refused: list[str] = []

    def write() -> None:
        try:
            store(world, [Interval(0, "webex_suite", 0, 0, DAY + 60, None)])
        except IntegrityError as error:
            refused.append(str(error))

    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(ledger_sql.LOCK_PARTNER, {"partner": world.partners[0].pk, "patience": "10s"})
        close_partner(partner=world.partners[0], until=day(1))
        (writer,) = in_threads(write)
        until_one_waits()
    writer.join(WAIT)
    assert len(refused) == 1
    assert "cannot start in a closed day" in refused[0]
    assert not world.subscribers[0].assignments.exists()


def test_a_crash_between_two_days_leaves_whole_days_and_loses_none(monkeypatch: pytest.MonkeyPatch) -> None:
    world = make_world()
    store(world, changes_of_a_week(world))
    close_one = closing._close_one

    def crash_on_day_three(partner: Any, number: Any) -> int:
        changes = close_one(partner, number)
        if number == day(3):
            raise SystemExit
        return changes

    monkeypatch.setattr(closing, "_close_one", crash_on_day_three)
    with pytest.raises(SystemExit):
        close_partner(partner=world.partners[0], until=day(7))
    assert list(DayClose.objects.values_list("day", flat=True)) == [day(0), day(1), day(2)]
    assert not UsageDay.objects.filter(day__gte=day(3)).exists()

    monkeypatch.undo()
    resumed = close_partner(partner=world.partners[0], until=day(7))
    assert (resumed.days, resumed.changes, resumed.parked) == (5, 8, "")


# A worker that stops for ever in the middle of writing the file.
HANGING_WORKER = """
import sys, time, uuid
import django
django.setup()
from datetime import date
from billing.services import making
making.os.fsync = lambda descriptor: (print("writing", flush=True), time.sleep(60))
making.make_report(report_id=uuid.UUID(sys.argv[1]), until=date.fromisoformat(sys.argv[2]))
"""


def test_a_worker_killed_while_it_writes_is_followed_by_the_next(reports_dir: Path) -> None:
    world = make_world()
    store(world, changes_of_a_week(world))
    report = BillingReport.objects.create(partner=world.partners[0], type="USER", start_on=day(0), end_on=day(6))
    until = day(7)
    folder = reports_dir / str(world.partners[0].public_id)

    environ = os.environ | {"DATABASE_URL": this_database_url(), "PORTAL_DATA_DIR": str(reports_dir.parent)}
    command = [sys.executable, "-c", HANGING_WORKER, str(report.public_id), f"{until:%F}"]
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "writing\n"
        assert [path.suffix for path in folder.iterdir()] == [".part"]
        make_report(report_id=report.public_id, until=until)  # while it writes, nobody else does
        assert list(BillingReport.objects.values_list("status", "attempts")) == [("IN_PROGRESS", 1)]
        worker.kill()

    wait_until_the_lock_is_free()
    make_report(report_id=report.public_id, until=until)
    report.refresh_from_db()
    assert (report.status, report.attempts, report.total_seconds) == ("COMPLETED", 2, 7 * 5_000 - sum(range(7)))
    assert list(folder.iterdir()) == [files.report_path(report)]


def this_database_url() -> str:
    parts = urlsplit(os.environ["DATABASE_URL"])
    return urlunsplit(parts._replace(path=f"/{connection.settings_dict['NAME']}"))


def wait_until_the_lock_is_free() -> None:
    """PostgreSQL notices within moments that the worker's connection is gone."""
    pause = threading.Event()
    for _ in range(WAIT * 100):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid <> pg_backend_pid()"
                " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            )
            if not cursor.fetchone()[0]:
                return
        pause.wait(0.01)
    pytest.fail("the dead worker still holds its lock")
