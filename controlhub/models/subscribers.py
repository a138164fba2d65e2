"""People of the customer."""

import uuid

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower, Upper
from django.utils import timezone

from controlhub.models.locations import Location
from controlhub.scope import InLocations
from tenancy.models import AdminUser, Customer, Partner


class Subscriber(models.Model):
    """A person of the customer. What he may use stands in his package assignments; a deleted one keeps his history."""

    class Status(models.TextChoices):
        PROVISIONED = "provisioned", "Active"
        PENDING = "pending", "Invitation pending"
        PENDING_USER_MIGRATION = "pending_user_migration", "Consent pending"
        SUSPENDED = "suspended", "Suspended"
        FAILED = "failed", "Failed"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    person_id = models.UUIDField(null=True, unique=True, editable=False)
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="subscribers")
    # The customer's partner again, filled in by a trigger (migration 0002_guards): the API lists a partner's subscribers by time.
    partner = models.ForeignKey(
        Partner, models.PROTECT, editable=False, related_name="subscribers", db_index=False, db_constraint=False
    )
    first_name = models.CharField(max_length=30)
    last_name = models.CharField(max_length=30)
    email = models.EmailField(max_length=161)
    status = models.CharField(max_length=24, choices=Status, default=Status.PENDING)
    location = models.ForeignKey(Location, models.PROTECT, null=True, blank=True, related_name="subscribers")
    extension = models.CharField(max_length=6, blank=True)
    caller_id_number = models.ForeignKey("PhoneNumber", models.SET_NULL, null=True, blank=True, related_name="shown_by")
    caller_id_first_name = models.CharField(max_length=30, blank=True, default="", db_default="")
    caller_id_last_name = models.CharField(max_length=30, blank=True, default="", db_default="")
    # What is switched off although a package brings it. It costs the same.
    messaging_off = models.BooleanField(default=False, db_default=False)
    meetings_off = models.BooleanField(default=False, db_default=False)
    calling_off = models.BooleanField(default=False, db_default=False)
    error = models.TextField(blank=True)
    admin = models.ForeignKey(AdminUser, models.SET_NULL, null=True, blank=True, related_name="subscribers")
    created_at = models.DateTimeField(default=timezone.now)
    status_changed_at = models.DateTimeField(default=timezone.now)
    deleted_at = models.DateTimeField(null=True, blank=True)

    objects = InLocations()

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("email"), condition=Q(deleted_at=None), name="subscriber_email_once"),
            models.CheckConstraint(
                condition=Q(extension__regex=r"^([0-9]{2,6})?$"), name="extension_two_to_six_digits"
            ),
            models.CheckConstraint(condition=Q(email=Lower("email")), name="subscriber_email_lower"),
        ]
        indexes = [
            models.Index(
                fields=["customer", "last_name", "first_name", "id"],
                condition=Q(deleted_at=None),
                name="subscriber_list",
            ),
            models.Index(
                fields=["customer", "email", "id"], condition=Q(deleted_at=None), name="subscriber_list_email"
            ),
            models.Index(
                fields=["customer", "-created_at", "-id"], condition=Q(deleted_at=None), name="subscriber_list_newest"
            ),
            models.Index(
                fields=["partner", "created_at", "id"],
                condition=Q(deleted_at=None),
                name="subscriber_partner_created",
            ),
            models.Index(
                fields=["partner", "status_changed_at", "id"],
                condition=Q(deleted_at=None),
                name="subscriber_partner_changed",
            ),
            models.Index(
                fields=["customer", "-deleted_at", "-id"],
                condition=Q(deleted_at__isnull=False),
                name="subscriber_deleted",
            ),
            GinIndex(
                "customer_id",
                OpClass(Upper("first_name"), name="gin_trgm_ops"),
                OpClass(Upper("last_name"), name="gin_trgm_ops"),
                OpClass(Upper("email"), name="gin_trgm_ops"),
                name="subscriber_search",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.first_name} {self.last_name}"
