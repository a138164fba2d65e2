"""The onboarding job, from the order to a customer that can be used."""

import re

import pytest
from django.core import mail
from django.test import Client

from provisioning.models import SimulatedEffect, SimulatedFault
from provisioning.queue import retry_job
from tenancy.actors import SYSTEM
from tenancy.models import AdminUser, AuditEvent, Customer, RoleAssignment
from tenancy.policy import Role
from tests.cast import Cast
from tests.provisioning.helpers import broken_invariants, effects, make_ordered_customer, order, run_to_end, states

pytestmark = pytest.mark.django_db
ALL_STEPS = [
    "screening",
    "organisation",
    "package webex_calling",
    "package attendant_console",
    "location",
    "meeting_site",
    "invite_administrator",
    "invitation_mail",
]
Kind = SimulatedFault.Kind


def refuse(operation: str, match: str = "", *, message: str = "No.", remaining: int | None = None) -> SimulatedFault:
    return SimulatedFault.objects.create(
        operation=operation, match=match, kind=Kind.REFUSED, message=message, remaining=remaining
    )


def test_everything_goes_well(cast: Cast) -> None:
    customer = make_ordered_customer(cast.north, name="Fresh Bakery", country="US", language="es_CO")
    job = run_to_end(order(customer))
    customer.refresh_from_db()
    assert states(job) == dict.fromkeys(ALL_STEPS, "done")
    assert (job.state, customer.status) == ("succeeded", Customer.Status.PROVISIONED)
    assert customer.org_id is not None
    assert customer.sip_domain == f"{str(customer.org_id)[:8]}.calls.example.com"
    assert customer.meeting_site == f"fresh-bakery-{customer.public_id.hex[:6]}.meetings.example.com"
    assert effects(job) == [
        "screening:0",
        "organisation:",
        "package:webex_calling",
        "package:attendant_console",
        "location:",
        "meeting_site:",
        "invite_administrator:",
    ]
    packages = {row.package: (row.status, bool(row.license_id)) for row in customer.packages.all()}
    assert packages == {"webex_calling": ("provisioned", True), "attendant_console": ("provisioned", True)}
    assert customer.locations.get().provisioned_at is not None
    assert broken_invariants() == []


def test_meeting_site_falls_back_to_english_and_takes_the_dial_in_of_the_country(cast: Cast) -> None:
    customer = make_ordered_customer(cast.north, country="DE", language="es_CO")
    job = run_to_end(order(customer))
    result = job.steps.get(name="meeting_site").result
    assert (result["language"], result["dial_in"]) == ("en_US", "+49")


def test_partner_provided_numbers_are_the_templates_choice(cast: Cast) -> None:
    customer = make_ordered_customer(cast.north, meeting_dial_in="partner")
    assert run_to_end(order(customer)).steps.get(name="meeting_site").result["dial_in"] == "partner"


def test_status_changes_and_steps_are_audited(cast: Cast) -> None:
    customer = make_ordered_customer(cast.north)
    run_to_end(order(customer))
    actions = list(AuditEvent.objects.filter(customer=customer).order_by("number").values_list("action", flat=True))
    done = ["provisioning.step_done"]
    assert actions == ["customer.created", *done * 6, "administrator.invited", *done * 2, "customer.status_changed"]


def test_administrator_gets_a_role_and_a_working_link(cast: Cast, client: Client) -> None:
    customer = make_ordered_customer(cast.north, primary_email="Owner@Fresh.example.com")
    run_to_end(order(customer))
    admin = AdminUser.objects.get(email="owner@fresh.example.com")
    roles = list(RoleAssignment.objects.filter(admin=admin).values_list("role", "customer_id"))
    assert roles == [(Role.CUSTOMER_FULL, customer.pk)]
    assert not admin.has_usable_password()
    link = re.search(r"http://\S+", mail.outbox[0].body)
    assert link is not None
    page = client.get(link[0], follow=True)
    assert page.status_code == 200
    client.post(page.redirect_chain[-1][0], {"password1": "a-long-new-secret", "password2": "a-long-new-secret"})
    admin.refresh_from_db()
    assert admin.check_password("a-long-new-secret")


def test_somebody_with_an_account_keeps_it(cast: Cast) -> None:
    owner = cast.admins["customer_full"]
    customer = make_ordered_customer(cast.north, primary_email=owner.email)
    run_to_end(order(customer))
    assert RoleAssignment.objects.filter(admin=owner, customer=customer).count() == 1
    assert "/login/" in mail.outbox[0].body


def test_template_can_suppress_the_invitation_mail(cast: Cast) -> None:
    customer = make_ordered_customer(cast.north, suppress_admin_invite_email=True)
    job = run_to_end(order(customer))
    assert (mail.outbox, job.state) == ([], "succeeded")


