"""/people: users of an organization, whose packages are licences there."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from api import codes
from api.roles import role_id
from api.schemas.common import stamp
from controlhub.models import CustomerPackage, Location, PackageAssignment, Subscriber
from provisioning.models import ProvisioningJob
from tenancy.models import AuditEvent, Customer, RoleAssignment
from tenancy.opaque_ids import opaque_id
from tenancy.policy import Role
from tests.api.conftest import ApiClient
from tests.api.test_customers import next_path
from tests.api.test_devices import person_id
from tests.api.test_locations import location_id
from tests.api.test_organizations import org_id
from tests.cast import Cast
from tests.factories import (
    assign_locations,
    make_assignment,
    make_location,
    make_number,
    make_package,
    make_subscriber,
)

Api = Callable[..., ApiClient]
NUMBER = "+12175550123"


def license_id(package: CustomerPackage) -> str:
    return opaque_id("LICENSE", f"{package.customer.org_id}:{package.license_id}")


@pytest.fixture
def calling(cast: Cast) -> CustomerPackage:
    return make_package(cast.acme, "webex_calling", license_id="calling-1", limit=5)


@pytest.fixture
def meetings(cast: Cast) -> CustomerPackage:
    return make_package(cast.acme, "webex_meetings", license_id="meetings-1")


@pytest.fixture
def office(cast: Cast) -> Location:
    return make_location(cast.acme)


@pytest.fixture
def ada(cast: Cast, calling: CustomerPackage, meetings: CustomerPackage, office: Location) -> Subscriber:
    person = make_subscriber(
        cast.acme,
        first_name="Ada",
        last_name="Sample",
        email="ada@acme.example.com",
        location=office,
        extension="2001",
        person_id="5f0c5a52-7d0e-4c57-9b0a-0d5f3b5c6a11",
    )
    make_assignment(person)
    CustomerPackage.objects.filter(pk=calling.pk).update(used=1)
    make_number(office, NUMBER, subscriber=person)
    return person


def spoken(person: Subscriber, *packages: CustomerPackage, **more: Any) -> dict[str, Any]:
    said = {
        "id": person_id(person),
        "emails": [person.email],
        "displayName": f"{person.first_name} {person.last_name}",
        "firstName": person.first_name,
        "lastName": person.last_name,
        "orgId": org_id(person.customer),
        "phoneNumbers": [],
        "roles": [],
        "licenses": [license_id(package) for package in packages],
        "created": stamp(person.created_at),
        "status": "unknown",
        "invitePending": "false",
        "loginEnabled": "true",
        "type": "person",
    }
    return said | more


def of_ada(ada: Subscriber, calling: CustomerPackage, **more: Any) -> dict[str, Any]:
    numbers = [
        {"type": "work", "value": NUMBER, "primary": True},
        {"type": "work_extension", "value": ada.extension},
    ]
    return spoken(ada, calling, phoneNumbers=numbers, **more)


class TestReading:
    """Who is said to whom."""

    def test_one_person(self, api: Api, ada: Subscriber, calling: CustomerPackage, office: Location) -> None:
        client, path = api("partner_full"), f"/people/{person_id(ada)}"
        assert client.get(path).json() == of_ada(ada, calling)
        calls = of_ada(ada, calling, extension="2001", locationId=location_id(office))
        assert client.get(f"{path}?callingData=true").json() == calls
        older = opaque_id("PEOPLE", ada.public_id)
        assert client.get(f"/people/{older}").json() == of_ada(ada, calling)

    def test_somebody_who_waits_is_called_by_our_own_id(self, api: Api, cast: Cast) -> None:
        new = make_subscriber(cast.acme, status="pending")
        said = spoken(new, status="pending", invitePending="true")
        assert api("partner_full").get(f"/people/{opaque_id('PEOPLE', new.public_id)}").json() == said

    def test_filters(self, api: Api, cast: Cast, ada: Subscriber, calling: CustomerPackage) -> None:
        bob = make_subscriber(cast.acme, first_name="Bob Ray", last_name="Adams", status="suspended")
        bob.admin = cast.admins["customer_readonly"]
        bob.save(update_fields=["admin"])
        roles = [role_id(Role.CUSTOMER_READONLY)]
        said = [of_ada(ada, calling), spoken(bob, loginEnabled="false", roles=roles)]
        client, path = api("partner_full"), f"/people?orgId={org_id(cast.acme)}"
        for query, found in {
            "max=10": said,
            "email=ADA@acme.example.com": said[:1],
            "email=nobody@acme.example.com": [],
            "displayName=ad": said[:1],
            "displayName=bob%20ray%20a": said[1:],
            "displayName=Adams": [],
            f"locationId={location_id(ada.location)}": said[:1],
            "locationId=nonsense": [],
            f"roles={roles[0]},nonsense": said[1:],
        }.items():
            assert client.get(f"{path}&{query}").json() == {"items": found, "notFoundIds": []}, query

    def test_an_address_or_an_id_says_whose_it_is(self, api: Api, cast: Cast, ada: Subscriber) -> None:
        client = api("partner_full")
        assert client.get("/people").status_code == 400
        assert client.get("/people?email=ada@acme.example.com").json()["items"][0]["id"] == person_id(ada)
        nobody = opaque_id("PEOPLE", "5f0c5a52-7d0e-4c57-9b0a-0d5f3b5c6a12")
        other = make_subscriber(cast.open_acme)
        found = client.get(f"/people?id={person_id(other)},{nobody},{person_id(ada)}").json()
        assert [one["id"] for one in found["items"]] == [person_id(other), person_id(ada)]
        assert found["notFoundIds"] == [nobody]
        assert "status" not in found["items"][0]
        stranger = api("other_partner_full")
        assert stranger.get("/people?email=ada@acme.example.com").json() == {"items": [], "notFoundIds": []}
        assert stranger.get(f"/people?id={person_id(ada)}").json()["notFoundIds"] == [person_id(ada)]
        assert client.get(f"/people?id={','.join(f'id{n}' for n in range(86))}").status_code == 400

    def test_links_lead_to_the_end_at_constant_cost(self, api: Api, cast: Cast, calling: CustomerPackage) -> None:
        people = [make_subscriber(cast.acme) for _ in range(5)]
        client, seen, path = api("partner_full"), [], f"/people?orgId={org_id(cast.acme)}&max=2"
        client.get(path)
        costs = []
        while path:
            with CaptureQueriesContext(connection) as queries:
                response = client.get(path)
            costs.append(len(queries))
            seen += [item["id"] for item in response.json()["items"]]
            path = next_path(response.headers.get("Link", ""))
        assert seen == [person_id(person) for person in people]
        assert max(costs) <= 10, costs

    @pytest.mark.parametrize("who", ["customer_device", "customer_support", "customer_compliance"])
    def test_who_may_not_see_users_may_not_here_either(self, api: Api, ada: Subscriber, who: str) -> None:
        client = api(who)
        assert [client.get(path).status_code for path in ("/people", f"/people/{person_id(ada)}")] == [403, 403]

    def test_a_location_administrator_sees_his_own(self, api: Api, cast: Cast, ada: Subscriber) -> None:
        annex = make_location(cast.acme, "Annex")
        mine = make_subscriber(cast.acme, location=annex)
        assign_locations(cast.admins["customer_location"], annex)
        client = api("customer_location")
        assert client.get("/people").json()["items"] == [spoken(mine)]
        assert client.get("/people?email=ada@acme.example.com").json()["items"] == []
        assert client.get(f"/people/{person_id(ada)}").status_code == 404


class TestMe:
    """Whose token it is."""

    def test_partner_staff(self, api: Api, cast: Cast) -> None:
        paula = cast.admins["partner_full"]
        assert api("partner_full").get("/people/me").json() == {
            "id": opaque_id("PEOPLE", paula.public_id),
            "emails": [paula.email],
            "displayName": "Paula Full",
            "firstName": "Paula",
            "lastName": "Full",
            "orgId": org_id(cast.north),
            "roles": [role_id(Role.PARTNER_WHOLESALE)],
            "licenses": [],
            "created": stamp(paula.created_at),
            "status": "unknown",
            "invitePending": "false",
            "loginEnabled": "true",
            "type": "person",
        }

    def test_a_customers_administrator_who_is_a_user(
        self, api: Api, cast: Cast, ada: Subscriber, calling: CustomerPackage
    ) -> None:
        ada.admin = cast.admins["customer_restricted"]
        ada.save(update_fields=["admin"])
        roles = [role_id(Role.CUSTOMER_FULL)]
        assert api("customer_restricted").get("/people/me").json() == of_ada(ada, calling, roles=roles)
        assert api("customer_readonly").get("/people/me").json()["displayName"] == "Cora Reader"

    def test_somebody_whose_organization_is_gone(self, api: Api, cast: Cast) -> None:
        client = api("customer_full")
        Customer.objects.filter(pk=cast.open_acme.pk).update(deleted_at=cast.open_acme.created_at)
        me = client.get("/people/me").json()
        assert (me["displayName"], me["orgId"]) == ("Carla Full", "")
        assert client.get("/locations").status_code == 400


def new_body(customer: Customer, *packages: CustomerPackage, **changes: Any) -> dict[str, Any]:
    body = {
        "emails": ["Bea@acme.example.com"],
        "displayName": "Bea Sample",
        "orgId": org_id(customer),
        "licenses": [license_id(package) for package in packages],
    }
    return body | changes


class TestCreating:
    """POST /people."""

    def test_a_person_with_everything(
        self, api: Api, cast: Cast, ada: Subscriber, calling: CustomerPackage, office: Location
    ) -> None:
        body = new_body(
            cast.acme,
            calling,
            firstName="Bea",
            lastName="Sample",
            phoneNumbers=[{"type": "work", "value": "217 555 0124"}],
            extension="2002",
            locationId=location_id(office),
            roles=[role_id(Role.CUSTOMER_DEVICE)],
        )
        response = api("partner_full").post("/people?callingData=true", body)
        bea = Subscriber.objects.select_related("customer").get(email="bea@acme.example.com")
        assert bea.person_id is not None  # Webex knows her already
        assert (response.status_code, response.json()) == (
            200,
            spoken(
                bea,
                calling,
                phoneNumbers=[
                    {"type": "work", "value": "+12175550124", "primary": True},
                    {"type": "work_extension", "value": "2002"},
                ],
                extension="2002",
                locationId=location_id(office),
                roles=[role_id(Role.CUSTOMER_DEVICE)],
            ),
        )
        assert PackageAssignment.objects.get(subscriber=bea, ended_at=None).package == "webex_calling"

    def test_a_creation_that_is_sent_twice_is_done_once(
        self, api: Api, cast: Cast, ada: Subscriber, meetings: CustomerPackage
    ) -> None:
        client, body = api("partner_full"), new_body(cast.acme, meetings)
        first, second = (client.post("/people", body, Idempotency_Key="bea") for _ in range(2))
        assert (first.status_code, second.json(), Subscriber.objects.count()) == (200, first.json(), 2)

    def test_only_the_id(self, api: Api, cast: Cast, ada: Subscriber, meetings: CustomerPackage) -> None:
        said = api("partner_full").post("/people?minResponse=true", new_body(cast.acme, meetings)).json()
        assert said == {"id": person_id(Subscriber.objects.get(email="bea@acme.example.com"))}

    def test_the_owner_of_a_free_account_is_asked(
        self, api: Api, cast: Cast, ada: Subscriber, meetings: CustomerPackage
    ) -> None:
        body = new_body(cast.acme, meetings, emails=["bea@free.example.com"])
        said = api("partner_full").post("/people", body).json()
        assert (said["status"], said["invitePending"]) == ("pending", "true")
        assert api("partner_full").get(f"/people/{said['id']}").json() == said

    @pytest.mark.parametrize(
        ("changes", "status", "code"),
        [
            ({"emails": ["ada@acme.example.com"]}, 409, 10022),
            ({"emails": []}, 400, 1002),
            ({"emails": ["nobody"]}, 400, 4801),
            ({"licenses": None}, 400, "package_missing"),
            ({"licenses": ["nonsense"]}, 400, 80400),
            ({"displayName": None}, 400, 80002),
            ({"displayName": "Bea"}, 400, "name_invalid"),
            ({"department": "Sales"}, 400, 80002),
            ({"roles": ["nonsense"]}, 400, 80400),
            ({"roles": [role_id(Role.PARTNER_FULL)]}, 400, "wrong_roles"),
            ({"locationId": "nonsense"}, 404, 80404),
            ({"orgId": "nonsense"}, 404, 80404),
            ({"colour": "red"}, 400, 80001),
        ],
    )
    def test_what_is_wrong_leaves_nobody(
        self,
        api: Api,
        cast: Cast,
        ada: Subscriber,
        meetings: CustomerPackage,
        changes: dict[str, Any],
        status: int,
        code: int | str,
    ) -> None:
        response = api("partner_full").post("/people", new_body(cast.acme, meetings, **changes))
        number = codes.OF_RULE.get(code, code) if isinstance(code, str) else code
        assert (response.status_code, response.json()["errors"][0]["code"]) == (status, number), response.json()
        assert (Subscriber.objects.count(), ProvisioningJob.objects.count()) == (1, 0)

    @pytest.mark.parametrize(
        ("who", "status"),
        [
            ("customer_restricted", 403),
            ("customer_user_device", 403),
            ("external_full", 403),
            ("partner_admin", 403),
            ("partner_readonly", 403),
            ("other_partner_full", 404),
            ("customer_full", 404),
        ],
    )
    def test_restricted_mode_holds(
        self, api: Api, cast: Cast, ada: Subscriber, meetings: CustomerPackage, who: str, status: int
    ) -> None:
        assert api(who).post("/people", new_body(cast.acme, meetings)).status_code == status
        assert Subscriber.objects.count() == 1

    def test_without_it_a_customer_adds_its_own_users(self, api: Api, cast: Cast) -> None:
        package = make_package(cast.open_acme, "webex_meetings", license_id="meetings-2")
        body = new_body(cast.open_acme, package)
        del body["orgId"]
        assert api("customer_full").post("/people", body).status_code == 200
        assert Subscriber.objects.get().customer == cast.open_acme


class TestChanging:
    """PUT /people/{personId}: what differs is changed, each by its own right."""

    @pytest.fixture
    def path(self, ada: Subscriber) -> str:
        return f"/people/{person_id(ada)}?callingData=true"

    def sent_back(self, client: ApiClient, path: str) -> dict[str, Any]:
        read = client.get(path).json()
        return {name: value for name, value in read.items() if name not in READ_ONLY}

    def test_what_was_read_can_be_sent_back_by_anybody(self, api: Api, ada: Subscriber, path: str) -> None:
        for who in ("partner_full", "customer_restricted", "customer_readonly"):
            client = api(who)
            events, before = AuditEvent.objects.count(), client.get(path).json()
            response = client.put(path, self.sent_back(client, path))
            assert (response.status_code, response.json()) == (200, before)
            assert AuditEvent.objects.count() == events

    def test_everything_at_once(
        self, api: Api, ada: Subscriber, path: str, calling: CustomerPackage, meetings: CustomerPackage
    ) -> None:
        client = api("partner_full")
        change = {
            "displayName": "Ada Example",
            "emails": ["ada.example@acme.example.com"],
            "phoneNumbers": [{"type": "work", "value": "+1 217 555 0199"}],
            "extension": "2009",
            "roles": [role_id(Role.CUSTOMER_SUPPORT)],
            "loginEnabled": True,
        }
        said = client.put(path, change).json()
        ada.refresh_from_db()
        assert (str(ada), ada.email, ada.number.e164, ada.extension) == (
            "Ada Example",
            "ada.example@acme.example.com",
            "+12175550199",
            "2009",
        )
        assert said["roles"] == [role_id(Role.CUSTOMER_SUPPORT)]
        assert RoleAssignment.objects.get(admin=ada.admin).role == Role.CUSTOMER_SUPPORT

    def test_another_licence_is_another_package(
        self, api: Api, ada: Subscriber, path: str, calling: CustomerPackage, meetings: CustomerPackage
    ) -> None:
        client = api("partner_full")
        said = client.put(path, {"displayName": "Ada Sample", "licenses": [license_id(meetings)]}).json()
        assert said == spoken(ada, meetings, locationId=location_id(ada.location))
        back = {"displayName": "Ada Sample", "licenses": [license_id(calling)]}
        assert client.put(path, back).json()["errors"][0]["code"] == codes.OF_RULE["needs_number_or_extension"]
        said = client.put(path, back | {"extension": "2002"}).json()
        assert (said["licenses"], said["extension"]) == ([license_id(calling)], "2002")
        assert client.put(path, {"displayName": "Ada Sample", "licenses": []}).json()["licenses"] == []
        held = PackageAssignment.objects.filter(subscriber=ada).order_by("pk").values_list("package", flat=True)
        assert list(held) == ["webex_calling", "webex_meetings", "webex_calling"]

    def test_sign_in_is_switched(self, api: Api, ada: Subscriber, path: str) -> None:
        client = api("partner_full")
        off = client.put(path, {"displayName": "Ada Sample", "loginEnabled": False}).json()
        on = client.put(path, {"displayName": "Ada Sample", "loginEnabled": True}).json()
        assert (off["loginEnabled"], on["loginEnabled"]) == ("false", "true")

    def test_a_calling_user_is_not_moved(self, api: Api, cast: Cast, ada: Subscriber, path: str) -> None:
        annex = make_location(cast.acme, "Annex")
        change = {"displayName": "Ada Example", "locationId": location_id(annex)}
        assert api("partner_full").put(path, change).status_code == 400
        assert Subscriber.objects.get().last_name == "Sample"  # all or nothing

    def test_if_match(self, api: Api, ada: Subscriber, path: str) -> None:
        client = api("partner_full")
        tag = client.get(path).headers["ETag"]
        first = client.put(path, {"displayName": "Ada One"}, If_Match=tag)
        assert (first.status_code, first.headers["ETag"] != tag) == (200, True)
        assert client.put(path, {"displayName": "Ada Two"}, If_Match=tag).status_code == 412
        assert client.put(f"{path}&minResponse=true", {"displayName": "Ada Two"}).status_code == 204

    @pytest.mark.parametrize(
        "change",
        [
            {"emails": ["other@acme.example.com"]},
            {"phoneNumbers": [{"type": "work", "value": "+12175550199"}]},
            {"phoneNumbers": []},
            {"licenses": []},
        ],
    )
    def test_restricted_mode_holds(self, api: Api, ada: Subscriber, path: str, change: dict[str, Any]) -> None:
        before = api("partner_full").get(path).json()
        response = api("customer_restricted").put(path, {"displayName": "Ada Sample"} | change)
        assert (response.status_code, response.json()["errors"][0]["code"]) == (403, 81024)
        assert api("partner_full").get(path).json() == before

    def test_a_restricted_administrator_renames_and_sets_an_extension(
        self, api: Api, ada: Subscriber, path: str
    ) -> None:
        response = api("customer_restricted").put(path, {"displayName": "Ada Example", "extension": "2009"})
        assert (response.status_code, response.json()["extension"]) == (200, "2009")

    def test_a_stranger_finds_nobody(self, api: Api, ada: Subscriber, path: str) -> None:
        client = api("other_partner_full")
        assert client.put(path, {"displayName": "Mine"}).status_code == 404
        assert client.delete(f"/people/{person_id(ada)}").status_code == 404
        assert Subscriber.objects.get().deleted_at is None


READ_ONLY = {"id", "created", "status", "invitePending", "loginEnabled", "type"}


def test_a_person_is_deleted(api: Api, ada: Subscriber) -> None:
    path = f"/people/{person_id(ada)}"
    assert api("partner_admin").delete(path).status_code == 403
    client = api("partner_full")
    assert (client.delete(path).status_code, client.get(path).status_code) == (204, 404)
    assert PackageAssignment.objects.get().ended_at is not None
