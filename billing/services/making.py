"""Making a report's file: once, whole, and only if it adds up. Runs in a worker; harmless to repeat and to kill anywhere."""

import hashlib
import os
import uuid
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import structlog
from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.db.models.functions import Now
from psycopg import ClientCursor

from billing import files, report_sql
from billing.errors import ReportExists
from billing.models import BillingReport
from billing.queries.usage import billed_period, use_by_package
from billing.services.alone import alone
from billing.services.closing import close_partner, next_day
from tenancy.errors import DomainError

MAX_ATTEMPTS = 5
IN_PROGRESS, COMPLETED, FAILED = BillingReport.Status
log = structlog.get_logger(__name__)


class CannotMake(DomainError):
    """This report will not be made. `code` and message are what its page shows."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class WrittenFile:
    """A draft on disk, synced: its hash and how many lines it has besides the header."""

    path: Path
    sha256: str
    rows: int


def make_report(*, report_id: uuid.UUID, until: date) -> None:
    """Make the file of a report that is in progress. `until` is the last day that may be closed for it.

    Does nothing when somebody else is making it, or when it is finished or deleted.
    """
    with alone(report_id) as mine:
        report = _begin(report_id) if mine else None
        if report is None:
            return
        try:
            _make(report, until)
        except CannotMake as error:
            _fail(report, error)


def _begin(report_id: uuid.UUID) -> BillingReport | None:
    """Count the attempt before it begins, so that a report that kills its worker is not tried for ever."""
    waiting = BillingReport.objects.filter(public_id=report_id, status=IN_PROGRESS)
    report = waiting.select_related("partner", "sub_partner").first()
    if report is None:
        return None
    if report.attempts >= MAX_ATTEMPTS:
        _fail(report, CannotMake("gave_up", f"It was tried {MAX_ATTEMPTS} times. Delete it and create it again."))
        return None
    return report if waiting.update(attempts=F("attempts") + 1) else None


def _make(report: BillingReport, until: date) -> None:
    if not _days_are_closed(report, until):
        # The night is not over for long enough: the sweeper comes back in a few seconds. Not a failed attempt.
        BillingReport.objects.filter(pk=report.pk).update(attempts=F("attempts") - 1)
        return
    draft = files.draft_path(report)
    try:
        total = _reconciled_total(report)
        _complete(report, _write(report, draft), total)
    except OSError as error:
        raise CannotMake("storage_failed", "The file could not be stored. Ask the operator, then try again.") from error
    finally:
        draft.unlink(missing_ok=True)


def _days_are_closed(report: BillingReport, until: date) -> bool:
    closing = close_partner(partner=report.about, until=until)
    closed = next_day(report.about) > report.end_on
    if closing.parked and not closed:
        raise CannotMake(
            "usage_on_hold", f"Usage is under review since {next_day(report.about):%F}. The operator has been told."
        )
    return closed


def _bounds(report: BillingReport) -> dict[str, Any]:
    return billed_period(report.about, first=report.start_on, last=report.end_on)


def _reconciled_total(report: BillingReport) -> int:
    """Seconds of the whole report, the same by its own level and by the partner's ledger, or CannotMake."""
    with connection.cursor() as cursor:
        cursor.execute(report_sql.total_sql(report.type), _bounds(report))
        (own,) = cursor.fetchone()
    together = sum(use.seconds for use in use_by_package(report.about, first=report.start_on, last=report.end_on))
    if own != together:
        raise CannotMake(
            "does_not_reconcile", f"The report says {own} seconds, the ledger {together}. The operator has been told."
        )
    return own


def _write(report: BillingReport, draft: Path) -> WrittenFile:
    """Stream the server's COPY into the draft: memory stays flat whatever the number of rows."""
    digest = hashlib.sha256()
    with draft.open("wb") as file, connection.cursor() as cursor:
        # COPY takes no parameters, and Django's debug cursor passes none on: they are bound on this side.
        statement = ClientCursor(cursor.connection).mogrify(report_sql.copy_sql(report.type), _bounds(report))
        with cursor.copy(statement) as copy:
            for block in copy:
                file.write(block)
                digest.update(block)
        file.flush()
        os.fsync(file.fileno())
        return WrittenFile(draft, digest.hexdigest(), cursor.rowcount)


def _complete(report: BillingReport, written: WrittenFile, total: int) -> None:
    """The row says COMPLETED if and only if the file has its final name; a deleted report leaves nothing."""
    try:
        with transaction.atomic():
            if BillingReport.objects.filter(pk=report.pk, status=IN_PROGRESS).update(
                status=COMPLETED,
                finished_at=Now(),
                row_count=written.rows,
                total_seconds=total,
                sha256=written.sha256,
            ):
                files.publish(written.path, files.report_path(report))
    except IntegrityError as error:
        raise CannotMake(ReportExists.code, "The same report was completed first.") from error


def _fail(report: BillingReport, error: CannotMake) -> None:
    log.error("billing_report_failed", report=str(report.public_id), code=error.code, reason=str(error))
    BillingReport.objects.filter(pk=report.pk, status=IN_PROGRESS).update(
        status=FAILED, finished_at=Now(), error_code=error.code, error=str(error)[:300]
    )
