"""/wholesale/subscribers, and the consent mail (public specification: Wholesale Provisioning)."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from ninja import Query, Router, Status

from api import codes, etags, ids, speaking
from api.access import actor_of, customer_of, partner_of, readable
from api.errors import ApiError, Problem
from api.operation import operation
from api.paging import page
from api.people import is_person
from api.places import place
from api.queries import spoken_subscribers, subscribers_of, with_status
from api.schemas.common import Precheck, precheck_passed
from api.schemas.customers import OnBehalfOf
from api.schemas.subscribers import (
    ChangedSubscriber,
    CheckedSubscriber,
    NewSubscriberBody,
    PersonParameters,
    SpokenSubscriber,
    SubscriberFilters,
    SubscriberItems,
)
from api.waiting import finish
from controlhub.models import Location, Subscriber
from controlhub.queries.people import email_in_use
from controlhub.services.consents import resend_consent
from controlhub.services.lifecycle import delete_subscriber
from controlhub.services.new_subscribers import NewSubscriber, is_email
from controlhub.services.subscriber_packages import create_subscriber, replace_packages, split
from partnerhub.queries.templates import template_of
from provisioning.gateway import gateway
from tenancy.access import authorize
from tenancy.models import Customer, Partner
from tenancy.opaque_ids import opaque_id, parse_opaque_id
from tenancy.packages import PACKAGES
from tenancy.policy import Control
from tenancy.rehearsal import rehearse
from tenancy.tokens import Scope

router = Router(tags=["Wholesale subscribers"])
COLUMNS = {"created": "created_at", "lastStatusChange": "status_changed_at"}


@operation(
    router,
    "GET",
    "/wholesale/subscribers",
    scope=Scope.SUBSCRIBERS_READ,
    control=Control.PARTNER_CUSTOMERS,
    success={200: SubscriberItems},
    summary="List Wholesale Subscribers",
)
def list_subscribers(request: HttpRequest, response: HttpResponse, filters: Query[SubscriberFilters]) -> Any:
    """Subscribers of the partner's customers, oldest first unless said otherwise."""
    partner = partner_of(request, filters.on_behalf_of_sub_partner_org_id)
    readable(request, Control.PARTNER_CUSTOMERS, partner)
    rows = _filtered(spoken_subscribers(partner, actor=actor_of(request)), filters)
    sign = "-" if filters.sort_order == "DESC" else ""
    order = (sign + COLUMNS[filters.sort_by], f"{sign}id")
    found = page(request, response, rows, order=order, size=filters.max, offset=filters.offset)
    return SubscriberItems(items=[speaking.subscriber(row) for row in found])


def _filtered(rows: QuerySet[Subscriber], filters: SubscriberFilters) -> QuerySet[Subscriber]:
    if filters.customer_id is not None:
        rows = rows.filter(customer__public_id=parse_opaque_id(ids.CUSTOMER, filters.customer_id) or ids.NOBODY)
    if filters.person_id is not None:
        rows = rows.filter(is_person(filters.person_id))
    exact = {
        "customer__external_id": filters.external_customer_id,
        "email": filters.email.lower() if filters.email is not None else None,
        "created_at__gt": filters.after,
        "status_changed_at__gt": filters.last_status_change,
    }
    rows = rows.filter(**{name: value for name, value in exact.items() if value is not None})
    return with_status(rows, filters.status) if filters.status else rows


def subscriber_of(request: HttpRequest, subscriber_id: str, on_behalf_of: str | None) -> tuple[Partner, Subscriber]:
    """The subscriber behind a public id with its partner, or 404; 403 for who may not read customers."""
    partner = partner_of(request, on_behalf_of)
    rows = subscribers_of(partner, actor=actor_of(request)).select_related("customer__partner", "location")
    return partner, _one(request, partner, rows, subscriber_id)


def _one(request: HttpRequest, partner: Partner, rows: QuerySet[Subscriber], subscriber_id: str) -> Subscriber:
    row: Subscriber = ids.by_id(rows, ids.SUBSCRIBER, subscriber_id, what="subscriber")
    readable(request, Control.PARTNER_CUSTOMERS, partner)
    return row


