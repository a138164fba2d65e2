"""A report's file as an answer, for whichever signed link opened it."""

from pathlib import Path

from django.http import FileResponse

from billing import files
from billing.models import BillingReport

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def file_response(report: BillingReport) -> FileResponse:
    """Streams the CSV; kept by nobody on the way. Raises FileNotFoundError."""
    return _streamed(files.report_path(report), f"{report.file_stem}.csv", "text/csv; charset=utf-8")


def workbook_response(report: BillingReport) -> FileResponse:
    """Streams the XLSX. Raises FileNotFoundError."""
    return _streamed(files.workbook_path(report), f"{report.file_stem}.xlsx", XLSX)


def _streamed(path: Path, name: str, content_type: str) -> FileResponse:
    response = FileResponse(path.open("rb"), as_attachment=True, filename=name, content_type=content_type)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
