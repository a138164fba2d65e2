"""The inventory of phone numbers, and who had which from when to when."""

import uuid

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from controlhub.models.locations import Location
from controlhub.models.queues import CallQueue
from controlhub.models.ranges import TsTzRange
from controlhub.models.subscribers import Subscriber
from controlhub.models.workspaces import Workspace
from controlhub.scope import InLocations
from tenancy.models import Customer

# What a number of nobody looks like.
UNASSIGNED = Q(subscriber=None, workspace=None, queue=None)


class PhoneNumber(models.Model):
    """A number in the inventory, in E.164. It exists at most once in the whole portal, so it can be active only once."""

    class State(models.TextChoices):
        ACTIVE = "ACTIVE", "Active"
        INACTIVE = "INACTIVE", "Inactive"

    class Kind(models.TextChoices):
        DID = "DID", "DID"
        TOLLFREE = "TOLLFREE", "Toll-free"
        MOBILE = "MOBILE", "Mobile"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    customer = models.ForeignKey(Customer, models.CASCADE, related_name="numbers")
    location = models.ForeignKey(Location, models.PROTECT, related_name="numbers")
    e164 = models.CharField(max_length=16, unique=True)
    state = models.CharField(max_length=8, choices=State, default=State.ACTIVE)
    kind = models.CharField(max_length=8, choices=Kind, default=Kind.DID, db_default="DID")
    moving_to = models.ForeignKey(Location, models.PROTECT, null=True, blank=True, related_name="arriving_numbers")
    subscriber = models.OneToOneField(Subscriber, models.PROTECT, null=True, blank=True, related_name="number")
    workspace = models.OneToOneField(Workspace, models.PROTECT, null=True, blank=True, related_name="number")
    queue = models.OneToOneField(CallQueue, models.PROTECT, null=True, blank=True, related_name="number")
    created_at = models.DateTimeField(default=timezone.now)

    objects = InLocations()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(e164__regex=r"^\+[1-9][0-9]{6,14}$"), name="number_is_e164"),
            models.CheckConstraint(
                condition=Q(subscriber=None, workspace=None)
                | Q(subscriber=None, queue=None)
                | Q(workspace=None, queue=None),
                name="number_has_one_owner",
            ),
            models.CheckConstraint(condition=Q(moving_to=None) | UNASSIGNED, name="moving_number_is_free"),
        ]
        indexes = [models.Index(fields=["customer", "e164"], name="number_customer")]

    def __str__(self) -> str:
        return self.e164

    @property
    def owner(self) -> Subscriber | Workspace | CallQueue | None:
        """Whom it reaches."""
        return self.subscriber or self.workspace or self.queue

    @property
    def owner_type(self) -> str:
        """What its owner is, in words; empty for a number of nobody."""
        return (
            "User"
            if self.subscriber_id
            else "Workspace"
            if self.workspace_id
            else "Call queue"
            if self.queue_id
            else ""
        )


class NumberOwnership(models.Model):
    """Who had a number from when to when. Written by a trigger (migrations 0006, 0014), so that no door can forget it.

    The number is kept as text: it outlives its row in the inventory. Append-only; an open row can only be ended, once.
    """

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="number_ownerships")
    location = models.ForeignKey(Location, models.PROTECT, related_name="+")
    e164 = models.CharField(max_length=16)
    subscriber = models.ForeignKey(Subscriber, models.PROTECT, null=True, blank=True, related_name="number_ownerships")
    workspace = models.ForeignKey(Workspace, models.PROTECT, null=True, blank=True, related_name="number_ownerships")
    queue = models.ForeignKey(CallQueue, models.PROTECT, null=True, blank=True, related_name="number_ownerships")
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = InLocations()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(ended_at__gte=F("started_at")), name="ownership_ends_later"
            ),
            ExclusionConstraint(
                name="one_owner_at_a_time",
                expressions=[
                    ("e164", RangeOperators.EQUAL),
                    (TsTzRange("started_at", "ended_at"), RangeOperators.OVERLAPS),
                ],
            ),
        ]
        indexes = [models.Index(fields=["customer", "e164", "started_at"], name="ownership_of_number")]

    def __str__(self) -> str:
        return f"{self.e164} {self.started_at:%F %T}"
