"""Comparisons with the vendor's files, as the pages need them."""

from collections.abc import Iterator
from datetime import timedelta

from django.db.models import Count, QuerySet
from django.db.models.functions import Now

from billing.models import BillingReport, Difference, Reconciliation
from billing.queries.reports import BELL_SECONDS

DIFFERENCE_ORDER = ("position",)
EXPORT_HEADER = (
    "Customer", "External customer ID", "User or workspace", "Email", "Service", "Our quantity", "Vendor quantity",
    "Difference", "Cause", "Explanation",
)  # fmt: skip


def reconciliations_of(report: BillingReport) -> QuerySet[Reconciliation]:
    """Comparisons of a report, newest first."""
    rows = Reconciliation.objects.filter(report=report).select_related("created_by")
    return rows.order_by("-created_at", "-id")


def differences_of(reconciliation: Reconciliation, *, cause: str = "") -> QuerySet[Difference]:
    """What differs, with whom it is about; optionally for one cause only."""
    rows = Difference.objects.filter(reconciliation=reconciliation)
    rows = rows.select_related("customer__partner", "subscriber", "workspace")
    return rows.filter(cause=cause) if cause in Difference.Cause.values else rows


def causes_of(reconciliation: Reconciliation) -> list[tuple[str, str, int]]:
    """Each cause that occurs, its words, and how often."""
    counted = Difference.objects.filter(reconciliation=reconciliation).values_list("cause").annotate(n=Count("pk"))
    numbers = dict(counted.order_by())
    return [(value, label, numbers[value]) for value, label in Difference.Cause.choices if value in numbers]


def unfinished_reconciliations() -> QuerySet[Reconciliation]:
    """Comparisons that nobody may be making: their message was lost, or their worker died."""
    overdue = Now() - timedelta(seconds=BELL_SECONDS)
    return Reconciliation.objects.filter(status=Reconciliation.Status.IN_PROGRESS, created_at__lt=overdue)


def export_rows(rows: QuerySet[Difference]) -> Iterator[list[object]]:
    """Lines for the CSV export."""
    for row in rows.order_by(*DIFFERENCE_ORDER).iterator(chunk_size=2000):
        yield [
            row.customer_label,
            row.customer.external_id if row.customer else "",
            row.subject_label,
            row.subscriber.email if row.subscriber else "",
            row.service,
            row.our_quantity,
            row.vendor_quantity,
            row.gap,
            row.get_cause_display(),
            row.explanation,
        ]
