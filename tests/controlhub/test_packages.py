"""Assigning, changing and removing packages: intervals, seats, what goes with them, and who may not."""

import random
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from billing.services import closing
from controlhub.models import CustomerPackage, PackageAssignment, PhoneNumber, Subscriber
from controlhub.services import packages
from controlhub.services.administrators import make_administrator
from controlhub.services.extensions import ExtensionRefused
from controlhub.services.numbers import NeedsLocation, NeedsNumberOrExtension, NumberInUse
from controlhub.services.readiness import CustomerNotReady
from provisioning.models import ProvisioningJob, ProvisioningStep
from tenancy.actors import SYSTEM
from tenancy.errors import DomainError, Forbidden
from tenancy.models import AuditEvent, Customer
from tests.cast import Cast
from tests.controlhub.races import at_once
from tests.controlhub.scene import Scene, broken_invariants, everything, make_scene, used
from tests.factories import (
    make_assignment,
    make_customer,
    make_location,
    make_number,
    make_package,
    make_partner,
    make_subscriber,
    make_workspace,
)

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def scene(cast: Cast) -> Scene:
    return make_scene(cast.actor("partner_full"), make_customer(cast.north))


def person(scene: Scene, package: str = "", *, start: datetime = NOON, **fields: object) -> Subscriber:
    """A user at the headquarters with an extension, and a package counted as it should be."""
    defaults = {"location": scene.headquarters, "extension": str(2000 + Subscriber.objects.count())}
    subscriber = make_subscriber(scene.customer, **defaults | fields)
    if package:
        packages.assign_package(subscriber=subscriber, package=package, by=SYSTEM, at=start)
    return subscriber


def intervals(subject: Subscriber) -> list[tuple[str, datetime, datetime | None]]:
    return list(subject.assignments.order_by("pk").values_list("package", "started_at", "ended_at"))


def event(scene: Scene) -> AuditEvent:
    return AuditEvent.objects.filter(customer=scene.customer).latest("number")


def refused(deed: Callable[[], object], error: type[DomainError], customer: Customer) -> DomainError:
    """The deed is refused with that error, and nothing has changed."""
    before = everything(customer)
    with pytest.raises(error) as caught:
        deed()
    assert everything(customer) == before
    return caught.value


# -- Assigning ---------------------------------------------------------------------------------------------------------
def test_assigning_opens_an_interval_in_whole_seconds_of_the_databases_clock(scene: Scene) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT date_trunc('second', clock_timestamp())")
        earliest = cursor.fetchone()[0]
    subscriber = person(scene)
    assignment = packages.assign_package(subscriber=subscriber, package="webex_calling", by=scene.by)
    assert earliest <= assignment.started_at <= earliest + timedelta(seconds=5)
    assert assignment.started_at.microsecond == 0
    assert (assignment.partner, assignment.customer, assignment.location, assignment.is_base, assignment.ended_at) == (
        scene.customer.partner,
        scene.customer,
        scene.headquarters,
        True,
        None,
    )
    assert used(scene.customer) == 1
    assert broken_invariants() == []


def test_assigning_is_audited_once_and_told_to_webex(scene: Scene) -> None:
    subscriber = person(scene)
    packages.assign_package(subscriber=subscriber, package="webex_calling", by=scene.by, at=NOON)
    written = event(scene)
    assert (written.action, written.text, written.target_id, written.changes) == (
        "package.assigned",
        f"Webex Calling assigned to {subscriber}",
        str(subscriber.public_id),
        {"package": [None, "webex_calling"], "from": [None, NOON.isoformat()]},
    )
    job = ProvisioningJob.objects.get(customer=scene.customer)
    step = ProvisioningStep.objects.get(job=job)
    assert (job.kind, step.name, step.item) == ("change_package", "change_package", str(subscriber.public_id))


def test_a_fraction_of_a_second_is_cut_off(scene: Scene) -> None:
    at = NOON.replace(microsecond=999_999)
    assert packages.assign_package(subscriber=person(scene), package="webex_suite", by=SYSTEM, at=at).started_at == NOON


