"""Reports as the pages need them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.db.models.functions import Now

from billing.models import BillingReport, ReportWorkbook
from tenancy.models import Partner
from tenancy.opaque_ids import opaque_id

# What the list can be sorted by. Each ends in a unique column, so that it can be paged.
SORTS = {
    "": ("-created_at", "-id"),
    "created": ("created_at", "id"),
    "-start": ("-start_on", "-id"),
    "start": ("start_on", "id"),
    "-end": ("-end_on", "-id"),
    "end": ("end_on", "id"),
    "status": ("status", "-id"),
    "id": ("public_id",),
}
# The bell of a new report is given this long before the sweeper rings too.
BELL_SECONDS = 5
EXPORT_CHUNK = 2000
EXPORT_HEADER = (
    "Report ID", "Category", "Type", "First day", "Last day", "Usage of", "Status", "Error", "Created (UTC)", "Created by",
    "Finished (UTC)", "As of (UTC)", "Lines", "Seconds used", "Of these adjustments", "Counted", "Bytes", "SHA-256",
)  # fmt: skip


@dataclass(frozen=True)
class ReportFilter:
    """What the list is narrowed to: every value must match exactly. A period inside another one does not."""

    values: dict[str, Any] = field(default_factory=dict)
    order: tuple[str, ...] = SORTS[""]


def reports_of(partner: Partner, narrow: ReportFilter | None = None) -> QuerySet[BillingReport]:
    """The partner's reports, narrowed. Not ordered."""
    reports = BillingReport.objects.filter(partner=partner).select_related("partner", "sub_partner", "created_by")
    return reports.filter(**narrow.values) if narrow else reports


def completed_report(public_id: str) -> BillingReport | None:
    """The report of that id, whoever's it is, once it has a file."""
    reports = BillingReport.objects.filter(public_id=public_id, status=BillingReport.Status.COMPLETED)
    return reports.select_related("partner").first()


def same_reports(report: BillingReport) -> QuerySet[BillingReport]:
    """Reports of the same usage, category, type and period."""
    names = ("partner", "sub_partner", "with_sub_partners", "category", "type", "start_on", "end_on")
    return BillingReport.objects.filter(**{name: getattr(report, name) for name in names})


def unfinished_reports() -> QuerySet[BillingReport]:
    """Reports that nobody may be making: their message was lost, or their worker died."""
    overdue = Now() - timedelta(seconds=BELL_SECONDS)
    return BillingReport.objects.filter(status=BillingReport.Status.IN_PROGRESS, created_at__lt=overdue)


def unfinished_workbooks() -> QuerySet[ReportWorkbook]:
    """XLSX files that nobody may be making."""
    overdue = Now() - timedelta(seconds=BELL_SECONDS)
    waiting = ReportWorkbook.objects.filter(status=ReportWorkbook.Status.IN_PROGRESS, asked_at__lt=overdue)
    return waiting.select_related("report")


def workbook_of(report: BillingReport) -> ReportWorkbook | None:
    """The XLSX that was asked for, in whatever state it is."""
    return ReportWorkbook.objects.filter(report=report).first()


def export_rows(reports: QuerySet[BillingReport]) -> Iterator[list[object]]:
    """Lines for the CSV export of the list."""
    for report in reports.iterator(chunk_size=EXPORT_CHUNK):
        yield [
            opaque_id("BILLING_REPORT", report.public_id),
            report.category,
            report.type,
            report.start_on,
            report.end_on,
            report.scope_name,
            report.status,
            report.error,
            _utc(report.created_at),
            report.created_by or "",
            _utc(report.finished_at),
            _utc(report.as_of),
            report.row_count,
            report.total_seconds,
            report.adjustment_seconds,
            report.total_units,
            report.size,
            report.sha256,
        ]


def _utc(at: Any) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}" if at else ""
