"""/locations."""

from dataclasses import fields, replace
from typing import Any

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from ninja import Query, Router, Status

from api import etags, ids, speaking_places
from api.access import readable
from api.inside import holder_of, organization_of, viewer_of
from api.operation import operation
from api.paging import page
from api.schemas.common import InOrganization
from api.schemas.locations import (
    ChangedLocation,
    LocationFilters,
    LocationItems,
    NewPlace,
    Place,
    SpokenLocation,
)
from controlhub.models import Location
from controlhub.services.locations import LocationFacts, create_location, delete_location, edit_location
from tenancy.opaque_ids import parse_opaque_id
from tenancy.policy import Control
from tenancy.tokens import Scope

router = Router(tags=["Locations"])
# The "first" location of an organization is its headquarters (domain.md 2.9).
ORDER = ("-is_headquarters", "created_at", "id")
KEPT = tuple(field.name for field in fields(LocationFacts) if field.name not in ("calling", "pstn", "pstn_provider"))


def location_of(request: HttpRequest, location_id: str, org_id: str | None) -> Location:
    """The location behind a public id, or 404; its customer is entered."""
    holds = Q(locations__public_id=ids.uuid_in(ids.LOCATION, location_id, what="location"))
    customer = holder_of(request, org_id, holds, what="location")
    rows = customer.locations.select_related("main_number", "emergency_callback_number")
    row: Location = ids.by_id(rows, ids.LOCATION, location_id, what="location")
    row.customer = customer
    return row


@operation(
    router,
    "GET",
    "/locations",
    scope=Scope.LOCATIONS_READ,
    control=Control.LOCATIONS,
    success={200: LocationItems},
    summary="List Locations",
)
def list_locations(request: HttpRequest, response: HttpResponse, filters: Query[LocationFilters]) -> Any:
    """Locations of an organization, its headquarters first."""
    customer = organization_of(request, filters.org_id)
    readable(request, Control.LOCATIONS, customer)
    rows = customer.locations.all()
    if filters.name is not None:
        rows = rows.filter(name=filters.name)
    if filters.id is not None:
        rows = rows.filter(public_id=parse_opaque_id(ids.LOCATION, filters.id) or ids.NOBODY)
    found = page(request, response, rows, order=ORDER, size=filters.max, offset=filters.offset)
    return LocationItems(items=[speaking_places.location(row, customer) for row in found])


@operation(
    router,
    "GET",
    "/locations/{locationId}",
    scope=Scope.LOCATIONS_READ,
    control=Control.LOCATIONS,
    success={200: SpokenLocation},
    headers=("ETag",),
    summary="Get Location Details",
)
def get_location(
    request: HttpRequest,
    response: HttpResponse,
    locationId: str,  # noqa: N803
    query: Query[InOrganization],
) -> Any:
    """One location."""
    row = location_of(request, locationId, query.org_id)
    readable(request, Control.LOCATIONS, row.customer)
    spoken = speaking_places.location(row, row.customer)
    etags.tag(response, spoken)
    return spoken


@operation(
    router,
    "POST",
    "/locations",
    scope=Scope.LOCATIONS_WRITE,
    control=Control.LOCATIONS,
    success={200: SpokenLocation},
    summary="Create a Location",
)
def add_location(request: HttpRequest, query: Query[InOrganization], payload: NewPlace) -> Any:
    """A new location, without calling: POST /telephony/config/locations sets that up."""
    customer = organization_of(request, query.org_id or payload.org_id)
    facts = LocationFacts(
        name=payload.name,
        time_zone=payload.time_zone,
        language=payload.preferred_language,
        announcement_language=payload.announcement_language,
        calling=False,
        **_new_address(payload.address),
    )
    row = create_location(customer=customer, facts=facts, by=viewer_of(customer))
    return speaking_places.location(row, customer)


@operation(
    router,
    "PUT",
    "/locations/{locationId}",
    scope=Scope.LOCATIONS_WRITE,
    control=Control.LOCATION_DETAILS,
    success={204: None},
    summary="Update a Location",
    errors=(412,),
)
def change_location(
    request: HttpRequest,
    locationId: str,  # noqa: N803
    query: Query[InOrganization],
    payload: ChangedLocation,
) -> Any:
    """Correct a location; what is left out stays. A new address must be confirmed again before emergency calls rely on it."""
    row = location_of(request, locationId, query.org_id)
    etags.require_match(request, speaking_places.location(row, row.customer))
    given = {
        "name": payload.name,
        "time_zone": payload.time_zone,
        "language": payload.preferred_language,
        "announcement_language": payload.announcement_language,
        **_address(payload.address or Place()),
    }
    edit_location(location=row, facts=facts_with(row, given), by=viewer_of(row.customer))
    return Status(204, None)


@operation(
    router,
    "DELETE",
    "/locations/{locationId}",
    scope=Scope.LOCATIONS_WRITE,
    control=Control.LOCATIONS,
    success={204: None},
    summary="Delete Location",
)
def remove_location(request: HttpRequest, locationId: str, query: Query[InOrganization]) -> Any:  # noqa: N803
    """Delete an empty location; never the headquarters."""
    row = location_of(request, locationId, query.org_id)
    delete_location(location=row, by=viewer_of(row.customer))
    return Status(204, None)


def facts_with(row: Location, given: dict[str, str | None]) -> LocationFacts:
    """The location as it is, with what was given; the PSTN connection stays."""
    changed: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    return replace(LocationFacts(**{name: getattr(row, name) for name in KEPT}), **changed)


def _address(place: Place) -> dict[str, str | None]:
    given = place.model_fields_set
    return {
        "address_line1": place.address1,
        # To take the second line away, it is given as null.
        "address_line2": place.address2 or ("" if "address2" in given else None),
        "city": place.city,
        "state": place.state,
        "postal_code": place.postal_code,
        "country": place.country.upper() if place.country else None,
    }


def _new_address(place: Place) -> dict[str, Any]:
    return {name: value or "" for name, value in _address(place).items()}
