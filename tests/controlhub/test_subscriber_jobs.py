"""What happens to people in the Webex cloud, and what their refusal takes back."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core import mail

from controlhub.jobs.subscribers import _taken_back_at
from controlhub.models import CustomerPackage, PackageAssignment, PhoneNumber, Subscriber
from controlhub.services.enabling import disable_package, enable_package
from controlhub.services.packages import NotInWebex, assign_package, change_package, remove_package
from controlhub.services.readiness import CustomerNotReady
from controlhub.services.seats import LimitReached
from controlhub.services.subscribers import create_subscribers, rename_subscriber
from provisioning.models import ProvisioningJob, SimulatedEffect, SimulatedFault
from provisioning.queue import may_retry, retry_job
from provisioning.runner import run_job
from tenancy.actors import SYSTEM
from tenancy.errors import Forbidden
from tenancy.models import Partner
from tests.cast import Cast
from tests.controlhub.scene import Scene, broken_invariants, everything, make_scene, new_user, used
from tests.factories import make_customer
from tests.provisioning.helpers import effects, make_ordered_customer, order, run_to_end

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene(cast: Cast) -> Scene:
    return make_scene(cast.actor("partner_full"), make_customer(cast.north), webex_calling=2)


def refuse(match: str, operation: str = "create_person", remaining: int = 1) -> None:
    SimulatedFault.objects.create(
        operation=operation, match=match, kind="refused", message="Webex says no.", remaining=remaining
    )


def create(scene: Scene, *users: Any) -> tuple[list[Subscriber], ProvisioningJob]:
    people, job = create_subscribers(customer=scene.customer, users=users, by=scene.by)
    run_to_end(job)
    for person in people:
        person.refresh_from_db()
    return people, job


def intervals(person: Subscriber) -> list[tuple[str, bool]]:
    """Package and whether it still runs, in order."""
    rows = person.assignments.order_by("pk").values_list("package", "ended_at")
    return [(package, ended_at is None) for package, ended_at in rows]


def cloud(operation: str) -> list[dict[str, Any]]:
    return list(SimulatedEffect.objects.filter(operation=operation).order_by("pk").values_list("payload", flat=True))


def test_people_arrive_in_the_cloud(scene: Scene) -> None:
    people, job = create(scene, new_user(scene, "Ada", number="+12175550101"), new_user(scene, "Bob", extension="21"))
    assert job.state == "succeeded"
    assert [person.status for person in people] == ["provisioned", "provisioned"]
    assert all(person.person_id for person in people)
    assert effects(job) == [f"create_person:{person.public_id}" for person in people]
    sent = [(row["email"], row["package"], row["number"], row["extension"]) for row in cloud("create_person")]
    assert sent == [
        ("ada@example.com", "webex_calling", "+12175550101", ""),
        ("bob@example.com", "webex_calling", "", "21"),
    ]


def test_who_is_refused_for_good_gives_everything_back(scene: Scene) -> None:
    refuse("ada@")
    (ada, bob), job = create(
        scene, new_user(scene, "Ada", number="+12175550101", extension="2101"), new_user(scene, "Bob", extension="21")
    )
    assert (job.state, bob.status, intervals(bob)) == ("failed", "provisioned", [("webex_calling", True)])
    assert (ada.status, ada.error, ada.person_id, ada.extension) == ("failed", "Webex says no.", None, "")
    interval = ada.assignments.get()
    assert interval.ended_at == interval.started_at
    assert (used(scene.customer), PhoneNumber.objects.get(e164="+12175550101").subscriber) == (1, None)
    assert broken_invariants() == []


def test_the_first_user_is_invited_to_administer(scene: Scene) -> None:
    _, job = create(scene, new_user(scene, "Ada", extension="2101"), new_user(scene, "Bob", extension="2102"))
    assert (job.state, [message.to for message in mail.outbox]) == ("succeeded", [["ada@example.com"]])
    assert "/password/reset/key/" in mail.outbox[0].body
    create(scene, new_user(scene, "Cyd", "webex_meetings"))
    assert len(mail.outbox) == 1


def test_nobody_is_invited_twice_or_against_the_template(cast: Cast, scene: Scene) -> None:
    scene.customer.primary_email = "ada@example.com"
    scene.customer.save(update_fields=["primary_email"])
    create(scene, new_user(scene, "Ada", extension="2101"))
    silent = make_ordered_customer(cast.north, suppress_admin_invite_email=True)
    run_to_end(order(silent))
    silent.refresh_from_db()
    create(
        Scene(silent, silent.locations.get(), scene.by), new_user(scene, "Bob", location="headquarters", extension="21")
    )
    assert mail.outbox == []


def test_an_administrator_whom_webex_refuses_is_invited_after_the_retry(scene: Scene) -> None:
    refuse("ada@")
    _, job = create(scene, new_user(scene, "Ada", extension="2101"))
    assert mail.outbox == []
    retry_job(job=job, by=scene.by)
    assert (run_to_end(job).state, len(mail.outbox)) == ("succeeded", 1)


def test_an_interval_is_taken_back_to_its_start_but_never_into_a_closed_day() -> None:
    now = datetime(2026, 3, 2, 0, 10, tzinfo=UTC)
    today = datetime(2026, 3, 2, tzinfo=UTC)
    assert _taken_back_at(today + timedelta(minutes=5), now=now) == today + timedelta(minutes=5)
    assert _taken_back_at(today - timedelta(minutes=5), now=now) == today


def test_retry_gives_package_number_and_extension_anew(scene: Scene) -> None:
    refuse("ada@")
    (ada,), job = create(scene, new_user(scene, "Ada", number="+12175550101", extension="2101"))
    retry_job(job=job, by=scene.by)
    run_to_end(job)
    ada.refresh_from_db()
    assert (job.state, ada.status, ada.error, ada.extension) == ("succeeded", "provisioned", "", "2101")
    assert intervals(ada) == [("webex_calling", False), ("webex_calling", True)]
    assert (used(scene.customer), PhoneNumber.objects.get(e164="+12175550101").subscriber) == (1, ada)
    assert [row["number"] for row in cloud("create_person")] == ["+12175550101"]
    assert broken_invariants() == []


def test_whom_webex_refused_gets_no_package_but_by_retrying(scene: Scene) -> None:
    refuse("ada@")
    (ada,), job = create(scene, new_user(scene, "Ada", extension="2101"))
    before = everything(scene.customer)
    with pytest.raises(NotInWebex):
        assign_package(subscriber=ada, package="webex_meetings", by=scene.by)
    assert everything(scene.customer) == before
    retry_job(job=job, by=scene.by)
    assert run_to_end(job).state == "succeeded"


@pytest.mark.parametrize("who", ["customer_restricted", "partner_admin"])
def test_who_may_not_add_users_cannot_do_it_by_retrying_either(cast: Cast, who: str) -> None:
    scene = make_scene(cast.actor("partner_full"), cast.acme)
    refuse("ada@")
    _, job = create(scene, new_user(scene, "Ada", extension="2101"))
    before = everything(scene.customer)
    assert not may_retry(job=job, by=cast.actor(who))
    with pytest.raises(Forbidden):
        retry_job(job=job, by=cast.actor(who))
    job.refresh_from_db()
    assert (job.state, everything(scene.customer)) == ("failed", before)
    assert may_retry(job=job, by=scene.by)


def test_retry_says_when_the_seat_is_gone_meanwhile(scene: Scene) -> None:
    refuse("ada@")
    (ada,), job = create(scene, new_user(scene, "Ada", extension="21"))
    create(scene, new_user(scene, "Bob", extension="22"), new_user(scene, "Cyd", extension="23"))
    with pytest.raises(LimitReached) as caught:
        retry_job(job=job, by=scene.by)
    assert (caught.value.limit, caught.value.used, caught.value.asked) == (2, 2, 1)
    job.refresh_from_db()
    ada.refresh_from_db()
    assert (job.state, ada.status, intervals(ada)) == ("failed", "failed", [("webex_calling", False)])


def test_a_crash_while_a_person_is_created_doubles_nobody(scene: Scene) -> None:
    SimulatedFault.objects.create(operation="create_person", kind="answer_lost", remaining=2)
    (ada,), job = create(scene, new_user(scene, "Ada", extension="21"))
    assert (job.state, ada.status, len(cloud("create_person"))) == ("succeeded", "provisioned", 1)


def test_a_change_of_package_tells_the_cloud_what_holds_now(scene: Scene) -> None:
    (ada,), _ = create(scene, new_user(scene, "Ada", extension="21"))
    change_package(subscriber=ada, package="webex_suite", by=scene.by)
    for job in ProvisioningJob.objects.filter(kind="change_package"):
        run_to_end(job)
    (sent,) = cloud("change_person_package")
    assert (sent["person_id"], sent["package"], sent["extension"]) == (str(ada.person_id), "webex_suite", "21")


def test_two_changes_whose_jobs_run_in_the_wrong_order_end_alike(scene: Scene) -> None:
    (ada,), _ = create(scene, new_user(scene, "Ada", extension="21"))
    start = PackageAssignment.objects.get(subscriber=ada).started_at
    change_package(subscriber=ada, package="webex_suite", by=scene.by, at=start + timedelta(seconds=1))
    change_package(subscriber=ada, package="webex_calling", by=scene.by, at=start + timedelta(seconds=2))
    for job in ProvisioningJob.objects.filter(kind="change_package").order_by("-pk"):
        run_to_end(job)
    assert [row["package"] for row in cloud("change_person_package")] == ["webex_calling", "webex_calling"]


def test_a_change_waits_for_its_person(scene: Scene) -> None:
    (ada,), creation = create_subscribers(
        customer=scene.customer, users=[new_user(scene, "Ada", extension="21")], by=scene.by
    )
    change_package(subscriber=ada, package="webex_suite", by=scene.by)
    change = ProvisioningJob.objects.get(kind="change_package")
    run_job(job_id=change.pk)
    change.refresh_from_db()
    assert (change.state, change.steps.get().error_code) == ("retry_wait", "waiting")
    run_to_end(creation)
    assert run_to_end(change).state == "succeeded"


def test_a_change_that_is_refused_shows_at_the_user(scene: Scene) -> None:
    (ada,), _ = create(scene, new_user(scene, "Ada", extension="21"))
    refuse("webex_suite", "change_person_package")
    change_package(subscriber=ada, package="webex_suite", by=scene.by)
    job = run_to_end(ProvisioningJob.objects.get(kind="change_package"))
    ada.refresh_from_db()
    assert (job.state, ada.status, ada.error) == ("failed", "provisioned", "Webex says no.")
    retry_job(job=job, by=SYSTEM)
    run_to_end(job)
    ada.refresh_from_db()
    assert (job.state, ada.error) == ("succeeded", "")


def test_removing_the_package_removes_the_person(scene: Scene) -> None:
    _, _ = create(scene, new_user(scene, "First", extension="20"))
    (ada,), _ = create(scene, new_user(scene, "Ada", extension="21"))
    remove_package(subscriber=ada, by=scene.by)
    run_to_end(ProvisioningJob.objects.get(kind="remove_package"))
    assert cloud("remove_person") == [{"person_id": str(ada.person_id)}]


def test_enabling_a_package_and_its_failure_show_at_the_customer(scene: Scene) -> None:
    refuse("attendant_console", "enable_package")
    enable_package(customer=scene.customer, package="attendant_console", by=scene.by)
    job = run_to_end(ProvisioningJob.objects.get(kind="enable_package"))
    row = CustomerPackage.objects.get(customer=scene.customer, package="attendant_console")
    scene.customer.refresh_from_db()
    assert (row.status, row.error, scene.customer.status) == ("error", "Webex says no.", "provisioned_with_errors")
    retry_job(job=job, by=scene.by)
    run_to_end(job)
    row.refresh_from_db()
    scene.customer.refresh_from_db()
    assert (row.status, row.error, scene.customer.status) == ("provisioned", "", "provisioned")


def test_disabling_a_package_takes_its_row_away_once_the_cloud_did(scene: Scene) -> None:
    disable_package(customer=scene.customer, package="webex_meetings", by=scene.by)
    assert scene.customer.packages.get(package="webex_meetings").status == "deleting"
    run_to_end(ProvisioningJob.objects.get(kind="disable_package"))
    assert list(scene.customer.packages.filter(package="webex_meetings")) == []
    assert [row["package"] for row in cloud("disable_package")] == ["webex_meetings"]


def test_under_a_suspended_partner_things_only_end(scene: Scene) -> None:
    create(scene, new_user(scene, "Ada", extension="2101"))
    (bob,), _ = create(scene, new_user(scene, "Bob", extension="2102"))
    Partner.objects.filter(pk=scene.customer.partner_id).update(state=Partner.State.SUSPENDED)
    before = everything(scene.customer)
    refused = [
        lambda: create_subscribers(
            customer=scene.customer, users=[new_user(scene, "Cyd", "webex_meetings")], by=scene.by
        ),
        lambda: change_package(subscriber=bob, package="webex_suite", by=scene.by),
        lambda: rename_subscriber(subscriber=bob, first_name="Rob", last_name="Sample", by=scene.by),
        lambda: enable_package(customer=scene.customer, package="cx_essentials", by=scene.by),
    ]
    for deed in refused:
        with pytest.raises(CustomerNotReady):
            deed()
    assert everything(scene.customer) == before
    remove_package(subscriber=bob, by=scene.by)
    assert intervals(bob) == [("webex_calling", False)]
