"""The pages that connect a location, choose its main numbers and delete it."""

from collections.abc import Callable

import pytest
from django.test import Client

from controlhub.models import Location
from tests.cast import Cast
from tests.controlhub.pages import Office, furnish, page
from tests.factories import make_location
from tests.launching import launch

SignIn = Callable[[str], Client]


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


def test_staff_connect_a_local_gateway(office: Office, staff: Client) -> None:
    url = page("location-pstn", office.customer, office.headquarters)
    assert "Calls leave through the customer&#x27;s own gateway." in staff.get(url).content.decode()
    wrong = staff.post(url, {"pstn": "LOCAL_GATEWAY", "pstn_route": "Main trunk"})
    assert (wrong.status_code, list(wrong.context["form"].errors)) == (422, ["pstn_route_type"])
    assert "Main trunk" in wrong.content.decode()
    right = staff.post(url, {"pstn": "LOCAL_GATEWAY", "pstn_route": "Main trunk", "pstn_route_type": "TRUNK"})
    assert right.status_code == 302
    assert "trunk Main trunk" in staff.get(right.headers["Location"]).content.decode()


def test_a_stranding_change_is_told_beside_the_field(office: Office, staff: Client) -> None:
    answer = staff.post(page("location-pstn", office.customer, office.headquarters), {"pstn": "CISCO_PSTN"})
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, ["pstn"])


def test_staff_choose_the_main_number(office: Office, staff: Client) -> None:
    url = page("location-main-number", office.customer, office.headquarters)
    taken = staff.post(url, {"main_number": office.ada.number.e164})
    assert (taken.status_code, list(taken.context["form"].errors)) == (422, ["main_number"])
    assert staff.post(url, {"main_number": office.free.e164}).status_code == 302
    assert Location.objects.get(pk=office.headquarters.pk).main_number == office.free
    assert staff.get(url).context["form"].initial["main_number"] == office.free.e164


def test_staff_name_the_calling_line(office: Office, staff: Client) -> None:
    url = page("location-calling-line", office.customer, office.headquarters)
    wrong = staff.post(url, {"name": "Acme", "enforce_outside_digit": "on"})
    assert (wrong.status_code, list(wrong.context["form"].errors)) == (422, ["outside_digit"])
    answer = staff.post(url, {"name": " Acme  calling", "outside_digit": "9", "enforce_outside_digit": "on"})
    content = staff.get(answer.headers["Location"]).content.decode()
    assert "Acme calling" in content
    assert "9, required" in content
    assert staff.get(url).context["form"].initial == {
        "name": "Acme calling",
        "outside_digit": "9",
        "enforce_outside_digit": True,
    }
    events = office.customer.audit_events.filter(action="location.calling_line_changed")
    staff.post(url, {"name": "Acme calling", "outside_digit": "9", "enforce_outside_digit": "on"})  # the same again
    assert events.count() == 1


def test_the_connection_is_greyed_and_the_set_up_hidden_for_customer_admins(office: Office, sign_in: SignIn) -> None:
    client, hq = sign_in("customer_full"), office.headquarters
    content = client.get(page("location-detail", office.customer, hq)).content.decode()
    assert 'aria-disabled="true" aria-describedby="why-not-pstn"' in content
    assert 'aria-disabled="true" aria-describedby="why-not-recording"' in content
    assert "Main numbers" not in content
    for name in ("location-pstn", "location-main-number", "location-calling-line", "location-recording"):
        assert client.get(page(name, office.customer, hq)).status_code == 403
        assert client.post(page(name, office.customer, hq), {"pstn": "CISCO_PSTN"}).status_code == 403


def test_an_empty_location_is_deleted_and_a_full_one_lists_what_it_holds(office: Office, sign_in: SignIn) -> None:
    client, branch = sign_in("customer_full"), make_location(office.customer, "Branch")
    full = client.post(page("location-delete", office.customer, office.headquarters))
    assert (full.status_code, "The headquarters cannot be deleted" in full.content.decode()) == (422, True)
    assert client.get(page("location-delete", office.customer, branch)).status_code == 200
    assert client.post(page("location-delete", office.customer, branch)).status_code == 302
    assert client.get(page("location-detail", office.customer, branch)).status_code == 404
    assert list(office.customer.locations.all()) == [office.headquarters]


def test_announcements_may_speak_another_language(office: Office, sign_in: SignIn) -> None:
    client, hq = sign_in("customer_full"), office.headquarters
    values = {name: getattr(hq, name) for name in ("name", "address_line1", "city", "state", "postal_code", "country")}
    values |= {"time_zone": hq.time_zone, "language": hq.language, "announcement_language": "es_mx"}
    client.post(page("location-edit", office.customer, hq), values)
    content = client.get(page("location-detail", office.customer, hq)).content.decode()
    assert "announcements in Spanish (Mexico)" in content


def test_staff_choose_who_records(office: Office, staff: Client) -> None:
    url = page("location-recording", office.customer, office.headquarters)
    assert staff.post(url, {"call_recording": "pigeon"}).status_code == 422
    assert staff.post(url, {"call_recording": "third_party"}).status_code == 302
    assert Location.objects.get(pk=office.headquarters.pk).call_recording == "third_party"
