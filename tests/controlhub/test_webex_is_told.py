"""Everything that an administrator changes reaches Webex: as it is now, by a job of its own, whichever job comes last."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from controlhub.jobs.organization import SECTIONS
from controlhub.jobs.telling import NOTHING_TO_TELL, tell
from controlhub.models import OrganizationSettings, PhoneNumber, SimulatedTxtRecord, Subscriber
from controlhub.services.account import rename_company
from controlhub.services.calling import change_calling_data
from controlhub.services.devices import set_third_party
from controlhub.services.directory import set_automatic_package, set_directory
from controlhub.services.domains import add_domain, claim_domain, delete_domain, verify_domain
from controlhub.services.numbers import assign_number, release_number
from controlhub.services.organization import (
    set_authentication,
    set_call_priority,
    set_call_recording,
    set_calling_behavior,
    set_email_settings,
    switch_assistant,
)
from controlhub.services.organization_pushes import TITLES, Section
from controlhub.services.subscribers import create_subscribers, rename_subscriber, set_caller_id
from controlhub.services.support import set_helpdesk_access
from partnerhub.services.customers import set_restricted_mode
from provisioning.models import ProvisioningJob, SimulatedEffect, SimulatedFault
from provisioning.queue import may_retry, retry_job
from provisioning.registry import StepContext
from provisioning.runner import run_job
from tenancy.models import Customer
from tests.cast import Cast
from tests.controlhub.pages import furnish, page
from tests.controlhub.scene import Scene, make_scene, new_user
from tests.factories import make_customer, make_location, make_number, make_package, make_subscriber, make_workspace
from tests.launching import launch
from tests.provisioning.helpers import make_ordered_customer, order, run_to_end

pytestmark = pytest.mark.django_db
OWN, SHOWN = "+12175550101", "+12175550102"


@pytest.fixture
def scene(cast: Cast) -> Scene:
    return make_scene(cast.actor("partner_full"), make_customer(cast.north))


@pytest.fixture
def ada(scene: Scene) -> Subscriber:
    """A user who calls, known to Webex."""
    (person,), job = create_subscribers(
        customer=scene.customer, users=[new_user(scene, "Ada", number=OWN, extension="2100")], by=scene.by
    )
    run_to_end(job)
    person.refresh_from_db()
    return person


def cloud(operation: str) -> list[dict[str, Any]]:
    """What Webex was told, in order, without the ids of person and organisation."""
    rows = SimulatedEffect.objects.filter(operation=operation).order_by("pk").values_list("payload", flat=True)
    return [{key: value for key, value in row.items() if key not in ("person_id", "org_id")} for row in rows]


def run_all(kind: str, *, newest_first: bool = False) -> list[str]:
    """Run the jobs of a kind to their end; the states they end in."""
    jobs = ProvisioningJob.objects.filter(kind=kind).order_by("-pk" if newest_first else "pk")
    return [run_to_end(job).state for job in jobs]


# -- People --------------------------------------------------------------------------------------------------------------
def test_a_new_name_reaches_webex(scene: Scene, ada: Subscriber) -> None:
    for _ in range(2):
        rename_subscriber(subscriber=ada, first_name="Adele", last_name="Sample", by=scene.by)
    assert run_all("change_name") == ["succeeded"]
    assert cloud("change_person_name") == [{"first_name": "Adele", "last_name": "Sample"}]


def test_two_names_in_a_row_end_alike_whichever_job_comes_last(scene: Scene, ada: Subscriber) -> None:
    rename_subscriber(subscriber=ada, first_name="Adele", last_name="Sample", by=scene.by)
    rename_subscriber(subscriber=ada, first_name="Adela", last_name="Sample", by=scene.by)
    assert run_all("change_name", newest_first=True) == ["succeeded", "succeeded"]
    assert cloud("change_person_name") == [{"first_name": "Adela", "last_name": "Sample"}] * 2


def test_the_caller_id_reaches_webex(scene: Scene, ada: Subscriber) -> None:
    shown = make_number(scene.headquarters, SHOWN)
    for number in (shown, None):
        set_caller_id(subscriber=ada, number=number, first_name="Front", last_name="Desk", by=scene.by)
    assert run_all("change_caller_id") == ["succeeded", "succeeded"]
    assert cloud("set_caller_id") == [{"number": "", "first_name": "Front", "last_name": "Desk"}] * 2


def test_number_and_extension_reach_webex(scene: Scene, ada: Subscriber) -> None:
    make_number(scene.headquarters, SHOWN)
    change_calling_data(subscriber=ada, number=SHOWN, extension="2200", by=scene.by)
    release_number(number=PhoneNumber.objects.get(e164=SHOWN), by=scene.by)
    assert run_all("change_calling") == ["succeeded"] * 3
    assert cloud("assign_number") == [{"number": "", "extension": "2200"}] * 3


def test_the_number_of_a_workspace_reaches_webex(scene: Scene) -> None:
    room, number = make_workspace(scene.headquarters, extension="300"), make_number(scene.headquarters, OWN)
    assign_number(number=number, workspace=room, by=scene.by)
    run_all("change_workspace")
    assert [told["number"] for told in cloud("put_workspace")] == [OWN]


def test_nobody_is_told_of_a_user_whom_webex_never_had(scene: Scene) -> None:
    rename_subscriber(subscriber=make_subscriber(scene.customer), first_name="Adele", last_name="Sample", by=scene.by)
    assert (run_all("change_name"), cloud("change_person_name")) == (["succeeded"], [])


def test_a_name_waits_for_its_person(scene: Scene) -> None:
    (person,), creation = create_subscribers(
        customer=scene.customer, users=[new_user(scene, "Ada", extension="21")], by=scene.by
    )
    rename_subscriber(subscriber=person, first_name="Adele", last_name="Sample", by=scene.by)
    job = ProvisioningJob.objects.get(kind="change_name")
    run_job(job_id=job.pk)
    job.refresh_from_db()
    assert job.state == "retry_wait"
    run_to_end(creation)
    assert run_to_end(job).state == "succeeded"


def test_a_refused_name_shows_at_the_user_with_its_job(cast: Cast, sign_in: Callable[[str], Client]) -> None:
    office = furnish(cast.open_acme)
    Subscriber.objects.filter(pk=office.ada.pk).update(person_id=office.ada.public_id)
    SimulatedFault.objects.create(operation="change_person_name", kind="refused", message="Webex says no.", remaining=1)
    rename_subscriber(subscriber=office.ada, first_name="Adele", last_name="Archer", by=cast.actor("customer_full"))
    client, url = sign_in("customer_full"), page("user-detail", office.customer, office.ada)
    job = ProvisioningJob.objects.get()
    card = page("job-card", office.customer, job)
    assert card in client.get(url).content.decode()
    assert run_to_end(job).state == "failed"
    content = client.get(url).content.decode()
    assert (card in content, "Webex says no." in content, 'href="#jobs"' in content) == (True, True, True)
    assert card not in client.get(page("user-detail", office.customer, office.gwen)).content.decode()
    client.post(page("job-retry", office.customer, job))
    assert run_to_end(job).state == "succeeded"
    assert "Webex says no." not in client.get(url).content.decode()


# -- The organisation ----------------------------------------------------------------------------------------------------
def email(customer: Customer, by: Any) -> None:
    set_email_settings(customer=customer, suppress_admin_invite_email=True, email_locale="de_DE", by=by)


def authentication(customer: Customer, by: Any) -> None:
    set_authentication(customer=customer, authentication="saml", idp_entity_id="urn:idp", by=by)


def behavior(customer: Customer, by: Any) -> None:
    set_calling_behavior(customer=customer, calling_behavior=OrganizationSettings.CallingBehavior.THIRD_PARTY, by=by)


def domains(customer: Customer, by: Any) -> None:
    one = add_domain(customer=customer, name="one.example.com", by=by)
    two = add_domain(customer=customer, name="two.example.com", by=by)
    SimulatedTxtRecord.objects.create(name=one.name, value=one.txt_record)
    verify_domain(customer=customer, domain=one, by=by)
    claim_domain(customer=customer, domain=one, by=by)
    delete_domain(customer=customer, domain=two, by=by)


Change = Callable[[Customer, Any], Any]
CHANGES: dict[Section, tuple[str, Change, dict[str, Any]]] = {
    Section.NAME: (
        "customer_full",
        lambda c, by: rename_company(customer=c, name="New name", by=by),
        {"name": "New name"},
    ),
    Section.EMAIL: ("customer_full", email, {"suppress_admin_invite_email": True, "email_locale": "de_DE"}),
    Section.AUTHENTICATION: ("customer_full", authentication, {"authentication": "saml", "idp_entity_id": "urn:idp"}),
    Section.ASSISTANT: (
        "customer_full",
        lambda c, by: switch_assistant(customer=c, on=False, by=by),
        {"assistant": False},
    ),
    Section.CALL_PRIORITY: (
        "partner_full",
        lambda c, by: set_call_priority(customer=c, call_priority="mobile", by=by),
        {"call_priority": "mobile"},
    ),
    Section.CALLING_BEHAVIOR: (
        "customer_full",
        behavior,
        {"calling_behavior": OrganizationSettings.CallingBehavior.THIRD_PARTY.value},
    ),
    Section.CALL_RECORDING: (
        "partner_full",
        lambda c, by: set_call_recording(customer=c, call_recording="webex", by=by),
        {"call_recording": "webex"},
    ),
    Section.DOMAINS: (
        "customer_full",
        domains,
        {"domains": [{"name": "one.example.com", "verified": True, "claimed": True}]},
    ),
    Section.SUPPORT_ACCESS: (
        "customer_full",
        lambda c, by: set_helpdesk_access(customer=c, allowed=not c.helpdesk_allowed, by=by),
        {"helpdesk_allowed": False},
    ),
    Section.THIRD_PARTY_DEVICES: (
        "partner_full",
        lambda c, by: set_third_party(customer=c, enabled=True, by=by),
        {"enabled": True},
    ),
    Section.AUTOMATIC_LICENCES: (
        "customer_full",
        lambda c, by: set_automatic_package(customer=c, package="webex_meetings", by=by),
        {"auto_package": "webex_meetings"},
    ),
    Section.DIRECTORY: (
        "customer_full",
        lambda c, by: set_directory(customer=c, directory="okta", by=by),
        {"directory": "okta"},
    ),
    Section.RESTRICTED_MODE: (
        "partner_full",
        lambda c, by: set_restricted_mode(customer=c, on=True, reason="They asked", by=by),
        {"restricted": True},
    ),
}


def test_every_section_has_a_title_a_reader_and_a_test() -> None:
    assert set(Section) == set(TITLES) == set(SECTIONS) == set(CHANGES)


@pytest.mark.parametrize("section", list(Section))
def test_a_changed_section_reaches_webex_as_it_is_now(cast: Cast, section: Section) -> None:
    who, change, facts = CHANGES[section]
    make_package(cast.open_acme, "webex_meetings")
    Customer.objects.filter(pk=cast.open_acme.pk).update(helpdesk_allowed=True)
    cast.open_acme.refresh_from_db()
    change(cast.open_acme, cast.actor(who))
    jobs = len(ProvisioningJob.objects.filter(kind="change_organization"))
    assert {*run_all("change_organization", newest_first=True)} == {"succeeded"}
    told = cloud("update_organisation")
    assert told == [{"section": section.value, "facts": facts}] * jobs
    if section not in (Section.DOMAINS, Section.SUPPORT_ACCESS):  # these two change something each time
        change(cast.open_acme, cast.actor(who))
    assert ProvisioningJob.objects.count() == jobs


def test_a_new_organisation_begins_with_what_its_template_says(cast: Cast) -> None:
    customer = make_ordered_customer(cast.north)
    OrganizationSettings.objects.filter(customer=customer).update(
        authentication="oidc", idp_entity_id="idp", email_locale="de_DE"
    )
    run_to_end(order(customer))
    assert run_all("change_organization") == ["succeeded"]
    assert cloud("update_organisation") == [
        {
            "section": "put_email_settings",
            "facts": {"suppress_admin_invite_email": False, "email_locale": "de_DE"},
        },
        {"section": "put_authentication", "facts": {"authentication": "oidc", "idp_entity_id": "idp"}},
        {"section": "put_support_access", "facts": {"helpdesk_allowed": customer.helpdesk_allowed}},
        {"section": "put_restricted_mode", "facts": {"restricted": True}},
    ]


def test_whoever_may_not_change_a_section_may_not_retry_it(cast: Cast) -> None:
    rename_company(customer=cast.open_acme, name="New name", by=cast.actor("customer_full"))
    SimulatedFault.objects.create(operation="update_organisation", kind="refused", remaining=1)
    job = run_to_end(ProvisioningJob.objects.get())
    assert job.state == "failed"
    Customer.objects.filter(pk=cast.open_acme.pk).update(restricted=True)
    cast.open_acme.refresh_from_db()
    job = ProvisioningJob.objects.select_related("customer__partner").get()
    assert (may_retry(job=job, by=cast.actor("customer_full")), may_retry(job=job, by=cast.actor("partner_plain"))) == (
        False,
        True,
    )
    retry_job(job=job, by=cast.actor("partner_plain"))
    assert run_to_end(job).state == "succeeded"


def test_restricted_mode_stops_what_a_customer_has_ordered_but_not_yet_reached(cast: Cast) -> None:
    rename_company(customer=cast.open_acme, name="New name", by=cast.actor("customer_full"))
    Customer.objects.filter(pk=cast.open_acme.pk).update(restricted=True)
    job = run_to_end(ProvisioningJob.objects.get())
    assert (job.state, job.error_code, cloud("update_organisation")) == ("failed", "not_allowed_any_more", [])


def test_an_organisation_that_is_being_made_is_told_later_and_a_failed_one_never(cast: Cast) -> None:
    customer = make_customer(cast.north, status=Customer.Status.PROVISIONING)
    set_third_party(customer=customer, enabled=True, by=cast.actor("partner_full"))
    job = ProvisioningJob.objects.get()
    run_job(job_id=job.pk)
    job.refresh_from_db()
    assert (job.state, job.steps.get().error) == ("retry_wait", "The organization is still being created.")
    Customer.objects.filter(pk=customer.pk).update(status=Customer.Status.ERROR)
    assert (run_to_end(job).state, job.error_code) == ("failed", "organization_missing")


def test_the_pages_show_the_job_until_it_is_done(cast: Cast, sign_in: Callable[[str], Client]) -> None:
    client, customer = sign_in("customer_full"), cast.open_acme
    make_package(customer, "webex_meetings")
    for section, name in (
        (Section.NAME, "account"),
        (Section.EMAIL, "settings"),
        (Section.CALLING_BEHAVIOR, "calling-settings"),
        (Section.SUPPORT_ACCESS, "support"),
        (Section.AUTOMATIC_LICENCES, "auto-licences"),
        (Section.DIRECTORY, "directory-sync"),
    ):
        who, change, _ = CHANGES[section]
        change(customer, cast.actor(who))
        job = ProvisioningJob.objects.get(steps__name=section.value)
        card = page("job-card", customer, job)
        assert card in client.get(page(name, customer)).content.decode(), name
        run_to_end(job)
        assert card not in client.get(page(name, customer)).content.decode(), name


def test_the_pages_of_things_show_their_jobs(cast: Cast, sign_in: Callable[[str], Client]) -> None:
    client = sign_in("partner_full")
    launch(client, customer=cast.acme, by=cast.actor("partner_full"))
    place = make_location(cast.acme)
    room = make_workspace(place, extension="300")
    assign_number(number=make_number(place), workspace=room, by=cast.actor("partner_full"))
    job = ProvisioningJob.objects.get()
    card = page("job-card", cast.acme, job)
    assert card in client.get(page("workspace-detail", cast.acme, room)).content.decode()
    assert card not in client.get(page("location-detail", cast.acme, place)).content.decode()


# -- At the same moment --------------------------------------------------------------------------------------------------
def test_who_told_older_facts_sees_it_and_tells_again() -> None:
    job = ProvisioningJob(token=7)
    context = StepContext(job, job.steps.model(name="put_name", item=""))
    readings = iter([{"name": "A"}, {"name": "B"}, {"name": "B"}, {"name": "B"}])
    told: list[tuple[str, str]] = []

    def call(*, key: str, name: str) -> dict[str, Any]:
        told.append((key.rpartition(":")[2], name))
        return {"heard": name}

    assert tell(context, lambda: next(readings), call) == {"heard": "B"}
    assert told == [("7.0", "A"), ("7.1", "B")]
    gone = iter([{"name": "A"}, None, None])
    assert tell(context, lambda: next(gone), call) == NOTHING_TO_TELL
