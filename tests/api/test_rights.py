"""Wholesale operations x every role x every tenant, and every operation x every single scope: exactly the documented pairs work.

Each request is undone, so that every one meets the same rows, and could succeed but for rights: its body is a good one.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from api.operation import OPERATIONS, SAFE, Operation
from tenancy.access import level
from tenancy.models import AuditEvent, Partner
from tenancy.opaque_ids import opaque_id
from tenancy.policy import Control, Level
from tenancy.tokens import SCOPES
from tests.api.conftest import ApiClient
from tests.api.things import known_in
from tests.api.undone import undone
from tests.cast import Cast
from tests.factories import make_template
from tests.sweeps.counting import CASES
from tests.sweeps.test_urls import IN_PARTNER_HUB, PARTNER_OF, SEES, WHO
from tests.sweeps.world import Tenant, World, make_world

Api = Callable[..., ApiClient]
HERE = [op for op in OPERATIONS if op.path.startswith(("/wholesale/", "/subscribers/", "/webhooks"))]
TENANTS = list(PARTNER_OF)
# About the partner of the token alone: no other can be named.
OWN_ONLY = {"GET /wholesale/billing/reports", "POST /wholesale/billing/reports", "GET /wholesale/subPartners"}
HOOK = {
    "name": "Billing",
    "targetUrl": "https://billing.example.com/hook",
    "resource": "wholesaleCustomers",
    "event": "created",
    "secret": "a-secret-of-some-length",
}


def name_of(op: Operation) -> str:
    return f"{op.method} {op.path}"


@pytest.fixture
def world(cast: Cast, settings: Any) -> World:
    settings.API_REQUESTS_PER_MINUTE = 10**9
    return make_world(cast)


def bodies(tenant: Tenant, new_customer: dict[str, Any]) -> dict[str, Any]:
    """A good body for every operation that takes one."""
    customer = opaque_id("ENTERPRISE", tenant.customer.public_id)
    line = {"firstName": "Nora", "lastName": "New", "extension": "4321"}
    person = {"customerId": customer, "email": "nora@new.example.com", "provisioningParameters": line}
    packages = {"packages": ["webex_calling", "common_area_calling"]}
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    return {
        "POST /webhooks": HOOK,
        "PUT /webhooks/{webhookId}": {"name": HOOK["name"], "targetUrl": HOOK["targetUrl"]},
        "POST /wholesale/customers": new_customer,
        "PUT /wholesale/customers/{customerId}": packages,
        "POST /wholesale/customers/validate": {"address": new_customer["address"]},
        "POST /wholesale/subscribers": person | {"package": "webex_calling"},
        "PUT /wholesale/subscribers/{subscriberId}": {"package": "webex_calling"},
        "POST /wholesale/subscribers/validate": {"customerId": customer, "email": "nora@new.example.com"},
        "POST /wholesale/billing/reports": {
            "billingStartDate": f"{yesterday:%Y-%m-01}",
            "billingEndDate": str(yesterday),
        },
    }


def send(client: ApiClient, op: Operation, tenant: Tenant, body: Any, own: Partner | None) -> Any:
    """For a sub-partner's things the parent says on whose behalf it works."""
    path = op.path.format(**known_in(op.path, tenant))
    if own and tenant.partner != own and "reports" not in op.path and not op.path.endswith("subPartners"):
        path += f"?onBehalfOfSubPartnerOrgId={opaque_id('ORGANIZATION', tenant.partner.public_id)}"
    return client.send(op.method, path, body)


def names_one(op: Operation) -> bool:
    """Is a request about a thing of one customer, named in its path or in its body?"""
    of_customer = "{" in op.path and "/reports" not in op.path and "/webhooks" not in op.path
    return of_customer or (op.method == "POST" and op.path.startswith("/wholesale/subscribers"))


def verdict(cast: Cast, who: str, op: Operation, name: str, tenant: Tenant) -> str:
    """What the documents say: "works", "forbidden", or "unknown" for what a stranger asks."""
    if who not in IN_PARTNER_HUB:
        return "forbidden"  # a customer's administrator: the Wholesale API is the service provider's
    if op.path.endswith("/reports/{id}") and PARTNER_OF[name] != PARTNERS[who]:
        return "unknown"  # a sub-partner's own reports are its own; its parent makes others about it
    if PARTNER_OF[name] not in IN_PARTNER_HUB[who] or (names_one(op) and name not in SEES[who]):
        return "unknown"
    needed = Level.READ_ONLY if op.method in SAFE else Level.EDIT
    inside = not op.control.startswith("partner.")
    where = {"customer": tenant.customer} if inside else {"partner": tenant.partner}
    return "works" if level(cast.actor(who, door="api"), op.control, **where) >= needed else "forbidden"


@pytest.mark.slow
@pytest.mark.parametrize("who", WHO)
def test_the_documented_pairs_work_and_no_others(
    world: World, api: Api, new_customer: dict[str, Any], who: str
) -> None:
    client, wrong = api(who), []
    own = PARTNERS.get(who)
    for name in TENANTS:
        tenant: Tenant = getattr(world, name)
        order = new_customer | {"provisioningId": make_template(tenant.partner, f"Of {name}").provisioning_id}
        good = bodies(tenant, order)
        for op in HERE:
            if name_of(op) in OWN_ONLY and PARTNER_OF[name] != own:
                continue
            wanted = verdict(world.cast, who, op, name, tenant)
            with undone():
                events = AuditEvent.objects.count()
                response = send(client, op, tenant, good.get(name_of(op)), own and getattr(world.cast, own))
                changed = AuditEvent.objects.count() != events
            CASES["rights of the API"] += 1
            if found(response) != wanted or (changed and wanted != "works"):
                wrong.append((name_of(op), name, wanted, response.status_code, response.content[:200]))
    assert wrong == []


PARTNERS = dict.fromkeys(("partner_full", "partner_plain", "partner_admin", "partner_readonly", "helpdesk"), "north")
PARTNERS |= {"subpartner_full": "branch", "other_partner_full": "south"}


def found(response: Any) -> str:
    """What came of a request. A rule or a state in the way (81xxx) is past the rights, which is what is looked at here."""
    if response.status_code in (403, 404):
        return {403: "forbidden", 404: "unknown"}[response.status_code]
    past = response.status_code < 300 or all(error["code"] > 81000 for error in response.json()["errors"])
    return "works" if past else str(response.status_code)


@pytest.mark.slow
@pytest.mark.parametrize("scope", SCOPES)
def test_a_single_scope_opens_its_own_operations_only(world: World, api: Api, scope: str) -> None:
    """The scope is asked first, so that neither a good id nor a good body is needed to see whether it is."""
    client = api("partner_full", scopes=[scope])
    for op in OPERATIONS:
        with undone():
            response = client.send(op.method, re.sub(r"[{}]", "", op.path))
        lacking = response.status_code == 403 and response.json()["errors"][0]["code"] == 80003
        assert lacking is (op.scope != scope), (name_of(op), scope, response.status_code)
        CASES["scopes of the API"] += 1


def test_every_control_of_these_operations_is_in_the_table() -> None:
    assert {op.control for op in HERE} <= set(Control)
