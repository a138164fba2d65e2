"""Call queues of a customer."""

import uuid

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone

from controlhub.scope import InLocations
from tenancy.models import Customer


class CallQueue(models.Model):
    """Callers wait here for one of the agents. An upgraded one (`assist`) works with Customer Assist (domain.md 13.1).

    A deleted one keeps its row: the history of its number names it.
    """

    class Routing(models.TextChoices):
        CIRCULAR = "circular", "Circular"
        TOP_DOWN = "top_down", "Top down"
        SIMULTANEOUS = "simultaneous", "Simultaneous"
        UNIFORM = "uniform", "Uniform"
        WEIGHTED = "weighted", "Weighted"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="call_queues")
    location = models.ForeignKey("controlhub.Location", models.PROTECT, related_name="call_queues")
    name = models.CharField(max_length=80)
    extension = models.CharField(max_length=6)
    routing = models.CharField(max_length=12, choices=Routing, default=Routing.CIRCULAR)
    assist = models.BooleanField(default=False)
    supervisors = models.ManyToManyField("controlhub.Subscriber", related_name="supervised_queues", blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    deleted_at = models.DateTimeField(null=True, blank=True)

    objects = InLocations()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "customer", Lower("name"), condition=Q(deleted_at=None), name="queue_name_once_per_customer"
            ),
            models.CheckConstraint(
                condition=Q(extension__regex=r"^[0-9]{2,6}$"), name="queue_extension_two_to_six_digits"
            ),
            models.CheckConstraint(
                condition=Q(assist=False) | ~Q(routing="weighted"), name="customer_assist_is_never_weighted"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class QueueAgent(models.Model):
    """A user or workspace that takes the calls of a queue. `position` is the order of top-down routing."""

    queue = models.ForeignKey(CallQueue, models.CASCADE, related_name="agents")
    subscriber = models.ForeignKey(
        "controlhub.Subscriber", models.PROTECT, null=True, blank=True, related_name="queue_places"
    )
    workspace = models.ForeignKey(
        "controlhub.Workspace", models.PROTECT, null=True, blank=True, related_name="queue_places"
    )
    position = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(subscriber__isnull=False, workspace=None) | Q(subscriber=None, workspace__isnull=False),
                name="agent_is_one_owner",
            ),
            models.UniqueConstraint("queue", "subscriber", name="agent_once_per_queue"),
            models.UniqueConstraint("queue", "workspace", name="workspace_agent_once_per_queue"),
        ]

    def __str__(self) -> str:
        return str(self.subscriber or self.workspace)
