"""Messaging, meetings and calling of a user, switched within what his package brings: service, page, and what Webex hears."""

from collections.abc import Callable

import pytest
from django.test import Client

from controlhub.models import Subscriber
from controlhub.queries.users import Services, services_of
from controlhub.services.lifecycle import suspend_subscriber
from controlhub.services.packages import change_package
from controlhub.services.user_services import ServiceNotIncluded, set_services
from provisioning.models import ProvisioningJob, SimulatedEffect
from tenancy.errors import Forbidden
from tenancy.models import AuditEvent, Customer
from tests.cast import Cast
from tests.controlhub.pages import page
from tests.controlhub.scene import Scene, make_scene
from tests.factories import make_assignment, make_subscriber
from tests.launching import launch
from tests.provisioning.helpers import run_to_end

SignIn = Callable[[str], Client]


@pytest.fixture
def scene(cast: Cast) -> Scene:
    return make_scene(cast.actor("partner_full"), cast.open_acme)


@pytest.fixture
def ada(scene: Scene) -> Subscriber:
    ada = make_subscriber(scene.customer, first_name="Ada", last_name="Ash", location=scene.headquarters)
    Subscriber.objects.filter(pk=ada.pk).update(person_id=ada.public_id)
    make_assignment(ada)
    scene.customer.packages.filter(package="webex_calling").update(used=1)
    return ada


def now_of(subscriber: Subscriber) -> Services:
    row = Subscriber.objects.get(pk=subscriber.pk)
    return services_of(row, row.assignments.filter(ended_at=None))


def test_a_service_goes_off_and_on_and_webex_hears_both(scene: Scene, ada: Subscriber) -> None:
    set_services(subscriber=ada, calling=False, by=scene.by)
    assert now_of(ada) == Services(messaging=True, meetings=True, calling=False)
    event = AuditEvent.objects.get(customer=scene.customer)
    assert (event.action, event.text) == ("subscriber.services_changed", "Services of Ada Ash: calling off")
    set_services(subscriber=ada, messaging=True, calling=True, by=scene.by)
    assert now_of(ada) == Services(messaging=True, meetings=True, calling=True)
    for job in ProvisioningJob.objects.order_by("pk"):
        assert run_to_end(job).state == "succeeded"
    effects = SimulatedEffect.objects.filter(operation="set_person_services").order_by("pk")
    # Each job tells what holds when it runs.
    assert [effect.payload["off"] for effect in effects] == [[], []]


def test_the_same_again_leaves_no_trace(scene: Scene, ada: Subscriber) -> None:
    set_services(subscriber=ada, messaging=True, meetings=None, by=scene.by)
    assert (AuditEvent.objects.count(), ProvisioningJob.objects.count()) == (0, 0)


def test_what_no_package_brings_cannot_be_switched(scene: Scene) -> None:
    nobody = make_subscriber(scene.customer)
    with pytest.raises(ServiceNotIncluded) as caught:
        set_services(subscriber=nobody, meetings=False, by=scene.by)
    assert (caught.value.field, AuditEvent.objects.count()) == ("meetings", 0)


def test_a_new_package_brings_everything_and_a_deactivated_user_uses_nothing(scene: Scene, ada: Subscriber) -> None:
    set_services(subscriber=ada, meetings=False, by=scene.by)
    change_package(subscriber=ada, package="webex_suite", extension="21", by=scene.by)
    assert now_of(ada) == Services(messaging=True, meetings=True, calling=True)
    suspend_subscriber(subscriber=ada, by=scene.by)
    assert now_of(ada) == Services()


def test_restricted_mode_makes_editing_services_unavailable(
    scene: Scene, ada: Subscriber, cast: Cast, sign_in: SignIn
) -> None:
    client, url = sign_in("customer_full"), page("user-services", scene.customer, ada)
    assert client.post(url, {"meetings": "on", "calling": "on"}).status_code == 302
    assert now_of(ada) == Services(messaging=False, meetings=True, calling=True)
    Customer.objects.filter(pk=scene.customer.pk).update(restricted=True)
    assert (client.get(url).status_code, client.post(url, {}).status_code) == (403, 403)
    carla = cast.actor("customer_full").inside(scene.customer)
    ada = Subscriber.objects.select_related("customer__partner").get(pk=ada.pk)
    with pytest.raises(Forbidden):
        set_services(subscriber=ada, calling=False, by=carla)
    assert now_of(ada) == Services(messaging=False, meetings=True, calling=True)
    content = client.get(page("user-detail", scene.customer, ada)).content.decode()
    assert 'aria-disabled="true" aria-describedby="why-not-services"' in content


def test_partner_staff_see_only_the_services_that_the_package_brings(scene: Scene, cast: Cast, sign_in: SignIn) -> None:
    mia = make_subscriber(scene.customer)
    make_assignment(mia, "webex_meetings")
    client = sign_in("partner_full")
    launch(client, customer=scene.customer, by=cast.actor("partner_full"))
    form = client.get(page("user-services", scene.customer, mia)).context["form"]
    assert list(form.fields) == ["messaging", "meetings"]
