"""What an organisation chose for itself, and its mail domains."""

import uuid

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone

from tenancy.models import Customer


class OrganizationSettings(models.Model):
    """What an organisation chose for its mails, sign-in, assistant and calls. No row means: what the fields default to."""

    class Authentication(models.TextChoices):
        WEBEX = "webex", "Webex authentication"
        SAML = "saml", "SAML single sign-on"
        OIDC = "oidc", "OpenID Connect single sign-on"

    class CallPriority(models.TextChoices):
        WORK_NUMBER = "work_number", "Work number first"
        WEBEX_APP = "webex_app", "Webex app first"
        MOBILE = "mobile", "Mobile number first"

    class CallingBehavior(models.TextChoices):
        """Values of the public People API."""

        WEBEX = "NATIVE_WEBEX_TEAMS_CALLING", "Calling in the Webex app"
        WEBEX_CALLING_APP = "CALL_WITH_APP_REGISTERED_FOR_WEBEXCALLTEL", "Open the Webex Calling app"
        THIRD_PARTY = "CALL_WITH_APP_REGISTERED_FOR_TEL", "Open a third-party app"

    class CallRecording(models.TextChoices):
        OFF = "", "No call recording"
        WEBEX = "webex", "Webex"
        THIRD_PARTY = "third_party", "Third-party recorder"

    customer = models.OneToOneField(Customer, models.CASCADE, related_name="organization_settings")
    suppress_admin_invite_email = models.BooleanField(default=False)
    email_locale = models.CharField(max_length=5, blank=True)
    authentication = models.CharField(max_length=5, choices=Authentication, default=Authentication.WEBEX)
    idp_entity_id = models.CharField(max_length=200, blank=True)
    assistant = models.BooleanField(default=True)
    call_priority = models.CharField(max_length=12, choices=CallPriority, default=CallPriority.WORK_NUMBER)
    calling_behavior = models.CharField(max_length=48, choices=CallingBehavior, default=CallingBehavior.WEBEX)
    call_recording = models.CharField(max_length=12, choices=CallRecording, default=CallRecording.OFF, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(authentication="webex", idp_entity_id="")
                | (~Q(authentication="webex") & ~Q(idp_entity_id="")),
                name="organization_idp_only_with_single_sign_on",
            ),
        ]

    def __str__(self) -> str:
        return f"Settings of {self.customer_id}"


class OrganizationDomain(models.Model):
    """A mail domain of the organisation: added, then verified by a DNS TXT record, then claimed.

    Several organisations may verify a domain, one in the whole portal may claim it.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    customer = models.ForeignKey(Customer, models.CASCADE, related_name="domains")
    name = models.CharField(max_length=253)
    token = models.UUIDField(default=uuid.uuid4, editable=False)
    created_at = models.DateTimeField(default=timezone.now)
    verified_at = models.DateTimeField(null=True, blank=True)
    claimed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint("customer", "name", name="domain_once_per_customer"),
            models.UniqueConstraint("name", condition=Q(claimed_at__isnull=False), name="domain_claimed_once"),
            models.CheckConstraint(condition=Q(name=Lower("name")), name="domain_lower"),
            models.CheckConstraint(
                condition=Q(claimed_at=None) | Q(verified_at__isnull=False), name="domain_verified_before_claimed"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def txt_record(self) -> str:
        """What the DNS of the domain must say."""
        return f"webex-domain-verification={self.token}"


class SimulatedTxtRecord(models.Model):
    """A TXT record of the simulated DNS (controlhub.dns), for the demo and tests."""

    name = models.CharField(max_length=253)
    value = models.CharField(max_length=255)

    def __str__(self) -> str:
        return f"{self.name} TXT {self.value}"
