"""Rooms and hall phones."""

import uuid

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone

from controlhub.models.locations import Location
from controlhub.scope import InLocations
from tenancy.models import Customer


class Workspace(models.Model):
    """A room or a hall phone: the only place for Common Area Calling. A deleted one keeps its history."""

    class Kind(models.TextChoices):
        NOT_SET = "notSet", "Not set"
        FOCUS = "focus", "Focus room"
        HUDDLE = "huddle", "Huddle room"
        MEETING_ROOM = "meetingRoom", "Meeting room"
        OPEN = "open", "Open space"
        DESK = "desk", "Desk"
        OTHER = "other", "Other"

    class Supports(models.TextChoices):
        """Which devices stand there, in the words of the public API. Webex knows no workspace with both."""

        PHONES = "phones", "Phones"
        COLLABORATION = "collaborationDevices", "Collaboration devices"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="workspaces")
    location = models.ForeignKey(Location, models.PROTECT, related_name="workspaces")
    name = models.CharField(max_length=80)
    kind = models.CharField(max_length=12, choices=Kind, default=Kind.NOT_SET)
    supported_devices = models.CharField(max_length=20, choices=Supports, default=Supports.PHONES)
    capacity = models.PositiveSmallIntegerField(null=True, blank=True)
    extension = models.CharField(max_length=6, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    deleted_at = models.DateTimeField(null=True, blank=True)

    objects = InLocations()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "customer", Lower("name"), condition=Q(deleted_at=None), name="workspace_name_once_per_customer"
            ),
        ]

    def __str__(self) -> str:
        return self.name
