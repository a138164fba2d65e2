"""Sites of the customer: made, corrected, and confirmed by somebody who knows the address (domain.md 3.1, 13.4, 13.5)."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from django.db import transaction

from controlhub.models import CallQueue, Location, PhoneNumber, Subscriber, Workspace
from controlhub.services import pushes
from controlhub.services.clock import database_now
from controlhub.services.constraints import named_errors
from controlhub.services.pstn import (
    PstnConnection,
    authorize_connection,
    change_connection,
    problems_with_connection,
)
from controlhub.services.readiness import lock_ready, require_ready
from tenancy import audit
from tenancy.access import authorize, level
from tenancy.actors import Actor
from tenancy.errors import DomainError
from tenancy.models import Customer
from tenancy.places import LOCALES, clean_address, time_zones
from tenancy.policy import Control, Level

ADDRESS = ("address_line1", "address_line2", "city", "state", "postal_code", "country")
LANGUAGES = frozenset(code.lower() for code, _ in LOCALES)
NAME_LENGTH = 80


class LocationErrors(DomainError):
    """Fields of a location that are wrong: `errors` maps the field to a sentence."""

    code = "location_errors"

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__(" ".join(errors.values()), field=next(iter(errors)))
        self.errors = dict(errors)


class LocationNameTaken(DomainError):
    code = "location_name_taken"

    def __init__(self, name: str) -> None:
        super().__init__(f"There is a location called {name} already.", field="name")


class HeadquartersStay(DomainError):
    code = "headquarters_stay"
    message = "The headquarters cannot be deleted: the organization is registered at its address."


class LocationNotEmpty(DomainError):
    code = "location_not_empty"

    def __init__(self, location: Location, contents: Mapping[str, int]) -> None:
        held = ", ".join(
            f"{count} {label if count > 1 else label.removesuffix('s')}" for label, count in contents.items()
        )
        super().__init__(f"{location.name} is not empty: {held}. Move or remove them first.")
        self.contents = dict(contents)


class PstnWithoutCalling(DomainError):
    code = "pstn_without_calling"
    message = "Only a location with calling is connected to the PSTN."


class CountryFixed(DomainError):
    code = "country_fixed"
    message = "This location has phone numbers, so its country cannot change. Create another location instead."


@dataclass(frozen=True)
class LocationFacts:
    """What is known about a site. No `announcement_language`: announcements speak the preferred language.

    `pstn` and `pstn_provider` None: leave the connection as it is. `calling`: set up calling there at once, if whoever
    creates the site may do that.
    """

    name: str
    address_line1: str
    city: str
    country: str
    time_zone: str
    language: str
    announcement_language: str = ""
    address_line2: str = ""
    state: str = ""
    postal_code: str = ""
    emergency_location_identifier: str = ""
    pstn: str | None = None
    pstn_provider: str | None = None
    calling: bool = True

    def tidy(self) -> dict[str, str]:
        """The texts as they are stored: trimmed, without what is to be left as it is."""
        texts = {name: value for name, value in asdict(self).items() if isinstance(value, str)}
        values = {name: " ".join(text.split()) for name, text in texts.items()}
        values["language"] = values["language"].lower()
        values["announcement_language"] = values["announcement_language"].lower()
        values["state"] = values["state"].upper() if len(values["state"]) <= 3 else values["state"]
        return values


def problems_with_location(facts: LocationFacts) -> dict[str, str]:
    """What is wrong, by field; empty when the location may be stored. Uniqueness of the name is the database's."""
    values = facts.tidy()
    errors = clean_address({key: values[key] for key in ADDRESS})
    if not values["name"]:
        errors["name"] = "The location needs a name."
    if values["time_zone"] not in time_zones():
        errors["time_zone"] = "Choose a time zone from the list."
    if values["language"] not in LANGUAGES:
        errors["language"] = "Choose a language from the list."
    if values["announcement_language"] and values["announcement_language"] not in LANGUAGES:
        errors["announcement_language"] = "Choose a language from the list."
    for field, text in values.items():
        most = Location._meta.get_field(field).max_length  # type: ignore[union-attr]
        if most and len(text) > most:
            errors[field] = f"Use at most {most} characters."
        elif not text.isprintable():
            errors[field] = "There are characters here that cannot be shown. Type it again."
    return errors | (problems_with_connection(values, country=values["country"]) if "pstn" in values else {})


@transaction.atomic
def create_location(*, customer: Customer, facts: LocationFacts, by: Actor) -> Location:
    """A new branch, already confirmed: whoever types an address vouches for it. Webex learns of it in a job.

    Without the right to set up calling it is created without. Raises Forbidden, CustomerNotReady, LocationErrors,
    LocationNameTaken, PstnWithoutCalling.
    """
    location = insert_location(customer=customer, facts=facts, by=by)
    record_created(location, by=by)
    pushes.push_new(customer=customer, subscribers=[], locations=[location], by=by)
    return location


def insert_location(*, customer: Customer, facts: LocationFacts, by: Actor) -> Location:
    """Low level: as `create_location`, for a caller that writes the audit event and queues the job itself."""
    authorize(by, Control.LOCATIONS, customer=customer)
    lock_ready(customer)
    values = facts.tidy()
    if values.get("pstn") or values.get("pstn_provider"):
        authorize_connection(values.get("pstn", ""), customer=customer, by=by)
    _refuse_problems(facts)
    calling = facts.calling and level(by, Control.LOCATION_CALLING_SETUP, customer=customer) is Level.EDIT
    if not calling and values.get("pstn"):
        raise PstnWithoutCalling(field="pstn")
    now = database_now()
    values_at = {"confirmed_at": now, "calling_enabled_at": now if calling else None}
    # A customer without a headquarters was sold no calling at first: its first site is the headquarters.
    first = not Location.objects.filter(customer=customer, is_headquarters=True).exists()
    with named_errors(_named(values["name"])):
        return Location.objects.create(customer=customer, is_headquarters=first, **values_at, **values)


