"""Phone numbers: how they are read, that they exist once, and who may add or assign them."""

from collections.abc import Callable

import pytest

from controlhub.models import Location, PhoneNumber, Subscriber
from controlhub.services import number_lists, numbers
from controlhub.services.extensions import ExtensionRefused, check_extension, free_extensions
from controlhub.services.subscribers import set_extension, set_primary_number
from provisioning.models import ProvisioningJob
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
)


@pytest.fixture
def scene(cast: Cast) -> Scene:
    return make_scene(cast.actor("partner_full"), make_customer(cast.north))


def caller(scene: Scene, extension: str = "2100") -> Subscriber:
    """A user with a calling package and an extension."""
    subscriber = make_subscriber(scene.customer, location=scene.headquarters, extension=extension)
    make_assignment(subscriber, "webex_calling")
    scene.customer.packages.filter(package="webex_calling").update(
        used=scene.customer.assignments.filter(package="webex_calling").count()
    )
    return subscriber


def refused(deed: Callable[[], object], error: type[DomainError], scene: Scene) -> DomainError:
    before = everything(scene.customer)
    with pytest.raises(error) as caught:
        deed()
    assert everything(scene.customer) == before
    return caught.value


# -- Reading -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "country", "e164"),
    [
        ("+12175550100", "US", "+12175550100"),
        ("(217) 555-0100", "US", "+12175550100"),
        ("217.555.0100", "US", "+12175550100"),
        ("020 7946 0123", "GB", "+442079460123"),
        ("+49 30 23125 012", "US", "+493023125012"),
    ],
)
def test_a_number_is_read_as_people_of_the_country_write_it(text: str, country: str, e164: str) -> None:
    assert number_lists.normalise(text, country=country) == e164


@pytest.mark.parametrize(
    "text", ["", "hello", "12", "+1217555010000000000", "+12175550100 ext 5", "1-800-FLOWERS", "+"]
)
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(number_lists.NumberInvalid) as caught:
        number_lists.normalise(text, country="US")
    assert caught.value.code == "4410"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("+12175550108-0110", ["+12175550108", "+12175550109", "+12175550110"]),
        ("+12175550108-10", ["+12175550108", "+12175550109", "+12175550110"]),
        ("+12175550108 - +12175550109", ["+12175550108", "+12175550109"]),
        ("217-555-0108 to 0109", ["+12175550108", "+12175550109"]),
        ("217 555 0108 .. 0109", ["+12175550108", "+12175550109"]),
        ("217-555-0108", ["+12175550108"]),
    ],
)
def test_a_range_is_every_number_of_it(text: str, found: list[str]) -> None:
    assert number_lists.expand(text, country="US") == found


@pytest.mark.parametrize(
    "text", ["+12175550109-0100", "+12175550100-99999999", "+1217555010-+1+2", "+12175550100-" + "9" * 5000]
)
def test_a_range_that_runs_wild_is_refused(text: str) -> None:
    with pytest.raises(number_lists.NumberInvalid):
        number_lists.expand(text, country="US")


def test_every_bad_line_of_a_list_is_reported() -> None:
    with pytest.raises(number_lists.NumberErrors) as caught:
        number_lists.parse_numbers("+12175550100\nbanana, 217 555 0101\n\n(217) 555-0100", country="US")
    assert caught.value.errors == [
        number_lists.LineError(2, "banana", "4410", number_lists.NumberInvalid.message),
        number_lists.LineError(4, "(217) 555-0100", "duplicate_in_list", "+12175550100 is in line 1 already."),
    ]


# -- The inventory -----------------------------------------------------------------------------------------------------
def test_a_pasted_list_goes_into_the_inventory(scene: Scene) -> None:
    made = numbers.add_numbers(location=scene.headquarters, numbers="217 555 0101\n+12175550108-0109", by=scene.by)
    assert [number.e164 for number in made] == ["+12175550101", "+12175550108", "+12175550109"]
    assert {(n.customer, n.location, n.state) for n in made} == {(scene.customer, scene.headquarters, "ACTIVE")}
    event = AuditEvent.objects.get(customer=scene.customer)
    assert (event.action, event.text) == ("number.added", "3 numbers added to Headquarters")
    assert event.changes == {"numbers": [None, ["+12175550101", "+12175550108", "+12175550109"]]}


def test_a_number_exists_once_in_the_whole_portal(scene: Scene) -> None:
    stranger = make_location(make_customer(make_partner()))
    make_number(stranger, "+12175550102")
    error = refused(
        lambda: numbers.add_numbers(
            location=scene.headquarters, numbers="+12175550101\n+12175550100-0103", by=scene.by
        ),
        number_lists.NumberErrors,
        scene,
    )
    assert error.errors == [  # type: ignore[attr-defined]
        number_lists.LineError(2, "+12175550100-0103", "duplicate_in_list", "+12175550101 is in line 1 already."),
    ]
    assert refused(
        lambda: numbers.add_numbers(location=scene.headquarters, numbers="+12175550102", by=scene.by),
        number_lists.NumberErrors,
        scene,
    ).errors == [number_lists.LineError(1, "+12175550102", "4201", "+12175550102 is in use elsewhere already.")]  # type: ignore[attr-defined]


