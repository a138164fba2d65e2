"""Turning a report's CSV into an XLSX workbook: when somebody asks, by a worker, in memory that does not grow."""

import csv
import hashlib
import os
import shutil
import uuid
from datetime import date
from pathlib import Path

import structlog
import xlsxwriter
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from xlsxwriter.workbook import Format, Workbook, Worksheet

from billing import files
from billing.bell import workbook_bell
from billing.errors import ReportNotReady
from billing.models import BillingReport, ReportWorkbook
from billing.progress import Counter
from billing.services.alone import alone
from tenancy.access import authorize
from tenancy.actors import Actor
from tenancy.policy import Control, Level

MAX_ATTEMPTS = 3
IN_PROGRESS, COMPLETED, FAILED = ReportWorkbook.Status
MOST_ROWS = 1_048_576  # that a sheet can have, its header included
NUMBERS, DATES = {"QUANTITY"}, {"CONSUMPTION_START_DATE", "CONSUMPTION_END_DATE"}
log = structlog.get_logger(__name__)


def order_workbook(*, report: BillingReport, by: Actor) -> ReportWorkbook:
    """Ask for the XLSX of a completed report; once is enough, and one that failed is tried again.

    It says nothing that the CSV does not, so whoever may read the report may ask.
    """
    authorize(by, Control.PARTNER_BILLING, partner=report.partner, need=Level.READ_ONLY)
    with transaction.atomic():
        if not BillingReport.objects.select_for_update(no_key=True).filter(pk=report.pk, status=COMPLETED).exists():
            raise ReportNotReady("This report has no file to make a workbook of.")
        workbook, new = ReportWorkbook.objects.get_or_create(report=report)
        again = {"status": IN_PROGRESS, "attempts": 0, "error": "", "asked_at": Now()}
        if ReportWorkbook.objects.filter(pk=workbook.pk, status=FAILED).update(**again) or new:
            transaction.on_commit(lambda: workbook_bell.ring([str(report.public_id)]), robust=True)
    return workbook


def make_workbook(*, report_id: uuid.UUID) -> None:
    """Make the workbook that was asked for. Does nothing when somebody else is at it, or when it is there."""
    with alone(report_id) as mine:
        workbook = _begin(report_id) if mine else None
        if workbook is None:
            return
        try:
            _make(workbook)
        except FileNotFoundError:
            _fail(workbook, "The report's file is missing on the server. Delete the report and create it again.")
        except OSError:
            _fail(workbook, "The file could not be stored. Ask the operator, then try again.")


def _begin(report_id: uuid.UUID) -> ReportWorkbook | None:
    """Count the attempt before it begins, so that a report that kills its worker is not tried for ever."""
    waiting = ReportWorkbook.objects.filter(report__public_id=report_id, status=IN_PROGRESS)
    workbook = waiting.select_related("report__partner").first()
    if workbook is None:
        return None
    if workbook.attempts >= MAX_ATTEMPTS:
        _fail(workbook, f"It was tried {MAX_ATTEMPTS} times.")
        return None
    return workbook if waiting.filter(pk=workbook.pk).update(attempts=F("attempts") + 1) else None


def _make(workbook: ReportWorkbook) -> None:
    report = workbook.report
    draft = files.draft_path(report)
    scratch = draft.with_suffix(".scratch")
    scratch.mkdir()
    try:
        write_xlsx(files.report_path(report), draft, scratch=scratch, progress=_counter(report))
        done = {"status": COMPLETED, "size": draft.stat().st_size, "sha256": _hash_and_sync(draft)}
        with transaction.atomic():
            if ReportWorkbook.objects.filter(pk=workbook.pk, status=IN_PROGRESS).update(**done):
                files.publish(draft, files.workbook_path(report))
    finally:
        draft.unlink(missing_ok=True)
        shutil.rmtree(scratch, ignore_errors=True)


def _counter(report: BillingReport) -> Counter:
    return Counter(report.public_id, report.row_count or 0)


def _hash_and_sync(path: Path) -> str:
    with path.open("rb") as file:
        os.fsync(file.fileno())
        return hashlib.file_digest(file, "sha256").hexdigest()


def _fail(workbook: ReportWorkbook, error: str) -> None:
    log.error("report_workbook_failed", report=str(workbook.report.public_id), reason=error)
    ReportWorkbook.objects.filter(pk=workbook.pk, status=IN_PROGRESS).update(status=FAILED, error=error)


def write_xlsx(source: Path, target: Path, *, scratch: Path, progress: Counter | None = None) -> None:
    """Write a report's CSV as XLSX. Text is written as text, never as a formula or a link, whatever it looks like.

    A report longer than a sheet goes on in the next one, under the same header.
    """
    options = {"constant_memory": True, "tmpdir": str(scratch)}
    with source.open(encoding="utf-8", newline="") as file, xlsxwriter.Workbook(str(target), options) as workbook:
        workbook.use_zip64()
        lines = csv.reader(file)
        header = next(lines)
        sheet = _Sheet(workbook, header)
        for number, cells in enumerate(lines, start=1):
            if sheet.is_full:
                sheet = _Sheet(workbook, header)
            sheet.add(cells)
            if progress:
                progress.reached(number)


class _Sheet:
    """One worksheet that is written row by row and never looked at again."""

    def __init__(self, workbook: Workbook, header: list[str]) -> None:
        self._sheet: Worksheet = workbook.add_worksheet(f"Report {len(workbook.worksheets()) + 1}")
        self._header = header
        self._day: Format = workbook.add_format({"num_format": "yyyy-mm-dd"})
        self._quantity: Format = workbook.add_format({"num_format": "0.000000"})
        self._row = 1
        self._sheet.freeze_panes(1, 0)
        self._sheet.set_column(0, len(header) - 1, 24)
        for column, name in enumerate(header):
            self._sheet.write_string(0, column, name, workbook.add_format({"bold": True}))

    @property
    def is_full(self) -> bool:
        return self._row >= MOST_ROWS

    def add(self, cells: list[str]) -> None:
        """The next line of the report."""
        for column, (name, cell) in enumerate(zip(self._header, cells, strict=True)):
            self._write(column, name, cell)
        self._row += 1

    def _write(self, column: int, name: str, cell: str) -> None:
        if name in NUMBERS:
            self._sheet.write_number(self._row, column, float(cell), self._quantity)
        elif name in DATES:
            self._sheet.write_datetime(self._row, column, date.fromisoformat(cell), self._day)
        elif cell:
            self._sheet.write_string(self._row, column, cell)
