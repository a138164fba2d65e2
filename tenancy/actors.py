"""The actor of a request, a token or a job: who, by which door, with which roles. Passed to every service as `by`."""

from dataclasses import dataclass, field, replace
from functools import cached_property

from django.http import HttpRequest

from tenancy.models import AdminUser, CrossLaunch, Customer, Partner, TemporaryRights
from tenancy.policy import CUSTOMER_ROLES, Role

SEES_ALL_CUSTOMERS = frozenset(
    {
        Role.PARTNER_WHOLESALE,
        Role.PARTNER_FULL,
        Role.PARTNER_READONLY,
        Role.HELPDESK_BASIC,
        Role.HELPDESK_ADVANCED,
    }
)
# Only these reach down into sub-partners (domain.md 7.7); help desk has no launch there, so it sees none of them.
SEES_SUB_PARTNERS = frozenset({Role.PARTNER_WHOLESALE, Role.PARTNER_FULL, Role.PARTNER_READONLY})


@dataclass(frozen=True)
class Grant:
    """One role, at one partner or at one customer."""

    role: Role
    partner_id: int | None = None
    customer_id: int | None = None


@dataclass(frozen=True)
class Actor:
    """Somebody (or the system) doing something. Built once per request; roles are read fresh each time."""

    admin: AdminUser | None
    door: str
    org_name: str = "Portal"
    grants: tuple[Grant, ...] = ()
    assigned_customer_ids: frozenset[int] = frozenset()
    launch: CrossLaunch | None = None
    temporary: TemporaryRights | None = None
    # The integration by whose token the person acts, if any.
    integration_id: str | None = None
    ip: str | None = None
    user_agent: str = ""
    tracking_id: str = ""
    # The rows behind `partner_ids`, as they were read with the grants.
    partners: tuple[Partner, ...] = field(default=(), compare=False, repr=False)

    @property
    def is_system(self) -> bool:
        return self.admin is None and self.door == "system"

    @property
    def admin_id(self) -> int | None:
        return self.admin.pk if self.admin else None

    @property
    def name(self) -> str:
        return str(self.admin) if self.admin else "Portal" if self.is_system else self.org_name

    @property
    def email(self) -> str:
        return self.admin.email if self.admin else ""

    @cached_property
    def partner_ids(self) -> frozenset[int]:
        """Partners in which the actor holds a role."""
        return frozenset(g.partner_id for g in self.grants if g.partner_id is not None)

    @cached_property
    def customer_ids(self) -> frozenset[int]:
        """Customers that the actor administers from the inside."""
        return frozenset(g.customer_id for g in self.grants if g.customer_id is not None)

    @cached_property
    def all_customers_partner_ids(self) -> frozenset[int]:
        return frozenset(g.partner_id for g in self.grants if g.partner_id and g.role in SEES_ALL_CUSTOMERS)

    @cached_property
    def parent_partner_ids(self) -> frozenset[int]:
        return frozenset(g.partner_id for g in self.grants if g.partner_id and g.role in SEES_SUB_PARTNERS)

    @cached_property
    def assigned_customers_partner_ids(self) -> frozenset[int]:
        return frozenset(g.partner_id for g in self.grants if g.role is Role.PARTNER_ADMIN and g.partner_id)

    def roles_in_partner(self, partner: Partner) -> frozenset[Role]:
        """Roles at this partner, own or inherited from its parent."""
        return frozenset(
            g.role
            for g in self.grants
            if g.partner_id is not None
            and (g.partner_id == partner.pk or (g.partner_id == partner.parent_id and g.role in SEES_SUB_PARTNERS))
        )

    def roles_in_customer(self, customer: Customer) -> frozenset[Role]:
        """Roles towards this customer: from the inside, and from the side of its partner or parent partner.

        Rights that the customer lent for a while (`temporary`) count as those of a partner full administrator there.
        """
        inside = {g.role for g in self.grants if g.customer_id == customer.pk and g.role in CUSTOMER_ROLES}
        lent = {Role.PARTNER_FULL} if self.temporary and self.temporary.customer_id == customer.pk else set()
        outside = {role for role in self.roles_in_partner(customer.partner) if self._reaches(role, customer)}
        return frozenset(inside | lent | outside)

    def working_roles(self, customer: Customer) -> frozenset[Role]:
        """The roles that count at this customer now: in a cross-launch those of the partner's side, never the union."""
        roles = self.roles_in_customer(customer)
        return roles if self.launch is None else frozenset(role for role in roles if role.of_partner)

    def inside(self, customer: Customer) -> "Actor":
        """The actor with the roles held inside `customer` only: who enters by its front door brings no partner's rights.

        They count in a cross-launch, which is time-boxed and audited; the union of two sides never works.
        """
        return replace(self, grants=tuple(g for g in self.grants if g.customer_id == customer.pk))

    def is_location_bound(self, customer: Customer) -> bool:
        """Is the actor a location administrator of this customer, so that he gets only the rows of his locations?"""
        return self.launch is None and customer.pk in self.location_bound_customer_ids

    @cached_property
    def location_bound_customer_ids(self) -> frozenset[int]:
        """Customers in which the actor administers locations only."""
        return frozenset(g.customer_id for g in self.grants if g.customer_id and g.role is Role.CUSTOMER_LOCATION)

    def _reaches(self, role: Role, customer: Customer) -> bool:
        return role is not Role.PARTNER_ADMIN or customer.pk in self.assigned_customer_ids


SYSTEM = Actor(admin=None, door="system")


def actor_for(
    admin: AdminUser, *, door: str, ip: str | None = None, user_agent: str = "", tracking_id: str = ""
) -> Actor:
    """The actor that `admin` is right now. Two queries; nothing is remembered between requests."""
    rows = list(admin.role_assignments.select_related("partner", "customer"))
    first = next((row.partner or row.customer for row in rows if row.partner or row.customer), None)
    return Actor(
        admin=admin,
        door=door,
        org_name=str(first) if first else "",
        grants=tuple(Grant(Role(row.role), row.partner_id, row.customer_id) for row in rows),
        assigned_customer_ids=frozenset(admin.customer_assignments.values_list("customer_id", flat=True)),
        ip=ip,
        user_agent=user_agent[:200],
        tracking_id=tracking_id,
        partners=tuple(row.partner for row in rows if row.partner),
    )


def actor_from(request: HttpRequest) -> Actor:
    """The signed-in person of a request as an actor, read afresh."""
    return actor_for(
        request.user,  # type: ignore[arg-type]
        door="ui",
        ip=request.META.get("REMOTE_ADDR") or None,
        user_agent=request.headers.get("User-Agent", ""),
        tracking_id=getattr(request, "tracking_id", ""),
    )


def visitor_from(request: HttpRequest, *, door: str, org_name: str) -> Actor:
    """Somebody without an account here, who holds a link; `org_name` is what the audit log calls him."""
    return Actor(
        admin=None,
        door=door,
        org_name=org_name,
        ip=request.META.get("REMOTE_ADDR") or None,
        user_agent=request.headers.get("User-Agent", "")[:200],
        tracking_id=getattr(request, "tracking_id", ""),
    )


def request_actor(request: HttpRequest) -> Actor:
    """As `actor_from`, made once per request."""
    actor = getattr(request, "_portal_actor", None)
    if actor is None:
        actor = request._portal_actor = actor_from(request)  # type: ignore[attr-defined]
    return actor