@operation(
    router,
    "GET",
    "/wholesale/subscribers/{subscriberId}",
    scope=Scope.SUBSCRIBERS_READ,
    control=Control.PARTNER_CUSTOMERS,
    success={200: SpokenSubscriber},
    headers=("Location", "ETag"),
    summary="Get a Wholesale Subscriber",
)
def get_subscriber(
    request: HttpRequest,
    response: HttpResponse,
    subscriberId: str,  # noqa: N803
    query: Query[OnBehalfOf],
) -> Any:
    """One subscriber."""
    partner = partner_of(request, query.on_behalf_of_sub_partner_org_id)
    row = _one(request, partner, spoken_subscribers(partner, actor=actor_of(request)), subscriberId)
    spoken = speaking.subscriber(row)
    place(response, "get_subscriber", ids.SUBSCRIBER, row.public_id)
    etags.tag(response, spoken)
    return spoken


@operation(
    router,
    "POST",
    "/wholesale/subscribers",
    scope=Scope.SUBSCRIBERS_WRITE,
    control=Control.USERS_ADD,
    success={200: SpokenSubscriber, 202: SpokenSubscriber},
    headers=("Location",),
    summary="Provision a Wholesale Subscriber",
    one_transaction=False,
)
def provision_subscriber(
    request: HttpRequest, response: HttpResponse, query: Query[OnBehalfOf], payload: NewSubscriberBody
) -> Any:
    """Create a user with a package: usage starts now. 202 when the address owns a free account, whose owner is asked first."""
    customer = customer_of(request, payload.customer_id, query.on_behalf_of_sub_partner_org_id)
    consent = gateway().account_of(email=payload.email.strip().lower())["consent_needed"]
    person, job = create_subscriber(
        customer=customer, user=new_user(customer, payload), packages=payload.wanted, by=actor_of(request)
    )
    place(response, "get_subscriber", ids.SUBSCRIBER, person.public_id)
    if not consent:
        base, add_ons = split(payload.wanted)
        return Status(200, speaking.subscriber_with(person, [base, *add_ons]))
    # Rare, and the answer must not say "provisioned" now and something else in a second: so do not wait for the worker.
    finish(job)
    subscriber_id = opaque_id(ids.SUBSCRIBER, person.public_id)
    _, row = subscriber_of(request, subscriber_id, query.on_behalf_of_sub_partner_org_id)
    return Status(202, speaking.subscriber(row))


def new_user(customer: Customer, payload: NewSubscriberBody | CheckedSubscriber) -> NewSubscriber:
    """The row of "Add users" that the body means."""
    given = payload.provisioning_parameters or PersonParameters()
    base, _ = split(payload.wanted)
    return NewSubscriber(
        first_name=given.first_name,
        last_name=given.last_name,
        email=payload.email,
        package=base,
        location=_location(customer, given.location_id) if PACKAGES[base].calling else None,
        number=given.primary_phone_number,
        extension=given.extension or "",
    )


def _location(customer: Customer, location_id: str | None) -> Location | None:
    """The location that was named; without a name, the only one (domain.md 5.9)."""
    if location_id:
        row: Location = ids.by_id(customer.locations.all(), ids.LOCATION, location_id, what="location")
        return row
    places = list(customer.locations.all()[:2])
    if len(places) > 1:
        raise ApiError(400, "provisioningParameters.locationId: this customer has several locations, so name one.")
    return places[0] if places else None


@operation(
    router,
    "PUT",
    "/wholesale/subscribers/{subscriberId}",
    scope=Scope.SUBSCRIBERS_WRITE,
    control=Control.USER_PACKAGE,
    success={200: SpokenSubscriber},
    headers=("Location", "ETag"),
    summary="Update a Wholesale Subscriber",
    errors=(412,),
)
def change_subscriber(
    request: HttpRequest,
    response: HttpResponse,
    subscriberId: str,  # noqa: N803
    query: Query[OnBehalfOf],
    payload: ChangedSubscriber,
) -> Any:
    """Change the package: the old interval ends in the second in which the new one starts."""
    on_behalf_of = query.on_behalf_of_sub_partner_org_id
    _, row = subscriber_of(request, subscriberId, on_behalf_of)
    etags.require_match(request, speaking.subscriber(row))
    given = payload.provisioning_parameters
    location = (
        ids.by_id(row.customer.locations.all(), ids.LOCATION, given.location_id, what="location")
        if (given and given.location_id)
        else None
    )
    replace_packages(
        subscriber=row,
        packages=payload.wanted,
        number=given.primary_phone_number if given else None,
        extension=given.extension if given else None,
        location=location,
        by=actor_of(request),
    )
    _, changed = subscriber_of(request, subscriberId, on_behalf_of)
    spoken = speaking.subscriber(changed)
    place(response, "get_subscriber", ids.SUBSCRIBER, row.public_id)
    etags.tag(response, spoken)
    return spoken


