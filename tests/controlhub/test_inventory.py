"""Many numbers at once, moving them, and who had a number from when to when."""

from collections.abc import Callable

import pytest
from django.db import IntegrityError, connection, transaction

from controlhub.models import Location, NumberOwnership, PhoneNumber, Subscriber
from controlhub.services import inventory, number_moves, numbers
from provisioning.models import ProvisioningJob, SimulatedFault
from provisioning.queue import retry_job
from provisioning.runner import run_job
from tenancy.actors import SYSTEM
from tenancy.errors import DomainError, Forbidden
from tenancy.models import AuditEvent
from tests.cast import Cast
from tests.controlhub.races import at_once
from tests.controlhub.scene import Scene, broken_invariants, everything, make_scene
from tests.factories import (
    make_assignment,
    make_customer,
    make_location,
    make_number,
    make_partner,
    make_subscriber,
    make_workspace,
)

ONE, TWO, THREE, FOUR = (f"+1217555010{n}" for n in range(1, 5))


@pytest.fixture
def scene(cast: Cast) -> Scene:
    return make_scene(cast.actor("partner_full"), make_customer(cast.north))


def states(scene: Scene) -> dict[str, str]:
    return dict(scene.customer.numbers.order_by("e164").values_list("e164", "state"))


def reasons(outcome: inventory.Outcome) -> list[tuple[str, str]]:
    return [(refusal.e164, refusal.code) for refusal in outcome.refused]


def refused(deed: Callable[[], object], error: type[DomainError], scene: Scene) -> DomainError:
    before = everything(scene.customer), states(scene)
    with pytest.raises(error) as caught:
        deed()
    assert (everything(scene.customer), states(scene)) == before
    return caught.value


def caller(scene: Scene, extension: str = "2100") -> Subscriber:
    subscriber = make_subscriber(scene.customer, location=scene.headquarters, extension=extension)
    make_assignment(subscriber, "webex_calling")
    scene.customer.packages.filter(package="webex_calling").update(
        used=scene.customer.assignments.filter(package="webex_calling").count()
    )
    return subscriber


# -- Switching and removing --------------------------------------------------------------------------------------------
def test_what_can_be_deactivated_is_and_the_rest_says_why_not(scene: Scene) -> None:
    hq = scene.headquarters
    make_number(hq, ONE)
    make_number(hq, TWO, subscriber=caller(scene))
    main, emergency = make_number(hq, THREE), make_number(hq, FOUR)
    Location.objects.filter(pk=hq.pk).update(main_number=main, emergency_callback_number=emergency)
    asked = [ONE, TWO, THREE, FOUR, "+12175550199"]
    outcome = inventory.deactivate_numbers(customer=scene.customer, numbers=asked, by=scene.by)
    assert outcome.done == [ONE]
    assert reasons(outcome) == [
        (TWO, "number_assigned"),
        (THREE, "main_number"),
        (FOUR, "emergency_callback_number"),
        ("+12175550199", "unknown_number"),
    ]
    assert states(scene) == {ONE: "INACTIVE", TWO: "ACTIVE", THREE: "ACTIVE", FOUR: "ACTIVE"}
    event = AuditEvent.objects.get(customer=scene.customer)
    assert (event.action, event.text) == ("number.deactivated", f"{ONE} deactivated")
    back = inventory.activate_numbers(customer=scene.customer, numbers=[ONE, TWO], by=scene.by)
    assert (back.done, reasons(back)) == ([ONE], [(TWO, "already_active")])


def test_removed_numbers_are_gone_but_their_history_stays(scene: Scene) -> None:
    subscriber = caller(scene)
    number = make_number(scene.headquarters, ONE, subscriber=subscriber)
    held = inventory.remove_numbers(customer=scene.customer, numbers=[ONE], by=scene.by)
    assert reasons(held) == [(ONE, "number_assigned")]
    numbers.release_number(number=number, by=scene.by)
    assert inventory.remove_numbers(customer=scene.customer, numbers=[ONE], by=scene.by).done == [ONE]
    assert states(scene) == {}
    history = NumberOwnership.objects.get(e164=ONE)
    assert (history.subscriber, history.ended_at is not None) == (subscriber, True)
    assert broken_invariants() == []


