"""Users deactivated, active again, invited again, under another address, deleted: services and what Webex hears."""

from typing import Any

import pytest

from controlhub.models import FirstAdministrator, PhoneNumber, Subscriber
from controlhub.services.administrators import FirstAdministratorHolds, LastFullAdministrator
from controlhub.services.directory import DirectoryManaged, set_automatic_package, set_directory
from controlhub.services.lifecycle import (
    EmailInUse,
    EmailRefused,
    HoldsRoles,
    WrongStatus,
    change_email,
    delete_subscriber,
    reactivate_subscriber,
    resend_invitation,
    suspend_subscriber,
)
from controlhub.services.packages import assign_package
from controlhub.services.presence import SubscriberDeleted
from controlhub.services.seats import PackageNotEnabled
from controlhub.services.subscribers import NotOurNumber, create_subscribers, rename_subscriber, set_caller_id
from provisioning.models import ProvisioningJob, SimulatedEffect, SimulatedFault
from tenancy.errors import Forbidden
from tenancy.models import AuditEvent, RoleAssignment
from tests.cast import Cast
from tests.controlhub.scene import Scene, broken_invariants, everything, make_scene, new_user, used
from tests.factories import make_customer, make_customer_admin, make_location, make_number, make_subscriber
from tests.provisioning.helpers import run_to_end

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene(cast: Cast) -> Scene:
    return make_scene(cast.actor("partner_full"), make_customer(cast.north), webex_calling=2)


@pytest.fixture
def people(scene: Scene) -> list[Subscriber]:
    """Ada, the first and so an administrator, and Bob, who calls under a number and an extension."""
    rows = [new_user(scene, "Ada", extension="21"), new_user(scene, "Bob", number="+12175550102", extension="22")]
    people, job = create_subscribers(customer=scene.customer, users=rows, by=scene.by)
    run_to_end(job)
    return fresh(*people)


def fresh(*people: Subscriber) -> list[Subscriber]:
    return [Subscriber.objects.select_related("customer__partner").get(pk=person.pk) for person in people]


def last_event(scene: Scene) -> tuple[str, str]:
    event = AuditEvent.objects.filter(customer=scene.customer).order_by("-number")[0]
    return event.action, event.text


def told(operation: str) -> list[dict[str, Any]]:
    return list(SimulatedEffect.objects.filter(operation=operation).order_by("pk").values_list("payload", flat=True))


def run_last(scene: Scene) -> str:
    return run_to_end(ProvisioningJob.objects.filter(customer=scene.customer).order_by("-pk")[0]).state


def test_a_deactivated_user_still_uses_a_licence(scene: Scene, people: list[Subscriber]) -> None:
    bob = people[1]
    suspend_subscriber(subscriber=bob, by=scene.by)
    assert last_event(scene) == ("subscriber.suspended", "Bob Sample deactivated")
    assert run_last(scene) == "succeeded"
    [bob] = fresh(bob)
    assert (bob.status, bob.extension, used(scene.customer)) == ("suspended", "22", 2)
    assert bob.assignments.filter(ended_at=None).count() == 1
    reactivate_subscriber(subscriber=bob, by=scene.by)
    assert run_last(scene) == "succeeded"
    assert fresh(bob)[0].status == "provisioned"
    assert [row["active"] for row in told("set_person_active")] == [False, True]


def test_deactivating_twice_leaves_one_event(scene: Scene, people: list[Subscriber]) -> None:
    suspend_subscriber(subscriber=people[1], by=scene.by)
    before = everything(scene.customer)
    suspend_subscriber(subscriber=people[1], by=scene.by)
    assert everything(scene.customer) == before


def test_an_administrator_is_not_deactivated(scene: Scene, people: list[Subscriber]) -> None:
    before = everything(scene.customer)
    with pytest.raises(HoldsRoles, match="Full administrator"):
        suspend_subscriber(subscriber=people[0], by=scene.by)
    assert (everything(scene.customer), fresh(people[0])[0].status) == (before, "provisioned")


def test_who_failed_is_neither_deactivated_nor_invited(scene: Scene) -> None:
    failed = make_subscriber(scene.customer, status="failed")
    for deed in (suspend_subscriber, reactivate_subscriber, resend_invitation):
        with pytest.raises(WrongStatus):
            deed(subscriber=failed, by=scene.by)