def record_created(location: Location, *, by: Actor) -> None:
    """Low level: audit a location that `insert_location` made."""
    values = {name: getattr(location, name) for name in ("name", *ADDRESS, "time_zone", "language", "pstn")}
    values["calling"] = location.calling_enabled_at is not None
    audit.record(
        action="location.created",
        text=f"Location {location} created",
        target=location,
        customer=location.customer,
        by=by,
        changes={name: [None, value] for name, value in values.items() if value},
    )


@transaction.atomic
def edit_location(*, location: Location, facts: LocationFacts, by: Actor) -> Location:
    """Correct a location. A change of address must be confirmed again, because emergency calls depend on it.

    Another PSTN connection goes through `change_connection`, with its own rights and its own event.
    Raises Forbidden, CustomerNotReady, LocationErrors, LocationNameTaken, CountryFixed, or what that raises.
    """
    customer = location.customer
    authorize(by, Control.LOCATION_DETAILS, customer=customer)
    require_ready(customer)
    row = Location.objects.select_for_update(no_key=True).get(pk=location.pk)
    values = facts.tidy()
    _change_connection(location, row, values, by)
    # A connection that stays as it is may predate today's rules; it must not keep anybody from correcting the address.
    _refuse_problems(replace(facts, pstn=None, pstn_provider=None))
    changes = {name: [getattr(row, name), value] for name, value in values.items() if getattr(row, name) != value}
    if "country" in changes and row.numbers.exists():
        raise CountryFixed(field="country")
    if not changes:
        return location
    _store(location, values, address_changed=any(name in changes for name in ADDRESS))
    audit.record(
        action="location.changed",
        text=f"Location {location} changed: {', '.join(changes)}",
        target=location,
        customer=customer,
        by=by,
        changes=changes,
    )
    pushes.push_location(location=location, by=by)
    return location


def _change_connection(location: Location, row: Location, values: dict[str, str], by: Actor) -> None:
    """Hand what is said about the connection over, and leave only the facts of the site in `values`."""
    pstn, provider = values.pop("pstn", row.pstn), values.pop("pstn_provider", row.pstn_provider)
    if (pstn, provider) != (row.pstn, row.pstn_provider):
        change_connection(location=location, connection=PstnConnection(pstn, provider), by=by)


def _store(location: Location, values: dict[str, str], *, address_changed: bool) -> None:
    for name, value in values.items():
        setattr(location, name, value)
    fields = [*values]
    if address_changed:
        location.confirmed_at = None
        fields.append("confirmed_at")
    with named_errors(_named(values["name"])):
        location.save(update_fields=fields)


def _named(name: str) -> dict[str, Any]:
    return {"location_name_once_per_customer": lambda: LocationNameTaken(name)}


def _refuse_problems(facts: LocationFacts) -> None:
    errors = problems_with_location(facts)
    if errors:
        raise LocationErrors(errors)


@transaction.atomic
def confirm_location(*, location: Location, by: Actor) -> Location:
    """Somebody vouches for the address. Confirming twice changes nothing."""
    authorize(by, Control.LOCATION_DETAILS, customer=location.customer)
    require_ready(location.customer)
    if mark_confirmed(location):
        record_confirmed(location, by=by)
    return location


def mark_confirmed(location: Location) -> bool:
    """Low level: note the confirmation. False when the address is confirmed already."""
    moment = database_now()
    if not Location.objects.filter(pk=location.pk, confirmed_at=None).update(confirmed_at=moment):
        return False
    location.confirmed_at = moment
    return True


def record_confirmed(location: Location, *, by: Actor) -> None:
    """Low level: audit what `mark_confirmed` noted."""
    audit.record(
        action="location.confirmed",
        text=f"Address of {location} confirmed",
        target=location,
        customer=location.customer,
        by=by,
    )


def contents_of(location: Location) -> dict[str, int]:
    """What is still at the location, by what it is; empty when it may be deleted."""
    living = {"location": location, "deleted_at": None}
    counts = {
        "users": Subscriber.objects.filter(**living).count(),
        "workspaces": Workspace.objects.filter(**living).count(),
        "call queues": CallQueue.objects.filter(**living).count(),
        "numbers": PhoneNumber.objects.filter(location=location).count(),
        "arriving numbers": PhoneNumber.objects.filter(moving_to=location).count(),
    }
    return {label: count for label, count in counts.items() if count}


@transaction.atomic
def delete_location(*, location: Location, by: Actor) -> None:
    """Delete an empty location. Its row stays for history and bills; its name is free again. Twice is harmless.

    Raises Forbidden, CustomerNotReady, HeadquartersStay, LocationNotEmpty.
    """
    authorize(by, Control.LOCATIONS, customer=location.customer)
    lock_ready(location.customer)
    # Whoever moves in now waits for this lock, and is refused afterwards by the trigger `location_lives`.
    row = Location.objects.select_for_update().filter(pk=location.pk).first()
    if row is None:
        return
    if row.is_headquarters:
        raise HeadquartersStay()
    contents = contents_of(row)
    if contents:
        raise LocationNotEmpty(row, contents)
    Location.objects.filter(pk=row.pk).update(deleted_at=database_now())
    audit.record(
        action="location.deleted", text=f"Location {row} deleted", target=row, customer=location.customer, by=by
    )
    pushes.push_location_deleted(location=row, by=by)
