"""What POST and PUT of a person mean for the services: each field asks for the right that its page asks for.

Only what differs is touched: whoever sends back what he has read needs no right at all.
"""

from django.db import transaction

from api import ids, roles
from api.errors import ApiError
from api.licenses import Licenses
from api.schemas.people import ChangedPerson, GivenPerson, NewPerson
from controlhub.models import Location, Subscriber
from controlhub.queries.locations import only_location
from controlhub.services.admin_roles import make_administrators, set_admin_roles
from controlhub.services.calling import change_calling_data
from controlhub.services.lifecycle import change_email, reactivate_subscriber, suspend_subscriber
from controlhub.services.new_subscribers import NewSubscriber
from controlhub.services.number_lists import normalise
from controlhub.services.packages import remove_package
from controlhub.services.subscriber_packages import create_subscriber, replace_packages, split
from controlhub.services.subscribers import create_subscribers, is_calling, rename_subscriber
from provisioning.models import ProvisioningJob
from tenancy.actors import Actor
from tenancy.models import Customer
from tenancy.opaque_ids import opaque_id
from tenancy.packages import PACKAGES
from tenancy.policy import Role

MOVE = "locationId: a calling user cannot be moved here. Move the user in Control Hub."


def new_person(customer: Customer, payload: NewPerson, by: Actor) -> tuple[Subscriber, ProvisioningJob]:
    """Create the user that the body means, with the packages behind its licences."""
    packages = Licenses(customer).packages(payload.licenses or [])
    base = split(packages)[0] if packages else ""
    first, last = _names(payload.first_name, payload.last_name, payload.display_name or "")
    user = NewSubscriber(
        first_name=first,
        last_name=last,
        email=payload.emails[0],
        package=base,
        location=_location(customer, payload, base),
        number=payload.work_number or None,
        extension=payload.extension or "",
    )
    if packages:
        return create_subscriber(customer=customer, user=user, packages=packages, by=by)
    people, job = create_subscribers(customer=customer, users=[user], by=by)
    return people[0], job


def _location(customer: Customer, payload: GivenPerson, base: str) -> Location | None:
    if payload.location_id:
        row: Location = ids.by_id(customer.locations.all(), ids.LOCATION, payload.location_id, what="location")
        return row
    return only_location(customer) if not base or PACKAGES[base].calling else None


def _names(first: str | None, last: str | None, display: str) -> tuple[str, str]:
    """First and last name; what is missing is taken from the display name, split at its first blank."""
    start, _, rest = " ".join(display.split()).partition(" ")
    return first or start, last or rest


@transaction.atomic
def change(row: Subscriber, customer: Customer, payload: ChangedPerson, by: Actor) -> None:
    """Bring the person to what the body says. Raises what the services raise; then nothing has changed."""
    _rename(row, payload, by)
    if payload.emails and payload.emails[0].strip().lower() != row.email:
        change_email(subscriber=row, email=payload.emails[0], by=by)
    _change_licenses(row, customer, payload, by)
    _change_calling(row, payload, by)
    if payload.roles is not None:
        set_roles(row, customer, chosen_roles(payload), by)
    _switch(row, payload.login_enabled, by)


def _rename(row: Subscriber, payload: ChangedPerson, by: Actor) -> None:
    first, last = payload.first_name or row.first_name, payload.last_name or row.last_name
    display = " ".join(payload.display_name.split())
    if (first, last) == (row.first_name, row.last_name) and display != str(row):
        first, last = _names(None, None, display)
    if (first, last) != (row.first_name, row.last_name):
        rename_subscriber(subscriber=row, first_name=first, last_name=last, by=by)


def _change_licenses(row: Subscriber, customer: Customer, payload: ChangedPerson, by: Actor) -> None:
    if payload.licenses is None:
        return
    wanted = Licenses(customer).packages(payload.licenses)
    held = {assignment.package for assignment in row.open_assignments}  # type: ignore[attr-defined]
    if set(wanted) == held:
        return
    if not wanted:
        remove_package(subscriber=row, by=by)
        return
    starts = PACKAGES[split(wanted)[0]].calling and not is_calling(row)
    replace_packages(
        subscriber=row,
        packages=wanted,
        number=payload.work_number or None,
        extension=payload.extension,
        location=_location(customer, payload, split(wanted)[0]) if starts else None,
        by=by,
    )


def _change_calling(row: Subscriber, payload: ChangedPerson, by: Actor) -> None:
    """Number, extension and location of somebody who calls; whoever has just started has them already."""
    row.refresh_from_db(fields=["location", "extension"])
    if payload.location_id and _place_of(row) != payload.location_id:
        raise ApiError(400, MOVE)
    number = payload.work_number
    held = row.customer.numbers.filter(subscriber=row).values_list("e164", flat=True).first() or ""
    if number and row.location:
        number = normalise(number, country=row.location.country)
    changed_number = number if number not in (None, held) else None
    changed_extension = payload.extension if payload.extension not in (None, row.extension) else None
    if changed_number is not None or changed_extension is not None:
        change_calling_data(subscriber=row, number=changed_number, extension=changed_extension, by=by)


def _place_of(row: Subscriber) -> str:
    return opaque_id(ids.LOCATION, row.location.public_id) if row.location else ""


def _switch(row: Subscriber, login_enabled: bool | None, by: Actor) -> None:
    suspended = row.status == Subscriber.Status.SUSPENDED
    if login_enabled is False and not suspended:
        suspend_subscriber(subscriber=row, by=by)
    elif login_enabled is True and suspended:
        reactivate_subscriber(subscriber=row, by=by)


def chosen_roles(payload: GivenPerson) -> frozenset[Role]:
    """The roles behind the public ids of a body. Raises a 400 for an unknown one."""
    found = {text: roles.role_of(text) for text in payload.roles or []}
    if None in found.values():
        raise ApiError(400, "roles: there is no such role.")
    return frozenset(role for role in found.values() if role)


def set_roles(row: Subscriber, customer: Customer, wanted: frozenset[Role], by: Actor) -> None:
    """Let the user have exactly these roles at his organization."""
    admin = row.admin
    mine = customer.role_assignments.filter(admin=row.admin_id) if admin else customer.role_assignments.none()
    held = frozenset(Role(role) for role in mine.values_list("role", flat=True))
    if wanted == held:
        return
    if admin and held:
        set_admin_roles(customer=customer, admin=admin, roles=wanted, by=by)
    else:
        make_administrators(customer=customer, subscribers=[row], roles=wanted, by=by)
