"""Mails of a customer: in its language, suppressed when it says so, stopped when an address bounced, let through again."""

from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.core import mail
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from controlhub.models import ConsentRequest, OrganizationSettings, Subscriber
from controlhub.queries.mail import mail_state
from controlhub.queries.organization import mail_language
from controlhub.services.admin_roles import make_administrators
from controlhub.services.consents import resend_consent
from controlhub.services.lifecycle import resend_invitation
from controlhub.services.mailing import let_mail_through, report_undeliverable
from controlhub.services.subscribers import create_subscribers
from partnerhub.services.identity import send_code
from partnerhub.services.suppression import resume_mail
from provisioning.models import ProvisioningJob
from tenancy.actors import SYSTEM
from tenancy.errors import Forbidden
from tenancy.mail import MailNotStopped, MailStopped, is_stopped
from tenancy.models import AuditEvent, Customer, Mailbox
from tenancy.policy import Role
from tests.cast import Cast
from tests.controlhub.pages import Office, furnish, page
from tests.controlhub.scene import make_scene, new_user
from tests.factories import make_customer, make_subscriber
from tests.provisioning.helpers import make_ordered_customer, order, run_to_end

SignIn = Callable[[str], Client]
pytestmark = pytest.mark.django_db
BOUNCED = Mailbox.Reason.BOUNCED


@pytest.fixture
def office(cast: Cast) -> Office:
    return furnish(cast.open_acme)


def choose(customer: Customer, **fields: Any) -> None:
    OrganizationSettings.objects.update_or_create(customer=customer, defaults=fields)


def run(kind: str) -> ProvisioningJob:
    return run_to_end(ProvisioningJob.objects.filter(kind=kind).order_by("-pk")[0])


def results(job: ProvisioningJob) -> list[dict[str, Any]]:
    return [step.result for step in job.steps.order_by("position")]


# -- Languages ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("settings", "language", "expected"),
    [
        (None, "fr_CA", "fr"),  # nobody has chosen: the organization's language
        ({"email_locale": ""}, "nb_NO", "nb"),
        ({"email_locale": "de_DE"}, "fr_CA", "de"),  # chosen: that one
        ({"email_locale": ""}, "xx_XX", "en"),
    ],
)
def test_mails_go_out_in_the_chosen_language(
    cast: Cast, settings: dict[str, str] | None, language: str, expected: str
) -> None:
    customer = make_customer(cast.north, language=language)
    if settings is not None:
        choose(customer, **settings)
    assert mail_language(customer) == expected


def test_the_first_invitation_is_in_the_organizations_language(cast: Cast) -> None:
    customer = make_ordered_customer(cast.north, language="sv_SE", name="Fjord AB")
    run_to_end(order(customer))
    (letter,) = mail.outbox
    assert (letter.subject, letter.extra_headers["Content-Language"]) == ("Din Control Hub för Fjord AB", "sv")
    assert "Northwind Voice har konfigurerat Webex för Fjord AB" in letter.body


def test_a_new_administrator_reads_his_roles_in_his_language(office: Office, cast: Cast) -> None:
    choose(office.customer, email_locale="it_IT")
    by = cast.actor("customer_full")
    make_administrators(customer=office.customer, subscribers=[office.gwen], roles=[Role.CUSTOMER_DEVICE], by=by)
    run("invite_administrators")
    assert "Il suo ruolo: Amministratore dei dispositivi." in mail.outbox[0].body


def test_a_reminder_says_that_it_is_one(cast: Cast) -> None:
    scene = make_scene(cast.actor("partner_full"), make_customer(cast.north, "Harbour Inn", language="de_DE"))
    make_subscriber(scene.customer)
    [finn], job = create_subscribers(
        customer=scene.customer,
        users=[new_user(scene, "Finn", email="finn@free.example.com", extension="25")],
        by=scene.by,
    )
    run_to_end(job)
    run("consent_mail")
    resend_consent(subscriber=Subscriber.objects.select_related("customer__partner").get(pk=finn.pk), by=scene.by)
    run("consent_mail")
    assert [letter.subject for letter in mail.outbox] == [
        "Harbour Inn möchte Ihr Webex-Konto übernehmen",
        "Erinnerung: Harbour Inn möchte Ihr Webex-Konto übernehmen",
    ]
    assert "Der Link in dieser E-Mail ersetzt den früheren." in mail.outbox[1].body
    assert mail.outbox[1].body.count("/consent/") == 1


