"""Calling at a location: with its creation by the service provider, or set up later; numbers and extensions need it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.test import Client

from controlhub.models import Location
from controlhub.services import locations, number_moves, numbers, pstn, subscriber_moves, workspaces
from controlhub.services.calling_setup import CallingNotSetUp, LanguageUnknown, enable_calling
from controlhub.services.locations import LocationFacts
from controlhub.services.new_subscribers import SubscriberErrors
from controlhub.services.packages import change_package
from controlhub.services.queues import QueueFacts, create_queue
from controlhub.services.subscribers import create_subscribers
from controlhub.services.workspaces import WorkspaceFacts
from provisioning.models import ProvisioningJob, SimulatedEffect
from provisioning.runner import run_job
from tenancy.actors import SYSTEM
from tenancy.errors import DomainError, Forbidden
from tenancy.models import AuditEvent
from tests.cast import Cast
from tests.controlhub.pages import Office, furnish, page
from tests.controlhub.scene import Scene, broken_invariants, everything, make_scene, new_user
from tests.factories import assign_locations, make_customer, make_location, make_number, make_package, make_partner
from tests.launching import launch

SignIn = Callable[[str], Client]
BRANCH = LocationFacts(
    name="Branch",
    address_line1="2 Side Street",
    city="Springfield",
    state="IL",
    postal_code="62701",
    country="US",
    time_zone="America/Chicago",
    language="en_us",
)


@pytest.fixture
def office(cast: Cast) -> Office:
    return furnish(cast.open_acme)


@pytest.fixture
def bare(office: Office) -> Location:
    """A location without calling."""
    return make_location(office.customer, "Warehouse", calling_enabled_at=None)


def refused(deed: Callable[[], object], error: type[DomainError], customer: Any) -> DomainError:
    before = everything(customer)
    with pytest.raises(error) as caught:
        deed()
    assert everything(customer) == before
    return caught.value


@pytest.mark.parametrize(
    ("who", "facts", "calling"),
    [
        ("partner_full", BRANCH, True),
        ("partner_full", replace(BRANCH, calling=False), False),
        ("customer_full", BRANCH, False),
    ],
)
def test_a_new_location_has_calling_if_its_maker_may_set_it_up(
    office: Office, cast: Cast, who: str, facts: LocationFacts, *, calling: bool
) -> None:
    branch = locations.create_location(customer=office.customer, facts=facts, by=cast.actor(who))
    branch.refresh_from_db()
    event = AuditEvent.objects.get(action="location.created")
    assert (branch.calling_enabled_at is not None, event.changes.get("calling")) == (
        calling,
        [None, True] if calling else None,
    )


def test_there_is_no_pstn_without_calling(office: Office, cast: Cast, bare: Location) -> None:
    by = cast.actor("partner_full")
    facts = replace(BRANCH, calling=False, pstn="LOCAL_GATEWAY")
    refused(
        lambda: locations.create_location(customer=office.customer, facts=facts, by=by),
        locations.PstnWithoutCalling,
        office.customer,
    )
    connection = pstn.PstnConnection("LOCAL_GATEWAY")
    refused(
        lambda: pstn.change_connection(location=bare, connection=connection, by=by), CallingNotSetUp, office.customer
    )


def test_the_service_provider_sets_it_up_later_once(office: Office, cast: Cast, bare: Location) -> None:
    by = cast.actor("partner_full")
    wrong = refused(
        lambda: enable_calling(location=bare, announcement_language="xx", by=by), LanguageUnknown, office.customer
    )
    assert wrong.field == "announcement_language"
    enable_calling(location=bare, announcement_language="fr_ca", by=by)
    enable_calling(location=bare, announcement_language="en_us", by=by)
    bare.refresh_from_db()
    event = AuditEvent.objects.get()
    assert (bare.calling_enabled_at is None, bare.announcement_language) == (False, "fr_ca")
    assert (event.action, event.changes["calling"]) == ("location.calling_enabled", [False, True])


@pytest.mark.parametrize("who", ["customer_full", "customer_restricted", "partner_readonly", "other_partner_full"])
def test_others_do_not_set_it_up(cast: Cast, who: str) -> None:
    customer = cast.acme if who == "customer_restricted" else cast.open_acme
    bare = make_location(customer, "Warehouse", calling_enabled_at=None)
    deed = lambda: enable_calling(location=bare, announcement_language="en_us", by=cast.actor(who))  # noqa: E731
    refused(deed, Forbidden, customer)


def test_numbers_extensions_and_queues_wait_for_it(office: Office, cast: Cast, bare: Location) -> None:
    customer, by = office.customer, cast.actor("partner_full")
    make_package(customer, "common_area_calling")
    room = WorkspaceFacts(name="Gate", location=bare, package="common_area_calling", extension="300")
    queue = QueueFacts(name="Gate", location=bare, extension="500")
    deeds: dict[str, Callable[[], object]] = {
        "numbers": lambda: numbers.add_numbers(location=bare, numbers="+12175550150", by=by),
        "moved numbers": lambda: number_moves.move_numbers(
            customer=customer, numbers=[office.free.e164], target=bare, by=by
        ),
        "workspace": lambda: workspaces.create_workspace(customer=customer, facts=room, by=by),
        "queue": lambda: create_queue(customer=customer, facts=queue, by=by),
        "package": lambda: change_package(
            subscriber=office.gwen, package="webex_calling", extension="600", location=bare, by=by
        ),
    }
    codes = {name: refused(deed, CallingNotSetUp, customer).code for name, deed in deeds.items()}
    assert set(codes.values()) == {"calling_not_set_up"}
    workspaces.create_workspace(customer=customer, facts=WorkspaceFacts(name="Gate", location=bare), by=by)
    enable_calling(location=bare, announcement_language="en_us", by=by)
    bare.refresh_from_db()
    assert [number.e164 for number in numbers.add_numbers(location=bare, numbers="+12175550150", by=by)] == [
        "+12175550150"
    ]


def test_calling_users_are_neither_made_nor_moved_there(cast: Cast) -> None:
    scene: Scene = make_scene(cast.actor("partner_full"), make_customer(cast.north))
    bare = make_location(scene.customer, "Warehouse", calling_enabled_at=None)
    row = new_user(scene, "Ada", location=bare, extension="200")
    error = refused(
        lambda: create_subscribers(customer=scene.customer, users=[row], by=scene.by), SubscriberErrors, scene.customer
    )
    assert [(one.field, one.code) for one in error.errors] == [("location", "calling_not_set_up")]  # type: ignore[attr-defined]
    people, _job = create_subscribers(
        customer=scene.customer, users=[new_user(scene, "Ada", extension="200")], by=scene.by
    )
    plan = subscriber_moves.check_move(subscriber=people[0], target=bare, by=scene.by)
    assert [(one.code, one.field) for one in plan.refusals] == [("5620", "location")]


def test_a_number_where_nobody_calls_breaks_an_invariant(office: Office, bare: Location) -> None:
    number = make_number(bare)
    assert broken_invariants() == [("I9e", ("number", number.e164, bare.pk))]


@pytest.mark.django_db(transaction=True)
def test_webex_is_told_about_calling() -> None:
    bare = make_location(make_customer(make_partner()), calling_enabled_at=None)
    enable_calling(location=bare, announcement_language="en_us", by=SYSTEM)
    run_job(job_id=ProvisioningJob.objects.get(kind="change_location").pk)
    assert SimulatedEffect.objects.get(operation="update_location").payload["facts"]["calling"] is True


# -- Pages -------------------------------------------------------------------------------------------------------------
def test_staff_see_the_button_and_customer_admins_do_not(
    office: Office, cast: Cast, bare: Location, sign_in: SignIn
) -> None:
    detail, setup = page("location-detail", office.customer, bare), page("location-calling", office.customer, bare)
    client = sign_in("customer_full")
    content = client.get(detail).content.decode()
    assert ("No calling" in content, "Set up calling" in content, setup in content) == (True, False, False)
    assert (client.get(setup).status_code, client.post(setup).status_code) == (403, 403)
    staff = sign_in("partner_full")
    launch(staff, customer=office.customer, by=cast.actor("partner_full"))
    assert setup in staff.get(detail).content.decode()
    assert staff.post(setup, {"announcement_language": "xx"}).status_code == 422
    assert staff.post(setup, {"announcement_language": "en_us"}).status_code == 302
    assert setup not in staff.get(detail).content.decode()


def test_customer_admins_create_locations_without_a_word_about_calling(office: Office, sign_in: SignIn) -> None:
    client, url = sign_in("customer_full"), page("location-create", office.customer)
    assert not {"calling", "pstn", "emergency_location_identifier"} & set(client.get(url).context["form"].fields)
    values = {name: getattr(BRANCH, name) for name in ("name", "address_line1", "city", "state", "postal_code")}
    values |= {"country": "US", "time_zone": "America/Chicago", "language": "en_us", "calling": "on"}
    assert client.post(url, values).status_code == 302
    assert Location.objects.get(name="Branch").calling_enabled_at is None


def test_a_location_administrator_corrects_his_own_address(cast: Cast, sign_in: SignIn) -> None:
    """The details are his; the PSTN connection, calling and the list of locations are not."""
    office = furnish(cast.acme)
    branch = make_location(office.customer, "Branch")
    assign_locations(cast.admins["customer_location"], office.headquarters)
    client, url = sign_in("customer_location"), page("location-edit", office.customer, office.headquarters)
    form = client.get(url).context["form"]
    assert not {"calling", "pstn", "pstn_provider", "emergency_location_identifier"} & set(form.fields)
    assert client.post(url, form.initial | {"city": "Decatur"}).status_code == 302
    office.headquarters.refresh_from_db()
    assert (office.headquarters.city, office.headquarters.confirmed_at) == ("Decatur", None)
    assert client.post(page("location-confirm", office.customer, office.headquarters)).status_code == 302
    office.headquarters.refresh_from_db()
    assert office.headquarters.confirmed_at is not None
    assert client.get(page("location-edit", office.customer, branch)).status_code == 404
    assert client.get(page("location-delete", office.customer, office.headquarters)).status_code == 200
    assert client.post(page("location-delete", office.customer, office.headquarters)).status_code == 403
    assert client.post(page("location-create", office.customer), form.initial).status_code == 403
