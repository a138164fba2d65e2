"""Bearer tokens of the API."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone

from tenancy.models.integrations import Authorization, Integration
from tenancy.models.people import AdminUser
from tenancy.models.tenants import Partner


class ApiToken(models.Model):
    """A bearer token of one person. Only its SHA-256 is stored; the token itself is shown once, when it is made.

    One that an integration got is its person's too, but reaches no further than the integration's partner.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    admin = models.ForeignKey(AdminUser, models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=80, blank=True, default="", db_default="")
    integration = models.ForeignKey(Integration, models.CASCADE, null=True, blank=True, related_name="tokens")
    authorization = models.ForeignKey(Authorization, models.CASCADE, null=True, blank=True, related_name="tokens")
    within = models.ForeignKey(Partner, models.CASCADE, null=True, blank=True, related_name="+")
    digest = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(expires_at__gt=models.F("created_at")), name="token_expires_later"),
            models.CheckConstraint(
                condition=Q(integration__isnull=True, authorization__isnull=True, within__isnull=True)
                | Q(integration__isnull=False, within__isnull=False),
                name="token_of_integration_is_narrow",
            ),
        ]
        indexes = [models.Index(fields=["admin", "-created_at", "-id"], name="token_list")]

    def __str__(self) -> str:
        return f"{self.admin_id}:{self.public_id}"
