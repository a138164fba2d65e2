"""Who owns what (Partner, Customer), who signs in (AdminUser, RoleAssignment), and what they did (AuditEvent)."""

import uuid
from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower, Now, Upper
from django.utils import timezone

from tenancy.narrowing import OwnDeeds
from tenancy.policy import CUSTOMER_ROLES, Role

if TYPE_CHECKING:
    from tenancy.actors import Actor

ROLE_CHOICES = [(role.value, role.label) for role in Role]


class PartnerQuerySet(models.QuerySet["Partner"]):
    """Partners as an actor may see them."""

    def visible_to(self, actor: "Actor") -> "PartnerQuerySet":
        """The actor's own partner, and its sub-partners for a role that sees every customer. Nobody else."""
        if actor.is_system:
            return self
        return self.filter(Q(pk__in=actor.partner_ids) | Q(parent_id__in=actor.parent_partner_ids))


class Partner(models.Model):
    """A service provider that buys wholesale. With a `parent` it is a sub-partner ("indirect provider"), one level deep."""

    class State(models.TextChoices):
        ACTIVE = "active", "Active"
        SUSPENDED = "suspended", "Suspended"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=120)
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="sub_partners")
    subscription_id = models.CharField(max_length=40)
    state = models.CharField(max_length=12, choices=State, default=State.ACTIVE)
    country = models.CharField(max_length=2)
    time_zone = models.CharField(max_length=64, default="UTC")
    support_email = models.EmailField(blank=True)
    support_phone = models.CharField(max_length=16, blank=True)
    billing_start_on = models.DateField()
    customer_count = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)

    objects = PartnerQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(parent=models.F("id")), name="partner_not_own_parent"),
            models.CheckConstraint(condition=Q(country=Upper("country")), name="partner_country_upper"),
        ]

    def __str__(self) -> str:
        return self.name


class CustomerQuerySet(models.QuerySet["Customer"]):
    """Customers as an actor may see them."""

    def visible_to(self, actor: "Actor") -> "CustomerQuerySet":
        """Customers the actor administers, or manages from the partner's side (its sub-partners' included)."""
        if actor.is_system:
            return self
        assigned = Q(partner_id__in=actor.assigned_customers_partner_ids, pk__in=actor.assigned_customer_ids)
        return self.filter(
            Q(pk__in=actor.customer_ids)
            | Q(partner_id__in=actor.all_customers_partner_ids)
            | Q(partner__parent_id__in=actor.parent_partner_ids)
            | assigned
        )


class Customer(models.Model):
    """A small business: one Webex organisation bought wholesale. `status` uses the public API's words."""

    class Status(models.TextChoices):
        PROVISIONING = "provisioning", "In progress"
        PROVISIONED = "provisioned", "Active"
        PROVISIONED_WITH_ERRORS = "provisioned_with_errors", "Action needed"
        UPDATING = "updating", "Updating"
        DELETING = "deleting", "Deleting"
        ERROR = "error", "Failed"
        PENDING_RPL_REVIEW = "pending_rpl_review", "Compliance review"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    org_id = models.UUIDField(null=True, unique=True, editable=False)
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="customers")
    name = models.CharField(max_length=120)
    external_id = models.CharField(max_length=64)
    primary_email = models.EmailField(max_length=161)
    status = models.CharField(max_length=24, choices=Status, default=Status.PROVISIONING)
    restricted = models.BooleanField(default=True)
    helpdesk_allowed = models.BooleanField(default=True)
    address_line1 = models.CharField(max_length=50)
    address_line2 = models.CharField(max_length=50, blank=True)
    city = models.CharField(max_length=50)
    state = models.CharField(max_length=50, blank=True)
    postal_code = models.CharField(max_length=20, blank=True)
    country = models.CharField(max_length=2)
    language = models.CharField(max_length=5)
    time_zone = models.CharField(max_length=64, default="UTC")
    meeting_site = models.CharField(max_length=80, blank=True)
    sip_domain = models.CharField(max_length=120, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    status_changed_at = models.DateTimeField(default=timezone.now)

    objects = CustomerQuerySet.as_manager()
    # Who looks at it, set by CustomerView: what is reached from here is narrowed to what he may see (tenancy.narrowing).
    viewer: "Actor | None" = None

    class Meta:
        constraints = [
            models.UniqueConstraint("partner", "external_id", name="customer_external_id_once_per_partner"),
            models.CheckConstraint(condition=~Q(external_id=""), name="customer_has_external_id"),
            models.CheckConstraint(condition=~Q(name__contains="%"), name="customer_name_without_percent"),
            models.CheckConstraint(
                condition=~Q(status="provisioned") | Q(org_id__isnull=False), name="customer_provisioned_has_org"
            ),
        ]
        indexes = [
            models.Index(fields=["partner", "name", "id"], name="customer_partner_name"),
            models.Index(fields=["partner", "status", "name", "id"], name="customer_partner_status"),
            GinIndex(
                "partner_id",
                OpClass(Upper("name"), name="gin_trgm_ops"),
                OpClass(Upper("external_id"), name="gin_trgm_ops"),
                OpClass(Upper("primary_email"), name="gin_trgm_ops"),
                name="customer_search",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class AdminUserManager(BaseUserManager["AdminUser"]):
    """Creates people who sign in; e-mail addresses are stored in lower case."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "AdminUser":
        """A new account. Without a password it cannot sign in until one is set by a reset link."""
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> "AdminUser":
        return self.get(email=(username or "").lower())


class AdminUser(AbstractBaseUser):
    """Somebody who signs in. What he may do stands in his role assignments, never here."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    email = models.EmailField(max_length=161, unique=True)
    full_name = models.CharField(max_length=120, blank=True)
    time_zone = models.CharField(max_length=64, default="UTC")
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    is_staff = False
    is_superuser = False

    objects = AdminUserManager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(email=Lower("email")), name="admin_email_lower"),
        ]

    def __str__(self) -> str:
        return self.full_name or self.email


class RoleAssignment(models.Model):
    """One role of one person, at one partner or one customer. `partner_admin` also needs customers assigned to it."""

    admin = models.ForeignKey(AdminUser, models.CASCADE, related_name="role_assignments")
    role = models.CharField(max_length=24, choices=ROLE_CHOICES)
    partner = models.ForeignKey(Partner, models.CASCADE, null=True, blank=True, related_name="role_assignments")
    customer = models.ForeignKey(Customer, models.CASCADE, null=True, blank=True, related_name="role_assignments")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint("admin", "role", "partner", "customer", name="role_once", nulls_distinct=False),
            models.CheckConstraint(
                condition=(
                    Q(role__in=sorted(CUSTOMER_ROLES), customer__isnull=False, partner__isnull=True)
                    | (~Q(role__in=sorted(CUSTOMER_ROLES)) & Q(partner__isnull=False, customer__isnull=True))
                ),
                name="role_fits_its_organisation",
            ),
        ]
        indexes = [models.Index(fields=["customer", "role"], name="role_customer")]

    def __str__(self) -> str:
        return f"{self.admin_id}:{self.role}"


