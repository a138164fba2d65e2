"""Who administers a customer: its own people, location administrators, external administrators (domain.md 7.4, 2.2).

A change counts on the administrator's next request, because roles are read afresh every time.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from controlhub.models import Location, LocationAdminScope, Subscriber
from controlhub.services.administrators import (
    LastFullAdministrator,
    lock_administration,
    others_are_full,
    pass_on_first_place,
)
from controlhub.services.readiness import lock_ready
from provisioning.queue import NewStep, enqueue
from tenancy import audit
from tenancy.access import authorize
from tenancy.actors import Actor
from tenancy.errors import DomainError
from tenancy.models import AdminUser, Customer, RoleAssignment
from tenancy.policy import CUSTOMER_ROLES, EXTERNAL_ROLES, Control, Role

OWN_ROLES = tuple(role for role in Role if role in CUSTOMER_ROLES - EXTERNAL_ROLES)
MOST_LOCATIONS = LocationAdminScope.MOST
MOST_LOCATION_ADMINS = 5
INVITE_ADMINISTRATORS = "invite_administrators"


class LocationRoleStandsAlone(DomainError):
    code = "location_role_stands_alone"
    message = "A location administrator has no other role."


class LocationsOutOfRange(DomainError):
    code = "locations_out_of_range"
    message = f"Choose 1 to {MOST_LOCATIONS} locations for a location administrator."


class TooManyLocationAdmins(DomainError):
    code = "too_many_location_admins"
    message = f"Add at most {MOST_LOCATION_ADMINS} location administrators at a time."


class WrongRoles(DomainError):
    code = "wrong_roles"


class NobodyChosen(DomainError):
    code = "nobody_chosen"
    message = "Choose at least one user of this organization."


class ExternalEmailRefused(DomainError):
    code = "external_email_refused"


@transaction.atomic
def make_administrators(
    *,
    customer: Customer,
    subscribers: Sequence[Subscriber],
    roles: Iterable[Role],
    locations: Sequence[Location] = (),
    by: Actor,
) -> list[AdminUser]:
    """Give users of the customer these roles, all of them or none; who is new is invited by mail. One event each.

    Raises Forbidden, CustomerNotReady, NobodyChosen, TooManyLocationAdmins, and what `set_admin_roles` raises.
    """
    authorize(by, Control.ADMIN_ROLES, customer=customer)
    lock_ready(customer)
    wanted = frozenset(roles)
    if not subscribers or any(person.customer_id != customer.pk or person.deleted_at for person in subscribers):
        raise NobodyChosen(field="emails")
    if not wanted:
        raise WrongRoles("Choose at least one role.", field="roles")
    if Role.CUSTOMER_LOCATION in wanted and len(subscribers) > MOST_LOCATION_ADMINS:
        raise TooManyLocationAdmins(field="emails")
    admins = [_account_of(person) for person in subscribers]
    invited = [admin for admin in admins if not _held(customer, admin)]
    for admin in admins:
        _store(customer, admin, wanted, locations, by)
    if invited:
        _invite(customer, invited, by)
    return admins


@transaction.atomic
def set_admin_roles(
    *, customer: Customer, admin: AdminUser, roles: Iterable[Role], locations: Sequence[Location] = (), by: Actor
) -> bool:
    """Replace the roles of somebody who administers the customer; none at all removes him. False if nothing changes.

    When the first administrator gives the full role up, another full administrator of his level takes his place.
    Raises Forbidden, LastFullAdministrator, FirstAdministratorStays, LocationRoleStandsAlone, LocationsOutOfRange,
    WrongRoles.
    """
    held = _held(customer, admin)
    external = bool(held & EXTERNAL_ROLES)
    authorize(by, Control.EXTERNAL_ADMINS if external else Control.ADMIN_ROLES, customer=customer)
    lock_administration(customer)
    if not _held(customer, admin):
        raise WrongRoles("This person does not administer the organization any more.", field="roles")
    return _store(customer, admin, frozenset(roles), locations, by)


@transaction.atomic
def invite_external(*, customer: Customer, email: str, role: Role, by: Actor) -> AdminUser:
    """Let somebody of another organization administer this one, and tell him by mail.

    Raises Forbidden, CustomerNotReady, WrongRoles, ExternalEmailRefused.
    """
    authorize(by, Control.EXTERNAL_ADMINS, customer=customer)
    lock_ready(customer)
    if role not in EXTERNAL_ROLES:
        raise WrongRoles("Choose full or read-only.", field="role")
    address = _external_address(customer, email)
    admin = _account(address, full_name="")
    if _held(customer, admin):
        raise ExternalEmailRefused("This person administers the organization already.", field="email")
    _store(customer, admin, frozenset({role}), (), by)
    _invite(customer, [admin], by)
    return admin


def _held(customer: Customer, admin: AdminUser) -> frozenset[Role]:
    rows = RoleAssignment.objects.filter(customer=customer, admin=admin)
    return frozenset(Role(role) for role in rows.values_list("role", flat=True))


def _account_of(subscriber: Subscriber) -> AdminUser:
    admin = _account(subscriber.email, full_name=str(subscriber))
    if subscriber.admin_id != admin.pk:
        subscriber.admin = admin
        subscriber.save(update_fields=["admin"])
    return admin


def _account(email: str, *, full_name: str) -> AdminUser:
    """The account of an address. A new one has no password; the invitation's link sets it."""
    defaults = {"full_name": full_name, "password": make_password(None)}
    return AdminUser.objects.get_or_create(email=email, defaults=defaults)[0]


