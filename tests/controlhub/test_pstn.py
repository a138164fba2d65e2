"""How locations are connected, which numbers speak for them, and when a location may go."""

from collections.abc import Callable

import pytest
from django.utils import timezone

from controlhub.models import Location
from controlhub.services import locations, numbers, pstn
from controlhub.services.pstn import PstnConnection
from provisioning.models import ProvisioningJob
from tenancy.errors import DomainError, Forbidden
from tenancy.models import AuditEvent
from tests.cast import Cast
from tests.controlhub.scene import Scene, everything, make_scene
from tests.factories import make_customer, make_location, make_number, make_subscriber, make_workspace

GATEWAY = PstnConnection("LOCAL_GATEWAY", route_type="TRUNK", route="Main trunk")


@pytest.fixture
def scene(cast: Cast) -> Scene:
    return make_scene(cast.actor("partner_full"), make_customer(cast.north))


def refused(deed: Callable[[], object], error: type[DomainError], scene: Scene) -> DomainError:
    before = everything(scene.customer)
    with pytest.raises(error) as caught:
        deed()
    assert everything(scene.customer) == before
    return caught.value


def connect(scene: Scene, connection: PstnConnection) -> Callable[[], object]:
    return lambda: pstn.change_connection(location=scene.headquarters, connection=connection, by=scene.by)


def test_a_local_gateway_has_a_route(scene: Scene) -> None:
    connect(scene, GATEWAY)()
    scene.headquarters.refresh_from_db()
    stored = [getattr(scene.headquarters, name) for name in pstn.FIELDS]
    assert stored == ["LOCAL_GATEWAY", "", "TRUNK", "Main trunk"]
    event = AuditEvent.objects.get(customer=scene.customer)
    assert (event.action, event.changes["pstn_route"]) == ("location.pstn_changed", ["", "Main trunk"])
    assert ProvisioningJob.objects.get(customer=scene.customer).kind == "change_location"


@pytest.mark.parametrize(
    ("connection", "field"),
    [
        (PstnConnection("PIGEON"), "pstn"),
        (PstnConnection("LOCAL_GATEWAY", provider="Northern Carrier"), "pstn_provider"),
        (PstnConnection("INTEGRATED_CCP"), "pstn_provider"),
        (PstnConnection("INTEGRATED_CCP", provider="Atlantic Voice"), "pstn_provider"),
        (PstnConnection("CISCO_PSTN", route="Trunk", route_type="TRUNK"), "pstn_route"),
        (PstnConnection("LOCAL_GATEWAY", route="Trunk"), "pstn_route_type"),
        (PstnConnection("LOCAL_GATEWAY", route_type="TRUNK"), "pstn_route"),
        (PstnConnection("LOCAL_GATEWAY", route_type="PATH", route="x"), "pstn_route_type"),
        (PstnConnection("LOCAL_GATEWAY", route_type="TRUNK", route="x" * 81), "pstn_route"),
    ],
)
def test_a_wrong_connection_is_named_by_field(scene: Scene, connection: PstnConnection, field: str) -> None:
    error = refused(connect(scene, connection), pstn.ConnectionWrong, scene)
    assert list(error.errors) == [field]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("before", "after", "stranded"),
    [
        ("", "LOCAL_GATEWAY", False),
        ("LOCAL_GATEWAY", "NON_INTEGRATED_CCP", False),
        ("LOCAL_GATEWAY", "", True),
        ("LOCAL_GATEWAY", "CISCO_PSTN", True),
        ("CISCO_PSTN", "LOCAL_GATEWAY", True),
        ("INTEGRATED_CCP", "CISCO_PSTN", True),
    ],
)
def test_no_change_strands_numbers(scene: Scene, before: str, after: str, *, stranded: bool) -> None:
    make_number(scene.headquarters)
    Location.objects.filter(pk=scene.headquarters.pk).update(pstn=before)
    connection = PstnConnection(after, provider="Northern Carrier" if after == "NON_INTEGRATED_CCP" else "")
    if stranded:
        error = refused(connect(scene, connection), pstn.NumbersStranded, scene)
        assert "has 1 number of its present connection" in str(error)
    else:
        connect(scene, connection)()
        scene.headquarters.refresh_from_db()
        assert scene.headquarters.pstn == after


