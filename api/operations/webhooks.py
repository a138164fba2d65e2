"""/webhooks, in the words of the public API's webhooks; what they tell is ours (docs/webhooks.md)."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router, Status

from api import codes, ids
from api.access import actor_of, customers_of, partner_of, readable
from api.errors import ApiError, Problem
from api.operation import operation
from api.paging import page
from api.schemas.customers import OnBehalfOf
from api.schemas.webhooks import ChangedWebhookBody, NewWebhookBody, SpokenWebhook, WebhookFilters, WebhookItems
from api.telling import envelope
from tenancy.models import Customer, Event, Partner, Resource, Webhook
from tenancy.policy import Control
from tenancy.tokens import Scope
from tenancy.webhooks import NewWebhook, change_webhook, create_webhook, delete_webhook, webhooks_of

router = Router(tags=["Webhooks"])
READ, WRITE = Scope.WEBHOOKS_READ, Scope.WEBHOOKS_WRITE
# Whoever may not read a thing over the API may not have it sent to him either.
NEEDS = {
    Resource.CUSTOMERS: Scope.CUSTOMERS_READ,
    Resource.SUBSCRIBERS: Scope.SUBSCRIBERS_READ,
    Resource.REPORTS: Scope.REPORTS_READ,
    Resource.JOBS: Scope.CUSTOMERS_READ,
}


@operation(
    router,
    "GET",
    "/webhooks",
    scope=READ,
    control=Control.PARTNER_WEBHOOKS,
    success={200: WebhookItems},
    summary="List Webhooks",
)
def list_webhooks(request: HttpRequest, response: HttpResponse, filters: Query[WebhookFilters]) -> Any:
    """The partner's webhooks, oldest first, whoever made them."""
    partner = partner_of(request, filters.on_behalf_of_sub_partner_org_id)
    readable(request, Control.PARTNER_WEBHOOKS, partner)
    rows = webhooks_of(partner)
    found = page(request, response, rows, order=("created_at", "id"), size=filters.max, offset=filters.offset)
    return WebhookItems(items=[envelope(row) for row in found])


@operation(
    router,
    "POST",
    "/webhooks",
    scope=WRITE,
    control=Control.PARTNER_WEBHOOKS,
    success={200: SpokenWebhook},
    summary="Create a Webhook",
)
def create_a_webhook(request: HttpRequest, query: Query[OnBehalfOf], payload: NewWebhookBody) -> Any:
    """Have events sent to `targetUrl`. Needs the read scope of the resource too.

    With a `secret`, deliveries are signed with it. It is kept encrypted and in no answer.
    """
    partner = partner_of(request, query.on_behalf_of_sub_partner_org_id)
    resource = Resource(payload.resource)
    _require_scopes(request, resource)
    new = NewWebhook(
        name=payload.name,
        target_url=payload.target_url,
        resource=resource,
        event=Event(payload.event),
        customer=_filtered_customer(request, partner, payload.filter),
        secret=payload.secret or "",
    )
    return envelope(create_webhook(partner=partner, new=new, by=actor_of(request)))


def _require_scopes(request: HttpRequest, resource: Resource) -> None:
    needed = set(NEEDS.values()) if resource is Resource.ALL else {NEEDS[resource]}
    missing = sorted(needed - request.bearer.scopes)  # type: ignore[attr-defined]
    if missing:
        message = f"The token lacks the scope {', '.join(missing)}."
        raise ApiError(403, message, [Problem(codes.SCOPE_MISSING, message)])


def _filtered_customer(request: HttpRequest, partner: Partner, text: str | None) -> Customer | None:
    if not text:
        return None
    name, _, value = text.partition("=")
    if name != "customerId" or "&" in value:
        message = "filter: use customerId=..., the only filter there is."
        raise ApiError(400, message, [Problem(codes.INVALID_VALUE, message)])
    customer: Customer = ids.by_id(customers_of(request, partner), ids.CUSTOMER, value, what="customer")
    return customer


@operation(
    router,
    "GET",
    "/webhooks/{webhookId}",
    scope=READ,
    control=Control.PARTNER_WEBHOOKS,
    success={200: SpokenWebhook},
    summary="Get a Webhook",
)
def get_webhook(request: HttpRequest, webhookId: str, query: Query[OnBehalfOf]) -> Any:  # noqa: N803
    """One webhook."""
    return envelope(_webhook(request, webhookId, query))


@operation(
    router,
    "PUT",
    "/webhooks/{webhookId}",
    scope=WRITE,
    control=Control.PARTNER_WEBHOOKS,
    success={200: SpokenWebhook},
    summary="Update a Webhook",
)
def update_webhook(
    request: HttpRequest,
    webhookId: str,  # noqa: N803
    query: Query[OnBehalfOf],
    payload: ChangedWebhookBody,
) -> Any:
    """Change name, target, secret, or switch it off and on (`status`). Without `secret` the old one stays.

    Whoever gives a new target or secret owns the webhook from then on: it tells what that person may read.
    """
    webhook = _webhook(request, webhookId, query)
    if payload.target_url != webhook.target_url or payload.secret is not None:
        _require_scopes(request, Resource(webhook.resource))
    changed = change_webhook(
        webhook=webhook,
        name=payload.name,
        target_url=payload.target_url,
        secret=payload.secret,
        active=payload.status == Webhook.Status.ACTIVE if payload.status else None,
        by=actor_of(request),
    )
    return envelope(changed)


@operation(
    router,
    "DELETE",
    "/webhooks/{webhookId}",
    scope=WRITE,
    control=Control.PARTNER_WEBHOOKS,
    success={204: None},
    summary="Delete a Webhook",
)
def delete_a_webhook(request: HttpRequest, webhookId: str, query: Query[OnBehalfOf]) -> Any:  # noqa: N803
    """Delete a webhook and the log of its deliveries."""
    delete_webhook(webhook=_webhook(request, webhookId, query), by=actor_of(request))
    return Status(204, None)


def _webhook(request: HttpRequest, webhook_id: str, query: OnBehalfOf) -> Webhook:
    partner = partner_of(request, query.on_behalf_of_sub_partner_org_id)
    webhook: Webhook = ids.by_id(webhooks_of(partner), ids.WEBHOOK, webhook_id, what="webhook")
    readable(request, Control.PARTNER_WEBHOOKS, partner)
    return webhook
