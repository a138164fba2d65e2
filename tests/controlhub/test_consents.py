"""The owner of a free account agrees before anything is used: job, mail, link, page, and what it does to seats and bills."""

import re
from datetime import datetime, timedelta
from smtplib import SMTPServerDisconnected
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.test import Client
from django.utils import timezone

from controlhub.models import ConsentRequest, PhoneNumber, Subscriber
from controlhub.services.consents import (
    LinkInvalid,
    NoConsentNeeded,
    accept,
    link_token,
    remind_of_consents,
    resend_consent,
)
from controlhub.services.lifecycle import change_email, delete_subscriber, suspend_subscriber
from controlhub.services.mailing import let_mail_through, report_undeliverable
from controlhub.services.packages import assign_package, change_package, remove_package
from controlhub.services.presence import ConsentPending
from controlhub.services.seats import LimitReached
from controlhub.services.subscribers import SubscriberErrors, claim_subscribers, create_subscribers
from provisioning.models import ProvisioningJob, SimulatedEffect, SimulatedFault
from provisioning.queue import retry_job
from tenancy.actors import SYSTEM
from tenancy.errors import Forbidden
from tenancy.models import AuditEvent, Customer, Mailbox
from tests.cast import Cast
from tests.controlhub.pages import page
from tests.controlhub.races import at_once
from tests.controlhub.scene import Scene, broken_invariants, everything, make_scene, new_user, used
from tests.factories import make_customer, make_subscriber
from tests.provisioning.helpers import run_to_end

pytestmark = pytest.mark.django_db
FREE = "finn@free.example.com"


@pytest.fixture
def scene(cast: Cast) -> Scene:
    scene = make_scene(cast.actor("partner_full"), make_customer(cast.north, "Harbour Inn"), webex_calling=1)
    make_subscriber(scene.customer)  # somebody came first: Finn is no administrator
    return scene


def add(scene: Scene, email: str = FREE, **fields: Any) -> tuple[Subscriber, ProvisioningJob]:
    row = new_user(scene, "Finn", **{"email": email, "number": "+12175550105", "extension": "25"} | fields)
    [person], job = create_subscribers(customer=scene.customer, users=[row], by=scene.by)
    run_to_end(job)
    return refreshed(person), job


def refreshed(person: Subscriber) -> Subscriber:
    return Subscriber.objects.select_related("customer__partner", "location").get(pk=person.pk)


def send_mail_now() -> str:
    """Run the mail's job; the path of the link in the mail."""
    run_to_end(ProvisioningJob.objects.filter(kind="consent_mail").order_by("-pk")[0])
    found = re.search(r"http://testserver(/consent/\S+)", mail.outbox[-1].body)
    assert found
    return found[1]


def intervals(person: Subscriber) -> list[tuple[bool, bool]]:
    """(has a length, runs on) of each interval."""
    rows = person.assignments.order_by("pk").values_list("started_at", "ended_at")
    return [(start != end, end is None) for start, end in rows]


def test_nothing_is_used_until_the_owner_agrees(scene: Scene) -> None:
    finn, job = add(scene)
    assert (job.state, finn.status, intervals(finn)) == ("succeeded", "pending_user_migration", [(False, False)])
    # Seat, number and extension are kept for him.
    assert (used(scene.customer), finn.extension, finn.number.e164) == (1, "25", "+12175550105")
    with pytest.raises(SubscriberErrors, match="limit 1, 1 used"):
        create_subscribers(customer=scene.customer, users=[new_user(scene, "Gil", extension="26")], by=scene.by)
    assert broken_invariants() == []


def test_the_mail_leads_to_the_page_and_agreeing_starts_usage(scene: Scene) -> None:
    finn, _ = add(scene)
    link = send_mail_now()
    assert mail.outbox[-1].to == [FREE]
    shown = Client().get(link)
    assert (shown.status_code, b"Harbour Inn" in shown.content, b"I agree" in shown.content) == (200, True, True)
    assert refreshed(finn).status == "pending_user_migration"  # looking is not agreeing
    assert Client().post(link).status_code == 200
    job = ProvisioningJob.objects.get(kind="complete_migration")
    assert run_to_end(job).state == "succeeded"
    assert (refreshed(finn).status, intervals(finn), used(scene.customer)) == (
        "provisioned",
        [(False, False), (True, True)],
        1,
    )
    assert SimulatedEffect.objects.filter(operation="complete_migration").count() == 1
    assert broken_invariants() == []


def test_a_browser_may_say_where_the_answer_comes_from(scene: Scene) -> None:
    add(scene)
    page = Client().get(send_mail_now())
    # With "no-referrer" browsers send "Origin: null" with the answer, which is refused as forged.
    assert page.headers["Referrer-Policy"] == "same-origin"


def test_a_link_works_once(scene: Scene) -> None:
    add(scene)
    link = send_mail_now()
    Client().post(link)
    before = everything(scene.customer)
    assert [Client().post(link).status_code, Client().get(link).status_code] == [410, 410]
    assert everything(scene.customer) == before


