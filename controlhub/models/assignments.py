"""Who had which package from when to when: the facts that billing reads."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Q

from controlhub.models.locations import Location
from controlhub.models.ranges import TsTzRange
from controlhub.models.subscribers import Subscriber
from controlhub.models.workspaces import Workspace
from controlhub.scope import InLocations
from tenancy.models import Customer, Partner
from tenancy.packages import PACKAGE_CHOICES


class PackageAssignment(models.Model):
    """A subject (subscriber or workspace) had a package from `started_at` until `ended_at`, exclusive, UTC, whole seconds.

    Starting and ending one is the only thing that makes or stops usage. Partner, location and customer are written down
    as they were, so that a later move never changes the past. Never deleted.
    """

    partner = models.ForeignKey(Partner, models.PROTECT, related_name="assignments")
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="assignments")
    location = models.ForeignKey(Location, models.PROTECT, null=True, blank=True, related_name="assignments")
    subscriber = models.ForeignKey(Subscriber, models.PROTECT, null=True, blank=True, related_name="assignments")
    workspace = models.ForeignKey(Workspace, models.PROTECT, null=True, blank=True, related_name="assignments")
    package = models.CharField(max_length=32, choices=PACKAGE_CHOICES)
    is_base = models.BooleanField(default=True)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = InLocations()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(subscriber__isnull=False, workspace=None) | Q(subscriber=None, workspace__isnull=False),
                name="assignment_has_one_subject",
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(ended_at__gte=F("started_at")), name="assignment_ends_later"
            ),
            ExclusionConstraint(
                name="one_base_package_at_a_time",
                expressions=[
                    ("subscriber", RangeOperators.EQUAL),
                    (TsTzRange("started_at", "ended_at"), RangeOperators.OVERLAPS),
                ],
                condition=Q(is_base=True, subscriber__isnull=False),
            ),
            ExclusionConstraint(
                name="one_workspace_package_at_a_time",
                expressions=[
                    ("workspace", RangeOperators.EQUAL),
                    (TsTzRange("started_at", "ended_at"), RangeOperators.OVERLAPS),
                ],
                condition=Q(is_base=True, workspace__isnull=False),
            ),
            ExclusionConstraint(
                name="one_add_on_of_a_kind_at_a_time",
                expressions=[
                    ("subscriber", RangeOperators.EQUAL),
                    ("package", RangeOperators.EQUAL),
                    (TsTzRange("started_at", "ended_at"), RangeOperators.OVERLAPS),
                ],
                condition=Q(is_base=False),
            ),
        ]
        indexes = [
            models.Index(fields=["partner", "started_at"], name="assignment_started"),
            models.Index(fields=["partner", "ended_at"], condition=Q(ended_at__isnull=False), name="assignment_ended"),
            models.Index(fields=["subscriber"], condition=Q(ended_at=None), name="assignment_open"),
            models.Index(fields=["customer", "package"], condition=Q(ended_at=None), name="assignment_open_customer"),
        ]

    def __str__(self) -> str:
        return f"{self.package} {self.started_at:%F %T}"

    @property
    def subject(self) -> Subscriber | Workspace:
        """Who or what has it: the database makes sure that it is exactly one."""
        return self.subscriber or self.workspace  # type: ignore[return-value]
