"""Licences and roles (public specifications: Licenses, Roles)."""

from typing import Annotated

from pydantic import Field

from api.schemas.common import Heard, InOrganization, Spoken, words

SITE_TYPES = ("Control Hub managed site", "Linked site", "Site Admin managed site")


class LicenseFilters(InOrganization):
    """Whose licences."""


class LicenseQuery(Heard):
    """With whom has it."""

    include_assigned_to: Annotated[str, *words(["user"])] | None = None
    next: str | None = None
    limit: int = Field(default=300, ge=1, le=300)


class LicenseUser(Spoken):
    """Somebody who has the licence."""

    id: str
    type: Annotated[str, *words(["INTERNAL", "EXTERNAL"])]
    display_name: str
    email: str


class SpokenLicense(Spoken):
    """A licence: a wholesale package of an organization. -1 of `totalUnits` means that it has no limit."""

    id: str
    name: str
    total_units: int
    consumed_units: int
    consumed_by_users: int
    consumed_by_workspaces: int
    subscription_id: str
    site_url: str | None = None
    site_type: Annotated[str, *words(SITE_TYPES)] | None = None


class LicenseWithUsers(SpokenLicense):
    """With a page of those who have it."""

    users: list[LicenseUser] | None = None


class LicenseItems(Spoken):
    """Every licence of an organization."""

    items: list[SpokenLicense]


class SpokenRole(Spoken):
    """A role."""

    id: str
    name: str


class RoleItems(Spoken):
    """Every role."""

    items: list[SpokenRole]
