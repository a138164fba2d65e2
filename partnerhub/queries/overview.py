"""What the overview of Partner Hub shows: figures, recent activity, and customers that need somebody."""

from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet, Sum

from controlhub.models import CustomerPackage
from tenancy.actors import Actor
from tenancy.audit_log import NO_CHANGES
from tenancy.models import AuditEvent, Customer, Partner
from tenancy.packages import CATALOGUE, Kind

WORKING = (Customer.Status.PROVISIONING, Customer.Status.UPDATING, Customer.Status.DELETING)
STUCK = (Customer.Status.PROVISIONED_WITH_ERRORS, Customer.Status.ERROR, Customer.Status.PENDING_RPL_REVIEW)
USER_BASES = [p.code for p in CATALOGUE if p.kind is Kind.BASE and not p.workspace_only]


@dataclass(frozen=True)
class Figures:
    """The cards at the top. `subscribers` counts people with a package right now."""

    customers: int
    subscribers: int
    working: int
    with_errors: int
    failed: int
    on_hold: int

    @property
    def action_needed(self) -> int:
        """Customers that somebody has to mend. Those on compliance hold wait for others."""
        return self.with_errors + self.failed


def customers_of(partner: Partner, actor: Actor) -> QuerySet[Customer]:
    """The partner's customers as the actor may see them (a partner administrator: the assigned ones)."""
    return Customer.objects.visible_to(actor).filter(partner=partner)


def sees_all_customers(partner: Partner, actor: Actor) -> bool:
    """True when the actor sees every customer of the partner, so that maintained counts are his counts."""
    return partner.pk in actor.all_customers_partner_ids or partner.parent_id in actor.parent_partner_ids


def figures_of(partner: Partner, actor: Actor) -> Figures:
    """The figures for what the actor sees. Counts that are maintained are not counted again."""
    customers = customers_of(partner, actor)
    unsettled = customers.filter(status__in=[*WORKING, *STUCK]).aggregate(
        working=Count("pk", filter=Q(status__in=WORKING)),
        with_errors=Count("pk", filter=Q(status=Customer.Status.PROVISIONED_WITH_ERRORS)),
        failed=Count("pk", filter=Q(status=Customer.Status.ERROR)),
        on_hold=Count("pk", filter=Q(status=Customer.Status.PENDING_RPL_REVIEW)),
    )
    packages = CustomerPackage.objects.filter(package__in=USER_BASES)
    if sees_all_customers(partner, actor):
        count = partner.customer_count
        packages = packages.filter(customer__partner=partner)
    else:
        count = customers.count()
        packages = packages.filter(customer__in=customers)
    used = packages.aggregate(total=Sum("used"))["total"] or 0
    return Figures(customers=count, subscribers=used, **unsettled)


def needing_action(partner: Partner, actor: Actor, *, limit: int = 6) -> list[Customer]:
    """Customers that failed, failed in part or are on compliance hold; the longest waiting first."""
    stuck = customers_of(partner, actor).filter(status__in=STUCK)
    return list(stuck.order_by("status_changed_at", "pk")[:limit])


def recent_activity(
    partner: Partner, actor: Actor, *, hidden_categories: list[str], limit: int = 10
) -> list[AuditEvent]:
    """The last deeds at the partner, newest first.

    Who sees only assigned customers gets only their events; `hidden_categories` are of items the viewer may not see.
    """
    events = AuditEvent.objects.filter(partner=partner).exclude(category__in=[*hidden_categories, *NO_CHANGES])
    if not sees_all_customers(partner, actor):
        events = events.filter(customer__in=customers_of(partner, actor))
    return list(events.select_related("customer").order_by("-created_at", "-id")[:limit])
