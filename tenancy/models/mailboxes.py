"""Addresses that the portal writes to."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from tenancy.models.tenants import Customer


class Mailbox(models.Model):
    """What became of the last mail to an address, and whether mails to it are stopped (domain.md 7.6)."""

    class Status(models.TextChoices):
        SENT = "sent", "Sent"
        FAILED = "failed", "The mail server did not take it"
        STOPPED = "stopped", "Not sent: mails to this address are stopped"
        BOUNCED = "bounced", "Bounced"
        COMPLAINED = "complained", "Reported as spam"

    class Reason(models.TextChoices):
        NONE = "", "Mails are sent"
        BOUNCED = "bounced", "A mail bounced"
        COMPLAINED = "complained", "A mail was reported as spam"

    email = models.EmailField(max_length=161, unique=True)
    last_kind = models.CharField(max_length=40, blank=True)
    last_status = models.CharField(max_length=12, choices=Status, blank=True)
    last_at = models.DateTimeField(null=True, blank=True)
    # Whose mail that was: other customers of the same person must not learn of it.
    last_customer = models.ForeignKey(Customer, models.SET_NULL, null=True, blank=True, related_name="+")
    stopped_for = models.CharField(max_length=12, choices=Reason, blank=True, default=Reason.NONE)
    stopped_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "mailboxes"
        constraints = [
            models.CheckConstraint(condition=Q(email=Lower("email")), name="mailbox_email_lower"),
            models.CheckConstraint(
                condition=Q(stopped_for="", stopped_at=None) | (~Q(stopped_for="") & Q(stopped_at__isnull=False)),
                name="mailbox_stopped_since",
            ),
        ]
        indexes = [models.Index(fields=["email"], condition=~Q(stopped_for=""), name="mailbox_stopped")]

    def __str__(self) -> str:
        return self.email
