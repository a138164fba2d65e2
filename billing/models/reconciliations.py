"""The vendor's own reconciliation file beside one of our reports: what differs, and why."""

import uuid
from decimal import Decimal

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from billing.models.reports import BillingReport
from controlhub.models import Subscriber, Workspace
from tenancy.models import AdminUser, Customer


class Reconciliation(models.Model):
    """One comparison of an uploaded file with a completed report of the same level. It dies with the report.

    As with reports, the row is the truth and a message only rings the bell; the work is done under an advisory lock.
    """

    Status = BillingReport.Status

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    report = models.ForeignKey(BillingReport, models.CASCADE, related_name="reconciliations")
    file_name = models.CharField(max_length=200)
    status = models.CharField(max_length=12, choices=Status, default=Status.IN_PROGRESS)
    error = models.CharField(max_length=300, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    created_by = models.ForeignKey(AdminUser, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)
    our_lines = models.PositiveBigIntegerField(null=True)
    vendor_lines = models.PositiveBigIntegerField(null=True)
    agreeing = models.PositiveBigIntegerField(null=True)
    differing = models.PositiveBigIntegerField(null=True)
    our_quantity = models.DecimalField(max_digits=20, decimal_places=6, null=True)
    vendor_quantity = models.DecimalField(max_digits=20, decimal_places=6, null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(status="COMPLETED") | Q(finished_at__isnull=False, differing__isnull=False),
                name="reconciliation_completed_has_figures",
            ),
        ]
        indexes = [
            models.Index(fields=["report", "-created_at", "-id"], name="reconciliation_list"),
            models.Index(fields=["created_at"], condition=Q(status="IN_PROGRESS"), name="reconciliation_open"),
        ]

    def __str__(self) -> str:
        return f"{self.file_name} beside {self.report}"

    @property
    def is_open(self) -> bool:
        """A worker is still to finish it."""
        return self.status == self.Status.IN_PROGRESS

    @property
    def gap(self) -> Decimal | None:
        """How much more the vendor counts than we do, in days."""
        if self.vendor_quantity is None or self.our_quantity is None:
            return None
        return self.vendor_quantity - self.our_quantity


class Difference(models.Model):
    """One customer's, user's or workspace's use of one service that the two files do not agree on.

    `customer`, `subscriber` and `workspace` are whom we found behind the ids of the line, if anybody; `customer_label` and
    `subject_label` are what the file calls them. Quantities are days; null where a side has no line.
    """

    class Cause(models.TextChoices):
        UNKNOWN_CUSTOMER = "unknown_customer", "Customer unknown here"
        UNKNOWN_SUBJECT = "unknown_subject", "User or workspace unknown here"
        NOT_ASSIGNED = "not_assigned", "Not assigned here"
        NOT_BILLED = "not_billed", "Not in the vendor's file"
        OTHER_PACKAGE = "other_package", "Billed as another package"
        TWICE = "twice", "Counted more than once"
        ADJUSTMENT = "adjustment", "Adjustments left out"
        WHOLE_DAYS = "whole_days", "Whole days instead of parts"
        OTHER_START = "other_start", "Other first day"
        OTHER_END = "other_end", "Other last day"
        QUANTITY = "quantity", "Other quantity"

    reconciliation = models.ForeignKey(Reconciliation, models.CASCADE, related_name="differences")
    position = models.PositiveIntegerField()
    cause = models.CharField(max_length=20, choices=Cause)
    service = models.CharField(max_length=80)
    customer = models.ForeignKey(Customer, models.PROTECT, null=True, related_name="+", db_index=False)
    customer_label = models.CharField(max_length=200)
    subscriber = models.ForeignKey(Subscriber, models.PROTECT, null=True, related_name="+", db_index=False)
    workspace = models.ForeignKey(Workspace, models.PROTECT, null=True, related_name="+", db_index=False)
    subject_label = models.CharField(max_length=200, blank=True)
    our_quantity = models.DecimalField(max_digits=20, decimal_places=6, null=True)
    vendor_quantity = models.DecimalField(max_digits=20, decimal_places=6, null=True)
    explanation = models.CharField(max_length=300)

    class Meta:
        constraints = [
            models.UniqueConstraint("reconciliation", "position", name="difference_position_once"),
            models.CheckConstraint(
                condition=Q(our_quantity__isnull=False) | Q(vendor_quantity__isnull=False), name="difference_has_a_side"
            ),
        ]
        indexes = [
            models.Index(fields=["reconciliation", "cause", "position"], name="difference_cause"),
        ]

    def __str__(self) -> str:
        return f"{self.customer_label} {self.subject_label} {self.service}: {self.get_cause_display()}"

    @property
    def gap(self) -> Decimal:
        """How much more the vendor counts than we do, in days."""
        return (self.vendor_quantity or Decimal(0)) - (self.our_quantity or Decimal(0))
