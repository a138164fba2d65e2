"""Calling at a location: set-up, main number, calling line, PSTN connection, numbers."""

from collections.abc import Callable
from typing import Any

import pytest

from controlhub.models import Location, PhoneNumber
from provisioning.models import ProvisioningJob, SimulatedEffect
from tenancy.models import AuditEvent
from tenancy.opaque_ids import opaque_id
from tests.api.conftest import ApiClient
from tests.api.test_locations import location_id
from tests.api.test_organizations import org_id
from tests.cast import Cast
from tests.factories import make_location, make_number, make_queue, make_subscriber, make_workspace
from tests.provisioning.helpers import run_to_end

Api = Callable[..., ApiClient]
N1, N2 = "+12175550101", "+12175550102"


@pytest.fixture
def office(cast: Cast) -> Location:
    return make_location(cast.acme)


def calling_path(location: Location) -> str:
    return f"/telephony/config/locations/{location_id(location)}"


def pstn_path(location: Location, leaf: str = "connection") -> str:
    return f"/telephony/pstn/locations/{location_id(location)}/{leaf}"


def spoken(location: Location, **more: Any) -> dict[str, Any]:
    said = {
        "id": location_id(location),
        "name": location.name,
        "announcementLanguage": "en_us",
        "callingLineId": {"name": location.customer.name},
        "enforceOutsideDialDigit": False,
    }
    return said | more


class TestLocation:
    """/telephony/config/locations."""

    def test_only_locations_with_calling(self, api: Api, cast: Cast, office: Location) -> None:
        depot = make_location(cast.acme, "Depot", calling_enabled_at=None)
        client = api("partner_full")
        found = client.get(f"/telephony/config/locations?orgId={org_id(cast.acme)}")
        assert found.json() == {"locations": [spoken(office)]}
        assert client.get(calling_path(office)).json() == spoken(office)
        assert client.get(calling_path(depot)).status_code == 404

    def test_calling_is_set_up(self, api: Api, cast: Cast) -> None:
        depot = make_location(cast.acme, "Depot", calling_enabled_at=None)
        client = api("partner_full")
        body = client.get(f"/locations/{location_id(depot)}").json()
        response = client.post("/telephony/config/locations", body | {"announcementLanguage": "es_mx"})
        assert (response.status_code, response.json()) == (201, {"id": location_id(depot)})
        assert client.get(calling_path(depot)).json() == spoken(depot, announcementLanguage="es_mx")

    def test_main_number_and_calling_line_reach_webex(self, api: Api, cast: Cast, office: Location) -> None:
        make_number(office, N1)
        client, path = api("partner_full"), calling_path(office)
        line = {"name": "Acme calling", "phoneNumber": N1}
        # What the reference application sends (domain.md 2.9, step 6).
        body = {"callingLineId": line, "enforceOutsideDialDigit": True, "outsideDialDigit": "42"}
        response = client.put(path, body)
        assert (response.status_code, response.content) == (204, b"")
        assert client.get(path).json() == spoken(
            office, callingLineId=line, enforceOutsideDialDigit=True, outsideDialDigit="42"
        )
        for job in ProvisioningJob.objects.order_by("pk"):
            run_to_end(job)
        told = SimulatedEffect.objects.filter(key__contains="update_location").latest("pk").payload["facts"]
        assert (told["main_number"], told["calling_line_name"], told["outside_dial_digit"]) == (
            N1,
            "Acme calling",
            "42",
        )

    def test_what_is_left_out_stays_and_null_clears(self, api: Api, cast: Cast, office: Location) -> None:
        number = make_number(office, N1)
        Location.objects.filter(pk=office.pk).update(
            main_number=number, calling_line_name="Line", outside_dial_digit="9"
        )
        client, path = api("partner_full"), calling_path(office)
        client.put(path, {"callingLineId": {"phoneNumber": None}})
        kept = spoken(office, callingLineId={"name": "Line"}, outsideDialDigit="9")
        assert client.get(path).json() == kept
        client.put(path, {"callingLineId": {"name": None}, "outsideDialDigit": None, "pAccessNetworkInfo": "cell-7"})
        assert client.get(path).json() == spoken(office, pAccessNetworkInfo="cell-7")

    @pytest.mark.parametrize(
        ("body", "status", "code"),
        [
            ({"callingLineId": {"phoneNumber": N2}}, 400, 81075),
            ({"enforceOutsideDialDigit": True}, 400, 81161),
            ({"outsideDialDigit": "nine"}, 400, 81161),
            ({"routingPrefix": "8"}, 400, 80002),
            ({"mainNumber": N1}, 400, 80001),
        ],
    )
    def test_what_is_wrong_changes_nothing(
        self, api: Api, office: Location, body: dict[str, Any], status: int, code: int
    ) -> None:
        client = api("partner_full")
        events = AuditEvent.objects.count()
        response = client.put(calling_path(office), body)
        assert (response.status_code, response.json()["errors"][0]["code"]) == (status, code)
        assert AuditEvent.objects.count() == events

    @pytest.mark.parametrize(
        ("who", "read"), [("customer_restricted", 403), ("external_full", 403), ("partner_readonly", 200)]
    )
    def test_calling_set_up_is_the_service_providers(self, api: Api, office: Location, who: str, read: int) -> None:
        make_number(office, N1)
        client = api(who)
        assert client.get(calling_path(office)).status_code == read
        assert client.put(calling_path(office), {"callingLineId": {"phoneNumber": N1}}).status_code == 403
        assert client.put(calling_path(office), {"outsideDialDigit": "9"}).status_code == 403
        assert api("partner_full").get(calling_path(office)).json() == spoken(office)