def test_a_second_base_package_is_refused(scene: Scene) -> None:
    subscriber = person(scene, "webex_calling")
    error = refused(
        lambda: packages.assign_package(subscriber=subscriber, package="webex_suite", by=scene.by),
        packages.AlreadyAssigned,
        scene.customer,
    )
    assert (error.code, error.field, str(error)) == (
        "already_assigned",
        "package",
        f"{subscriber} has Webex Calling already.",
    )


def test_the_exclusion_constraint_is_named_when_history_overlaps(scene: Scene) -> None:
    subscriber = person(scene)
    make_assignment(subscriber, "webex_suite", start=NOON, end=NOON + timedelta(hours=2))
    refused(
        lambda: packages.assign_package(
            subscriber=subscriber, package="webex_calling", by=SYSTEM, at=NOON + timedelta(hours=1)
        ),
        packages.AlreadyAssigned,
        scene.customer,
    )


def test_the_limit_says_package_limit_used_and_asked(cast: Cast) -> None:
    scene = make_scene(cast.actor("partner_full"), make_customer(cast.north), webex_calling=1)
    person(scene, "webex_calling")
    late = person(scene)
    error = refused(
        lambda: packages.assign_package(subscriber=late, package="webex_calling", by=scene.by),
        packages.LimitReached,
        scene.customer,
    )
    assert (error.package, error.limit, error.used, error.asked, error.field, str(error)) == (
        "webex_calling",
        1,
        1,
        1,
        "package",
        "Webex Calling: limit 1, 1 used, 1 asked for. Your service provider can raise the limit.",
    )


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (None, "Webex Voice is not enabled for this customer. Your service provider can enable it."),
        ("provisioning", "Webex Voice is still being enabled. Try again in a moment."),
        ("error", "Webex Voice could not be enabled. Retry its provisioning first."),
        ("deleting", "Webex Voice is being removed from this customer."),
    ],
)
def test_a_package_that_is_not_active_is_refused(scene: Scene, status: str | None, sentence: str) -> None:
    if status:
        make_package(scene.customer, "webex_voice", status=status)
    subscriber = person(scene)
    error = refused(
        lambda: packages.assign_package(subscriber=subscriber, package="webex_voice", by=scene.by),
        packages.PackageNotEnabled,
        scene.customer,
    )
    assert str(error) == sentence


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        ("provisioning", "{} is still being set up. Try again when it is active."),
        ("pending_rpl_review", "{} is on hold for a compliance review. Nothing can be changed until it ends."),
        ("deleting", "{} is being deleted. Nothing can be changed any more."),
        ("error", "Setting up {} failed. Retry its provisioning first."),
    ],
)
def test_a_customer_that_is_not_ready_is_refused(scene: Scene, status: str, sentence: str) -> None:
    subscriber = person(scene)
    Customer.objects.filter(pk=scene.customer.pk).update(status=status)
    error = refused(
        lambda: packages.assign_package(subscriber=subscriber, package="webex_calling", by=scene.by),
        CustomerNotReady,
        scene.customer,
    )
    assert (error.code, str(error)) == ("customer_not_ready", sentence.format(scene.customer.name))


def test_common_area_calling_is_for_workspaces_and_nothing_else_is(scene: Scene) -> None:
    make_package(scene.customer, "common_area_calling")
    subscriber, workspace = person(scene), make_workspace(scene.headquarters)
    error = refused(
        lambda: packages.assign_package(subscriber=subscriber, package="common_area_calling", by=scene.by),
        packages.WorkspaceOnly,
        scene.customer,
    )
    assert str(error) == "Common Area Calling is for workspaces, not for users."
    refused(
        lambda: packages.assign_package(workspace=workspace, package="webex_calling", by=scene.by),
        packages.UsersOnly,
        scene.customer,
    )
    assignment = packages.assign_package(workspace=workspace, package="common_area_calling", by=scene.by)
    assert (assignment.workspace, assignment.subscriber) == (workspace, None)
    assert used(scene.customer, "common_area_calling") == 1
    packages.remove_package(workspace=workspace, by=scene.by)
    assert used(scene.customer, "common_area_calling") == 0


