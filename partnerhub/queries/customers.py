"""Reads for the customer pages. Each starts from a partner and from what the actor may see."""

import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, When
from django.db.models.functions import Lower

from controlhub.models import CustomerPackage, Location, PhoneNumber, Subscriber
from partnerhub.models import OnboardingTemplate, OrganizationAttachment
from provisioning.models import ProvisioningJob
from tenancy.actors import Actor
from tenancy.audit_log import NO_CHANGES
from tenancy.launch import may_launch
from tenancy.models import AdminUser, AuditEvent, Customer, Partner, RoleAssignment
from tenancy.opaque_ids import opaque_id
from tenancy.packages import PACKAGES, Kind
from tenancy.places import COUNTRY_NAMES

Status = Customer.Status
IN_PROGRESS = frozenset({Status.PROVISIONING, Status.UPDATING, Status.DELETING})
BADGE_LEVELS = {
    Status.PROVISIONING: "info",
    Status.PROVISIONED: "success",
    Status.PROVISIONED_WITH_ERRORS: "warning",
    Status.UPDATING: "info",
    Status.DELETING: "neutral",
    Status.ERROR: "error",
    Status.PENDING_RPL_REVIEW: "warning",
}
LAST_CHANGES = 5
EXPORT_CHUNK = 2000
EXPORT_HEADER = (
    "Company name", "External customer ID", "Administrator email", "Status", "Restricted by Partner Mode", "Country",
    "Packages", "Users", "Organization ID", "Partner", "Created (UTC)",
)  # fmt: skip


@dataclass(frozen=True)
class CustomerFilter:
    """What the list is narrowed to. `indirect`: also customers of sub-partners, only together with a text (domain.md 2.6)."""

    text: str = ""
    status: str = ""
    restricted: str = ""
    indirect: bool = False


@dataclass(frozen=True)
class CustomerRow:
    """One line of the list, the panel's head, or one line of the export."""

    customer: Customer
    packages: list[str]
    users: int
    badge: str
    country: str
    in_progress: bool
    launchable: bool
    of_sub_partner: bool


def customers_of(partner: Partner, *, actor: Actor, filters: CustomerFilter) -> QuerySet[Customer]:
    """The partner's customers as the actor may see them, filtered, with what a row shows. Not ordered."""
    customers = _reachable(partner, actor, indirect=bool(filters.indirect and filters.text))
    if filters.status:
        customers = customers.filter(status=filters.status)
    if filters.restricted:
        customers = customers.filter(restricted=filters.restricted == "on")
    if filters.text:
        customers = customers.filter(_matches(filters.text))
    return customers.select_related("partner").prefetch_related("packages")


def customer_of(partner: Partner, *, actor: Actor) -> QuerySet[Customer]:
    """Where a customer's own pages start: the partner's customers and, for those who may, its sub-partners'."""
    return _reachable(partner, actor, indirect=True).select_related("partner")


def _reachable(partner: Partner, actor: Actor, *, indirect: bool) -> QuerySet[Customer]:
    whose = Q(partner=partner)
    if indirect and partner.pk in actor.parent_partner_ids:
        whose |= Q(partner__parent=partner)
    return Customer.objects.visible_to(actor).filter(whose)


def _matches(text: str) -> Q:
    """Part of the name, the external ID or the administrator's e-mail; or exactly the e-mail of one of its people."""
    found = Q(name__icontains=text) | Q(external_id__icontains=text) | Q(primary_email__icontains=text)
    if "@" in text:
        found |= Q(pk__in=_customers_of_person(text.lower()))
    return found


def _customers_of_person(email: str) -> list[int]:
    # Ids, not a subquery: inside an OR, a subquery would keep PostgreSQL from using the search index.
    of_admin = RoleAssignment.objects.filter(admin__email=email, customer__isnull=False).values_list("customer_id")
    of_user = Subscriber.objects.filter(deleted_at=None).alias(lower=Lower("email")).filter(lower=email)
    return [pk for (pk,) in of_admin.union(of_user.values_list("customer_id"))]


def rows_of(customers: Iterable[Customer], *, partner: Partner, actor: Actor) -> list[CustomerRow]:
    """Rows for customers that came with their packages and partner."""
    return [row_of(customer, partner=partner, actor=actor) for customer in customers]


def row_of(customer: Customer, *, partner: Partner, actor: Actor) -> CustomerRow:
    """What one line says. Users are the assignments that are open now, which each package counts by itself."""
    packages = {row.package: row for row in customer.packages.all()}
    return CustomerRow(
        customer=customer,
        packages=[PACKAGES[code].name for code in PACKAGES if code in packages],
        users=sum(row.used for row in packages.values() if _counts_users(row.package)),
        badge=BADGE_LEVELS[Status(customer.status)],
        country=COUNTRY_NAMES.get(customer.country, customer.country),
        in_progress=customer.status in IN_PROGRESS,
        launchable=customer.org_id is not None and may_launch(actor, customer),
        of_sub_partner=customer.partner_id != partner.pk,
    )


def _counts_users(code: str) -> bool:
    return PACKAGES[code].kind is Kind.BASE and not PACKAGES[code].workspace_only


def in_progress_among(partner: Partner, *, actor: Actor, public_ids: list[UUID]) -> list[CustomerRow]:
    """The present state of the customers that a page shows as in progress."""
    customers = customer_of(partner, actor=actor).filter(public_id__in=public_ids).prefetch_related("packages")
    return rows_of(customers.order_by("pk"), partner=partner, actor=actor)


