"""/devices: by MAC address, by activation code, listed, deleted."""

from collections.abc import Callable
from typing import Any

import pytest

from api.schemas.common import stamp
from controlhub.models import Device, Location, Subscriber
from tenancy.opaque_ids import opaque_id
from tests.api.conftest import ApiClient
from tests.api.test_locations import location_id
from tests.api.test_organizations import org_id
from tests.cast import Cast
from tests.factories import (
    assign_locations,
    make_assignment,
    make_device,
    make_location,
    make_subscriber,
    make_workspace,
)

Api = Callable[..., ApiClient]
MAC = "02:00:00:AA:BB:01"


@pytest.fixture
def office(cast: Cast) -> Location:
    return make_location(cast.acme)


@pytest.fixture
def ada(cast: Cast, office: Location) -> Subscriber:
    person = make_subscriber(cast.acme, first_name="Ada", last_name="Sample", location=office)
    make_assignment(person)
    return person


def person_id(person: Subscriber) -> str:
    return opaque_id("PEOPLE", person.person_id or person.public_id)


def device_id(device: Device) -> str:
    return opaque_id("DEVICE", device.public_id)


def spoken(device: Device, **more: Any) -> dict[str, Any]:
    owner = device.subscriber
    said = {
        "id": device_id(device),
        "displayName": "Cisco 8865",
        "orgId": org_id(device.customer),
        "capabilities": [],
        "permissions": [],
        "connectionStatus": "activating",
        "product": "Cisco 8865",
        "type": "phone",
        "mac": MAC,
        "errorCodes": [],
        "managedBy": "CISCO",
        "created": stamp(device.created_at),
    }
    if owner:
        said |= {"personId": person_id(owner), "locationId": location_id(owner.location)}
    return said | more


@pytest.mark.parametrize("model", ["Cisco 8865", "DMS Cisco 8865", "cisco-8865"])
def test_a_phone_is_added_by_its_mac_address(api: Api, cast: Cast, ada: Subscriber, model: str) -> None:
    client = api("partner_full")
    body = {"mac": MAC.replace(":", ""), "personId": person_id(ada), "model": model}
    response = client.post(f"/devices?orgId={org_id(cast.acme)}", body)
    device = Device.objects.select_related("customer", "subscriber__location").get()
    assert (response.status_code, response.json()) == (200, spoken(device))
    assert client.get(f"/devices/{device_id(device)}").json() == spoken(device)
    assert client.post("/devices", body).json()["errors"][0]["code"] == 81047  # in use


def test_a_person_is_found_without_the_organization(api: Api, ada: Subscriber) -> None:
    body = {"mac": MAC, "personId": person_id(ada), "model": "Cisco 8865"}
    assert api("partner_full").post("/devices", body).status_code == 200


def test_a_workspace_gets_an_activation_code_once(api: Api, office: Location) -> None:
    room = make_workspace(office, "Hall")
    make_assignment(room, "common_area_calling")
    body = {"workspaceId": opaque_id("PLACES", room.public_id), "model": "Cisco 9841"}
    response = api("partner_full").post("/devices/activationCode", body)
    device = Device.objects.get()
    assert (response.status_code, len(response.json()["code"])) == (200, 16)
    assert response.json()["expiryTime"] == stamp(device.code_expires_at)
    assert device.workspace == room


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"model": "Toaster 3000"}, 400, 81050),
        ({"mac": "00:00:00:00:00:00"}, 400, 81048),
        ({"mac": "short"}, 400, 1002),
        ({"personId": None}, 400, 80002),
        ({"workspaceId": "x"}, 400, 80002),
        ({"personId": "nonsense"}, 404, 80404),
        ({"password": "secret"}, 400, 80002),
        ({"model": "Poly Edge E220"}, 400, 81106),
        ({"tags": []}, 400, 80001),
    ],
)
def test_what_is_wrong_is_said(api: Api, ada: Subscriber, change: dict[str, Any], status: int, code: int) -> None:
    body = {"mac": MAC, "personId": person_id(ada), "model": "Cisco 8865"} | change
    response = api("partner_full").post("/devices", body)
    assert (response.status_code, response.json()["errors"][0]["code"]) == (status, code), response.json()
    assert not Device.objects.exists()


def test_nobody_without_calling_gets_a_phone(api: Api, cast: Cast, ada: Subscriber) -> None:
    bob = make_subscriber(cast.acme)
    body = {"mac": MAC, "personId": person_id(bob), "model": "Cisco 8865"}
    assert api("partner_full").post("/devices", body).json()["errors"][0]["code"] == 81077


@pytest.mark.parametrize(
    ("who", "status"),
    [
        ("customer_device", 200),
        ("customer_user_device", 200),
        ("customer_restricted", 200),
        ("partner_admin", 200),
        ("customer_readonly", 403),
        ("customer_support", 403),
        ("partner_readonly", 403),
        ("helpdesk", 403),
        ("other_partner_full", 404),
        ("customer_full", 404),
    ],
)
def test_the_policy_table_holds(api: Api, ada: Subscriber, who: str, status: int) -> None:
    body = {"mac": MAC, "personId": person_id(ada), "model": "Cisco 8865"}
    response = api(who).post("/devices", body)
    assert (response.status_code, Device.objects.count()) == (status, int(status == 200))


def test_filters(api: Api, cast: Cast, ada: Subscriber, office: Location) -> None:
    mine = make_device(ada, model="cisco-8865", mac="020000AABB01", status="online", serial="S-1")
    room = make_workspace(make_location(cast.acme, "Annex"), "Hall")
    bar = make_device(room, model="cisco-room-bar", status="failed", error="No answer.")
    client, path = api("partner_full"), f"/devices?orgId={org_id(cast.acme)}"
    for query, found in {
        "max=100": [mine, bar],
        f"personId={person_id(ada)}": [mine],
        f"workspaceId={opaque_id('PLACES', room.public_id)}": [bar],
        f"locationId={location_id(office)}": [mine],
        "type=roomdesk": [bar],
        "connectionStatus=connected": [mine],
        "connectionStatus=disconnected": [bar],
        "product=Cisco 8865": [mine],
        "mac=02-00-00-aa-bb-01": [mine],
        "serial=S-1": [mine],
        "mac=nonsense": [],
        "personId=nonsense": [],
    }.items():
        items = client.get(f"{path}&{query.replace(' ', '%20')}").json()["items"]
        assert [item["id"] for item in items] == [device_id(device) for device in found], query
    assert client.get(f"/devices/{device_id(bar)}").json()["errorCodes"] == ["No answer."]


def test_a_location_administrator_sees_his_own(api: Api, cast: Cast, ada: Subscriber, office: Location) -> None:
    annex = make_location(cast.acme, "Annex")
    mine, other = make_device(make_workspace(annex)), make_device(ada)
    assign_locations(cast.admins["customer_location"], annex)
    client = api("customer_location")
    assert [item["id"] for item in client.get("/devices").json()["items"]] == [device_id(mine)]
    assert client.get(f"/devices/{device_id(other)}").status_code == 404
    assert client.delete(f"/devices/{device_id(other)}").status_code == 404


def test_a_device_is_deleted(api: Api, ada: Subscriber) -> None:
    device = make_device(ada)
    path = f"/devices/{device_id(device)}"
    assert api("other_partner_full").delete(path).status_code == 404
    assert api("customer_readonly").delete(path).status_code == 403
    assert Device.objects.count() == 1
    response = api("partner_full").delete(path)
    assert (response.status_code, response.content, Device.objects.count()) == (204, b"", 0)
