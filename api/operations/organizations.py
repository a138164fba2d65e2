"""/organizations, its twin in the identity service, and who manages which of them."""

import uuid
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router

from api import etags, ids, roles
from api.access import actor_of, partner_of, readable
from api.errors import ApiError, not_found
from api.inside import organization_of, organizations_of, viewer_of
from api.operation import operation
from api.schemas.organizations import (
    IdentityChange,
    IdentityOrganization,
    ManagedBy,
    ManagedOrganization,
    ManagedOrganizations,
    Organization,
    OrganizationItems,
    RenamedOrganization,
)
from controlhub.services.account import rename_company
from tenancy.access import authorize
from tenancy.models import AdminUser, Customer, Partner, RoleAssignment
from tenancy.opaque_ids import opaque_id, parse_opaque_id
from tenancy.policy import Control, Role
from tenancy.tokens import Scope

router = Router(tags=["Organizations"])
IDENTITY = "urn:cisco:codev:identity:organization:core:1.0"
SEES_EVERYTHING = "The user already has access to all customers managed by their partner organization."


@operation(
    router,
    "GET",
    "/organizations",
    scope=Scope.ORGANIZATIONS_READ,
    control=Control.SIGNED_IN,
    success={200: OrganizationItems},
    summary="List Organizations",
)
def list_organizations(request: HttpRequest) -> Any:
    """Every organization in sight, one's own first: service providers, then customers, the oldest first. Not paged."""
    authorize(actor_of(request), Control.SIGNED_IN)
    partners = Partner.objects.visible_to(actor_of(request)).order_by("created_at", "pk")
    customers = organizations_of(request).order_by("created_at", "pk").values_list("org_id", "name", "created_at")
    rows = [*partners.values_list("public_id", "name", "created_at"), *customers]
    return OrganizationItems(items=[_spoken(*row) for row in rows])


@operation(
    router,
    "GET",
    "/organizations/{orgId}",
    scope=Scope.ORGANIZATIONS_READ,
    control=Control.ORG_OVERVIEW,
    success={200: Organization},
    headers=("ETag",),
    summary="Get Organization Details",
)
def get_organization(request: HttpRequest, response: HttpResponse, orgId: str) -> Any:  # noqa: N803
    """One organization; whoever gets it has access to it."""
    value = parse_opaque_id(ids.ORGANIZATION, orgId)
    partner = Partner.objects.visible_to(actor_of(request)).filter(public_id=value).first() if value else None
    if partner:
        spoken = _spoken(partner.public_id, partner.name, partner.created_at)
    else:
        customer = organization_of(request, orgId)
        readable(request, Control.ORG_OVERVIEW, customer)
        spoken = _organization(customer)
    etags.tag(response, spoken)
    return spoken


@operation(
    router,
    "PUT",
    "/organizations/{orgId}",
    scope=Scope.ORGANIZATIONS_WRITE,
    control=Control.ACCOUNT_COMPANY_NAME,
    success={200: Organization},
    headers=("ETag",),
    summary="Rename an Organization",
    errors=(412,),
)
def rename_organization(
    request: HttpRequest,
    response: HttpResponse,
    orgId: str,  # noqa: N803
    payload: RenamedOrganization,
) -> Any:
    """Give a customer's organization another name."""
    customer = organization_of(request, orgId)
    etags.require_match(request, _organization(customer))
    changed = _organization(rename_company(customer=customer, name=payload.display_name, by=viewer_of(customer)))
    etags.tag(response, changed)
    return changed


@operation(
    router,
    "GET",
    "/identity/organizations/{orgId}",
    scope=Scope.ORGANIZATIONS_READ,
    control=Control.ORG_OVERVIEW,
    success={200: IdentityOrganization},
    summary="Get an organization",
)
def get_identity_organization(request: HttpRequest, orgId: str) -> Any:  # noqa: N803
    """As the identity service says it: the id is a bare uuid. Also at /identity/v1/organizations/{orgId}."""
    customer = organization_of(request, _public_org_id(orgId))
    readable(request, Control.ORG_OVERVIEW, customer)
    return _identity(customer)


@operation(
    router,
    "PATCH",
    "/identity/organizations/{orgId}",
    scope=Scope.ORGANIZATIONS_WRITE,
    control=Control.ACCOUNT_COMPANY_NAME,
    success={200: IdentityOrganization},
    summary="Update an organization",
)
def change_identity_organization(request: HttpRequest, orgId: str, payload: IdentityChange) -> Any:  # noqa: N803
    """Give a customer's organization another name. Also at /identity/v1/organizations/{orgId}."""
    customer = organization_of(request, _public_org_id(orgId))
    return _identity(rename_company(customer=customer, name=payload.display_name, by=viewer_of(customer)))


@operation(
    router,
    "GET",
    "/partner/organizations",
    scope=Scope.ORGANIZATIONS_READ,
    control=Control.PARTNER_CUSTOMERS,
    success={200: ManagedOrganizations},
    summary="Get all customers managed by a partner admin",
)
def list_managed_organizations(request: HttpRequest, query: Query[ManagedBy]) -> Any:
    """Customers that a partner administrator was assigned to."""
    partner = partner_of(request)
    readable(request, Control.PARTNER_CUSTOMERS, partner)
    person = parse_opaque_id(ids.PERSON, query.managed_by) or ids.NOBODY
    held = RoleAssignment.objects.filter(partner=partner, admin__public_id=person).select_related("admin")
    if not held:
        raise not_found("person")
    if any(row.role != Role.PARTNER_ADMIN for row in held):
        raise ApiError(400, SEES_EVERYTHING)
    role = roles.role_id(Role.PARTNER_ADMIN)
    rows = _assigned(request, partner, held[0].admin)
    return ManagedOrganizations(items=[ManagedOrganization(org_id=_org_id(row), role=role) for row in rows])


def _assigned(request: HttpRequest, partner: Partner, admin: AdminUser) -> list[Customer]:
    rows = organizations_of(request).filter(partner=partner, assigned_admins__admin=admin)
    return list(rows.order_by("created_at", "pk"))


def _public_org_id(text: str) -> str:
    """The identity service has bare uuids; the public id is as good."""
    try:
        return opaque_id(ids.ORGANIZATION, uuid.UUID(text))
    except ValueError:
        return text


def _org_id(customer: Customer) -> str:
    return opaque_id(ids.ORGANIZATION, customer.org_id)


def _spoken(org_id: uuid.UUID | None, name: str, created: Any) -> Organization:
    return Organization(id=opaque_id(ids.ORGANIZATION, org_id), display_name=name, created=created)


def _organization(customer: Customer) -> Organization:
    return _spoken(customer.org_id, customer.name, customer.created_at)


def _identity(customer: Customer) -> IdentityOrganization:
    return IdentityOrganization(
        schemas=[IDENTITY], id=str(customer.org_id), display_name=customer.name, created=customer.created_at
    )
