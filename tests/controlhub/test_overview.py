"""The first page of Control Hub: open problems with the way to mend them, for whom the way is open, and what was changed."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from controlhub.models import ConsentRequest, CustomerPackage, OrganizationDomain, PhoneNumber
from controlhub.queries.overview import places_of
from controlhub.queries.packages import package_meters
from controlhub.queries.problems import Problem, problems
from controlhub.services.mailing import report_undeliverable
from provisioning.models import ProvisioningJob
from tenancy.actors import SYSTEM
from tenancy.audit import record
from tenancy.models import Customer, Mailbox, Partner, TemporaryRights
from tests.cast import Cast
from tests.controlhub.pages import Office, furnish, page
from tests.factories import make_assignment, make_customer_admin, make_location, make_package, make_subscriber
from tests.launching import launch

SignIn = Callable[[str], Client]


@pytest.fixture
def office(cast: Cast) -> Office:
    return furnish(cast.open_acme)


def titles(customer: Customer) -> list[str]:
    return [problem.title for problem in found(customer)]


def found(customer: Customer) -> list[Problem]:
    customer = Customer.objects.select_related("partner").get(pk=customer.pk)
    return problems(customer, package_meters(customer), places_of(customer))


def overview(client: Client, customer: Customer) -> str:
    return client.get(page("overview", customer)).content.decode()


# -- Problems ----------------------------------------------------------------------------------------------------------
def test_a_healthy_customer_has_none(office: Office) -> None:
    assert titles(office.customer) == []


def test_each_problem_is_found_the_worst_first(office: Office, cast: Cast) -> None:
    customer, ada = office.customer, office.ada
    make_package(customer, "cx_essentials", status="error", error="The licence was refused.")
    CustomerPackage.objects.filter(package="webex_suite").update(used=1)
    make_subscriber(customer, status="failed")
    bare = make_subscriber(customer, location=office.headquarters, extension="299")
    make_assignment(bare, "webex_calling")
    report_undeliverable(email=ada.email, reason=Mailbox.Reason.BOUNCED, by=SYSTEM)
    ConsentRequest.objects.create(
        customer=customer, subscriber=make_subscriber(customer), package="webex_meetings", round=1,
        sent_at=timezone.now() - timedelta(days=15),
    )  # fmt: skip
    OrganizationDomain.objects.create(customer=customer, name="acme.example.com")
    TemporaryRights.objects.create(admin=cast.admins["helpdesk"], customer=customer, reason="Fault", minutes=30)
    PhoneNumber.objects.filter(pk=office.free.pk).delete()
    Partner.objects.filter(pk=customer.partner_id).update(state="suspended")
    assert titles(customer) == [
        "The service provider is suspended",
        "Customer Assist could not be set up",
        "Some users could not be created",
        "Webex Suite is used up",
        "Mails to some users are stopped",
        "Some people can no longer agree to their move",
        "Help desk asks for full rights",
        "No phone number is free",
        "A domain waits to be verified",
        "Some calling users have no phone number",
    ]


def test_rights_that_are_lent_are_told_until_they_end(office: Office, cast: Cast) -> None:
    rights = TemporaryRights.objects.create(
        admin=cast.admins["helpdesk"], customer=office.customer, reason="Fault", minutes=30, state="approved",
        decided_by=cast.admins["customer_full"], decided_at=timezone.now(), expires_at=timezone.now() + timedelta(minutes=9),
    )  # fmt: skip
    assert titles(office.customer) == ["Hugo Helper has full rights"]
    TemporaryRights.objects.filter(pk=rights.pk).update(expires_at=timezone.now() - timedelta(minutes=1))
    assert titles(office.customer) == []


def test_a_customer_without_numbers_is_not_told_to_hand_some_out(cast: Cast) -> None:
    customer = cast.open_acme
    make_package(customer, "webex_calling", used=1)
    location = make_location(customer)
    make_assignment(make_subscriber(customer, location=location, extension="201"), "webex_calling")
    assert titles(customer) == []


def test_each_way_leads_to_a_page_with_the_right_rows(office: Office, sign_in: SignIn) -> None:
    customer, client = office.customer, sign_in("customer_full")
    bare = make_subscriber(customer, location=office.headquarters, extension="299")
    make_assignment(bare, "webex_calling")
    failed = make_subscriber(customer, status="failed")
    report_undeliverable(email=office.gwen.email, reason=Mailbox.Reason.BOUNCED, by=SYSTEM)
    ways = {problem.title: problem.way.url for problem in found(customer) if problem.way}
    shown = {
        title: [user.pk for user in client.get(url).context["page"].items]
        for title, url in ways.items()
        if "users" in url
    }
    assert shown == {
        "Some users could not be created": [failed.pk],
        "Mails to some users are stopped": [office.gwen.pk],
        "Some calling users have no phone number": [bare.pk],
    }


def test_who_may_not_go_the_way_reads_who_may(office: Office, cast: Cast, sign_in: SignIn) -> None:
    CustomerPackage.objects.filter(package="webex_suite").update(used=1)
    Partner.objects.filter(pk=office.customer.partner_id).update(support_email="help@northwind.example.com")
    PhoneNumber.objects.filter(pk=office.free.pk).delete()
    own = overview(sign_in("customer_full"), office.customer)
    assert ("Change the limit in Partner Hub" in own, "/numbers/add/" in own) == (False, False)
    assert "once the service provider raises the limit" in own
    assert "mailto:help@northwind.example.com" in own
    inside = sign_in("partner_full")
    launch(inside, customer=office.customer, by=cast.actor("partner_full"))
    staff = overview(inside, office.customer)
    assert ("Change the limit in Partner Hub" in staff, "/numbers/add/" in staff) == (True, True)
    assert "once the service provider raises the limit" not in staff
    way = next(problem.way.url for problem in found(office.customer) if problem.way and "packages" in problem.way.url)
    assert inside.get(way).status_code == 200


@pytest.mark.parametrize("who", ["customer_support", "customer_device", "customer_compliance", "customer_location"])
def test_nobody_is_sent_where_he_may_not_go(cast: Cast, sign_in: SignIn, who: str) -> None:
    office = furnish(cast.acme)
    make_subscriber(cast.acme, status="failed")
    report_undeliverable(email=office.ada.email, reason=Mailbox.Reason.BOUNCED, by=SYSTEM)
    OrganizationDomain.objects.create(customer=cast.acme, name="acme.example.com")
    client = sign_in(who)
    answer = client.get(page("overview", cast.acme))
    links = [problem.way.url for problem in answer.context["problems"] if problem.way]
    links += [item.url for item, may_open in answer.context["checklist"] if may_open]
    assert [client.get(link).status_code for link in links] == [200] * len(links)
    assert "Set up customer" not in answer.content.decode()
    assert "domain waits" not in answer.content.decode()


def test_failed_jobs_come_first_and_more_are_said(office: Office, sign_in: SignIn) -> None:
    for state in ("failed", "queued", "queued", "queued"):
        job = ProvisioningJob.objects.create(
            kind="change_package", partner=office.customer.partner, customer=office.customer, state=state,
            next_run_at=timezone.now(),
            finished_at=timezone.now() if state == "failed" else None,
        )  # fmt: skip
        job.steps.create(position=0, name="change_package", title="Package")
    answer = sign_in("customer_full").get(page("overview", office.customer))
    assert [job.state for job in answer.context["jobs"]] == ["failed", "queued", "queued"]
    assert "More jobs run or have failed" in answer.content.decode()


# -- Recent changes ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("who", "sees"),
    [
        ("customer_restricted", True),
        ("customer_readonly", True),
        ("customer_compliance", True),
        ("external_readonly", True),
        ("customer_support", False),
        ("customer_user_device", False),
        ("customer_device", False),
        ("customer_location", False),
    ],
)
def test_recent_changes_are_for_who_may_read_the_audit_log(cast: Cast, sign_in: SignIn, who: str, sees: bool) -> None:
    record(action="customer.renamed", text="Canary deed", target=cast.acme, customer=cast.acme, by=SYSTEM)
    content = overview(sign_in(who), cast.acme)
    assert ("Canary deed" in content, "Recent changes" in content) == (sees, sees)


def test_pages_of_a_thing_tell_no_deeds_of_others_to_who_may_not_read_the_log(cast: Cast, sign_in: SignIn) -> None:
    office = furnish(cast.acme)
    uma = cast.actor("customer_user_device")
    record(action="subscriber.renamed", text="Canary of others", target=office.ada, customer=cast.acme, by=SYSTEM)
    record(action="subscriber.renamed", text="Own deed", target=office.ada, customer=cast.acme, by=uma)
    url = page("user-detail", cast.acme, office.ada)
    seen = {who: sign_in(who).get(url).content.decode() for who in ("customer_user_device", "customer_readonly")}
    assert {who: ("Canary of others" in text, "Own deed" in text) for who, text in seen.items()} == {
        "customer_user_device": (False, True),
        "customer_readonly": (True, True),
    }


def test_a_second_role_with_the_audit_right_is_enough(cast: Cast) -> None:
    record(action="customer.renamed", text="Canary deed", target=cast.acme, customer=cast.acme, by=SYSTEM)
    both = make_customer_admin(cast.acme, "customer_device")
    both.role_assignments.create(role="customer_compliance", customer=cast.acme)
    client = Client()
    client.force_login(both)
    assert "Canary deed" in overview(client, cast.acme)


def test_queries_do_not_grow(office: Office, sign_in: SignIn) -> None:
    client, counts = sign_in("customer_full"), []
    overview(client, office.customer)
    for users in (1, 20):
        for n in range(users):
            make_assignment(make_subscriber(office.customer), "webex_meetings")
            make_location(office.customer, f"Site {users} {n}")
        with CaptureQueriesContext(connection) as queries:
            client.get(page("overview", office.customer))
        counts.append(len(queries))
    assert counts == [12, 12]
