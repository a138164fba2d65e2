"""Partner staff inside a customer, and the rights that a customer lends them."""

import uuid

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from tenancy.models.people import AdminUser
from tenancy.models.tenants import Customer


class CrossLaunch(models.Model):
    """Partner staff inside a customer's Control Hub: who, where, since when. Read on every request.

    `code_digest` and `opener_digest` are SHA-256 of the single-use code and of the session that asked for it: both must
    come back within `code_expires_at`. `entered_at` is when they did; the code is forgotten then (ADR 0008).
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    admin = models.ForeignKey(AdminUser, models.CASCADE, related_name="cross_launches")
    customer = models.ForeignKey(Customer, models.CASCADE, related_name="cross_launches")
    started_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    code_digest = models.CharField(max_length=64, blank=True, default="", db_default="")
    opener_digest = models.CharField(max_length=64, blank=True, default="", db_default="")
    code_expires_at = models.DateTimeField(null=True, blank=True)
    entered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint("admin", "customer", condition=Q(ended_at__isnull=True), name="launch_open_once"),
            models.CheckConstraint(condition=Q(expires_at__gt=models.F("started_at")), name="launch_expires_later"),
            models.CheckConstraint(condition=Q(entered_at=None) | Q(code_digest=""), name="launch_code_used_once"),
        ]

    def __str__(self) -> str:
        return f"{self.admin_id}>{self.customer_id}"


class TemporaryRights(models.Model):
    """Help desk staff asked a customer for full rights, for `minutes`; a customer's administrator decided (domain.md 7.2)."""

    class State(models.TextChoices):
        REQUESTED = "requested", "Waiting for an answer"
        APPROVED = "approved", "Approved"
        REFUSED = "refused", "Refused"
        ENDED = "ended", "Ended"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    admin = models.ForeignKey(AdminUser, models.CASCADE, related_name="temporary_rights")
    customer = models.ForeignKey(Customer, models.CASCADE, related_name="temporary_rights")
    reason = models.CharField(max_length=200)
    minutes = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=10, choices=State, default=State.REQUESTED)
    requested_at = models.DateTimeField(db_default=Now())
    decided_by = models.ForeignKey(AdminUser, models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "admin", "customer", condition=Q(state__in=["requested", "approved"]), name="temporary_rights_open_once"
            ),
            models.CheckConstraint(
                condition=Q(minutes__gte=5, minutes__lte=60), name="temporary_rights_an_hour_at_most"
            ),
            models.CheckConstraint(
                condition=~Q(state="approved")
                | Q(decided_by__isnull=False, decided_at__isnull=False, expires_at__isnull=False),
                name="temporary_rights_approved_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(decided_by=None) | ~Q(decided_by=models.F("admin")) | Q(state="ended"),
                name="temporary_rights_not_by_oneself",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.admin_id}>{self.customer_id} {self.state}"
