"""What was used (the ledger and its closed days) and the reports made of it. Reads assignments, never writes them.

The ledger is sparse (docs/adr/0004-usage-in-integer-seconds.md). The seconds that a key had accumulated at an instant t are
`open_count * t + shift`, with t in seconds since 2020-01-01 UTC. Both numbers change only when an assignment starts or
ends, so a key has one row per UTC day on which something changed, and any date range is a difference of two rows.
"""

import uuid
from decimal import Decimal

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce, Now

from controlhub.models import Location
from tenancy.models import AdminUser, Customer, Partner
from tenancy.packages import PACKAGE_CHOICES

SECONDS_PER_DAY = 86_400


class UsageDay(models.Model):
    """A customer's use of a package at a location, cumulative, as it stood at the end of a closed day. Insert-only.

    No foreign key constraints: rows are computed from assignments, which have them, and a check would lock the customer's
    row while the day closes, against whoever is assigning a package at that moment.
    """

    partner = models.ForeignKey(Partner, models.PROTECT, db_constraint=False, related_name="+", db_index=False)
    customer = models.ForeignKey(Customer, models.PROTECT, db_constraint=False, related_name="+", db_index=False)
    package = models.CharField(max_length=32, choices=PACKAGE_CHOICES)
    location = models.ForeignKey(
        Location, models.PROTECT, db_constraint=False, related_name="+", db_index=False, null=True
    )
    day = models.DateField()
    open_count = models.BigIntegerField()
    shift = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "partner", "customer", "package", Coalesce("location", 0), "day", name="usage_day_once"
            ),
            models.CheckConstraint(condition=Q(open_count__gte=0), name="usage_never_below_zero"),
        ]

    def __str__(self) -> str:
        return f"{self.partner_id}/{self.customer_id}/{self.package} {self.day:%F}"


class PartnerUsageDay(models.Model):
    """The same for all customers of a partner together: what PARTNER reports and the overview read. Insert-only."""

    partner = models.ForeignKey(Partner, models.PROTECT, db_constraint=False, related_name="+", db_index=False)
    package = models.CharField(max_length=32, choices=PACKAGE_CHOICES)
    day = models.DateField()
    open_count = models.BigIntegerField()
    shift = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint("partner", "package", "day", name="partner_usage_day_once"),
            models.CheckConstraint(condition=Q(open_count__gte=0), name="partner_usage_never_below_zero"),
        ]

    def __str__(self) -> str:
        return f"{self.partner_id}/{self.package} {self.day:%F}"


class DayClose(models.Model):
    """A UTC day of a partner that is closed for good. Days close in order, without gaps, empty ones too. Insert-only."""

    partner = models.ForeignKey(Partner, models.PROTECT, db_constraint=False, related_name="+", db_index=False)
    day = models.DateField()
    changes = models.PositiveBigIntegerField()
    checksum = models.CharField(max_length=64)
    closed_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint("partner", "day", name="day_closed_once")]

    def __str__(self) -> str:
        return f"{self.partner_id} {self.day:%F}"


class ParkedPartner(models.Model):
    """A partner whose next day did not pass its check. Nothing of it closes until that day does; others go on."""

    partner = models.OneToOneField(Partner, models.CASCADE, related_name="parked_billing")
    day = models.DateField()
    reason = models.TextField()
    parked_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"{self.partner_id} {self.day:%F}: {self.reason}"


class BillingReport(models.Model):
    """A reconciliation report over whole UTC days, both inclusive (domain.md 6.2). A Celery task makes its CSV file.

    The row is the truth, a message only rings the bell. Whoever makes the file holds the report's advisory lock on his own
    connection: a killed worker lets go of it by dying, so nobody waits for a lease to run out.
    """

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
    type = models.CharField(max_length=8, choices=Type)
    start_on = models.DateField()
    end_on = models.DateField()
    status = models.CharField(max_length=12, choices=Status, default=Status.IN_PROGRESS)
    error_code = models.CharField(max_length=40, blank=True)
    error = models.CharField(max_length=300, blank=True)
    created_by = models.ForeignKey(AdminUser, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)
    row_count = models.PositiveBigIntegerField(null=True)
    total_seconds = models.PositiveBigIntegerField(null=True)
    sha256 = models.CharField(max_length=64, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "partner",
                Coalesce("sub_partner", 0),
                "type",
                "start_on",
                "end_on",
                condition=Q(status="COMPLETED"),
                name="report_completed_once",
            ),
            models.CheckConstraint(condition=Q(end_on__gte=F("start_on")), name="report_ends_later"),
            models.CheckConstraint(
                condition=~Q(status="COMPLETED")
                | Q(sha256__regex="^[0-9a-f]{64}$", row_count__isnull=False, finished_at__isnull=False),
                name="report_completed_has_file",
            ),
        ]
        indexes = [
            models.Index(fields=["partner", "-created_at", "-id"], name="report_list"),
            models.Index(fields=["created_at"], condition=Q(status="IN_PROGRESS"), name="report_open"),
        ]

    def __str__(self) -> str:
        return f"{self.get_type_display()} report {self.start_on:%F} to {self.end_on:%F}"

    @property
    def about(self) -> Partner:
        """Whose usage it shows: the sub-partner's, or the partner's own."""
        return self.sub_partner or self.partner

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
    def file_name(self) -> str:
        """Name of the download."""
        return f"billing-{self.type.lower()}-{self.start_on:%F}-{self.end_on:%F}.csv"
