"""What a night and a month's reports cost: at N subscribers and at ten times as many, with the same changes each night.

Beside them floors that nobody can beat (one SQL statement that writes the same rows, one COPY that prints the same lines) and
brute force. Everything is built in a transaction that is rolled back: no row stays. Not for a database that is in use: the
tables of assignments are locked meanwhile.
"""

import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.test.utils import override_settings

from billing import files, ledger_sql, report_names
from billing.models import BillingReport, DayClose, PartnerUsageDay, UsageDay
from billing.queries import clock
from billing.services.closing import close_partner, midnight
from billing.services.making import make_report
from config.bench import billing_sql
from config.demo.bulk import load_bulk
from controlhub.models import PackageAssignment, Subscriber
from tenancy.models import Customer, Partner
from tenancy.packages import PACKAGES

TIMES = 10  # from N to 10 N
# What is promised. The floor has no second computation, so that has a limit of its own: it may cost one floor more.
GROWTH, ABOVE_FLOOR, CHECKING, MEMORY_MB, SMALL_SECONDS = 1.3, 1.5, 1.0, 200.0, 0.5
PARTNERS, PER_CUSTOMER, NIGHTS, ROUNDS, MONTH = 2, 10, 8, 3, 30
ONE_DAY = timedelta(days=1)


@dataclass
class Night:
    """Closing one day for all partners, and what it is compared with. Seconds and bytes are medians of the nights."""

    subscribers: int
    changes: int = 0
    seconds: list[float] = field(default_factory=list)
    checking: list[float] = field(default_factory=list)
    floor: list[float] = field(default_factory=list)
    wal: list[float] = field(default_factory=list)
    floor_wal: list[float] = field(default_factory=list)
    dense: float = 0.0


@dataclass(frozen=True)
class Report:
    """One month of all partners: the portal's file, the floor's, and (None: it is the floor) adding up every assignment."""

    subscribers: int
    level: str
    lines: int
    seconds: float
    floor: float
    brute: float | None
    peak_mb: float


class _Stopwatch:
    """The time that one statement takes, among all that a piece of work sends."""

    def __init__(self, sql: str) -> None:
        self.sql, self.seconds = sql, 0.0

    def __call__(self, execute: Callable[..., Any], sql: str, *arguments: Any) -> Any:
        started = time.perf_counter()
        try:
            return execute(sql, *arguments)
        finally:
            if sql == self.sql:
                self.seconds += time.perf_counter() - started


def measure(*, subscribers: int, changes: int) -> Iterator[Night | Report]:
    """Nights and reports at `subscribers` and at ten times as many; `changes` starts and ends each night."""
    for size in (subscribers, subscribers * TIMES):
        with transaction.atomic(), tempfile.TemporaryDirectory() as folder, override_settings(REPORTS_DIR=folder):
            partners, first = _build(size)
            yield _nights(partners, first, Night(size, changes))
            for level in BillingReport.Type.values:
                yield _report(partners, level, first + ONE_DAY * (NIGHTS - 1), size)
            transaction.set_rollback(True)


def _build(subscribers: int) -> tuple[list[Partner], date]:
    """A partner and its sub-partners with a closed history, and the first day that is left to close."""
    first = clock.today() - ONE_DAY * (NIGHTS + 1)
    known = set(Partner.objects.values_list("pk", flat=True))
    load_bulk(
        partners=PARTNERS,
        customers=subscribers // PER_CUSTOMER,
        subscribers=subscribers,
        until=midnight(first),
    )
    partners = list(Partner.objects.exclude(pk__in=known).order_by("pk"))
    Partner.objects.filter(pk__in=[partner.pk for partner in partners[1:]]).update(parent=partners[0])
    _settle()
    for partner in partners:
        _close(partner, first - ONE_DAY)
    _settle()
    return partners, first


def _settle() -> None:
    """The statistics that autovacuum would have made long ago."""
    for model in (PackageAssignment, Subscriber, Customer, UsageDay, PartnerUsageDay, DayClose):
        _execute(f"ANALYZE {model._meta.db_table}")


def _close(partner: Partner, until: date) -> None:
    closing = close_partner(partner=partner, until=until)
    if closing.parked or closing.postponed:
        raise RuntimeError(closing.parked or closing.postponed)


