"""How people get into a customer and who runs it: consent, automatic licences, directory, scopes, columns."""

import uuid
from datetime import datetime, timedelta

from django.db import models
from django.db.models import Q
from django.utils import timezone

from controlhub.models.locations import Location
from controlhub.models.subscribers import Subscriber
from controlhub.scope import InLocations
from tenancy.models import AdminUser, Customer, RoleAssignment
from tenancy.packages import PACKAGE_CHOICES


class ConsentRequest(models.Model):
    """Somebody who owns a free account is asked whether the customer may take it over (domain.md 5.8).

    Until he agrees, nothing is used: the package, number and extension are only kept for him. `CustomerPackage.used`
    counts the kept seat (invariant I10). `round` grows with each mail, so that only the newest link works.
    """

    class State(models.TextChoices):
        PENDING = "pending", "Waiting for consent"
        ACCEPTED = "accepted", "Agreed"
        CANCELLED = "cancelled", "Cancelled"

    # From the last mail on. The request itself stays open: whoever runs the customer resends it, or deletes the user.
    LINK_LIFETIME = timedelta(days=14)

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="consent_requests")
    subscriber = models.ForeignKey(Subscriber, models.PROTECT, related_name="consent_requests")
    package = models.CharField(max_length=32, choices=PACKAGE_CHOICES)
    state = models.CharField(max_length=12, choices=State, default=State.PENDING)
    round = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)

    objects = InLocations("subscriber__location")

    class Meta:
        constraints = [
            models.UniqueConstraint("subscriber", condition=Q(state="pending"), name="one_open_consent_per_subscriber"),
            models.CheckConstraint(
                condition=Q(state="pending", decided_at=None) | (~Q(state="pending") & Q(decided_at__isnull=False)),
                name="consent_decided_has_time",
            ),
        ]
        indexes = [
            models.Index(fields=["customer", "created_at", "id"], condition=Q(state="pending"), name="consent_open"),
        ]

    def __str__(self) -> str:
        return f"{self.subscriber_id} {self.state}"

    @property
    def reminders(self) -> int:
        """How many mails followed the first one."""
        return max(self.round - 1, 0)

    @property
    def link_until(self) -> datetime | None:
        """When the link of the last mail stops working."""
        return self.sent_at + self.LINK_LIFETIME if self.sent_at else None


class PeopleSettings(models.Model):
    """How people get into a customer by themselves: automatic licences, and a directory that owns names and addresses.

    No row means: both off.
    """

    class Directory(models.TextChoices):
        ENTRA_ID = "entra_id", "Microsoft Entra ID"
        OKTA = "okta", "Okta"
        ACTIVE_DIRECTORY = "active_directory", "Active Directory"
        SCIM = "scim", "Another directory (SCIM)"

    customer = models.OneToOneField(Customer, models.CASCADE, related_name="people_settings")
    auto_package = models.CharField(max_length=32, choices=PACKAGE_CHOICES, blank=True)
    auto_changed_at = models.DateTimeField(null=True, blank=True)
    auto_changed_by = models.ForeignKey(AdminUser, models.SET_NULL, null=True, blank=True, related_name="+")
    directory = models.CharField(max_length=20, choices=Directory, blank=True)
    directory_changed_at = models.DateTimeField(null=True, blank=True)
    directory_changed_by = models.ForeignKey(AdminUser, models.SET_NULL, null=True, blank=True, related_name="+")

    def __str__(self) -> str:
        return f"{self.customer_id} {self.auto_package} {self.directory}".strip()


class FirstAdministrator(models.Model):
    """Who administers a new customer, with the package it started with: below that he never goes (domain.md 2.2).

    No row: the organisation existed before, or nobody is in it yet.
    """

    customer = models.OneToOneField(Customer, models.PROTECT, related_name="first_administrator")
    subscriber = models.OneToOneField(Subscriber, models.PROTECT, related_name="first_place")
    package = models.CharField(max_length=32, choices=PACKAGE_CHOICES)

    def __str__(self) -> str:
        return f"{self.customer_id}: {self.subscriber_id} from {self.package}"


class LocationAdminScope(models.Model):
    """A location that a location administrator administers. `slot` keeps him at five (domain.md 7.4)."""

    MOST = 5

    role_assignment = models.ForeignKey(RoleAssignment, models.CASCADE, related_name="location_scopes")
    location = models.ForeignKey(Location, models.CASCADE, related_name="admin_scopes")
    slot = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint("role_assignment", "location", name="location_scope_once"),
            models.UniqueConstraint("role_assignment", "slot", name="location_scope_slot_once"),
            models.CheckConstraint(condition=Q(slot__gte=1, slot__lte=5), name="location_scope_at_most_five"),
        ]

    def __str__(self) -> str:
        return f"{self.role_assignment_id}@{self.location_id}"


class ListColumns(models.Model):
    """Which columns of a list one administrator wants to see, wherever he looks at it."""

    admin = models.ForeignKey(AdminUser, models.CASCADE, related_name="list_columns")
    kind = models.CharField(max_length=20)
    columns = models.JSONField(default=list)

    class Meta:
        constraints = [models.UniqueConstraint("admin", "kind", name="columns_once_per_list")]

    def __str__(self) -> str:
        return f"{self.admin_id} {self.kind}"
