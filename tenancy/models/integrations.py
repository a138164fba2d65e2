"""Integrations: programs of a partner that get tokens by OAuth2, and who authorized which of them to do what."""

import hashlib
import hmac
import uuid

from allauth.idp.oidc.models import Client
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from tenancy.models.people import AdminUser
from tenancy.models.tenants import Partner


class Integration(Client):
    """allauth's OAuth2 client (id, name, secret, redirect URIs, scopes), with whose it is and as whom it acts by itself.

    The secret is 256 random bits, so its SHA-256 is stored instead of a slow hash: a wrong one must not cost half a second.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    partner = models.ForeignKey(Partner, models.CASCADE, related_name="+")
    admin = models.ForeignKey(AdminUser, models.CASCADE, related_name="+")
    secret_set_at = models.DateTimeField(default=timezone.now)
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects: models.Manager["Integration"] = models.Manager()

    class Meta:
        indexes = [models.Index(fields=["partner"], name="integration_partner")]

    def __str__(self) -> str:
        return self.name

    def set_secret(self, secret: str) -> None:
        self.secret = _digest(secret)

    def check_secret(self, secret: str) -> bool:
        return hmac.compare_digest(self.secret, _digest(secret))


class Authorization(models.Model):
    """One person let one integration act in his name. The code that the integration got for it works once, for a minute."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    integration = models.ForeignKey(Integration, models.CASCADE, related_name="authorizations")
    admin = models.ForeignKey(AdminUser, models.CASCADE, related_name="authorizations")
    scopes = models.JSONField(default=list)
    redirect_uri = models.CharField(max_length=500)
    code_digest = models.CharField(max_length=64, unique=True)
    code_challenge = models.CharField(max_length=128, blank=True)
    code_expires_at = models.DateTimeField()
    code_used_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(code_expires_at__gt=F("created_at")), name="code_expires_later"),
            models.CheckConstraint(
                condition=Q(code_used_at__isnull=True) | Q(code_used_at__lte=F("code_expires_at")),
                name="code_used_in_time",
            ),
        ]
        indexes = [models.Index(fields=["admin", "-created_at", "-id"], name="authorization_list")]

    def __str__(self) -> str:
        return f"{self.integration_id}:{self.public_id}"


class RefreshToken(models.Model):
    """What an integration trades for its next access token, once: using it makes the next one. Stored as a hash."""

    authorization = models.ForeignKey(Authorization, models.CASCADE, related_name="refresh_tokens")
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(expires_at__gt=F("created_at")), name="refresh_token_expires_later"),
            # Of one authorization there is one refresh token at a time; those before it are kept to notice a thief.
            models.UniqueConstraint(
                "authorization", condition=Q(used_at__isnull=True), name="one_refresh_token_at_a_time"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.authorization_id}:{self.pk}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
