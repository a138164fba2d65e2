"""/telephony/config/locations: calling set up at a location, its main number and calling line."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router, Status

from api import etags, speaking_places
from api.access import readable
from api.errors import not_found
from api.inside import organization_of, viewer_of
from api.operation import operation
from api.operations.locations import ORDER, facts_with, location_of
from api.paging import Names, page
from api.schemas.common import InOrganization
from api.schemas.telephony import (
    CallingFilters,
    CallingLocation,
    CallingLocations,
    ChangedCalling,
    EnabledLocation,
    LocationRef,
)
from controlhub.models import Location, PhoneNumber
from controlhub.services.calling_line import set_calling_line
from controlhub.services.calling_setup import enable_calling
from controlhub.services.locations import edit_location
from controlhub.services.number_lists import normalise
from controlhub.services.numbers import NumberUnknown
from controlhub.services.pstn import PstnConnection, change_connection, set_calling_numbers
from tenancy.actors import Actor
from tenancy.policy import Control
from tenancy.tokens import Scope

router = Router(tags=["Calling locations"])
PAGES = Names(offset="start")


def calling_location_of(request: HttpRequest, location_id: str, org_id: str | None) -> Location:
    """The location, if calling is set up there; 404 otherwise."""
    row = location_of(request, location_id, org_id)
    if row.calling_enabled_at is None:
        raise not_found("location")
    return row


@operation(
    router,
    "GET",
    "/telephony/config/locations",
    scope=Scope.TELEPHONY_READ,
    control=Control.LOCATION_CALLING_SETUP,
    success={200: CallingLocations},
    summary="List Locations Webex Calling Details",
)
def list_calling_locations(request: HttpRequest, response: HttpResponse, filters: Query[CallingFilters]) -> Any:
    """Locations with calling, the headquarters first."""
    customer = organization_of(request, filters.org_id)
    readable(request, Control.LOCATION_CALLING_SETUP, customer)
    rows = customer.locations.filter(calling_enabled_at__isnull=False).select_related("main_number")
    rows = rows.filter(name=filters.name) if filters.name is not None else rows
    found = page(request, response, rows, order=ORDER, size=filters.max, offset=filters.start, names=PAGES)
    return CallingLocations(locations=[speaking_places.calling(row, customer) for row in found])


@operation(
    router,
    "GET",
    "/telephony/config/locations/{locationId}",
    scope=Scope.TELEPHONY_READ,
    control=Control.LOCATION_CALLING_SETUP,
    success={200: CallingLocation},
    headers=("ETag",),
    summary="Get Location Webex Calling Details",
)
def get_calling_location(
    request: HttpRequest,
    response: HttpResponse,
    locationId: str,  # noqa: N803
    query: Query[InOrganization],
) -> Any:
    """The calling of one location."""
    row = calling_location_of(request, locationId, query.org_id)
    readable(request, Control.LOCATION_CALLING_SETUP, row.customer)
    spoken = speaking_places.calling(row, row.customer)
    etags.tag(response, spoken)
    return spoken


@operation(
    router,
    "POST",
    "/telephony/config/locations",
    scope=Scope.TELEPHONY_WRITE,
    control=Control.LOCATION_CALLING_SETUP,
    success={201: LocationRef},
    summary="Enable a Location for Webex Calling",
)
def enable_location(request: HttpRequest, query: Query[InOrganization], payload: EnabledLocation) -> Any:
    """Set up calling at a location that was created without it. Twice is harmless."""
    row = location_of(request, payload.id, query.org_id or payload.org_id)
    by = viewer_of(row.customer)
    enable_calling(location=row, announcement_language=payload.announcement_language.lower(), by=by)
    return Status(201, LocationRef(id=payload.id))


@operation(
    router,
    "PUT",
    "/telephony/config/locations/{locationId}",
    scope=Scope.TELEPHONY_WRITE,
    control=Control.LOCATION_CALLING_SETUP,
    success={204: None},
    summary="Update Location Webex Calling Details",
    errors=(412,),
)
def change_calling_location(
    request: HttpRequest,
    locationId: str,  # noqa: N803
    query: Query[InOrganization],
    payload: ChangedCalling,
) -> Any:
    """Main number, calling line, outside digit, route, announcements; what is left out stays, what is null is cleared."""
    row = calling_location_of(request, locationId, query.org_id)
    etags.require_match(request, speaking_places.calling(row, row.customer))
    by = viewer_of(row.customer)
    given = {
        "announcement_language": payload.announcement_language,
        "emergency_location_identifier": payload.p_access_network_info,
    }
    if any(value is not None for value in given.values()):
        edit_location(location=row, facts=facts_with(row, given), by=by)
    if payload.connection:
        route = PstnConnection(
            Location.Pstn.LOCAL_GATEWAY, route_type=payload.connection.type, route=payload.connection.id
        )
        change_connection(location=row, connection=route, by=by)
    _change_line(row, payload, by)
    _change_main_number(row, payload, by)
    return Status(204, None)


def _change_line(row: Location, payload: ChangedCalling, by: Actor) -> None:
    line, said = payload.calling_line_id, payload.model_fields_set
    named = line is not None and "name" in line.model_fields_set
    if not (named or said & {"outside_dial_digit", "enforce_outside_dial_digit"}):
        return
    name = (line.name or "") if line and named else row.calling_line_name
    digit = (payload.outside_dial_digit or "") if "outside_dial_digit" in said else row.outside_dial_digit
    enforce = payload.enforce_outside_dial_digit
    set_calling_line(
        location=row,
        name="" if name == row.customer.name else name,
        outside_digit=digit,
        enforce_outside_digit=(row.enforce_outside_dial_digit and bool(digit)) if enforce is None else enforce,
        by=by,
    )


def _change_main_number(row: Location, payload: ChangedCalling, by: Actor) -> None:
    line = payload.calling_line_id
    if line is None or "phone_number" not in line.model_fields_set:
        return
    main = _number(row, line.phone_number) if line.phone_number else None
    set_calling_numbers(location=row, main=main, emergency_callback=row.emergency_callback_number, by=by)


def _number(row: Location, text: str) -> PhoneNumber:
    e164 = normalise(text, country=row.country)
    number: PhoneNumber | None = row.customer.numbers.filter(location=row, e164=e164).first()
    if number is None:
        raise NumberUnknown(e164)
    return number
