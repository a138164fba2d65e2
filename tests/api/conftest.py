"""A back-office client of the API, as a member of the cast."""

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from tenancy.actors import SYSTEM
from tenancy.models import Event, Resource, Webhook
from tenancy.tokens import SCOPES, create_token
from tenancy.webhooks import NewWebhook, create_webhook
from tests.api.contract import broken
from tests.api.hooking import SECRET, Hook
from tests.api.oauth_desk import Desk
from tests.cast import Cast
from tests.factories import make_template
from tests.receiving import Receiver, receiving


class ApiClient:
    """Speaks JSON with a bearer token, and nothing else: no cookies, no CSRF token.

    Every answer is held against our own description of it.
    """

    def __init__(self, token: str) -> None:
        self.token = token
        self.client = Client(enforce_csrf_checks=True)

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> HttpResponse:
        """Send a request to /v1`path`; header names with underscores for hyphens."""
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        names = {"Authorization": f"Bearer {self.token}"} | names
        data = json.dumps(body) if body is not None else ""
        content_type = "application/json" if body is not None else ""
        response = self.client.generic(method, f"/v1{path}", data, content_type=content_type, headers=names)
        assert broken(method, path, response) == []
        return response

    def get(self, path: str, **headers: str) -> HttpResponse:
        return self.send("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> HttpResponse:
        return self.send("POST", path, body if body is not None else {}, **headers)

    def put(self, path: str, body: Any, **headers: str) -> HttpResponse:
        return self.send("PUT", path, body, **headers)

    def delete(self, path: str, **headers: str) -> HttpResponse:
        return self.send("DELETE", path, **headers)


@pytest.fixture
def api(cast: Cast) -> Callable[..., ApiClient]:
    """A client of the API with a token of a member of the cast; all scopes unless some are named."""

    def as_(who: str, *, scopes: Sequence[str] = SCOPES) -> ApiClient:
        return ApiClient(create_token(admin=cast.admins[who], scopes=scopes, by=SYSTEM))

    return as_


@pytest.fixture
def new_customer(cast: Cast) -> dict[str, Any]:
    """The body of POST /wholesale/customers for a customer with calling, from a template of north's."""
    address = {
        "addressLine1": "12 Harbor Road",
        "city": "Portland",
        "stateOrProvince": "OR",
        "zipOrPostalCode": "97201",
        "country": "US",
    }
    location = {
        "name": "Headquarters",
        "address": address,
        "timezone": "America/Los_Angeles",
        "language": "en_us",
    }
    return {
        "provisioningId": make_template(cast.north, admin=cast.admins["partner_full"]).provisioning_id,
        "packages": ["webex_calling", "common_area_calling"],
        "externalId": "HARBOR-1",
        "address": address,
        "customerInfo": {"name": "Harbor Books", "primaryEmail": "owner@harbor.example.com", "language": "en"},
        "provisioningParameters": {
            "calling": {"location": location},
            "packages": {"limits": {"webex_calling": 25}},
        },
    }


@pytest.fixture
def desk(cast: Cast) -> Desk:
    """An integration of north's that acts for others and by itself."""
    return Desk(cast)


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    """A receiver of webhooks on this machine."""
    settings.WEBHOOK_ALLOW_LOCAL = True
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def hook(cast: Cast, receiver: Receiver) -> Hook:
    """A webhook of a member of the cast to the receiver; about everything, unless something is named."""

    def make(who: str = "partner_full", partner: Any = None, **fields: Any) -> Webhook:
        values = {"resource": Resource.ALL, "event": Event.ALL, "secret": SECRET, "target_url": receiver.url} | fields
        new = NewWebhook(name=values.pop("name", "order desk"), **values)
        return create_webhook(partner=partner or cast.north, new=new, by=cast.actor(who))

    return make
