"""/adminAudit: the audit log of a customer, or a service provider's own."""

import base64
from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from ninja import Query, Router

from api import ids
from api.access import actor_of, readable
from api.errors import ApiError
from api.ids import partner_org_id
from api.inside import organization_of
from api.operation import operation
from api.paging import page
from api.schemas.admin_audit import AuditCategories, AuditData, AuditFilters, AuditItems, SpokenAuditEvent
from tenancy.access import authorize
from tenancy.audit_log import CATEGORIES, ORDER, Narrowing, category_label, events_of
from tenancy.models import AuditEvent, Partner
from tenancy.opaque_ids import opaque_id, parse_opaque_id
from tenancy.policy import Control
from tenancy.tokens import Scope

router = Router(tags=["Admin audit"])
LONGEST = timedelta(days=366)


@operation(
    router,
    "GET",
    "/adminAudit/events",
    scope=Scope.AUDIT_READ,
    control=Control.ORG_AUDIT,
    success={200: AuditItems},
    summary="List Admin Audit Events",
)
def list_audit_events(request: HttpRequest, response: HttpResponse, filters: Query[AuditFilters]) -> Any:
    """Events of an organization from `from` on and before `to`, at most a year, the newest first."""
    if not timedelta(0) <= filters.to - filters.from_ <= LONGEST:
        raise ApiError(400, "to: ask for a year of events at most, and for an end that is not before the start.")
    narrow = Narrowing(since=filters.from_, until=filters.to)
    rows = _filtered(_events(request, filters.org_id, narrow), filters)
    found = page(request, response, rows, order=ORDER, size=filters.max, offset=filters.offset)
    return AuditItems(items=[_spoken(event) for event in found])


def _events(request: HttpRequest, org_id: str, narrow: Narrowing) -> QuerySet[AuditEvent]:
    """The log of a partner or of a customer, as its page shows it."""
    value = parse_opaque_id(ids.ORGANIZATION, org_id)
    partner = Partner.objects.visible_to(actor_of(request)).filter(public_id=value).first() if value else None
    if partner:
        readable(request, Control.PARTNER_AUDIT, partner)
        return events_of(partner=partner, narrow=narrow).select_related("partner__parent", "customer", "actor")
    customer = organization_of(request, org_id)
    readable(request, Control.ORG_AUDIT, customer)
    return events_of(customer=customer, narrow=narrow).select_related("partner__parent", "customer", "actor")


def _filtered(rows: QuerySet[AuditEvent], filters: AuditFilters) -> QuerySet[AuditEvent]:
    if filters.actor_id is not None:
        rows = rows.filter(actor__public_id=parse_opaque_id(ids.PERSON, filters.actor_id) or ids.NOBODY)
    categories = [word.strip().lower() for text in filters.event_categories for word in text.split(",") if word.strip()]
    return rows.filter(category__in=categories) if categories else rows


@operation(
    router,
    "GET",
    "/adminAudit/eventCategories",
    scope=Scope.AUDIT_READ,
    control=Control.SIGNED_IN,
    success={200: AuditCategories},
    summary="List Admin Audit Event Categories",
)
def list_audit_categories(request: HttpRequest) -> Any:
    """Every category that an event may have."""
    authorize(actor_of(request), Control.SIGNED_IN)
    return AuditCategories(event_categories=sorted(category.upper() for category in CATEGORIES))


def _spoken(event: AuditEvent) -> SpokenAuditEvent:
    return SpokenAuditEvent(
        id=_bare(str(event.public_id)),
        created=event.created_at,
        actor_id=opaque_id(ids.PERSON, event.actor.public_id) if event.actor else None,
        actor_org_id=_actor_org(event),
        data=_data(event),
    )


def _data(event: AuditEvent) -> AuditData:
    where, org_id = (event.customer or event.partner), _target_org(event)
    return AuditData(
        actor_org_name=event.actor_org_name,
        target_name=event.target_name,
        event_description=category_label(event.category),
        actor_name=event.actor_name,
        actor_email=event.actor_email,
        admin_roles=event.actor_roles,
        tracking_id=event.tracking_id,
        target_type=event.target_type.upper(),
        target_id=_bare(event.target_id),
        event_category=event.category.upper(),
        actor_user_agent=event.actor_user_agent,
        actor_ip=event.actor_ip or "",
        target_org_id=org_id,
        action_text=event.text,
        target_org_name=where.name,
    )


def _target_org(event: AuditEvent) -> str:
    if event.customer is None:
        return partner_org_id(event.partner)
    return opaque_id(ids.ORGANIZATION, event.customer.org_id)


def _actor_org(event: AuditEvent) -> str | None:
    """The log keeps the name of the actor's organization; its id is known when it is one of those concerned."""
    if event.customer and event.customer.name == event.actor_org_name:
        return _target_org(event) or None
    concerned = (event.partner, event.partner.parent)
    return next((partner_org_id(one) for one in concerned if one and one.name == event.actor_org_name), None)


def _bare(text: str) -> str:
    """Ids of the log are base64 without more (public specification's examples)."""
    return base64.b64encode(text.encode()).decode().rstrip("=")
