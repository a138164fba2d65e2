"""/telephony/pstn: how a location is connected."""

from typing import Any

from django.http import HttpRequest
from ninja import Query, Router, Status

from api import pstn_options
from api.access import readable
from api.errors import ApiError
from api.inside import viewer_of
from api.operation import operation
from api.operations.calling_locations import calling_location_of
from api.schemas.common import InOrganization
from api.schemas.telephony import ChosenPstn, PstnFilters, PstnOption, PstnOptions
from controlhub.models import Location
from controlhub.services.pstn import PstnConnection, authorize_connection, change_connection
from tenancy.actors import Actor
from tenancy.policy import Control
from tenancy.tokens import Scope

router = Router(tags=["PSTN"])
Pstn = Location.Pstn
# The others belong to a carrier's order: setting them here would corrupt its data (domain.md 4.4, 13.5).
SETTABLE = frozenset({Pstn.LOCAL_GATEWAY, Pstn.NON_INTEGRATED_CCP})


@operation(
    router,
    "GET",
    "/telephony/pstn/locations/{locationId}/connectionOptions",
    scope=Scope.PSTN_READ,
    control=Control.LOCATIONS,
    success={200: PstnOptions},
    summary="Retrieve PSTN Connection Options for a Location",
)
def list_pstn_options(request: HttpRequest, locationId: str, query: Query[PstnFilters]) -> Any:  # noqa: N803
    """Every way to connect the location; by API only a Local Gateway and non-integrated providers can be chosen."""
    row = calling_location_of(request, locationId, query.org_id)
    readable(request, Control.LOCATIONS, row.customer)
    items = [pstn_options.spoken(option) for option in pstn_options.options_for(row, viewer_of(row.customer))]
    wanted = set(query.service_types)
    return PstnOptions(items=[item for item in items if wanted <= set(item.pstn_services or ())])


@operation(
    router,
    "GET",
    "/telephony/pstn/locations/{locationId}/connection",
    scope=Scope.PSTN_READ,
    control=Control.LOCATIONS,
    success={200: PstnOption},
    summary="Retrieve PSTN Connection for a Location",
)
def get_pstn(request: HttpRequest, locationId: str, query: Query[InOrganization]) -> Any:  # noqa: N803
    """How the location is connected; an empty object when it is not."""
    row = calling_location_of(request, locationId, query.org_id)
    readable(request, Control.LOCATIONS, row.customer)
    return pstn_options.present(row)


@operation(
    router,
    "PUT",
    "/telephony/pstn/locations/{locationId}/connection",
    scope=Scope.PSTN_WRITE,
    control=Control.LOCATION_PSTN,
    success={204: None},
    summary="Setup PSTN Connection for a Location",
)
def set_pstn(
    request: HttpRequest,
    locationId: str,  # noqa: N803
    query: Query[InOrganization],
    payload: ChosenPstn,
) -> Any:
    """Connect the location. Numbers of another carrier's connection must be gone first."""
    row = calling_location_of(request, locationId, query.org_id)
    by = viewer_of(row.customer)
    authorize_connection("", customer=row.customer, by=by)
    change_connection(location=row, connection=_connection(row, payload, by), by=by)
    return Status(204, None)


def _connection(row: Location, payload: ChosenPstn, by: Actor) -> PstnConnection:
    if payload.id is None:
        return _gateway(payload)
    option = pstn_options.option_behind(payload.id, pstn_options.options_for(row, by))
    if option is None:
        raise ApiError(400, "id: this is none of the location's connection options.")
    if option.pstn not in SETTABLE:
        raise ApiError(400, "id: this connection comes with an order at the carrier. It cannot be set here.")
    return _gateway(payload) if option.pstn == Pstn.LOCAL_GATEWAY else PstnConnection(option.pstn, option.provider)


def _gateway(payload: ChosenPstn) -> PstnConnection:
    kind, route = payload.premise_route_type, payload.premise_route_id
    if not (kind and route):
        raise ApiError(400, "Give the id of a provider, or premiseRouteType and premiseRouteId of a Local Gateway.")
    return PstnConnection(Pstn.LOCAL_GATEWAY, route_type=kind, route=route)
