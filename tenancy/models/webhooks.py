"""Webhooks of partners, and what is, was or will not be delivered to them."""

import uuid

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from tenancy.models.integrations import Integration
from tenancy.models.people import AdminUser
from tenancy.models.tenants import Customer, Partner


class Resource(models.TextChoices):
    """What may be heard of. Stored and public words: never rename one."""

    ALL = "all", "Everything"
    CUSTOMERS = "wholesaleCustomers", "Customers"
    SUBSCRIBERS = "wholesaleSubscribers", "Users"
    REPORTS = "wholesaleBillingReports", "Billing reports"
    JOBS = "jobs", "Provisioning jobs"


class Event(models.TextChoices):
    """What happens to a resource, in the public API's words."""

    ALL = "all", "Everything"
    CREATED = "created", "Created"
    UPDATED = "updated", "Updated"
    DELETED = "deleted", "Deleted"


class Webhook(models.Model):
    """An address of a partner's own system that is told what happens. It is told what its owner may read, today.

    `failing_since` and `paused_until` are the receiver's state, not a delivery's: a dead one costs one try at a time.
    """

    class Status(models.TextChoices):
        ACTIVE = "active", "Active"
        INACTIVE = "inactive", "Switched off"

    class Reason(models.TextChoices):
        NONE = "", "–"
        PERSON = "person", "Switched off by an administrator"
        FAILING = "failing", "Switched off because it did not answer for days"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="webhooks")
    owner = models.ForeignKey(AdminUser, models.CASCADE, related_name="webhooks")
    # Whoever made it by an integration's token loses it with the integration.
    integration = models.ForeignKey(Integration, models.CASCADE, null=True, blank=True, related_name="webhooks")
    name = models.CharField(max_length=80)
    target_url = models.CharField(max_length=500)
    resource = models.CharField(max_length=24, choices=Resource)
    event = models.CharField(max_length=8, choices=Event)
    # Only what is about this customer.
    customer = models.ForeignKey(Customer, models.CASCADE, null=True, blank=True, related_name="webhooks")
    # Encrypted (tenancy.sealing); empty for a webhook that came over the API without one, which is not signed.
    secret = models.TextField(blank=True)
    status = models.CharField(max_length=8, choices=Status, default=Status.ACTIVE)
    off_for = models.CharField(max_length=8, choices=Reason, blank=True, default=Reason.NONE)
    failing_since = models.DateTimeField(null=True, blank=True)
    paused_until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(resource__in=Resource.values), name="webhook_resource_known"),
            models.CheckConstraint(condition=Q(event__in=Event.values), name="webhook_event_known"),
            models.CheckConstraint(
                condition=Q(status="active", off_for="") | Q(status="inactive", off_for__in=["person", "failing"]),
                name="webhook_off_has_reason",
            ),
            models.CheckConstraint(condition=~Q(name="") & ~Q(target_url=""), name="webhook_has_name_and_target"),
        ]
        indexes = [
            models.Index(fields=["partner"], condition=Q(status="active"), name="webhook_listening"),
            models.Index(fields=["partner", "-created_at", "-id"], name="webhook_list"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_active(self) -> bool:
        return self.status == self.Status.ACTIVE


class WebhookDelivery(models.Model):
    """One event for one webhook: the outbox row, written in the transaction of the deed, and the log of its delivery.

    `public_id` is the delivery id that goes out: the same on every try. A try is claimed by counting it and moving
    `due_at` past the claim's lease, so that a worker that dies leaves a row that is due again.
    """

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        DELIVERED = "delivered", "Delivered"
        FAILED = "failed", "Failed"
        WITHHELD = "withheld", "Withheld"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    webhook = models.ForeignKey(Webhook, models.CASCADE, related_name="deliveries")
    # Empty for a test.
    resource = models.CharField(max_length=24, choices=Resource, blank=True)
    event = models.CharField(max_length=8, choices=Event, blank=True)
    target_id = models.UUIDField(null=True, blank=True)
    customer = models.ForeignKey(
        Customer, models.CASCADE, null=True, blank=True, related_name="+", db_index=False, db_constraint=False
    )
    state = models.CharField(max_length=9, choices=State, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    happened_at = models.DateTimeField(db_default=Now())
    due_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True, blank=True)
    # The last try: what was answered, or why nothing was.
    answer = models.PositiveSmallIntegerField(null=True, blank=True)
    error = models.CharField(max_length=200, blank=True)
    # Every try: {"at", "answer", "error", "ms"}.
    tries = models.JSONField(default=list, db_default=models.Value([], models.JSONField()))
    # The delivery that somebody had sent again; it may be forgotten sooner.
    replay_of = models.UUIDField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state="waiting", finished_at=None) | (~Q(state="waiting") & Q(finished_at__isnull=False)),
                name="delivery_finished_has_time",
            ),
            models.CheckConstraint(
                condition=Q(resource="", event="", target_id=None)
                | (~Q(resource="") & ~Q(event="") & Q(target_id__isnull=False)),
                name="delivery_has_target_or_is_test",
            ),
        ]
        indexes = [
            models.Index(fields=["webhook", "due_at", "id"], condition=Q(state="waiting"), name="delivery_due"),
            models.Index(fields=["webhook", "-happened_at", "-id"], name="delivery_log"),
            models.Index(fields=["webhook", "state", "-happened_at", "-id"], name="delivery_log_state"),
            models.Index(F("finished_at"), name="delivery_age", condition=Q(finished_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.resource}.{self.event} {self.target_id}" if self.resource else "test"

    @property
    def is_test(self) -> bool:
        return not self.resource
