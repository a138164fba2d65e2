"""What several operations speak of."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, Any

from ninja import Schema
from pydantic import AfterValidator, ConfigDict, Field, PlainSerializer
from pydantic.alias_generators import to_camel

from api import codes
from tenancy.models import Customer
from tenancy.packages import PACKAGES


def words(values: Iterable[str]) -> Any:
    """For `Annotated[str, *words(...)]`: one of these, in the description an enum."""
    known: list[Any] = list(values)

    def check(value: str) -> str:
        if value not in known:
            raise ValueError(f"use one of {', '.join(known)}")
        return value

    return AfterValidator(check), Field(json_schema_extra={"enum": known})


PackageName = Annotated[str, *words(PACKAGES)]
CustomerStatus = Annotated[str, *words(Customer.Status.values)]


def stamp(moment: datetime) -> str:
    """A time in UTC with milliseconds, as the public API writes it."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


Stamp = Annotated[datetime, PlainSerializer(stamp, return_type=str), Field(json_schema_extra={"format": "date-time"})]


class Spoken(Schema):
    """What goes out: names as the public API spells them."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class Heard(Schema):
    """What comes in. A field that the specification does not know is refused: a typing error must not pass for success."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid")


class ErrorDetail(Schema):
    """One thing that is wrong."""

    description: str
    code: int


class ErrorBody(Schema):
    """Every answer that is not a success."""

    message: str
    errors: list[ErrorDetail]
    trackingId: str  # noqa: N815 - as the public API spells it


class CodedError(Spoken):
    """Something that went wrong later, in the background."""

    error_code: int
    description: str


class Info(Spoken):
    """A precheck's good news."""

    info_code: int
    description: str


class Precheck(Spoken):
    """The answer of a precheck that found nothing."""

    message: str
    info: list[Info]


def precheck_passed(*more: Info) -> Precheck:
    """What every precheck says when nothing is in the way, and what else there is to know."""
    text = "Provisioning preCheck validation successful."
    return Precheck(message="success", info=[Info(info_code=codes.PRECHECK_SUCCESSFUL, description=text), *more])


class Address(Heard):
    """A postal address (domain.md 2.3): lines of at most fifty characters, an ISO 3166 country."""

    address_line1: str = Field(min_length=1, max_length=50)
    address_line2: str = Field(default="", max_length=50)
    city: str = Field(min_length=1, max_length=50)
    state_or_province: str = Field(default="", max_length=50)
    zip_or_postal_code: str = Field(default="", max_length=20)
    country: str = Field(min_length=2, max_length=2)


class SpokenAddress(Spoken):
    """The same, on the way out: what is empty is left out."""

    address_line1: str
    address_line2: str | None = None
    city: str
    state_or_province: str | None = None
    zip_or_postal_code: str | None = None
    country: str


class ResourceUrl(Spoken):
    """Where to ask how it goes on."""

    url: str


def address_columns(address: Address) -> dict[str, Any]:
    """The address in the words of Customer and Location."""
    return {
        "address_line1": address.address_line1,
        "address_line2": address.address_line2,
        "city": address.city,
        "state": address.state_or_province,
        "postal_code": address.zip_or_postal_code,
        "country": address.country.upper(),
    }


def spoken_address(row: Any) -> SpokenAddress:
    """The address of a customer or location."""
    return SpokenAddress(
        address_line1=row.address_line1,
        address_line2=row.address_line2 or None,
        city=row.city,
        state_or_province=row.state or None,
        zip_or_postal_code=row.postal_code or None,
        country=row.country,
    )


def unkept(value: Any) -> Any:
    """For what the public specification knows and the portal has no place for: a value would be lost, so it is refused."""
    if value not in (None, "", [], {}):
        raise ValueError("this portal does not keep it, so leave it out")
    return value


Unkept = Annotated[Any, AfterValidator(unkept)]


class InOrganization(Heard):
    """Whose thing it is. Without it: the organization that the token's owner administers, or whichever has the thing."""

    org_id: str | None = None


Count = Annotated[int, Field(ge=1, le=1000)]
Skip = Annotated[int, Field(ge=0, le=1_000_000_000)]