def test_a_mobile_number_becomes_active_when_it_is_assigned(scene: Scene) -> None:
    numbers.add_numbers(location=scene.headquarters, numbers=ONE, kind="MOBILE", by=scene.by)
    outcome = inventory.activate_numbers(customer=scene.customer, numbers=[ONE], by=scene.by)
    assert (states(scene), reasons(outcome)) == ({ONE: "INACTIVE"}, [(ONE, "mobile_number")])
    number = PhoneNumber.objects.get(e164=ONE)
    numbers.assign_number(number=number, workspace=make_workspace(scene.headquarters), by=scene.by)
    assert states(scene) == {ONE: "ACTIVE"}


def test_a_toll_free_number_is_known_by_its_digits(scene: Scene) -> None:
    numbers.add_numbers(location=scene.headquarters, numbers="+18002345678", active=False, by=scene.by)
    number = scene.customer.numbers.get()
    assert (number.kind, number.state) == ("TOLLFREE", "INACTIVE")


def test_numbers_of_a_carrier_are_not_switched_here(scene: Scene) -> None:
    make_number(scene.headquarters, ONE)
    Location.objects.filter(pk=scene.headquarters.pk).update(pstn="CISCO_PSTN")
    for deed in (inventory.deactivate_numbers, inventory.remove_numbers):
        outcome = deed(customer=scene.customer, numbers=[ONE], by=scene.by)
        assert reasons(outcome) == [(ONE, "carrier_manages_numbers")]
    assert states(scene) == {ONE: "ACTIVE"}


def test_too_many_numbers_at_once(scene: Scene) -> None:
    asked = [f"+1217555{n:04d}" for n in range(501)]
    error = refused(
        lambda: inventory.deactivate_numbers(customer=scene.customer, numbers=asked, by=scene.by),
        inventory.TooManyNumbers,
        scene,
    )
    assert str(error) == "Choose at most 500 numbers at a time; these are 501."


@pytest.mark.parametrize("who", ["customer_full", "partner_readonly", "other_partner_full"])
def test_only_the_partner_manages_numbers(cast: Cast, who: str) -> None:
    scene = make_scene(cast.actor(who), cast.open_acme)
    make_number(scene.headquarters, ONE)
    branch = make_location(scene.customer, "Branch")
    for deed in (inventory.activate_numbers, inventory.deactivate_numbers, inventory.remove_numbers):
        refused(lambda deed=deed: deed(customer=scene.customer, numbers=[ONE], by=scene.by), Forbidden, scene)  # type: ignore[misc]
    refused(
        lambda: number_moves.move_numbers(customer=scene.customer, numbers=[ONE], target=branch, by=scene.by),
        Forbidden,
        scene,
    )


def test_webex_is_told_what_became_of_the_numbers(scene: Scene) -> None:
    make_number(scene.headquarters, ONE)
    inventory.remove_numbers(customer=scene.customer, numbers=[ONE], by=scene.by)
    job = ProvisioningJob.objects.get(customer=scene.customer)
    assert (job.kind, [step.title for step in job.steps.all()]) == ("change_numbers", [f"Number {ONE}"])


# -- Moving ------------------------------------------------------------------------------------------------------------
def test_numbers_move_by_a_job_and_are_nobodys_on_the_way(transactional_db: None) -> None:
    scene = make_scene(SYSTEM, make_customer(make_partner()))
    branch = make_location(scene.customer, "Branch")
    number = make_number(scene.headquarters, ONE)
    make_number(scene.headquarters, TWO, subscriber=caller(scene))
    outcome, job = number_moves.move_numbers(customer=scene.customer, numbers=[ONE, TWO], target=branch, by=SYSTEM)
    assert job is not None
    assert (outcome.done, reasons(outcome)) == ([ONE], [(TWO, "number_assigned")])
    with pytest.raises(number_moves.MoveUnderWay):
        number_moves.move_numbers(customer=scene.customer, numbers=[TWO], target=branch, by=SYSTEM)
    with pytest.raises(numbers.NumberInUse):
        numbers.assign_number(number=number, subscriber=caller(scene, "2101"), by=SYSTEM)
    run_job(job_id=job.pk)
    number.refresh_from_db()
    assert (number.location, number.moving_to) == (branch, None)
    assert broken_invariants() == []