class CustomerAssignment(models.Model):
    """A partner administrator sees only the customers assigned to him (domain.md 7.2)."""

    admin = models.ForeignKey(AdminUser, models.CASCADE, related_name="customer_assignments")
    customer = models.ForeignKey(Customer, models.CASCADE, related_name="assigned_admins")

    class Meta:
        constraints = [models.UniqueConstraint("admin", "customer", name="customer_assigned_once")]

    def __str__(self) -> str:
        return f"{self.admin_id}:{self.customer_id}"


class CrossLaunch(models.Model):
    """Partner staff inside a customer's Control Hub: who, where, since when. Read on every request.

    `code_digest` and `opener_digest` are SHA-256 of the single-use code and of the session that asked for it: both must
    come back within `code_expires_at`. `entered_at` is when they did; the code is forgotten then (ADR 0008).
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    admin = models.ForeignKey(AdminUser, models.CASCADE, related_name="cross_launches")
    customer = models.ForeignKey(Customer, models.CASCADE, related_name="cross_launches")
    started_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    code_digest = models.CharField(max_length=64, blank=True, default="", db_default="")
    opener_digest = models.CharField(max_length=64, blank=True, default="", db_default="")
    code_expires_at = models.DateTimeField(null=True, blank=True)
    entered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint("admin", "customer", condition=Q(ended_at__isnull=True), name="launch_open_once"),
            models.CheckConstraint(condition=Q(expires_at__gt=models.F("started_at")), name="launch_expires_later"),
            models.CheckConstraint(condition=Q(entered_at=None) | Q(code_digest=""), name="launch_code_used_once"),
        ]

    def __str__(self) -> str:
        return f"{self.admin_id}>{self.customer_id}"


class TemporaryRights(models.Model):
    """Help desk staff asked a customer for full rights, for `minutes`; a customer's administrator decided (domain.md 7.2)."""

    class State(models.TextChoices):
        REQUESTED = "requested", "Waiting for an answer"
        APPROVED = "approved", "Approved"
        REFUSED = "refused", "Refused"
        ENDED = "ended", "Ended"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    admin = models.ForeignKey(AdminUser, models.CASCADE, related_name="temporary_rights")
    customer = models.ForeignKey(Customer, models.CASCADE, related_name="temporary_rights")
    reason = models.CharField(max_length=200)
    minutes = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=10, choices=State, default=State.REQUESTED)
    requested_at = models.DateTimeField(db_default=Now())
    decided_by = models.ForeignKey(AdminUser, models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "admin", "customer", condition=Q(state__in=["requested", "approved"]), name="temporary_rights_open_once"
            ),
            models.CheckConstraint(
                condition=Q(minutes__gte=5, minutes__lte=60), name="temporary_rights_an_hour_at_most"
            ),
            models.CheckConstraint(
                condition=~Q(state="approved")
                | Q(decided_by__isnull=False, decided_at__isnull=False, expires_at__isnull=False),
                name="temporary_rights_approved_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(decided_by=None) | ~Q(decided_by=models.F("admin")) | Q(state="ended"),
                name="temporary_rights_not_by_oneself",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.admin_id}>{self.customer_id} {self.state}"


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


class ApiToken(models.Model):
    """A bearer token of one person. Only its SHA-256 is stored; the token itself is shown once, when it is made."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    admin = models.ForeignKey(AdminUser, models.CASCADE, related_name="api_tokens")
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

    def __str__(self) -> str:
        return f"{self.admin_id}:{self.public_id}"
