"""Who owns what: service providers and their customers."""

import uuid
from typing import TYPE_CHECKING

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import Q
from django.db.models.functions import Upper
from django.utils import timezone

if TYPE_CHECKING:
    from tenancy.actors import Actor

# Each has cents: amounts are rounded to two decimals.
CURRENCIES = [(code, code) for code in ("AUD", "CAD", "CHF", "EUR", "GBP", "USD")]


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
    # What the subscription is paid in. A sub-partner is billed to its parent, so its parent's counts.
    currency = models.CharField(max_length=3, choices=CURRENCIES, default="USD", db_default="USD")
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
        """Customers the actor administers, or manages from the partner's side (its sub-partners' included).

        One whose wholesale services were deleted is seen by nobody any more; its history and bills stay.
        """
        if actor.is_system:
            return self
        assigned = Q(partner_id__in=actor.assigned_customers_partner_ids, pk__in=actor.assigned_customer_ids)
        return self.filter(
            Q(pk__in=actor.customer_ids)
            | Q(partner_id__in=actor.all_customers_partner_ids)
            | Q(partner__parent_id__in=actor.parent_partner_ids)
            | assigned,
            deleted_at=None,
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
    org_id = models.UUIDField(null=True, editable=False)
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="customers")
    name = models.CharField(max_length=120)
    external_id = models.CharField(max_length=64)
    primary_email = models.EmailField(max_length=161)
    status = models.CharField(max_length=24, choices=Status, default=Status.PROVISIONING)
    restricted = models.BooleanField(default=True)
    # An organisation that existed before it became a customer (domain.md 9.3): what it had, it keeps.
    attached = models.BooleanField(default=False, db_default=False)
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
    # The wholesale services are gone; the organisation lives on in Webex (domain.md 2.8).
    deleted_at = models.DateTimeField(null=True, blank=True)

    objects = CustomerQuerySet.as_manager()
    # Who looks at it, set by CustomerView: what is reached from here is narrowed to what he may see (tenancy.narrowing).
    viewer: "Actor | None" = None

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "partner",
                "external_id",
                condition=Q(deleted_at=None),
                name="customer_external_id_once_per_partner",
            ),
            # An organisation outlives its wholesale services, and may be attached again afterwards.
            models.UniqueConstraint("org_id", condition=Q(deleted_at=None), name="customer_org_id_once"),
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
                OpClass(Upper("meeting_site"), name="gin_trgm_ops"),
                name="customer_search",
            ),
        ]

    def __str__(self) -> str:
        return self.name
