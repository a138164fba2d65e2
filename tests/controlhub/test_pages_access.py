"""Who may open which page of Control Hub, and who may change what there: by form and by URL alike."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from controlhub.models import Subscriber
from tenancy.models import AuditEvent, CrossLaunch, Customer, RoleAssignment
from tenancy.policy import Role
from tests.cast import Cast
from tests.controlhub.pages import Office, furnish, held, page, used
from tests.factories import make_customer_admin
from tests.launching import launch

SignIn = Callable[[str], Client]
READ_PAGES = (
    "overview",
    "user-list",
    "user-export",
    "location-list",
    "number-list",
    "number-export",
    "workspace-list",
    "account",
)


@pytest.fixture
def office(cast: Cast) -> Office:
    """Acme Dental, restricted by partner mode."""
    return furnish(cast.acme)


def launched(client: Client, cast: Cast, who: str, customer: Customer) -> None:
    launch(client, customer=customer, by=cast.actor(who))


def statuses(client: Client, customer: Customer) -> dict[str, int]:
    return {name: client.get(page(name, customer)).status_code for name in READ_PAGES}


@pytest.mark.parametrize("who", ["customer_restricted", "customer_readonly"])
def test_own_admins_read_every_page(office: Office, sign_in: SignIn, who: str) -> None:
    client = sign_in(who)
    assert statuses(client, office.customer) == dict.fromkeys(READ_PAGES, 200)
    assert client.get(page("user-detail", office.customer, office.ada)).status_code == 200
    assert client.get(page("location-detail", office.customer, office.headquarters)).status_code == 200


@pytest.mark.parametrize("who", ["other_partner_full", "other_customer_full", "subpartner_full", "customer_full"])
def test_strangers_find_nothing(office: Office, sign_in: SignIn, who: str) -> None:
    client = sign_in(who)
    assert statuses(client, office.customer) == dict.fromkeys(READ_PAGES, 404)
    assert client.get(page("user-detail", office.customer, office.ada)).status_code == 404
    assert client.post(page("user-edit", office.customer, office.ada), {"first_name": "X"}).status_code == 404


def test_another_customers_user_is_not_found_under_ones_own_customer(
    office: Office, cast: Cast, sign_in: SignIn
) -> None:
    client = sign_in("customer_full")
    assert client.get(page("user-detail", cast.open_acme, office.ada)).status_code == 404
    assert client.get(page("location-edit", cast.open_acme, office.headquarters)).status_code == 404


def test_nobody_signed_in_goes_to_the_sign_in_page(office: Office, client: Client) -> None:
    url = page("user-list", office.customer)
    assert client.get(url).headers["Location"] == f"/login/?next={url}"


@pytest.mark.parametrize("who", ["partner_full", "partner_plain", "partner_admin", "partner_readonly", "helpdesk"])
def test_partner_staff_need_a_launch(office: Office, cast: Cast, sign_in: SignIn, who: str) -> None:
    client = sign_in(who)
    assert statuses(client, office.customer) == dict.fromkeys(READ_PAGES, 403)
    launched(client, cast, who, office.customer)
    assert statuses(client, office.customer) == dict.fromkeys(READ_PAGES, 200)


def test_a_launch_runs_out(office: Office, cast: Cast, sign_in: SignIn) -> None:
    client = sign_in("partner_full")
    launched(client, cast, "partner_full", office.customer)
    past = timezone.now() - timedelta(hours=2)
    CrossLaunch.objects.update(started_at=past, expires_at=past + timedelta(hours=1))
    assert client.get(page("overview", office.customer)).status_code == 403


def test_withdrawing_the_role_ends_it_on_the_next_request(office: Office, cast: Cast, sign_in: SignIn) -> None:
    client = sign_in("partner_plain")
    launched(client, cast, "partner_plain", office.customer)
    assert client.get(page("overview", office.customer)).status_code == 200
    RoleAssignment.objects.filter(admin=cast.admins["partner_plain"]).delete()
    assert client.get(page("overview", office.customer)).status_code == 404


def test_the_bar_names_who_looks_at_whom_and_ends_the_session(office: Office, cast: Cast, sign_in: SignIn) -> None:
    client = sign_in("partner_full")
    launched(client, cast, "partner_full", office.customer)
    content = client.get(page("overview", office.customer)).content.decode()
    for text in ("Paula Full", "Northwind Voice", "End session", page("end-launch", office.customer)):
        assert text in content
    assert "Restricted by Partner Mode is on." not in content
    ended = client.post(page("end-launch", office.customer))
    assert ended.headers["Location"] == (f"/partner/{cast.north.public_id}/customers/{office.customer.public_id}/")
    assert client.get(page("overview", office.customer)).status_code == 403


def test_ending_a_session_that_ran_out_is_harmless(office: Office, sign_in: SignIn) -> None:
    client = sign_in("partner_full")
    assert client.post(page("end-launch", office.customer)).status_code == 302
    assert sign_in("other_partner_full").post(page("end-launch", office.customer)).status_code == 404
    assert AuditEvent.objects.filter(action="launch.ended").count() == 0


def test_the_restricted_banner_is_for_the_customers_own_admins(office: Office, cast: Cast, sign_in: SignIn) -> None:
    furnish(cast.open_acme)
    banner = "Restricted by Partner Mode is on."
    assert banner in sign_in("customer_restricted").get(page("overview", office.customer)).content.decode()
    assert banner not in sign_in("customer_full").get(page("overview", cast.open_acme)).content.decode()


def test_restricted_admin_sees_greyed_buttons_with_the_reason(office: Office, sign_in: SignIn) -> None:
    client = sign_in("customer_restricted")
    users = client.get(page("user-list", office.customer)).content.decode()
    assert 'aria-disabled="true" aria-describedby="why-not-add"' in users
    assert "Your service provider manages this (Restricted by Partner Mode is on)." in users
    user = client.get(page("user-detail", office.customer, office.ada)).content.decode()
    assert 'aria-disabled="true" aria-describedby="why-not-package"' in user
    numbers = client.get(page("number-list", office.customer)).content.decode()
    assert 'aria-disabled="true" aria-describedby="why-not-manage"' in numbers


@pytest.mark.parametrize("who", ["customer_restricted", "customer_readonly"])
def test_restricted_and_readonly_admins_change_no_package_by_any_url(office: Office, sign_in: SignIn, who: str) -> None:
    client, customer = sign_in(who), office.customer
    events = AuditEvent.objects.count()
    answers = {
        "change": client.post(page("user-package", customer, office.ada), {"package": "webex_meetings"}),
        "preview": client.post(page("user-package", customer, office.ada), {"package": "webex_suite", "preview": "1"}),
        "remove": client.post(page("user-remove-package", customer, office.ada)),
        "numbers": client.post(page("number-add", customer), {"numbers": "+12175550199"}),
        "name": client.post(page("account-name", customer), {"name": "Other"}),
    }
    assert {name: answer.status_code for name, answer in answers.items()} == dict.fromkeys(answers, 403)
    customer.refresh_from_db()
    assert (held(office.ada), used(customer)["webex_calling"]) == ([("webex_calling", True)], 1)
    assert (customer.name, customer.numbers.count(), AuditEvent.objects.count()) == ("Acme Dental", 2, events)


def test_forms_below_edit_are_shown_disabled(office: Office, sign_in: SignIn) -> None:
    client = sign_in("customer_restricted")
    package = client.get(page("user-package", office.customer, office.ada)).content.decode()
    assert re.findall(r'type="radio"[^>]*?( disabled)', package) == [" disabled"] * 3
    assert "Show what changes" not in package
    account = client.get(page("account", office.customer)).content.decode()
    assert "Save name" not in account
    assert re.search(r'name="name"[^>]* disabled', account)
    calling = client.get(page("user-calling", office.customer, office.ada)).content.decode()
    assert re.search(r'<select name="number"[^>]* disabled', calling)
    assert not re.search(r'name="extension"[^>]* disabled', calling)


def test_restricted_admin_changes_extension_but_not_number(office: Office, sign_in: SignIn) -> None:
    client = sign_in("customer_restricted")
    url = page("user-calling", office.customer, office.ada)
    answer = client.post(url, {"number": office.free.e164, "extension": "222"})
    ada = Subscriber.objects.get(pk=office.ada.pk)
    assert answer.status_code == 302
    assert (ada.extension, ada.number.e164) == ("222", office.ada.number.e164)
    assert ada.number.e164 != office.free.e164


def test_restricted_admin_renames_a_user(office: Office, sign_in: SignIn) -> None:
    client = sign_in("customer_restricted")
    answer = client.post(page("user-edit", office.customer, office.ada), {"first_name": "Ada", "last_name": "Arrow"})
    assert answer.headers["Location"] == page("user-detail", office.customer, office.ada)
    assert str(Subscriber.objects.get(pk=office.ada.pk)) == "Ada Arrow"


def test_readonly_admin_renames_nobody(office: Office, sign_in: SignIn) -> None:
    client = sign_in("customer_readonly")
    url = page("user-edit", office.customer, office.ada)
    content = client.get(url).content.decode()
    assert "disabled" in content
    assert ">Save<" not in content
    assert client.post(url, {"first_name": "Ada", "last_name": "Arrow"}).status_code == 403
    assert str(Subscriber.objects.get(pk=office.ada.pk)) == "Ada Archer"


def test_customer_admin_never_touches_the_pstn_connection(office: Office, cast: Cast, sign_in: SignIn) -> None:
    hq = office.headquarters
    values = {"name": "Main office", "address_line1": "1 Main Street", "city": "Springfield", "state": "IL"}
    values |= {"postal_code": "62701", "country": "US", "time_zone": "America/Chicago", "language": "en_us"}
    values |= {"pstn": "LOCAL_GATEWAY", "emergency_location_identifier": "999"}
    answer = sign_in("customer_restricted").post(page("location-edit", office.customer, hq), values)
    hq.refresh_from_db()
    assert answer.status_code == 302
    assert (hq.name, hq.pstn, hq.emergency_location_identifier) == ("Main office", "", "")


@pytest.mark.parametrize(("restricted", "shown"), [(True, False), (False, True)])
def test_local_gateway_and_cisco_pstn_hide_while_restricted(
    office: Office, sign_in: SignIn, restricted: bool, shown: bool
) -> None:
    Customer.objects.filter(pk=office.customer.pk).update(restricted=restricted)
    content = (
        sign_in("customer_restricted").get(page("location-edit", office.customer, office.headquarters)).content.decode()
    )
    assert ("LOCAL_GATEWAY" in content, "CISCO_PSTN" in content, "INTEGRATED_CCP" in content) == (shown, shown, True)


def test_partner_admin_changes_no_package_even_after_a_launch(office: Office, cast: Cast, sign_in: SignIn) -> None:
    client = sign_in("partner_admin")
    launched(client, cast, "partner_admin", office.customer)
    answer = client.post(page("user-package", office.customer, office.ada), {"package": "webex_meetings"})
    assert (answer.status_code, held(office.ada)) == (403, [("webex_calling", True)])
    renamed = client.post(page("user-edit", office.customer, office.ada), {"first_name": "A", "last_name": "B"})
    assert renamed.status_code == 302


def test_user_and_device_admin_sees_no_account_page(office: Office, cast: Cast) -> None:
    client = Client()
    client.force_login(make_customer_admin(office.customer, Role.CUSTOMER_USER_DEVICE))
    assert client.get(page("account", office.customer)).status_code == 403
    content = client.get(page("user-list", office.customer)).content.decode()
    assert page("account", office.customer) not in content
    assert client.post(page("location-create", office.customer), {"name": "X"}).status_code == 403