def test_the_organisations_own_package_is_nobodys(scene: Scene) -> None:
    make_package(scene.customer, "cisco_calling_plan")
    subscriber = person(scene)
    refused(
        lambda: packages.assign_package(subscriber=subscriber, package="cisco_calling_plan", by=scene.by),
        packages.NotAssignable,
        scene.customer,
    )


def test_an_unknown_package_is_refused(scene: Scene) -> None:
    subscriber = person(scene)
    refused(
        lambda: packages.assign_package(subscriber=subscriber, package="golden_phone", by=scene.by),
        packages.UnknownPackage,
        scene.customer,
    )


def test_a_calling_package_needs_a_location_and_a_number_or_an_extension(scene: Scene) -> None:
    nowhere = person(scene, location=None, extension="")
    silent = person(scene, extension="")
    refused(
        lambda: packages.assign_package(subscriber=silent, package="webex_calling", by=scene.by),
        NeedsNumberOrExtension,
        scene.customer,
    )
    make_location(scene.customer, "Branch")
    refused(
        lambda: packages.assign_package(subscriber=nowhere, package="webex_calling", extension="2001", by=scene.by),
        NeedsLocation,
        scene.customer,
    )
    make_number(scene.headquarters, subscriber=silent)
    packages.assign_package(subscriber=silent, package="webex_calling", by=scene.by)
    packages.assign_package(subscriber=nowhere, package="webex_meetings", by=scene.by)


def test_an_add_on_stands_on_a_calling_package(scene: Scene) -> None:
    make_package(scene.customer, "attendant_console")
    subscriber = person(scene, "webex_meetings")
    error = refused(
        lambda: packages.assign_package(subscriber=subscriber, package="attendant_console", by=scene.by),
        packages.NeedsCalling,
        scene.customer,
    )
    assert str(error) == "Attendant Console needs one of: Customer Assist, Webex Calling, Webex Suite, Webex Voice."
    packages.change_package(subscriber=subscriber, package="webex_calling", extension="2999", by=scene.by)
    add_on = packages.assign_package(subscriber=subscriber, package="attendant_console", by=scene.by)
    assert add_on.is_base is False
    refused(
        lambda: packages.assign_package(subscriber=subscriber, package="attendant_console", by=scene.by),
        packages.AlreadyAssigned,
        scene.customer,
    )


# -- Changing ----------------------------------------------------------------------------------------------------------
def test_a_change_ends_the_old_interval_in_the_second_the_new_one_starts(scene: Scene) -> None:
    subscriber = person(scene, "webex_calling", start=NOON)
    later = NOON + timedelta(hours=3, seconds=7)
    packages.change_package(subscriber=subscriber, package="webex_suite", by=scene.by, at=later)
    assert intervals(subscriber) == [("webex_calling", NOON, later), ("webex_suite", later, None)]
    assert (used(scene.customer), used(scene.customer, "webex_suite")) == (0, 1)
    assert (event(scene).action, event(scene).changes) == (
        "package.changed",
        {"package": ["webex_calling", "webex_suite"], "at": [None, later.isoformat()]},
    )
    assert broken_invariants() == []


def test_a_change_in_the_very_second_of_the_start_leaves_an_empty_interval(scene: Scene) -> None:
    subscriber = person(scene, "webex_calling", start=NOON)
    packages.change_package(subscriber=subscriber, package="webex_suite", by=scene.by, at=NOON)
    assert intervals(subscriber) == [("webex_calling", NOON, NOON), ("webex_suite", NOON, None)]


def test_a_change_before_the_start_is_refused(scene: Scene) -> None:
    subscriber = person(scene, "webex_calling", start=NOON)
    error = refused(
        lambda: packages.change_package(
            subscriber=subscriber, package="webex_suite", by=scene.by, at=NOON - timedelta(seconds=1)
        ),
        DomainError,
        scene.customer,
    )
    assert error.code == "interval_too_early"


