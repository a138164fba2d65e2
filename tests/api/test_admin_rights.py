"""The admin API gives the policy table's verdict: every operation x everybody who stands at a customer, from either side."""

from collections.abc import Callable
from typing import Any

import pytest

from api.operation import OPERATIONS, SAFE, Operation
from api.roles import role_id
from tenancy.access import level
from tenancy.models import AuditEvent
from tenancy.opaque_ids import opaque_id
from tenancy.policy import Level, Role
from tenancy.tokens import SCOPES
from tests.api.conftest import ApiClient
from tests.cast import Cast
from tests.factories import assign_locations
from tests.sweeps.test_doors import WHOLESALE
from tests.sweeps.world import Tenant, make_tenant

Api = Callable[..., ApiClient]
INSIDE = [op for op in OPERATIONS if not op.path.startswith(WHOLESALE)]
# About nobody's organization, or about several: they have tests of their own.
ELSEWHERE = {
    "GET /organizations",
    "GET /people/me",
    "GET /roles",
    "GET /roles/{roleId}",
    "GET /adminAudit/eventCategories",
}
CAST = (
    "partner_full", "partner_plain", "partner_admin", "partner_readonly", "helpdesk", "customer_restricted",
    "customer_readonly", "customer_support", "customer_user_device", "customer_device", "customer_location",
    "customer_compliance", "external_full", "external_readonly",
)  # fmt: skip
PLACE = {"address1": "1 Main Street", "city": "Springfield", "state": "IL", "postalCode": "62701", "country": "US"}
NEW_PLACE = {
    "name": "Annex",
    "timeZone": "America/Chicago",
    "preferredLanguage": "en_us",
    "announcementLanguage": "en_us",
    "address": PLACE,
}
YEAR = "&from=2020-01-01T00:00:00Z&to=2020-12-31T00:00:00Z"
NUMBERS = {"phoneNumbers": ["+12175559901"]}


def name_of(op: Operation) -> str:
    return f"{op.method} {op.path}"


def bodies(tenant: Tenant) -> dict[str, dict[str, Any]]:
    """A body for every operation that changes something, such that only rights can be in the way."""
    room = opaque_id("PLACES", tenant.ids["workspace"])
    return {
        "PUT /organizations/{orgId}": {"displayName": "Another name"},
        "PATCH /identity/organizations/{orgId}": {"displayName": "Another name"},
        "POST /locations": NEW_PLACE,
        "PUT /locations/{locationId}": {"name": "Main office"},
        "DELETE /locations/{locationId}": {},
        "POST /telephony/config/locations": {
            "id": opaque_id("LOCATION", tenant.ids["location"]),
            "announcementLanguage": "en_us",
        },
        "PUT /telephony/config/locations/{locationId}": {"outsideDialDigit": "9"},
        "POST /telephony/config/locations/{locationId}/numbers": NUMBERS,
        "PUT /telephony/config/locations/{locationId}/numbers": NUMBERS,
        "DELETE /telephony/config/locations/{locationId}/numbers": NUMBERS,
        "PUT /telephony/pstn/locations/{locationId}/connection": {
            "premiseRouteType": "TRUNK",
            "premiseRouteId": "trunk-1",
        },
        "POST /devices": {"mac": "02:00:00:AA:BB:01", "model": "Cisco 8865", "workspaceId": room},
        "POST /devices/activationCode": {"model": "Cisco 8865", "workspaceId": room},
        "DELETE /devices/{deviceId}": {},
        "POST /people": {
            "emails": ["new@x.example.com"],
            "displayName": "New Person",
            "licenses": [opaque_id("LICENSE", f"{tenant.customer.org_id}:calling-1")],
            "extension": "8801",
            "orgId": opaque_id("ORGANIZATION", tenant.customer.org_id),
        },
        "PUT /people/{personId}": {"displayName": "Another Name"},
        "DELETE /people/{personId}": {},
    }


def path_of(op: Operation, tenant: Tenant) -> str:
    org_id = opaque_id("ORGANIZATION", tenant.customer.org_id)
    ids = {
        "orgId": org_id,
        "locationId": opaque_id("LOCATION", tenant.ids["location"]),
        "deviceId": opaque_id("DEVICE", tenant.ids["device"]),
        "personId": opaque_id("PEOPLE", tenant.ids["subscriber"]),
        "licenseId": opaque_id("LICENSE", f"{tenant.customer.org_id}:calling-1"),
        "roleId": role_id(Role.CUSTOMER_FULL),
    }
    query = "" if "{orgId}" in op.path else f"?orgId={org_id}"
    return op.path.format(**ids) + query + (YEAR if op.path == "/adminAudit/events" else "")


@pytest.fixture
def tenant(cast: Cast) -> Tenant:
    made = make_tenant(cast.north, cast.acme, "Canary")
    cast.acme.packages.filter(package="webex_calling").update(license_id="calling-1")
    assign_locations(cast.admins["customer_location"], *cast.acme.locations.all())
    return made


def send(client: ApiClient, op: Operation, tenant: Tenant) -> Any:
    return client.send(op.method, path_of(op, tenant), bodies(tenant).get(name_of(op)) or None)


def test_every_operation_is_here(tenant: Tenant) -> None:
    changing = {name_of(op) for op in INSIDE if op.method not in SAFE}
    assert changing == set(bodies(tenant))


@pytest.mark.slow
@pytest.mark.parametrize("who", CAST)
def test_the_table_decides(cast: Cast, api: Api, tenant: Tenant, who: str) -> None:
    client, actor = api(who), cast.actor(who)
    wrong = []
    for op in INSIDE:
        if name_of(op) in ELSEWHERE:
            continue
        needed = Level.READ_ONLY if op.method in SAFE else Level.EDIT
        refused = level(actor, op.control, customer=tenant.customer) < needed
        events = AuditEvent.objects.count()
        response = send(client, op, tenant)
        if (response.status_code == 403) is not refused or response.status_code >= 500:
            wrong.append((name_of(op), op.control, response.status_code, response.content))
        if refused and AuditEvent.objects.count() != events:
            wrong.append((name_of(op), "a refusal changed something"))
    assert wrong == []


@pytest.mark.slow
@pytest.mark.parametrize("who", ["other_partner_full", "subpartner_full", "customer_full", "other_customer_full"])
def test_strangers_get_404_and_learn_nothing(cast: Cast, api: Api, tenant: Tenant, who: str) -> None:
    client, events = api(who), AuditEvent.objects.count()
    for op in INSIDE:
        if name_of(op) in ELSEWHERE:
            continue
        response = send(client, op, tenant)
        assert (response.status_code, b"Canary" in response.content) == (404, False), name_of(op)
    assert AuditEvent.objects.count() == events


def test_every_operation_needs_its_own_scope(cast: Cast, api: Api, tenant: Tenant) -> None:
    for op in INSIDE:
        client = api("partner_full", scopes=[scope for scope in SCOPES if scope != op.scope])
        response = send(client, op, tenant)
        assert (response.status_code, response.json()["errors"][0]["code"]) == (403, 80003), name_of(op)