@pytest.mark.parametrize("who", ["customer_full", "customer_restricted", "partner_readonly", "other_partner_full"])
def test_the_connection_and_the_main_numbers_are_the_partners(cast: Cast, who: str) -> None:
    scene = make_scene(cast.actor(who), cast.acme if who == "customer_restricted" else cast.open_acme)
    number = make_number(scene.headquarters)
    refused(connect(scene, GATEWAY), Forbidden, scene)
    refused(
        lambda: pstn.set_calling_numbers(
            location=scene.headquarters, main=number, emergency_callback=None, by=scene.by
        ),
        Forbidden,
        scene,
    )


def test_main_numbers_are_active_numbers_of_the_location(scene: Scene) -> None:
    hq = scene.headquarters
    good = make_number(hq)
    bad = {
        "inactive": make_number(hq, state="INACTIVE"),
        "elsewhere": make_number(make_location(scene.customer, "Branch")),
        "assigned": make_number(hq, workspace=make_workspace(hq)),
    }
    for number in bad.values():
        refused(
            lambda number=number: pstn.set_calling_numbers(  # type: ignore[misc]
                location=hq, main=number, emergency_callback=None, by=scene.by
            ),
            pstn.NotALocationNumber,
            scene,
        )
    pstn.set_calling_numbers(location=hq, main=good, emergency_callback=good, by=scene.by)
    hq.refresh_from_db()
    assert (hq.main_number, hq.emergency_callback_number) == (good, good)
    subscriber = make_subscriber(scene.customer, location=hq)
    refused(lambda: numbers.assign_number(number=good, subscriber=subscriber, by=scene.by), numbers.NumberInUse, scene)


def test_an_empty_branch_is_deleted_and_its_name_is_free(scene: Scene) -> None:
    branch = make_location(scene.customer, "Branch")
    locations.delete_location(location=branch, by=scene.by)
    locations.delete_location(location=branch, by=scene.by)
    assert list(scene.customer.locations.all()) == [scene.headquarters]
    assert AuditEvent.objects.filter(action="location.deleted").count() == 1
    make_location(scene.customer, "Branch")


def test_what_is_still_at_a_location_is_listed(scene: Scene) -> None:
    branch = make_location(scene.customer, "Branch")
    make_subscriber(scene.customer, location=branch)
    make_subscriber(scene.customer, location=branch, deleted_at=timezone.now())
    make_number(branch)
    make_number(branch)
    make_workspace(branch)
    error = refused(lambda: locations.delete_location(location=branch, by=scene.by), locations.LocationNotEmpty, scene)
    assert str(error) == "Branch is not empty: 1 user, 1 workspace, 2 numbers. Move or remove them first."


def test_the_headquarters_stay(scene: Scene) -> None:
    refused(
        lambda: locations.delete_location(location=scene.headquarters, by=scene.by), locations.HeadquartersStay, scene
    )


@pytest.mark.parametrize("who", ["customer_readonly", "partner_readonly", "other_partner_full"])
def test_readers_and_strangers_delete_no_location(cast: Cast, who: str) -> None:
    scene = make_scene(cast.actor(who), cast.acme)
    branch = make_location(scene.customer, "Branch")
    refused(lambda: locations.delete_location(location=branch, by=scene.by), Forbidden, scene)


def test_nobody_moves_into_a_deleted_location(scene: Scene) -> None:
    branch = make_location(scene.customer, "Branch")
    locations.delete_location(location=branch, by=scene.by)
    refused(
        lambda: numbers.add_numbers(location=branch, numbers="+12175550101", by=scene.by), numbers.LocationGone, scene
    )


def test_a_location_may_record_calls_in_its_own_way(scene: Scene) -> None:
    pstn.set_location_recording(location=scene.headquarters, call_recording="webex", by=scene.by)
    scene.headquarters.refresh_from_db()
    assert scene.headquarters.call_recording == "webex"
    event = AuditEvent.objects.get(customer=scene.customer)
    assert (event.action, event.changes) == ("location.recording_changed", {"call_recording": ["", "webex"]})
    pstn.set_location_recording(location=scene.headquarters, call_recording="webex", by=scene.by)
    assert (AuditEvent.objects.count(), ProvisioningJob.objects.count()) == (1, 1)
    wrong = refused(
        lambda: pstn.set_location_recording(location=scene.headquarters, call_recording="pigeon", by=scene.by),
        pstn.NotARecorder,
        scene,
    )
    assert wrong.field == "call_recording"