@operation(
    router,
    "DELETE",
    "/wholesale/subscribers/{subscriberId}",
    scope=Scope.SUBSCRIBERS_WRITE,
    control=Control.USER_STATUS,
    success={204: None},
    summary="Remove a Wholesale Subscriber",
)
def remove_subscriber(request: HttpRequest, subscriberId: str, query: Query[OnBehalfOf]) -> Any:  # noqa: N803
    """End the packages now; number, extension and devices are free again. History and bills stay."""
    _, row = subscriber_of(request, subscriberId, query.on_behalf_of_sub_partner_org_id)
    delete_subscriber(subscriber=row, by=actor_of(request))
    return Status(204, None)


@operation(
    router,
    "POST",
    "/subscribers/{subscriberId}/emails/consentMove",
    scope=Scope.SUBSCRIBERS_WRITE,
    control=Control.USER_STATUS,
    success={204: None},
    summary="Send Consent User Move Email to Pending Wholesale Subscribers",
)
def send_consent_mail(request: HttpRequest, subscriberId: str, query: Query[OnBehalfOf]) -> Any:  # noqa: N803
    """Ask the owner of a free account once more, by a new mail whose link replaces the old one."""
    _, row = subscriber_of(request, subscriberId, query.on_behalf_of_sub_partner_org_id)
    resend_consent(subscriber=row, by=actor_of(request))
    return Status(204, None)


@operation(
    router,
    "POST",
    "/wholesale/subscribers/validate",
    scope=Scope.SUBSCRIBERS_WRITE,
    control=Control.USERS_ADD,
    success={200: Precheck},
    summary="Precheck a Wholesale Subscriber Provisioning",
    one_transaction=False,
)
def precheck_subscriber(request: HttpRequest, query: Query[OnBehalfOf], payload: CheckedSubscriber) -> Any:
    """Would it work? At an existing customer, at one that is still to be, or with everything: then everything is tried."""
    on_behalf_of = query.on_behalf_of_sub_partner_org_id
    if payload.customer_id is None:
        _check_prospect(request, partner_of(request, on_behalf_of), payload)
        return precheck_passed()
    customer = customer_of(request, payload.customer_id, on_behalf_of)
    authorize(actor_of(request), Control.USERS_ADD, customer=customer)
    _check_email(payload.email)
    if payload.wanted and payload.provisioning_parameters:
        user = new_user(customer, payload)
        by = actor_of(request)
        rehearse(lambda: create_subscriber(customer=customer, user=user, packages=payload.wanted, by=by))
    return precheck_passed()


def _check_prospect(request: HttpRequest, partner: Partner, payload: CheckedSubscriber) -> None:
    """A user of a customer that is still to be: its template must exist, its package be one for users."""
    authorize(actor_of(request), Control.PARTNER_CUSTOMER_CREATE, partner=partner)
    if template_of(partner, ids.uuid_of_provisioning_id(payload.provisioning_id or "")) is None:
        raise ApiError(400, "Give the customerId of a customer, or the provisioningId of one of your templates.")
    _check_email(payload.email)
    if payload.wanted:
        split(payload.wanted)


def _check_email(email: str) -> None:
    """Raise what would keep an address from becoming a user's."""
    address = email.strip().lower()
    if not is_email(address):
        raise ApiError(400, "email: enter an address such as name@example.com.")
    if email_in_use(address):
        message = "The email is already associated with an existing user."
        raise ApiError(409, message, [Problem(codes.EMAIL_IN_USE, message)])
