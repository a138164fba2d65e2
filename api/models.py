"""What the API remembers of requests."""

from django.db import models
from django.db.models.functions import Now

from tenancy.models import ApiToken


class IdempotencyKey(models.Model):
    """The answer that a token got for a key: the same request again gets it again, for thirty days.

    Written in the transaction of the deed itself, so that there is an answer if and only if there was a deed.
    """

    token = models.ForeignKey(ApiToken, models.CASCADE, related_name="idempotency_keys")
    key = models.CharField(max_length=255)
    request_hash = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField()
    headers = models.JSONField(default=dict)
    body = models.BinaryField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint("token", "key", name="idempotency_key_once_per_token")]
        indexes = [models.Index(fields=["created_at"], name="idempotency_key_age")]

    def __str__(self) -> str:
        return f"{self.token_id} {self.key}"