@pytest.mark.parametrize("spoil", [lambda link: link[:-4] + "abc/", lambda link: "/consent/nonsense/"])
def test_a_spoilt_link_shows_nothing(scene: Scene, spoil: Any) -> None:
    add(scene)
    answer = Client().post(spoil(send_mail_now()))
    assert (answer.status_code, b"Harbour" in answer.content) == (410, False)


def test_a_link_expires(scene: Scene) -> None:
    finn, _ = add(scene)
    link = send_mail_now()
    with time_machine.travel(timezone.now() + timedelta(days=14, minutes=1)):
        answer = Client().post(link)
    assert (answer.status_code, b"14 days" in answer.content) == (410, True)
    assert refreshed(finn).status == "pending_user_migration"


def test_a_newer_mail_replaces_the_older_link(scene: Scene) -> None:
    finn, _ = add(scene)
    old = send_mail_now()
    resend_consent(subscriber=finn, by=scene.by)
    new = send_mail_now()
    assert [Client().get(old).status_code, Client().get(new).status_code] == [410, 200]


def test_only_who_is_waited_for_is_asked_again(scene: Scene, cast: Cast) -> None:
    somebody = make_subscriber(scene.customer)
    with pytest.raises(NoConsentNeeded):
        resend_consent(subscriber=somebody, by=scene.by)
    with pytest.raises(Forbidden):
        resend_consent(subscriber=somebody, by=cast.actor("partner_readonly"))


def test_who_is_waited_for_cannot_be_changed(scene: Scene) -> None:
    finn, _ = add(scene)
    before = everything(scene.customer)
    for deed in (
        lambda: assign_package(subscriber=finn, package="webex_meetings", by=scene.by),
        lambda: change_package(subscriber=finn, package="webex_meetings", by=scene.by),
        lambda: remove_package(subscriber=finn, by=scene.by),
        lambda: change_email(subscriber=finn, email="finn@example.com", by=scene.by),
        lambda: suspend_subscriber(subscriber=finn, by=scene.by),
    ):
        with pytest.raises(ConsentPending):
            deed()
    assert everything(scene.customer) == before


def test_deleting_who_is_waited_for_frees_the_seat_and_kills_the_link(scene: Scene) -> None:
    finn, _ = add(scene)
    link = send_mail_now()
    delete_subscriber(subscriber=finn, by=scene.by)
    assert (used(scene.customer), PhoneNumber.objects.get(e164="+12175550105").subscriber) == (0, None)
    assert Client().post(link).status_code == 410
    assert ConsentRequest.objects.get().state == "cancelled"
    assert broken_invariants() == []