def test_leaving_calling_gives_number_and_extension_back(scene: Scene) -> None:
    subscriber = person(scene, "webex_calling", extension="2100")
    number = make_number(scene.headquarters, "+12175550142", subscriber=subscriber)
    packages.change_package(subscriber=subscriber, package="webex_meetings", by=scene.by)
    subscriber.refresh_from_db()
    number.refresh_from_db()
    assert (subscriber.extension, number.subscriber) == ("", None)
    assert event(scene).changes["number"] == ["+12175550142", None]
    assert event(scene).changes["extension"] == ["2100", ""]


def test_starting_to_call_takes_location_number_and_extension(scene: Scene) -> None:
    subscriber = person(scene, "webex_meetings", location=None, extension="")
    branch = make_location(scene.customer, "Branch")
    make_number(branch, "+12175550143")
    packages.change_package(
        subscriber=subscriber,
        package="webex_suite",
        number="(217) 555-0143",
        extension="2143",
        location=branch,
        by=scene.by,
    )
    subscriber.refresh_from_db()
    assert (subscriber.location, subscriber.extension, subscriber.number.e164) == (branch, "2143", "+12175550143")
    assert subscriber.assignments.get(ended_at=None).location == branch


def test_starting_to_call_takes_the_only_location_by_itself(scene: Scene) -> None:
    subscriber = person(scene, "webex_meetings", location=None, extension="")
    packages.change_package(subscriber=subscriber, package="webex_calling", extension="2144", by=scene.by)
    subscriber.refresh_from_db()
    assert (subscriber.location, subscriber.extension) == (scene.headquarters, "2144")


def test_calling_data_is_ignored_when_the_user_calls_already(scene: Scene) -> None:
    subscriber = person(scene, "webex_calling", extension="2100")
    packages.change_package(subscriber=subscriber, package="webex_suite", number="junk", extension="1", by=scene.by)
    subscriber.refresh_from_db()
    assert (subscriber.extension, PhoneNumber.objects.count()) == ("2100", 0)


def test_starting_to_call_is_refused_as_a_whole(scene: Scene) -> None:
    person(scene, "webex_calling", extension="2145")
    taken = make_number(scene.headquarters, "+12175550145", subscriber=person(scene, "webex_calling"))
    subscriber = person(scene, "webex_meetings", location=None, extension="")

    def change(**data: str) -> Callable[[], object]:
        return lambda: packages.change_package(subscriber=subscriber, package="webex_calling", by=scene.by, **data)

    refused(change(), NeedsNumberOrExtension, scene.customer)
    assert refused(change(extension="2145"), ExtensionRefused, scene.customer).code == "4202"
    assert refused(change(number=taken.e164), NumberInUse, scene.customer).code == "4201"


def test_an_add_on_ends_with_the_package_it_stood_on(scene: Scene) -> None:
    make_package(scene.customer, "attendant_console")
    subscriber = person(scene, "webex_calling", start=NOON)
    packages.assign_package(subscriber=subscriber, package="attendant_console", by=scene.by, at=NOON)
    later = NOON + timedelta(days=1)
    packages.change_package(subscriber=subscriber, package="webex_suite", by=scene.by, at=later)
    assert ("attendant_console", NOON, None) in intervals(subscriber)
    packages.change_package(subscriber=subscriber, package="webex_meetings", by=scene.by, at=later)
    assert ("attendant_console", NOON, later) in intervals(subscriber)
    assert (used(scene.customer, "attendant_console"), broken_invariants()) == (0, [])


def test_a_change_to_a_full_package_changes_nothing(cast: Cast) -> None:
    scene = make_scene(cast.actor("partner_full"), make_customer(cast.north), webex_suite=0)
    subscriber = person(scene, "webex_calling")
    error = refused(
        lambda: packages.change_package(subscriber=subscriber, package="webex_suite", by=scene.by),
        packages.LimitReached,
        scene.customer,
    )
    assert (error.package, error.limit, error.used, error.asked) == ("webex_suite", 0, 0, 1)


