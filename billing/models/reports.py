"""Billing reports made of the ledger."""

import uuid
from datetime import UTC
from decimal import Decimal

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce, Now

from billing.models.ledger import SECONDS_PER_DAY
from tenancy.models import AdminUser, Partner


class BillingReport(models.Model):
    """A report over whole UTC days, both inclusive, or of one moment (domain.md 6.2). A Celery task makes its CSV file.

    The row is the truth, a message only rings the bell. Whoever makes the file holds the report's advisory lock on his own
    connection: a killed worker lets go of it by dying, so nobody waits for a lease to run out.
    """

    class Category(models.TextChoices):
        RECONCILIATION = "RECONCILIATION", "Reconciliation"
        POINT_IN_TIME = "POINT_IN_TIME", "Point in time"

    class Type(models.TextChoices):
        PARTNER = "PARTNER", "Partner"
        CUSTOMER = "CUSTOMER", "Customer"
        USER = "USER", "User"

    class Status(models.TextChoices):
        IN_PROGRESS = "IN_PROGRESS", "In progress"
        COMPLETED = "COMPLETED", "Completed"
        FAILED = "FAILED", "Failed"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="billing_reports")
    sub_partner = models.ForeignKey(Partner, models.PROTECT, null=True, blank=True, related_name="+")
    with_sub_partners = models.BooleanField(default=False, db_default=False)
    category = models.CharField(
        max_length=14, choices=Category, default=Category.RECONCILIATION, db_default=Category.RECONCILIATION
    )
    type = models.CharField(max_length=8, choices=Type)
    start_on = models.DateField()
    end_on = models.DateField()
    status = models.CharField(max_length=12, choices=Status, default=Status.IN_PROGRESS)
    error_code = models.CharField(max_length=40, blank=True)
    error = models.CharField(max_length=300, blank=True)
    created_by = models.ForeignKey(AdminUser, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)
    # The moment that a POINT_IN_TIME report shows: when it was made.
    as_of = models.DateTimeField(null=True)
    row_count = models.PositiveBigIntegerField(null=True)
    # Use and corrections together; corrections alone. None for POINT_IN_TIME.
    total_seconds = models.BigIntegerField(null=True)
    adjustment_seconds = models.BigIntegerField(null=True)
    # What is counted, not timed: open assignments (POINT_IN_TIME), or Setup Assist.
    total_units = models.PositiveBigIntegerField(null=True)
    size = models.PositiveBigIntegerField(null=True)
    sha256 = models.CharField(max_length=64, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "partner",
                Coalesce("sub_partner", 0),
                "with_sub_partners",
                "category",
                "type",
                "start_on",
                "end_on",
                condition=Q(status="COMPLETED"),
                name="report_completed_once",
            ),
            models.CheckConstraint(condition=Q(end_on__gte=F("start_on")), name="report_ends_later"),
            models.CheckConstraint(
                condition=Q(sub_partner=None) | Q(with_sub_partners=False), name="report_has_one_scope"
            ),
            models.CheckConstraint(
                condition=~Q(status="COMPLETED")
                | Q(
                    sha256__regex="^[0-9a-f]{64}$",
                    row_count__isnull=False,
                    total_units__isnull=False,
                    finished_at__isnull=False,
                ),
                name="report_completed_has_file",
            ),
            models.CheckConstraint(
                condition=~Q(status="COMPLETED")
                | Q(
                    category="RECONCILIATION", as_of=None, total_seconds__isnull=False, adjustment_seconds__isnull=False
                )
                | Q(category="POINT_IN_TIME", as_of__isnull=False, total_seconds=None, adjustment_seconds=None),
                name="report_completed_has_totals",
            ),
        ]
        indexes = [
            models.Index(fields=["partner", "-created_at", "-id"], name="report_list"),
            models.Index(fields=["created_at"], condition=Q(status="IN_PROGRESS"), name="report_open"),
        ]

    def __str__(self) -> str:
        if self.is_point_in_time:
            return f"{self.get_type_display()} report, point in time"
        return f"{self.get_type_display()} report {self.start_on:%F} to {self.end_on:%F}"

    @property
    def about(self) -> Partner:
        """Whose usage it shows: the sub-partner's, or the partner's own (`members` has all of them)."""
        return self.sub_partner or self.partner

    @property
    def scope_name(self) -> str:
        """Whose usage it shows, in words."""
        return f"{self.partner.name} and its indirect providers" if self.with_sub_partners else self.about.name

    def members(self) -> list[Partner]:
        """Everybody whose usage it shows, the partner itself first."""
        if not self.with_sub_partners:
            return [self.about]
        return [self.partner, *self.partner.sub_partners.order_by("name", "pk")]

    @property
    def is_point_in_time(self) -> bool:
        """It shows what is assigned at one moment, not what was used in a period."""
        return self.category == self.Category.POINT_IN_TIME

    @property
    def can_be_reconciled(self) -> bool:
        """Its file can be compared with the vendor's: completed, and about a period."""
        return self.status == self.Status.COMPLETED and not self.is_point_in_time

    @property
    def is_open(self) -> bool:
        """A worker is still to finish it."""
        return self.status == self.Status.IN_PROGRESS

    @property
    def day_count(self) -> int:
        """How many days the period has."""
        return (self.end_on - self.start_on).days + 1

    @property
    def total_days(self) -> Decimal | None:
        """All use of the report in days, for the screen; the truth is `total_seconds`."""
        return None if self.total_seconds is None else Decimal(self.total_seconds) / SECONDS_PER_DAY

    @property
    def adjustment_days(self) -> Decimal:
        """How much of `total_days` corrects the past."""
        return Decimal(self.adjustment_seconds or 0) / SECONDS_PER_DAY

    @property
    def file_stem(self) -> str:
        """Name of the download, without the ending that says its format."""
        if self.is_point_in_time:
            made = self.as_of.astimezone(UTC) if self.as_of else self.created_at
            return f"billing-point-in-time-{self.type.lower()}-{made:%Y-%m-%dT%H%M%SZ}"
        return f"billing-{self.type.lower()}-{self.start_on:%F}-{self.end_on:%F}"
