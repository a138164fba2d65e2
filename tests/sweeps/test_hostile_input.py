"""Every URL x hostile text in every field that its page shows, and in every query that a list reads: never a 500.

Each request is undone, so that the next one meets the same rows.
"""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction
from django.http import HttpResponseBase
from django.test import Client
from django.urls import reverse

from tenancy.wizards import STEERING, SUMMARY, WizardView
from tests.cast import Cast
from tests.sweeps.test_urls import SCOPED, Url, answers
from tests.sweeps.world import World, make_tenant, make_world

HOSTILE = {
    "nul": "a\x00b",
    "digits": "9" * 5_000,
    "date": "9999-12-31",
}
QUERIES = (
    "q", "status", "state", "restricted", "indirect", "package", "location", "after", "before", "id", "seen", "next",
    "number", "owner", "action", "category", "actor", "since", "until", "preset", "start_on", "end_on", "type", "go", "stay",
)  # fmt: skip
FIELD = re.compile(rb'<(?:input|select|textarea|button)\b[^>]*?\sname="([^"]+)"')


class Undo(Exception):
    """Takes back what one request did."""


def sent(client: Client, method: str, path: str, data: dict[str, Any]) -> HttpResponseBase:
    """The answer of a request whose changes are undone."""
    try:
        with transaction.atomic():
            response = getattr(client, method)(path, data)
            if response.streaming:
                b"".join(response.streaming_content)
            raise Undo
    except Undo:
        return response


def paths(client: Client, url: Url, world: World) -> Iterator[str]:
    """Where the URL's pages are: for a wizard, each page of a draft that has just been started."""
    if not (url.view and issubclass(url.view, WizardView) and "draft" in url.parameters):
        yield url.path(world.open_acme)
        return
    kwargs = world.open_acme.kwargs(set(url.parameters))
    start = client.get(
        reverse(url.view.start_url, kwargs={k: v for k, v in kwargs.items() if k not in ("draft", "page")})
    )
    if start.status_code == 302:
        draft = start.headers["Location"].rstrip("/").split("/")[-2]
        for page in (*(page.key for page in url.view.wizard.pages), SUMMARY):
            yield reverse(url.name, kwargs=kwargs | {"draft": draft, "page": page})


@pytest.fixture
def world(cast: Cast) -> World:
    return make_world(cast)


@pytest.mark.slow
@pytest.mark.parametrize("kind", HOSTILE)
def test_nothing_that_is_typed_breaks_a_page(world: World, kind: str) -> None:
    clients = {who: Client(raise_request_exception=False) for who in ("partner_full", "customer_full")}
    for who, client in clients.items():
        client.force_login(world.cast.admins[who])
    broken = []
    for url in SCOPED:
        client = clients["customer_full" if url.route.startswith("/org/") else "partner_full"]
        for path in paths(client, url, world):
            fields = {name.decode() for name in FIELD.findall(getattr(client.get(path), "content", b""))}
            text = HOSTILE[kind]
            asked: list[tuple[str, dict[str, Any]]] = [("get", dict.fromkeys((*QUERIES, *fields), text))]
            if answers(url, "post"):
                asked.append(("post", {name: [text, text] for name in fields - STEERING}))
            broken += [(method, path) for method, data in asked if sent(client, method, path, data).status_code >= 500]
    assert broken == []


def test_markup_in_any_name_is_text_on_every_page(cast: Cast) -> None:
    markup = "<svg/onload=1>"
    tenant = make_tenant(cast.north, cast.open_acme, markup)
    clients = {who: Client() for who in ("partner_full", "customer_full")}
    for who, client in clients.items():
        client.force_login(cast.admins[who])
    shown = 0
    for url in SCOPED:
        client = clients["customer_full" if url.route.startswith("/org/") else "partner_full"]
        response = client.get(url.path(tenant))
        if response.headers.get("Content-Type", "").startswith("text/html"):
            assert markup.encode() not in response.content, url.route
            shown += b"&lt;svg/onload=1&gt;" in response.content
    assert shown > 10  # the positive control: the pages do show the names
