"""What was done, by whom, in a chain per tenant."""

import uuid

from django.conf import settings
from django.db import models

from tenancy.models.launches import CrossLaunch
from tenancy.models.tenants import Customer, Partner
from tenancy.narrowing import OwnDeeds


class AuditChain(models.Model):
    """Head of one tenant's hash chain. Its row is locked while an event is added, so the chain cannot fork."""

    tenant = models.CharField(max_length=40, primary_key=True)
    length = models.PositiveBigIntegerField(default=0)
    head = models.CharField(max_length=64, default="0" * 64)

    def __str__(self) -> str:
        return f"{self.tenant}#{self.length}"


class AuditEvent(models.Model):
    """One deed, shaped like the public admin-audit event. Insert-only: a trigger refuses UPDATE and DELETE."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    tenant = models.CharField(max_length=40)
    number = models.PositiveBigIntegerField()
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)
    created_at = models.DateTimeField()
    action = models.CharField(max_length=64)
    category = models.CharField(max_length=32)
    text = models.CharField(max_length=400)
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="audit_events")
    customer = models.ForeignKey(Customer, models.PROTECT, null=True, related_name="audit_events")
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    actor_name = models.CharField(max_length=120)
    actor_email = models.CharField(max_length=161, blank=True)
    actor_org_name = models.CharField(max_length=120)
    actor_roles = models.JSONField(default=list)
    actor_ip = models.GenericIPAddressField(null=True)
    actor_user_agent = models.CharField(max_length=200, blank=True)
    door = models.CharField(max_length=12)
    launch = models.ForeignKey(CrossLaunch, models.PROTECT, null=True, related_name="+")
    target_type = models.CharField(max_length=40)
    target_id = models.CharField(max_length=64)
    target_name = models.CharField(max_length=200)
    changes = models.JSONField(default=dict)
    tracking_id = models.CharField(max_length=64, blank=True)

    objects = OwnDeeds()

    class Meta:
        constraints = [models.UniqueConstraint("tenant", "number", name="audit_number_once")]
        indexes = [
            models.Index(fields=["partner", "-created_at", "-id"], name="audit_partner_time"),
            models.Index(fields=["customer", "-created_at", "-id"], name="audit_customer_time"),
            models.Index(fields=["customer", "target_id", "-created_at", "-id"], name="audit_customer_target"),
        ]

    def __str__(self) -> str:
        return f"{self.tenant}#{self.number} {self.action}"
