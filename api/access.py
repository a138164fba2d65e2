"""Whose things an operation is about: the partner of the token, a sub-partner on whose behalf it works, a customer in sight.

The actor is the token's owner with today's roles. Strangers' things are 404, one's own that are forbidden 403, as on the pages.
"""

from django.db.models import QuerySet
from django.http import HttpRequest

from api.errors import ApiError, not_found
from api.ids import CUSTOMER, ORGANIZATION, by_id
from tenancy.access import authorize
from tenancy.actors import Actor
from tenancy.models import Customer, Partner
from tenancy.opaque_ids import parse_opaque_id
from tenancy.policy import Control, Level
from tenancy.queries import first_partner


def actor_of(request: HttpRequest) -> Actor:
    """The owner of the request's token."""
    return request.bearer.actor  # type: ignore[attr-defined]


def partner_of(request: HttpRequest, on_behalf_of: str | None = None) -> Partner:
    """The partner that the token's owner works for, or that partner's sub-partner `on_behalf_of` (organization id)."""
    actor = actor_of(request)
    own = first_partner(actor)
    if own is None:
        raise ApiError(403, "Only an administrator of a service provider may use this operation.")
    if not on_behalf_of:
        return own
    value = parse_opaque_id(ORGANIZATION, on_behalf_of)
    found = Partner.objects.visible_to(actor).filter(public_id=value).first() if value else None
    if found is None or (found.pk != own.pk and found.parent_id != own.pk):
        raise not_found("sub-partner")
    return found


def readable(request: HttpRequest, control: Control, where: Partner | Customer) -> None:
    """Raise Forbidden unless the actor may read `control` at the partner, or at the customer that he has entered."""
    if isinstance(where, Customer):
        authorize(where.viewer or actor_of(request), control, customer=where, need=Level.READ_ONLY)
    else:
        authorize(actor_of(request), control, partner=where, need=Level.READ_ONLY)


def customers_of(request: HttpRequest, partner: Partner) -> QuerySet[Customer]:
    """The partner's customers that the actor may see."""
    return Customer.objects.visible_to(actor_of(request)).filter(partner=partner)


def customer_of(request: HttpRequest, customer_id: str, on_behalf_of: str | None = None) -> Customer:
    """The customer behind a wholesale customer id, or 404."""
    partner = partner_of(request, on_behalf_of)
    row: Customer = by_id(customers_of(request, partner), CUSTOMER, customer_id, what="customer")
    row.partner = partner  # at hand, so it is not read again
    return row
