"""/wholesale/subscribers: created, listed, changed, removed, asked for consent."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from api import codes
from api.schemas.common import stamp
from controlhub.models import ConsentRequest, Location, PackageAssignment, Subscriber
from controlhub.services.packages import assign_package
from provisioning.models import ProvisioningJob
from tenancy.actors import SYSTEM
from tenancy.models import AuditEvent, Customer
from tenancy.opaque_ids import opaque_id
from tests.api.conftest import ApiClient
from tests.api.test_customers import customer_id, next_path, passed
from tests.cast import Cast
from tests.factories import make_assignment, make_location, make_package, make_subscriber, make_template
from tests.provisioning.helpers import run_to_end

Api = Callable[..., ApiClient]
PATH = "/wholesale/subscribers"


@pytest.fixture
def acme(cast: Cast) -> Customer:
    make_package(cast.acme, "webex_calling", limit=5)
    make_package(cast.acme, "webex_meetings")
    make_package(cast.acme, "attendant_console")
    make_location(cast.acme)
    make_subscriber(cast.acme, email="first@acme.example.com")  # so that nobody below becomes the administrator
    return cast.acme


def body(customer: Customer, **changes: Any) -> dict[str, Any]:
    parameters = {"firstName": "Ada", "lastName": "Sample", "primaryPhoneNumber": "+12175550123", "extension": "2001"}
    order = {
        "customerId": customer_id(customer),
        "email": "Ada@acme.example.com",
        "packages": ["webex_calling"],
        "provisioningParameters": parameters,
    }
    return order | changes


def subscriber_id(subscriber: Subscriber) -> str:
    return opaque_id("SUBSCRIBER", subscriber.public_id)


def spoken(subscriber: Subscriber, *packages: str, **more: Any) -> dict[str, Any]:
    said = {
        "id": subscriber_id(subscriber),
        "email": subscriber.email,
        "customerId": customer_id(subscriber.customer),
        "externalCustomerId": subscriber.customer.external_id,
        "package": packages[0],
        "packages": list(packages),
        "status": "provisioned",
        "created": stamp(subscriber.created_at),
        "lastStatusChange": stamp(subscriber.status_changed_at),
    }
    if more.get("status") != "pending_user_migration":
        said["personId"] = opaque_id("PEOPLE", subscriber.person_id or subscriber.public_id)
    return said | more


def test_a_subscriber_is_created_and_billed_from_now(api: Api, acme: Customer, settings: Any) -> None:
    response = api("partner_full").post(PATH, body(acme, packages=["attendant_console", "webex_calling"]))
    ada = Subscriber.objects.select_related("customer", "number").get(email="ada@acme.example.com")
    assert (response.status_code, response.json()) == (200, spoken(ada, "webex_calling", "attendant_console"))
    assert response.headers["Location"] == f"{settings.BASE_URL}/v1{PATH}/{subscriber_id(ada)}"
    assert (ada.number.e164, ada.extension, str(ada.location)) == ("+12175550123", "2001", "Headquarters")
    open_now = PackageAssignment.objects.filter(subscriber=ada, ended_at=None).order_by("package")
    assert list(open_now.values_list("package", flat=True)) == ["attendant_console", "webex_calling"]
    for job in ProvisioningJob.objects.filter(customer=acme):
        run_to_end(job)
    ada.refresh_from_db()
    assert api("partner_full").get(f"{PATH}/{subscriber_id(ada)}").json() == spoken(
        ada, "webex_calling", "attendant_console"
    )


def test_creating_a_subscriber_asks_the_database_little(api: Api, acme: Customer) -> None:
    client = api("partner_full")
    client.get("/roles")  # the first use of a token is written down
    for extension in ("2001", "2002"):  # the customer's first event also begins its audit chain
        order = body(acme, email=f"{extension}@acme.example.com")
        order["provisioningParameters"] = {"firstName": "Ada", "lastName": "Sample", "extension": extension}
        with CaptureQueriesContext(connection) as queries:
            assert client.post(PATH, order).status_code == 200
    assert len(queries) <= 22, [query["sql"][:90] for query in queries.captured_queries]


def test_the_owner_of_a_free_account_is_asked_first(api: Api, acme: Customer) -> None:
    client = api("partner_full")
    response = client.post(PATH, body(acme, email="ada@free.example.com"))
    ada = Subscriber.objects.select_related("customer").get(email="ada@free.example.com")
    waiting = spoken(ada, "webex_calling", status="pending_user_migration")
    assert (response.status_code, response.json()) == (202, waiting)
    assert client.get(f"{PATH}?status=pending_user_migration").json() == {"items": [waiting]}
    resent = client.post(f"/subscribers/{subscriber_id(ada)}/emails/consentMove")
    assert (resent.status_code, resent.content, ConsentRequest.objects.get().round) == (204, b"", 2)


def test_nobody_is_asked_who_does_not_have_to_be(api: Api, acme: Customer) -> None:
    first = Subscriber.objects.get()
    response = api("partner_full").post(f"/subscribers/{subscriber_id(first)}/emails/consentMove")
    assert (response.status_code, ConsentRequest.objects.count()) == (400, 0)


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"email": "first@acme.example.com"}, 409, 10022),
        ({"email": "no address"}, 400, 4801),
        ({"packages": ["webex_suite"]}, 400, "package_not_enabled"),
        ({"packages": ["webex_calling", "webex_meetings"]}, 400, "one_base_package"),
        ({"package": "webex_calling"}, 400, 80002),
        ({"packages": None}, 400, 80002),
        ({"packages": ["common_area_calling"]}, 400, 80002),
        ({"provisioningParameters": {"firstName": "Ada", "lastName": "Sample"}}, 400, "needs_number_or_extension"),
        ({"provisioningParameters": {"firstName": "Ada", "lastName": "S", "extension": "911"}}, 400, 4911),
    ],
)
def test_what_is_wrong_is_said_with_its_number(
    api: Api, acme: Customer, changes: dict[str, Any], status: int, code: int | str
) -> None:
    events = AuditEvent.objects.count()
    client = api("partner_full")
    response = client.post(PATH, body(acme, **changes))
    number = codes.OF_RULE[code] if isinstance(code, str) else code
    assert (response.status_code, response.json()["errors"][0]["code"]) == (status, number), response.json()
    assert (Subscriber.objects.count(), AuditEvent.objects.count()) == (1, events + 1)  # the token's own event


def test_seat_six_of_five_is_refused(api: Api, acme: Customer) -> None:
    acme.packages.filter(package="webex_calling").update(used=5)
    response = api("partner_full").post(PATH, body(acme))
    assert (response.status_code, [error["code"] for error in response.json()["errors"]]) == (
        409,
        [codes.OF_RULE["limit_reached"]],
    )


def test_with_two_locations_one_must_be_named(api: Api, acme: Customer) -> None:
    branch = make_location(acme, "Branch")
    client = api("partner_full")
    assert client.post(PATH, body(acme)).status_code == 400
    named = body(acme)
    named["provisioningParameters"]["locationId"] = opaque_id("LOCATION", branch.public_id)
    assert client.post(PATH, named).status_code == 200
    assert Subscriber.objects.get(email="ada@acme.example.com").location == branch


@pytest.mark.parametrize("who", ["partner_admin", "partner_readonly", "customer_full"])
def test_who_may_not_change_licences_may_not_here_either(api: Api, acme: Customer, who: str) -> None:
    ada = make_subscriber(acme)
    client = api(who)
    refusals = [
        client.post(PATH, body(acme)).status_code,
        client.put(f"{PATH}/{subscriber_id(ada)}", {"package": "webex_meetings"}).status_code,
        client.delete(f"{PATH}/{subscriber_id(ada)}").status_code,
    ]
    assert refusals == [403, 403, 403]
    assert Subscriber.objects.filter(deleted_at=None).count() == 2


def test_a_stranger_finds_nobody(api: Api, acme: Customer) -> None:
    ada = make_subscriber(acme)
    client = api("other_partner_full")
    assert client.get(PATH).json() == {"items": []}
    assert client.get(f"{PATH}/{subscriber_id(ada)}").status_code == 404
    assert client.post(PATH, body(acme)).status_code == 404
    assert client.delete(f"{PATH}/{subscriber_id(ada)}").status_code == 404


def test_put_moves_to_another_package_in_one_second(api: Api, acme: Customer) -> None:
    ada = make_subscriber(acme)
    assign_package(subscriber=ada, package="webex_meetings", by=SYSTEM)
    change = {"packages": ["webex_calling", "attendant_console"]}
    client, path = api("partner_full"), f"{PATH}/{subscriber_id(ada)}"
    assert client.put(path, change).status_code == 400  # a calling user needs a number or an extension
    response = client.put(path, change | {"provisioningParameters": {"extension": "2002"}})
    ada.refresh_from_db()
    assert (response.status_code, response.json()) == (200, spoken(ada, "webex_calling", "attendant_console"))
    before, after = PackageAssignment.objects.filter(subscriber=ada, is_base=True).order_by("pk")
    assert (before.package, before.ended_at, after.package) == ("webex_meetings", after.started_at, "webex_calling")
    assert client.put(path, {"package": "webex_calling"}).json() == spoken(ada, "webex_calling")


def test_the_same_packages_again_change_nothing(api: Api, acme: Customer) -> None:
    ada = make_subscriber(acme)
    assign_package(subscriber=ada, package="webex_meetings", by=SYSTEM)
    client = api("partner_full")
    events = AuditEvent.objects.count()
    assert client.put(f"{PATH}/{subscriber_id(ada)}", {"package": "webex_meetings"}).status_code == 200
    assert AuditEvent.objects.count() == events


def test_delete_ends_everything_and_keeps_the_history(api: Api, acme: Customer) -> None:
    ada = make_subscriber(acme)
    assign_package(subscriber=ada, package="webex_meetings", by=SYSTEM)
    client, path = api("partner_full"), f"{PATH}/{subscriber_id(ada)}"
    response = client.delete(path)
    assert (response.status_code, response.content) == (204, b"")
    assert (client.get(path).status_code, client.delete(path).status_code) == (404, 404)
    assert PackageAssignment.objects.get(subscriber=ada).ended_at is not None


class TestList:
    """Filters, order, pages, cost."""

    @pytest.fixture
    def people(self, cast: Cast, acme: Customer) -> list[Subscriber]:
        Subscriber.objects.all().delete()
        start = datetime(2026, 1, 1, tzinfo=UTC)
        made = [
            make_subscriber(
                acme if number % 2 else cast.open_acme,
                created_at=start + timedelta(days=number),
                status_changed_at=start + timedelta(days=10 - number),
            )
            for number in range(6)
        ]
        for person in made:
            make_assignment(person, "webex_meetings")
        return made

    def ids(self, response: Any) -> list[str]:
        return [item["id"] for item in response.json()["items"]]

    @pytest.mark.parametrize(
        ("query", "places"),
        [
            ("", [0, 1, 2, 3, 4, 5]),
            ("sortOrder=DESC", [5, 4, 3, 2, 1, 0]),
            ("sortBy=lastStatusChange", [5, 4, 3, 2, 1, 0]),
            ("after=2026-01-03T12:00:00Z", [3, 4, 5]),
            ("after=1767441600000", [3, 4, 5]),
            ("after=2026-01-04T08:14:00%2B20:14", [3, 4, 5]),
            ("lastStatusChange=2026-01-07T12:00:00Z", [0, 1, 2, 3]),
            ("status=pending_user_migration", []),
            ("customerId=nonsense", []),
            ("personId=nonsense", []),
        ],
    )
    def test_filters_and_orders(self, api: Api, people: list[Subscriber], query: str, places: list[int]) -> None:
        found = self.ids(api("partner_full").get(f"{PATH}?{query}"))
        assert found == [subscriber_id(people[place]) for place in places]

    def test_exact_filters_together(self, api: Api, people: list[Subscriber]) -> None:
        one = people[3]
        query = (
            f"email={one.email}&customerId={customer_id(one.customer)}&externalCustomerId={one.customer.external_id}"
        )
        client = api("partner_full")
        assert client.get(f"{PATH}?{query}").json() == {"items": [spoken(one, "webex_meetings")]}
        assert client.get(f"{PATH}?{query}&after=2027-01-01T00:00:00Z").json() == {"items": []}

    def test_whoever_sees_assigned_customers_sees_their_people(self, api: Api, people: list[Subscriber]) -> None:
        assert self.ids(api("partner_admin").get(PATH)) == [subscriber_id(people[place]) for place in (1, 3, 5)]

    def test_links_lead_to_the_end(self, api: Api, people: list[Subscriber]) -> None:
        client, seen, path = api("partner_full"), [], f"{PATH}?max=4"
        while path:
            response = client.get(path)
            seen += self.ids(response)
            path = next_path(response.headers.get("Link", ""))
        assert seen == [subscriber_id(person) for person in people]

    def test_the_number_of_queries_does_not_grow(self, cast: Cast, api: Api, people: list[Subscriber]) -> None:
        client = api("partner_full")
        counts = []
        client.get(PATH)  # the first use of a token is written down
        for size in (1, 6):
            with CaptureQueriesContext(
                connection,
            ) as queries:
                client.get(f"{PATH}?max={size}")
            counts.append(len(queries))
        assert counts[0] == counts[1] <= 8


class TestPrecheck:
    """Three variants; nothing stays."""

    def test_at_an_existing_customer(self, api: Api, acme: Customer) -> None:
        client = api("partner_full")
        ask = {"customerId": customer_id(acme), "email": "new@acme.example.com"}
        assert client.post(f"{PATH}/validate", ask).json() == passed()
        taken = client.post(f"{PATH}/validate", ask | {"email": "first@acme.example.com"})
        assert (taken.status_code, taken.json()["errors"][0]["code"]) == (409, 10022)

    def test_at_a_future_customer(self, cast: Cast, api: Api) -> None:
        client = api("partner_full")
        provisioning_id = make_template(cast.north).provisioning_id
        ask = {"provisioningId": provisioning_id, "email": "new@acme.example.com", "package": "webex_calling"}
        assert client.post(f"{PATH}/validate", ask).json() == passed()
        assert client.post(f"{PATH}/validate", {"email": "new@acme.example.com"}).status_code == 400
        assert client.post(f"{PATH}/validate", ask | {"provisioningId": "wrong"}).status_code == 400

    def test_with_everything(self, api: Api, acme: Customer) -> None:
        client = api("partner_full")
        assert client.post(f"{PATH}/validate", body(acme)).json() == passed()
        wrong = body(acme, provisioningParameters={"firstName": "Ada", "lastName": "Sample", "extension": "911"})
        assert client.post(f"{PATH}/validate", wrong).json()["errors"][0]["code"] == 4911
        assert (Subscriber.objects.count(), ProvisioningJob.objects.count()) == (1, 0)
        assert Location.objects.get().numbers.count() == 0