def test_numbers_that_are_there_already_are_left_out(scene: Scene) -> None:
    make_number(scene.headquarters, "+12175550108")
    made = numbers.add_numbers(location=scene.headquarters, numbers="+12175550107-0109", by=scene.by)
    assert [number.e164 for number in made] == ["+12175550107", "+12175550109"]
    jobs, events = ProvisioningJob.objects.count(), AuditEvent.objects.count()
    assert numbers.add_numbers(location=scene.headquarters, numbers="+12175550107-0109", by=scene.by) == []
    assert (ProvisioningJob.objects.count(), AuditEvent.objects.count()) == (jobs, events)


def test_a_list_is_checked_as_people_of_the_country_write_it(scene: Scene) -> None:
    make_number(scene.headquarters, "+12175550108")
    make_number(make_location(make_customer(make_partner())), "+12175550102")
    text = "(217) 555-0101\n217 555 0107 to 0109\nbanana; 2175550101, 217 555 0102\n+12175550108"
    found = numbers.check_numbers(location=scene.headquarters, numbers=text)
    assert [(row.entry.line, str(row.validity), row.new, row.message) for row in found] == [
        (1, "Available", ("+12175550101",), ""),
        (2, "Available", ("+12175550107", "+12175550109"), "+12175550108 at this location already."),
        (3, "Invalid", (), number_lists.NumberInvalid.message),
        (3, "Duplicate in list", (), "+12175550101 is in line 1 already."),
        (3, "Unavailable", (), "+12175550102 is in use elsewhere already."),
        (4, "Duplicate in list", (), "+12175550108 is in line 2 already."),
    ]


@pytest.mark.parametrize("pstn", ["INTEGRATED_CCP", "CISCO_PSTN"])
def test_numbers_of_a_carrier_are_the_carriers(scene: Scene, pstn: str) -> None:
    Location.objects.filter(pk=scene.headquarters.pk).update(pstn=pstn, pstn_provider="Northern Carrier")
    scene.headquarters.refresh_from_db()
    error = refused(
        lambda: numbers.add_numbers(location=scene.headquarters, numbers="+12175550101", by=scene.by),
        numbers.CarrierManagesNumbers,
        scene,
    )
    assert str(error) == "Numbers of Headquarters come from Northern Carrier. They cannot be added here."


@pytest.mark.parametrize("who", ["customer_full", "partner_readonly", "other_partner_full"])
def test_only_the_partner_adds_numbers(cast: Cast, who: str) -> None:
    scene = make_scene(cast.actor(who), cast.open_acme)
    refused(
        lambda: numbers.add_numbers(location=scene.headquarters, numbers="+12175550101", by=scene.by), Forbidden, scene
    )


# -- Whose number ------------------------------------------------------------------------------------------------------
def test_a_new_number_replaces_the_one_before(scene: Scene) -> None:
    subscriber = caller(scene)
    old = make_number(scene.headquarters, "+12175550101", subscriber=subscriber)
    new = make_number(scene.headquarters, "+12175550102")
    set_primary_number(subscriber=subscriber, number="217-555-0102", by=scene.by)
    old.refresh_from_db()
    new.refresh_from_db()
    assert (old.subscriber, new.subscriber) == (None, subscriber)
    event = AuditEvent.objects.get(customer=scene.customer, action="number.assigned")
    assert event.changes == {"number": ["+12175550101", "+12175550102"]}
    assert broken_invariants() == []


def test_a_number_of_somebody_else_or_elsewhere_is_refused(scene: Scene) -> None:
    subscriber, other = caller(scene), caller(scene, "2101")
    make_number(scene.headquarters, "+12175550101", subscriber=other)
    make_number(make_location(scene.customer, "Branch"), "+12175550102")
    make_number(make_location(make_customer(make_partner())), "+12175550103")

    def give(number: str) -> Callable[[], object]:
        return lambda: set_primary_number(subscriber=subscriber, number=number, by=scene.by)

    assert refused(give("+12175550101"), numbers.NumberInUse, scene).code == "4201"
    refused(give("+12175550102"), numbers.NumberElsewhere, scene)
    assert refused(give("+12175550103"), numbers.NumberInUse, scene).code == "4201"


def test_the_main_number_of_a_location_is_not_for_a_user(scene: Scene) -> None:
    main = make_number(scene.headquarters, "+12175550101")
    Location.objects.filter(pk=scene.headquarters.pk).update(main_number=main)
    subscriber = caller(scene)
    refused(lambda: numbers.assign_number(number=main, subscriber=subscriber, by=scene.by), numbers.NumberInUse, scene)


