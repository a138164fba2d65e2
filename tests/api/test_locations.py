"""/locations: listed with the headquarters first, created without calling, corrected, deleted."""

from collections.abc import Callable
from typing import Any

import pytest

from controlhub.models import Location
from tenancy.models import AuditEvent
from tenancy.opaque_ids import opaque_id
from tests.api.conftest import ApiClient
from tests.api.test_organizations import org_id
from tests.cast import Cast
from tests.factories import assign_locations, make_location

Api = Callable[..., ApiClient]
ADDRESS = {"address1": "1 Main Street", "city": "Springfield", "state": "IL", "postalCode": "62701", "country": "US"}
NEW = {
    "name": "Branch",
    "timeZone": "America/Chicago",
    "preferredLanguage": "en_US",
    "announcementLanguage": "es_MX",
    "address": ADDRESS,
}


def location_id(location: Location) -> str:
    return opaque_id("LOCATION", location.public_id)


def spoken(location: Location, **more: Any) -> dict[str, Any]:
    said = {
        "id": location_id(location),
        "name": location.name,
        "orgId": org_id(location.customer),
        "address": ADDRESS,
        "timeZone": "America/Chicago",
        "preferredLanguage": "en_us",
        "announcementLanguage": "en_us",
    }
    return said | more


@pytest.fixture
def branch(cast: Cast) -> Location:
    return make_location(cast.acme, "Annex")


@pytest.fixture
def office(cast: Cast, branch: Location) -> Location:
    return make_location(cast.acme)


def test_the_headquarters_comes_first(api: Api, cast: Cast, office: Location, branch: Location) -> None:
    items = api("partner_full").get(f"/locations?orgId={org_id(cast.acme)}").json()
    assert items == {"items": [spoken(office), spoken(branch)]}


def test_links_lead_through_the_list(api: Api, cast: Cast, office: Location, branch: Location) -> None:
    client = api("partner_full")
    first = client.get(f"/locations?orgId={org_id(cast.acme)}&max=1")
    following = first.headers["Link"].split("/v1", 1)[1].split(">", 1)[0]
    assert [first.json(), client.get(following).json()] == [{"items": [spoken(office)]}, {"items": [spoken(branch)]}]


def test_filters_match_exactly(api: Api, cast: Cast, office: Location, branch: Location) -> None:
    client, path = api("partner_full"), f"/locations?orgId={org_id(cast.acme)}"
    assert client.get(f"{path}&name=Annex").json() == {"items": [spoken(branch)]}
    assert client.get(f"{path}&id={location_id(office)}").json() == {"items": [spoken(office)]}
    assert client.get(f"{path}&id=nonsense").json() == {"items": []}


def test_partner_staff_say_whose_locations_they_mean(api: Api, office: Location) -> None:
    assert api("partner_full").get("/locations").status_code == 400
    assert api("customer_readonly").get("/locations").json()["items"][0] == spoken(office)


def test_a_location_administrator_sees_his_own(api: Api, cast: Cast, office: Location, branch: Location) -> None:
    assign_locations(cast.admins["customer_location"], branch)
    client = api("customer_location")
    assert client.get("/locations").json() == {"items": [spoken(branch)]}
    assert client.get(f"/locations/{location_id(office)}").status_code == 404
    assert client.put(f"/locations/{location_id(office)}", {"name": "Mine"}).status_code == 404
    assert client.put(f"/locations/{location_id(branch)}", {"name": "Mine"}).status_code == 204


def test_one_location_with_or_without_its_organization(api: Api, cast: Cast, office: Location) -> None:
    client, path = api("partner_full"), f"/locations/{location_id(office)}"
    assert client.get(path).json() == client.get(f"{path}?orgId={org_id(cast.acme)}").json() == spoken(office)
    assert client.get(f"{path}?orgId={org_id(cast.open_acme)}").status_code == 404


@pytest.mark.parametrize("who", ["other_partner_full", "subpartner_full", "other_customer_full"])
def test_strangers_find_nothing(api: Api, cast: Cast, office: Location, who: str) -> None:
    client, path = api(who), f"/locations/{location_id(office)}"
    found = [
        client.get(path).status_code,
        client.get(f"/locations?orgId={org_id(cast.acme)}").status_code,
        client.put(path, {"name": "Mine"}).status_code,
        client.delete(path).status_code,
        client.post(f"/locations?orgId={org_id(cast.acme)}", NEW).status_code,
    ]
    assert found == [404] * 5
    assert client.get("/locations/nonsense").status_code == 404


def test_a_location_is_created_without_calling(api: Api, cast: Cast, office: Location) -> None:
    response = api("partner_full").post("/locations", NEW | {"orgId": org_id(cast.acme)})
    made = Location.objects.get(name="Branch")
    assert (response.status_code, response.json()) == (200, spoken(made, announcementLanguage="es_mx"))
    assert (made.customer, made.is_headquarters, made.calling_enabled_at) == (cast.acme, False, None)
    assert AuditEvent.objects.get(action="location.created").door == "api"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"address": {**ADDRESS, "state": ""}}, "A state or province is needed for United States."),
        ({"timeZone": "Mars/Olympus"}, "Choose a time zone from the list."),
        ({"notes": "Behind the church"}, "notes: this portal does not keep it, so leave it out."),
        ({"floors": 3}, "floors: this field is not known."),
        ({"name": "headquarters"}, "There is a location called headquarters already."),
    ],
)
def test_what_is_wrong_is_said(api: Api, cast: Cast, office: Location, change: dict[str, Any], message: str) -> None:
    response = api("partner_full").post(f"/locations?orgId={org_id(cast.acme)}", NEW | change)
    assert (response.status_code in (400, 409), response.json()["message"]) == (True, message)
    assert Location.objects.filter(customer=cast.acme).count() == 2


def test_a_location_is_corrected_and_the_rest_stays(api: Api, cast: Cast, office: Location) -> None:
    client, path = api("partner_full"), f"/locations/{location_id(office)}"
    tag = client.get(path).headers["ETag"]
    change = {"name": "Main office", "address": {"address1": "2 Main Street"}}
    response = client.put(path, change, If_Match=tag)
    assert (response.status_code, response.content) == (204, b"")
    office.refresh_from_db()
    assert client.get(path).json() == spoken(office, address=ADDRESS | {"address1": "2 Main Street"})
    assert (office.name, office.confirmed_at) == ("Main office", None)  # a new address is confirmed again
    assert client.put(path, change, If_Match=tag).status_code == 412


@pytest.mark.parametrize(
    ("who", "status"), [("customer_readonly", 403), ("customer_device", 403), ("customer_restricted", 204)]
)
def test_the_policy_table_holds(api: Api, cast: Cast, office: Location, who: str, status: int) -> None:
    response = api(who).put(f"/locations/{location_id(office)}", {"name": "Main office"})
    assert (response.status_code, Location.objects.filter(name="Main office").exists()) == (status, status == 204)


def test_only_an_empty_branch_is_deleted(api: Api, cast: Cast, office: Location, branch: Location) -> None:
    client = api("partner_full")
    assert client.delete(f"/locations/{location_id(office)}").json()["errors"][0]["code"] == 81025
    assert client.delete(f"/locations/{location_id(branch)}").status_code == 204
    assert client.get(f"/locations/{location_id(branch)}").status_code == 404