def export_rows(customers: QuerySet[Customer], *, partner: Partner, actor: Actor) -> Iterator[list[object]]:
    """Lines for the CSV export, read in chunks: memory does not grow with the number of customers."""
    for customer in customers.order_by("name", "id").iterator(chunk_size=EXPORT_CHUNK):
        row = row_of(customer, partner=partner, actor=actor)
        yield [
            customer.name,
            customer.external_id,
            customer.primary_email,
            customer.get_status_display(),
            "On" if customer.restricted else "Off",
            customer.country,
            ", ".join(row.packages),
            row.users,
            opaque_id("ORGANIZATION", customer.org_id),
            customer.partner.name,
            f"{customer.created_at:%Y-%m-%dT%H:%M:%SZ}",
        ]


@dataclass(frozen=True)
class ReadyStep:
    """One line of the set-up readiness: done, or what there is to do."""

    title: str
    done: bool
    hint: str


@dataclass(frozen=True)
class CustomerPanel:
    """Everything the right-hand panel shows."""

    row: CustomerRow
    org_id: str
    template: str
    attachment: OrganizationAttachment | None
    packages: list[CustomerPackage]
    readiness: list[ReadyStep]
    job: ProvisioningJob | None
    changes: list[AuditEvent]

    @property
    def to_do(self) -> list[ReadyStep]:
        return [step for step in self.readiness if not step.done]


def with_panel_facts(customers: QuerySet[Customer]) -> QuerySet[Customer]:
    """Add what `panel_of` reads: origin and set-up flags in the customer's own row, packages in one more query."""
    mine = {"customer": OuterRef("pk")}
    return (
        customers.select_related("partner", "origin__template_version__template", "attachment")
        .prefetch_related("packages")
        .annotate(
            has_location=Exists(Location.objects.filter(**mine, confirmed_at__isnull=False)),
            has_number=Exists(PhoneNumber.objects.filter(**mine)),
            has_subscriber=Exists(Subscriber.objects.filter(**mine, deleted_at=None)),
        )
    )


# What is not done yet comes first, the oldest before all: a new customer's provisioning, not what it orders on the way.
_UNFINISHED_SINCE = Case(When(~Q(state__in=["succeeded", "cancelled"]), then=F("created_at")))


def panel_of(customer: Customer, *, partner: Partner, actor: Actor) -> CustomerPanel:
    """The panel of a customer that came through `with_panel_facts`. Two more queries: the last job, the last changes."""
    origin = getattr(customer, "origin", None)
    order = list(PACKAGES)
    return CustomerPanel(
        row=row_of(customer, partner=partner, actor=actor),
        org_id=opaque_id("ORGANIZATION", customer.org_id),
        template=f"{origin.template_version.template.name}, version {origin.template_version.number}" if origin else "",
        attachment=getattr(customer, "attachment", None),
        packages=sorted(customer.packages.all(), key=lambda row: order.index(row.package)),
        readiness=_readiness(customer),
        job=customer.jobs.order_by(_UNFINISHED_SINCE.asc(nulls_last=True), "-created_at", "-pk").first(),
        changes=list(
            customer.audit_events.exclude(category__in=NO_CHANGES).order_by("-created_at", "-id")[:LAST_CHANGES]
        ),
    )


def _readiness(customer: Customer) -> list[ReadyStep]:
    users = ReadyStep(
        "Users",
        customer.has_subscriber,  # type: ignore[attr-defined]
        "Add the first users.",
    )
    if not any(PACKAGES[row.package].calling for row in customer.packages.all()):
        return [users]
    return [
        ReadyStep("Locations", customer.has_location, "Check and confirm the locations."),  # type: ignore[attr-defined]
        ReadyStep("Phone numbers", customer.has_number, "Add phone numbers to a location."),  # type: ignore[attr-defined]
        users,
    ]


def active_templates(partner: Partner) -> QuerySet[OnboardingTemplate]:
    """Templates that a new customer can be made from, by name."""
    active = partner.templates.filter(state=OnboardingTemplate.State.ACTIVE, current_version__isnull=False)
    return active.select_related("current_version").order_by(Lower("name"))


def external_id_is_taken(partner: Partner, external_id: str) -> bool:
    """Does another customer of this partner have this external ID?"""
    return partner.customers.filter(external_id=external_id, deleted_at=None).exists()


def email_is_taken(email: str) -> bool:
    """Does the e-mail belong to a user, an administrator, or the administrator-to-be of another customer?"""
    email = email.strip().lower()
    users = Subscriber.objects.filter(deleted_at=None).alias(lower=Lower("email")).filter(lower=email)
    return (
        AdminUser.objects.filter(email=email, role_assignments__isnull=False).exists()
        or users.exists()
        or Customer.objects.filter(primary_email__iexact=email, deleted_at=None).exists()
    )


def suggest_external_id(partner: Partner) -> str:
    """A free external ID after the number of customers; somebody may still be quicker."""
    wanted = [f"CUST-{partner.customer_count + n:06d}" for n in range(1, 21)]
    taken = set(partner.customers.filter(external_id__in=wanted).values_list("external_id", flat=True))
    return next((candidate for candidate in wanted if candidate not in taken), f"CUST-{secrets.token_hex(4).upper()}")