def test_numbers_whose_move_fails_stay_and_can_be_tried_again(transactional_db: None) -> None:
    scene = make_scene(SYSTEM, make_customer(make_partner()))
    branch = make_location(scene.customer, "Branch")
    number = make_number(scene.headquarters, ONE)
    fault = SimulatedFault.objects.create(operation="move_numbers", kind="refused", message="Not now.")
    _, job = number_moves.move_numbers(customer=scene.customer, numbers=[ONE], target=branch, by=SYSTEM)
    assert job is not None
    run_job(job_id=job.pk)
    number.refresh_from_db()
    assert (number.location, number.moving_to) == (scene.headquarters, None)
    fault.delete()
    retry_job(job=job, by=SYSTEM)
    run_job(job_id=job.pk)
    number.refresh_from_db()
    assert (number.location, number.moving_to) == (branch, None)


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ({"pstn": "LOCAL_GATEWAY"}, "10010002"),
        ({"pstn": "NON_INTEGRATED_CCP", "pstn_provider": "Other"}, "10010003"),
        ({"pstn": "NON_INTEGRATED_CCP", "pstn_provider": "Northern Carrier", "country": "CA"}, "10010004"),
    ],
)
def test_a_number_stays_with_its_connection(scene: Scene, target: dict[str, str], code: str) -> None:
    home = {"pstn": "NON_INTEGRATED_CCP", "pstn_provider": "Northern Carrier"}
    Location.objects.filter(pk=scene.headquarters.pk).update(**home)
    make_number(scene.headquarters, ONE)
    branch = make_location(scene.customer, "Branch", **target)
    outcome, job = number_moves.move_numbers(customer=scene.customer, numbers=[ONE], target=branch, by=scene.by)
    assert (reasons(outcome), job) == ([(ONE, code)], None)


# -- Who had it --------------------------------------------------------------------------------------------------------
def test_history_tells_who_had_a_number(scene: Scene) -> None:
    first, second = caller(scene), caller(scene, "2101")
    room = make_workspace(scene.headquarters, extension="300")
    number = make_number(scene.headquarters, ONE)
    numbers.assign_number(number=number, subscriber=first, by=scene.by)
    numbers.release_number(number=number, by=scene.by)
    numbers.assign_number(number=number, subscriber=second, by=scene.by)
    numbers.release_number(number=number, by=scene.by)
    numbers.assign_number(number=number, workspace=room, by=scene.by)
    rows = list(NumberOwnership.objects.filter(e164=ONE).order_by("started_at", "pk"))
    assert [(row.subscriber or row.workspace, row.ended_at is None) for row in rows] == [
        (first, False),
        (second, False),
        (room, True),
    ]
    assert broken_invariants() == []


def test_history_cannot_be_rewritten(scene: Scene) -> None:
    make_number(scene.headquarters, ONE, subscriber=caller(scene))
    row = NumberOwnership.objects.get(e164=ONE)
    for statement in (
        "DELETE FROM controlhub_numberownership WHERE id = %s",
        "UPDATE controlhub_numberownership SET e164 = '+12175550999' WHERE id = %s",
    ):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement, [row.pk])
    with pytest.raises(IntegrityError), transaction.atomic():
        NumberOwnership.objects.create(
            customer=row.customer,
            location=row.location,
            e164=ONE,
            subscriber=caller(scene, "2102"),
            started_at=row.started_at,
        )


# -- Races -------------------------------------------------------------------------------------------------------------
@pytest.mark.slow
def test_forty_who_activate_one_number_make_it_active_once(transactional_db: None) -> None:
    scenes = [make_scene(SYSTEM, make_customer(make_partner())) for _ in range(40)]

    def add(scene: Scene) -> Callable[[], object]:
        return lambda: numbers.add_numbers(location=scene.headquarters, numbers=ONE, by=SYSTEM)

    outcomes = at_once([add(scene) for scene in scenes])
    assert (outcomes.count("ok"), set(outcomes) - {"4201", "number_errors", "ok"}) == (1, set())
    assert PhoneNumber.objects.filter(e164=ONE, state="ACTIVE").count() == 1


@pytest.mark.slow
def test_the_race_is_real_without_the_constraint_and_the_lock(transactional_db: None) -> None:
    """The positive control: look first, then insert, into a table without the constraint. Several win."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE naive_number (e164 text)")

    def add_naively() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM naive_number WHERE e164 = %s", [ONE])
            if cursor.fetchone()[0] == 0:
                cursor.execute("SELECT pg_sleep(0.05)")
                cursor.execute("INSERT INTO naive_number VALUES (%s)", [ONE])

    try:
        at_once([add_naively] * 40)
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM naive_number")
            assert cursor.fetchone()[0] > 1
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE naive_number")
