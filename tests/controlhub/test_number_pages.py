"""The pages of the number inventory: many numbers at once with a result for each, one number with its history."""

from collections.abc import Callable

import pytest
from django.test import Client

from controlhub.models import PhoneNumber
from tests.cast import Cast
from tests.controlhub.pages import Office, furnish, page
from tests.factories import make_location, make_workspace
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


def test_ticked_numbers_come_into_the_form(office: Office, staff: Client) -> None:
    content = staff.get(page("number-list", office.customer)).content.decode()
    assert f'value="{office.free.e164}" form="chosen"' in content
    answer = staff.get(page("number-deactivate", office.customer), {"n": [office.free.e164, "x"]})
    assert answer.context["form"].initial == {"numbers": f"{office.free.e164}\nx"}


def test_a_partial_success_says_what_and_why(office: Office, staff: Client) -> None:
    url = page("number-deactivate", office.customer)
    answer = staff.post(url, {"numbers": f"{office.free.e164}\n{office.ada.number.e164}"})
    assert (answer.status_code, answer.context["outcome"].done) == (200, [office.free.e164])
    content = answer.content.decode()
    for text in ("Left as they are: 1.", "It is assigned.", "number_assigned"):
        assert text in content
    assert staff.post(page("number-activate", office.customer), {"numbers": office.free.e164}).status_code == 302
    assert PhoneNumber.objects.get(pk=office.free.pk).state == "ACTIVE"


@pytest.mark.parametrize("text", ["", "banana", "+12175550100-99999999", "+12175559999"])
def test_a_wrong_list_changes_nothing_and_is_kept(office: Office, staff: Client, text: str) -> None:
    answer = staff.post(page("number-remove", office.customer), {"numbers": text})
    assert (answer.status_code, office.customer.numbers.count()) == (422, 2)
    assert text in answer.content.decode()


def test_numbers_are_removed(office: Office, staff: Client) -> None:
    answer = staff.post(page("number-remove", office.customer), {"numbers": office.free.e164})
    assert answer.headers["Location"] == page("number-list", office.customer)
    assert list(office.customer.numbers.all()) == [office.ada.number]


def test_a_move_shows_its_job_and_the_numbers_on_their_way(office: Office, staff: Client) -> None:
    branch = make_location(office.customer, "Branch")
    values = {"numbers": office.free.e164, "location": str(branch.public_id)}
    answer = staff.post(page("number-move", office.customer), values)
    job = office.customer.jobs.get()
    assert (answer.status_code, answer.context["job"]) == (200, job)
    assert "Moving to Branch" in staff.get(page("number-list", office.customer)).content.decode()
    again = staff.post(page("number-move", office.customer), values)
    assert (again.status_code, again.context["form"].non_field_errors()) == (
        422,
        ["Other numbers of this organization are being moved. Wait until that is done, then try again."],
    )


def test_a_number_is_given_to_a_workspace_and_taken_back(office: Office, staff: Client) -> None:
    room = make_workspace(office.headquarters, "Reception", extension="300")
    url = page("number-assign", office.customer, office.free)
    assert staff.post(url, {"workspace": str(room.public_id)}).status_code == 302
    content = staff.get(page("number-detail", office.customer, office.free)).content.decode()
    assert "Reception" in content
    staff.post(page("number-release", office.customer, office.free))
    office.free.refresh_from_db()
    assert office.free.workspace is None


def test_a_number_is_given_to_a_calling_user(office: Office, staff: Client) -> None:
    url = page("number-assign", office.customer, office.free)
    for email in ("", "nobody@example.com", office.gwen.email):
        answer = staff.post(url, {"email": email})
        assert answer.status_code == 422
    assert staff.post(url, {"email": office.ada.email}).status_code == 302
    office.free.refresh_from_db()
    assert office.free.subscriber == office.ada


def test_a_customer_admin_sees_the_number_but_no_deeds(office: Office, sign_in: SignIn) -> None:
    client = sign_in("customer_full")
    content = client.get(page("number-detail", office.customer, office.ada.number)).content.decode()
    assert "Ada Archer" in content
    assert "Deactivate" not in content
    for name in ("number-activate", "number-deactivate", "number-move", "number-remove"):
        assert client.get(page(name, office.customer)).status_code == 403
        assert client.post(page(name, office.customer), {"numbers": office.free.e164}).status_code == 403


def test_numbers_are_narrowed_by_type_and_owner(office: Office, sign_in: SignIn) -> None:
    client, url = sign_in("customer_full"), page("number-list", office.customer)
    PhoneNumber.objects.filter(pk=office.free.pk).update(kind="TOLLFREE")

    def found(**narrow: str) -> list[str]:
        return [row.e164 for row in client.get(url, narrow).context["page"].items]

    assert found(kind="TOLLFREE") == [office.free.e164]
    assert found(owner="people") == [office.ada.number.e164]
    assert found(owner="place") == []
