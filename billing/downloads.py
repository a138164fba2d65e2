"""A report's file as an answer, for whichever signed link opened it."""

from django.http import FileResponse

from billing import files
from billing.models import BillingReport


def file_response(report: BillingReport) -> FileResponse:
    """Streams the CSV; kept by nobody on the way. Raises FileNotFoundError."""
    response = FileResponse(
        files.report_path(report).open("rb"),
        as_attachment=True,
        filename=f"{report.file_stem}.csv",
        content_type="text/csv; charset=utf-8",
    )
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
