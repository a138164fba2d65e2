"""Sites of the customer: made, corrected, and confirmed by somebody who knows the address (domain.md 3.1, 13.4, 13.5)."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from django.db import transaction

from controlhub.models import Location
from controlhub.services import pushes
from controlhub.services.clock import database_now
from controlhub.services.constraints import named_errors
from controlhub.services.readiness import lock_ready, require_ready
from tenancy import audit
from tenancy.access import authorize
from tenancy.actors import Actor
from tenancy.errors import DomainError
from tenancy.models import Customer
from tenancy.places import CCP_PROVIDERS, LOCALES, clean_address, time_zones
from tenancy.policy import Control

ADDRESS = ("address_line1", "address_line2", "city", "state", "postal_code", "country")
LANGUAGES = frozenset(code.lower() for code, _ in LOCALES)
CLOUD_CONNECTED = frozenset({Location.Pstn.INTEGRATED_CCP, Location.Pstn.NON_INTEGRATED_CCP})
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


class CountryFixed(DomainError):
    code = "country_fixed"
    message = "This location has phone numbers, so its country cannot change. Create another location instead."


@dataclass(frozen=True)
class LocationFacts:
    """What is known about a site. `pstn` and `pstn_provider` None: leave the connection as it is."""

    name: str
    address_line1: str
    city: str
    country: str
    time_zone: str
    language: str
    address_line2: str = ""
    state: str = ""
    postal_code: str = ""
    emergency_location_identifier: str = ""
    pstn: str | None = None
    pstn_provider: str | None = None

    def tidy(self) -> dict[str, str]:
        """The values as they are stored: trimmed, without what is to be left as it is."""
        values = {name: " ".join(str(value).split()) for name, value in asdict(self).items() if value is not None}
        values["language"] = values["language"].lower()
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
    for field, text in values.items():
        most = Location._meta.get_field(field).max_length  # type: ignore[union-attr]
        if most and len(text) > most:
            errors[field] = f"Use at most {most} characters."
        elif not text.isprintable():
            errors[field] = "There are characters here that cannot be shown. Type it again."
    return errors | _problems_with_pstn(values)


def _problems_with_pstn(values: Mapping[str, str]) -> dict[str, str]:
    pstn, provider = values.get("pstn"), values.get("pstn_provider", "")
    if pstn is None:
        return {}
    if pstn not in Location.Pstn.values:
        return {"pstn": "Choose a connection from the list."}
    if pstn not in CLOUD_CONNECTED:
        return {"pstn_provider": "Only cloud connections have a provider."} if provider else {}
    if values["country"] not in CCP_PROVIDERS.get(provider, frozenset()):
        return {"pstn_provider": "Choose a provider that serves this location's country."}
    return {}


@transaction.atomic
def create_location(*, customer: Customer, facts: LocationFacts, by: Actor) -> Location:
    """A new branch, already confirmed: whoever types an address vouches for it. Webex learns of it in a job.

    Raises Forbidden, CustomerNotReady, LocationErrors, LocationNameTaken.
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
    _authorize_pstn(values, before=None, customer=customer, by=by)
    _refuse_problems(facts)
    # A customer without a headquarters was sold no calling at first: its first site is the headquarters.
    first = not Location.objects.filter(customer=customer, is_headquarters=True).exists()
    with named_errors(_named(values["name"])):
        return Location.objects.create(customer=customer, is_headquarters=first, confirmed_at=database_now(), **values)


def record_created(location: Location, *, by: Actor) -> None:
    """Low level: audit a location that `insert_location` made."""
    values = {name: getattr(location, name) for name in ("name", *ADDRESS, "time_zone", "language", "pstn")}
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

    Raises Forbidden, CustomerNotReady, LocationErrors, LocationNameTaken, CountryFixed.
    """
    customer = location.customer
    authorize(by, Control.LOCATIONS, customer=customer)
    require_ready(customer)
    row = Location.objects.select_for_update(no_key=True).get(pk=location.pk)
    values = facts.tidy()
    _authorize_pstn(values, before=row, customer=customer, by=by)
    _refuse_problems(facts)
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
    return location


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


def _authorize_pstn(values: dict[str, str], *, before: Location | None, customer: Customer, by: Actor) -> None:
    """The connection is the partner's business (domain.md 8.2): whoever may not change it must leave it alone."""
    fields = ("pstn", "pstn_provider")
    if all(values.get(name) in (None, getattr(before, name, "")) for name in fields):
        return
    authorize(by, Control.LOCATION_PSTN, customer=customer)
    if values.get("pstn") == Location.Pstn.LOCAL_GATEWAY:
        authorize(by, Control.LOCATION_PSTN_LOCAL_GATEWAY, customer=customer)


@transaction.atomic
def confirm_location(*, location: Location, by: Actor) -> Location:
    """Somebody vouches for the address. Confirming twice changes nothing."""
    authorize(by, Control.LOCATIONS, customer=location.customer)
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
