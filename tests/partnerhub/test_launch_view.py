"""Launch Control Hub and the restricted switch, from the customer's panel."""

from collections.abc import Callable

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse

from tenancy.models import Customer, Partner
from tests.cast import Cast
from tests.factories import make_customer

SignIn = Callable[[str], Client]


def url(name: str, cast: Cast, customer: Customer) -> str:
    return reverse(f"partnerhub:{name}", args=[cast.north.public_id, customer.public_id])


@pytest.mark.parametrize("who", ["partner_full", "partner_plain", "partner_admin", "partner_readonly", "helpdesk"])
def test_staff_launch_control_hub(who: str, cast: Cast, sign_in: SignIn) -> None:
    response = sign_in(who).post(url("customer-launch", cast, cast.acme))

    door = reverse("controlhub:enter-launch", args=[cast.acme.public_id]) + "?next=overview"
    assert (response.status_code, response.headers["Location"]) == (302, door)
    assert cast.acme.cross_launches.get().admin == cast.admins[who]
    assert cast.acme.audit_events.get().action == "launch.started"


@pytest.mark.parametrize(
    ("wanted", "page"),
    [("setup", "setup"), ("users", "user-list"), ("numbers", "number-list"), ("https://evil.example.com", "overview")],
)
def test_launch_leads_to_known_pages_only(wanted: str, page: str, cast: Cast, sign_in: SignIn) -> None:
    client = sign_in("partner_full")
    door = client.post(url("customer-launch", cast, cast.acme), {"next": wanted})
    response = client.get(door.headers["Location"])
    assert response.headers["Location"] == reverse(f"controlhub:{page}", args=[cast.acme.public_id])


def test_help_desk_needs_the_customers_permission(cast: Cast, sign_in: SignIn) -> None:
    Customer.objects.filter(pk=cast.acme.pk).update(helpdesk_allowed=False)
    assert sign_in("helpdesk").post(url("customer-launch", cast, cast.acme)).status_code == 403
    assert not cast.acme.cross_launches.exists()


def test_customer_without_an_organization_cannot_be_launched_yet(cast: Cast, sign_in: SignIn) -> None:
    waiting = make_customer(cast.north, "Waiting", status="provisioning")
    response = sign_in("partner_full").post(url("customer-launch", cast, waiting))

    assert (response.status_code, response.headers["Location"]) == (302, url("customer-panel", cast, waiting))
    assert "does not exist yet" in str(next(iter(get_messages(response.wsgi_request))))
    assert not waiting.cross_launches.exists()


def test_launch_page_asks_first(cast: Cast, sign_in: SignIn) -> None:
    response = sign_in("partner_full").get(url("customer-launch", cast, cast.acme))
    assert response.status_code == 200
    assert not cast.acme.cross_launches.exists()


# -- The switch ---------------------------------------------------------------------------------------------------------
def test_switch_as_a_plain_page(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in("partner_full")
    page = client.get(url("customer-restricted", cast, cast.acme))
    response = client.post(url("customer-restricted", cast, cast.acme), {"on": "0", "reason": "Own IT"})

    assert page.status_code == 200
    assert (response.status_code, response.headers["Location"]) == (302, url("customer-panel", cast, cast.acme))
    cast.acme.refresh_from_db()
    assert cast.acme.restricted is False


def test_switch_by_htmx_answers_with_the_panel_and_a_toast(cast: Cast, sign_in: SignIn) -> None:
    response = sign_in("partner_full").post(
        url("customer-restricted", cast, cast.acme),
        {"on": "0", "reason": "Own IT"},
        headers={"HX-Request": "true", "HX-Target": "panel"},
    )
    assert response.status_code == 200
    assert "Restricted by Partner Mode is off" in response.headers["HX-Trigger"]
    assert "panel__content" in response.content.decode()


@pytest.mark.parametrize("data", [{}, {"on": "0"}, {"on": "maybe", "reason": "x"}, {"on": "0", "reason": "x" * 201}])
def test_switch_without_a_good_reason_changes_nothing(data: dict[str, str], cast: Cast, sign_in: SignIn) -> None:
    client = sign_in("partner_full")
    plain = client.post(url("customer-restricted", cast, cast.acme), data)
    htmx = client.post(url("customer-restricted", cast, cast.acme), data, headers={"HX-Request": "true"})

    assert (plain.status_code, htmx.status_code) == (422, 422)
    assert htmx.headers["HX-Retarget"] == "#restricted-form"
    cast.acme.refresh_from_db()
    assert (cast.acme.restricted, cast.acme.audit_events.count()) == (True, 0)


def test_suspended_partner_switches_nothing(cast: Cast, sign_in: SignIn) -> None:
    Partner.objects.filter(pk=cast.north.pk).update(state=Partner.State.SUSPENDED)
    client = sign_in("partner_full")

    response = client.post(url("customer-restricted", cast, cast.acme), {"on": "0", "reason": "Own IT"})

    assert response.status_code == 422
    assert "suspended" in response.content.decode()
    assert 'value="Own IT"' in response.content.decode()
    cast.acme.refresh_from_db()
    assert (cast.acme.restricted, cast.acme.audit_events.count()) == (True, 0)


@pytest.mark.parametrize("who", ["partner_readonly", "helpdesk"])
def test_readers_may_not_switch(who: str, cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(who)
    target = url("customer-restricted", cast, cast.acme)
    assert client.get(target).status_code == 403
    assert client.post(target, {"on": "0", "reason": "Own IT"}).status_code == 403
    cast.acme.refresh_from_db()
    assert cast.acme.restricted is True


# -- A session that ended ----------------------------------------------------------------------------------------------
def test_control_hub_without_a_session_offers_to_launch_again(cast: Cast, sign_in: SignIn) -> None:
    overview = reverse("controlhub:overview", args=[cast.acme.public_id])
    offer = url("customer-launch", cast, cast.acme)
    client = sign_in("helpdesk")

    allowed = client.get(overview)
    Customer.objects.filter(pk=cast.acme.pk).update(helpdesk_allowed=False)
    forbidden = client.get(overview)

    assert (allowed.status_code, forbidden.status_code) == (403, 403)
    assert offer in allowed.content.decode()
    assert offer not in forbidden.content.decode()