class TestPstn:
    """/telephony/pstn."""

    def options(self, client: ApiClient, office: Location, query: str = "") -> dict[str, dict[str, Any]]:
        items = client.get(pstn_path(office, f"connectionOptions{query}")).json()["items"]
        return {f"{item['pstnConnectionType']} {item['displayName']}": item for item in items}

    def test_options_are_those_of_the_country(self, api: Api, office: Location) -> None:
        options = self.options(api("partner_full"), office)
        assert list(options) == [
            "LOCAL_GATEWAY Premises-based (Local Gateway)",
            "NON_INTEGRATED_CCP Northern Carrier",
            "INTEGRATED_CCP Northern Carrier",
            "CISCO_PSTN Cisco Calling Plan",
        ]
        mobile = self.options(api("partner_full"), office, "?serviceTypes=MOBILE_NUMBERS")
        assert [option.split()[0] for option in mobile] == ["LOCAL_GATEWAY", "INTEGRATED_CCP"]

    def test_a_provider_is_chosen_by_its_id(self, api: Api, office: Location) -> None:
        client = api("partner_full")
        assert client.get(pstn_path(office)).json() == {}
        option = self.options(client, office)["NON_INTEGRATED_CCP Northern Carrier"]
        assert client.put(pstn_path(office), {"id": option["id"]}).status_code == 204
        assert client.get(pstn_path(office)).json() == option
        office.refresh_from_db()
        assert (office.pstn, office.pstn_provider) == ("NON_INTEGRATED_CCP", "Northern Carrier")

    def test_a_local_gateway_has_a_route(self, api: Api, office: Location) -> None:
        client = api("partner_full")
        route = {"premiseRouteType": "TRUNK", "premiseRouteId": "trunk-1"}
        assert client.put(pstn_path(office), {"premiseRouteType": "TRUNK"}).status_code == 400
        assert client.put(pstn_path(office), route).status_code == 204
        now = client.get(pstn_path(office)).json()
        assert (now["pstnConnectionType"], now["routeType"], now["routeId"]) == ("LOCAL_GATEWAY", "TRUNK", "trunk-1")
        assert client.get(calling_path(office)).json()["connection"] == {"type": "TRUNK", "id": "trunk-1"}

    def test_a_carriers_order_is_not_set_here(self, api: Api, office: Location) -> None:
        client = api("partner_full")
        option = self.options(client, office)["INTEGRATED_CCP Northern Carrier"]
        assert client.put(pstn_path(office), {"id": option["id"]}).status_code == 400
        assert client.put(pstn_path(office), {"id": "nonsense"}).status_code == 400
        assert client.get(pstn_path(office)).json() == {}

    def test_restricted_mode_hides_and_refuses(self, api: Api, office: Location) -> None:
        client = api("customer_restricted")
        assert [option.split()[0] for option in self.options(client, office)] == [
            "NON_INTEGRATED_CCP",
            "INTEGRATED_CCP",
        ]
        body = {"premiseRouteType": "TRUNK", "premiseRouteId": "trunk-1"}
        assert client.put(pstn_path(office), body).status_code == 403
        assert client.put(pstn_path(office), {"id": "nonsense"}).status_code == 403
        assert Location.objects.get(pk=office.pk).pstn == ""