def test_a_mail_server_that_is_away_is_tried_again(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    add(scene)
    job = ProvisioningJob.objects.get(kind="consent_mail")

    def away(*args: Any, **kwargs: Any) -> int:
        raise SMTPServerDisconnected

    with monkeypatch.context() as patch:
        patch.setattr("django.core.mail.backends.locmem.EmailBackend.send_messages", away)
        run_to_end(job, claims=1)
    assert job.state == "retry_wait"
    assert send_mail_now()


def test_a_refused_move_gives_everything_back_and_can_be_retried(scene: Scene) -> None:
    finn, _ = add(scene)
    Client().post(send_mail_now())
    SimulatedFault.objects.create(operation="complete_migration", kind="refused", message="Not now.", remaining=1)
    job = run_to_end(ProvisioningJob.objects.get(kind="complete_migration"))
    finn = refreshed(finn)
    assert (job.state, finn.status, finn.error, used(scene.customer)) == ("failed", "failed", "Not now.", 0)
    assert broken_invariants() == []
    retry_job(job=job, by=SYSTEM)
    assert (run_to_end(job).state, refreshed(finn).status, used(scene.customer)) == ("succeeded", "provisioned", 1)
    assert broken_invariants() == []


def test_claiming_takes_over_trial_accounts_at_once_and_asks_owners_of_free_ones(scene: Scene) -> None:
    rows = [
        new_user(scene, "Tia", "webex_meetings", email="tia@trial.example.com"),
        new_user(scene, "Fay", "webex_meetings", email="fay@free.example.com"),
        new_user(scene, "Noa", "webex_meetings", email="noa@example.com"),
    ]
    people, job = claim_subscribers(customer=scene.customer, users=rows, by=scene.by)
    assert run_to_end(job).state == "failed"
    tia, fay, noa = [refreshed(person) for person in people]
    assert [tia.status, fay.status, noa.status] == ["provisioned", "pending_user_migration", "failed"]
    assert noa.error == "noa@example.com has no account that could be claimed. Add the user instead."
    assert (used(scene.customer, "webex_meetings"), broken_invariants()) == (2, [])


def test_claiming_is_refused_while_restricted(cast: Cast) -> None:
    scene = make_scene(cast.actor("customer_restricted"), cast.acme)
    before = everything(cast.acme)
    with pytest.raises(Forbidden):
        claim_subscribers(customer=cast.acme, users=[new_user(scene, "Tia", "webex_meetings")], by=scene.by)
    assert everything(cast.acme) == before


def test_the_board_lists_who_is_waited_for(scene: Scene, cast: Cast) -> None:
    scene = make_scene(cast.actor("partner_full"), cast.open_acme)
    finn, _ = add(scene)
    ConsentRequest.objects.update(created_at=timezone.now() - timedelta(days=8))
    client = Client()
    client.force_login(cast.admins["customer_full"])
    board = client.get(page("consent-list", cast.open_acme)).content.decode()
    assert (FREE in board, "1\xa0week" in board, "Resend" in board) == (True, True, True)
    client.post(page("user-resend", cast.open_acme, finn), {"next": "board"})
    assert ConsentRequest.objects.get().round == 2


def test_the_board_is_searched_and_filtered(cast: Cast) -> None:
    scene = make_scene(cast.actor("partner_full"), cast.open_acme)
    add(scene)
    late, _ = add(scene, "lena@free.example.com", first_name="Lena", extension="26", number="")
    ConsentRequest.objects.filter(subscriber=late).update(sent_at=timezone.now() - timedelta(days=15), round=2)
    client = Client()
    client.force_login(cast.admins["customer_full"])

    def found(**query: str) -> list[str]:
        answer = client.get(page("consent-list", cast.open_acme), query)
        return [row.subscriber.first_name for row in answer.context["page"].items]

    assert found() == ["Finn", "Lena"]
    assert (found(waiting="reminded"), found(waiting="expired"), found(q="finn")) == (["Lena"], ["Lena"], ["Finn"])
    assert (found(waiting="nonsense"), found(q="nobody")) == (["Finn", "Lena"], [])
    overview = client.get(page("overview", cast.open_acme)).content.decode()
    assert "?waiting=expired" in overview


# -- The reminder that comes by itself ---------------------------------------------------------------------------------
def days_later(days: float) -> datetime:
    return timezone.now() + timedelta(days=days)


def test_who_does_not_answer_is_reminded_once(scene: Scene) -> None:
    finn, _ = add(scene)
    first = send_mail_now()
    assert [remind_of_consents(now=days_later(days)) for days in (6.9, 7.1, 7.1)] == [0, 1, 0]
    assert Client().get(first).status_code == 410  # the newer mail replaces it
    assert Client().get(send_mail_now()).status_code == 200
    ConsentRequest.objects.update(sent_at=timezone.now() - timedelta(days=30))
    assert remind_of_consents(now=days_later(0)) == 0  # once, never again
    assert (ConsentRequest.objects.get().reminders, len(mail.outbox)) == (1, 2)
    event = AuditEvent.objects.get(action="consent.reminded")
    assert (event.actor_name, event.target_name) == ("Portal", str(finn))


def test_who_was_reminded_by_hand_is_not_reminded_again(scene: Scene) -> None:
    finn, _ = add(scene)
    resend_consent(subscriber=finn, by=scene.by)
    assert remind_of_consents(now=days_later(100)) == 0


def test_nobody_is_reminded_in_vain(scene: Scene) -> None:
    finn, _ = add(scene)
    report_undeliverable(email=FREE, reason=Mailbox.Reason.BOUNCED, by=SYSTEM)
    assert remind_of_consents(now=days_later(8)) == 0
    let_mail_through(customer=scene.customer, owner=finn, by=scene.by)
    Customer.objects.filter(pk=scene.customer.pk).update(status="pending_rpl_review")
    assert remind_of_consents(now=days_later(8)) == 0
    Customer.objects.filter(pk=scene.customer.pk).update(status="provisioned")
    assert remind_of_consents(now=days_later(8)) == 1
    delete_subscriber(subscriber=refreshed(finn), by=scene.by)
    ConsentRequest.objects.update(round=1)
    assert remind_of_consents(now=days_later(16)) == 0


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_once_start_one_interval(cast: Cast) -> None:
    scene = make_scene(cast.actor("partner_full"), make_customer(cast.north), webex_calling=1)
    make_subscriber(scene.customer)
    finn, _ = add(scene)
    token = link_token(ConsentRequest.objects.get())
    outcomes = at_once([lambda: accept(token=token, by=SYSTEM)] * 4)
    assert outcomes == [LinkInvalid.code] * 3 + ["ok"]
    assert (intervals(finn), used(scene.customer)) == ([(False, False), (True, True)], 1)


@pytest.mark.django_db(transaction=True)
def test_the_kept_seat_is_not_given_away(cast: Cast) -> None:
    scene = make_scene(cast.actor("partner_full"), make_customer(cast.north), webex_calling=1)
    make_subscriber(scene.customer)
    add(scene)
    others = [make_subscriber(scene.customer, extension=f"3{n}", location=scene.headquarters) for n in range(4)]
    deeds = [
        lambda person=person: assign_package(subscriber=person, package="webex_calling", by=scene.by)
        for person in others
    ]
    assert at_once(deeds) == [LimitReached.code] * 4
