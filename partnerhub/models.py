"""Across customers: onboarding templates with their versions, and what each customer came from."""

import base64
import uuid
from datetime import datetime, timedelta

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower, Now
from django.utils import timezone

from controlhub.models import Subscriber
from tenancy.models import AdminUser, Customer, Partner


class OnboardingTemplate(models.Model):
    """A bundle of defaults for new customers, known to the API by its Provisioning ID (domain.md section 1)."""

    class State(models.TextChoices):
        ACTIVE = "active", "Active"
        RETIRED = "retired", "Retired"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="templates")
    name = models.CharField(max_length=80)
    state = models.CharField(max_length=8, choices=State, default=State.ACTIVE)
    current_version = models.ForeignKey("TemplateVersion", models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint("partner", Lower("name"), name="template_name_once_per_partner"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def provisioning_id(self) -> str:
        """Unpadded base64 of the bare uuid, as in the public API (domain.md 0.4)."""
        return base64.b64encode(str(self.public_id).encode()).decode().rstrip("=")


class TemplateVersion(models.Model):
    """What a template said at one time. Never changed: an edit makes the next version."""

    class Authentication(models.TextChoices):
        WEBEX = "webex", "Webex authentication"
        SAML = "saml", "Partner authentication"
        OIDC = "oidc", "Partner authentication with OpenID Connect"

    class DialIn(models.TextChoices):
        CISCO = "cisco", "Cisco call-in numbers"
        PARTNER = "partner", "Partner-provided numbers"

    template = models.ForeignKey(OnboardingTemplate, models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    country = models.CharField(max_length=2)
    service_provider_admin = models.ForeignKey(AdminUser, models.PROTECT, related_name="+")
    email_language = models.CharField(max_length=5)
    subscription_id = models.CharField(max_length=40)
    pstn_provider = models.CharField(max_length=80, blank=True)
    authentication = models.CharField(max_length=5, choices=Authentication, default=Authentication.WEBEX)
    idp_entity_id = models.CharField(max_length=200, blank=True)
    admin_invite_emails_on_attach = models.BooleanField(default=True)
    suppress_admin_invite_email = models.BooleanField(default=False)
    disable_free_calling = models.BooleanField(default=False)
    meeting_dial_in = models.CharField(max_length=8, choices=DialIn, default=DialIn.CISCO)
    created_by = models.ForeignKey(AdminUser, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint("template", "number", name="template_version_number_once"),
            models.CheckConstraint(
                condition=Q(authentication="webex", idp_entity_id="")
                | (~Q(authentication="webex") & ~Q(idp_entity_id="")),
                name="idp_only_with_partner_authentication",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.template_id} v{self.number}"


class CustomerOrigin(models.Model):
    """Which template version a customer was created from, and what was declared. PROTECT: a template in use stays."""

    customer = models.OneToOneField(Customer, models.CASCADE, related_name="origin")
    template_version = models.ForeignKey(TemplateVersion, models.PROTECT, related_name="customers")
    supported_location_declared_at = models.DateTimeField()
    created_by = models.ForeignKey(AdminUser, models.PROTECT, null=True, related_name="+")

    def __str__(self) -> str:
        return f"{self.customer_id} from {self.template_version_id}"


class OrganizationAttachment(models.Model):
    """How an organisation that existed already became a customer: facts, decision, consent (domain.md section 9).

    `administrators` are the addresses that Webex named, the primary one first. `round` grows with each question, so that only
    the links of the newest mails work; `asked_at` is when these had gone out. `rights` are what Webex gives the partner.
    """

    class Decision(models.TextChoices):
        AUTOMATIC = "automatic", "Automatic"
        CONSENT = "consent", "With consent"

    class Reason(models.TextChoices):
        SMALL = "small", "fewer than 100 users, and no verified or claimed domain"
        USERS = "users", "100 users or more"
        VERIFIED_DOMAIN = "verified_domain", "a verified email domain"
        CLAIMED_DOMAIN = "claimed_domain", "a claimed email domain"

    class Licences(models.TextChoices):
        NONE = "none", "none"
        SUSPENDED = "suspended", "suspended or cancelled"
        ACTIVE = "active", "active"

    class Rights(models.TextChoices):
        FULL = "full", "Full admin"
        LIMITED = "limited", "Provisioning admin (limited view)"

    class State(models.TextChoices):
        ORDERED = "ordered", "Ordered"
        ASKED = "asked", "Waiting for consent"
        APPROVED = "approved", "Approved"
        REFUSED = "refused", "Refused"
        EXPIRED = "expired", "Not answered"
        ATTACHED = "attached", "Attached"
        ENDED = "ended", "Ended"

    # Under way or done: nobody else may attach the organisation meanwhile.
    CLAIMING = (State.ORDERED, State.ASKED, State.APPROVED, State.ATTACHED)
    LINK_LIFETIME = timedelta(days=14)

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    customer = models.OneToOneField(Customer, models.CASCADE, related_name="attachment")
    org_id = models.UUIDField(editable=False)
    decision = models.CharField(max_length=9, choices=Decision)
    reason = models.CharField(max_length=15, choices=Reason)
    rights = models.CharField(max_length=7, choices=Rights)
    users = models.PositiveIntegerField()
    licences = models.CharField(max_length=9, choices=Licences)
    administrators = models.JSONField()
    state = models.CharField(max_length=8, choices=State, default=State.ORDERED)
    round = models.PositiveSmallIntegerField(default=0)
    asked_at = models.DateTimeField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.EmailField(max_length=161, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "org_id",
                condition=Q(state__in=["ordered", "asked", "approved", "attached"]),
                name="organization_attached_once",
            ),
            models.CheckConstraint(
                condition=~Q(decision="automatic")
                | Q(
                    reason="small", round=0, asked_at=None, answered_at=None, state__in=["ordered", "attached", "ended"]
                ),
                name="attached_automatically_asks_nobody",
            ),
            models.CheckConstraint(
                condition=~Q(decision="consent") | (~Q(reason="small") & Q(rights="full")),
                name="attached_with_consent_has_reason",
            ),
            models.CheckConstraint(
                condition=Q(answered_at=None, answered_by="") | (Q(answered_at__isnull=False) & ~Q(answered_by="")),
                name="attachment_answer_has_time_and_name",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["approved", "refused"]) & ~Q(decision="consent", state="attached")
                | Q(answered_at__isnull=False),
                name="attached_with_consent_was_answered",
            ),
            models.CheckConstraint(
                condition=~Q(rights="limited") | Q(licences="active"), name="attached_limited_has_licences"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.customer_id} {self.state}"

    @property
    def is_waiting(self) -> bool:
        """Are the administrators asked, and has nobody answered?"""
        return self.state == self.State.ASKED

    @property
    def link_until(self) -> datetime | None:
        """When the links of the last mails stop working."""
        return self.asked_at + self.LINK_LIFETIME if self.asked_at else None


class IdentityCheck(models.Model):
    """Help desk makes sure that a caller is who he says: a code mailed to the user, which he reads back (domain.md 7.6).

    Only an HMAC of the code is stored. The newest check of a user counts; after a few wrong tries it is spent.
    """

    subscriber = models.ForeignKey(Subscriber, models.CASCADE, related_name="identity_checks")
    digest = models.CharField(max_length=64)
    tries = models.PositiveSmallIntegerField(default=0)
    sent_by = models.ForeignKey(AdminUser, models.PROTECT, related_name="+")
    sent_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(expires_at__gt=models.F("sent_at")), name="identity_check_expires_later"
            ),
            models.CheckConstraint(condition=Q(tries__lte=5), name="identity_check_few_tries"),
        ]
        indexes = [models.Index(fields=["subscriber", "-sent_at", "-id"], name="identity_check_newest")]

    def __str__(self) -> str:
        return f"{self.subscriber_id} {self.sent_at:%F %T}"
