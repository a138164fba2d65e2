"""Numbers of a location, and of a whole organization."""

from collections.abc import Collection, Sequence
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from ninja import Query, Router, Status

from api import codes, ids, speaking_places
from api.access import readable
from api.errors import ApiError, Problem
from api.inside import organization_of, viewer_of
from api.operation import operation
from api.operations.calling_locations import PAGES, calling_location_of
from api.paging import page
from api.schemas.common import InOrganization
from api.schemas.telephony import (
    AddedNumbers,
    NumberFilters,
    RemovedNumbers,
    SpokenNumbers,
    SwitchedNumbers,
)
from controlhub.models import Location, PhoneNumber
from controlhub.models.numbers import UNASSIGNED
from controlhub.queries.numbers import ORDER, PEOPLE, PLACE, QUEUE, numbers_of
from controlhub.services.inventory import (
    UNKNOWN,
    Outcome,
    Refusal,
    activate_numbers,
    deactivate_numbers,
    remove_numbers,
)
from controlhub.services.numbers import add_numbers as add_to_inventory
from tenancy.opaque_ids import parse_opaque_id
from tenancy.policy import Control
from tenancy.tokens import Scope

router = Router(tags=["Numbers"])
OWNERS = {"PEOPLE": PEOPLE, "PLACE": PLACE, "CALL_QUEUE": QUEUE}
# To ask for what is so already is no mistake.
HARMLESS = frozenset({"already_active", "already_inactive"})


@operation(
    router,
    "GET",
    "/telephony/config/numbers",
    scope=Scope.TELEPHONY_READ,
    control=Control.NUMBERS,
    success={200: SpokenNumbers},
    summary="Get Phone Numbers for an Organization with Given Criterias",
)
def list_numbers(request: HttpRequest, response: HttpResponse, filters: Query[NumberFilters]) -> Any:
    """Numbers of an organization, the lowest first, each with its location and owner."""
    customer = organization_of(request, filters.org_id)
    readable(request, Control.NUMBERS, customer)
    rows = _filtered(numbers_of(customer, owner=OWNERS.get(filters.owner_type or "", "")), filters)
    found = page(request, response, rows, order=ORDER, size=filters.max, offset=filters.start, names=PAGES)
    return SpokenNumbers(phone_numbers=[speaking_places.number(row) for row in found])


def _filtered(rows: QuerySet[PhoneNumber], filters: NumberFilters) -> QuerySet[PhoneNumber]:
    if filters.location_id is not None:
        rows = rows.filter(location__public_id=parse_opaque_id(ids.LOCATION, filters.location_id) or ids.NOBODY)
    if filters.phone_number:
        rows = rows.filter(e164__contains=filters.phone_number)
    if filters.available is not None:
        rows = rows.filter(UNASSIGNED if filters.available else ~UNASSIGNED)
    if filters.assigned is not None:
        rows = rows.filter(~UNASSIGNED if filters.assigned else UNASSIGNED)
    if filters.state:
        rows = rows.filter(state=filters.state)
    if filters.toll_free_numbers:
        rows = rows.filter(kind=PhoneNumber.Kind.TOLLFREE)
    return rows


@operation(
    router,
    "POST",
    "/telephony/config/locations/{locationId}/numbers",
    scope=Scope.TELEPHONY_WRITE,
    control=Control.NUMBERS_MANAGE,
    success={201: None},
    summary="Add Phone Numbers to a Location",
)
def add_numbers(
    request: HttpRequest,
    locationId: str,  # noqa: N803
    query: Query[InOrganization],
    payload: AddedNumbers,
) -> Any:
    """All of them or none; those that are at the location already are left out."""
    row = calling_location_of(request, locationId, query.org_id)
    add_to_inventory(
        location=row,
        numbers="\n".join(payload.phone_numbers),
        kind=payload.number_type or "",
        active=payload.state == PhoneNumber.State.ACTIVE,
        by=viewer_of(row.customer),
    )
    return Status(201, None)


@operation(
    router,
    "PUT",
    "/telephony/config/locations/{locationId}/numbers",
    scope=Scope.TELEPHONY_WRITE,
    control=Control.NUMBERS_MANAGE,
    success={204: None},
    summary="Manage Number State in a location",
)
def switch_numbers(
    request: HttpRequest,
    locationId: str,  # noqa: N803
    query: Query[InOrganization],
    payload: SwitchedNumbers,
) -> Any:
    """Activate or deactivate numbers: all of them or none."""
    row = calling_location_of(request, locationId, query.org_id)
    elsewhere, numbers = _not_here(row, payload.phone_numbers), payload.phone_numbers
    by = viewer_of(row.customer)
    if payload.action == "ACTIVATE":
        outcome = activate_numbers(customer=row.customer, numbers=numbers, by=by)
    else:
        outcome = deactivate_numbers(customer=row.customer, numbers=numbers, by=by)
    _all_or_none(outcome, elsewhere)
    return Status(204, None)


@operation(
    router,
    "DELETE",
    "/telephony/config/locations/{locationId}/numbers",
    scope=Scope.TELEPHONY_WRITE,
    control=Control.NUMBERS_MANAGE,
    success={204: None},
    summary="Remove phone numbers from a location",
    errors=(413,),
)
def take_numbers_away(
    request: HttpRequest,
    locationId: str,  # noqa: N803
    query: Query[InOrganization],
    payload: RemovedNumbers,
) -> Any:
    """Take numbers of nobody out of the inventory: all of them or none. Never the main number."""
    row = calling_location_of(request, locationId, query.org_id)
    elsewhere = _not_here(row, payload.phone_numbers)
    outcome = remove_numbers(customer=row.customer, numbers=payload.phone_numbers, by=viewer_of(row.customer))
    _all_or_none(outcome, elsewhere)
    return Status(204, None)


def _not_here(row: Location, numbers: Collection[str]) -> list[Refusal]:
    """Numbers of the list that the location does not have, wherever else they may be."""
    here = set(row.customer.numbers.filter(location=row, e164__in=numbers).values_list("e164", flat=True))
    return [Refusal(e164, *UNKNOWN) for e164 in numbers if e164 not in here]


def _all_or_none(outcome: Outcome, elsewhere: Sequence[Refusal]) -> None:
    """Raise what stands against the deed, which the transaction then undoes."""
    refused = [*elsewhere, *(row for row in outcome.refused if row.code not in HARMLESS)]
    if refused:
        problems = {row.e164: Problem(codes.number_of(row.code), f"{row.e164}: {row.reason}") for row in refused}
        raise ApiError(400, next(iter(problems.values())).description, list(problems.values()))