def most_changes(subscribers: int) -> int:
    """One end and one start for one user of each customer."""
    return 2 * (subscribers // PER_CUSTOMER)


def _nights(partners: list[Partner], first: date, night: Night) -> Night:
    """Portal and floor take turns, so that each finds what the other has left. The first night of each warms up."""
    for number in range(NIGHTS):
        day = first + ONE_DAY * number
        bounds = _bounds(partners, day)
        _change(bounds, night.changes // 2)
        if number % 2:
            _portal_night(partners, day, night)
        else:
            _floor_night(bounds, night)
    for values in (night.seconds, night.checking, night.floor, night.wal, night.floor_wal):
        del values[0]
    night.dense = _dense_night(_bounds(partners, first + ONE_DAY * (NIGHTS - 1)))
    return night


def _bounds(partners: list[Partner], day: date) -> dict[str, Any]:
    keys = [partner.pk for partner in partners]
    return {"partners": keys, "day": day, "opens": midnight(day), "closes": midnight(day + ONE_DAY)}


def _change(bounds: dict[str, Any], people: int) -> None:
    _execute(billing_sql.CHOOSE, bounds | {"people": people, "seed": f"{bounds['day']:%F}"})
    for statement in (billing_sql.END, billing_sql.START, billing_sql.FORGET):
        _execute(statement)


def _portal_night(partners: list[Partner], day: date, night: Night) -> None:
    watch, before, started = _Stopwatch(ledger_sql.CHECK_DAY), _wal(), time.perf_counter()
    with connection.execute_wrapper(watch):
        for partner in partners:
            _close(partner, day)
    night.seconds.append(time.perf_counter() - started)
    night.checking.append(watch.seconds)
    night.wal.append(_wal() - before)


def _floor_night(bounds: dict[str, Any], night: Night) -> None:
    before, started = _wal(), time.perf_counter()
    _execute(billing_sql.NIGHT_FLOOR, bounds)
    night.floor.append(time.perf_counter() - started)
    night.floor_wal.append(_wal() - before)
    _execute(billing_sql.CALL_IT_CLOSED, bounds)


def _dense_night(bounds: dict[str, Any]) -> float:
    _execute(billing_sql.DENSE_TABLE)
    started = time.perf_counter()
    _execute(billing_sql.DENSE_NIGHT, bounds)
    took = time.perf_counter() - started
    _execute(billing_sql.DROP_DENSE)
    return took


def _report(partners: list[Partner], level: str, last: date, subscribers: int) -> Report:
    first, keys = last - ONE_DAY * (MONTH - 1), [partner.pk for partner in partners]
    brute = None if level == BillingReport.Type.USER else billing_sql.report_by_brute_force(level, keys)
    times: dict[str, list[float]] = {"portal": [], "floor": []}
    peak, lines = 0.0, 0
    for number in range(ROUNDS):
        turns = {
            "floor": lambda: _copy(billing_sql.report_floor(level, keys), partners, first, last),
            "portal": lambda: _portal_report(partners[0], level, first, last),
        }
        for name in turns if number % 2 else reversed(turns):
            _forget_peak()
            started = time.perf_counter()
            found = turns[name]()
            times[name].append(time.perf_counter() - started)
            if name == "portal":
                peak, lines = max(peak, _peak_mb()), found
    started = time.perf_counter()
    if brute:
        _copy(brute, partners, first, last)
    brute_took = time.perf_counter() - started if brute else None
    return Report(subscribers, level, lines, median(times["portal"]), median(times["floor"]), brute_took, peak)


def _portal_report(partner: Partner, level: str, first: date, last: date) -> int:
    """From the order in the database to the file under its final name. Returns its lines."""
    with _undone():
        report = BillingReport.objects.create(
            partner=partner, with_sub_partners=True, type=level, start_on=first, end_on=last
        )
        make_report(report_id=report.public_id, until=last)
        report.refresh_from_db()
        if report.status != BillingReport.Status.COMPLETED:
            raise RuntimeError(report.error)
        files.remove_files(files.report_path(report))
        return report.row_count or 0


def _copy(sql: str, partners: list[Partner], first: date, last: date) -> int:
    """Write what a COPY says to a file."""
    bounds = {"first": max(first, partners[0].billing_start_on), "after": last + ONE_DAY, "packages": list(PACKAGES)}
    with _undone(), connection.cursor() as cursor, (Path(settings.REPORTS_DIR) / "floor.csv").open("wb") as file:
        cursor.execute(report_names.CREATE_NAMES)
        for partner in partners:
            cursor.execute(report_names.ADD_NAMES, {"partner": partner.pk})
        with cursor.copy(sql, bounds) as copy:
            for block in copy:
                file.write(block)
        return cursor.rowcount


@contextmanager
def _undone() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def _wal() -> float:
    """Where the write-ahead log ends. Others write to it too: measure on a server that has nothing else to do."""
    return float(_execute("SELECT pg_current_wal_insert_lsn() - '0/0'")[0][0])


def _forget_peak() -> None:
    """Begin to watch the peak of memory again (Linux)."""
    with Path("/proc/self/clear_refs").open("w") as file:
        file.write("5")


def _peak_mb() -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _execute(sql: str, parameters: dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall() if cursor.description else []
