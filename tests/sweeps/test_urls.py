"""Every URL x method x member of the cast x tenant, made from the URLconf: nobody types the list, so nobody forgets one.

404 for strangers, 403 for one's own that is forbidden, never a 500; a refusal changes nothing; and the names of other
tenants never appear in any answer.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from django.http import HttpResponseBase
from django.test import Client
from django.urls import URLPattern, get_resolver, reverse

from config.checks import control_of, walk
from tenancy.access import CustomerView, PartnerView, PortalView, level
from tenancy.actors import Actor, actor_for
from tenancy.launch import may_launch
from tenancy.policy import Control, Level
from tenancy.wizards import WizardView
from tests.cast import Cast
from tests.launching import launch
from tests.sweeps.counting import CASES
from tests.sweeps.world import Tenant, World, make_world, row_counts

WHO = [
    "partner_full",
    "partner_plain",
    "partner_admin",
    "partner_readonly",
    "helpdesk",
    "subpartner_full",
    "other_partner_full",
    "customer_full",
    "customer_restricted",
    "customer_readonly",
    "other_customer_full",
]
# The model, in ten lines and by hand: whose tenants does each see?
SEES = {
    "partner_full": {"acme", "open_acme", "branch"},
    "partner_plain": {"acme", "open_acme", "branch"},
    "partner_admin": {"acme"},
    "partner_readonly": {"acme", "open_acme", "branch"},
    "helpdesk": {"acme", "open_acme"},
    "subpartner_full": {"branch"},
    "other_partner_full": {"south"},
    "customer_full": {"open_acme"},
    "customer_restricted": {"acme"},
    "customer_readonly": {"acme"},
    "other_customer_full": {"south"},
}
PARTNER_OF = {"acme": "north", "open_acme": "north", "branch": "branch", "south": "south"}
IN_PARTNER_HUB = {
    "partner_full": {"north", "branch"},
    "partner_plain": {"north", "branch"},
    "partner_admin": {"north"},
    "partner_readonly": {"north", "branch"},
    "helpdesk": {"north"},
    "subpartner_full": {"branch"},
    "other_partner_full": {"south"},
}
CANARIES = {"acme": "CanaryAcme", "open_acme": "CanaryOpen", "branch": "CanaryBranch", "south": "CanarySouth"}
TENANTS = list(CANARIES)
# Answers that are the same for everybody may be kept for a while.
SHARED = {"/v1/openapi.json": "public, max-age=300"}
LAUNCH_DOORS = {"controlhub:enter-launch", "controlhub:end-launch"}  # tests/tenancy/test_launch_session.py


@dataclass(frozen=True)
class Url:
    """One URL of the process."""

    route: str
    name: str
    parameters: frozenset[str]
    view: type | None
    control: Control

    def path(self, tenant: Tenant) -> str:
        return reverse(self.name, kwargs=tenant.kwargs(set(self.parameters)))


def _named(pattern: URLPattern, route: str) -> str:
    namespaces = {"/partner/<uuid:partner>/billing/": "billing", "/partner/<uuid:partner>/": "partnerhub"}
    namespaces |= {"/org/<uuid:customer>/": "controlhub", "/jobs/": "provisioning", "/v1/": "api"}
    prefix = next((name for start, name in namespaces.items() if route.startswith(start)), "")
    return f"{prefix}:{pattern.name}" if prefix else str(pattern.name)


def all_urls() -> list[Url]:
    """Every URL, by walking the URLconf."""
    return [
        Url(
            route,
            _named(pattern, route),
            _parameters(pattern) | _outer_parameters(route),
            getattr(pattern.callback, "view_class", None),
            control_of(pattern),
        )
        for route, pattern in walk(get_resolver().url_patterns)
        if control_of(pattern)
        is not Control.API  # bearer tokens, not sessions: tests/api/test_rights.py has its matrix
    ]


def _parameters(pattern: URLPattern) -> frozenset[str]:
    return frozenset(pattern.pattern.converters) | frozenset(pattern.pattern.regex.groupindex)


def _outer_parameters(route: str) -> frozenset[str]:
    return frozenset(part.split(":")[1].rstrip(">") for part in route.split("/") if part.startswith("<uuid:"))


SCOPED = [url for url in all_urls() if url.parameters & {"partner", "customer", "job"}]


@pytest.fixture
def world(cast: Cast) -> World:
    return make_world(cast)


def visits(world: World, who: str) -> Iterator[tuple[Url, str, Tenant, str, bool]]:
    """Each URL with each tenant's ids, by each method; what one may read as a page and as an HTMX part.

    A stranger, and a right that is missing, are turned away before anybody looks at how it was asked for.
    """
    for url in SCOPED:
        for name in TENANTS:
            for method in ("get", "post"):
                for htmx in (False, True) if method == "get" and is_visible(url, name, who) else (method == "post",):
                    yield url, name, getattr(world, name), method, htmx


def send(client: Client, path: str, method: str, htmx: bool) -> HttpResponseBase:
    return getattr(client, method)(path, headers={"HX-Request": "true"} if htmx else {})


def body(response: HttpResponseBase) -> bytes:
    """What was sent, streamed or not."""
    return b"".join(response.streaming_content) if response.streaming else response.content  # type: ignore[attr-defined]


def answers(url: Url, method: str) -> bool:
    """Does the view answer this method at all? If not, 405 says so to everybody, and nothing about the object."""
    return url.view is None or hasattr(url.view, method)


def is_visible(url: Url, tenant: str, who: str) -> bool:
    """May `who` know that this URL exists for this tenant?"""
    if "partner" in url.parameters and PARTNER_OF[tenant] not in IN_PARTNER_HUB.get(who, set()):
        return False
    return not url.parameters & {"customer", "job"} or tenant in SEES[who]


def is_closed_to(url: Url, name: str, tenant: Tenant, who: str, actor: Actor) -> bool:
    """Is a page of his own Partner Hub refused to `who` whatever customer it names? Then a 403 tells of no customer."""
    if not (url.view and issubclass(url.view, PartnerView)) or PARTNER_OF[name] not in IN_PARTNER_HUB.get(who, set()):
        return False
    return level(actor, url.control, partner=tenant.partner) is Level.HIDDEN


@pytest.mark.parametrize("who", WHO)
def test_strangers_get_404_and_change_nothing(world: World, who: str) -> None:
    client = Client(raise_request_exception=True)
    client.force_login(world.cast.admins[who])
    before = row_counts()
    for url, name, tenant, method, htmx in visits(world, who):
        if is_visible(url, name, who):
            continue
        response = send(client, url.path(tenant), method, htmx)
        expected = (404,) if answers(url, method) else (404, 405)
        expected += (403,) if is_closed_to(url, name, tenant, who, world.cast.actor(who)) else ()
        assert response.status_code in expected, (who, method, url.route, name)
        assert not [canary for canary in CANARIES.values() if canary.encode() in body(response)], (who, url.route)
        CASES["matrix"] += 1
    assert row_counts() == before


@pytest.mark.parametrize("who", WHO)
def test_ones_own_is_allowed_or_403_and_never_shows_another_tenant(world: World, who: str) -> None:
    admin = world.cast.admins[who]
    hidden = [canary for name, canary in CANARIES.items() if name not in SEES[who]]
    found = set()
    client = Client(raise_request_exception=True)
    client.force_login(admin)
    for url, name, tenant, method, htmx in visits(world, who):
        if not is_visible(url, name, who) or (url.name, method) == ("partnerhub:customer-launch", "post"):
            continue  # a launch would open Control Hub for the visits after it; it has its own test below
        response = send(client, url.path(tenant), method, htmx)
        place = (who, method, url.route, name, htmx)
        assert response.status_code < 500, place
        # POST works on real rows: only refusals are compared with the table below.
        shown = {canary for canary in CANARIES.values() if canary.encode() in body(response)}
        assert not shown & set(hidden), place
        found |= shown
        CASES["matrix"] += 1
        if must_be_refused(world, url, tenant, who, method):
            assert response.status_code in ((403, 404) if answers(url, method) else (403, 404, 405)), place
    # The positive control: the canaries do sing, for those who may hear them.
    assert found == {CANARIES[name] for name in SEES[who]}


def needed(url: Url, method: str) -> Level:
    """The level a request needs. Looking at a wizard starts a draft, so it needs the right to hand it in."""
    if url.view and issubclass(url.view, WizardView):
        return Level.EDIT
    return Level.READ_ONLY if method == "get" or getattr(url.view, "reads_with_post", False) else Level.EDIT


def must_be_refused(world: World, url: Url, tenant: Tenant, who: str, method: str) -> bool:
    """What the policy table says about this URL, asked directly."""
    actor = actor_for(world.cast.admins[who], door="ui")
    need = needed(url, method)
    if url.view and issubclass(url.view, CustomerView):
        inside = tenant.customer.pk in actor.customer_ids
        return not inside or level(actor, url.control, customer=tenant.customer) < need
    if url.view and issubclass(url.view, PartnerView):
        return level(actor, url.control, partner=tenant.partner) < need
    return False


@pytest.mark.parametrize("who", ["partner_full", "partner_admin", "partner_readonly", "helpdesk"])
def test_cross_launched_staff_get_what_their_own_role_gives(world: World, who: str) -> None:
    actor = world.cast.actor(who)
    client = Client(raise_request_exception=True)
    client.force_login(world.cast.admins[who])
    assert may_launch(actor, world.acme.customer)
    launch(client, customer=world.acme.customer, by=actor)
    for url in SCOPED:
        if not (url.view and issubclass(url.view, CustomerView)) or url.name in LAUNCH_DOORS:
            continue
        response = send(client, url.path(world.acme), "get", htmx=False)
        allowed = level(actor, url.control, customer=world.acme.customer) >= needed(url, "get")
        assert response.status_code in ((200, 302, 404, 405) if allowed else (403,)), (
            who,
            url.route,
            response.status_code,
        )


def test_nobody_without_a_session_sees_anything(world: World) -> None:
    before = row_counts()
    for url in all_urls():
        if url.control is Control.PUBLIC:
            continue
        path = url.path(world.acme)
        for method in ("get", "post"):
            page = send(Client(), path, method, htmx=False)
            assert (page.status_code, page.headers.get("Location", "").split("?")[0]) == (302, "/login/"), url.route
            if not (url.view and issubclass(url.view, PortalView)):
                continue  # allauth's own pages are whole pages, never parts
            part = send(Client(), path, method, htmx=True)
            assert (part.status_code, part.content) == (204, b""), url.route
    assert row_counts() == before


def test_every_answer_carries_the_safe_headers(world: World) -> None:
    client = Client()
    client.force_login(world.cast.admins["partner_full"])
    for url in all_urls():
        response = send(client, url.path(world.acme), "get", htmx=False)
        headers = response.headers
        assert "default-src 'none'" in headers["Content-Security-Policy"], url.route
        assert "'unsafe-inline'" not in headers["Content-Security-Policy"], url.route
        assert (headers["X-Content-Type-Options"], headers["X-Frame-Options"]) == ("nosniff", "DENY"), url.route
        assert headers["Cache-Control"] == SHARED.get(url.route, headers["Cache-Control"]), url.route
        assert url.route in SHARED or "no-store" in headers["Cache-Control"], url.route
        assert headers["trackingId"].startswith("PORTAL_"), url.route
