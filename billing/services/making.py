"""Making a report's file: once, whole, and only if it adds up. Runs in a worker; harmless to repeat and to kill anywhere."""

import hashlib
import os
import uuid
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import structlog
from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.db.models.functions import Now

from billing import files, report_columns
from billing.errors import ReportExists
from billing.models import BillingReport
from billing.progress import Counter
from billing.services.alone import alone
from billing.services.closing import close_partner, next_day
from billing.services.counting import Counted, DoesNotReconcile, counted_lines
from tenancy.announcing import announce
from tenancy.errors import DomainError
from tenancy.models import Event, Resource

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
    """A draft on disk, synced: its hash and how many bytes it has."""

    path: Path
    sha256: str
    size: int


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
    if not report.is_point_in_time and not _days_are_closed(report, until):
        # The night is not over for long enough: the sweeper comes back in a few seconds. Not a failed attempt.
        BillingReport.objects.filter(pk=report.pk).update(attempts=F("attempts") - 1)
        return
    draft = files.draft_path(report)
    try:
        with counted_lines(report) as lines:
            written = _write(report, draft, lines)
        _complete(report, written, lines)
    except DoesNotReconcile as error:
        raise CannotMake(error.code, str(error)) from error
    except OSError as error:
        raise CannotMake("storage_failed", "The file could not be stored. Ask the operator, then try again.") from error
    finally:
        draft.unlink(missing_ok=True)


def _days_are_closed(report: BillingReport, until: date) -> bool:
    for partner in report.members():
        closing = close_partner(partner=partner, until=until)
        if (day := next_day(partner)) > report.end_on:
            continue
        if closing.parked:
            whose = f" of {partner.name}" if report.with_sub_partners else ""
            raise CannotMake(
                "usage_on_hold", f"Usage{whose} is under review since {day:%F}. The operator has been told."
            )
        return False
    return True


def _write(report: BillingReport, draft: Path, lines: Counted) -> WrittenFile:
    """Stream the server's COPY into the draft, a block for each line: memory stays flat whatever the number of lines."""
    digest, size, progress = hashlib.sha256(), 0, Counter(report.public_id, lines.rows)
    with draft.open("wb") as file, connection.cursor() as cursor:
        with cursor.copy(report_columns.copy_sql(report.type)) as copy:
            for row, block in enumerate(copy):
                file.write(block)
                digest.update(block)
                size += len(block)
                progress.reached(row)
        file.flush()
        os.fsync(file.fileno())
        if cursor.rowcount != lines.rows:
            raise DoesNotReconcile(f"The file has {cursor.rowcount} lines instead of {lines.rows}.")
        return WrittenFile(draft, digest.hexdigest(), size)


def _complete(report: BillingReport, written: WrittenFile, lines: Counted) -> None:
    """The row says COMPLETED if and only if the file has its final name; a deleted report leaves nothing."""
    try:
        with transaction.atomic():
            if BillingReport.objects.filter(pk=report.pk, status=IN_PROGRESS).update(
                status=COMPLETED,
                finished_at=Now(),
                as_of=report.as_of,
                row_count=lines.rows,
                total_seconds=lines.seconds,
                adjustment_seconds=lines.adjustment_seconds,
                total_units=lines.units,
                size=written.size,
                sha256=written.sha256,
            ):
                _announce(report)
                files.publish(written.path, files.report_path(report))
    except IntegrityError as error:
        raise CannotMake(ReportExists.code, "The same report was completed first.") from error


def _fail(report: BillingReport, error: CannotMake) -> None:
    log.error("billing_report_failed", report=str(report.public_id), code=error.code, reason=str(error))
    with transaction.atomic():
        if BillingReport.objects.filter(pk=report.pk, status=IN_PROGRESS).update(
            status=FAILED, finished_at=Now(), error_code=error.code, error=str(error)[:300]
        ):
            _announce(report)


def _announce(report: BillingReport) -> None:
    """Made or failed: nobody's deed, so no audit event tells webhooks."""
    announce(resource=Resource.REPORTS, event=Event.UPDATED, target_id=report.public_id, partner=report.partner_id)
