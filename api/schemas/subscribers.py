"""Wholesale subscribers, in and out (public specification: Wholesale Provisioning)."""

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from api.schemas.common import CodedError, Heard, Spoken, Stamp, words
from tenancy.packages import CATALOGUE, Kind

SubscriberPackage = Annotated[
    str, *words(p.code for p in CATALOGUE if not p.workspace_only and p.kind is not Kind.CUSTOMER)
]
SubscriberStatus = Annotated[str, *words(["provisioned", "pending_user_migration"])]


def moment(value: Any) -> Any:
    """Epoch milliseconds preferred, ISO 8601 accepted (domain.md 5.4)."""
    text = str(value)
    if not text.isdigit():
        return value
    try:
        return datetime.fromtimestamp(int(text) / 1000, tz=UTC)
    except (OverflowError, ValueError, OSError) as error:
        raise ValueError("this is no time") from error


def with_zone(value: datetime) -> datetime:
    """The time in UTC; without a zone it is that already. PostgreSQL knows no offset of sixteen hours, clients do."""
    if value.tzinfo is None:
        return value.replace(tzinfo=UTC)
    try:
        return value.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("this is no time") from error


Moment = Annotated[datetime, BeforeValidator(moment, json_schema_input_type=str), AfterValidator(with_zone)]


class SubscriberFilters(Heard):
    """Exact matches, combined with AND; `after` and `lastStatusChange` are later than that time."""

    customer_id: str | None = None
    person_id: str | None = None
    external_customer_id: str | None = None
    email: str | None = None
    status: SubscriberStatus | None = None
    after: Moment | None = None
    last_status_change: Moment | None = None
    sort_by: Annotated[str, *words(["created", "lastStatusChange"])] = "created"
    sort_order: Annotated[str, *words(["ASC", "DESC"])] = "ASC"
    on_behalf_of_sub_partner_org_id: str | None = None
    max: int = Field(default=50, ge=1, le=100)
    offset: int = Field(default=0, ge=0, le=1_000_000_000)


class SpokenSubscriber(Spoken):
    """A wholesale subscriber. `personId` is there unless its owner has still to agree."""

    id: str
    person_id: str | None = None
    email: str
    customer_id: str
    external_customer_id: str
    package: SubscriberPackage | None = None
    packages: list[SubscriberPackage]
    status: SubscriberStatus
    errors: list[CodedError] | None = None
    created: Stamp
    last_status_change: Stamp


class SubscriberItems(Spoken):
    """A page of subscribers."""

    items: list[SpokenSubscriber]


class LineParameters(Heard):
    """What somebody who calls needs: a number in E.164 or as dialled, or an extension; a location if there are several."""

    primary_phone_number: str | None = Field(default=None, max_length=40)
    extension: str | None = Field(default=None, max_length=6)
    location_id: str | None = None


class PersonParameters(LineParameters):
    """The same with the name."""

    first_name: str = Field(default="", max_length=60)
    last_name: str = Field(default="", max_length=60)


class WithPackages(Heard):
    """`packages` or the older `package`, never both."""

    package: SubscriberPackage | None = None
    packages: list[SubscriberPackage] | None = Field(default=None, min_length=1, max_length=len(CATALOGUE))

    @property
    def wanted(self) -> list[str]:
        """The packages, whichever way they were named."""
        return self.packages or ([self.package] if self.package else [])

    def count_ways(self) -> int:
        """How many of the two fields were given."""
        return (self.package is not None) + (self.packages is not None)


class OneWay(WithPackages):
    """Exactly one of the two fields."""

    @model_validator(mode="after")
    def _one(self) -> "OneWay":
        if self.count_ways() != 1:
            raise ValueError("give either packages or package, one of the two")
        return self


class NewSubscriberBody(OneWay):
    """POST /wholesale/subscribers."""

    customer_id: str = Field(min_length=1, max_length=300)
    email: str = Field(min_length=3, max_length=161)
    provisioning_parameters: PersonParameters


class ChangedSubscriber(OneWay):
    """PUT /wholesale/subscribers/{subscriberId}. The parameters count only for somebody who starts calling."""

    provisioning_parameters: LineParameters | None = None


class ProspectInfo(Heard):
    """The customer that is still to be."""

    primary_email: str = Field(min_length=3, max_length=161)


class CheckedSubscriber(WithPackages):
    """POST /wholesale/subscribers/validate: at an existing customer, at a future one, or with everything."""

    provisioning_id: str | None = Field(default=None, min_length=1, max_length=200)
    customer_id: str | None = Field(default=None, min_length=1, max_length=300)
    email: str = Field(min_length=3, max_length=161)
    provisioning_parameters: PersonParameters | None = None
    customer_info: ProspectInfo | None = None

    @model_validator(mode="after")
    def _not_both(self) -> "CheckedSubscriber":
        if self.count_ways() > 1:
            raise ValueError("give either packages or package, not both")
        return self
