"""Making a file: once, only when it adds up, and without traces when it is not."""

import threading
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from django.db import connection

from billing import files, tasks
from billing.bell import report_bell
from billing.models import BillingReport, ParkedPartner, UsageDay
from billing.queries import clock
from billing.queries.reports import unfinished_reports
from billing.services import making
from billing.services.making import MAX_ATTEMPTS, make_report
from tests.cast import Cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def ordered(used: Cast, today: date) -> BillingReport:
    """A report of the last three days that nobody has made yet."""
    return BillingReport.objects.create(
        partner=used.north, type="USER", start_on=today - timedelta(days=3), end_on=today - timedelta(days=1)
    )


def make(report: BillingReport, today: date) -> BillingReport:
    make_report(report_id=report.public_id, until=today - timedelta(days=1))
    report.refresh_from_db()
    return report


def state(report: BillingReport) -> tuple[str, str, int]:
    return report.status, report.error_code, report.attempts


def test_making_twice_makes_one_file(ordered: BillingReport, today: date) -> None:
    first = make(ordered, today).finished_at
    again = make(ordered, today)
    assert (state(again), again.finished_at) == (("COMPLETED", "", 1), first)


def test_what_a_killed_worker_left_is_removed(ordered: BillingReport, today: date) -> None:
    files.draft_path(ordered).write_text("half a fi")
    make(ordered, today)
    assert [path.name for path in files.report_path(ordered).parent.iterdir()] == [f"{ordered.public_id}.csv"]


def test_a_report_deleted_while_it_is_made_leaves_nothing(
    ordered: BillingReport, today: date, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = making._write

    def write_then_deleted(report: BillingReport, *args: object) -> making.WrittenFile:
        written = write(report, *args)
        BillingReport.objects.all().delete()
        files.remove_files(files.report_path(report))
        return written

    monkeypatch.setattr(making, "_write", write_then_deleted)
    make_report(report_id=ordered.public_id, until=today - timedelta(days=1))
    assert list(files.report_path(ordered).parent.iterdir()) == []


def test_a_deleted_report_is_not_made(today: date, reports_dir: Path) -> None:
    make_report(report_id=uuid4(), until=today)
    assert not reports_dir.exists()


def test_the_night_being_too_fresh_is_no_failure(ordered: BillingReport, today: date) -> None:
    make_report(report_id=ordered.public_id, until=today - timedelta(days=2))
    ordered.refresh_from_db()
    assert state(ordered) == ("IN_PROGRESS", "", 0)
    assert state(make(ordered, today)) == ("COMPLETED", "", 1)


def test_a_parked_partner_gets_a_failed_report_that_says_so(ordered: BillingReport, used: Cast, today: date) -> None:
    UsageDay.objects.create(
        partner=used.north,
        customer=used.acme,
        location=used.acme.locations.get(),
        package="webex_suite",
        day=today - timedelta(days=20),
        open_count=3,
        shift=0,
    )
    assert state(make(ordered, today)) == ("FAILED", "usage_on_hold", 1)
    assert ordered.error.startswith("Usage is under review since")
    assert ParkedPartner.objects.get().partner == used.north


def test_a_total_that_differs_from_the_ledger_fails(
    ordered: BillingReport, today: date, monkeypatch: pytest.MonkeyPatch, reports_dir: Path
) -> None:
    monkeypatch.setattr("billing.services.counting.use_by_package", lambda *args, **kwargs: [])
    assert state(make(ordered, today)) == ("FAILED", "does_not_reconcile", 1)
    assert list(reports_dir.rglob("*.*")) == []


def test_a_full_disk_is_a_failed_report(ordered: BillingReport, today: date, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("billing.services.making.os.fsync", full)
    assert state(make(ordered, today)) == ("FAILED", "storage_failed", 1)
    assert list(files.report_path(ordered).parent.iterdir()) == []


def test_a_report_that_kills_its_worker_is_given_up(ordered: BillingReport, today: date) -> None:
    BillingReport.objects.update(attempts=MAX_ATTEMPTS)
    assert state(make(ordered, today)) == ("FAILED", "gave_up", MAX_ATTEMPTS)


def test_the_second_of_two_equal_reports_fails(ordered: BillingReport, used: Cast, today: date) -> None:
    twin = BillingReport.objects.create(
        partner=used.north, type="USER", start_on=ordered.start_on, end_on=ordered.end_on
    )
    assert state(make(ordered, today)) == ("COMPLETED", "", 1)
    assert state(make(twin, today)) == ("FAILED", "report_exists", 1)
    assert [path.name for path in files.report_path(twin).parent.iterdir()] == [f"{ordered.public_id}.csv"]


def test_somebody_else_at_work_is_left_alone(ordered: BillingReport, today: date) -> None:
    key = int.from_bytes(ordered.public_id.bytes[:8], "big", signed=True)
    taken, done = threading.Event(), threading.Event()

    def hold() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [key])
            taken.set()
            done.wait(5)
            cursor.execute("SELECT pg_advisory_unlock(%s)", [key])
        connection.close()

    holder = threading.Thread(target=hold)
    holder.start()
    taken.wait(5)
    try:
        assert state(make(ordered, today)) == ("IN_PROGRESS", "", 0)
    finally:
        done.set()
        holder.join()
    assert state(make(ordered, today)) == ("COMPLETED", "", 1)


def test_the_sweeper_rings_for_what_nobody_made(
    ordered: BillingReport, used: Cast, today: date, monkeypatch: pytest.MonkeyPatch
) -> None:
    rung: list[object] = []
    monkeypatch.setattr(report_bell, "ring", rung.extend)
    BillingReport.objects.update(created_at=ordered.created_at - timedelta(seconds=6))
    BillingReport.objects.create(partner=used.north, type="PARTNER", start_on=today, end_on=today)  # just rung for
    tasks.sweep_reports()
    assert rung == [str(report.public_id) for report in unfinished_reports()] == [str(ordered.public_id)]


def test_a_day_is_closable_once_it_is_over_for_a_while(today: date, monkeypatch: pytest.MonkeyPatch) -> None:
    assert clock.last_closable_day() == today - timedelta(days=1)
    monkeypatch.setattr(clock, "SETTLING_SECONDS", 86_400)
    assert clock.last_closable_day() == today - timedelta(days=2)


def test_tasks_read_the_clock_and_do_the_work(ordered: BillingReport) -> None:
    tasks.close_missing_days()
    tasks.make_report(report_id=str(ordered.public_id))
    ordered.refresh_from_db()
    assert ordered.status == "COMPLETED"


def test_the_message_carries_only_the_id(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[object] = []
    monkeypatch.setattr(
        "provisioning.bell.current_app.send_task", lambda task, **options: sent.append((task, options["kwargs"]))
    )
    assert report_bell.ring(["some-id"]) is True
    assert sent == [("billing.make_report", {"report_id": "some-id"})]


def test_made_through_the_fixture(used: Cast, made: Callable[..., BillingReport]) -> None:
    assert made(used, "CUSTOMER", days=1).status == "COMPLETED"