def test_a_forgotten_password_is_answered_in_the_administrators_language(cast: Cast) -> None:
    choose(cast.acme, email_locale="ja_JP")
    for who in ("customer_restricted", "partner_full"):
        Client().post(reverse("account_reset_password"), {"email": cast.admins[who].email})
    assert [letter.extra_headers["Content-Language"] for letter in mail.outbox] == ["ja", "en"]


# -- Suppressing invitations -------------------------------------------------------------------------------------------
def test_suppressed_invitations_leave_by_no_door(office: Office, cast: Cast) -> None:
    customer = office.customer
    choose(customer, suppress_admin_invite_email=True)
    make_administrators(
        customer=customer, subscribers=[office.gwen], roles=[Role.CUSTOMER_DEVICE], by=cast.actor("customer_full")
    )
    told = results(run("invite_administrators"))
    fresh = make_ordered_customer(cast.north, suppress_admin_invite_email=True)
    onboarding = run_to_end(order(fresh))
    fresh.refresh_from_db()
    scene = make_scene(cast.actor("partner_full"), make_customer(cast.north))
    choose(scene.customer, suppress_admin_invite_email=True)
    _, creation = create_subscribers(
        customer=scene.customer, users=[new_user(scene, "Ada", extension="21")], by=scene.by
    )
    run_to_end(creation)
    why = {"sent": False, "why": "The organization suppresses invitations of administrators."}
    assert (told[-1], results(onboarding)[-1], results(creation)[-1]) == (why, why, why)
    assert mail.outbox == []


# -- Stopped addresses -------------------------------------------------------------------------------------------------
def test_a_reported_bounce_stops_mails_and_is_in_the_log(office: Office) -> None:
    assert report_undeliverable(email=office.ada.email.upper(), reason=BOUNCED, by=SYSTEM)
    assert not report_undeliverable(email=office.ada.email, reason=BOUNCED, by=SYSTEM)
    event = AuditEvent.objects.get(action="mail.stopped")
    assert (event.customer, event.target_name, event.actor_name) == (office.customer, "Ada Archer", "Portal")


def test_nothing_is_resent_to_a_stopped_address(office: Office, cast: Cast) -> None:
    by, ada = cast.actor("customer_full"), office.ada
    report_undeliverable(email=ada.email, reason=BOUNCED, by=SYSTEM)
    events = AuditEvent.objects.count()
    with pytest.raises(MailStopped, match="one bounced or was reported as spam"):
        resend_invitation(subscriber=ada, by=by)
    Subscriber.objects.filter(pk=office.gwen.pk).update(status="pending_user_migration")
    report_undeliverable(email=office.gwen.email, reason=BOUNCED, by=SYSTEM)
    with pytest.raises(MailStopped):
        resend_consent(subscriber=office.gwen, by=by)
    with pytest.raises(MailStopped):
        send_code(subscriber=ada, by=cast.actor("helpdesk"))
    assert (ProvisioningJob.objects.count(), mail.outbox, AuditEvent.objects.count()) == (0, [], events + 1)


def test_the_users_page_says_so_and_lets_mails_through(office: Office, sign_in: SignIn) -> None:
    client, url = sign_in("customer_full"), page("user-detail", office.customer, office.ada)
    assert "None sent" in client.get(url).content.decode()
    report_undeliverable(email=office.ada.email, reason=BOUNCED, by=SYSTEM)
    shown = client.get(url).content.decode()
    assert ("are stopped" in shown, "Let mails through again" in shown) == (True, True)
    found = client.get(page("user-list", office.customer), {"status": "mail_stopped"})
    assert [user.first_name for user in found.context["page"].items] == ["Ada"]
    answer = client.post(page("user-mail", office.customer, office.ada), follow=True)
    assert "are sent again" in answer.content.decode()
    assert not is_stopped(office.ada.email)
    event = AuditEvent.objects.get(action="mail.resumed")
    assert event.text == f"Carla Full let mails to {office.ada.email} through again"
    again = client.post(page("user-mail", office.customer, office.ada), follow=True)
    assert "are not stopped" in again.content.decode()


