"""How a location calls: PSTN connection, the numbers that speak for it, call recording (domain.md 4.4, 8.2, 13.5)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from controlhub.models import Location, PhoneNumber
from controlhub.pstn import CONNECTIONS
from controlhub.services import pushes
from controlhub.services.calling_setup import require_calling
from controlhub.services.readiness import require_ready
from tenancy import audit
from tenancy.access import authorize
from tenancy.actors import Actor
from tenancy.errors import DomainError
from tenancy.models import Customer
from tenancy.places import CCP_PROVIDERS
from tenancy.policy import Control

FIELDS = ("pstn", "pstn_provider", "pstn_route_type", "pstn_route")
# Not offered to customer administrators while Restricted by Partner Mode is on (domain.md 8.3).
PARTNER_ONLY = frozenset({Location.Pstn.LOCAL_GATEWAY, Location.Pstn.CISCO_PSTN})
ROUTE_LENGTH = 80


class ConnectionWrong(DomainError):
    code = "connection_wrong"

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__(" ".join(errors.values()), field=next(iter(errors)))
        self.errors = dict(errors)


class NumbersStranded(DomainError):
    """The numbers that are there could not be managed under the new connection, or belong to the old one's carrier."""

    code = "numbers_stranded"

    def __init__(self, location: Location, count: int) -> None:
        numbers = "1 number" if count == 1 else f"{count} numbers"
        super().__init__(
            f"{location.name} has {numbers} of its present connection. Move or remove them before you change it.",
            field="pstn",
        )


class NotALocationNumber(DomainError):
    code = "not_a_location_number"

    def __init__(self, e164: str, *, field: str) -> None:
        super().__init__(
            f"{e164} cannot be used here: it must be an active number of this location that belongs to nobody or to a call queue.",
            field=field,
        )


class NotARecorder(DomainError):
    code = "not_a_recorder"
    message = "Choose one of the listed values."


@dataclass(frozen=True)
class PstnConnection:
    """A connection as it is chosen. `route_type` and `route` are of a Local Gateway only."""

    pstn: str
    provider: str = ""
    route_type: str = ""
    route: str = ""

    def values(self) -> dict[str, str]:
        """The columns of the location."""
        return dict(zip(FIELDS, (self.pstn, self.provider, self.route_type, " ".join(self.route.split())), strict=True))


def problems_with_connection(values: Mapping[str, str], *, country: str) -> dict[str, str]:
    """What is wrong, by field. Keys of `values`: FIELDS; a missing provider or route is empty."""
    connection = CONNECTIONS.get(values["pstn"])
    if connection is None:
        return {"pstn": "Choose a connection from the list."}
    provider = values.get("pstn_provider", "")
    if provider and not connection.needs_provider:
        return {"pstn_provider": "Only cloud connections have a provider."}
    if connection.needs_provider and country not in CCP_PROVIDERS.get(provider, frozenset()):
        return {"pstn_provider": "Choose a provider that serves this location's country."}
    return _problems_with_route(values, takes_route=connection.takes_route)


def _problems_with_route(values: Mapping[str, str], *, takes_route: bool) -> dict[str, str]:
    kind, route = values.get("pstn_route_type", ""), values.get("pstn_route", "")
    if (kind or route) and not takes_route:
        return {"pstn_route": "Only a Local Gateway has a route."}
    if kind not in Location.RouteType.values:
        return {"pstn_route_type": "Choose a kind of route from the list."}
    if route and not kind:
        return {"pstn_route_type": "Is this a trunk or a route group?"}
    if kind and not route:
        return {"pstn_route": "Enter the name of the trunk or route group."}
    if len(route) > ROUTE_LENGTH or not route.isprintable():
        return {"pstn_route": f"Use at most {ROUTE_LENGTH} printable characters."}
    return {}


def authorize_connection(pstn: str, *, customer: Customer, by: Actor) -> None:
    """The connection is the partner's business (domain.md 8.2). Raises Forbidden."""
    authorize(by, Control.LOCATION_PSTN, customer=customer)
    if pstn in PARTNER_ONLY:
        authorize(by, Control.LOCATION_PSTN_LOCAL_GATEWAY, customer=customer)


