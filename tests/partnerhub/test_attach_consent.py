"""The administrators of an organisation are asked, and the job waits for them (domain.md 9.2)."""

from datetime import timedelta
from smtplib import SMTPServerDisconnected
from typing import Any

import pytest
from django.core import mail
from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.test import Client
from django.utils import timezone

from controlhub.services.consents import LinkInvalid
from partnerhub.models import OrganizationAttachment
from partnerhub.services.attach_consents import answer, link_token
from partnerhub.services.attaching import AlreadyCustomer
from provisioning.models import ProvisioningJob, SimulatedEffect
from provisioning.queue import retry_job
from provisioning.simulated_organisations import CLAIMED, HUNDRED, VERIFIED
from tenancy.actors import SYSTEM
from tenancy.mail import stop
from tenancy.models import AuditEvent, Customer, Mailbox
from tests.cast import Cast
from tests.controlhub.races import at_once
from tests.factories import make_template
from tests.partnerhub.attaching_data import ask, attach, attachment_of, broken_invariants, job_of, links, run
from tests.provisioning.helpers import states

pytestmark = pytest.mark.django_db
HANA, HUGH = "hana@harvest.example.com", "hugh@harvest.example.com"


@pytest.fixture
def asked(cast: Cast) -> Customer:
    """An organisation with a hundred users, whose administrators have their mails."""
    customer = attach(cast, HUNDRED)
    ask(customer)
    return Customer.objects.get(pk=customer.pk)


def packages_say(customer: Customer) -> list[tuple[str, str]]:
    return list(customer.packages.values_list("status", "error_code"))


def test_the_job_waits_and_nothing_happens_in_the_organisation(asked: Customer) -> None:
    job, attachment = job_of(asked), attachment_of(asked)
    assert (asked.status, asked.org_id, job.state) == ("provisioning", None, "retry_wait")
    assert (attachment.state, attachment.round, attachment.asked_at is not None) == ("asked", 1, True)
    assert job.next_run_at > timezone.now() + timedelta(days=13)
    assert list(links()) == [HANA, HUGH]
    assert "attach_organisation" not in SimulatedEffect.objects.values_list("operation", flat=True)
    assert packages_say(asked) == [("provisioning", "")]
    assert broken_invariants() == []
    run(asked, claims=1)  # woken for nothing, it does not ask again
    assert (len(mail.outbox), job_of(asked).state) == (2, "retry_wait")


def test_the_page_says_what_approving_means_and_changes_nothing(asked: Customer) -> None:
    page = Client().get(links()[HANA])
    text = page.content.decode()
    assert (page.status_code, page.headers["Referrer-Policy"]) == (200, "same-origin")
    assert "no-store" in page.headers["Cache-Control"]
    assert all(
        word in text for word in ("Harvest Foods", "Northwind Voice", "Webex Calling", HANA, "Approve", "Refuse")
    )
    assert attachment_of(asked).state == "asked"
    assert Client().post(links()[HANA]).status_code == 200  # neither button
    assert attachment_of(asked).state == "asked"


def test_approval_lets_provisioning_go_on(asked: Customer) -> None:
    page = Client().post(links()[HUGH], {"answer": "approve"})
    assert (page.status_code, b"Thank you" in page.content) == (200, True)
    assert ProvisioningJob.objects.filter(pk=job_of(asked).pk, next_run_at__lte=Now()).exists()
    customer, attachment = run(asked), attachment_of(asked)
    assert (customer.status, customer.org_id) == ("provisioned", HUNDRED)
    assert (attachment.state, attachment.rights, attachment.answered_by) == ("attached", "full", HUGH)
    event = AuditEvent.objects.get(customer=customer, action="consent.given")
    assert (event.text, event.door) == (f"{HUGH} approved that Northwind Voice manages Harvest Foods", "consent")
    assert set(customer.role_assignments.values_list("admin__email", flat=True)) == {HANA, HUGH}
    assert broken_invariants() == []


def test_refusal_ends_it_with_a_sentence(asked: Customer) -> None:
    page = Client().post(links()[HANA], {"answer": "refuse"})
    assert (page.status_code, b"You refused" in page.content) == (200, True)
    customer, attachment, job = run(asked), attachment_of(asked), job_of(asked)
    assert (customer.status, customer.org_id, attachment.state) == ("error", None, "refused")
    assert job.error.startswith(f"{HANA} refused: the organization is not attached")
    assert states(job)["attach"] == "skipped"
    assert packages_say(customer) == [("error", "consent_refused")]
    assert not customer.role_assignments.exists()
    assert broken_invariants() == []


def test_the_first_answer_counts_and_a_link_works_once(asked: Customer) -> None:
    Client().post(links()[HANA], {"answer": "refuse"})
    for email in (HANA, HUGH):
        late = Client().post(links()[email], {"answer": "approve"})
        assert (late.status_code, b"Harvest" in late.content) == (410, False)
        assert Client().get(links()[email]).status_code == 410
    assert attachment_of(asked).state == "refused"


@pytest.mark.parametrize("spoil", [lambda link: link[:-4] + "abc/", lambda link: "/attach/nonsense/"])
def test_a_spoilt_link_shows_nothing(asked: Customer, spoil: Any) -> None:
    page = Client().post(spoil(links()[HANA]), {"answer": "approve"})
    assert (page.status_code, b"Harvest" in page.content, attachment_of(asked).state) == (410, False, "asked")


