"""Reports as the pages need them."""

from datetime import timedelta

from django.db.models import QuerySet
from django.db.models.functions import Now

from billing.models import BillingReport
from tenancy.models import Partner

LIST_ORDER = ("-created_at", "-id")
# The bell of a new report is given this long before the sweeper rings too.
BELL_SECONDS = 5


def reports_of(partner: Partner, *, status: str = "") -> QuerySet[BillingReport]:
    """The partner's reports, optionally those in one status."""
    reports = BillingReport.objects.filter(partner=partner).select_related("partner", "sub_partner", "created_by")
    return reports.filter(status=status) if status in BillingReport.Status.values else reports


def unfinished_reports() -> QuerySet[BillingReport]:
    """Reports that nobody may be making: their message was lost, or their worker died."""
    overdue = Now() - timedelta(seconds=BELL_SECONDS)
    return BillingReport.objects.filter(status=BillingReport.Status.IN_PROGRESS, created_at__lt=overdue)