def test_the_same_package_and_no_package_are_refused(scene: Scene) -> None:
    subscriber, bare = person(scene, "webex_calling"), person(scene)
    refused(
        lambda: packages.change_package(subscriber=subscriber, package="webex_calling", by=scene.by),
        packages.AlreadyAssigned,
        scene.customer,
    )
    refused(
        lambda: packages.change_package(subscriber=bare, package="webex_calling", by=scene.by),
        packages.NoPackage,
        scene.customer,
    )


def test_the_administrator_never_goes_below_the_first_package(scene: Scene) -> None:
    subscriber = person(scene, "webex_calling")
    make_administrator(subscriber)
    error = refused(
        lambda: packages.change_package(subscriber=subscriber, package="webex_meetings", by=scene.by),
        packages.AdministratorDowngrade,
        scene.customer,
    )
    assert str(error) == f"{subscriber} administers this organization and must keep at least Webex Calling."
    refused(
        lambda: packages.remove_package(subscriber=subscriber, by=scene.by),
        packages.AdministratorDowngrade,
        scene.customer,
    )
    packages.change_package(subscriber=subscriber, package="webex_suite", by=scene.by)
    packages.change_package(subscriber=subscriber, package="webex_calling", by=scene.by)


# -- Removing ----------------------------------------------------------------------------------------------------------
def test_removing_ends_everything_and_gives_everything_back(scene: Scene) -> None:
    make_package(scene.customer, "attendant_console")
    subscriber = person(scene, "webex_calling", start=NOON, extension="2100")
    packages.assign_package(subscriber=subscriber, package="attendant_console", by=scene.by, at=NOON)
    number = make_number(scene.headquarters, subscriber=subscriber)
    later = NOON + timedelta(minutes=1)
    packages.remove_package(subscriber=subscriber, by=scene.by, at=later)
    assert intervals(subscriber) == [("webex_calling", NOON, later), ("attendant_console", NOON, later)]
    subscriber.refresh_from_db()
    number.refresh_from_db()
    assert (subscriber.extension, number.subscriber, used(scene.customer)) == ("", None, 0)
    assert (event(scene).action, event(scene).text) == (
        "package.removed",
        f"Webex Calling, Attendant Console removed from {subscriber}",
    )
    refused(lambda: packages.remove_package(subscriber=subscriber, by=scene.by), packages.NoPackage, scene.customer)


def test_just_the_add_on_can_be_removed(scene: Scene) -> None:
    make_package(scene.customer, "attendant_console")
    subscriber = person(scene, "webex_calling", extension="2100")
    packages.assign_package(subscriber=subscriber, package="attendant_console", by=scene.by)
    packages.remove_package(subscriber=subscriber, package="attendant_console", by=scene.by)
    subscriber.refresh_from_db()
    assert (subscriber.extension, [row.package for row in subscriber.assignments.filter(ended_at=None)]) == (
        "2100",
        ["webex_calling"],
    )


def test_nothing_starts_or_ends_in_a_day_that_is_closed(scene: Scene) -> None:
    subscriber, bare = person(scene, "webex_calling", start=NOON), person(scene)
    closing.close_partner(partner=scene.customer.partner, until=NOON.date())
    late = NOON + timedelta(hours=1)
    for deed in (
        lambda: packages.assign_package(subscriber=bare, package="webex_suite", by=scene.by, at=late),
        lambda: packages.change_package(subscriber=subscriber, package="webex_suite", by=scene.by, at=late),
        lambda: packages.remove_package(subscriber=subscriber, by=scene.by, at=late),
    ):
        assert refused(deed, DomainError, scene.customer).code == "day_closed"
    packages.remove_package(subscriber=subscriber, by=scene.by, at=NOON + timedelta(days=1))


