"""Which extension of a location reaches whom."""

from django.db import models
from django.db.models import Q

from controlhub.models.locations import Location
from controlhub.models.queues import CallQueue
from controlhub.models.subscribers import Subscriber
from controlhub.models.workspaces import Workspace


class Extension(models.Model):
    """An extension in use. Users, workspaces and call queues carry their extension themselves; these rows follow by a
    trigger (migration 0002_guards), so that one constraint sees all three: what a queue has, no user of the location gets."""

    location = models.ForeignKey(Location, models.CASCADE, related_name="extensions")
    digits = models.CharField(max_length=6)
    subscriber = models.OneToOneField(Subscriber, models.CASCADE, null=True, related_name="+")
    workspace = models.OneToOneField(Workspace, models.CASCADE, null=True, related_name="+")
    queue = models.OneToOneField(CallQueue, models.CASCADE, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint("location", "digits", name="extension_once_per_location"),
            models.CheckConstraint(
                condition=Q(subscriber__isnull=False, workspace=None, queue=None)
                | Q(subscriber=None, workspace__isnull=False, queue=None)
                | Q(subscriber=None, workspace=None, queue__isnull=False),
                name="extension_has_one_owner",
            ),
        ]

    def __str__(self) -> str:
        return self.digits
