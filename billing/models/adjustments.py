"""Later truth about the past: what is closed never changes, so a correction is booked on the day on which it was made.

A period's usage is the seconds of its closed days (ledger or intervals) plus the adjustments with `made_on` in the period.
So a report over closed days is for ever the same, and a correction shows on the next one (docs/adr/0011).
"""

import uuid

from django.db import models
from django.db.models import F, Func, Q
from django.db.models.functions import Now

from billing.models.ledger import SECONDS_PER_DAY
from controlhub.models import Location, PackageAssignment, Subscriber, Workspace
from tenancy.models import AdminUser, Customer, Partner
from tenancy.packages import PACKAGE_CHOICES


class UsageCorrection(models.Model):
    """When an assignment truly was, from `started_at` until `ended_at` (equal: never). The latest one of it holds. Insert-only."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    partner = models.ForeignKey(Partner, models.PROTECT, db_constraint=False, related_name="+", db_index=False)
    assignment = models.ForeignKey(PackageAssignment, models.PROTECT, related_name="corrections")
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=300)
    made_by = models.ForeignKey(AdminUser, models.PROTECT, null=True, related_name="+")
    made_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="correction_has_reason"),
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(ended_at__gte=F("started_at")), name="correction_ends_later"
            ),
        ]
        indexes = [models.Index(fields=["partner", "-made_at", "-id"], name="correction_list")]

    def __str__(self) -> str:
        return f"Usage correction {self.public_id}"


class UsageAdjustment(models.Model):
    """Seconds that one day had too few or too many, by a correction. Booked on `made_on`, about `about_on`. Insert-only.

    No foreign key constraints where the ledger has none (UsageDay says why); who and where are the assignment's.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    correction = models.ForeignKey(UsageCorrection, models.PROTECT, related_name="adjustments", db_index=False)
    partner = models.ForeignKey(Partner, models.PROTECT, db_constraint=False, related_name="+", db_index=False)
    customer = models.ForeignKey(Customer, models.PROTECT, db_constraint=False, related_name="+", db_index=False)
    package = models.CharField(max_length=32, choices=PACKAGE_CHOICES)
    location = models.ForeignKey(
        Location, models.PROTECT, db_constraint=False, related_name="+", db_index=False, null=True
    )
    subscriber = models.ForeignKey(
        Subscriber, models.PROTECT, db_constraint=False, related_name="+", db_index=False, null=True
    )
    workspace = models.ForeignKey(
        Workspace, models.PROTECT, db_constraint=False, related_name="+", db_index=False, null=True
    )
    about_on = models.DateField()
    seconds = models.IntegerField()
    made_at = models.DateTimeField(db_default=Now())
    # The UTC date of `made_at`, by the database itself: nobody can write another one.
    made_on = models.GeneratedField(
        expression=Func("made_at", template="(%(expressions)s AT TIME ZONE 'UTC')::date"),
        output_field=models.DateField(),
        db_persist=True,
    )

    class Meta:
        constraints = [
            models.UniqueConstraint("correction", "about_on", name="adjusted_once_a_day"),
            models.CheckConstraint(
                condition=~Q(seconds=0) & Q(seconds__range=(-SECONDS_PER_DAY, SECONDS_PER_DAY)),
                name="adjustment_within_a_day",
            ),
            models.CheckConstraint(condition=Q(about_on__lte=F("made_on")), name="adjustment_about_the_past"),
            models.CheckConstraint(
                condition=Q(subscriber__isnull=False, workspace=None) | Q(subscriber=None, workspace__isnull=False),
                name="adjustment_has_one_subject",
            ),
        ]
        indexes = [
            models.Index(fields=["partner", "made_on", "customer"], name="adjustment_made"),
            models.Index(
                fields=["subscriber", "about_on"], condition=Q(subscriber__isnull=False), name="adjustment_subscriber"
            ),
            models.Index(
                fields=["workspace", "about_on"], condition=Q(workspace__isnull=False), name="adjustment_workspace"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.seconds:+} s of {self.package} about {self.about_on:%F}"
