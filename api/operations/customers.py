"""/wholesale/customers (public specification: Wholesale Provisioning)."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from ninja import Query, Router, Status

from api import codes, etags, ids, speaking
from api.access import actor_of, customer_of, customers_of, partner_of, readable
from api.errors import ApiError, Problem, not_found
from api.operation import operation
from api.paging import page
from api.places import place
from api.schemas.common import Precheck, ResourceUrl, address_columns, precheck_passed
from api.schemas.customers import (
    ChangedCustomer,
    CheckedCustomer,
    CustomerFilters,
    CustomerItems,
    CustomerQuery,
    NewCustomer,
    NewLocation,
    OnBehalfOf,
    SpokenCustomer,
)
from partnerhub.queries.templates import template_of
from partnerhub.services.attaching import AttachPlan, attach_customer, plan_attach
from partnerhub.services.changing import delete_customer, update_customer
from partnerhub.services.customers import Address, CustomerInfo, Headquarters, check_packages, create_customer
from partnerhub.services.prechecks import check_prospect
from tenancy.models import Customer, Partner
from tenancy.opaque_ids import parse_opaque_id
from tenancy.policy import Control
from tenancy.rehearsal import rehearse
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
    headers=("Location", "ETag"),
    summary="Get a Wholesale Customer",
)
def get_customer(
    request: HttpRequest,
    response: HttpResponse,
    customerId: str,  # noqa: N803
    query: Query[CustomerQuery],
) -> Any:
    """One customer; poll it after a 202 until its status is provisioned, provisioned_with_errors or error."""
    row = customer_of(request, customerId, query.on_behalf_of_sub_partner_org_id)
    readable(request, Control.PARTNER_CUSTOMERS, row.partner)
    place(response, "get_customer", ids.CUSTOMER, row.public_id)
    spoken = speaking.customer(row)
    etags.tag(response, spoken)
    return speaking.customer(row, licenses=True) if query.include_package_license_info else spoken


@operation(
    router,
    "POST",
    "/wholesale/customers",
    scope=Scope.CUSTOMERS_WRITE,
    control=Control.PARTNER_CUSTOMER_CREATE,
    success={202: ResourceUrl},
    headers=("Location",),
    summary="Provision a Wholesale Customer",
    one_transaction=False,
)
def provision_customer(
    request: HttpRequest, response: HttpResponse, query: Query[OnBehalfOf], payload: NewCustomer
) -> Any:
    """Order a customer: a new organization, or with `orgId` one that exists, whose administrators may have to agree first.

    It is set up in the background: ask the URL of `Location` how it goes on.
    """
    partner = partner_of(request, query.on_behalf_of_sub_partner_org_id)
    plan = _plan(request, partner, payload.org_id)
    return accepted(response, _provision(request, partner, payload, plan))


def _plan(request: HttpRequest, partner: Partner, org_id: str | None) -> AttachPlan | None:
    """What attaching the organization means; None when a new one is wanted. 404 for one that Webex does not know."""
    if org_id is None:
        return None
    value = ids.uuid_in(ids.ORGANIZATION, org_id, what="organization")
    plan = plan_attach(partner=partner, org_id=value, by=actor_of(request))
    if plan is None:
        raise not_found("organization")
    return plan


def _provision(request: HttpRequest, partner: Partner, payload: NewCustomer, plan: AttachPlan | None) -> Customer:
    template = template_of(partner, ids.uuid_of_provisioning_id(payload.provisioning_id))
    if template is None:
        raise ApiError(400, "provisioningId: no onboarding template of yours has this Provisioning ID.")
    order: dict[str, Any] = {
        "partner": partner,
        "template": template,
        "info": _info(payload),
        "packages": _chosen(payload),
        "location": _headquarters(payload),
        "by": actor_of(request),
    }
    return attach_customer(plan=plan, **order) if plan else create_customer(**order)


@operation(
    router,
    "PUT",
    "/wholesale/customers/{customerId}",
    scope=Scope.CUSTOMERS_WRITE,
    control=Control.PARTNER_PROVISIONING,
    success={202: ResourceUrl},
    headers=("Location",),
    summary="Update a Wholesale Customer",
    errors=(412,),
)
def change_customer(
    request: HttpRequest,
    response: HttpResponse,
    customerId: str,  # noqa: N803
    query: Query[OnBehalfOf],
    payload: ChangedCustomer,
) -> Any:
    """Replace the list of packages; a package that somebody has cannot be missing. Limits that are not named stay."""
    row = customer_of(request, customerId, query.on_behalf_of_sub_partner_org_id)
    etags.require_match(request, speaking.customer(row))
    update_customer(
        customer=row,
        packages=payload.packages,
        limits=_limits(payload),
        external_id=payload.external_id,
        address=Address(**address_columns(payload.address)) if payload.address else None,
        location=_headquarters(payload),
        by=actor_of(request),
    )
    return accepted(response, row)


@operation(
    router,
    "DELETE",
    "/wholesale/customers/{customerId}",
    scope=Scope.CUSTOMERS_WRITE,
    control=Control.PARTNER_CUSTOMER_CREATE,
    success={202: None},
    summary="Remove a Wholesale Customer",
)
def remove_customer(request: HttpRequest, customerId: str, query: Query[OnBehalfOf]) -> Any:  # noqa: N803
    """End the wholesale services: usage stops now. The organization and its people stay."""
    row = customer_of(request, customerId, query.on_behalf_of_sub_partner_org_id)
    delete_customer(customer=row, by=actor_of(request))
    return Status(202, None)


@operation(
    router,
    "POST",
    "/wholesale/customers/validate",
    scope=Scope.CUSTOMERS_WRITE,
    control=Control.PARTNER_CUSTOMER_CREATE,
    success={200: Precheck},
    summary="Precheck a Wholesale Customer Provisioning",
    one_transaction=False,
)
def precheck_customer(request: HttpRequest, query: Query[OnBehalfOf], payload: CheckedCustomer) -> Any:
    """Would it work? An address and an e-mail are enough for the early sales check; with everything, everything is tried.

    With `orgId` it also tells whether the organization's administrators must agree, which rights you get, and what stays.
    """
    partner = partner_of(request, query.on_behalf_of_sub_partner_org_id)
    address = Address(**address_columns(payload.address))
    attaching = payload.org_id is not None
    email = payload.customer_info.primary_email if payload.customer_info and not attaching else ""
    check_prospect(partner=partner, address=address, email=email, by=actor_of(request))
    plan = _plan(request, partner, payload.org_id)
    if payload.packages:
        check_packages(_chosen(payload))
    if whole := payload.as_new():
        rehearse(lambda: _provision(request, partner, whole, plan))
    return precheck_passed(*(speaking.attach_plan(plan) if plan else []))


def _limits(payload: ChangedCustomer | CheckedCustomer | NewCustomer) -> dict[str, int | None]:
    parameters = payload.provisioning_parameters
    return dict(parameters.packages.limits) if parameters and parameters.packages else {}


def _chosen(payload: CheckedCustomer | NewCustomer) -> dict[str, int | None]:
    """Each package with its limit."""
    limits = _limits(payload)
    return {code: limits.get(code) for code in payload.packages or []}


def _info(payload: NewCustomer) -> CustomerInfo:
    given, parameters = payload.customer_info, payload.provisioning_parameters
    if given is None and payload.org_id is None:
        raise ApiError(400, "customerInfo: a value is required for a new organization.", _missing("customerInfo"))
    meetings = parameters.meetings if parameters else None
    return CustomerInfo(
        # An organization that exists brings its own.
        name=given.name if given else "",
        admin_email=given.primary_email if given else "",
        external_id=payload.external_id,
        address=Address(**address_columns(payload.address)),
        # The public API has no such field: whoever provisions by API has declared it in the contract (domain.md 2.1).
        supported_location=True,
        language=given.language if given else "",
        time_zone=meetings.timezone if meetings else "",
    )


def _missing(field: str) -> list[Problem]:
    return [Problem(codes.NULL_PARAMETER, f"{field}: a value is required.")]


def _headquarters(payload: NewCustomer | ChangedCustomer) -> Headquarters | None:
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
    return Status(202, ResourceUrl(url=place(response, "get_customer", ids.CUSTOMER, row.public_id)))
