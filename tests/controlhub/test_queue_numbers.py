"""A call queue may have a phone number of its location beside its extension, even the location's main number."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from controlhub.models import CallQueue, NumberOwnership, PhoneNumber
from controlhub.services import inventory, number_moves, numbers, pstn
from controlhub.services.ending import end_everything
from controlhub.services.queues import QueueFacts, create_queue, delete_queue, edit_queue
from provisioning.models import ProvisioningJob, SimulatedEffect
from provisioning.runner import run_job
from tenancy.actors import SYSTEM, Actor
from tenancy.errors import DomainError, Forbidden
from tenancy.models import AuditEvent
from tests.cast import Cast
from tests.controlhub.pages import Office, furnish, page
from tests.controlhub.races import at_once
from tests.controlhub.scene import broken_invariants, everything
from tests.factories import make_location, make_number, make_queue, make_subscriber, make_workspace
from tests.launching import launch

SignIn = Callable[[str], Client]


@pytest.fixture
def office(cast: Cast) -> Office:
    return furnish(cast.open_acme)


@pytest.fixture
def by(cast: Cast) -> Actor:
    return cast.actor("partner_full")


@pytest.fixture
def staff(office: Office, cast: Cast, sign_in: SignIn) -> Client:
    """A partner full administrator inside Open Acme."""
    client = sign_in("partner_full")
    launch(client, customer=office.customer, by=cast.actor("partner_full"))
    return client


def facts(office: Office, **values: Any) -> QueueFacts:
    return QueueFacts(**{"name": "Sales", "location": office.headquarters, "extension": "500", **values})


def make(office: Office, by: Actor, number: PhoneNumber, **values: Any) -> CallQueue:
    return create_queue(customer=office.customer, facts=facts(office, number=number.e164, **values), by=by)


def owners(number: PhoneNumber) -> list[tuple[object, bool]]:
    """(owner, still his) of everybody who had the number, oldest first."""
    rows = NumberOwnership.objects.filter(e164=number.e164).order_by("started_at", "pk")
    return [(row.subscriber or row.workspace or row.queue, row.ended_at is None) for row in rows]


def refused(deed: Callable[[], object], error: type[DomainError], office: Office) -> None:
    before = everything(office.customer), CallQueue.objects.count()
    with pytest.raises(error):
        deed()
    assert (everything(office.customer), CallQueue.objects.count()) == before


def test_a_queue_gets_changes_and_gives_back_its_number(office: Office, by: Actor) -> None:
    other = make_number(office.headquarters)
    queue = make(office, by, office.free)
    assert AuditEvent.objects.get().changes["number"] == [None, office.free.e164]
    edit_queue(queue=queue, facts=facts(office, number=other.e164), by=by)
    delete_queue(queue=queue, by=by)
    assert AuditEvent.objects.get(action="queue.deleted").changes["number"] == [other.e164, None]
    assert (owners(office.free), owners(other)) == ([(queue, False)], [(queue, False)])
    other.refresh_from_db()
    assert (other.owner, broken_invariants()) == (None, [])


def test_a_deleted_queue_leaves_its_name_and_extension_to_others(office: Office, by: Actor) -> None:
    delete_queue(queue=make(office, by, office.free, agents=[office.ada], supervisors=[office.ada]), by=by)
    queue = make(office, by, office.free)
    assert (queue.name, queue.extension, queue.number) == ("Sales", "500", office.free)  # type: ignore[attr-defined]
    assert (office.ada.queue_places.count(), office.ada.supervised_queues.count()) == (0, 0)


def test_numbers_that_are_not_free_here_are_refused(office: Office, by: Actor) -> None:
    elsewhere = make_number(make_location(office.customer, "Branch"))
    taken = office.ada.number  # type: ignore[attr-defined]
    refused(lambda: make(office, by, elsewhere), numbers.NumberElsewhere, office)
    refused(lambda: make(office, by, taken), numbers.NumberInUse, office)
    unknown = facts(office, number="+12175559999")
    refused(
        lambda: create_queue(customer=office.customer, facts=unknown, by=by),
        numbers.NumberUnknown,
        office,
    )
    with pytest.raises(IntegrityError, match="number_has_one_owner"), transaction.atomic():
        PhoneNumber.objects.filter(pk=taken.pk).update(queue=make_queue(office.headquarters))


def test_a_number_of_a_queue_stays_where_it_is(office: Office, by: Actor) -> None:
    make(office, by, office.free)
    branch = make_location(office.customer, "Branch")
    assigned = [(office.free.e164, "number_assigned")]
    deeds = [
        inventory.deactivate_numbers(customer=office.customer, numbers=[office.free.e164], by=by),
        inventory.remove_numbers(customer=office.customer, numbers=[office.free.e164], by=by),
        number_moves.move_numbers(customer=office.customer, numbers=[office.free.e164], target=branch, by=by)[0],
    ]
    assert [[(one.e164, one.code) for one in outcome.refused] for outcome in deeds] == [assigned] * 3
    refused(
        lambda: numbers.assign_number(number=office.free, subscriber=office.ada, by=by), numbers.NumberInUse, office
    )


def test_the_main_number_is_answered_by_a_queue_but_by_no_single_user(office: Office, by: Actor) -> None:
    hq, main = office.headquarters, office.free
    pstn.set_calling_numbers(location=hq, main=main, emergency_callback=None, by=by)
    refused(lambda: numbers.assign_number(number=main, subscriber=office.ada, by=by), numbers.NumberInUse, office)
    refused(
        lambda: numbers.assign_number(number=main, workspace=make_workspace(hq), by=by), numbers.NumberInUse, office
    )
    queue = make(office, by, main)
    other = make_number(hq)
    edit_queue(queue=queue, facts=facts(office, number=other.e164), by=by)
    pstn.set_calling_numbers(location=hq, main=other, emergency_callback=other, by=by)
    hq.refresh_from_db()
    assert (hq.main_number, hq.emergency_callback_number, broken_invariants()) == (other, other, [])


@pytest.mark.parametrize("who", ["partner_readonly", "customer_readonly", "other_partner_full"])
def test_others_give_no_queue_a_number(office: Office, cast: Cast, who: str) -> None:
    queue = make_queue(office.headquarters)
    actor = cast.actor(who)
    refused(lambda: numbers.assign_number(number=office.free, queue=queue, by=actor), Forbidden, office)
    numbers.assign_number(number=office.free, queue=queue, by=SYSTEM)
    refused(lambda: numbers.release_number(number=office.free, by=actor), Forbidden, office)


def test_the_end_of_services_frees_the_queues_numbers(office: Office, by: Actor) -> None:
    queue = make(office, by, office.free)
    office.customer.assignments.update(started_at="2026-01-01T00:00:00Z")
    end_everything(customer=office.customer, by=SYSTEM)
    queue.refresh_from_db()
    assert (queue.deleted_at is None, office.customer.numbers.count(), owners(office.free)) == (
        False,
        0,
        [(queue, False)],
    )


@pytest.mark.slow
def test_of_users_and_queues_that_want_one_number_exactly_one_gets_it(transactional_db: None, cast: Cast) -> None:
    office = furnish(cast.open_acme)
    queues = [make_queue(office.headquarters) for _ in range(20)]
    people = [make_subscriber(office.customer, location=office.headquarters) for _ in range(20)]

    def want(**owner: Any) -> Callable[[], object]:
        mine = PhoneNumber.objects.get(pk=office.free.pk)
        return lambda: numbers.assign_number(number=mine, by=SYSTEM, **owner)

    deeds = [want(queue=queue) for queue in queues] + [want(subscriber=person) for person in people]
    assert at_once(deeds) == ["4201"] * 39 + ["ok"]
    assert len(owners(office.free)) == 1


@pytest.mark.django_db(transaction=True)
def test_webex_is_told_the_number_of_the_queue(cast: Cast) -> None:
    office = furnish(cast.open_acme)
    queue = make_queue(office.headquarters)
    numbers.assign_number(number=office.free, queue=queue, by=SYSTEM)
    run_job(job_id=ProvisioningJob.objects.get(kind="change_queue").pk)
    assert SimulatedEffect.objects.get(operation="put_queue").payload["facts"]["number"] == office.free.e164


# -- Pages -------------------------------------------------------------------------------------------------------------
def test_a_number_goes_from_form_to_queue_and_to_the_inventory_pages(office: Office, sign_in: SignIn) -> None:
    client = sign_in("customer_full")
    values = {
        "name": "Sales",
        "location": str(office.headquarters.public_id),
        "extension": "500",
        "number": office.free.e164,
        "routing": "circular",
    }
    assert client.post(page("queue-create", office.customer), values).status_code == 302
    queue = CallQueue.objects.get()
    for name in ("queue-list", "number-list"):
        content = client.get(page(name, office.customer), {"q": office.free.e164}).content.decode()
        assert page("queue-detail", office.customer, queue) in content, name
    assert client.get(page("queue-edit", office.customer, queue)).context["form"].initial["number"] == office.free.e164
    export = b"".join(client.get(page("number-export", office.customer), {"owner": "queue"}).streaming_content)  # type: ignore[attr-defined]
    assert export.decode().splitlines()[1:] == [f"{office.free.e164},Active,DID,Headquarters,Call queue,Sales"]
    bad = client.post(page("queue-edit", office.customer, queue), values | {"number": "12"})
    assert (bad.status_code, list(bad.context["form"].errors)) == (422, ["number"])


def test_staff_give_a_number_to_a_queue_from_the_inventory(office: Office, staff: Client) -> None:
    queue = make_queue(office.headquarters, "Front desk")
    url = page("number-assign", office.customer, office.free)
    both = staff.post(url, {"queue": str(queue.public_id), "email": office.ada.email})
    assert (both.status_code, list(both.context["form"].errors)) == (422, ["email"])
    assert staff.post(url, {"queue": str(queue.public_id)}).status_code == 302
    content = staff.get(page("number-detail", office.customer, office.free)).content.decode()
    assert page("queue-detail", office.customer, queue) in content
    main = staff.get(page("location-main-number", office.customer, office.headquarters)).content.decode()
    assert f"{office.free.e164} (call queue Front desk)" in main
