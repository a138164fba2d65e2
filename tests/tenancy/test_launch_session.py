"""The way into a launched Control Hub, and its own session (reliability-security.md 2.1, cases 5 and 6; ADR 0008)."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db.models import F
from django.test import Client
from django.urls import reverse

from tenancy.launch_session import CODE_COOKIE
from tenancy.models import CrossLaunch, Customer, RoleAssignment
from tests.cast import Cast
from tests.factories import make_customer_admin
from tests.launching import launch

SignIn = Callable[[str], Client]


def page(name: str, customer: Customer) -> str:
    return reverse(f"controlhub:{name}", args=[customer.public_id])


def ask(client: Client, customer: Customer) -> str:
    """Press Launch in Partner Hub; returns the code that the browser got."""
    args = [customer.partner.public_id, customer.public_id]
    answer = client.post(reverse("partnerhub:customer-launch", args=args))
    assert answer.status_code == 302
    return answer.cookies[CODE_COOKIE].value


def enter(client: Client, customer: Customer, code: str) -> int:
    client.cookies[CODE_COOKIE] = code
    return client.get(page("enter-launch", customer)).status_code


def is_inside(client: Client, customer: Customer) -> bool:
    return client.get(page("overview", customer)).status_code == 200


@pytest.fixture
def paula(sign_in: SignIn) -> Client:
    return sign_in("partner_full")


def test_the_code_opens_control_hub_in_a_session_of_its_own(cast: Cast, paula: Client) -> None:
    answer = paula.post(reverse("partnerhub:customer-launch", args=[cast.north.public_id, cast.acme.public_id]))
    code = answer.cookies[CODE_COOKIE]
    assert code.value not in answer.headers["Location"]
    assert (code["path"], code["max-age"], code["httponly"]) == (page("enter-launch", cast.acme), 60, True)
    assert not is_inside(paula, cast.acme)  # asking is not entering

    entered = paula.get(answer.headers["Location"])
    cookie = entered.cookies[settings.LAUNCH_COOKIE_NAME]
    assert (entered.status_code, cookie["path"], cookie["httponly"]) == (302, f"/org/{cast.acme.public_id}/", True)
    assert cookie.value not in ("", code.value, paula.session.session_key)
    assert is_inside(paula, cast.acme)
    stored = CrossLaunch.objects.get()
    assert (stored.code_digest, stored.entered_at is not None) == ("", True)


def test_a_code_works_once(cast: Cast, paula: Client) -> None:
    code = ask(paula, cast.acme)
    assert [enter(paula, cast.acme, code), enter(paula, cast.acme, code)] == [302, 403]


def test_a_code_is_too_old_after_a_minute(cast: Cast, paula: Client) -> None:
    code = ask(paula, cast.acme)
    CrossLaunch.objects.update(code_expires_at=F("code_expires_at") - timedelta(seconds=61))
    assert enter(paula, cast.acme, code) == 403
    assert not is_inside(paula, cast.acme)


def test_a_code_opens_no_other_customer(cast: Cast, paula: Client) -> None:
    code = ask(paula, cast.acme)
    assert enter(paula, cast.open_acme, code) == 403
    assert not is_inside(paula, cast.open_acme)
    assert enter(paula, cast.acme, code) == 302  # the positive control: it was a good one


def test_a_code_works_in_no_other_browser_of_the_same_person(cast: Cast, paula: Client, sign_in: SignIn) -> None:
    code, other = ask(paula, cast.acme), sign_in("partner_full")
    assert enter(other, cast.acme, code) == 403
    assert not is_inside(other, cast.acme)


def test_an_attackers_code_does_nothing_in_a_victims_browser(cast: Cast, paula: Client, sign_in: SignIn) -> None:
    code, victim = ask(paula, cast.acme), sign_in("partner_plain")
    assert enter(victim, cast.acme, code) == 403
    assert settings.LAUNCH_COOKIE_NAME not in victim.cookies


def test_a_stranger_learns_nothing_at_the_door(cast: Cast, paula: Client, sign_in: SignIn) -> None:
    code = ask(paula, cast.acme)
    assert enter(sign_in("other_partner_full"), cast.acme, code) == 404


@pytest.mark.parametrize("code", ["", "x", "ä" * 50])
def test_a_made_up_code_is_refused(cast: Cast, paula: Client, code: str) -> None:
    ask(paula, cast.acme)
    assert enter(paula, cast.acme, code) == 403


def test_signing_out_of_partner_hub_leaves_control_hub_open(cast: Cast, paula: Client) -> None:
    enter(paula, cast.acme, ask(paula, cast.acme))
    paula.post(reverse("account_logout"))
    overview = reverse("partnerhub:overview", args=[cast.north.public_id])
    assert (paula.get(overview).status_code, is_inside(paula, cast.acme)) == (302, True)


def test_ending_the_launch_leaves_partner_hub_open(cast: Cast, paula: Client) -> None:
    enter(paula, cast.acme, ask(paula, cast.acme))
    key = paula.cookies[settings.LAUNCH_COOKIE_NAME].value
    ended = paula.post(page("end-launch", cast.acme))
    gone = ended.cookies[settings.LAUNCH_COOKIE_NAME]
    overview = reverse("partnerhub:overview", args=[cast.north.public_id])
    assert (gone.value, gone["path"]) == ("", f"/org/{cast.acme.public_id}/")
    assert (paula.get(overview).status_code, is_inside(paula, cast.acme)) == (200, False)
    assert not Session.objects.filter(session_key=key).exists()


def test_the_session_of_one_customer_opens_no_other(cast: Cast, paula: Client) -> None:
    launch(paula, customer=cast.acme, by=cast.actor("partner_full"))
    assert (is_inside(paula, cast.acme), is_inside(paula, cast.open_acme)) == (True, False)


def test_a_second_launch_ends_the_session_of_the_first(cast: Cast, paula: Client, sign_in: SignIn) -> None:
    elsewhere = sign_in("partner_full")
    launch(paula, customer=cast.acme, by=cast.actor("partner_full"))
    launch(elsewhere, customer=cast.acme, by=cast.actor("partner_full"))
    assert (is_inside(paula, cast.acme), is_inside(elsewhere, cast.acme)) == (False, True)


def test_the_next_person_at_the_same_browser_is_not_in_it(cast: Cast, paula: Client) -> None:
    launch(paula, customer=cast.acme, by=cast.actor("partner_full"))
    paula.force_login(cast.admins["customer_readonly"])
    content = paula.get(page("overview", cast.acme)).content.decode()
    assert ("Cora Reader" in content, "End session" in content) == (True, False)


def test_in_a_launch_the_right_of_the_partners_side_counts_not_the_larger_one(cast: Cast, sign_in: SignIn) -> None:
    rita = cast.admins["partner_readonly"]
    RoleAssignment.objects.create(admin=rita, role="customer_full", customer=cast.open_acme)
    client = sign_in("partner_readonly")
    rename = {"name": "Renamed"}
    launch(client, customer=cast.open_acme, by=cast.actor("partner_readonly"))
    assert client.post(page("account-name", cast.open_acme), rename).status_code == 403
    client.post(page("end-launch", cast.open_acme))
    assert client.post(page("account-name", cast.open_acme), rename).status_code == 302  # by her own front door


@pytest.mark.parametrize("what", ["role", "account", "password", "customer moved"])
def test_what_was_withdrawn_ends_it_on_the_next_request(cast: Cast, paula: Client, what: str) -> None:
    launch(paula, customer=cast.acme, by=cast.actor("partner_full"))
    assert is_inside(paula, cast.acme)
    admin = cast.admins["partner_full"]
    if what == "role":
        admin.role_assignments.all().delete()
    elif what == "account":
        type(admin).objects.filter(pk=admin.pk).update(is_active=False)
    elif what == "password":
        admin.set_password("another-horse-battery")
        admin.save(update_fields=["password"])
    else:
        Customer.objects.filter(pk=cast.acme.pk).update(partner=cast.south)
    assert not is_inside(paula, cast.acme)


def test_idle_for_long_ends_the_launch_session_only(cast: Cast, paula: Client) -> None:
    launch(paula, customer=cast.acme, by=cast.actor("partner_full"))
    assert is_inside(paula, cast.acme)
    key = paula.cookies[settings.LAUNCH_COOKIE_NAME].value
    session = Session.objects.get(session_key=key)
    values = session.get_decoded() | {"seen": 0}
    Session.objects.filter(pk=key).update(session_data=Session.objects.encode(values))
    assert not is_inside(paula, cast.acme)
    assert paula.get(reverse("partnerhub:overview", args=[cast.north.public_id])).status_code == 200


def test_a_deed_in_a_launch_is_booked_to_the_person_and_the_launch(cast: Cast, paula: Client) -> None:
    started = launch(paula, customer=cast.acme, by=cast.actor("partner_full"))
    make_customer_admin(cast.acme)
    paula.post(page("account-name", cast.acme), {"name": "Acme Dental Care"})
    event = cast.acme.audit_events.get(action="customer.renamed")
    assert (event.actor_name, event.actor_org_name, event.customer, event.launch) == (
        "Paula Full",
        "Northwind Voice",
        cast.acme,
        started,
    )
