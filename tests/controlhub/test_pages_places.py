"""Overview, locations, numbers, workspaces and account."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from controlhub.models import CustomerPackage, Location, PhoneNumber
from controlhub.queries.numbers import numbers_of
from controlhub.queries.overview import checklist, places_of
from controlhub.queries.packages import package_meters
from tenancy.models import AuditEvent, Customer
from tests.cast import Cast
from tests.controlhub.pages import Office, furnish, page
from tests.factories import make_assignment, make_location, make_number, make_package, make_subscriber, make_workspace
from tests.launching import launch

SignIn = Callable[[str], Client]
ADDRESS = {
    "name": "Lakeside",
    "address_line1": "200 Lake Road",
    "city": "Peoria",
    "state": "IL",
    "postal_code": "61602",
    "country": "US",
    "time_zone": "America/Chicago",
    "language": "en_us",
}


@pytest.fixture
def office(cast: Cast) -> Office:
    """Open Acme, not restricted."""
    return furnish(cast.open_acme)


@pytest.fixture
def staff(office: Office, cast: Cast, sign_in: SignIn) -> Client:
    """A partner full administrator inside Open Acme."""
    client = sign_in("partner_full")
    launch(client, customer=office.customer, by=cast.actor("partner_full"))
    return client


def steps(customer: Customer) -> list[tuple[str, bool, str]]:
    return [
        (item.title, item.done, item.detail)
        for item in checklist(customer, package_meters(customer), places_of(customer))
    ]


def queries_of(client: Client, url: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(url).status_code == 200
    return len(captured)


def test_checklist_goes_from_locations_to_users(cast: Cast) -> None:
    customer = cast.open_acme
    make_package(customer, "webex_calling")
    assert steps(customer) == [
        ("Confirm locations", False, "There is no location yet."),
        ("Connect to the PSTN", False, "Needs a location first."),
        ("Add phone numbers", False, "There are no numbers yet."),
        ("Add users", False, "Nobody has a package yet."),
    ]
    hq = make_location(customer, confirmed_at=None)
    assert steps(customer)[0] == ("Confirm locations", False, "To be confirmed: Headquarters.")
    Location.objects.update(confirmed_at=hq.created_at, pstn="LOCAL_GATEWAY")
    make_number(hq)
    CustomerPackage.objects.update(used=2)
    assert steps(customer) == [
        ("Confirm locations", True, "Confirmed."),
        ("Connect to the PSTN", True, "Every location is connected."),
        ("Add phone numbers", True, "Some numbers are free."),
        ("Add users", True, "Users with a package: 2."),
    ]


def test_checklist_without_calling_needs_no_numbers(cast: Cast) -> None:
    make_package(cast.open_acme, "webex_meetings")
    assert [done for _, done, _ in steps(cast.open_acme)] == [True, True, True, False]


@pytest.mark.parametrize(
    ("name", "counts"),
    [("location-list", [6, 6]), ("number-list", [7, 7]), ("workspace-list", [7, 7])],
)
def test_queries_do_not_grow_with_the_rows(cast: Cast, sign_in: SignIn, name: str, counts: list[int]) -> None:
    customer, client = cast.open_acme, sign_in("customer_full")
    hq, measured = make_location(customer), []
    client.get(page(name, customer))
    for wanted in (1, 3):
        while customer.workspaces.count() < wanted:
            room = make_workspace(hq)
            make_assignment(room, "common_area_calling")
            make_number(hq, workspace=room)
            if customer.locations.count() < wanted:
                make_location(customer, f"Branch {room.pk}")
        measured.append(queries_of(client, page(name, customer)))
    assert measured == counts


def test_locations_count_users_and_numbers_apart(office: Office, sign_in: SignIn) -> None:
    make_subscriber(office.customer, location=office.headquarters)
    rows = sign_in("customer_full").get(page("location-list", office.customer)).context["page"].items
    assert [(row.name, row.user_count, row.number_count) for row in rows] == [("Headquarters", 2, 2)]


def test_location_search(office: Office, sign_in: SignIn) -> None:
    make_location(office.customer, "Lakeside", city="Peoria")
    client, url = sign_in("customer_full"), page("location-list", office.customer)
    assert [row.name for row in client.get(url, {"q": "peoria"}).context["page"].items] == ["Lakeside"]
    assert "No locations found" in client.get(url, {"q": "nowhere"}).content.decode()


def test_a_location_is_added_confirmed(office: Office, sign_in: SignIn) -> None:
    answer = sign_in("customer_full").post(page("location-create", office.customer), ADDRESS)
    lakeside = office.customer.locations.get(name="Lakeside")
    assert answer.headers["Location"] == page("location-detail", office.customer, lakeside)
    assert (lakeside.confirmed_at is None, lakeside.pstn, lakeside.postal_code) == (False, "", "61602")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "headquarters"}, "name"),
        ({"postal_code": "ABC"}, "postal_code"),
        ({"state": ""}, "state"),
        ({"country": "XX"}, "country"),
        ({"time_zone": "Mars/Base"}, "time_zone"),
        ({"language": "xx"}, "language"),
        ({"city": "x" * 51}, "city"),
    ],
)
def test_a_wrong_address_is_told_beside_the_field(
    office: Office, sign_in: SignIn, wrong: dict[str, str], field: str
) -> None:
    answer = sign_in("customer_full").post(page("location-create", office.customer), ADDRESS | wrong)
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, [field])
    assert "200 Lake Road" in answer.content.decode()
    assert office.customer.locations.count() == 1


def test_changing_the_address_asks_for_confirmation_again(office: Office, sign_in: SignIn) -> None:
    client, hq = sign_in("customer_full"), office.headquarters
    client.post(page("location-edit", office.customer, hq), ADDRESS | {"name": "Headquarters"})
    hq.refresh_from_db()
    assert (hq.city, hq.confirmed_at) == ("Peoria", None)
    client.post(page("location-confirm", office.customer, hq))
    hq.refresh_from_db()
    assert hq.confirmed_at is not None


def test_partner_staff_connect_a_location_to_the_pstn(office: Office, staff: Client) -> None:
    url = page("location-edit", office.customer, office.headquarters)
    pstn = {"pstn": "NON_INTEGRATED_CCP", "pstn_provider": "Atlantic Voice"}
    refused = staff.post(url, ADDRESS | pstn)
    assert (refused.status_code, list(refused.context["form"].errors)) == (422, ["pstn_provider"])
    pstn["pstn_provider"] = "Northern Carrier"
    assert staff.post(url, ADDRESS | pstn).status_code == 302
    office.headquarters.refresh_from_db()
    assert (office.headquarters.pstn, office.headquarters.pstn_provider) == ("NON_INTEGRATED_CCP", "Northern Carrier")


def test_number_filters(office: Office) -> None:
    room = make_workspace(office.headquarters, "Reception")
    rooms = make_number(office.headquarters, "+12175550150", workspace=room, state="INACTIVE")
    adas, free = office.ada.number, office.free

    def found(**narrow: str) -> set[str]:
        return set(numbers_of(office.customer, **narrow).values_list("e164", flat=True))  # type: ignore[arg-type]

    assert found() == {adas.e164, free.e164, rooms.e164}
    assert found(owner="free") == {free.e164}
    assert found(owner="assigned") == {adas.e164, rooms.e164}
    assert found(state="INACTIVE") == {rooms.e164}
    assert found(search="archer") == {adas.e164}
    assert found(search="recep") == {rooms.e164}
    assert found(search="(217) 555-0150") == {rooms.e164}


def test_partner_staff_add_numbers_and_ranges(office: Office, staff: Client) -> None:
    values = {"location": str(office.headquarters.public_id), "numbers": "+12175550160-0162\n(217) 555-0170"}
    answer = staff.post(page("number-add", office.customer), values)
    assert answer.headers["Location"] == page("number-list", office.customer)
    added = ["+12175550160", "+12175550161", "+12175550162", "+12175550170"]
    assert list(PhoneNumber.objects.filter(e164__in=added).order_by("e164").values_list("e164", flat=True)) == added


def test_bad_lines_are_named_and_nothing_is_added(office: Office, staff: Client) -> None:
    values = {"location": str(office.headquarters.public_id), "numbers": f"+12175550160\nabc\n{office.free.e164}"}
    answer = staff.post(page("number-add", office.customer), values)
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, ["numbers"])
    assert "Line 2, abc" in answer.content.decode()
    assert "+12175550160" in answer.content.decode()
    assert office.customer.numbers.count() == 2


@pytest.mark.parametrize("htmx", [False, True])
def test_check_shows_how_numbers_are_read_and_adds_none(office: Office, staff: Client, htmx: bool) -> None:
    before = PhoneNumber.objects.count()
    values = {"location": str(office.headquarters.public_id), "numbers": "(217) 555-0150 to 0152\nbanana", "check": "1"}
    headers = {"HX-Request": "true"} if htmx else {}
    answer = staff.post(page("number-add", office.customer), values, headers=headers)
    content = answer.content.decode()
    assert answer.status_code == 200
    assert [text in content for text in ("+12175550150", "+12175550152", "1 entry is wrong.")] == [True] * 3
    assert ("<html" in content) is not htmx
    answer = staff.post(page("number-add", office.customer), values | {"location": ""}, headers=headers)
    told = "This field is required." in answer.content.decode()
    assert (answer.status_code, told) == (200 if htmx else 422, True)
    assert PhoneNumber.objects.count() == before


def test_numbers_export(office: Office, sign_in: SignIn) -> None:
    answer = sign_in("customer_full").get(page("number-export", office.customer))
    assert b"".join(answer.streaming_content).decode().splitlines() == [  # type: ignore[attr-defined]
        "Phone number,State,Type,Location,Owner type,Owner",
        f"{office.ada.number.e164},Active,DID,Headquarters,User,Ada Archer",
        f"{office.free.e164},Active,DID,Headquarters,,",
    ]


def test_workspaces_are_listed_with_package_and_number(office: Office, sign_in: SignIn) -> None:
    room = make_workspace(office.headquarters, "Reception", extension="300")
    make_assignment(room, "common_area_calling")
    content = sign_in("customer_full").get(page("workspace-list", office.customer)).content.decode()
    for text in ("Reception", "Common Area Calling", "ext. 300", "Headquarters"):
        assert text in content


def test_the_company_is_renamed(office: Office, sign_in: SignIn) -> None:
    answer = sign_in("customer_full").post(page("account-name", office.customer), {"name": " Open Acme Group "})
    office.customer.refresh_from_db()
    event = AuditEvent.objects.get(action="customer.renamed")
    assert (answer.status_code, office.customer.name) == (302, "Open Acme Group")
    assert event.changes == {"name": ["Open Acme", "Open Acme Group"]}


@pytest.mark.parametrize("name", ["", "100% Acme", "x" * 121])
def test_a_bad_company_name_is_told_beside_the_field(office: Office, sign_in: SignIn, name: str) -> None:
    answer = sign_in("customer_full").post(page("account-name", office.customer), {"name": name})
    office.customer.refresh_from_db()
    assert (answer.status_code, list(answer.context["form"].errors), office.customer.name) == (
        422,
        ["name"],
        "Open Acme",
    )


def test_account_tells_who_opened_the_control_hub(office: Office, staff: Client, sign_in: SignIn) -> None:
    content = sign_in("customer_full").get(page("account", office.customer)).content.decode()
    for text in ("Paula Full", "Northwind Voice", "Sub1", "at the latest"):
        assert text in content
