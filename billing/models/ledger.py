"""The usage ledger and its closed days.

The ledger is sparse (docs/adr/0004-usage-in-integer-seconds.md). The seconds that a key had accumulated at an instant t are
`open_count * t + shift`, with t in seconds since 2020-01-01 UTC. Both numbers change only when an assignment starts or
ends, so a key has one row per UTC day on which something changed, and any date range is a difference of two rows.
"""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Coalesce, Now

from controlhub.models import Location
from tenancy.models import Customer, Partner
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
