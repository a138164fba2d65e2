"""The pages that move users: what they show before, what they refuse, and who gets them."""

from collections.abc import Callable

import pytest
from django.test import Client

from controlhub.models import Location, Subscriber
from provisioning.models import ProvisioningJob
from tests.cast import Cast
from tests.controlhub.pages import Office, furnish, page
from tests.factories import assign_locations, make_assignment, make_device, make_location, make_number, make_subscriber
from tests.launching import launch

SignIn = Callable[[str], Client]


@pytest.fixture
def office(cast: Cast) -> Office:
    """Open Acme, not restricted."""
    return furnish(cast.open_acme)


@pytest.fixture
def branch(office: Office) -> Location:
    return make_location(office.customer, "Branch", address_line1="9 Side Street")


@pytest.fixture
def admin(office: Office, sign_in: SignIn) -> Client:
    return sign_in("customer_full")


def place_of(subscriber: Subscriber) -> str:
    return str(Subscriber.objects.select_related("location").get(pk=subscriber.pk).location)


def values(branch: Location, **more: str) -> dict[str, str]:
    return {"location": str(branch.public_id), "number": "keep", "extension": "201", **more}


# -- One user ------------------------------------------------------------------------------------------------------------
def test_the_impact_is_shown_before_anything_happens(office: Office, branch: Location, admin: Client) -> None:
    make_device(office.ada)
    url = page("user-move", office.customer, office.ada)
    answer = admin.post(url, values(branch, check="1"))
    content = " ".join(answer.content.decode().split())
    for text in (
        f"{office.ada.number.e164} moves along and becomes a number of Branch.",
        "201 stays.",
        "Cisco 8845",
        "Come from 9 Side Street, Springfield",
        "No call-back number",
        "Webex Calling ends at Headquarters and starts at Branch in the same second",
        'name="move"',
        'type="hidden" name="extension" value="201"',
    ):
        assert text in content
    assert (answer.status_code, place_of(office.ada), ProvisioningJob.objects.count()) == (200, "Headquarters", 0)


def test_move_moves_and_says_so(office: Office, branch: Location, admin: Client) -> None:
    answer = admin.post(page("user-move", office.customer, office.ada), values(branch, move="1"), follow=True)
    assert (place_of(office.ada), [str(m) for m in answer.context["messages"]]) == (
        "Branch",
        ["Ada Archer is at Branch now."],
    )
    assert ProvisioningJob.objects.get().kind == "move_subscriber"


@pytest.mark.parametrize("button", ["check", "move"])
def test_a_refusal_is_beside_its_field_with_its_code(
    office: Office, branch: Location, admin: Client, button: str
) -> None:
    make_subscriber(office.customer, location=branch, extension="202")
    url = page("user-move", office.customer, office.ada)
    answer = admin.post(url, values(branch, number="none", extension="202", **{button: "1"}))
    assert answer.context["form"].errors == {"extension": ["Extension 202 is in use at Branch. (Code 4202)"]}
    assert (answer.status_code, place_of(office.ada)) == (422, "Headquarters")
    assert 'value="202"' in answer.content.decode()
    nothing = admin.post(url, values(branch, number="none", extension="", check="1"))
    assert nothing.context["form"].errors == {
        "number": ["At the new location the user needs a phone number, an extension, or both. (Code 1026016)"]
    }


def test_back_keeps_what_was_chosen(office: Office, branch: Location, admin: Client) -> None:
    free = make_number(branch)
    url = page("user-move", office.customer, office.ada)
    content = admin.post(url, values(branch, number=free.e164, extension="", back="1")).content.decode()
    assert f'<option value="{free.e164}" selected>' in content
    assert f'<option value="{branch.public_id}" selected>' in content
    assert 'name="extension" value="201"' not in content


def test_htmx_gets_the_free_numbers_of_the_chosen_location(office: Office, branch: Location, admin: Client) -> None:
    free = make_number(branch)
    url = page("user-move", office.customer, office.ada)
    content = admin.get(url, {"location": str(branch.public_id)}, headers={"HX-Request": "true"}).content.decode()
    assert (free.e164 in content, office.free.e164 in content, "<html" in content) == (True, False, False)
    assert "extension" not in content  # what is typed meanwhile must not be exchanged


def test_only_who_adds_numbers_is_asked_for_another_one(
    office: Office, branch: Location, admin: Client, cast: Cast, sign_in: SignIn
) -> None:
    url = page("user-move", office.customer, office.ada)
    assert "other_number" not in admin.get(url).content.decode()
    staff = sign_in("partner_full")
    launch(staff, customer=office.customer, by=cast.actor("partner_full"))
    assert "other_number" in staff.get(url).content.decode()
    answer = staff.post(url, values(branch, other_number="+12175550198", check="1"))
    assert "is added to the numbers of Branch" in " ".join(answer.content.decode().split())
    staff.post(url, values(branch, other_number="+12175550198", move="1"))
    assert Subscriber.objects.get(pk=office.ada.pk).number.e164 == "+12175550198"


def test_a_form_without_a_location_and_a_customer_with_one(office: Office, admin: Client) -> None:
    url = page("user-move", office.customer, office.ada)
    assert "There is nowhere to move to" in admin.get(url).content.decode()
    make_location(office.customer, "Branch")
    assert admin.post(url, {"check": "1"}).status_code == 422
    assert admin.post(url, {"check": "1", "location": str(office.headquarters.public_id)}).status_code == 422


