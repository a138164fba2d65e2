"""Webhooks as the public API says them, and the things that only a webhook tells so far."""

from typing import Annotated

from pydantic import Field

from api.schemas.common import CodedError, Heard, Spoken, Stamp, words
from tenancy.models import Event, Resource, Webhook
from tenancy.webhooks import NAME_LENGTH, SECRET_LENGTH

ResourceWord = Annotated[str, *words(Resource.values)]
EventWord = Annotated[str, *words(Event.values)]
StatusWord = Annotated[str, *words(Webhook.Status.values)]
OwnedBy = Annotated[str, *words(["org"])]


class SpokenWebhook(Spoken):
    """A webhook. Its secret is never said again."""

    id: str
    name: str
    target_url: str
    resource: ResourceWord
    event: EventWord
    filter: str | None = None
    org_id: str
    created_by: str
    owned_by: OwnedBy
    status: StatusWord
    created: Stamp


class WebhookItems(Spoken):
    """A page of webhooks."""

    items: list[SpokenWebhook]


class WebhookFilters(Heard):
    """Which page of whose webhooks."""

    max: int = Field(default=100, ge=1, le=100)
    offset: int = Field(default=0, ge=0, le=1_000_000_000)
    owned_by: OwnedBy | None = None
    on_behalf_of_sub_partner_org_id: str | None = None


class NewWebhookBody(Heard):
    """A webhook to be. `filter`: `customerId=...`, for events of that customer only."""

    name: str = Field(min_length=1, max_length=NAME_LENGTH)
    target_url: str = Field(min_length=1, max_length=500)
    resource: ResourceWord
    event: EventWord
    filter: str | None = Field(default=None, max_length=500)
    secret: str | None = Field(default=None, max_length=SECRET_LENGTH)
    owned_by: OwnedBy | None = None


class ChangedWebhookBody(Heard):
    """What of a webhook is to change; resource, event and filter stay."""

    name: str = Field(min_length=1, max_length=NAME_LENGTH)
    target_url: str = Field(min_length=1, max_length=500)
    secret: str | None = Field(default=None, max_length=SECRET_LENGTH)
    owned_by: OwnedBy | None = None
    status: StatusWord | None = None


class SpokenJob(Spoken):
    """A provisioning job in a webhook's `data`."""

    id: str
    type: str
    status: str
    customer_id: str
    errors: list[CodedError] | None = None
    created: Stamp
    finished: Stamp | None = None
