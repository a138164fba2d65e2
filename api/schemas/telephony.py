"""Calling at a location: its settings, numbers and PSTN connection (public specification: Webex Calling)."""

from typing import Annotated

from pydantic import Field, StringConstraints

from api.schemas.common import Heard, InOrganization, Skip, Spoken, Unkept, words
from controlhub.models import Location, PhoneNumber

E164 = Annotated[str, StringConstraints(pattern=r"^\+[1-9][0-9]{6,14}$")]
Connected = Annotated[str, *words(value for value in Location.Pstn.values if value)]
RouteType = Annotated[str, *words(value for value in Location.RouteType.values if value)]
NumberState = Annotated[str, *words(PhoneNumber.State.values)]
NumberKind = Annotated[str, *words(PhoneNumber.Kind.values)]
OwnerType = Annotated[str, *words(["PEOPLE", "PLACE", "CALL_QUEUE"])]
SERVICES = (
    "GEOGRAPHIC_NUMBERS",
    "TOLLFREE_NUMBERS",
    "BUSINESS_TEXTING",
    "CONTACT_CENTER",
    "SERVICE_NUMBERS",
    "NON_GEOGRAPHIC_NUMBERS",
    "MOBILE_NUMBERS",
)
PstnService = Annotated[str, *words(SERVICES)]
MOST_NUMBERS = 1000


class CallingFilters(InOrganization):
    """Which calling locations."""

    name: str | None = None
    max: int = Field(default=100, ge=1, le=1000)
    start: Skip = 0


class CallingLine(Heard):
    """What a call of the location shows: a name, and the main number."""

    name: str | None = Field(default=None, max_length=80)
    phone_number: str | None = Field(default=None, max_length=40)


class Trunk(Heard):
    """Where the calls of a Local Gateway leave."""

    type: RouteType
    id: str = Field(min_length=1, max_length=80)


class SpokenCallingLine(Spoken):
    """The same, on the way out."""

    name: str
    phone_number: str | None = None


class SpokenTrunk(Spoken):
    """The same, on the way out."""

    type: RouteType
    id: str


class CallingLocation(Spoken):
    """The calling of a location."""

    id: str
    name: str
    announcement_language: str
    calling_line_id: SpokenCallingLine
    connection: SpokenTrunk | None = None
    p_access_network_info: str | None = None
    outside_dial_digit: str | None = None
    enforce_outside_dial_digit: bool


class CallingLocations(Spoken):
    """A page of calling locations."""

    locations: list[CallingLocation]


class EnabledLocation(Heard):
    """POST /telephony/config/locations: the location as GET /locations/{locationId} says it. `id` and the announcement
    language count; the rest may be there."""

    id: str = Field(min_length=1, max_length=300)
    announcement_language: str = Field(min_length=2, max_length=5)
    name: str | None = None
    org_id: str | None = None
    time_zone: str | None = None
    preferred_language: str | None = None
    address: dict[str, str | None] | None = None
    latitude: Unkept = None
    longitude: Unkept = None
    notes: Unkept = None


class LocationRef(Spoken):
    """Only the id."""

    id: str


class ChangedCalling(Heard):
    """PUT /telephony/config/locations/{locationId}: what is left out stays."""

    announcement_language: str | None = Field(default=None, min_length=2, max_length=5)
    calling_line_id: CallingLine | None = None
    connection: Trunk | None = None
    p_access_network_info: str | None = Field(default=None, max_length=80)
    outside_dial_digit: str | None = Field(default=None, max_length=4)
    enforce_outside_dial_digit: bool | None = None
    external_caller_id_name: Unkept = None
    routing_prefix: Unkept = None
    charge_number: Unkept = None


class AddedNumbers(Heard):
    """POST .../numbers. As at Webex, numbers are inactive unless said otherwise."""

    phone_numbers: list[E164] = Field(min_length=1, max_length=MOST_NUMBERS)
    number_type: NumberKind | None = None
    number_usage_type: Annotated[str, *words(["NONE"])] = "NONE"
    state: NumberState = "INACTIVE"


class SwitchedNumbers(Heard):
    """PUT .../numbers."""

    phone_numbers: list[E164] = Field(min_length=1, max_length=MOST_NUMBERS)
    action: Annotated[str, *words(["ACTIVATE", "DEACTIVATE"])] = "ACTIVATE"


class RemovedNumbers(Heard):
    """DELETE .../numbers."""

    phone_numbers: list[E164] = Field(min_length=1, max_length=MOST_NUMBERS)


class NumberFilters(InOrganization):
    """Combined with AND; `phoneNumber` is a part of the number."""

    location_id: str | None = None
    phone_number: str | None = Field(default=None, max_length=20)
    available: bool | None = None
    assigned: bool | None = None
    owner_type: OwnerType | None = None
    state: NumberState | None = None
    toll_free_numbers: bool | None = None
    max: int = Field(default=500, ge=1, le=2000)
    start: Skip = 0


class NumberPlace(Spoken):
    """Where a number is."""

    id: str
    name: str


class NumberOwner(Spoken):
    """Whom a number reaches."""

    id: str
    type: OwnerType
    first_name: str | None = None
    last_name: str | None = None


class SpokenNumber(Spoken):
    """A number of the inventory."""

    phone_number: str
    extension: str | None = None
    state: NumberState
    phone_number_type: str | None = None
    main_number: bool
    toll_free_number: bool
    included_telephony_types: str
    is_service_number: bool = False
    location: NumberPlace
    owner: NumberOwner | None = None


class SpokenNumbers(Spoken):
    """A page of numbers."""

    phone_numbers: list[SpokenNumber]


class PstnFilters(InOrganization):
    """Only connections that offer all of these."""

    service_types: list[PstnService] = Field(default_factory=list)


class PstnOption(Spoken):
    """A way to connect a location. Every field is missing where a location is not connected."""

    id: str | None = None
    display_name: str | None = None
    pstn_connection_type: Connected | None = None
    pstn_services: list[PstnService] | None = None
    route_type: RouteType | None = None
    route_id: str | None = None


class PstnOptions(Spoken):
    """Every way to connect a location."""

    items: list[PstnOption]


class ChosenPstn(Heard):
    """PUT .../connection: `id` for a non-integrated provider, the two others for a Local Gateway."""

    id: str | None = Field(default=None, max_length=300)
    premise_route_type: RouteType | None = None
    premise_route_id: str | None = Field(default=None, min_length=1, max_length=80)