def test_an_administrators_page_says_so_too(office: Office, cast: Cast, sign_in: SignIn) -> None:
    carla = cast.admins["customer_full"]
    report_undeliverable(email=carla.email, reason=BOUNCED, by=SYSTEM)
    client = sign_in("customer_full")
    assert "are stopped" in client.get(page("admin-edit", office.customer, carla)).content.decode()
    client.post(page("admin-mail", office.customer, carla))
    assert not is_stopped(carla.email)


@pytest.mark.parametrize("who", ["customer_readonly", "customer_location", "customer_device", "partner_readonly"])
def test_who_may_not_change_a_users_status_lets_nothing_through(cast: Cast, who: str) -> None:
    ada = make_subscriber(cast.acme)
    report_undeliverable(email=ada.email, reason=BOUNCED, by=SYSTEM)
    with pytest.raises(Forbidden):
        let_mail_through(customer=cast.acme, owner=ada, by=cast.actor(who))
    with pytest.raises(Forbidden):
        let_mail_through(customer=cast.acme, owner=cast.admins["customer_full"], by=cast.actor(who))
    assert is_stopped(ada.email)


def test_help_desk_sees_and_lifts_it(cast: Cast, sign_in: SignIn) -> None:
    ada = make_subscriber(cast.acme)
    report_undeliverable(email=ada.email, reason=Mailbox.Reason.COMPLAINED, by=SYSTEM)
    client = sign_in("helpdesk")
    card = reverse("partnerhub:helpdesk-user", args=[cast.north.public_id, ada.public_id])
    assert "A mail was reported as spam" in client.get(card).content.decode()
    client.post(reverse("partnerhub:helpdesk-mail", args=[cast.north.public_id, ada.public_id]))
    assert not is_stopped(ada.email)
    assert AuditEvent.objects.get(action="mail.resumed").actor == cast.admins["helpdesk"]
    for who in ("customer_restricted", "other_partner_full"):
        with pytest.raises(Forbidden):
            resume_mail(subscriber=ada, by=cast.actor(who))
    with pytest.raises(MailNotStopped):
        resume_mail(subscriber=ada, by=cast.actor("helpdesk"))


def test_another_customer_does_not_learn_which_mail_that_was(cast: Cast) -> None:
    Mailbox.objects.create(
        email="e@x.example.com", last_kind="consent", last_status="sent", last_at="2026-01-01T00:00Z", last_customer=cast.acme
    )  # fmt: skip
    ours, theirs = (mail_state(customer, "E@x.example.com") for customer in (cast.acme, cast.open_acme))
    assert (ours.what, theirs.what) == ("Question for consent", "")
    assert (ours.status, theirs.status) == ("Sent", "Sent")


def test_a_stopped_address_is_asked_for_no_consent(cast: Cast) -> None:
    scene = make_scene(cast.actor("partner_full"), make_customer(cast.north))
    make_subscriber(scene.customer)
    report_undeliverable(email="finn@free.example.com", reason=BOUNCED, by=SYSTEM)
    rows = [new_user(scene, "Finn", email="finn@free.example.com", extension="25")]
    run_to_end(create_subscribers(customer=scene.customer, users=rows, by=scene.by)[1])
    job = run("consent_mail")
    assert results(job) == [{"sent": False, "why": "Mails to this address are stopped."}]
    assert (mail.outbox, ConsentRequest.objects.get().state) == ([], "pending")


def test_the_command_takes_reports_and_lists_them(office: Office) -> None:
    out = StringIO()
    call_command("mail_report", stdout=out)
    call_command("mail_report", office.ada.email, "--complained", stdout=out)
    call_command("mail_report", office.ada.email, stdout=out)
    call_command("mail_report", stdout=out)
    lines = out.getvalue().splitlines()
    assert lines[:3] == [
        "Mails go to everybody.",
        f"Mails to {office.ada.email} are stopped.",
        f"Mails to {office.ada.email} were stopped already.",
    ]
    assert lines[3].endswith(office.ada.email)
    assert "reported as spam" in lines[3]