def test_one_refused_package_leaves_the_rest_usable(cast: Cast) -> None:
    refuse("enable_package", "attendant_console", message="No licence left. Order more, then retry.")
    customer = make_ordered_customer(cast.north)
    job = run_to_end(order(customer))
    customer.refresh_from_db()
    assert (job.state, customer.status) == ("failed", Customer.Status.PROVISIONED_WITH_ERRORS)
    assert states(job) == dict.fromkeys(ALL_STEPS, "done") | {"package attendant_console": "failed"}
    row = customer.packages.get(package="attendant_console")
    assert (row.status, row.error) == ("error", "No licence left. Order more, then retry.")
    assert broken_invariants() == []


def test_retry_repeats_only_what_failed(cast: Cast) -> None:
    refuse("enable_package", "attendant_console", remaining=1)
    customer = make_ordered_customer(cast.north)
    job = run_to_end(order(customer))
    before = set(effects(job))
    retry_job(job=job, by=SYSTEM)
    customer.refresh_from_db()
    assert customer.status == Customer.Status.UPDATING
    run_to_end(job)
    customer.refresh_from_db()
    assert (job.state, customer.status) == ("succeeded", Customer.Status.PROVISIONED)
    assert set(effects(job)) - before == {"package:attendant_console"}
    assert len(mail.outbox) == 1
    assert broken_invariants() == []


def test_add_on_fails_when_the_package_it_needs_failed(cast: Cast) -> None:
    refuse("enable_package", "webex_calling")
    customer = make_ordered_customer(cast.north)
    job = run_to_end(order(customer))
    step = job.steps.get(item="attendant_console")
    assert (step.state, step.error_code) == ("failed", "prerequisite_missing")
    assert "package:attendant_console" not in effects(job)


def test_without_an_organisation_the_customer_has_failed(cast: Cast) -> None:
    refuse("create_organisation", message="The name is taken. Change it, then retry.", remaining=1)
    customer = make_ordered_customer(cast.north)
    job = run_to_end(order(customer))
    customer.refresh_from_db()
    assert (job.state, job.error, customer.status) == ("failed", "The name is taken. Change it, then retry.", "error")
    assert states(job) == {"screening": "done", "organisation": "failed"} | dict.fromkeys(ALL_STEPS[2:], "skipped")
    assert set(customer.packages.values_list("status", "error_code")) == {("error", "not_started")}
    assert broken_invariants() == []
    retry_job(job=job, by=SYSTEM)
    run_to_end(job)
    customer.refresh_from_db()
    assert (states(job), customer.status) == (dict.fromkeys(ALL_STEPS, "done"), "provisioned")


def test_provider_must_serve_the_country_of_the_headquarters(cast: Cast) -> None:
    customer = make_ordered_customer(cast.north, country="DE", pstn_provider="Northern Carrier")
    job = run_to_end(order(customer))
    step = job.steps.get(name="location")
    assert (step.state, step.error_code) == ("failed", "pstn_not_in_country")
    assert "Germany" in step.error
    customer.locations.update(pstn="LOCAL_GATEWAY")
    retry_job(job=job, by=SYSTEM)
    customer.refresh_from_db()
    assert run_to_end(job).state == "succeeded"
    assert customer.locations.get().pstn == "LOCAL_GATEWAY"


def test_location_takes_over_the_templates_provider(cast: Cast) -> None:
    customer = make_ordered_customer(cast.north, pstn_provider="Northern Carrier")
    run_to_end(order(customer))
    location = customer.locations.get()
    assert (location.pstn, location.pstn_provider) == ("INTEGRATED_CCP", "Northern Carrier")


def test_a_meaningless_answer_fails_loudly(cast: Cast) -> None:
    SimulatedFault.objects.create(operation="create_organisation", kind=Kind.GARBAGE, remaining=1)
    job = run_to_end(order(make_ordered_customer(cast.north)))
    step = job.steps.get(name="organisation")
    assert (step.state, step.error_code) == ("failed", "unexpected")
    assert "KeyError: 'org_id'" in step.result["trace"]


@pytest.mark.parametrize("kind", [Kind.BUSY, Kind.UNAVAILABLE, Kind.ANSWER_LOST])
@pytest.mark.parametrize(
    "operation", ["screen", "create_organisation", "enable_package", "create_location", "configure_meeting_site"]
)
def test_trouble_that_passes_leaves_no_trace(cast: Cast, kind: str, operation: str) -> None:
    SimulatedFault.objects.create(operation=operation, kind=kind, remaining=3)
    customer = make_ordered_customer(cast.north)
    job = run_to_end(order(customer))
    customer.refresh_from_db()
    assert (states(job), customer.status) == (dict.fromkeys(ALL_STEPS, "done"), "provisioned")
    assert SimulatedEffect.objects.filter(key__startswith=str(job.public_id)).count() == 7
    assert broken_invariants() == []
