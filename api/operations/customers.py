"""/wholesale/customers (public specification: Wholesale Provisioning)."""

from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from ninja import Query, Router, Status

from api import codes, ids, speaking
from api.access import actor_of, customer_of, customers_of, partner_of, readable
from api.errors import ApiError, Problem
from api.operation import operation
from api.paging import page
from api.schemas.common import ResourceUrl, address_columns
from api.schemas.customers import (
    CustomerFilters,
    CustomerItems,
    CustomerQuery,
    NewCustomer,
    NewLocation,
    OnBehalfOf,
    SpokenCustomer,
)
from partnerhub.queries.templates import template_of
from partnerhub.services.customers import Address, CustomerInfo, Headquarters, create_customer
from tenancy.models import Customer
from tenancy.opaque_ids import opaque_id, parse_opaque_id
from tenancy.policy import Control
from tenancy.tokens import Scope

router = Router(tags=["Wholesale customers"])
ORDER = ("-created_at", "-id")


@operation(
    router,
    "GET",
    "/wholesale/customers",
    scope=Scope.CUSTOMERS_READ,
    control=Control.PARTNER_CUSTOMERS,
    success={200: CustomerItems},
    summary="List Wholesale Customers",
)
def list_customers(request: HttpRequest, response: HttpResponse, filters: Query[CustomerFilters]) -> Any:
    """Customers of the partner, newest first. Filters match exactly and are combined with AND."""
    partner = partner_of(request, filters.on_behalf_of_sub_partner_org_id)
    readable(request, Control.PARTNER_CUSTOMERS, partner)
    rows = _filtered(customers_of(request, partner), filters).prefetch_related("packages")
    found = page(request, response, rows, order=ORDER, size=filters.max, offset=filters.offset)
    return CustomerItems(items=[speaking.customer(row) for row in found])


def _filtered(rows: QuerySet[Customer], filters: CustomerFilters) -> QuerySet[Customer]:
    if filters.external_id is not None:
        rows = rows.filter(external_id=filters.external_id)
    if filters.org_id is not None:
        org_id = parse_opaque_id(ids.ORGANIZATION, filters.org_id)
        rows = rows.filter(org_id=org_id) if org_id else rows.none()
    return rows.filter(status__in=filters.status) if filters.status else rows


@operation(
    router,
    "GET",
    "/wholesale/customers/{customerId}",
    scope=Scope.CUSTOMERS_READ,
    control=Control.PARTNER_CUSTOMERS,
    success={200: SpokenCustomer},
    summary="Get a Wholesale Customer",
)
def get_customer(request: HttpRequest, customerId: str, query: Query[CustomerQuery]) -> Any:  # noqa: N803
    """One customer; poll it after a 202 until its status is provisioned, provisioned_with_errors or error."""
    row = customer_of(request, customerId, query.on_behalf_of_sub_partner_org_id)
    readable(request, Control.PARTNER_CUSTOMERS, row.partner)
    return speaking.customer(row, licenses=query.include_package_license_info)


@operation(
    router,
    "POST",
    "/wholesale/customers",
    scope=Scope.CUSTOMERS_WRITE,
    control=Control.PARTNER_CUSTOMER_CREATE,
    success={202: ResourceUrl},
    summary="Provision a Wholesale Customer",
)
def provision_customer(
    request: HttpRequest, response: HttpResponse, query: Query[OnBehalfOf], payload: NewCustomer
) -> Any:
    """Order a new customer. It is set up in the background: ask the URL of `Location` how it goes on."""
    partner = partner_of(request, query.on_behalf_of_sub_partner_org_id)
    template = template_of(partner, ids.uuid_of_provisioning_id(payload.provisioning_id))
    if template is None:
        raise ApiError(400, "provisioningId: no onboarding template of yours has this Provisioning ID.")
    row = create_customer(
        partner=partner,
        template=template,
        info=_info(payload),
        packages=payload.limits,
        location=_headquarters(payload),
        by=actor_of(request),
    )
    return accepted(response, row)


def _info(payload: NewCustomer) -> CustomerInfo:
    given, parameters = payload.customer_info, payload.provisioning_parameters
    if given is None:
        raise ApiError(400, "customerInfo: a value is required for a new organization.", _missing("customerInfo"))
    meetings = parameters.meetings if parameters else None
    return CustomerInfo(
        name=given.name,
        admin_email=given.primary_email,
        external_id=payload.external_id,
        address=Address(**address_columns(payload.address)),
        # The public API has no such field: whoever provisions by API has declared it in the contract (domain.md 2.1).
        supported_location=True,
        language=given.language,
        time_zone=meetings.timezone if meetings else "",
    )


def _missing(field: str) -> list[Problem]:
    return [Problem(codes.NULL_PARAMETER, f"{field}: a value is required.")]


def _headquarters(payload: NewCustomer) -> Headquarters | None:
    parameters = payload.provisioning_parameters
    location = parameters.calling.location if parameters and parameters.calling else None
    return _location(location) if location else None


def _location(given: NewLocation) -> Headquarters:
    return Headquarters(
        name=given.name,
        address=Address(**address_columns(given.address)),
        time_zone=given.timezone,
        language=given.language,
        emergency_location_identifier=given.emergency_location_identifier,
    )


def accepted(response: HttpResponse, row: Customer) -> Status[ResourceUrl]:
    """202 with where to ask how it goes on."""
    path = reverse("api:get_customer", args=[opaque_id(ids.CUSTOMER, row.public_id)])
    response.headers["Location"] = settings.BASE_URL + path
    return Status(202, ResourceUrl(url=settings.BASE_URL + path))
