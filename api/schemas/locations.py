"""Locations (public specification: Locations)."""

from pydantic import Field

from api.schemas.common import Count, Heard, InOrganization, Skip, Spoken, Unkept


class LocationFilters(InOrganization):
    """Exact matches, combined with AND."""

    name: str | None = None
    id: str | None = None
    max: Count = 100
    offset: Skip = 0


class SpokenPlace(Spoken):
    """The address of a location."""

    address1: str
    address2: str | None = None
    city: str
    state: str | None = None
    postal_code: str | None = None
    country: str


class SpokenLocation(Spoken):
    """A location."""

    id: str
    name: str
    org_id: str
    address: SpokenPlace
    time_zone: str
    preferred_language: str
    announcement_language: str


class LocationItems(Spoken):
    """A page of locations, the headquarters first."""

    items: list[SpokenLocation]


class Place(Heard):
    """An address; a new location needs all but the second line, and the state and postal code that its country has."""

    address1: str | None = Field(default=None, max_length=50)
    address2: str | None = Field(default=None, max_length=50)
    city: str | None = Field(default=None, max_length=50)
    state: str | None = Field(default=None, max_length=50)
    postal_code: str | None = Field(default=None, max_length=20)
    country: str | None = Field(default=None, max_length=2)


class UnkeptFacts(Heard):
    """What the specification knows of a location and the portal does not keep."""

    latitude: Unkept = None
    longitude: Unkept = None
    notes: Unkept = None


class NewPlace(UnkeptFacts):
    """POST /locations."""

    name: str = Field(min_length=1, max_length=80)
    time_zone: str = Field(min_length=1, max_length=64)
    preferred_language: str = Field(min_length=2, max_length=5)
    announcement_language: str = Field(min_length=2, max_length=5)
    address: Place
    org_id: str | None = None


class ChangedLocation(UnkeptFacts):
    """PUT /locations/{locationId}: what is left out stays."""

    name: str | None = Field(default=None, min_length=1, max_length=80)
    time_zone: str | None = Field(default=None, max_length=64)
    preferred_language: str | None = Field(default=None, max_length=5)
    announcement_language: str | None = Field(default=None, max_length=5)
    address: Place | None = None
