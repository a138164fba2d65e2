"""Wholesale billing reports, in and out (public specification: Wholesale Billing Reports)."""

import re
from contextlib import suppress
from datetime import date
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from api.schemas.common import Heard, Spoken, Stamp, words
from billing.models import BillingReport

ReportType = Annotated[str, *words(BillingReport.Type.values)]
ReportCategory = Annotated[str, *words(BillingReport.Category.values)]
ReportStatus = Annotated[str, *words(BillingReport.Status.values)]


def plain_day(value: Any) -> Any:
    """Dates as the specification writes them, and no other of the many spellings that there are."""
    if value is None or isinstance(value, date):
        return value
    if isinstance(value, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        with suppress(ValueError):
            return date.fromisoformat(value)
    raise ValueError("use YYYY-MM-DD")


Day = Annotated[date, BeforeValidator(plain_day)]


class BillingReportFilters(Heard):
    """Exact matches, combined with AND: a period inside another one does not match."""

    billing_start_date: Day | None = None
    billing_end_date: Day | None = None
    type: ReportType | None = None
    sort_by: Annotated[str, *words(["id", "billingStartDate", "billingEndDate", "status"])] = "billingStartDate"
    status: ReportStatus | None = None
    max: int = Field(default=100, ge=1, le=100)
    offset: int = Field(default=0, ge=0, le=1_000_000_000)
    sub_partner_org_id: str | None = None


class NewBillingReport(Heard):
    """POST /wholesale/billing/reports. `category` is ours: the specification speaks of categories only in its answers."""

    billing_start_date: Day
    billing_end_date: Day
    type: ReportType = "PARTNER"
    category: ReportCategory = "RECONCILIATION"
    sub_partner_org_id: str | None = None
    internal: bool = False


class OrderedReport(Spoken):
    """What a new report is known by."""

    id: str
    billing_start_date: date
    billing_end_date: date
    type: ReportType
    category: ReportCategory
    internal: bool | None = None


class ListedReport(Spoken):
    """A report in a list."""

    id: str
    billing_start_date: date
    billing_end_date: date
    status: ReportStatus
    type: ReportType
    category: ReportCategory


class BillingReportItems(Spoken):
    """A page of reports."""

    items: list[ListedReport]


class ReportProblem(Spoken):
    """Why a report could not be made."""

    code: int
    description: str


class SpokenReport(Spoken):
    """One report. `tempDownloadURL` needs no token, and works for fifteen minutes."""

    id: str
    billing_start_date: date
    billing_end_date: date
    type: ReportType
    category: ReportCategory
    created: Stamp
    created_by: str | None = None
    status: ReportStatus
    temp_download_url: str | None = Field(default=None, alias="tempDownloadURL")
    errors: list[ReportProblem] | None = None