def test_the_invitation_is_sent_again(scene: Scene, people: list[Subscriber]) -> None:
    resend_invitation(subscriber=people[1], by=scene.by)
    assert run_last(scene) == "succeeded"
    assert told("invite_person") == [{"person_id": str(people[1].person_id), "email": "bob@example.com"}]


def test_deleting_gives_everything_back_and_keeps_history(scene: Scene, people: list[Subscriber]) -> None:
    bob = people[1]
    number = PhoneNumber.objects.get(e164="+12175550102")
    set_caller_id(subscriber=bob, number=number, first_name="Front", last_name="Desk", by=scene.by)
    delete_subscriber(subscriber=bob, by=scene.by)
    assert last_event(scene) == ("subscriber.deleted", "Bob Sample (bob@example.com) deleted; Webex Calling ended")
    assert run_last(scene) == "succeeded"
    [bob] = fresh(bob)
    interval = bob.assignments.get()
    assert (bob.deleted_at, bob.extension, bob.caller_id_number) == (interval.ended_at, "", None)
    assert (used(scene.customer), PhoneNumber.objects.get(pk=number.pk).subscriber) == (1, None)
    assert told("delete_person") == [{"person_id": str(bob.person_id)}]
    assert broken_invariants() == []
    # The address, the number and the extension are free for somebody else.
    create_subscribers(
        customer=scene.customer,
        users=[new_user(scene, "Bob", number="+12175550102", extension="22")],
        by=scene.by,
    )


def test_a_deleted_user_is_out_of_reach(scene: Scene, people: list[Subscriber]) -> None:
    bob = people[1]
    delete_subscriber(subscriber=fresh(bob)[0], by=scene.by)
    before = everything(scene.customer)
    for deed in (
        lambda: assign_package(subscriber=bob, package="webex_meetings", by=scene.by),
        lambda: delete_subscriber(subscriber=bob, by=scene.by),
        lambda: resend_invitation(subscriber=bob, by=scene.by),
        lambda: change_email(subscriber=bob, email="robert@example.com", by=scene.by),
    ):
        with pytest.raises(SubscriberDeleted):
            deed()
    assert everything(scene.customer) == before


def test_who_is_deleted_before_webex_knows_him_never_arrives(scene: Scene, people: list[Subscriber]) -> None:
    rows = [new_user(scene, "Cy", "webex_meetings")]
    [cy], creation = create_subscribers(customer=scene.customer, users=rows, by=scene.by)
    delete_subscriber(subscriber=cy, by=scene.by)
    deletion = ProvisioningJob.objects.get(kind="delete_subscriber")
    run_to_end(deletion, claims=1)
    assert deletion.state == "retry_wait"  # first it must be known whether he arrived
    assert (run_to_end(creation).state, run_to_end(deletion).state) == ("succeeded", "succeeded")
    assert (told("delete_person"), len(told("create_person"))) == ([], 2)


def test_the_last_and_the_first_administrator_stay(scene: Scene, people: list[Subscriber]) -> None:
    ada = people[0]
    before = everything(scene.customer)
    with pytest.raises(LastFullAdministrator):
        delete_subscriber(subscriber=ada, by=scene.by)
    make_customer_admin(scene.customer)
    with pytest.raises(FirstAdministratorHolds):
        delete_subscriber(subscriber=ada, by=scene.by)
    assert everything(scene.customer) == before


def test_a_first_user_whom_webex_refuses_can_go_and_the_next_one_is_first(cast: Cast) -> None:
    scene = make_scene(cast.actor("partner_full"), make_customer(cast.north))
    SimulatedFault.objects.create(operation="create_person", kind="refused", message="No.", remaining=1)
    [typo], job = create_subscribers(
        customer=scene.customer, users=[new_user(scene, "Typo", "webex_meetings")], by=scene.by
    )
    assert run_to_end(job).state == "failed"
    delete_subscriber(subscriber=fresh(typo)[0], by=scene.by)
    [right], _ = create_subscribers(
        customer=scene.customer, users=[new_user(scene, "Right", "webex_suite", extension="23")], by=scene.by
    )
    first = FirstAdministrator.objects.get(customer=scene.customer)
    assert ((first.subscriber, first.package), broken_invariants()) == ((right, "webex_suite"), [])


def test_a_deleted_administrator_loses_his_roles_here_only(scene: Scene, people: list[Subscriber], cast: Cast) -> None:
    bob = people[1]
    account = bob.admin = make_customer_admin(scene.customer)
    bob.save(update_fields=["admin"])
    RoleAssignment.objects.create(admin=account, role="customer_full", customer=cast.acme)
    delete_subscriber(subscriber=bob, by=scene.by)
    assert list(account.role_assignments.values_list("customer", "role")) == [(cast.acme.pk, "customer_full")]


