"""/licenses and /roles."""

from collections.abc import Callable
from typing import Any

import pytest

from api.roles import role_id
from tenancy.opaque_ids import opaque_id
from tenancy.policy import Role
from tests.api.conftest import ApiClient
from tests.api.test_customers import next_path
from tests.api.test_devices import person_id
from tests.api.test_organizations import org_id
from tests.api.test_people import license_id
from tests.cast import Cast
from tests.factories import make_assignment, make_package, make_subscriber

Api = Callable[..., ApiClient]


def test_licences_are_the_packages_that_webex_has_enabled(api: Api, cast: Cast) -> None:
    cast.acme.meeting_site = "acme.meetings.example.com"
    cast.acme.save()
    calling = make_package(cast.acme, "webex_calling", license_id="calling-1", limit=5, used=2)
    hall = make_package(cast.acme, "common_area_calling", license_id="hall-1", used=3)
    make_package(cast.acme, "webex_suite", status="provisioning")
    common: dict[str, Any] = {"subscriptionId": cast.north.subscription_id}
    expected = [
        common
        | {
            "id": license_id(calling),
            "name": "Webex Calling",
            "totalUnits": 5,
            "consumedUnits": 2,
            "consumedByUsers": 2,
            "consumedByWorkspaces": 0,
            "siteUrl": "acme.meetings.example.com",
            "siteType": "Control Hub managed site",
        },
        common
        | {
            "id": license_id(hall),
            "name": "Common Area Calling",
            "totalUnits": -1,
            "consumedUnits": 3,
            "consumedByUsers": 0,
            "consumedByWorkspaces": 3,
        },
    ]
    client = api("partner_full")
    assert client.get(f"/licenses?orgId={org_id(cast.acme)}").json() == {"items": expected}
    assert client.get(f"/licenses/{license_id(hall)}").json() == expected[1]
    assert api("customer_readonly").get("/licenses").json() == {"items": expected}


def test_who_has_a_licence_in_pages(api: Api, cast: Cast) -> None:
    package = make_package(cast.acme, "webex_meetings", license_id="meetings-1")
    people = [make_subscriber(cast.acme) for _ in range(3)]
    for person in people:
        make_assignment(person, "webex_meetings")
    client, seen = api("partner_full"), []
    path = f"/licenses/{license_id(package)}?includeAssignedTo=user&limit=2"
    while path:
        response = client.get(path)
        seen += response.json()["users"]
        path = next_path(response.headers.get("Link", ""))
    assert seen == [
        {"id": person_id(person), "type": "INTERNAL", "displayName": str(person), "email": person.email}
        for person in people
    ]


@pytest.mark.parametrize(
    ("who", "status"),
    [("other_partner_full", 404), ("customer_full", 404), ("customer_device", 403), ("partner_readonly", 200)],
)
def test_whose_licence_it_is(api: Api, cast: Cast, who: str, status: int) -> None:
    package = make_package(cast.acme, "webex_meetings", license_id="meetings-1")
    assert api(who).get(f"/licenses/{license_id(package)}").status_code == status


def test_a_licence_that_does_not_exist(api: Api, cast: Cast) -> None:
    other = opaque_id("LICENSE", f"{cast.acme.org_id}:nothing")
    assert [api("partner_full").get(f"/licenses/{text}").status_code for text in (other, "nonsense")] == [404, 404]


def test_roles(api: Api) -> None:
    client = api("customer_support")
    items = client.get("/roles").json()["items"]
    assert [item["name"] for item in items] == [role.label for role in Role]
    full = {"id": role_id(Role.CUSTOMER_FULL), "name": "Full administrator"}
    assert client.get(f"/roles/{role_id(Role.CUSTOMER_FULL)}").json() == full
    assert client.get("/roles/nonsense").status_code == 404


def test_the_ids_of_roles_never_change() -> None:
    """They are made from the stored word: a client may keep them."""
    assert role_id(Role.CUSTOMER_FULL) == CUSTOMER_FULL


CUSTOMER_FULL = "Y2lzY29zcGFyazovL3VzL1JPTEUvNWFmMGI2NjEtNTQ3NS01ZWNjLThiNTUtNmEwNTgxNmJlZjlm"
