"""Attaching an organisation that exists: the decision, the order, and what stays as it was (domain.md section 9)."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.urls import reverse

from controlhub.models import OrganizationSettings
from controlhub.queries.organization import organization_settings
from controlhub.services.administrators import becomes_administrator
from controlhub.services.subscribers import create_subscribers
from partnerhub.models import OrganizationAttachment
from partnerhub.services.attaching import (
    AlreadyCustomer,
    ConsentMailsOff,
    Decision,
    Licences,
    NobodyToAsk,
    Reason,
    Rights,
    TrialOrganisation,
    decide,
    plan_attach,
)
from partnerhub.services.changing import delete_customer
from partnerhub.services.suspension import PartnerSuspended
from provisioning.models import ProvisioningJob, SimulatedEffect, SimulatedFault
from provisioning.simulated_organisations import HUNDRED, LICENSED, NINETY_NINE, SMALL, TRIAL, VERIFIED
from tenancy.errors import Forbidden
from tenancy.models import AuditEvent, Customer, Partner, RoleAssignment
from tests.cast import Cast
from tests.controlhub.races import at_once
from tests.controlhub.scene import Scene, new_user
from tests.factories import make_customer, make_template
from tests.partnerhub.attaching_data import (
    ask,
    attach,
    attachment_of,
    broken_invariants,
    job_of,
    links,
    organisation,
    planned,
    run,
)
from tests.provisioning.helpers import effects, run_to_end, states

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("facts", "decision", "reason"),
    [
        ({"users": 0}, Decision.AUTOMATIC, Reason.SMALL),
        ({"users": 99}, Decision.AUTOMATIC, Reason.SMALL),
        ({"users": 100}, Decision.CONSENT, Reason.USERS),
        ({"verified_domain": True}, Decision.CONSENT, Reason.VERIFIED_DOMAIN),
        ({"claimed_domain": True}, Decision.CONSENT, Reason.CLAIMED_DOMAIN),
        ({"claimed_domain": True, "verified_domain": True, "users": 5000}, Decision.CONSENT, Reason.USERS),
    ],
)
def test_a_hundred_users_or_a_domain_need_consent(facts: dict[str, Any], decision: Decision, reason: Reason) -> None:
    plan = decide(organisation(**facts))
    assert (plan.decision, plan.reason) == (decision, reason)


@pytest.mark.parametrize(
    ("facts", "rights"),
    [
        ({"licences": Licences.NONE}, Rights.FULL),
        ({"licences": Licences.SUSPENDED}, Rights.FULL),
        ({"licences": Licences.ACTIVE}, Rights.LIMITED),
        ({"licences": Licences.ACTIVE, "users": 100}, Rights.FULL),  # its administrators have agreed to it
    ],
)
def test_who_has_licences_and_was_not_asked_shows_the_partner_little(facts: dict[str, Any], rights: Rights) -> None:
    assert decide(organisation(**facts)).rights == rights


def test_a_trial_and_an_organisation_without_administrator_are_refused() -> None:
    with pytest.raises(TrialOrganisation):
        decide(organisation(trial=True, users=500))
    with pytest.raises(NobodyToAsk):
        decide(organisation(administrators=()))


def test_what_webex_does_not_know_has_no_plan(cast: Cast) -> None:
    assert plan_attach(partner=cast.north, org_id=uuid4(), by=cast.actor("partner_full")) is None


def test_the_question_needs_the_right_to_create_customers(cast: Cast) -> None:
    for who in ("partner_plain", "partner_readonly", "other_partner_full", "customer_full"):
        with pytest.raises(Forbidden):
            plan_attach(partner=cast.north, org_id=SMALL, by=cast.actor(who))
    Partner.objects.filter(pk=cast.north.pk).update(state=Partner.State.SUSPENDED)
    with pytest.raises(PartnerSuspended):
        plan_attach(partner=cast.north, org_id=SMALL, by=cast.actor("partner_full"))


def test_a_small_organisation_is_attached_and_nobody_is_notified(cast: Cast) -> None:
    customer = attach(cast, SMALL)
    assert (customer.status, customer.org_id) == ("provisioning", None)  # shown once it is provisioned
    customer = run(customer)
    assert states(job_of(customer)) == dict.fromkeys(
        ["screening", "attach", "package webex_calling", "location", "meeting_site", "administrators"], "done"
    )
    assert (customer.status, customer.org_id, customer.name) == ("provisioned", SMALL, "Pine Street Florist")
    assert (customer.primary_email, mail.outbox) == ("fern@pinestreet.example.com", [])
    assert not SimulatedEffect.objects.filter(operation__in=["create_organisation", "invite_administrator"]).exists()
    assert broken_invariants() == []


def test_what_was_decided_is_kept_and_told(cast: Cast) -> None:
    customer = run(attach(cast, LICENSED))
    kept = attachment_of(customer)
    assert (kept.decision, kept.reason, kept.rights, kept.users, kept.licences) == (
        "automatic",
        "small",
        "limited",
        24,
        "active",
    )
    assert (kept.state, kept.round, kept.asked_at, kept.answered_at) == ("attached", 0, None, None)
    created = AuditEvent.objects.get(customer=customer, action="customer.created")
    assert created.changes["rights"] == [None, "Provisioning admin (limited view)"]
    assert "fewer than 100 users" in created.changes["attach"][1]
    assert AuditEvent.objects.filter(customer=customer, action="customer.attached").count() == 1
    told = SimulatedEffect.objects.get(operation="attach_organisation").payload
    assert (told["rights"], told["managed_by"], told["name"]) == (
        "limited",
        [str(cast.north.public_id)],
        "Maple Dental",
    )


def test_the_provider_of_a_sub_partner_manages_it_too(cast: Cast) -> None:
    run(attach(cast, SMALL, who="subpartner_full"))
    told = SimulatedEffect.objects.get(operation="attach_organisation").payload
    assert told["managed_by"] == [str(cast.branch.public_id), str(cast.north.public_id)]


def test_settings_are_kept_and_the_template_does_not_reach_them(cast: Cast) -> None:
    sso = {"authentication": "saml", "idp_entity_id": "https://idp.example.com", "suppress_admin_invite_email": True}
    customer = run(attach(cast, SMALL, template=make_template(cast.north, **sso)))
    assert not OrganizationSettings.objects.filter(customer=customer).exists()
    settings = organization_settings(customer)
    assert (settings.authentication, settings.suppress_admin_invite_email) == ("webex", False)
    assert customer.restricted is False
    # Webex hears that it is not restricted, and nothing about sign-in or mails.
    pushed = [run_to_end(job) for job in customer.jobs.filter(kind="change_organization")]
    told = SimulatedEffect.objects.filter(operation="update_organisation").values_list("payload", flat=True)
    assert [(said["section"], said["facts"]) for said in told] == [("put_restricted_mode", {"restricted": False})]
    assert [job.state for job in pushed] == ["succeeded"]


def test_its_administrators_stay_and_the_first_user_becomes_none(cast: Cast) -> None:
    customer = run(attach(cast, SMALL))
    roles = RoleAssignment.objects.filter(customer=customer)
    assert list(roles.values_list("admin__email", "role")) == [("fern@pinestreet.example.com", "customer_full")]
    assert not becomes_administrator(customer)
    scene = Scene(customer, customer.locations.get(), cast.actor("partner_full"))
    user = new_user(scene, "Uwe", extension="21")
    [person], _ = create_subscribers(customer=customer, users=[user], by=cast.actor("partner_full"))
    assert (person.admin, roles.count()) == (None, 1)


def test_somebody_the_portal_knows_may_administer_it(cast: Cast) -> None:
    make_customer(cast.south, primary_email="fern@pinestreet.example.com")
    assert run(attach(cast, SMALL)).status == "provisioned"


def test_a_trial_cannot_be_converted(cast: Cast) -> None:
    with pytest.raises(TrialOrganisation):
        planned(cast, TRIAL)


def test_an_organisation_is_one_customer_at_a_time(cast: Cast) -> None:
    plan = planned(cast, SMALL)
    attach(cast, SMALL)
    with pytest.raises(AlreadyCustomer):
        planned(cast, SMALL)
    with pytest.raises(AlreadyCustomer):  # somebody was quicker after the question
        attach(cast, HUNDRED, plan=plan)
    assert Customer.objects.filter(attached=True).count() == 1


def test_one_that_is_a_customer_without_having_been_attached_is_refused_too(cast: Cast) -> None:
    make_customer(cast.south, org_id=SMALL)
    with pytest.raises(AlreadyCustomer):
        planned(cast, SMALL)


def test_deleting_keeps_the_organisation_which_may_come_back(cast: Cast) -> None:
    customer = run(attach(cast, NINETY_NINE))
    delete_customer(customer=customer, by=cast.actor("partner_full"))
    run_to_end(ProvisioningJob.objects.get(customer=customer, kind="delete_customer"))
    customer.refresh_from_db()
    assert (customer.deleted_at is not None, customer.org_id) == (True, NINETY_NINE)
    assert attachment_of(customer).state == "ended"
    assert SimulatedEffect.objects.filter(operation="release_organisation").count() == 1
    again = run(attach(cast, NINETY_NINE))
    assert (again.pk != customer.pk, again.org_id, again.status) == (True, NINETY_NINE, "provisioned")
    assert broken_invariants() == []


def test_a_template_that_sends_no_mails_cannot_ask_for_consent(cast: Cast) -> None:
    silent = make_template(cast.north, admin_invite_emails_on_attach=False)
    with pytest.raises(ConsentMailsOff):
        attach(cast, VERIFIED, template=silent)
    assert not OrganizationAttachment.objects.exists()
    assert run(attach(cast, SMALL, template=silent)).status == "provisioned"


def test_only_who_creates_customers_attaches(cast: Cast) -> None:
    plan = planned(cast, SMALL)
    for who in ("partner_plain", "partner_readonly", "other_partner_full", "customer_full"):
        with pytest.raises(Forbidden):
            attach(cast, SMALL, plan=plan, by=cast.actor(who))
    assert not Customer.objects.filter(attached=True).exists()


def test_a_lost_answer_attaches_once(cast: Cast) -> None:
    SimulatedFault.objects.create(operation="attach_organisation", kind="answer_lost", remaining=1)
    customer = run(attach(cast, SMALL))
    assert customer.status == "provisioned"
    assert effects(job_of(customer)).count("attach:") == 1


def panel(client: Client, customer: Customer, *, part: str = "customer-panel") -> str:
    url = reverse(f"partnerhub:{part}", args=[customer.partner.public_id, customer.public_id])
    return client.get(url).content.decode()


def test_the_panel_says_how_it_was_attached(cast: Cast, sign_in: Callable[[str], Client]) -> None:
    page = panel(sign_in("partner_full"), run(attach(cast, LICENSED)))
    for words in ("Attached organization", "Automatic: the organization had fewer than 100 users", "limited view"):
        assert words in page
    assert "Waiting for consent" not in page
    assert "Attached organization" not in panel(sign_in("partner_full"), cast.acme)


def test_the_panel_says_since_when_it_waits_and_who_answered(cast: Cast, sign_in: Callable[[str], Client]) -> None:
    client, customer = sign_in("partner_full"), attach(cast, HUNDRED)
    ask(customer)
    since = f"{attachment_of(customer).asked_at:%Y}"
    for part in ("customer-panel", "customer-panel-progress"):
        page = panel(client, customer, part=part)
        assert all(words in page for words in ("Waiting for consent", since, "hana@harvest.example.com", "every 10s"))
    Client().post(links()["hana@harvest.example.com"], {"answer": "refuse"})
    assert "Consent refused" in panel(client, run(customer), part="customer-panel-progress")


def test_its_administrators_get_in_by_a_new_password(cast: Cast) -> None:
    run(attach(cast, SMALL))
    Client().post("/password/reset/", {"email": "fern@pinestreet.example.com"})
    assert [message.to for message in mail.outbox] == [["fern@pinestreet.example.com"]]
    assert "/password/reset/key/" in mail.outbox[0].body


@pytest.mark.parametrize(
    "wrong",
    [
        "UPDATE tenancy_customer SET attached = false WHERE attached",
        "UPDATE tenancy_customer SET org_id = gen_random_uuid() WHERE attached",
        "UPDATE tenancy_customer SET attached = true WHERE name = 'Acme Dental'",
    ],
)
def test_the_invariant_finds_what_does_not_fit(cast: Cast, wrong: str) -> None:
    run(attach(cast, SMALL))
    assert broken_invariants() == []
    with connection.cursor() as cursor:
        cursor.execute(wrong)
    assert "P3" in broken_invariants()


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_two_partners_at_once_attach_it_once(cast: Cast) -> None:
    plans = {who: planned(cast, SMALL, who=who) for who in ("partner_full", "other_partner_full")}
    deeds = [lambda who=who, plan=plan: attach(cast, SMALL, who=who, plan=plan) for who, plan in plans.items()]
    assert at_once(deeds) == [AlreadyCustomer.code, "ok"]
    assert (Customer.objects.filter(attached=True).count(), OrganizationAttachment.objects.count()) == (1, 1)
