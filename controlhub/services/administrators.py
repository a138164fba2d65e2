"""The first user of a new customer becomes its administrator, and keeps the package level (domain.md 2.2)."""

from django.db.models import Q

from controlhub.models import Subscriber
from tenancy.errors import DomainError
from tenancy.models import AdminUser, Customer, RoleAssignment
from tenancy.policy import Role


def becomes_administrator(customer: Customer) -> bool:
    """True while the customer never had a subscriber: the first one will administer it."""
    return not Subscriber.objects.filter(customer=customer).exists()


def make_administrator(subscriber: Subscriber) -> AdminUser:
    """Low level: link or make the account of the subscriber's e-mail and let it administer the customer.

    A new account has no password; the job's invitation carries the link to set one.
    """
    admin = AdminUser.objects.filter(email=subscriber.email).first() or AdminUser.objects.create_user(
        subscriber.email, full_name=f"{subscriber.first_name} {subscriber.last_name}"
    )
    RoleAssignment.objects.get_or_create(
        admin=admin, role=Role.CUSTOMER_FULL.value, customer=subscriber.customer, partner=None
    )
    subscriber.admin = admin
    subscriber.save(update_fields=["admin"])
    return admin


def floor_package(subscriber: Subscriber) -> str | None:
    """The package below which this user may not go: the one he had when he became full administrator, for the first
    administrator the one the organisation was created with. None for everybody else."""
    role = RoleAssignment.objects.filter(
        admin=subscriber.admin_id, customer=subscriber.customer_id, role=Role.CUSTOMER_FULL
    ).first()
    if subscriber.admin_id is None or role is None:
        return None
    # Intervals have whole seconds: one that ended within the second of the promotion was still held.
    promoted = Q(ended_at=None) | Q(ended_at__gte=role.created_at.replace(microsecond=0))
    bases = subscriber.assignments.filter(is_base=True).order_by("started_at", "pk")
    held = bases.filter(promoted).first() or bases.last()
    return held.package if held else None


class LastAdministrator(DomainError):
    code = "last_administrator"

    def __init__(self, subscriber: Subscriber) -> None:
        super().__init__(f"{subscriber} is the only full administrator. Give somebody else that role first.")


class FirstAdministrator(DomainError):
    """Domain.md 2.2: the organisation was created with this person, at this package level."""

    code = "first_administrator"

    def __init__(self, subscriber: Subscriber) -> None:
        super().__init__(
            f"{subscriber} is the first administrator of this organization. Take the full administrator role away first."
        )


def require_dispensable(subscriber: Subscriber) -> None:
    """Raises LastAdministrator or FirstAdministrator unless the organisation can do without this person."""
    customer = subscriber.customer
    # Locked: two administrators who delete each other at the same moment must not both succeed.
    full = RoleAssignment.objects.filter(customer=customer, role=Role.CUSTOMER_FULL.value)
    holders = list(full.select_for_update().order_by("pk").values_list("admin_id", flat=True))
    if not subscriber.admin_id or subscriber.admin_id not in holders:
        return
    if len(holders) == 1:
        raise LastAdministrator(subscriber)
    first = Subscriber.objects.filter(customer=customer).order_by("pk").values_list("pk", flat=True).first()
    if first == subscriber.pk:
        raise FirstAdministrator(subscriber)


def roles_held(subscriber: Subscriber) -> list[str]:
    """Labels of the roles that the subscriber holds at his customer."""
    rows = RoleAssignment.objects.filter(admin_id=subscriber.admin_id, customer_id=subscriber.customer_id)
    return [row.get_role_display() for row in rows.order_by("role")] if subscriber.admin_id else []


def drop_roles(subscriber: Subscriber) -> list[str]:
    """Low level: take away every role at the customer; returns their labels. Roles elsewhere stay."""
    labels = roles_held(subscriber)
    if labels:
        RoleAssignment.objects.filter(admin_id=subscriber.admin_id, customer_id=subscriber.customer_id).delete()
    return labels
