"""The first user of a new customer becomes its administrator, and keeps the package level (domain.md 2.2, 4.2).

Who that is, is recorded with the package that the customer started with, and the place is never empty: when he gives the
full administrator's role up, another full administrator with at least that package takes the place, or he keeps the role.
So nobody gets below the level by giving the role away, changing the package and taking the role back.
"""

from django.contrib.auth.hashers import make_password
from django.db.models import Q

from controlhub.models import FirstAdministrator, Subscriber
from controlhub.services.seats import open_assignments, package_name
from tenancy import audit
from tenancy.actors import Actor
from tenancy.errors import DomainError
from tenancy.models import AdminUser, Customer, RoleAssignment
from tenancy.packages import PACKAGES
from tenancy.policy import Role


class LastFullAdministrator(DomainError):
    code = "last_full_administrator"
    message = "This is the organization's last full administrator. Make somebody else one first."


class FirstAdministratorStays(DomainError):
    """Nobody is there to take the place of the first administrator."""

    code = "first_administrator"

    def __init__(self, first: FirstAdministrator) -> None:
        super().__init__(
            f"{first.subscriber} is the first administrator: one full administrator keeps at least "
            f"{package_name(first.package)}. Make a user with that package or a higher one full administrator first.",
            field="roles",
        )


class FirstAdministratorHolds(DomainError):
    code = "first_administrator"

    def __init__(self, subscriber: Subscriber) -> None:
        super().__init__(
            f"{subscriber} is the first administrator of this organization. Take the full administrator role away first."
        )


def becomes_administrator(customer: Customer) -> bool:
    """True while the customer never had a user: the first one that Webex takes will administer it.

    Never in an organisation that was attached: it has its administrators (domain.md 9.3).
    """
    return (
        not customer.attached
        and not Subscriber.objects.filter(customer=customer).exclude(status=Subscriber.Status.FAILED).exists()
    )


def appoint(*, customer: Customer, email: str, action: str, text: str, by: Actor) -> bool:
    """Low level: give an address full administration; whoever has an account already keeps it. False when he had the role.

    A new account has no password: a link in a mail, or "Forgot password?", lets its owner set one.
    """
    admin, _ = AdminUser.objects.get_or_create(
        email=email.lower(), defaults={"password": make_password(None), "time_zone": customer.time_zone}
    )
    _, new = RoleAssignment.objects.get_or_create(admin=admin, role=Role.CUSTOMER_FULL, customer=customer)
    if new:
        text = f"{admin.email} {text}"
        audit.record(action=action, text=text, target=admin, customer=customer, by=by)
    return new


def make_administrator(subscriber: Subscriber) -> AdminUser:
    """Low level: let the first subscriber administer the customer, and note the package it starts with.

    The account is that of his address. A new one has no password; the job's invitation carries the link to set one.
    """
    admin = AdminUser.objects.filter(email=subscriber.email).first() or AdminUser.objects.create_user(
        subscriber.email, full_name=f"{subscriber.first_name} {subscriber.last_name}"
    )
    RoleAssignment.objects.get_or_create(
        admin=admin, role=Role.CUSTOMER_FULL.value, customer=subscriber.customer, partner=None
    )
    subscriber.admin = admin
    subscriber.save(update_fields=["admin"])
    facts = {"subscriber": subscriber, "package": _base_package(subscriber)}
    FirstAdministrator.objects.update_or_create(customer=subscriber.customer, defaults=facts)
    return admin


def _base_package(subscriber: Subscriber) -> str:
    return next((row.package for row in open_assignments(subscriber) if row.is_base), "")


def floor_package(subscriber: Subscriber) -> str | None:
    """The package below which this user may not go: for the first administrator the one that the customer started with,
    for another full administrator the one he had when he became one. None for everybody else."""
    role = RoleAssignment.objects.filter(
        admin=subscriber.admin_id, customer=subscriber.customer_id, role=Role.CUSTOMER_FULL
    ).first()
    if subscriber.admin_id is None or role is None:
        return None
    first = FirstAdministrator.objects.filter(subscriber=subscriber).first()
    if first:
        return first.package
    # Intervals have whole seconds: one that ended within the second of the promotion was still held.
    promoted = Q(ended_at=None) | Q(ended_at__gte=role.created_at.replace(microsecond=0))
    bases = subscriber.assignments.filter(is_base=True).order_by("started_at", "pk")
    held = bases.filter(promoted).first() or bases.last()
    return held.package if held else None


def lock_administration(customer: Customer) -> None:
    """Two administrators who remove each other do it one after the other."""
    Customer.objects.select_for_update(no_key=True).get(pk=customer.pk)


def others_are_full(customer: Customer, admin: AdminUser | int) -> bool:
    """Is anybody besides `admin` a full administrator who can sign in?"""
    full = RoleAssignment.objects.filter(customer=customer, role=Role.CUSTOMER_FULL, admin__is_active=True)
    return full.exclude(admin=admin).exists()


def pass_on_first_place(customer: Customer, *, leaving: AdminUser) -> Subscriber | None:
    """Low level, for whoever takes the full administrator's role away, with the administration locked.

    Returns who takes the place, None when `leaving` does not have it. Raises FirstAdministratorStays.
    """
    first = FirstAdministrator.objects.filter(customer=customer, subscriber__admin=leaving).first()
    if first is None or _never_arrived(first):
        return None
    successor = next((person for person in _candidates(customer, leaving) if _reaches(person, first.package)), None)
    if successor is None:
        raise FirstAdministratorStays(first)
    first.subscriber = successor
    first.save(update_fields=["subscriber"])
    return successor


def _candidates(customer: Customer, leaving: AdminUser) -> list[Subscriber]:
    """Users who are full administrators too, the longest first; locked, so that their packages stay as they are."""
    full = RoleAssignment.objects.filter(customer=customer, role=Role.CUSTOMER_FULL, admin__is_active=True)
    since = dict(full.exclude(admin=leaving).values_list("admin_id", "created_at"))
    people = Subscriber.objects.filter(customer=customer, admin__in=since, deleted_at=None).order_by("pk")
    locked = list(people.select_for_update(no_key=True))
    return sorted(locked, key=lambda person: (since[person.admin_id or 0], person.pk))


def _reaches(subscriber: Subscriber, package: str) -> bool:
    held = _base_package(subscriber)
    return bool(held) and PACKAGES[held].level >= PACKAGES[package].level


def _never_arrived(first: FirstAdministrator) -> bool:
    """Whom Webex refused is nobody's first administrator: the place is free for the next user. True if it was his."""
    if first.subscriber.status != Subscriber.Status.FAILED:
        return False
    first.delete()
    return True


def require_dispensable(subscriber: Subscriber) -> None:
    """Raises LastFullAdministrator or FirstAdministratorHolds unless the organisation can do without this person.

    The administration must be locked: two administrators who delete each other at once must not both succeed.
    """
    first = FirstAdministrator.objects.filter(subscriber=subscriber).first()
    if (first and _never_arrived(first)) or not _is_full(subscriber):
        return
    if not others_are_full(subscriber.customer, subscriber.admin_id or 0):
        raise LastFullAdministrator()
    if first:
        raise FirstAdministratorHolds(subscriber)


def _is_full(subscriber: Subscriber) -> bool:
    held = RoleAssignment.objects.filter(admin=subscriber.admin_id or 0, customer=subscriber.customer_id)
    return held.filter(role=Role.CUSTOMER_FULL).exists()


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
