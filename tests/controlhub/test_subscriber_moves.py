"""Calling users moved to another location: what goes along, what is refused by its code, and what is billed where."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from controlhub.models import Location, PackageAssignment, PhoneNumber, Subscriber
from controlhub.services.extensions import ExtensionRefused
from controlhub.services.move_plans import Fate, MovePlan
from controlhub.services.queues import QueueFacts, create_queue
from controlhub.services.readiness import CustomerNotReady
from controlhub.services.subscriber_moves import (
    MoveOutcome,
    MoveRefused,
    Rule,
    Rules,
    TargetUnknown,
    TooManyUsers,
    check_move,
    check_moves,
    move_subscriber,
    move_subscribers,
)
from controlhub.services.subscribers import set_extension
from provisioning.models import ProvisioningJob, SimulatedEffect, SimulatedFault
from provisioning.queue import may_retry, retry_job
from tenancy.actors import SYSTEM, actor_for
from tenancy.errors import Forbidden
from tenancy.models import AuditEvent, Customer, Partner
from tenancy.policy import Role
from tests.cast import Cast
from tests.controlhub.races import at_once
from tests.controlhub.scene import Scene, broken_invariants, everything, make_scene, used
from tests.factories import (
    assign_locations,
    make_assignment,
    make_customer,
    make_customer_admin,
    make_device,
    make_location,
    make_number,
    make_partner,
    make_queue,
    make_subscriber,
    make_workspace,
)
from tests.provisioning.helpers import run_to_end

pytestmark = pytest.mark.django_db
OWN, FREE, NEW = "+12175550101", "+12175550102", "+12175550199"


@pytest.fixture
def scene(cast: Cast) -> Scene:
    return make_scene(cast.actor("partner_full"), make_customer(cast.north))


@pytest.fixture
def branch(scene: Scene) -> Location:
    return make_location(scene.customer, "Branch", address_line1="9 Side Street")


def caller(scene: Scene, extension: str = "2100", *, number: str = "", **fields: Any) -> Subscriber:
    """A user at the headquarters who calls."""
    place = fields.pop("location", scene.headquarters)
    subscriber = make_subscriber(scene.customer, location=place, extension=extension, **fields)
    make_assignment(subscriber, "webex_calling")
    if number:
        make_number(place, number, subscriber=subscriber)
    scene.customer.packages.filter(package="webex_calling").update(
        used=scene.customer.assignments.filter(package="webex_calling", ended_at=None).count()
    )
    return subscriber


def now_of(subscriber: Subscriber) -> tuple[str, str, str]:
    """Location, number and extension as the rows say."""
    row = Subscriber.objects.select_related("location", "number").get(pk=subscriber.pk)
    number = getattr(row, "number", None)
    return str(row.location), number.e164 if number else "", row.extension


def billed(subscriber: Subscriber) -> list[tuple[str, str, Any, Any]]:
    rows = PackageAssignment.objects.filter(subscriber=subscriber).order_by("started_at", "pk")
    return [(row.package, str(row.location), row.started_at, row.ended_at) for row in rows]


def codes(plan: MovePlan) -> list[tuple[str, str]]:
    return [(refusal.code, refusal.field) for refusal in plan.refusals]


def refused(scene: Scene, deed: Callable[[], object], error: type[Exception]) -> Any:
    before = everything(scene.customer)
    with pytest.raises(error) as caught:
        deed()
    assert everything(scene.customer) == before
    return caught.value


# -- One user ------------------------------------------------------------------------------------------------------------
def test_number_and_extension_go_along_and_billing_follows_to_the_second(scene: Scene, branch: Location) -> None:
    ada = caller(scene, number=OWN)
    plan = move_subscriber(subscriber=ada, target=branch, by=scene.by)
    assert now_of(ada) == ("Branch", OWN, "2100")
    assert plan.fate is Fate.MOVES
    (old, hq, _, ended), (new, there, started, still) = billed(ada)
    assert (old, hq, new, there, still) == ("webex_calling", "Headquarters", "webex_calling", "Branch", None)
    assert ended == started
    assert used(scene.customer) == 1
    assert PhoneNumber.objects.get(e164=OWN).location == branch
    event = AuditEvent.objects.get(customer=scene.customer)
    assert (event.action, event.text) == ("subscriber.moved", f"{ada} moved from Headquarters to Branch")
    assert event.changes == {
        "location": ["Headquarters", "Branch"],
        "number_location": ["Headquarters", "Branch"],
        "package": [["webex_calling"], ["webex_calling"]],
        "at": [None, started.isoformat()],
    }
    assert broken_invariants() == []


def test_a_full_package_and_an_add_on_move_too(scene: Scene, branch: Location) -> None:
    scene.customer.packages.filter(package="webex_calling").update(limit=1)
    scene.customer.packages.create(package="attendant_console", status="provisioned", used=1)
    ada = caller(scene)
    make_assignment(ada, "attendant_console", is_base=False)
    move_subscriber(subscriber=ada, target=branch, by=scene.by)
    running = [(package, place) for package, place, _, ended in billed(ada) if ended is None]
    assert sorted(running) == [("attendant_console", "Branch"), ("webex_calling", "Branch")]
    assert (used(scene.customer), used(scene.customer, "attendant_console"), broken_invariants()) == (1, 1, [])


def test_the_history_of_the_number_knows_both_locations(scene: Scene, branch: Location) -> None:
    ada = caller(scene, number=OWN)
    move_subscriber(subscriber=ada, target=branch, by=scene.by)
    rows = scene.customer.number_ownerships.order_by("pk").values_list("location__name", "ended_at")
    assert [(name, ended is None) for name, ended in rows] == [("Headquarters", False), ("Branch", True)]


def test_a_free_number_replaces_the_old_one_and_an_empty_extension_clears(scene: Scene, branch: Location) -> None:
    ada = caller(scene, number=OWN)
    make_number(branch, FREE)
    plan = move_subscriber(subscriber=ada, target=branch, number=" (217) 555-0102", extension="", by=scene.by)
    assert (plan.fate, now_of(ada)) == (Fate.REPLACED, ("Branch", FREE, ""))
    freed = PhoneNumber.objects.get(e164=OWN)
    assert (freed.subscriber, freed.location) == (None, scene.headquarters)
    changes = AuditEvent.objects.get(customer=scene.customer).changes
    assert (changes["number"], changes["extension"]) == ([OWN, FREE], ["2100", ""])
    assert broken_invariants() == []


def test_a_new_number_is_added_and_an_empty_one_releases(scene: Scene, branch: Location) -> None:
    ada, bob = caller(scene, number=OWN), caller(scene, "2101", number=FREE)
    plan = move_subscriber(subscriber=ada, target=branch, number=NEW, extension="3100", by=scene.by)
    assert (plan.adds, now_of(ada)) == (True, ("Branch", NEW, "3100"))
    assert move_subscriber(subscriber=bob, target=branch, number="", by=scene.by).fate is Fate.RELEASED
    assert now_of(bob) == ("Branch", "", "2101")
    assert scene.customer.jobs.filter(kind="change_numbers").count() == 1


def test_devices_and_places_in_queues_stay_and_a_lost_caller_id_goes(scene: Scene, branch: Location) -> None:
    ada = caller(scene, number=OWN)
    phone = make_device(ada)
    facts = QueueFacts("Front desk", scene.headquarters, "7000", agents=[ada])
    queue = create_queue(customer=scene.customer, facts=facts, by=scene.by)
    Subscriber.objects.filter(pk=ada.pk).update(caller_id_number=PhoneNumber.objects.get(e164=OWN))
    plan = move_subscriber(subscriber=ada, target=branch, number="", by=scene.by)
    ada.refresh_from_db()
    assert (list(ada.devices.all()), queue.agents.get().subscriber, ada.caller_id_number) == ([phone], ada, None)
    assert plan.loses_caller_id
    other = caller(scene, "2102", number=FREE)
    Subscriber.objects.filter(pk=other.pk).update(caller_id_number=PhoneNumber.objects.get(e164=FREE))
    move_subscriber(subscriber=other, target=branch, by=scene.by)
    other.refresh_from_db()
    assert other.caller_id_number == PhoneNumber.objects.get(e164=FREE)


Wrong = Callable[[Scene, Location, Subscriber], dict[str, Any] | None]


def meets_only(scene: Scene, branch: Location, ada: Subscriber) -> None:
    PackageAssignment.objects.filter(subscriber=ada).update(ended_at="2026-02-01T00:00:00Z")
    make_assignment(ada, "webex_meetings", start=PackageAssignment.objects.get(subscriber=ada).ended_at)
    scene.customer.packages.filter(package="webex_calling").update(used=0)
    scene.customer.packages.filter(package="webex_meetings").update(used=1)


def waits_for_consent(scene: Scene, branch: Location, ada: Subscriber) -> None:
    Subscriber.objects.filter(pk=ada.pk).update(status="pending_user_migration")


def not_in_webex(scene: Scene, branch: Location, ada: Subscriber) -> None:
    Location.objects.filter(pk=branch.pk).update(provisioned_at=None)


def stays(scene: Scene, branch: Location, ada: Subscriber) -> dict[str, Any]:
    return {"target": scene.headquarters}


def nothing_left(scene: Scene, branch: Location, ada: Subscriber) -> dict[str, Any]:
    return {"number": "", "extension": ""}


def no_number(scene: Scene, branch: Location, ada: Subscriber) -> dict[str, Any]:
    return {"number": "banana"}


def user_has_it(scene: Scene, branch: Location, ada: Subscriber) -> None:
    caller(scene, "2100", location=branch)


def room_has_it(scene: Scene, branch: Location, ada: Subscriber) -> None:
    make_workspace(branch, extension="2100")


def queue_has_it(scene: Scene, branch: Location, ada: Subscriber) -> None:
    make_queue(branch, extension="2100")


def emergency_number(scene: Scene, branch: Location, ada: Subscriber) -> dict[str, Any]:
    return {"extension": "911"}


def letters(scene: Scene, branch: Location, ada: Subscriber) -> dict[str, Any]:
    return {"extension": "21oo"}


def is_main_number(scene: Scene, branch: Location, ada: Subscriber) -> None:
    Location.objects.filter(pk=scene.headquarters.pk).update(main_number=ada.number)


def is_called_back(scene: Scene, branch: Location, ada: Subscriber) -> None:
    Location.objects.filter(pk=scene.headquarters.pk).update(emergency_callback_number=ada.number)


def pager(scene: Scene, branch: Location, ada: Subscriber) -> None:
    make_device(ada, model="generic-sip", management="customer", mac=None, sip_username="sip1")


def gateway(scene: Scene, branch: Location, ada: Subscriber) -> None:
    make_device(ada, model="partner-sip-gateway", management="partner", mac=None, sip_username="sip2")


def other_connection(scene: Scene, branch: Location, ada: Subscriber) -> None:
    Location.objects.filter(pk=branch.pk).update(pstn="LOCAL_GATEWAY")


def other_provider(scene: Scene, branch: Location, ada: Subscriber) -> None:
    Location.objects.filter(pk=scene.headquarters.pk).update(pstn="NON_INTEGRATED_CCP", pstn_provider="One")
    Location.objects.filter(pk=branch.pk).update(pstn="NON_INTEGRATED_CCP", pstn_provider="Two")


def other_country(scene: Scene, branch: Location, ada: Subscriber) -> None:
    Location.objects.filter(pk=branch.pk).update(country="CA")


def of_the_carrier(scene: Scene, branch: Location, ada: Subscriber) -> None:
    Location.objects.filter(customer=scene.customer).update(pstn="CISCO_PSTN")


def carrier_adds(scene: Scene, branch: Location, ada: Subscriber) -> dict[str, Any]:
    Location.objects.filter(pk=branch.pk).update(pstn="CISCO_PSTN")
    return {"number": NEW}


def at_another_location(scene: Scene, branch: Location, ada: Subscriber) -> dict[str, Any]:
    make_number(scene.headquarters, FREE)
    return {"number": FREE}


def at_another_customer(scene: Scene, branch: Location, ada: Subscriber) -> dict[str, Any]:
    make_number(make_location(make_customer(make_partner())), FREE)
    return {"number": FREE}


def of_a_colleague(scene: Scene, branch: Location, ada: Subscriber) -> dict[str, Any]:
    caller(scene, "2101", number=FREE, location=branch)
    return {"number": FREE}


REFUSALS: list[tuple[Wrong, list[tuple[str, str]]]] = [
    (meets_only, [("1026010", "")]),
    (waits_for_consent, [("consent_pending", "")]),
    (not_in_webex, [("5620", "location")]),
    (stays, [("1026013", "location")]),
    (nothing_left, [("1026016", "number")]),
    (no_number, [("1026017", "number")]),
    (user_has_it, [("4202", "extension")]),
    (room_has_it, [("4202", "extension")]),
    (queue_has_it, [("4202", "extension")]),
    (emergency_number, [("4911", "extension")]),
    (letters, [("4910", "extension")]),
    (is_main_number, [("19604", "number")]),
    (is_called_back, [("27968", "number")]),
    (pager, [("27970", "")]),
    (gateway, [("27971", "")]),
    (other_connection, [("10010002", "number")]),
    (other_provider, [("10010003", "number")]),
    (other_country, [("10010004", "number")]),
    (of_the_carrier, [("carrier_manages_numbers", "number")]),
    (carrier_adds, [("carrier_manages_numbers", "number")]),
    (at_another_location, [("27966", "number")]),
    (at_another_customer, [("4201", "number")]),
    (of_a_colleague, [("4201", "number")]),
]


@pytest.mark.parametrize(("wrong", "expected"), REFUSALS, ids=lambda value: getattr(value, "__name__", ""))
def test_a_refusal_has_its_code_and_the_check_says_it_first(
    scene: Scene, branch: Location, wrong: Wrong, expected: list[tuple[str, str]]
) -> None:
    ada = caller(scene, number=OWN)
    wish = {"target": branch} | (wrong(scene, branch, ada) or {})
    wish["target"].refresh_from_db()
    assert codes(check_move(subscriber=ada, by=scene.by, **wish)) == expected
    error = refused(scene, lambda: move_subscriber(subscriber=ada, by=scene.by, **wish), MoveRefused)
    assert (error.code, [(one.code, one.field) for one in error.refusals]) == (expected[0][0], expected)


def test_several_reasons_are_told_at_once(scene: Scene, branch: Location) -> None:
    ada = caller(scene, number=OWN)
    other_connection(scene, branch, ada)
    user_has_it(scene, branch, ada)
    branch.refresh_from_db()
    assert codes(check_move(subscriber=ada, target=branch, by=scene.by)) == [
        ("10010002", "number"),
        ("4202", "extension"),
    ]


def test_who_or_what_is_gone_is_not_moved(scene: Scene, branch: Location) -> None:
    ada = caller(scene)
    Location.objects.filter(pk=branch.pk).update(deleted_at="2026-03-01T00:00:00Z")
    refused(scene, lambda: move_subscriber(subscriber=ada, target=branch, by=scene.by), TargetUnknown)
    Location.everything.filter(pk=branch.pk).update(deleted_at=None)
    Subscriber.objects.filter(pk=ada.pk).update(deleted_at="2026-03-01T00:00:00Z")
    error = refused(scene, lambda: move_subscriber(subscriber=ada, target=branch, by=scene.by), MoveRefused)
    assert error.code == "4003"
    strange = make_location(make_customer(make_partner()))
    refused(scene, lambda: move_subscriber(subscriber=ada, target=strange, by=scene.by), TargetUnknown)


# -- Who may -------------------------------------------------------------------------------------------------------------
def at(cast: Cast, customer: Customer, who: str) -> tuple[Scene, Subscriber, Location]:
    scene = make_scene(cast.actor(who), customer)
    return scene, caller(scene, number=OWN), make_location(customer, "Branch")


@pytest.mark.parametrize(
    "who", ["customer_restricted", "customer_user_device", "external_full", "customer_readonly", "customer_device"]
)
def test_in_restricted_mode_the_customer_moves_nobody(cast: Cast, who: str) -> None:
    scene, ada, branch = at(cast, cast.acme, who)
    refused(scene, lambda: move_subscriber(subscriber=ada, target=branch, by=scene.by), Forbidden)
    deed = {"customer": cast.acme, "subscribers": [ada], "target": branch, "rules": Rules(), "by": scene.by}
    refused(scene, lambda: move_subscribers(**deed), Forbidden)


@pytest.mark.parametrize("who", ["partner_admin", "partner_readonly", "helpdesk", "other_partner_full"])
def test_who_changes_no_licences_moves_nobody(cast: Cast, who: str) -> None:
    scene, ada, branch = at(cast, cast.acme, who)
    refused(scene, lambda: move_subscriber(subscriber=ada, target=branch, by=scene.by), Forbidden)


@pytest.mark.parametrize(("who", "restricted"), [("customer_user_device", False), ("partner_plain", True)])
def test_who_may_change_number_and_package_moves(cast: Cast, who: str, restricted: bool) -> None:
    Customer.objects.filter(pk=cast.acme.pk).update(restricted=restricted)
    cast.acme.refresh_from_db()
    scene, ada, branch = at(cast, cast.acme, who)
    move_subscriber(subscriber=ada, target=branch, by=scene.by)
    assert now_of(ada) == ("Branch", OWN, "2100")


def test_the_customer_gives_numbers_of_the_inventory_but_adds_none(cast: Cast) -> None:
    scene, ada, branch = at(cast, cast.open_acme, "customer_full")
    deed = {"subscriber": ada, "target": branch, "number": NEW, "by": scene.by}
    assert refused(scene, lambda: move_subscriber(**deed), MoveRefused).code == "10030000"
    make_number(branch, NEW)
    move_subscriber(**deed)
    assert now_of(ada) == ("Branch", NEW, "2100")


def test_a_location_administrator_moves_within_his_locations_and_touches_no_number(cast: Cast) -> None:
    scene = make_scene(cast.actor("partner_full"), cast.open_acme)
    branch, far = make_location(scene.customer, "Branch"), make_location(scene.customer, "Far")
    lou = make_customer_admin(scene.customer, Role.CUSTOMER_LOCATION)
    assign_locations(lou, scene.headquarters, branch)
    by = actor_for(lou, door="ui")
    ada, bob, cyd = caller(scene), caller(scene, "2101", number=OWN), caller(scene, "2102", location=far)
    for person, target in ((ada, far), (cyd, branch)):
        refused(scene, lambda p=person, t=target: move_subscriber(subscriber=p, target=t, by=by), Forbidden)  # type: ignore[misc]
        deed = {"customer": scene.customer, "subscribers": [person], "target": target, "rules": Rules(), "by": by}
        refused(scene, lambda d=deed: move_subscribers(**d), Forbidden)  # type: ignore[misc]
    error = refused(scene, lambda: move_subscriber(subscriber=bob, target=branch, by=by), MoveRefused)
    assert (error.code, error.field) == ("forbidden", "number")
    move_subscriber(subscriber=ada, target=branch, extension="3100", by=by)
    assert now_of(ada) == ("Branch", "", "3100")


def test_a_customer_on_hold_or_of_a_suspended_partner_moves_nobody(scene: Scene, branch: Location) -> None:
    ada = caller(scene)
    Partner.objects.filter(pk=scene.customer.partner_id).update(state="suspended")
    refused(scene, lambda: move_subscriber(subscriber=ada, target=branch, by=scene.by), CustomerNotReady)


# -- Many ----------------------------------------------------------------------------------------------------------------
def told(outcome: MoveOutcome) -> tuple[list[tuple[str, str, str]], list[tuple[str, str]]]:
    done = [(plan.subscriber.first_name, plan.number_after, plan.extension_after) for plan in outcome.done]
    return done, [(plan.subscriber.first_name, plan.refusals[0].code) for plan in outcome.refused]


def team(scene: Scene, branch: Location) -> list[Subscriber]:
    """Ada has a number, Bob another, Cyd only the extension that is taken at the branch, Dee only meets."""
    make_workspace(branch, extension="2102")
    people = [
        caller(scene, "2100", number=OWN, first_name="Ada", last_name="A"),
        caller(scene, "2101", number=FREE, first_name="Bob", last_name="B"),
        caller(scene, "2102", first_name="Cyd", last_name="C"),
    ]
    dee = make_subscriber(scene.customer, first_name="Dee", last_name="D", location=scene.headquarters)
    return [*reversed(people), dee]


def test_who_can_move_is_moved_in_one_job_and_the_rest_says_why_not(scene: Scene, branch: Location) -> None:
    people = team(scene, branch)
    deed: dict[str, Any] = {"subscribers": people, "target": branch, "rules": Rules(), "by": scene.by}
    expected = ([("Ada", OWN, "2100"), ("Bob", FREE, "2101")], [("Cyd", "4202"), ("Dee", "1026010")])
    before = everything(scene.customer)
    assert told(check_moves(**deed)) == expected
    assert everything(scene.customer) == before
    outcome, job = move_subscribers(customer=scene.customer, **deed)
    assert told(outcome) == expected
    assert job is not None
    assert [step.title for step in job.steps.all()] == ["Location of Ada A", "Location of Bob B"]
    assert [now_of(person)[0] for person in people] == ["Headquarters", "Branch", "Branch", "Headquarters"]
    assert AuditEvent.objects.filter(action="subscriber.moved").count() == 2
    assert broken_invariants() == []


def test_the_next_free_numbers_and_extensions_are_given_one_by_one(scene: Scene, branch: Location) -> None:
    people = team(scene, branch)
    make_number(branch, "+12175550180")
    rules = Rules(numbers=Rule.NEXT, extensions=Rule.NEXT)
    outcome, _ = move_subscribers(customer=scene.customer, subscribers=people, target=branch, rules=rules, by=scene.by)
    assert told(outcome) == (
        [("Ada", "+12175550180", "2100"), ("Cyd", "", "2103")],
        [("Bob", "no_free_number"), ("Dee", "1026010")],
    )
    assert broken_invariants() == []


def test_two_who_bring_the_same_extension_are_told_apart(scene: Scene, branch: Location) -> None:
    far = make_location(scene.customer, "Far")
    people = [caller(scene, first_name="Ada"), caller(scene, first_name="Bob", location=far)]
    for rule, extension in ((Rule.KEEP, "4202"), (Rule.NONE, "1026016")):
        outcome = check_moves(subscribers=people, target=branch, rules=Rules(extensions=rule), by=scene.by)
        assert outcome.refused[-1].refusals[0].code == extension
    outcome = check_moves(subscribers=people, target=branch, rules=Rules(extensions=Rule.NEXT), by=scene.by)
    assert [plan.extension_after for plan in outcome.done] == ["2100", "2101"]


def test_nobody_and_too_many_are_refused(scene: Scene, branch: Location) -> None:
    ada = caller(scene)
    for people in ([], [ada] * 101):
        deed = {"customer": scene.customer, "subscribers": people, "target": branch, "rules": Rules(), "by": scene.by}
        refused(scene, lambda d=deed: move_subscribers(**d), TooManyUsers)  # type: ignore[misc]
    gone = {"customer": scene.customer, "subscribers": [make_subscriber(scene.customer)], "target": branch}
    assert move_subscribers(**gone, rules=Rules(), by=scene.by)[1] is None


def test_a_report_about_many_costs_as_many_queries_as_one_about_few(scene: Scene, branch: Location) -> None:
    counts = []
    for size in (2, 6):
        people = [caller(scene, f"{size}1{n:02d}") for n in range(size)]
        with CaptureQueriesContext(connection) as queries:
            check_moves(subscribers=people, target=branch, rules=Rules(), by=scene.by)
        counts.append(len(queries))
    assert counts == [4, 4]


# -- Webex ---------------------------------------------------------------------------------------------------------------
def in_webex(subscriber: Subscriber) -> list[dict[str, Any]]:
    person_id = str(Subscriber.objects.get(pk=subscriber.pk).person_id)
    rows = SimulatedEffect.objects.filter(operation="move_person").order_by("pk").values_list("payload", flat=True)
    return [
        {name: row[name] for name in ("location", "number", "extension")}
        for row in rows
        if row["person_id"] == person_id
    ]


def test_webex_learns_where_the_user_is_whichever_move_comes_last(scene: Scene, branch: Location) -> None:
    ada = caller(scene, number=OWN, person_id="6a1d7c52-3a52-4b0e-9a51-8f0b7f7a2c12")
    move_subscriber(subscriber=ada, target=branch, by=scene.by)
    move_subscriber(subscriber=ada, target=scene.headquarters, extension="3100", by=scene.by)
    for job in ProvisioningJob.objects.filter(kind="move_subscriber").order_by("-pk"):
        assert run_to_end(job).state == "succeeded"
    there = {"location": str(scene.headquarters.public_id), "number": OWN, "extension": "3100"}
    assert in_webex(ada) == [there, there]


def test_a_refusal_of_webex_shows_at_the_user_and_can_be_retried(cast: Cast) -> None:
    scene = make_scene(cast.actor("partner_full"), cast.acme)
    branch = make_location(scene.customer, "Branch")
    ada = caller(scene, person_id="6a1d7c52-3a52-4b0e-9a51-8f0b7f7a2c13")
    SimulatedFault.objects.create(operation="move_person", kind="refused", message="Webex says no.", remaining=1)
    move_subscriber(subscriber=ada, target=branch, by=scene.by)
    job = run_to_end(ProvisioningJob.objects.get(kind="move_subscriber"))
    ada.refresh_from_db()
    assert (job.state, ada.error) == ("failed", "Webex says no.")
    assert not may_retry(job=job, by=cast.actor("customer_restricted"))
    with pytest.raises(Forbidden):
        retry_job(job=job, by=cast.actor("customer_restricted"))
    retry_job(job=job, by=scene.by)
    ada.refresh_from_db()
    assert (run_to_end(job).state, Subscriber.objects.get(pk=ada.pk).error) == ("succeeded", "")


def test_whoever_lost_the_right_meanwhile_moves_nobody_in_webex(cast: Cast) -> None:
    scene = make_scene(cast.actor("customer_full"), cast.open_acme)
    ada = caller(scene, person_id="6a1d7c52-3a52-4b0e-9a51-8f0b7f7a2c14")
    move_subscriber(subscriber=ada, target=make_location(scene.customer, "Branch"), by=scene.by)
    Customer.objects.filter(pk=scene.customer.pk).update(restricted=True)
    job = run_to_end(ProvisioningJob.objects.get(kind="move_subscriber"))
    assert (job.state, job.error_code, in_webex(ada)) == ("failed", "not_allowed_any_more", [])


# -- At once -------------------------------------------------------------------------------------------------------------
@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_of_many_who_want_one_number_at_the_target_one_gets_it() -> None:
    scene = make_scene(SYSTEM, make_customer(make_partner()))
    branch = make_location(scene.customer, "Branch")
    make_number(branch, NEW)
    people = [caller(scene, f"21{n:02d}") for n in range(6)]
    outcomes = at_once(
        [lambda p=p: move_subscriber(subscriber=p, target=branch, number=NEW, by=SYSTEM) for p in people]  # type: ignore[misc]
    )
    assert outcomes == ["4201"] * 5 + ["ok"]
    assert broken_invariants() == []


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_two_who_swap_locations_and_numbers_never_deadlock() -> None:
    scene = make_scene(SYSTEM, make_customer(make_partner()))
    branch = make_location(scene.customer, "Branch")
    ada, bob = caller(scene, number=OWN), caller(scene, "2101", location=branch, number=FREE)
    for n in range(4):
        here, there = (scene.headquarters, branch) if n % 2 == 0 else (branch, scene.headquarters)
        outcomes = at_once(
            [
                lambda t=there: move_subscriber(subscriber=ada, target=t, by=SYSTEM),  # type: ignore[misc]
                lambda t=here: move_subscriber(subscriber=bob, target=t, by=SYSTEM),  # type: ignore[misc]
            ]
        )
        assert outcomes == ["ok", "ok"]
    assert (now_of(ada), now_of(bob)) == (("Headquarters", OWN, "2100"), ("Branch", FREE, "2101"))
    assert broken_invariants() == []


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_move_and_somebody_who_takes_the_extension_do_not_both_win() -> None:
    scene = make_scene(SYSTEM, make_customer(make_partner()))
    branch = make_location(scene.customer, "Branch")
    for n in range(4):
        ada, bob = caller(scene, f"21{n}0"), caller(scene, f"21{n}1", location=branch)
        outcomes = at_once(
            [
                lambda a=ada: move_subscriber(subscriber=a, target=branch, by=SYSTEM),  # type: ignore[misc]
                lambda b=bob, a=ada: set_extension(subscriber=b, extension=a.extension, by=SYSTEM),  # type: ignore[misc]
            ]
        )
        assert outcomes == [ExtensionRefused("4202").code, "ok"]
    assert broken_invariants() == []
