"""Tries to sign in that failed."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone


class FailedSignIn(models.Model):
    """Failed tries with one address, counted until they become one audit event, or are forgotten if nobody has it.

    Known and unknown addresses are treated alike: the answer takes as long, and a guesser fills no audit log.
    """

    email = models.CharField(max_length=320, unique=True)
    count = models.PositiveIntegerField(default=1)
    first_at = models.DateTimeField(default=timezone.now)
    last_at = models.DateTimeField(default=timezone.now)
    ip = models.GenericIPAddressField(null=True)
    user_agent = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(email=Lower("email")), name="failed_sign_in_email_lower")]

    def __str__(self) -> str:
        return f"{self.email} {self.count}"