def _invite(customer: Customer, admins: Sequence[AdminUser], by: Actor) -> None:
    """Order Webex's invitation and the mail. The handlers look again whether the person still has a role."""
    steps = [
        NewStep(name, title.format(admin.email), str(admin.public_id))
        for admin in admins
        for name, title in (("invite_administrator", "Administrator {}"), ("invitation_mail", "Invitation of {}"))
    ]
    enqueue(kind=INVITE_ADMINISTRATORS, customer=customer, steps=steps, by=by)


def _external_address(customer: Customer, email: str) -> str:
    address = email.strip().lower()
    try:
        validate_email(address)
    except ValidationError as error:
        raise ExternalEmailRefused("Enter an email address such as name@example.com.", field="email") from error
    if not address.isascii() or len(address) > 161:
        raise ExternalEmailRefused("Use plain letters, at most 161 characters.", field="email")
    if Subscriber.objects.filter(customer=customer, email=address, deleted_at=None).exists():
        raise ExternalEmailRefused("This is a user of this organization: add him as an administrator.", field="email")
    return address


def _store(
    customer: Customer, admin: AdminUser, wanted: frozenset[Role], locations: Sequence[Location], by: Actor
) -> bool:
    held, places = _held(customer, admin), _places(customer, admin)
    chosen = sorted(locations, key=lambda place: place.name) if Role.CUSTOMER_LOCATION in wanted else []
    _check(customer, wanted, held, chosen)
    successor = None
    if Role.CUSTOMER_FULL in held - wanted:
        if not others_are_full(customer, admin):
            raise LastFullAdministrator(field="roles")
        successor = pass_on_first_place(customer, leaving=admin)
    names = [place.name for place in chosen]
    if (held, places) == (wanted, names):
        return False
    _replace(customer, admin, held, wanted, chosen)
    _record(customer, admin, (held, places), (wanted, names), by, successor)
    return True


def _check(customer: Customer, wanted: frozenset[Role], held: frozenset[Role], places: Sequence[Location]) -> None:
    if not wanted <= CUSTOMER_ROLES:
        raise WrongRoles("These are no roles of a customer.", field="roles")
    if (wanted | held) & EXTERNAL_ROLES and (len(wanted) > 1 or (wanted | held) - EXTERNAL_ROLES):
        raise WrongRoles("An external administrator is either full or read-only, and nothing else.", field="roles")
    if Role.CUSTOMER_LOCATION not in wanted:
        return
    if len(wanted) > 1:
        raise LocationRoleStandsAlone(field="roles")
    if not 1 <= len(places) <= MOST_LOCATIONS or any(place.customer_id != customer.pk for place in places):
        raise LocationsOutOfRange(field="locations")


def _places(customer: Customer, admin: AdminUser) -> list[str]:
    rows = LocationAdminScope.objects.filter(role_assignment__customer=customer, role_assignment__admin=admin)
    return list(rows.order_by("location__name").values_list("location__name", flat=True))


def _replace(
    customer: Customer, admin: AdminUser, held: frozenset[Role], wanted: frozenset[Role], places: Sequence[Location]
) -> None:
    mine = RoleAssignment.objects.filter(customer=customer, admin=admin)
    mine.filter(role__in=held - wanted).delete()
    RoleAssignment.objects.bulk_create(
        RoleAssignment(admin=admin, role=role, customer=customer) for role in sorted(wanted - held)
    )
    LocationAdminScope.objects.filter(role_assignment__in=mine).delete()
    LocationAdminScope.objects.bulk_create(
        LocationAdminScope(role_assignment=mine.get(role=Role.CUSTOMER_LOCATION), location=place, slot=slot)
        for slot, place in enumerate(places, start=1)
    )


def _record(
    customer: Customer, admin: AdminUser, before: Any, after: Any, by: Actor, successor: Subscriber | None
) -> None:
    (held, old_places), (wanted, new_places) = before, after
    words = ", ".join(role.label for role in sorted(wanted)) or "none"
    where = f" at {', '.join(new_places)}" if new_places else ""
    then = f"; {successor} is the first administrator now" if successor else ""
    changes = {"roles": [sorted(held), sorted(wanted)], "locations": [old_places, new_places]}
    changes |= {"first_administrator": [admin.email, successor.email]} if successor else {}
    audit.record(
        action="admin_role.changed",
        text=f"Roles of {admin.email}: {words}{where}{then}",
        target=admin,
        customer=customer,
        by=by,
        changes={name: change for name, change in changes.items() if change[0] != change[1]},
    )