# -- All together ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("seed", range(4))
def test_any_sequence_of_deeds_keeps_seats_and_intervals_right(cast: Cast, seed: int) -> None:
    """A random walk beside a model that is a plain list: seconds and seats agree to the last one."""
    scene = make_scene(cast.actor("partner_full"), make_customer(cast.north), webex_calling=2, webex_suite=2)
    dice = random.Random(seed)
    people = [person(scene) for _ in range(3)]
    codes = ["webex_calling", "webex_suite", "webex_meetings"]
    model: list[list[object]] = []
    at = NOON
    for _ in range(25):
        at += timedelta(seconds=dice.choice([0, 1, 3600, 86_399]))
        subscriber, code = dice.choice(people), dice.choice(codes)
        held = next((row for row in model if row[0] == subscriber.pk and row[3] is None), None)
        seats = sum(row[1] == code and row[3] is None for row in model)
        possible = code == "webex_meetings" or seats < 2
        data = {"extension": str(2000 + people.index(subscriber)), "by": scene.by, "at": at}
        if held and dice.random() < 0.3:
            packages.remove_package(subscriber=subscriber, by=scene.by, at=at)
            held[3] = at
        elif not possible or (held and held[1] == code):
            deed = packages.change_package if held else packages.assign_package
            with pytest.raises((packages.LimitReached, packages.AlreadyAssigned)):
                deed(subscriber=subscriber, package=code, **data)  # type: ignore[operator]
        else:
            deed = packages.change_package if held else packages.assign_package
            deed(subscriber=subscriber, package=code, **data)  # type: ignore[operator]
            if held:
                held[3] = at
            model.append([subscriber.pk, code, at, None])
    rows = PackageAssignment.objects.order_by("pk").values_list("subscriber", "package", "started_at", "ended_at")
    assert [list(row) for row in rows] == model
    assert {code: used(scene.customer, code) for code in codes} == {
        code: sum(row[1] == code and row[3] is None for row in model) for code in codes
    }
    assert broken_invariants() == []


# -- Who may -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("who", ["customer_restricted", "customer_readonly", "partner_admin", "other_partner_full"])
def test_packages_are_refused_to_whom_they_are_not_entrusted(cast: Cast, who: str) -> None:
    scene = make_scene(cast.actor(who), cast.acme)
    subscriber, bare = person(scene, "webex_calling"), person(scene)
    refused(
        lambda: packages.change_package(subscriber=subscriber, package="webex_suite", by=scene.by),
        Forbidden,
        scene.customer,
    )
    refused(lambda: packages.remove_package(subscriber=subscriber, by=scene.by), Forbidden, scene.customer)
    refused(
        lambda: packages.assign_package(subscriber=bare, package="webex_calling", by=scene.by),
        Forbidden,
        scene.customer,
    )


def test_a_customer_admin_may_while_restricted_mode_is_off(cast: Cast) -> None:
    scene = make_scene(cast.actor("customer_full"), cast.open_acme)
    subscriber = person(scene, "webex_calling")
    packages.change_package(subscriber=subscriber, package="webex_suite", by=scene.by)
    assert used(scene.customer, "webex_suite") == 1


# -- What the customer may have at all ---------------------------------------------------------------------------------
def test_enabling_a_package_waits_for_webex_and_has_a_limit(scene: Scene) -> None:
    row = packages.enable_package(customer=scene.customer, package="webex_voice", limit=5, by=scene.by)
    assert (row.limit, row.used, row.status) == (5, 0, CustomerPackage.Status.PROVISIONING)
    job = ProvisioningJob.objects.get(customer=scene.customer)
    assert (job.kind, [step.item for step in job.steps.all()]) == ("enable_package", ["webex_voice"])
    error = refused(
        lambda: packages.enable_package(customer=scene.customer, package="webex_voice", by=scene.by),
        DomainError,
        scene.customer,
    )
    assert error.code == "already_enabled"


def test_a_limit_never_goes_below_what_is_used(scene: Scene) -> None:
    person(scene, "webex_calling")
    person(scene, "webex_calling")
    error = refused(
        lambda: packages.set_limit(customer=scene.customer, package="webex_calling", limit=1, by=scene.by),
        packages.LimitBelowUsed,
        scene.customer,
    )
    assert str(error) == "Webex Calling: 2 are in use, so the limit cannot be lower."
    assert packages.set_limit(customer=scene.customer, package="webex_calling", limit=2, by=scene.by).limit == 2
    assert event(scene).changes == {"limit": [None, 2]}
    assert packages.set_limit(customer=scene.customer, package="webex_calling", limit=None, by=scene.by).limit is None