def test_the_users_page_leads_there_only_for_callers(office: Office, admin: Client) -> None:
    for person, leads in ((office.ada, True), (office.gwen, False)):
        content = admin.get(page("user-detail", office.customer, person)).content.decode()
        assert (page("user-move", office.customer, person) in content) is leads


def test_a_restricted_administrator_reads_why_not(cast: Cast, sign_in: SignIn) -> None:
    office = furnish(cast.acme)
    branch, client = make_location(office.customer, "Branch"), sign_in("customer_restricted")
    url = page("user-move", office.customer, office.ada)
    why = "Restricted by Partner Mode is on"
    content = client.get(page("user-detail", office.customer, office.ada)).content.decode()
    assert (url in content, "why-not-move" in content) == (False, True)
    read = client.get(url)
    assert (read.status_code, why in read.content.decode(), 'name="check"' in read.content.decode()) == (
        200,
        True,
        False,
    )
    assert 'form="chosen"' not in client.get(page("user-list", office.customer)).content.decode()
    for address in (url, page("users-move", office.customer)):
        assert client.post(address, values(branch, move="1", u=str(office.ada.public_id))).status_code == 403
    assert place_of(office.ada) == "Headquarters"


def test_a_location_administrator_is_offered_his_locations_and_users(
    office: Office, branch: Location, cast: Cast, sign_in: SignIn
) -> None:
    far = make_location(office.customer, "Far away")
    role = cast.admins["customer_location"].role_assignments.get()
    role.customer = office.customer
    role.save()
    assign_locations(cast.admins["customer_location"], office.headquarters, branch)
    client = sign_in("customer_location")
    bob = make_subscriber(office.customer, location=far, extension="300", first_name="Bob")
    make_assignment(bob, "webex_calling")
    content = client.get(page("user-move", office.customer, office.ada)).content.decode()
    assert ("Branch" in content, "Far away" in content) == (True, False)
    assert client.get(page("user-move", office.customer, bob)).status_code == 404
    for target, who in ((far, office.ada), (branch, bob)):
        url = page("users-move", office.customer)
        sent = {"location": str(target.public_id), "numbers": "keep", "extensions": "keep", "u": str(who.public_id)}
        assert client.post(url, {**sent, "move": "1"}).status_code == 422
    assert [place_of(office.ada), place_of(bob)] == ["Headquarters", "Far away"]


# -- Many ----------------------------------------------------------------------------------------------------------------
def many(branch: Location, *people: Subscriber, **more: str) -> dict[str, object]:
    chosen = [str(person.public_id) for person in people]
    return {"location": str(branch.public_id), "numbers": "keep", "extensions": "keep", "u": chosen, **more}


def test_ticked_users_come_into_the_report_and_those_who_can_are_moved(
    office: Office, branch: Location, admin: Client
) -> None:
    url = page("users-move", office.customer)
    assert (
        f'value="{office.ada.public_id}" form="chosen"'
        in admin.get(page("user-list", office.customer)).content.decode()
    )
    asked = admin.get(url, {"u": [str(office.ada.public_id), str(office.gwen.public_id), "x"]})
    assert [str(person) for person in asked.context["people"]] == ["Ada Archer", "Gwen Grove"]
    report = admin.post(url, many(branch, office.ada, office.gwen, check="1"))
    content = " ".join(report.content.decode().split())
    for text in ("1 can move to Branch, 1 cannot.", "moves along", "1026010", "Move 1 user<"):
        assert text in content
    assert (report.status_code, place_of(office.ada)) == (200, "Headquarters")
    done = admin.post(url, many(branch, office.ada, office.gwen, move="1"))
    assert (done.status_code, place_of(office.ada)) == (200, "Branch")
    job = ProvisioningJob.objects.get()
    assert page("job-card", office.customer, job) in done.content.decode()
    assert f'name="u" value="{office.gwen.public_id}"' in done.content.decode()


def test_when_everybody_moves_the_list_says_so(office: Office, branch: Location, admin: Client) -> None:
    answer = admin.post(page("users-move", office.customer), many(branch, office.ada, move="1"), follow=True)
    assert [str(m) for m in answer.context["messages"]] == ["1 moved to Branch."]
    assert place_of(office.ada) == "Branch"


def test_nobody_no_location_and_too_many(office: Office, branch: Location, admin: Client) -> None:
    url = page("users-move", office.customer)
    assert "No users chosen" in admin.get(url).content.decode()
    assert admin.post(url, many(branch, move="1")).status_code == 422
    assert admin.post(url, {"u": str(office.ada.public_id), "check": "1"}).status_code == 422
    crowd = Subscriber.objects.bulk_create(
        Subscriber(customer=office.customer, first_name="A", last_name=str(n), email=f"a{n}@example.com")
        for n in range(101)
    )
    answer = admin.post(url, many(branch, *crowd, check="1"))
    assert (answer.status_code, answer.context["form"].non_field_errors()) == (
        422,
        ["Choose 1 to 100 users at a time; these are 101."],
    )
    assert admin.post(url, many(branch, office.gwen, move="1")).status_code == 422


def test_back_from_the_report_keeps_rules_and_users(office: Office, branch: Location, admin: Client) -> None:
    sent = many(branch, office.ada, back="1") | {"extensions": "next"}
    answer = admin.post(page("users-move", office.customer), sent)
    assert [str(person) for person in answer.context["people"]] == ["Ada Archer"]
    assert 'value="next" id="id_extensions_1" required checked' in answer.content.decode().replace(" class", "")
