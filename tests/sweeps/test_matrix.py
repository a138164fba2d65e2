"""The matrix: URL x method x role x whose tenant x restricted on and off x normal and cross-launched.

The model is small and written by hand (`SEES`, `IN_PARTNER_HUB`, the policy table); the cases are made from the URLconf.
Refusals change nothing, allowed pages answer, and nobody reads another tenant's canary. `test_urls` sends the first
cast's requests also as HTMX parts; this file adds the other roles, the sibling, the switched mode and the launches.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
from django.apps import apps
from django.test import Client

from tenancy.access import CustomerView, PartnerView, PortalView, level
from tenancy.actors import Actor
from tenancy.models import CrossLaunch, Customer
from tenancy.policy import Control, Level, Role
from tests.cast import Cast
from tests.factories import make_customer, make_customer_admin, make_partner, make_partner_admin, make_rights
from tests.launching import launch
from tests.sweeps.counting import CASES
from tests.sweeps.elsewhere import make_elsewhere
from tests.sweeps.test_urls import (
    CANARIES,
    IN_PARTNER_HUB,
    PARTNER_OF,
    SCOPED,
    SEES,
    WHO,
    Url,
    answers,
    body,
    needed,
    send,
)
from tests.sweeps.world import Tenant, World, make_tenant, make_world

INSIDE_ACME = [
    "customer_support",
    "customer_user_device",
    "customer_device",
    "customer_location",
    "customer_compliance",
    "external_full",
    "external_readonly",
]
EVERYBODY = [*WHO, *INSIDE_ACME]
LAUNCHING = ["partner_full", "partner_plain", "partner_admin", "partner_readonly", "helpdesk"]
SEES_SISTER = {"partner_full", "partner_plain", "partner_readonly"}
SISTER = "CanarySister"
# Who is made for this file only, and whose tenants each of them sees.
ONLY_HERE = {"branch_customer_full": {"branch"}, "helpdesk_advanced": {"acme", "open_acme"}}
HUBS = IN_PARTNER_HUB | {"helpdesk_advanced": {"north"}}
# What leaving and entering answer to whom has tests of its own (tests/tenancy/test_launch_session.py).
LAUNCH_DOORS = {"controlhub:enter-launch", "controlhub:end-launch", "partnerhub:customer-launch"}
URLS = [url for url in SCOPED if url.name not in LAUNCH_DOORS]

pytestmark = pytest.mark.slow


@dataclass
class Matrix:
    """The world, and a sister of the sub-partner: same parent, never to be seen by it."""

    world: World
    tenants: dict[str, Tenant]

    def actor(self, who: str) -> Actor:
        return self.world.cast.actor(who)

    def browser(self, who: str) -> Client:
        client = Client(raise_request_exception=True)
        client.force_login(self.world.cast.admins[who])
        return client


@pytest.fixture
def matrix(cast: Cast) -> Matrix:
    world = make_world(cast)
    make_elsewhere(cast, cast.acme)
    sister = make_partner("Sister Reseller", parent=cast.north)
    make_partner_admin(sister, Role.PARTNER_WHOLESALE)
    tenant = make_tenant(sister, make_customer(sister, "Sister Shop"), SISTER)
    cast.admins["branch_customer_full"] = make_customer_admin(cast.branch_customer)
    cast.admins["helpdesk_advanced"] = make_partner_admin(cast.north, Role.HELPDESK_ADVANCED)
    return Matrix(world, {name: getattr(world, name) for name in CANARIES} | {"sister": tenant})


def sees(who: str) -> set[str]:
    """Names of the tenants whose customer `who` may know of."""
    own = (SEES | ONLY_HERE).get(who, {"acme"})
    return own | {"sister"} if who in SEES_SISTER else own


def may_know(url: Url, tenant: str, who: str) -> bool:
    """May `who` know that this URL exists for this tenant?"""
    hubs = HUBS.get(who, set()) | ({"sister"} if who in SEES_SISTER else set())
    if "partner" in url.parameters and PARTNER_OF.get(tenant, tenant) not in hubs:
        return False
    return not url.parameters & {"customer", "job"} or tenant in sees(who)


def is_allowed(url: Url, tenant: Tenant, actor: Actor, method: str) -> bool | None:
    """What the table says about somebody's own; None for pages that are no page of a hub."""
    if url.view and issubclass(url.view, CustomerView):
        inside = tenant.customer.pk in actor.customer_ids
        if not inside and actor.launch is None:
            return False
        who = actor if actor.launch else actor.inside(tenant.customer)
        return level(who, url.control, customer=tenant.customer) >= needed(url, method)
    if url.view and issubclass(url.view, PartnerView):
        return level(actor, url.control, partner=tenant.partner) >= needed(url, method)
    return True if url.control is Control.SIGNED_IN else None


def asks_for_more(url: Url) -> bool:
    """Is it a form that only those get who may also send it?"""
    return getattr(url.view, "needed_level", None) is not PortalView.needed_level


def row_counts() -> dict[str, int]:
    """How many rows every table of the portal has, sessions aside."""
    models = [model for model in apps.get_models() if model._meta.app_label != "sessions"]
    return {model._meta.label: model._base_manager.count() for model in models}