def test_the_link_of_a_consent_of_a_user_is_none_of_this(asked: Customer) -> None:
    other = links()[HANA].replace("/attach/", "/consent/")
    assert Client().get(other).status_code == 410


def test_nobody_answers_for_two_weeks(asked: Customer) -> None:
    long_ago = timezone.now() - timedelta(days=14)
    OrganizationAttachment.objects.filter(customer=asked).update(asked_at=long_ago)
    customer, attachment = run(asked), attachment_of(asked)
    assert (customer.status, attachment.state, packages_say(customer)) == (
        "error",
        "expired",
        [("error", "consent_not_given")],
    )
    assert Client().get(links()[HANA]).status_code == 410


@pytest.mark.parametrize("end", ["refuse", "expire"])
def test_a_retry_asks_anew_and_only_the_new_links_work(asked: Customer, cast: Cast, end: str) -> None:
    old = links()[HANA]
    if end == "refuse":
        Client().post(old, {"answer": "refuse"})
    else:
        long_ago = timezone.now() - timedelta(days=14)
        OrganizationAttachment.objects.filter(customer=asked).update(asked_at=long_ago)
    run(asked)
    retry_job(job=job_of(asked), by=cast.actor("partner_full"))
    assert Customer.objects.get(pk=asked.pk).status == "provisioning"
    attachment = ask(asked)
    assert (attachment.state, attachment.round, attachment.answered_by) == ("asked", 2, "")
    assert (Client().get(old).status_code, len(mail.outbox)) == (410, 4)
    Client().post(links()[HUGH], {"answer": "approve"})
    assert run(asked).status == "provisioned"
    assert packages_say(asked) == [("provisioned", "")]


def test_who_refused_is_free_for_another_partner_and_then_not_for_the_first(asked: Customer, cast: Cast) -> None:
    Client().post(links()[HANA], {"answer": "refuse"})
    run(asked)
    attach(cast, HUNDRED, who="other_partner_full")
    with pytest.raises(AlreadyCustomer):
        retry_job(job=job_of(asked), by=cast.actor("partner_full"))


def test_a_mail_server_that_is_away_is_tried_again(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    customer = attach(cast, VERIFIED)
    with monkeypatch.context() as away:

        def refuse(*args: Any) -> None:
            raise SMTPServerDisconnected

        away.setattr("django.core.mail.backends.locmem.EmailBackend.send_messages", refuse)
        run(customer, claims=2)
    attachment = attachment_of(customer)
    assert (attachment.state, attachment.asked_at, job_of(customer).state) == ("asked", None, "retry_wait")
    run(customer, claims=1)
    assert (list(links()), attachment_of(customer).asked_at is not None) == (["lara@lakeside.example.com"], True)


def test_without_an_address_that_takes_mails_it_fails_loudly(cast: Cast) -> None:
    stop(email="lara@lakeside.example.com", reason=Mailbox.Reason.BOUNCED, customer=None, by=SYSTEM)
    customer = run(attach(cast, VERIFIED))
    assert (customer.status, packages_say(customer)) == ("error", [("error", "nobody_to_ask")])


def test_a_possible_match_is_held_before_anybody_is_asked(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("provisioning.simulated.DENIED_PARTIES", ("summit clinics",))
    customer = run(attach(cast, CLAIMED), claims=1)
    assert (customer.status, attachment_of(customer).state, mail.outbox) == ("pending_rpl_review", "ordered", [])


def test_a_link_before_the_job_has_asked_does_not_work(cast: Cast) -> None:
    customer = attach(cast, HUNDRED)
    token = link_token(attachment_of(customer), HANA)
    assert Client().post(f"/attach/{token}/", {"answer": "approve"}).status_code == 410


def test_an_answer_that_comes_while_the_mails_go_out_is_not_lost(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    customer = attach(cast, VERIFIED)
    run(customer, claims=1)
    token = link_token(attachment_of(customer), "lara@lakeside.example.com")
    monkeypatch.setattr(
        "partnerhub.jobs.attaching._mail_administrators",
        lambda *_: answer(token=token, approve=True, by=SYSTEM),
    )
    run(customer, claims=1)
    assert ProvisioningJob.objects.filter(pk=job_of(customer).pk, next_run_at__lte=Now()).exists()
    assert run(customer).status == "provisioned"


def test_the_database_attaches_nobody_who_has_not_agreed(asked: Customer) -> None:
    row = OrganizationAttachment.objects.filter(customer=asked)
    for wrong in ({"state": "attached"}, {"state": "approved"}, {"decision": "automatic"}, {"rights": "limited"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            row.update(**wrong)


def test_the_mail_is_in_the_language_of_the_customer(cast: Cast) -> None:
    template = make_template(cast.north, email_language="de_DE")
    ask(attach(cast, VERIFIED, template=template))
    assert mail.outbox[0].subject == "Northwind Voice möchte Webex für Lakeside Law verwalten"


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_two_answers_at_once_are_one(cast: Cast) -> None:
    customer = attach(cast, HUNDRED)
    attachment = ask(customer)
    tokens = [(link_token(attachment, HANA), True), (link_token(attachment, HUGH), False)]
    deeds = [lambda token=token, yes=yes: answer(token=token, approve=yes, by=SYSTEM) for token, yes in tokens]
    assert at_once(deeds) == [LinkInvalid.code, "ok"]
    events = AuditEvent.objects.filter(customer=customer, action__in=["consent.given", "consent.refused"])
    assert events.count() == 1
