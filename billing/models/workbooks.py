"""The second format of a report: an XLSX workbook, made when somebody asks for it."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from billing.models.reports import BillingReport


class ReportWorkbook(models.Model):
    """The cells of a completed report's CSV as an XLSX file. It goes with its report; the CSV stays the truth."""

    Status = BillingReport.Status

    report = models.OneToOneField(BillingReport, models.CASCADE, primary_key=True, related_name="workbook")
    status = models.CharField(max_length=12, choices=Status, default=Status.IN_PROGRESS)
    error = models.CharField(max_length=300, blank=True)
    asked_at = models.DateTimeField(db_default=Now())
    attempts = models.PositiveSmallIntegerField(default=0)
    size = models.PositiveBigIntegerField(null=True)
    sha256 = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(status="COMPLETED") | Q(sha256__regex="^[0-9a-f]{64}$", size__isnull=False),
                name="workbook_completed_has_file",
            ),
        ]
        indexes = [models.Index(fields=["asked_at"], condition=Q(status="IN_PROGRESS"), name="workbook_open")]

    def __str__(self) -> str:
        return f"XLSX of {self.report}"

    @property
    def is_open(self) -> bool:
        """A worker is still to finish it."""
        return self.status == self.Status.IN_PROGRESS