def sweep(
    matrix: Matrix, who: str, tenants: list[str], *, name: str, actor: Actor | None = None, client: Client | None = None
) -> None:
    """Send everything that must be refused and every page that must be shown, and count."""
    actor, client = actor or matrix.actor(who), client or matrix.browser(who)
    foreign = [canary for tenant, canary in (CANARIES | {"sister": SISTER}).items() if tenant not in sees(who)]
    before = row_counts()
    allowed = []
    for url, tenant, method in requests(tenants):
        known = may_know(url, tenant, who)
        if known and is_allowed(url, matrix.tenants[tenant], actor, method) is not False:
            allowed.append((url, tenant, method))
            continue
        response = send(client, url.path(matrix.tenants[tenant]), method, htmx=False)
        expected = {403, 404} if known else {404}
        assert response.status_code in expected | ({405} if not answers(url, method) else set()), (
            who,
            method,
            url.route,
            tenant,
            response.status_code,
        )
        assert not [canary for canary in foreign if canary.encode() in body(response)], (who, url.route)
        CASES[name] += 1
    assert row_counts() == before, who
    for url, tenant, method in allowed:
        if method == "post":
            continue  # deeds have tests of their own
        response = send(client, url.path(matrix.tenants[tenant]), method, htmx=False)
        sure = is_allowed(url, matrix.tenants[tenant], actor, method) and not asks_for_more(url)
        fine = {200, 302, 404, 405} if sure else {200, 302, 403, 404, 405}
        assert response.status_code in fine, (who, url.route, tenant, response.status_code)
        assert not [canary for canary in foreign if canary.encode() in body(response)], (who, url.route)
        CASES[name] += 1


def requests(tenants: list[str]) -> Iterator[tuple[Url, str, str]]:
    for url in URLS:
        for tenant in tenants:
            for method in ("get", "post"):
                yield url, tenant, method


@pytest.mark.parametrize("who", INSIDE_ACME)
def test_every_role_of_a_customer_against_every_tenant(matrix: Matrix, who: str) -> None:
    sweep(matrix, who, list(matrix.tenants), name="matrix")


@pytest.mark.parametrize("who", WHO)
def test_a_sibling_is_seen_by_the_parent_only(matrix: Matrix, who: str) -> None:
    sweep(matrix, who, ["sister"], name="matrix")


@pytest.mark.parametrize("who", [who for who in EVERYBODY if who.startswith(("customer_", "external_"))])
def test_the_same_with_restricted_mode_switched(matrix: Matrix, who: str) -> None:
    for tenant in ("acme", "open_acme"):
        customer = matrix.tenants[tenant].customer
        customer.restricted = not customer.restricted
        Customer.objects.filter(pk=customer.pk).update(restricted=customer.restricted)
    sweep(matrix, who, sorted(sees(who)), name="matrix")


@pytest.mark.parametrize("restricted", [True, False])
@pytest.mark.parametrize("who", LAUNCHING)
def test_the_same_from_inside_a_launch(matrix: Matrix, who: str, restricted: bool) -> None:
    customer = matrix.tenants["acme"].customer
    Customer.objects.filter(pk=customer.pk).update(restricted=restricted)
    customer.restricted = restricted
    client, actor = matrix.browser(who), matrix.actor(who)
    launch(client, customer=customer, by=actor)
    inside = replace(actor, launch=CrossLaunch(customer=customer))
    sweep(matrix, who, ["acme"], name="matrix", actor=inside, client=client)


def test_a_sub_partners_customer_sees_neither_parent_nor_sibling(matrix: Matrix) -> None:
    sweep(matrix, "branch_customer_full", ["branch", "acme", "sister"], name="matrix")


def test_the_parents_staff_inside_a_sub_partners_customer(matrix: Matrix) -> None:
    customer = matrix.tenants["branch"].customer
    client, actor = matrix.browser("partner_full"), matrix.actor("partner_full")
    launch(client, customer=customer, by=actor)
    inside = replace(actor, launch=CrossLaunch(customer=customer))
    sweep(matrix, "partner_full", ["branch"], name="matrix", actor=inside, client=client)


def test_lent_rights_are_those_of_a_full_administrator(matrix: Matrix) -> None:
    customer, admin = matrix.tenants["acme"].customer, matrix.world.cast.admins["helpdesk_advanced"]
    client, actor = matrix.browser("helpdesk_advanced"), matrix.actor("helpdesk_advanced")
    launch(client, customer=customer, by=actor)
    lent = replace(actor, launch=CrossLaunch(customer=customer), temporary=make_rights(admin, customer))
    assert level(lent, Control.USERS_ADD, customer=customer) is Level.EDIT
    sweep(matrix, "helpdesk_advanced", ["acme"], name="matrix", actor=lent, client=client)


@pytest.mark.parametrize("who", ["partner_full", "helpdesk"])
def test_a_launch_opens_one_customer_and_no_other(matrix: Matrix, who: str) -> None:
    client, actor = matrix.browser(who), matrix.actor(who)
    launch(client, customer=matrix.tenants["acme"].customer, by=actor)
    before = row_counts()
    for url in URLS:
        if url.view and issubclass(url.view, CustomerView):
            for tenant, expected in (("open_acme", 403), ("south", 404)):
                response = send(client, url.path(matrix.tenants[tenant]), "get", htmx=False)
                assert response.status_code in {expected, 405}, (who, url.route, tenant)
                assert CANARIES[tenant].encode() not in body(response), (who, url.route)
                CASES["matrix"] += 1
    assert row_counts() == before
