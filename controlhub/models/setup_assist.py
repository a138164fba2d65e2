"""Setup Assist: a paid onboarding of one location by the vendor's team (domain.md 11). Billing reads what was ordered when."""

import uuid

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from controlhub.models.locations import Location
from tenancy.models import AdminUser, Customer, Partner

EXPRESS_SEATS = 5
EXPRESS_PHASES = ("Discovery and Assessment", "Solution Design")
STANDARD_PHASES = (
    "Project Management",
    "Discovery and Assessment",
    "Solution Design",
    "Onboarding (testing) Planning",
    "Implementation",
    "Onboarding Execution",
    "Post-onboarding",
    "Operations Handoff",
)


class SetupAssistOrder(models.Model):
    """An order for one location. How many users it has decides what it is: up to five Express, at a flat charge; above that
    Standard, by the user. Both are as they were when it was ordered, because that is what is billed.

    It is billed on the UTC day on which it was ordered, unless it was cancelled before that day was over (trigger of billing's).
    """

    class Kind(models.TextChoices):
        EXPRESS = "express", "Express"
        STANDARD = "standard", "Standard"

    class Status(models.TextChoices):
        REQUESTED = "requested", "Requested"
        IN_PROGRESS = "in_progress", "In progress"
        COMPLETED = "completed", "Completed"
        CANCELLED = "cancelled", "Cancelled"

    OPEN = (Status.REQUESTED, Status.IN_PROGRESS)

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="setup_assist_orders")
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="setup_assist_orders")
    location = models.ForeignKey(Location, models.PROTECT, related_name="setup_assist_orders")
    kind = models.CharField(max_length=8, choices=Kind)
    seats = models.PositiveIntegerField()
    status = models.CharField(max_length=12, choices=Status, default=Status.REQUESTED)
    # How many of the phases are done.
    phase = models.PositiveSmallIntegerField(default=0)
    go_live_on = models.DateField()
    contact_name = models.CharField(max_length=120)
    contact_email = models.EmailField(max_length=161)
    contact_phone = models.CharField(max_length=30)
    porting = models.BooleanField(default=False)
    devices = models.CharField(max_length=300, blank=True)
    notes = models.CharField(max_length=2000, blank=True)
    ordered_by = models.ForeignKey(AdminUser, models.PROTECT, null=True, related_name="+")
    ordered_at = models.DateTimeField(db_default=Now())
    completed_at = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "location", condition=Q(status__in=["requested", "in_progress"]), name="one_setup_assist_at_a_time"
            ),
            models.CheckConstraint(
                condition=Q(kind="express", seats__range=(1, EXPRESS_SEATS))
                | Q(kind="standard", seats__gt=EXPRESS_SEATS),
                name="setup_assist_kind_by_seats",
            ),
            models.CheckConstraint(
                condition=Q(status="completed", completed_at__isnull=False)
                | ~Q(status="completed") & Q(completed_at=None),
                name="setup_assist_completed_at",
            ),
            models.CheckConstraint(
                condition=Q(status="cancelled", cancelled_at__isnull=False)
                | ~Q(status="cancelled") & Q(cancelled_at=None),
                name="setup_assist_cancelled_at",
            ),
            models.CheckConstraint(
                condition=Q(kind="express", phase__lte=len(EXPRESS_PHASES))
                | Q(kind="standard", phase__lte=len(STANDARD_PHASES)),
                name="setup_assist_phase_exists",
            ),
        ]
        indexes = [
            models.Index(fields=["partner", "-ordered_at", "-id"], name="setup_assist_list"),
        ]

    def __str__(self) -> str:
        return f"Setup Assist {self.get_kind_display()} for {self.location.name}"

    @property
    def phases(self) -> tuple[str, ...]:
        """What the team does, in order."""
        return EXPRESS_PHASES if self.kind == self.Kind.EXPRESS else STANDARD_PHASES

    @property
    def is_open(self) -> bool:
        """Something is still to be done."""
        return self.status in self.OPEN


def kind_for(seats: int) -> SetupAssistOrder.Kind:
    """Express up to five users at the location, Standard above."""
    return SetupAssistOrder.Kind.EXPRESS if seats <= EXPRESS_SEATS else SetupAssistOrder.Kind.STANDARD
