"""Subscribers for the users list, the user page and the CSV export."""

from uuid import UUID

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet

from controlhub.models import PackageAssignment, Subscriber
from tenancy.models import AuditEvent, Customer, RoleAssignment

ORDER = ("last_name", "first_name", "id")
NO_PACKAGE = "none"


def users_of(
    customer: Customer, *, search: str = "", package: str = "", location: UUID | None = None, status: str = ""
) -> QuerySet[Subscriber]:
    """Subscribers of `customer`, narrowed, each with the facts of `with_facts`.

    `search`: every word must occur in the first name, last name or e-mail. `package`: a code, or NO_PACKAGE.
    """
    users = with_facts(customer.subscribers.filter(deleted_at=None), customer)
    for word in search.replace("\x00", "").split():
        users = users.filter(
            Q(first_name__icontains=word) | Q(last_name__icontains=word) | Q(email__icontains=word),
        )
    if package:
        users = users.filter(_has_package(package))
    if location:
        users = users.filter(location__public_id=location)
    if status:
        users = users.filter(status=status)
    return users


def with_facts(users: QuerySet[Subscriber], customer: Customer) -> QuerySet[Subscriber]:
    """The same subscribers with number, location and admin account loaded, `open_assignments` (base package first, then
    add-ons), and `admin.customer_roles` (roles held at this customer). Three queries whatever the size."""
    open_ones = PackageAssignment.objects.filter(ended_at=None).order_by("-is_base", "package")
    roles = RoleAssignment.objects.filter(customer=customer).order_by("role")
    return users.select_related("location", "number", "admin").prefetch_related(
        Prefetch("assignments", queryset=open_ones, to_attr="open_assignments"),
        Prefetch("admin__role_assignments", queryset=roles, to_attr="customer_roles"),
    )


def current_package(subscriber: Subscriber) -> str:
    """The code of the base package that the subscriber has now, or an empty string."""
    return subscriber.assignments.filter(is_base=True, ended_at=None).values_list("package", flat=True).first() or ""


def package_history(subscriber: Subscriber, *, size: int = 50) -> list[PackageAssignment]:
    """The newest intervals of the subscriber with their location, newest first."""
    return list(subscriber.assignments.select_related("location").order_by("-started_at", "-id")[:size])


def events_about(subscriber: Subscriber, *, size: int = 10) -> list[AuditEvent]:
    """The newest audit events whose target is this subscriber."""
    events = subscriber.customer.audit_events.filter(target_type="subscriber", target_id=str(subscriber.public_id))
    return list(events.order_by("-created_at", "-id")[:size])


def _has_package(package: str) -> Q:
    open_base = PackageAssignment.objects.filter(subscriber=OuterRef("pk"), is_base=True, ended_at=None)
    if package == NO_PACKAGE:
        return ~Q(Exists(open_base))
    return Q(Exists(open_base.filter(package=package)))
