"""Organizations: customers, and service providers themselves (public specification: Organizations)."""

from pydantic import Field

from api.schemas.common import Heard, Spoken, Stamp


class Organization(Spoken):
    """An organization."""

    id: str
    display_name: str
    created: Stamp


class OrganizationItems(Spoken):
    """All that the token's owner sees."""

    items: list[Organization]


class RenamedOrganization(Heard):
    """PUT /organizations/{orgId}."""

    display_name: str = Field(min_length=1, max_length=120)


class IdentityOrganization(Spoken):
    """An organization as the identity service says it (public specification: Identity Organizations)."""

    schemas: list[str]
    id: str
    display_name: str
    created: Stamp


class IdentityChange(Heard):
    """PATCH /identity/organizations/{orgId}."""

    schemas: list[str] = Field(default_factory=list, max_length=10)
    display_name: str = Field(min_length=1, max_length=120)


class ManagedBy(Heard):
    """Whose customers."""

    managed_by: str = Field(min_length=1, max_length=300)


class ManagedOrganization(Spoken):
    """A customer that somebody was assigned to, and as what."""

    org_id: str
    role: str


class ManagedOrganizations(Spoken):
    """Everything that somebody was assigned to."""

    items: list[ManagedOrganization]
