"""/licenses and /roles."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router

from api import ids, roles
from api.access import actor_of, readable
from api.errors import not_found
from api.inside import organization_of
from api.licenses import parse_license_id
from api.operation import operation
from api.paging import Names, page
from api.people import person_id
from api.schemas.licenses import (
    LicenseFilters,
    LicenseItems,
    LicenseQuery,
    LicenseUser,
    LicenseWithUsers,
    RoleItems,
    SpokenLicense,
    SpokenRole,
)
from api.speaking import license_id
from controlhub.models import CustomerPackage
from tenancy.access import authorize
from tenancy.models import Customer
from tenancy.opaque_ids import opaque_id
from tenancy.packages import CATALOGUE, PACKAGES
from tenancy.policy import Control, Role
from tenancy.tokens import Scope

router = Router(tags=["Licenses and roles"])
PAGES = Names(size="limit", offset="", cursor="next")
UNLIMITED = -1
MANAGED = "Control Hub managed site"


@operation(
    router,
    "GET",
    "/licenses",
    scope=Scope.LICENSES_READ,
    control=Control.ACCOUNT,
    success={200: LicenseItems},
    summary="List Licenses",
)
def list_licenses(request: HttpRequest, query: Query[LicenseFilters]) -> Any:
    """Licences of an organization: its wholesale packages that Webex has enabled."""
    customer = organization_of(request, query.org_id)
    readable(request, Control.ACCOUNT, customer)
    states = {state.package: state for state in customer.packages.exclude(license_id="")}
    ordered = [states[package.code] for package in CATALOGUE if package.code in states]
    return LicenseItems(items=[SpokenLicense(**_spoken(customer, state)) for state in ordered])


@operation(
    router,
    "GET",
    "/licenses/{licenseId}",
    scope=Scope.LICENSES_READ,
    control=Control.ACCOUNT,
    success={200: LicenseWithUsers},
    summary="Get License Details",
)
def get_license(
    request: HttpRequest,
    response: HttpResponse,
    licenseId: str,  # noqa: N803
    query: Query[LicenseQuery],
) -> Any:
    """One licence; with `includeAssignedTo=user` also who has it, in pages."""
    parsed = parse_license_id(licenseId)
    if parsed is None:
        raise not_found("license")
    customer = organization_of(request, opaque_id(ids.ORGANIZATION, parsed[0]))
    state = ids.one(customer.packages.filter(license_id=parsed[1]), what="license")
    readable(request, Control.ACCOUNT, customer)
    users = _users(request, response, customer, state, query) if query.include_assigned_to else None
    return LicenseWithUsers(**_spoken(customer, state), users=users)


def _users(
    request: HttpRequest, response: HttpResponse, customer: Customer, state: CustomerPackage, query: LicenseQuery
) -> list[LicenseUser]:
    readable(request, Control.USERS, customer)
    held = customer.subscribers.filter(deleted_at=None).filter(
        assignments__package=state.package, assignments__ended_at=None
    )
    found = page(request, response, held, order=("created_at", "id"), size=query.limit, names=PAGES)
    return [LicenseUser(id=person_id(row), type="INTERNAL", display_name=str(row), email=row.email) for row in found]


def _spoken(customer: Customer, state: CustomerPackage) -> dict[str, Any]:
    package = PACKAGES[state.package]
    site = customer.meeting_site if package.meetings else ""
    return {
        "id": license_id(customer, state),
        "name": package.name,
        "total_units": UNLIMITED if state.limit is None else state.limit,
        "consumed_units": state.used,
        "consumed_by_users": 0 if package.workspace_only else state.used,
        "consumed_by_workspaces": state.used if package.workspace_only else 0,
        "subscription_id": customer.partner.subscription_id,
        "site_url": site or None,
        "site_type": MANAGED if site else None,
    }


@operation(
    router,
    "GET",
    "/roles",
    scope=Scope.ROLES_READ,
    control=Control.SIGNED_IN,
    success={200: RoleItems},
    summary="List Roles",
)
def list_roles(request: HttpRequest) -> Any:
    """Every role that somebody may hold, at a service provider or at a customer."""
    authorize(actor_of(request), Control.SIGNED_IN)
    return RoleItems(items=[_role(role) for role in Role])


@operation(
    router,
    "GET",
    "/roles/{roleId}",
    scope=Scope.ROLES_READ,
    control=Control.SIGNED_IN,
    success={200: SpokenRole},
    summary="Get Role Details",
)
def get_role(request: HttpRequest, roleId: str) -> Any:  # noqa: N803
    """One role."""
    authorize(actor_of(request), Control.SIGNED_IN)
    role = roles.role_of(roleId)
    if role is None:
        raise not_found("role")
    return _role(role)


def _role(role: Role) -> SpokenRole:
    return SpokenRole(id=roles.role_id(role), name=role.label)