@transaction.atomic
def change_connection(*, location: Location, connection: PstnConnection, by: Actor) -> Location:
    """Connect the location another way. The same connection again changes nothing.

    Raises Forbidden, CustomerNotReady, CallingNotSetUp, ConnectionWrong, NumbersStranded.
    """
    authorize_connection(connection.pstn, customer=location.customer, by=by)
    require_ready(location.customer)
    row = Location.objects.select_for_update(no_key=True).get(pk=location.pk)
    require_calling(row)
    values = connection.values()
    errors = problems_with_connection(values, country=row.country)
    if errors:
        raise ConnectionWrong(errors)
    changes = {name: [getattr(row, name), value] for name, value in values.items() if getattr(row, name) != value}
    if not changes:
        return location
    _refuse_stranding(row, values)
    _store(location, values)
    _record("pstn_changed", f"{location} connected: {location.get_pstn_display()}", location, changes, by)
    pushes.push_location(location=location, by=by)
    return location


def _refuse_stranding(location: Location, values: Mapping[str, str]) -> None:
    before, after = CONNECTIONS[location.pstn], CONNECTIONS[values["pstn"]]
    carries_over = before.by_hand and after.by_hand and values["pstn"] != Location.Pstn.NONE
    count = 0 if carries_over else PhoneNumber.objects.filter(location=location).count()
    arriving = PhoneNumber.objects.filter(moving_to=location).count()
    if count or arriving:
        raise NumbersStranded(location, count + arriving)


@transaction.atomic
def set_calling_numbers(
    *, location: Location, main: PhoneNumber | None, emergency_callback: PhoneNumber | None, by: Actor
) -> Location:
    """Choose the main number and the emergency call-back number; the same number may be both, None is none.

    Raises Forbidden, CustomerNotReady, NotALocationNumber.
    """
    authorize(by, Control.LOCATION_CALLING_SETUP, customer=location.customer)
    require_ready(location.customer)
    row = Location.objects.select_for_update(no_key=True).get(pk=location.pk)
    wanted = {"main_number": main, "emergency_callback_number": emergency_callback}
    changes = {}
    for field, number in wanted.items():
        before = getattr(row, field)
        if before != number:
            _require_usable(number, row, field=field)
            changes[field] = [str(before or ""), str(number or "")]
    if changes:
        _store(location, wanted)
        _record("numbers_changed", f"Main numbers of {location} changed", location, changes, by)
        pushes.push_location(location=location, by=by)
    return location


@transaction.atomic
def set_location_recording(*, location: Location, call_recording: str, by: Actor) -> Location:
    """Who records calls of this location, if not as in the organization. The same again changes nothing.

    Raises Forbidden, CustomerNotReady, NotARecorder.
    """
    authorize(by, Control.LOCATION_CALL_RECORDING, customer=location.customer)
    require_ready(location.customer)
    if call_recording not in Location.CallRecording.values:
        raise NotARecorder(field="call_recording")
    row = Location.objects.select_for_update(no_key=True).get(pk=location.pk)
    if row.call_recording == call_recording:
        return location
    changes = {"call_recording": [row.call_recording, call_recording]}
    _store(location, {"call_recording": call_recording})
    text = f"Call recording of {location}: {location.get_call_recording_display()}"
    _record("recording_changed", text, location, changes, by)
    pushes.push_location(location=location, by=by)
    return location


def _require_usable(number: PhoneNumber | None, location: Location, *, field: str) -> None:
    if number is None:
        return
    # Locked: whoever assigns, deactivates, moves or removes it at this moment waits, and then sees what it has become.
    row = PhoneNumber.objects.select_for_update(no_key=True).filter(pk=number.pk, location=location).first()
    if row is None or not _may_speak(row):
        raise NotALocationNumber(number.e164, field=field)


def _may_speak(number: PhoneNumber) -> bool:
    """An active number of nobody, or of a call queue: somebody answers it, and nobody takes it along."""
    single = number.subscriber_id or number.workspace_id or number.moving_to_id
    return not single and number.state == PhoneNumber.State.ACTIVE


def _store(location: Location, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        setattr(location, name, value)
    location.save(update_fields=list(values))


def _record(verb: str, text: str, location: Location, changes: Mapping[str, Any], by: Actor) -> None:
    audit.record(
        action=f"location.{verb}",
        text=text,
        target=location,
        customer=location.customer,
        by=by,
        changes=dict(changes),
    )
