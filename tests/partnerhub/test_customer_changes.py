"""Changing what a customer has, and ending its wholesale services: rules, jobs, pages."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from controlhub.models import CustomerPackage, Device, Location, PackageAssignment, PhoneNumber, Subscriber
from controlhub.services.enabling import PackageInUse
from controlhub.services.packages import assign_package
from controlhub.services.readiness import CustomerNotReady
from partnerhub.services.changing import delete_customer, update_customer
from partnerhub.services.customers import ExternalIdInUse, InvalidLimit, LocationNeeded, MissingDependency
from partnerhub.services.suspension import PartnerSuspended
from provisioning.models import ProvisioningJob, SimulatedFault
from provisioning.queue import NewStep, enqueue, retry_job
from tenancy.actors import SYSTEM
from tenancy.errors import Forbidden
from tenancy.models import AuditEvent, Customer, Partner, RoleAssignment
from tests.cast import Cast
from tests.controlhub.scene import broken_invariants as broken_in_control_hub
from tests.factories import make_device, make_location, make_number, make_package, make_subscriber
from tests.partnerhub.customer_data import headquarters
from tests.provisioning.helpers import broken_invariants, run_to_end

SignIn = Callable[[str], Client]


@pytest.fixture
def acme(cast: Cast) -> Customer:
    """Calling with one of five seats used, and meetings; a user with a number, a phone and a role."""
    make_package(cast.acme, "webex_calling", limit=5)
    make_package(cast.acme, "webex_meetings")
    place = make_location(cast.acme)
    ada = make_subscriber(cast.acme, location=place, extension="2001")
    assign_package(subscriber=ada, package="webex_calling", by=SYSTEM)
    make_number(place, subscriber=ada)
    make_device(ada)
    return cast.acme


def packages_of(customer: Customer) -> dict[str, tuple[str, int | None]]:
    return {row.package: (row.status, row.limit) for row in CustomerPackage.objects.filter(customer=customer)}


def run_jobs(customer: Customer) -> None:
    for job in ProvisioningJob.objects.filter(customer=customer, finished_at=None).order_by("pk"):
        run_to_end(job)
    customer.refresh_from_db()


def test_the_list_of_packages_is_replaced_as_a_whole(cast: Cast, acme: Customer) -> None:
    by = cast.actor("partner_full")
    wanted = ["webex_calling", "webex_suite", "attendant_console"]
    update_customer(customer=acme, packages=wanted, limits={"webex_calling": 9, "webex_suite": 3}, by=by)
    acme.refresh_from_db()
    assert (acme.status, packages_of(acme)) == (
        "updating",
        {
            "webex_calling": ("provisioned", 9),
            "webex_suite": ("provisioning", 3),
            "attendant_console": ("provisioning", None),
            "webex_meetings": ("deleting", None),
        },
    )
    run_jobs(acme)
    assert (acme.status, packages_of(acme)) == (
        "provisioned",
        {
            "webex_calling": ("provisioned", 9),
            "webex_suite": ("provisioned", 3),
            "attendant_console": ("provisioned", None),
        },
    )
    assert broken_invariants() == []


def test_the_same_list_again_changes_nothing(cast: Cast, acme: Customer) -> None:
    events, jobs = AuditEvent.objects.count(), ProvisioningJob.objects.count()
    same = ["webex_calling", "webex_meetings"]
    update_customer(customer=acme, packages=same, limits={"webex_calling": 5}, by=cast.actor("partner_full"))
    acme.refresh_from_db()
    assert (acme.status, AuditEvent.objects.count(), ProvisioningJob.objects.count()) == ("provisioned", events, jobs)


@pytest.mark.parametrize(
    ("packages", "limits", "error"),
    [
        (["webex_meetings"], {}, PackageInUse),
        (["webex_calling", "webex_meetings"], {"webex_calling": 0}, InvalidLimit),
        (["webex_meetings", "attendant_console"], {}, MissingDependency),
    ],
)
def test_what_cannot_be_is_refused_whole(
    cast: Cast, acme: Customer, packages: list[str], limits: dict[str, int], error: type[Exception]
) -> None:
    before = packages_of(acme)
    with pytest.raises(error):
        update_customer(customer=acme, packages=packages, limits=limits, by=cast.actor("partner_full"))
    assert packages_of(acme) == before


def test_starting_to_call_needs_a_first_location(cast: Cast) -> None:
    customer, by = cast.open_acme, cast.actor("partner_full")
    make_package(customer, "webex_meetings")
    wanted = ["webex_meetings", "webex_calling"]
    with pytest.raises(LocationNeeded):
        update_customer(customer=customer, packages=wanted, by=by)
    update_customer(customer=customer, packages=wanted, location=headquarters(), by=by)
    run_jobs(customer)
    place = Location.objects.get(customer=customer)
    assert (place.is_headquarters, place.provisioned_at is not None, customer.status) == (True, True, "provisioned")


def test_an_external_id_is_once_per_partner(cast: Cast, acme: Customer) -> None:
    with pytest.raises(ExternalIdInUse):
        update_customer(
            customer=acme,
            packages=packages_of(acme),
            external_id=cast.open_acme.external_id,
            by=cast.actor("partner_full"),
        )


@pytest.mark.parametrize("who", ["partner_readonly", "helpdesk", "customer_restricted", "other_partner_full"])
def test_others_neither_change_nor_delete(cast: Cast, acme: Customer, who: str) -> None:
    before = packages_of(acme)
    with pytest.raises(Forbidden):
        update_customer(customer=acme, packages=["webex_calling"], by=cast.actor(who))
    with pytest.raises(Forbidden):
        delete_customer(customer=acme, by=cast.actor(who))
    acme.refresh_from_db()
    assert (packages_of(acme), acme.status) == (before, "provisioned")


def test_the_end_stops_usage_at_once_and_hides_the_customer_when_webex_is_done(cast: Cast, acme: Customer) -> None:
    Partner.objects.filter(pk=cast.north.pk).update(customer_count=2)
    delete_customer(customer=acme, by=cast.actor("partner_full"))
    acme.refresh_from_db()
    assert (acme.status, acme.deleted_at) == ("deleting", None)
    assert not PackageAssignment.objects.filter(customer=acme, ended_at=None).exists()
    assert not PhoneNumber.objects.filter(customer=acme).exists()
    assert not Device.objects.filter(customer=acme).exists()
    assert not Subscriber.objects.filter(customer=acme, deleted_at=None).exists()
    run_jobs(acme)
    assert (acme.deleted_at is not None, packages_of(acme)) == (True, {})
    assert not RoleAssignment.objects.filter(customer=acme).exists()
    assert acme not in Customer.objects.visible_to(cast.actor("partner_full"))
    assert Partner.objects.get(pk=cast.north.pk).customer_count == 1
    assert (broken_invariants(), broken_in_control_hub()) == ([], [])


def test_its_external_id_and_its_numbers_are_free_again(cast: Cast, acme: Customer) -> None:
    number = PhoneNumber.objects.get(customer=acme).e164
    delete_customer(customer=acme, by=cast.actor("partner_full"))
    run_jobs(acme)
    place = make_location(cast.open_acme)
    assert make_number(place, number).e164 == number
    Customer.objects.filter(pk=cast.open_acme.pk).update(external_id=acme.external_id)


def test_what_was_still_to_be_done_in_it_is_cancelled(cast: Cast, acme: Customer) -> None:
    job = enqueue(
        kind="enable_package", customer=acme, steps=[NewStep("package", "Webex Suite", "webex_suite")], by=SYSTEM
    )
    delete_customer(customer=acme, by=cast.actor("partner_full"))
    job.refresh_from_db()
    assert job.state == "cancelled"


def test_a_package_that_stays_behind_leaves_it_failed_until_a_retry(cast: Cast, acme: Customer) -> None:
    fault = SimulatedFault.objects.create(operation="disable_package", kind="refused", message="Not now.")
    delete_customer(customer=acme, by=cast.actor("partner_full"))
    run_jobs(acme)
    assert (acme.status, acme.deleted_at) == ("error", None)
    fault.delete()
    job = ProvisioningJob.objects.get(customer=acme, kind="delete_customer")
    retry_job(job=job, by=cast.actor("partner_full"))
    run_jobs(acme)
    assert acme.deleted_at is not None


def test_a_suspended_partner_may_delete_but_not_change(cast: Cast, acme: Customer) -> None:
    Partner.objects.filter(pk=cast.north.pk).update(state=Partner.State.SUSPENDED)
    with pytest.raises(PartnerSuspended):
        update_customer(customer=acme, packages=["webex_calling"], by=cast.actor("partner_full"))
    delete_customer(customer=acme, by=cast.actor("partner_full"))
    with pytest.raises(CustomerNotReady):
        delete_customer(customer=acme, by=cast.actor("partner_full"))


# -- Pages ---------------------------------------------------------------------------------------------------------------
def page(name: str, cast: Cast, customer: Customer) -> str:
    return reverse(f"partnerhub:customer-{name}", args=[cast.north.public_id, customer.public_id])


def test_the_packages_page_shows_what_is_and_saves_what_shall_be(cast: Cast, acme: Customer, sign_in: SignIn) -> None:
    client = sign_in("partner_full")
    shown = client.get(page("packages", cast, acme)).content.decode()
    assert "In use: 1" in shown
    data = {"package_webex_calling": "on", "limit_webex_calling": "7", "package_webex_meetings": "on"}
    response = client.post(page("packages", cast, acme), data)
    assert (response.status_code, response.headers["Location"]) == (302, page("panel", cast, acme))
    assert packages_of(acme) == {"webex_calling": ("provisioned", 7), "webex_meetings": ("provisioned", None)}


def test_the_packages_page_says_why_not_and_keeps_what_was_typed(cast: Cast, acme: Customer, sign_in: SignIn) -> None:
    data = {"package_webex_meetings": "on", "limit_webex_meetings": "77"}
    response = sign_in("partner_full").post(page("packages", cast, acme), data)
    assert response.status_code == 422
    assert "1 user or workspace has Webex Calling" in response.content.decode()
    assert 'value="77"' in response.content.decode()


def test_deleting_asks_for_the_external_id(cast: Cast, acme: Customer, sign_in: SignIn) -> None:
    client = sign_in("partner_full")
    assert client.get(page("delete", cast, acme)).status_code == 200
    wrong = client.post(page("delete", cast, acme), {"external_id": "something"})
    assert (wrong.status_code, Customer.objects.get(pk=acme.pk).status) == (422, "provisioned")
    right = client.post(page("delete", cast, acme), {"external_id": acme.external_id})
    assert (right.status_code, Customer.objects.get(pk=acme.pk).status) == (302, "deleting")


def test_the_panel_offers_both_to_those_who_may(cast: Cast, acme: Customer, sign_in: SignIn) -> None:
    links = [page("packages", cast, acme), page("delete", cast, acme)]
    found = {
        who: [link in sign_in(who).get(page("panel", cast, acme)).content.decode() for link in links]
        for who in ("partner_full", "partner_plain", "partner_admin", "partner_readonly")
    }
    assert found == {
        "partner_full": [True, True],
        "partner_plain": [True, False],
        "partner_admin": [True, False],
        "partner_readonly": [False, False],
    }