def test_number_or_extension_must_remain(scene: Scene) -> None:
    subscriber = caller(scene)
    number = make_number(scene.headquarters, subscriber=subscriber)
    set_extension(subscriber=subscriber, extension="", by=scene.by)
    refused(lambda: numbers.release_number(number=number, by=scene.by), numbers.NeedsNumberOrExtension, scene)
    set_extension(subscriber=subscriber, extension="2105", by=scene.by)
    set_primary_number(subscriber=subscriber, number="", by=scene.by)
    number.refresh_from_db()
    assert number.subscriber is None
    refused(
        lambda: set_extension(subscriber=subscriber, extension="", by=scene.by), numbers.NeedsNumberOrExtension, scene
    )


def test_a_user_without_calling_gets_no_number(scene: Scene) -> None:
    subscriber = make_subscriber(scene.customer, location=scene.headquarters)
    make_number(scene.headquarters, "+12175550101")
    for deed in (
        lambda: set_primary_number(subscriber=subscriber, number="+12175550101", by=scene.by),
        lambda: set_extension(subscriber=subscriber, extension="2100", by=scene.by),
    ):
        assert refused(deed, DomainError, scene).code == "needs_calling"


def test_the_primary_number_is_the_partners_while_restricted_but_the_extension_is_not(cast: Cast) -> None:
    scene = make_scene(cast.actor("customer_restricted"), cast.acme)
    subscriber = caller(scene)
    make_number(scene.headquarters, "+12175550101")
    refused(lambda: set_primary_number(subscriber=subscriber, number="+12175550101", by=scene.by), Forbidden, scene)
    set_extension(subscriber=subscriber, extension="2199", by=scene.by)
    assert Subscriber.objects.get(pk=subscriber.pk).extension == "2199"


# -- Extensions --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("extension", "country", "code"),
    [
        ("1", "US", "4909"),
        ("1234567", "US", "4909"),
        ("12a4", "US", "4910"),
        ("١٢٣٤", "US", "4910"),
        ("911", "US", "4911"),
        ("933", "US", "4911"),
        ("1911", "DE", "4911"),
        ("112", "DE", "4911"),
        ("999", "GB", "4911"),
    ],
)
def test_an_extension_has_two_to_six_digits_and_is_no_emergency_number(extension: str, country: str, code: str) -> None:
    with pytest.raises(ExtensionRefused) as caught:
        check_extension(extension, country=country)
    assert caught.value.code == code


def test_an_extension_is_used_once_per_location(scene: Scene) -> None:
    caller(scene, "2101")
    subscriber = caller(scene, "2102")
    error = refused(
        lambda: set_extension(subscriber=subscriber, extension="2101", by=scene.by), ExtensionRefused, scene
    )
    assert (error.code, error.field) == ("4202", "extension")


def test_free_extensions_follow_the_highest_and_leave_emergencies_out() -> None:
    assert free_extensions(taken={"1909", "22"}, country="US", count=3) == ["1910", "1912", "1913"]
    assert free_extensions(taken=set(), country="US", count=2) == ["1000", "1001"]
    assert free_extensions(taken={"9999"}, country="US", count=1) == ["1000"]


# -- Races -------------------------------------------------------------------------------------------------------------
@pytest.mark.slow
def test_of_twenty_who_want_one_number_exactly_one_gets_it(transactional_db: None) -> None:
    scene = make_scene(SYSTEM, make_customer(make_partner()))
    number = make_number(scene.headquarters, "+12175550101")
    people = [caller(scene, str(3000 + n)) for n in range(20)]

    def want(subscriber: Subscriber) -> Callable[[], object]:
        mine = PhoneNumber.objects.get(pk=number.pk)
        return lambda: numbers.assign_number(number=mine, subscriber=subscriber, by=SYSTEM)

    assert at_once([want(subscriber) for subscriber in people]) == ["4201"] * 19 + ["ok"]
    assert (PhoneNumber.objects.filter(subscriber__in=people).count(), broken_invariants()) == (1, [])


@pytest.mark.slow
def test_two_lists_that_overlap_wait_for_each_other(transactional_db: None) -> None:
    scenes = [make_scene(SYSTEM, make_customer(make_partner())) for _ in range(4)]

    def add(scene: Scene, text: str) -> Callable[[], object]:
        return lambda: numbers.add_numbers(location=scene.headquarters, numbers=text, by=SYSTEM)

    lists = ["+12175550100-0140", "\n".join(f"+121755501{n:02d}" for n in range(40, -1, -1))] * 2
    outcomes = at_once([add(scene, text) for scene, text in zip(scenes, lists, strict=True)])
    assert (outcomes.count("ok"), PhoneNumber.objects.count()) == (1, 41)
    assert set(outcomes) <= {"ok", "4201", "number_errors"}
