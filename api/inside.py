"""Inside one organization: which customer an operation of the admin API is about, and as whom its actor works there.

A customer's own administrator works there with his roles, so that Restricted by Partner Mode holds for his token as it does
for his browser. Partner staff work there with their partner's, and help desk only where the customer lets it in.
"""

from dataclasses import replace

from django.db.models import Q, QuerySet
from django.http import HttpRequest

from api.access import actor_of
from api.errors import ApiError, not_found
from api.ids import ORGANIZATION, by_id
from tenancy.actors import Actor
from tenancy.errors import Forbidden
from tenancy.launch import may_launch
from tenancy.models import Customer

NAME_ONE = "orgId: name the organization of the customer that this is about."


def organizations_of(request: HttpRequest) -> QuerySet[Customer]:
    """Customers in the actor's sight that Webex knows as organizations."""
    return Customer.objects.visible_to(actor_of(request)).filter(org_id__isnull=False).select_related("partner__parent")


def organization_of(request: HttpRequest, org_id: str | None) -> Customer:
    """The organization that was named, or 404; without a name the one that the actor himself administers."""
    if org_id:
        return _enter(
            request, by_id(organizations_of(request), ORGANIZATION, org_id, field="org_id", what="organization")
        )
    own = own_organization(request)
    if own is None:
        raise ApiError(400, NAME_ONE)
    return own


def own_organization(request: HttpRequest) -> Customer | None:
    """The organization that the actor administers from the inside, entered; the first one of several."""
    own = organizations_of(request).filter(pk__in=actor_of(request).customer_ids).order_by("pk").first()
    return _enter(request, own) if own else None


def holder_of(request: HttpRequest, org_id: str | None, holds: Q, *, what: str) -> Customer:
    """The organization in sight that has something: the one that was named, or whichever it is. 404 for none."""
    rows = organizations_of(request)
    if org_id:
        named = by_id(rows, ORGANIZATION, org_id, field="org_id", what="organization")
        rows = rows.filter(pk=named.pk)
    found = rows.filter(holds).first()
    if found is None:
        raise not_found(what)
    return _enter(request, found)


def viewer_of(customer: Customer) -> Actor:
    """As whom the actor works in an organization that he has entered."""
    if customer.viewer is None:
        raise RuntimeError("Nobody has entered this organization.")
    return customer.viewer


def _enter(request: HttpRequest, customer: Customer) -> Customer:
    customer.viewer = _acting(actor_of(request), customer)
    return customer


def _acting(actor: Actor, customer: Customer) -> Actor:
    """The actor from one side only: the union of two sides never works. Raises Forbidden for help desk shut out."""
    outside = replace(actor, grants=tuple(grant for grant in actor.grants if grant.partner_id is not None))
    if not outside.roles_in_customer(customer):
        return actor.inside(customer)
    if not may_launch(outside, customer):
        raise Forbidden("This customer does not let help desk staff in.")
    return outside