def test_the_email_changes_and_webex_invites_again(scene: Scene, people: list[Subscriber]) -> None:
    bob = people[1]
    change_email(subscriber=bob, email=" Robert@Example.com ", by=scene.by)
    assert last_event(scene) == ("subscriber.email_changed", "Email of Bob Sample changed to robert@example.com")
    assert run_last(scene) == "succeeded"
    assert (told("change_person_email")[0]["email"], told("invite_person")[0]["email"]) == ("robert@example.com",) * 2


def test_an_email_is_refused_when_taken_or_malformed(scene: Scene, people: list[Subscriber]) -> None:
    before = everything(scene.customer)
    with pytest.raises(EmailInUse):
        change_email(subscriber=people[1], email="ada@example.com", by=scene.by)
    with pytest.raises(EmailRefused):
        change_email(subscriber=people[1], email="bob at example.com", by=scene.by)
    assert everything(scene.customer) == before


def test_a_restricted_administrator_does_not_change_emails(cast: Cast) -> None:
    scene = make_scene(cast.actor("customer_restricted"), cast.acme)
    bob = make_subscriber(cast.acme, email="bob@example.com")
    with pytest.raises(Forbidden, match="Restricted by Partner Mode"):
        change_email(subscriber=bob, email="robert@example.com", by=scene.by)
    assert fresh(bob)[0].email == "bob@example.com"


def test_a_reader_deletes_nobody(cast: Cast) -> None:
    scene = make_scene(cast.actor("customer_readonly"), cast.acme)
    bob = make_subscriber(cast.acme)
    for deed in (delete_subscriber, suspend_subscriber, resend_invitation):
        with pytest.raises(Forbidden):
            deed(subscriber=bob, by=scene.by)
    assert fresh(bob)[0].deleted_at is None


def test_a_synchronized_directory_owns_names_and_addresses(scene: Scene, people: list[Subscriber]) -> None:
    set_directory(customer=scene.customer, directory="okta", by=scene.by)
    assert last_event(scene) == ("people.directory", "Directory synchronization with Okta switched on")
    for deed in (
        lambda: rename_subscriber(subscriber=people[1], first_name="Rob", last_name="Sample", by=scene.by),
        lambda: change_email(subscriber=people[1], email="rob@example.com", by=scene.by),
    ):
        with pytest.raises(DirectoryManaged, match="Okta"):
            deed()
    set_directory(customer=scene.customer, directory="", by=scene.by)
    rename_subscriber(subscriber=people[1], first_name="Rob", last_name="Sample", by=scene.by)


def test_the_directory_is_the_partners_while_restricted(cast: Cast) -> None:
    with pytest.raises(Forbidden):
        set_directory(customer=cast.acme, directory="okta", by=cast.actor("customer_restricted"))
    set_directory(customer=cast.open_acme, directory="okta", by=cast.actor("customer_full"))


def test_a_new_user_without_a_package_gets_the_automatic_one(scene: Scene) -> None:
    set_automatic_package(customer=scene.customer, package="webex_meetings", by=scene.by)
    rows = [new_user(scene, "Cy", "", location=None), new_user(scene, "Dee", "webex_suite", extension="30")]
    people, _ = create_subscribers(customer=scene.customer, users=rows, by=scene.by)
    assert [person.assignments.get().package for person in people] == ["webex_meetings", "webex_suite"]


def test_an_automatic_package_must_be_enabled(scene: Scene) -> None:
    with pytest.raises(PackageNotEnabled):
        set_automatic_package(customer=scene.customer, package="webex_voice", by=scene.by)


def test_the_caller_id_is_one_of_the_customers_numbers(scene: Scene, people: list[Subscriber], cast: Cast) -> None:
    main = make_number(scene.headquarters, "+12175550100")
    set_caller_id(subscriber=people[1], number=main, first_name="Front", last_name="", by=scene.by)
    [bob] = fresh(people[1])
    assert (bob.caller_id_number, bob.caller_id_first_name) == (main, "Front")
    foreign = make_number(make_location(cast.south_customer), "+13125550100")
    with pytest.raises(NotOurNumber):
        set_caller_id(subscriber=bob, number=foreign, first_name="", last_name="", by=scene.by)
    assert fresh(bob)[0].caller_id_number == main
