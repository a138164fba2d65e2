"""Wizards that are being filled in."""

import uuid

from django.db import models
from django.utils import timezone

from tenancy.models.people import AdminUser
from tenancy.models.tenants import Customer, Partner


class WizardDraft(models.Model):
    """What somebody typed into a wizard so far. The URL carries `public_id`: back, reload and two tabs lose nothing."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(max_length=40)
    owner = models.ForeignKey(AdminUser, models.CASCADE, related_name="drafts")
    partner = models.ForeignKey(Partner, models.CASCADE, related_name="drafts")
    customer = models.ForeignKey(Customer, models.CASCADE, null=True, blank=True, related_name="drafts")
    data = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(auto_now=True)
    submitted_at = models.DateTimeField(null=True, blank=True)
    result_url = models.CharField(max_length=300, blank=True)

    class Meta:
        indexes = [models.Index(fields=["owner", "kind", "-updated_at"], name="draft_owner_kind")]

    def __str__(self) -> str:
        return f"{self.kind} {self.public_id}"
