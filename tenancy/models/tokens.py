"""Bearer tokens of the API."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone

from tenancy.models.people import AdminUser


class ApiToken(models.Model):
    """A bearer token of one person. Only its SHA-256 is stored; the token itself is shown once, when it is made."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    admin = models.ForeignKey(AdminUser, models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=80, blank=True, default="", db_default="")
    digest = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(expires_at__gt=models.F("created_at")), name="token_expires_later"),
        ]
        indexes = [models.Index(fields=["admin", "-created_at", "-id"], name="token_list")]

    def __str__(self) -> str:
        return f"{self.admin_id}:{self.public_id}"