def test_a_package_in_use_cannot_be_disabled(scene: Scene) -> None:
    person(scene, "webex_calling")
    error = refused(
        lambda: packages.disable_package(customer=scene.customer, package="webex_calling", by=scene.by),
        packages.PackageInUse,
        scene.customer,
    )
    assert str(error) == "1 user or workspace has Webex Calling. Remove or change it there first."


def test_limits_belong_to_the_partner(cast: Cast) -> None:
    scene = make_scene(cast.actor("customer_full"), cast.open_acme)
    refused(
        lambda: packages.set_limit(customer=scene.customer, package="webex_calling", limit=99, by=scene.by),
        Forbidden,
        scene.customer,
    )


# -- Races -------------------------------------------------------------------------------------------------------------
@pytest.fixture
def race(transactional_db: None) -> Scene:
    return make_scene(SYSTEM, make_customer(make_partner()), webex_calling=10)


@pytest.mark.slow
def test_forty_at_once_never_pass_a_limit_of_ten(race: Scene) -> None:
    people = [make_subscriber(race.customer, location=race.headquarters, extension=str(3000 + n)) for n in range(40)]

    def assign(subscriber: Subscriber) -> Callable[[], object]:
        return lambda: packages.assign_package(subscriber=subscriber, package="webex_calling", by=SYSTEM)

    outcomes = at_once([assign(subscriber) for subscriber in people])
    assert (outcomes.count("ok"), outcomes.count("limit_reached")) == (10, 30)
    assert (used(race.customer), PackageAssignment.objects.filter(ended_at=None).count()) == (10, 10)
    assert broken_invariants() == []


@pytest.mark.slow
def test_the_race_is_real_a_naive_check_passes_the_limit(race: Scene) -> None:
    """Positive control: look first, then insert. If this stays within ten, the test above proves nothing."""
    people = [make_subscriber(race.customer, location=race.headquarters, extension=str(3000 + n)) for n in range(40)]
    looked = threading.Barrier(40)

    def naive(subscriber: Subscriber) -> Callable[[], object]:
        def deed() -> None:
            room = PackageAssignment.objects.filter(customer=race.customer, ended_at=None).count() < 10
            looked.wait()
            if room:
                make_assignment(subscriber, "webex_calling")

        return deed

    at_once([naive(subscriber) for subscriber in people])
    assert PackageAssignment.objects.filter(ended_at=None).count() > 10
    assert [name for name, _ in broken_invariants()] == ["I10"]


@pytest.mark.slow
def test_changes_in_opposite_directions_wait_for_each_other(race: Scene) -> None:
    people = [make_subscriber(race.customer, location=race.headquarters, extension=str(3000 + n)) for n in range(8)]
    for n, subscriber in enumerate(people):
        packages.assign_package(subscriber=subscriber, package=["webex_calling", "webex_suite"][n % 2], by=SYSTEM)

    def swap(n: int, subscriber: Subscriber) -> Callable[[], object]:
        target = ["webex_suite", "webex_calling"][n % 2]
        return lambda: packages.change_package(subscriber=subscriber, package=target, by=SYSTEM)

    assert at_once([swap(n, subscriber) for n, subscriber in enumerate(people)]) == ["ok"] * 8
    assert (used(race.customer), used(race.customer, "webex_suite"), broken_invariants()) == (4, 4, [])


@pytest.mark.slow
def test_the_same_change_twice_at_once_happens_once(race: Scene) -> None:
    subscriber = make_subscriber(race.customer, location=race.headquarters, extension="3000")
    packages.assign_package(subscriber=subscriber, package="webex_calling", by=SYSTEM)
    copies = [Subscriber.objects.get(pk=subscriber.pk) for _ in range(6)]

    def change(copy: Subscriber) -> Callable[[], object]:
        return lambda: packages.change_package(subscriber=copy, package="webex_suite", by=SYSTEM)

    assert at_once([change(copy) for copy in copies]) == ["already_assigned"] * 5 + ["ok"]
    assert (subscriber.assignments.count(), broken_invariants()) == (2, [])
