"""Sites: the rules of their addresses, who may change what, and when an address counts as confirmed."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from controlhub.models import Location
from controlhub.services import locations
from controlhub.services.locations import LocationFacts
from provisioning.models import ProvisioningJob
from tenancy.actors import SYSTEM
from tenancy.errors import DomainError, Forbidden
from tenancy.models import AuditEvent
from tests.cast import Cast
from tests.controlhub.races import at_once
from tests.controlhub.scene import Scene, everything, make_scene
from tests.factories import make_customer, make_number, make_partner

BRANCH = LocationFacts(
    name="Branch",
    address_line1="2 Side Street",
    city="Peoria",
    state="il",
    postal_code="61602",
    country="US",
    time_zone="America/Chicago",
    language="en_US",
)


@pytest.fixture
def scene(cast: Cast) -> Scene:
    return make_scene(cast.actor("partner_full"), make_customer(cast.north))


def refused(deed: Callable[[], object], error: type[DomainError], scene: Scene) -> DomainError:
    before = everything(scene.customer)
    with pytest.raises(error) as caught:
        deed()
    assert everything(scene.customer) == before
    return caught.value


def facts_of(location: Location) -> LocationFacts:
    names = set(LocationFacts.__dataclass_fields__) - {"calling"}
    return LocationFacts(**{name: getattr(location, name) for name in names})


def test_a_branch_is_stored_tidy_confirmed_and_told_to_webex(scene: Scene) -> None:
    branch = locations.create_location(customer=scene.customer, facts=BRANCH, by=scene.by)
    branch.refresh_from_db()
    assert (branch.name, branch.state, branch.language, branch.is_headquarters) == ("Branch", "IL", "en_us", False)
    assert (branch.confirmed_at is not None, branch.provisioned_at) == (True, None)
    job = ProvisioningJob.objects.get(customer=scene.customer)
    assert [(step.name, step.item) for step in job.steps.all()] == [("create_location", str(branch.public_id))]
    event = AuditEvent.objects.get(customer=scene.customer)
    assert (event.action, event.changes["city"]) == ("location.created", [None, "Peoria"])


def test_the_first_location_is_the_headquarters(cast: Cast) -> None:
    customer = make_customer(cast.north)
    first = locations.create_location(customer=customer, facts=BRANCH, by=cast.actor("partner_full"))
    assert first.is_headquarters is True


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "N" * 81}, "name"),
        ({"name": "Bran\x00ch"}, "name"),
        ({"address_line2": "\ud800"}, "address_line2"),
        ({"address_line1": ""}, "address_line1"),
        ({"address_line1": "S" * 51}, "address_line1"),
        ({"city": ""}, "city"),
        ({"state": ""}, "state"),
        ({"postal_code": "ABC"}, "postal_code"),
        ({"country": "XX"}, "country"),
        ({"time_zone": "Mars/Base"}, "time_zone"),
        ({"language": "tlh"}, "language"),
        ({"pstn": "PIGEON"}, "pstn"),
        ({"pstn": "NON_INTEGRATED_CCP", "pstn_provider": "Atlantic Voice"}, "pstn_provider"),
    ],
)
def test_a_wrong_field_is_named(scene: Scene, change: dict[str, str], field: str) -> None:
    wrong = replace(BRANCH, **change)
    error = refused(
        lambda: locations.create_location(customer=scene.customer, facts=wrong, by=scene.by),
        locations.LocationErrors,
        scene,
    )
    assert list(error.errors) == [field]  # type: ignore[attr-defined]


def test_a_name_is_used_once_per_customer(scene: Scene) -> None:
    twin = replace(BRANCH, name="headQUARTERS")
    error = refused(
        lambda: locations.create_location(customer=scene.customer, facts=twin, by=scene.by),
        locations.LocationNameTaken,
        scene,
    )
    assert (error.field, str(error)) == ("name", "There is a location called headQUARTERS already.")


def test_another_address_must_be_confirmed_again(scene: Scene) -> None:
    facts = replace(facts_of(scene.headquarters), address_line1="9 New Road")
    locations.edit_location(location=scene.headquarters, facts=facts, by=scene.by)
    scene.headquarters.refresh_from_db()
    assert scene.headquarters.confirmed_at is None
    event = AuditEvent.objects.get(customer=scene.customer)
    assert event.changes == {"address_line1": ["1 Main Street", "9 New Road"]}
    locations.confirm_location(location=scene.headquarters, by=scene.by)
    locations.confirm_location(location=scene.headquarters, by=scene.by)
    assert scene.headquarters.confirmed_at is not None
    assert AuditEvent.objects.filter(action="location.confirmed").count() == 1


def test_another_name_leaves_the_confirmation(scene: Scene) -> None:
    facts = replace(facts_of(scene.headquarters), name="Main office")
    locations.edit_location(location=scene.headquarters, facts=facts, by=scene.by)
    scene.headquarters.refresh_from_db()
    assert (scene.headquarters.name, scene.headquarters.confirmed_at is None) == ("Main office", False)


def test_an_old_connection_without_a_provider_does_not_keep_the_address_from_being_corrected(scene: Scene) -> None:
    Location.objects.filter(pk=scene.headquarters.pk).update(pstn="NON_INTEGRATED_CCP")
    scene.headquarters.refresh_from_db()
    facts = replace(facts_of(scene.headquarters), city="Peoria")
    locations.edit_location(location=scene.headquarters, facts=facts, by=scene.by)
    scene.headquarters.refresh_from_db()
    assert (scene.headquarters.city, scene.headquarters.pstn) == ("Peoria", "NON_INTEGRATED_CCP")


def test_the_country_stays_while_there_are_numbers(scene: Scene) -> None:
    make_number(scene.headquarters)
    facts = replace(facts_of(scene.headquarters), country="DE", state="", postal_code="10115", city="Berlin")
    error = refused(
        lambda: locations.edit_location(location=scene.headquarters, facts=facts, by=scene.by),
        locations.CountryFixed,
        scene,
    )
    assert error.field == "country"


def test_the_connection_is_the_partners(cast: Cast) -> None:
    scene = make_scene(cast.actor("customer_full"), cast.open_acme)
    gateway = replace(facts_of(scene.headquarters), pstn="LOCAL_GATEWAY")
    refused(lambda: locations.edit_location(location=scene.headquarters, facts=gateway, by=scene.by), Forbidden, scene)
    moved = replace(facts_of(scene.headquarters), city="Chicago", pstn=None, pstn_provider=None)
    locations.edit_location(location=scene.headquarters, facts=moved, by=scene.by)
    locations.edit_location(location=scene.headquarters, facts=gateway, by=cast.actor("partner_full"))
    scene.headquarters.refresh_from_db()
    assert (scene.headquarters.city, scene.headquarters.pstn) == ("Springfield", "LOCAL_GATEWAY")


@pytest.mark.parametrize("who", ["customer_readonly", "partner_readonly", "other_partner_full"])
def test_readers_and_strangers_change_no_location(cast: Cast, who: str) -> None:
    scene = make_scene(cast.actor(who), cast.acme)
    for deed in (
        lambda: locations.create_location(customer=scene.customer, facts=BRANCH, by=scene.by),
        lambda: locations.edit_location(location=scene.headquarters, facts=BRANCH, by=scene.by),
        lambda: locations.confirm_location(location=scene.headquarters, by=scene.by),
    ):
        refused(deed, Forbidden, scene)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_of_first_locations_made_at_once_one_is_the_headquarters() -> None:
    customer = make_customer(make_partner())
    deeds = [
        lambda n=n: locations.create_location(customer=customer, facts=replace(BRANCH, name=f"Site {n}"), by=SYSTEM)
        for n in range(6)
    ]
    assert at_once(deeds) == ["ok"] * 6
    assert sorted(customer.locations.values_list("is_headquarters", flat=True)) == [False] * 5 + [True]