class TestNumbers:
    """Numbers of a location, and of the whole organization."""

    @pytest.fixture
    def path(self, office: Location) -> str:
        return f"{calling_path(office)}/numbers"

    def state(self) -> dict[str, str]:
        return dict(PhoneNumber.objects.order_by("e164").values_list("e164", "state"))

    def test_numbers_are_added_once(self, api: Api, office: Location, path: str) -> None:
        client = api("partner_full")
        response = client.post(path, {"phoneNumbers": [N1, N2], "state": "ACTIVE"})
        assert (response.status_code, response.content, self.state()) == (201, b"", {N1: "ACTIVE", N2: "ACTIVE"})
        assert client.post(path, {"phoneNumbers": [N2], "numberType": "DID"}).status_code == 201
        assert self.state() == {N1: "ACTIVE", N2: "ACTIVE"}
        assert AuditEvent.objects.filter(action="number.added").count() == 1

    def test_all_or_none(self, api: Api, cast: Cast, office: Location, path: str) -> None:
        make_number(make_location(cast.south_customer), N2)
        response = api("partner_full").post(path, {"phoneNumbers": [N1, N2]})
        assert (response.status_code, response.json()["errors"][0]["code"]) == (409, 4201)
        assert self.state() == {N2: "ACTIVE"}

    @pytest.mark.parametrize("numbers", [[], ["217 555 0101"], ["+12175550101-0109"], [7], "all"])
    def test_numbers_are_e164(self, api: Api, path: str, numbers: Any) -> None:
        assert api("partner_full").post(path, {"phoneNumbers": numbers}).status_code == 400
        assert self.state() == {}

    def test_numbers_are_switched(self, api: Api, office: Location, path: str) -> None:
        client = api("partner_full")
        client.post(path, {"phoneNumbers": [N1, N2]})
        assert self.state() == {N1: "INACTIVE", N2: "INACTIVE"}
        assert client.put(path, {"phoneNumbers": [N1]}).status_code == 204
        assert client.put(path, {"phoneNumbers": [N1, N2]}).status_code == 204  # one of them is active already
        assert client.put(path, {"phoneNumbers": [N2], "action": "DEACTIVATE"}).status_code == 204
        assert self.state() == {N1: "ACTIVE", N2: "INACTIVE"}

    def test_a_number_of_somebody_stays(self, api: Api, cast: Cast, office: Location, path: str) -> None:
        make_number(office, N1)
        make_number(office, N2, subscriber=make_subscriber(cast.acme, location=office))
        client = api("partner_full")
        for send in (
            lambda: client.send("DELETE", path, {"phoneNumbers": [N1, N2]}),
            lambda: client.put(path, {"phoneNumbers": [N1, N2], "action": "DEACTIVATE"}),
        ):
            response = send()
            assert (response.status_code, response.json()["errors"][0]["code"]) == (400, 81163)
            assert self.state() == {N1: "ACTIVE", N2: "ACTIVE"}
        assert client.send("DELETE", path, {"phoneNumbers": [N1]}).status_code == 204
        assert self.state() == {N2: "ACTIVE"}

    def test_another_locations_number_is_unknown_here(self, api: Api, cast: Cast, office: Location, path: str) -> None:
        make_number(make_location(cast.acme, "Annex"), N1)
        response = api("partner_full").send("DELETE", path, {"phoneNumbers": [N1]})
        assert (response.status_code, response.json()["errors"][0]["code"], self.state()) == (
            400,
            81162,
            {N1: "ACTIVE"},
        )

    @pytest.mark.parametrize("who", ["customer_restricted", "customer_user_device", "partner_readonly"])
    def test_the_inventory_is_the_service_providers(self, api: Api, office: Location, path: str, who: str) -> None:
        make_number(office, N1)
        client = api(who)
        refusals = [
            client.post(path, {"phoneNumbers": [N2]}).status_code,
            client.put(path, {"phoneNumbers": [N1], "action": "DEACTIVATE"}).status_code,
            client.send("DELETE", path, {"phoneNumbers": [N1]}).status_code,
        ]
        assert (refusals, self.state()) == ([403, 403, 403], {N1: "ACTIVE"})

    def test_a_stranger_finds_no_location(self, api: Api, path: str) -> None:
        assert api("other_partner_full").post(path, {"phoneNumbers": [N1]}).status_code == 404
        assert self.state() == {}

    def test_the_inventory_says_whose_each_is(self, api: Api, cast: Cast, office: Location) -> None:
        ada = make_subscriber(cast.acme, first_name="Ada", last_name="Sample", location=office, extension="2001")
        make_number(office, N1, subscriber=ada)
        make_number(office, N2, state="INACTIVE")
        place = {"id": location_id(office), "name": "Headquarters"}
        mine = {
            "phoneNumber": N1,
            "extension": "2001",
            "state": "ACTIVE",
            "phoneNumberType": "PRIMARY",
            "mainNumber": False,
            "tollFreeNumber": False,
            "includedTelephonyTypes": "PSTN_NUMBER",
            "isServiceNumber": False,
            "location": place,
            "owner": {
                "id": opaque_id("PEOPLE", ada.public_id),
                "type": "PEOPLE",
                "firstName": "Ada",
                "lastName": "Sample",
            },
        }
        free = {
            "phoneNumber": N2,
            "state": "INACTIVE",
            "mainNumber": False,
            "tollFreeNumber": False,
            "includedTelephonyTypes": "PSTN_NUMBER",
            "isServiceNumber": False,
            "location": place,
        }
        client, path = api("partner_full"), f"/telephony/config/numbers?orgId={org_id(cast.acme)}"
        assert client.get(path).json() == {"phoneNumbers": [mine, free]}
        for query, found in {
            "available=true": [free],
            "assigned=true": [mine],
            "ownerType=PEOPLE": [mine],
            "state=INACTIVE": [free],
            f"locationId={location_id(office)}&phoneNumber=0101": [mine],
            "locationId=nonsense": [],
            "tollFreeNumbers=true": [],
        }.items():
            assert client.get(f"{path}&{query}").json() == {"phoneNumbers": found}, query

    def test_pages_by_start(self, api: Api, cast: Cast, office: Location) -> None:
        make_number(office, N1, workspace=make_workspace(office))
        make_number(office, N2, queue=make_queue(office))
        client, path = api("partner_full"), f"/telephony/config/numbers?orgId={org_id(cast.acme)}&max=1"
        first = client.get(path)
        following = first.headers["Link"].split("/v1", 1)[1].split(">", 1)[0]
        assert "start=1" in following
        pages = [first.json(), client.get(following).json(), client.get(f"{path}&start=1").json()]
        owners = [(page["phoneNumbers"][0]["phoneNumber"], page["phoneNumbers"][0]["owner"]["type"]) for page in pages]
        assert owners == [(N1, "PLACE"), (N2, "CALL_QUEUE"), (N2, "CALL_QUEUE")]
