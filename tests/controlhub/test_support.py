"""Support access: the customer's switch, and full rights lent to help desk (domain.md 7.2; reliability-security.md case 7)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import IntegrityError, transaction
from django.test import Client

from controlhub.services.support import ask_for_rights, decide, set_helpdesk_access
from tenancy.access import level
from tenancy.errors import Forbidden
from tenancy.models import AdminUser, AuditEvent, Customer, TemporaryRights
from tenancy.policy import Control, Level, Role
from tests.cast import Cast
from tests.controlhub.pages import page
from tests.factories import make_customer_admin, make_partner_admin
from tests.launching import launch

SignIn = Callable[[str], Client]
State = TemporaryRights.State
WANTED: dict[str, Any] = {"reason": "Phones are silent", "minutes": 30}


@pytest.fixture
def adele(cast: Cast) -> AdminUser:
    """An advanced help desk administrator."""
    cast.admins["adele"] = make_partner_admin(cast.north, Role.HELPDESK_ADVANCED, name="Adele Advanced")
    return cast.admins["adele"]


@pytest.fixture
def inside(cast: Cast, adele: AdminUser, sign_in: SignIn) -> Client:
    """Her browser inside Acme."""
    client = sign_in("adele")
    launch(client, customer=cast.acme, by=cast.actor("adele"))
    return client


def rename(client: Client, customer: Customer) -> int:
    return client.post(page("account-name", customer), {"name": "Renamed"}).status_code


# -- The switch --------------------------------------------------------------------------------------------------------
def test_the_customer_keeps_help_desk_out_from_the_next_request_on(cast: Cast, sign_in: SignIn, inside: Client) -> None:
    carl = sign_in("customer_restricted")  # restricted mode does not take this away
    assert inside.get(page("overview", cast.acme)).status_code == 200
    assert carl.post(page("support", cast.acme), {"allowed": "0"}).status_code == 302
    assert inside.get(page("overview", cast.acme)).status_code == 403
    event = AuditEvent.objects.get(action="support.access_changed")
    assert (event.actor_name, event.changes) == ("Carl Restricted", {"helpdesk_allowed": [True, False]})


@pytest.mark.parametrize("who", ["partner_full", "partner_readonly", "helpdesk"])
def test_partner_staff_do_not_let_themselves_in(cast: Cast, sign_in: SignIn, who: str) -> None:
    client = sign_in(who)
    launch(client, customer=cast.acme, by=cast.actor(who))
    assert client.get(page("support", cast.acme)).status_code == 200
    assert client.post(page("support", cast.acme), {"allowed": "0"}).status_code == 403
    cast.acme.refresh_from_db()
    assert cast.acme.helpdesk_allowed is True


def test_a_reader_does_not_switch_and_the_same_again_leaves_no_event(cast: Cast) -> None:
    with pytest.raises(Forbidden):
        set_helpdesk_access(customer=cast.acme, allowed=False, by=cast.actor("customer_readonly"))
    assert set_helpdesk_access(customer=cast.acme, allowed=True, by=cast.actor("customer_restricted")) is False
    assert not AuditEvent.objects.exists()


# -- Full rights for a while -------------------------------------------------------------------------------------------
def test_asked_approved_used_and_over(
    cast: Cast, sign_in: SignIn, inside: Client, django_capture_on_commit_callbacks: Any
) -> None:
    assert rename(inside, cast.acme) == 403
    with django_capture_on_commit_callbacks(execute=True):
        assert inside.post(page("support-request", cast.acme), WANTED).status_code == 302
    deciders = [cast.admins[who].email for who in ("customer_restricted", "external_full")]
    assert sorted(message.to for message in mail.outbox) == sorted([email] for email in deciders)
    rights = TemporaryRights.objects.get()
    assert rename(inside, cast.acme) == 403  # asking is not having

    carl = sign_in("customer_restricted")
    assert "asks for full rights" in carl.get(page("overview", cast.acme)).content.decode()
    assert "Phones are silent" in carl.get(page("support", cast.acme)).content.decode()
    assert carl.post(page("support-decide", cast.acme, rights), {"answer": "approve"}).status_code == 302

    rights.refresh_from_db()
    assert rights.expires_at is not None
    assert rights.decided_at is not None
    assert rights.expires_at - rights.decided_at == timedelta(minutes=30)
    assert "full rights until" in inside.get(page("overview", cast.acme)).content.decode()
    assert rename(inside, cast.acme) == 302
    event = AuditEvent.objects.get(action="customer.renamed")
    assert (event.actor_name, event.launch is not None) == ("Adele Advanced", True)

    TemporaryRights.objects.update(expires_at=rights.decided_at)
    assert rename(inside, cast.acme) == 403
    actions = AuditEvent.objects.filter(category="support").order_by("number").values_list("action", "actor_name")
    assert list(actions) == [
        ("support.rights_asked", "Adele Advanced"),
        ("support.rights_approved", "Carl Restricted"),
    ]


@pytest.fixture
def asked(cast: Cast, inside: Client) -> TemporaryRights:
    inside.post(page("support-request", cast.acme), WANTED)
    return TemporaryRights.objects.get()


@pytest.fixture
def lent(cast: Cast, asked: TemporaryRights) -> TemporaryRights:
    return decide(rights=asked, approve=True, by=cast.actor("customer_restricted"))


def test_lent_rights_are_no_way_to_lend_more(cast: Cast, inside: Client, lent: TemporaryRights) -> None:
    assert inside.post(page("support", cast.acme), {"allowed": "0"}).status_code == 403
    assert inside.post(page("support-decide", cast.acme, lent), {"answer": "approve"}).status_code == 403


def test_lent_rights_count_in_this_customer_only_and_in_a_launch_only(
    cast: Cast, sign_in: SignIn, inside: Client, lent: TemporaryRights
) -> None:
    launch(inside, customer=cast.open_acme, by=cast.actor("adele"))
    assert rename(inside, cast.open_acme) == 403
    assert level(cast.actor("adele"), Control.USERS_ADD, customer=cast.acme) is Level.READ_ONLY
    assert level(cast.actor("adele"), Control.PARTNER_CUSTOMERS, partner=cast.north) is Level.READ_ONLY


@pytest.mark.parametrize("how", ["taken back", "given back", "support forbidden", "role withdrawn"])
def test_lent_rights_end_on_the_next_request(
    cast: Cast, sign_in: SignIn, inside: Client, lent: TemporaryRights, how: str
) -> None:
    carl = sign_in("customer_restricted")
    if how == "taken back":
        carl.post(page("support-decide", cast.acme, lent), {"answer": "end"})
    elif how == "given back":
        inside.post(page("support-decide", cast.acme, lent), {"answer": "end"})
    elif how == "support forbidden":
        carl.post(page("support", cast.acme), {"allowed": "0"})
    else:
        cast.admins["adele"].role_assignments.filter(role=Role.HELPDESK_ADVANCED).update(role=Role.HELPDESK_BASIC)
    assert rename(inside, cast.acme) == 403


def test_refused_is_refused_and_one_may_ask_again(
    cast: Cast, sign_in: SignIn, inside: Client, asked: TemporaryRights
) -> None:
    carl = sign_in("customer_restricted")
    answer = page("support-decide", cast.acme, asked)
    assert carl.post(answer, {"answer": "refuse"}).status_code == 302
    assert carl.post(answer, {"answer": "approve"}).status_code == 422  # decided already
    assert rename(inside, cast.acme) == 403
    assert inside.post(page("support-request", cast.acme), WANTED).status_code == 302
    assert list(TemporaryRights.objects.order_by("pk").values_list("state", flat=True)) == [
        State.REFUSED,
        State.REQUESTED,
    ]


@pytest.mark.parametrize("who", ["customer_readonly", "partner_full", "adele"])
def test_only_the_customers_full_administrators_decide(
    cast: Cast, sign_in: SignIn, asked: TemporaryRights, who: str
) -> None:
    client = sign_in(who)
    if who != "customer_readonly":
        launch(client, customer=cast.acme, by=cast.actor(who))
    assert client.post(page("support-decide", cast.acme, asked), {"answer": "approve"}).status_code == 403
    asked.refresh_from_db()
    assert asked.state == State.REQUESTED


def test_nobody_approves_himself_by_his_other_role(cast: Cast, adele: AdminUser, asked: TemporaryRights) -> None:
    adele.role_assignments.create(role=Role.EXTERNAL_FULL, customer=cast.acme)
    with pytest.raises(Forbidden):
        decide(rights=asked, approve=True, by=cast.actor("adele").inside(cast.acme))
    with pytest.raises(IntegrityError), transaction.atomic():
        TemporaryRights.objects.update(decided_by=adele)


@pytest.mark.parametrize("who", ["helpdesk", "partner_readonly", "customer_restricted"])
def test_only_advanced_help_desk_asks(cast: Cast, sign_in: SignIn, who: str) -> None:
    client = sign_in(who)
    if who != "customer_restricted":
        launch(client, customer=cast.acme, by=cast.actor(who))
    assert client.post(page("support-request", cast.acme), WANTED).status_code == 403
    assert not TemporaryRights.objects.exists()


@pytest.mark.parametrize(
    "wrong", [{"reason": ""}, {"minutes": 61}, {"minutes": 0}, {"minutes": "x"}, {"reason": "a\nb"}]
)
def test_a_request_that_cannot_be_loses_nothing_typed(cast: Cast, inside: Client, wrong: dict[str, Any]) -> None:
    answer = inside.post(page("support-request", cast.acme), WANTED | wrong)
    assert (answer.status_code, TemporaryRights.objects.count()) == (422, 0)
    if "minutes" in wrong:
        assert "Phones are silent" in answer.content.decode()


def test_asking_twice_is_told_apart(cast: Cast, adele: AdminUser, asked: TemporaryRights, inside: Client) -> None:
    assert inside.post(page("support-request", cast.acme), WANTED).status_code == 422
    assert TemporaryRights.objects.count() == 1


def test_a_request_of_another_customer_does_not_exist(cast: Cast, sign_in: SignIn, asked: TemporaryRights) -> None:
    make_customer_admin(cast.open_acme)
    answer = sign_in("customer_full").post(page("support-decide", cast.open_acme, asked), {"answer": "approve"})
    assert answer.status_code == 404


def test_asking_needs_a_launch(cast: Cast, adele: AdminUser) -> None:
    with pytest.raises(Exception, match="inside this customer"):
        ask_for_rights(customer=cast.acme, **WANTED, by=cast.actor("adele"))
