"""Setup Assist as the pages show it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, QuerySet

from controlhub.models import Location, SetupAssistOrder
from controlhub.models.setup_assist import kind_for
from tenancy.actors import Actor
from tenancy.models import Customer, Partner
from tenancy.opaque_ids import opaque_id

ORDER = ("-ordered_at", "-id")
EXPORT_HEADER = (
    "Order", "Customer", "External customer ID", "Location", "Service", "Users", "Status", "Phases done", "Go live",
    "Contact", "Contact email", "Contact phone", "Number porting", "Devices", "Notes", "Ordered (UTC)", "Ordered by",
)  # fmt: skip


@dataclass(frozen=True)
class Site:
    """A location that Setup Assist can be ordered for, or the reason why not."""

    location: Location
    users: int
    ordered: bool

    @property
    def service(self) -> str:
        """What it would be."""
        return kind_for(self.users).label if self.users else ""

    @property
    def why_not(self) -> str:
        if self.ordered:
            return "Ordered already"
        return "" if self.users else "No users yet"

    @property
    def note(self) -> str:
        """What the choice holds, in a few words."""
        if self.why_not:
            return self.why_not
        counted = f"{self.users} user{'s' if self.users != 1 else ''}"
        return f"{counted}: Setup Assist {self.service}, billed {'per user' if self.service == 'Standard' else 'once'}"


def sites_of(customer: Customer) -> list[Site]:
    """The customer's locations, headquarters first."""
    users = Count("subscribers", filter=Q(subscribers__deleted_at=None), distinct=True)
    locations = Location.objects.filter(customer=customer).annotate(users=users).order_by("-is_headquarters", "name")
    open_orders = SetupAssistOrder.objects.filter(customer=customer, status__in=SetupAssistOrder.OPEN)
    ordered = set(open_orders.values_list("location_id", flat=True))
    return [Site(location, location.users, location.pk in ordered) for location in locations]


def orders_of(partner: Partner, *, actor: Actor, status: str = "") -> QuerySet[SetupAssistOrder]:
    """Orders for the partner's customers that the actor may see. Not ordered."""
    orders = SetupAssistOrder.objects.filter(partner=partner)
    if partner.pk not in actor.all_customers_partner_ids and partner.parent_id not in actor.parent_partner_ids:
        orders = orders.filter(customer__in=Customer.objects.visible_to(actor).filter(partner=partner))
    orders = orders.select_related("partner", "customer__partner", "location", "ordered_by")
    return orders.filter(status=status) if status in SetupAssistOrder.Status.values else orders


def steps_of(order: SetupAssistOrder) -> list[dict[str, Any]]:
    """The team's phases, for a time line."""
    running = order.phase if order.status == SetupAssistOrder.Status.IN_PROGRESS else None
    return [
        {"title": title, "state": "done" if place < order.phase else "running" if place == running else "waiting"}
        for place, title in enumerate(order.phases)
    ]


def export_rows(orders: QuerySet[SetupAssistOrder]) -> Iterator[list[object]]:
    """Lines for the CSV export."""
    for order in orders.iterator(chunk_size=2000):
        yield [
            str(order.public_id),
            order.customer.name,
            order.customer.external_id,
            order.location.name,
            order.get_kind_display(),
            order.seats,
            order.get_status_display(),
            order.phase,
            order.go_live_on,
            order.contact_name,
            order.contact_email,
            order.contact_phone,
            "yes" if order.porting else "no",
            order.devices,
            order.notes,
            f"{order.ordered_at:%Y-%m-%dT%H:%M:%SZ}",
            order.ordered_by or "",
        ]


def packages_of(customer: Customer) -> list[str]:
    """Names of the packages that the customer has, for the team to know."""
    return [state.get_package_display() for state in customer.packages.order_by("package")]


def org_id_of(customer: Customer) -> str:
    """The public id of the customer's organization."""
    return opaque_id("ORGANIZATION", customer.org_id)
