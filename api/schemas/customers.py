"""Wholesale customers, in and out (public specification: Wholesale Provisioning)."""

from typing import Annotated, Any

from pydantic import Field

from api.schemas.common import Address, CodedError, CustomerStatus, Heard, PackageName, Spoken, SpokenAddress, words
from tenancy.packages import CATALOGUE, PACKAGES


class CustomerFilters(Heard):
    """Exact matches, combined with AND."""

    external_id: str | None = None
    org_id: str | None = None
    status: list[CustomerStatus] = Field(default_factory=list)
    on_behalf_of_sub_partner_org_id: str | None = None
    max: int = Field(default=100, ge=1, le=1000)
    offset: int = Field(default=0, ge=0, le=1_000_000_000)


class OnBehalfOf(Heard):
    """The sub-partner for which the parent works, by its organization id."""

    on_behalf_of_sub_partner_org_id: str | None = None


class CustomerQuery(OnBehalfOf):
    """What may be asked of one customer."""

    include_package_license_info: bool = False


PackageStatus = Annotated[str, *words(["provisioned", "provisioning", "deleting", "error"])]


class PackageState(Spoken):
    """How one package of the customer is doing."""

    name: PackageName
    status: PackageStatus
    warnings: list[CodedError] | None = None
    errors: list[CodedError] | None = None
    license_ids: list[str] | None = None


class ResourceDetails(Spoken):
    """Package by package."""

    packages: list[PackageState]


class SpokenCustomer(Spoken):
    """A wholesale customer."""

    id: str
    org_id: str | None = None
    external_id: str
    address: SpokenAddress
    status: CustomerStatus
    packages: list[PackageName]
    resource_details: ResourceDetails
    errors: list[CodedError] | None = None


class CustomerItems(Spoken):
    """A page of customers."""

    items: list[SpokenCustomer]


class CustomerInfo(Heard):
    """Who a new organization is."""

    name: str = Field(min_length=1, max_length=120)
    primary_email: str = Field(min_length=3, max_length=161)
    language: str = Field(default="", max_length=5)


class NewLocation(Heard):
    """The first calling location."""

    name: str = Field(min_length=1, max_length=80)
    address: Address
    timezone: str = Field(min_length=1, max_length=64)
    language: str = Field(min_length=2, max_length=5)
    emergency_location_identifier: str = Field(default="", max_length=80)


class CallingParameters(Heard):
    """What calling packages need."""

    location: NewLocation


class MeetingsParameters(Heard):
    """For meeting sites."""

    timezone: str = Field(default="", max_length=64)


def _by_package(schema: dict[str, Any]) -> None:
    """Name the packages that have a limit (domain.md 2.3), as the public description does."""
    quantity = schema.pop("additionalProperties")
    schema.pop("propertyNames", None)
    schema |= {"properties": {p.code: quantity for p in CATALOGUE if p.limitable}, "additionalProperties": False}


class PackageParameters(Heard):
    """Quantity limits by package; a package that is not named is unlimited."""

    limits: Annotated[dict[PackageName, int], Field(json_schema_extra=_by_package)] = Field(default_factory=dict)


class ProvisioningParameters(Heard):
    """Parameters of the packages."""

    calling: CallingParameters | None = None
    meetings: MeetingsParameters | None = None
    packages: PackageParameters | None = None


class ChangedCustomer(Heard):
    """PUT /wholesale/customers/{customerId}: `packages` replaces the whole list."""

    packages: list[PackageName] = Field(min_length=1, max_length=len(PACKAGES))
    external_id: str | None = Field(default=None, min_length=1, max_length=64)
    address: Address | None = None
    provisioning_parameters: ProvisioningParameters | None = None
    sub_partner_admin_email: str | None = Field(default=None, max_length=161)


class CheckedInfo(Heard):
    """Who a new organization would be, as far as it is known yet."""

    name: str | None = Field(default=None, min_length=1, max_length=120)
    primary_email: str = Field(min_length=3, max_length=161)
    language: str = Field(default="", max_length=5)


class CheckedCustomer(Heard):
    """POST /wholesale/customers/validate: only an address and an e-mail (early sales check), or everything."""

    provisioning_id: str | None = Field(default=None, min_length=1, max_length=200)
    packages: list[PackageName] | None = Field(default=None, min_length=1, max_length=len(PACKAGES))
    org_id: str | None = None
    external_id: str | None = Field(default=None, min_length=1, max_length=64)
    address: Address
    customer_info: CheckedInfo | None = None
    provisioning_parameters: ProvisioningParameters | None = None
    sub_partner_admin_email: str | None = Field(default=None, max_length=161)

    def as_new(self) -> "NewCustomer | None":
        """The whole order, when everything of one is there."""
        name = self.customer_info.name if self.customer_info else None
        if not (self.provisioning_id and self.packages and self.external_id and (name or self.org_id)):
            return None
        # An organization that exists has its name: here its e-mail may be given alone.
        without = None if name else {"customer_info"}
        return NewCustomer.model_validate(self.model_dump(by_alias=True, exclude_unset=True, exclude=without))


class NewCustomer(Heard):
    """POST /wholesale/customers."""

    provisioning_id: str = Field(min_length=1, max_length=200)
    packages: list[PackageName] = Field(min_length=1, max_length=len(PACKAGES))
    org_id: str | None = None
    external_id: str = Field(min_length=1, max_length=64)
    address: Address
    customer_info: CustomerInfo | None = None
    provisioning_parameters: ProvisioningParameters | None = None
    sub_partner_admin_email: str | None = Field(default=None, max_length=161)
