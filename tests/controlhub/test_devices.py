"""Devices: what identifies one, what is shown once, and with whom it goes."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from controlhub.models import Device, Workspace
from controlhub.queries.devices import devices_of
from controlhub.services import devices
from controlhub.services.devices import add_device, delete_device, digest, renew_secret, set_third_party
from controlhub.services.lifecycle import delete_subscriber
from controlhub.services.new_subscribers import NewSubscriber
from controlhub.services.packages import change_package, remove_package
from controlhub.services.subscribers import create_subscribers
from controlhub.services.workspaces import delete_workspace
from provisioning.models import ProvisioningJob, SimulatedEffect, SimulatedFault
from provisioning.runner import run_job
from tenancy.actors import SYSTEM, Actor
from tenancy.errors import DomainError, Forbidden
from tenancy.models import AuditEvent
from tests.cast import Cast
from tests.controlhub.pages import Office, furnish, page
from tests.controlhub.races import at_once
from tests.controlhub.scene import everything
from tests.factories import make_assignment, make_device, make_package, make_workspace

SignIn = Callable[[str], Client]
MAC = "00:11:22:aa:bb:cc"


@pytest.fixture
def office(cast: Cast) -> Office:
    """Open Acme, not restricted."""
    return furnish(cast.open_acme)


@pytest.fixture
def by(cast: Cast) -> Actor:
    return cast.actor("partner_full")


def refused(deed: Callable[[], object], error: type[DomainError], office: Office) -> None:
    def state() -> list[Any]:
        rows = Device.objects.filter(customer=office.customer).order_by("pk").values()
        return [everything(office.customer), list(rows)]

    before = state()
    with pytest.raises(error):
        deed()
    assert state() == before


@pytest.mark.parametrize("text", ["001122aabbcc", "00-11-22-AA-BB-CC", " 00:11:22:aa:bb:cc ", "0011.22AA.BBCC"])
def test_a_mac_is_read_as_labels_write_it(text: str) -> None:
    assert devices.normal_mac(text) == "001122AABBCC"


@pytest.mark.parametrize("text", ["", "00:11:22:aa:bb", "00:11:22:aa:bb:cg", "0" * 12, "f" * 12, "0011 22AA BBCC 00"])
def test_what_is_no_mac_is_refused(text: str) -> None:
    with pytest.raises(devices.MacInvalid):
        devices.normal_mac(text)


def test_a_phone_with_a_mac_has_nothing_secret(office: Office, by: Actor) -> None:
    device, secret = add_device(subscriber=office.ada, model="cisco-8845", mac=MAC, by=by)
    assert (device.mac, device.status, device.management, secret) == (
        "001122AABBCC",
        "activating",
        "cisco",
        devices.Secret(),
    )
    event = AuditEvent.objects.get(customer=office.customer)
    assert (event.text, event.changes["mac"]) == ("Cisco 8845 added for Ada Archer", [None, "00:11:22:AA:BB:CC"])


def test_an_activation_code_is_kept_as_a_hash_only(office: Office, by: Actor) -> None:
    device, secret = add_device(subscriber=office.ada, model="cisco-8845", by=by)
    assert (len(secret.code), secret.code.isdigit(), device.code_hash) == (16, True, digest(secret.code))
    assert device.code_expires_at is not None
    assert timedelta(days=6) < device.code_expires_at - timezone.now() <= timedelta(days=7)
    assert not [event for event in AuditEvent.objects.values() if secret.code in str(event)]
    assert secret.code not in str(list(ProvisioningJob.objects.values()))


def test_sip_credentials_are_kept_as_a_hash_only_and_rotate(office: Office, by: Actor) -> None:
    device, first = add_device(subscriber=office.ada, model="generic-sip", by=by)
    second = renew_secret(device=device, by=by)
    device.refresh_from_db()
    assert (device.sip_username, first.username) == (second.username, second.username)
    assert first.password != second.password
    assert device.sip_secret_hash == digest(second.password)
    written = str(list(AuditEvent.objects.values())) + str(list(ProvisioningJob.objects.values()))
    assert first.password not in written
    assert second.password not in written


def test_a_mac_exists_once_in_the_whole_portal(office: Office, cast: Cast, by: Actor) -> None:
    make_device(furnish(cast.south_customer).ada, mac="001122AABBCC")
    refused(lambda: add_device(subscriber=office.ada, model="cisco-8845", mac=MAC, by=by), devices.MacInUse, office)


def test_what_cannot_have_a_line_gets_no_device(office: Office, by: Actor) -> None:
    room = make_workspace(office.headquarters)
    for owner in ({"subscriber": office.gwen}, {"workspace": room}):
        refused(
            lambda owner=owner: add_device(**owner, model="cisco-8845", mac=MAC, by=by),
            devices.OwnerCannotCall,
            office,
        )
    refused(lambda: add_device(subscriber=office.ada, model="teapot", mac=MAC, by=by), devices.ModelUnknown, office)


def test_third_party_phones_are_off_until_the_partner_enables_them(office: Office, cast: Cast, by: Actor) -> None:
    carla = cast.actor("customer_full")

    def add() -> object:
        return add_device(subscriber=office.ada, model="yealink-t54w", mac=MAC, by=carla)

    refused(add, devices.ThirdPartyOff, office)
    refused(lambda: set_third_party(customer=office.customer, enabled=True, by=carla), Forbidden, office)
    set_third_party(customer=office.customer, enabled=True, by=by)
    event = AuditEvent.objects.get(action="device.third_party_switched")
    assert event.changes == {"third_party_enabled": [False, True]}
    add()
    set_third_party(customer=office.customer, enabled=False, by=by)
    assert Device.objects.get().management == "third_party"


def test_a_workspace_takes_phones_or_collaboration_devices(office: Office, by: Actor) -> None:
    room = make_workspace(office.headquarters)
    make_assignment(room, "common_area_calling")
    refused(lambda: add_device(workspace=room, model="cisco-board", by=by), devices.WrongForWorkspace, office)
    add_device(workspace=room, model="cisco-8845", mac=MAC, by=by)
    Workspace.objects.filter(pk=room.pk).update(supported_devices="collaborationDevices")
    refused(lambda: add_device(workspace=room, model="cisco-9861", by=by), devices.WrongForWorkspace, office)
    add_device(workspace=room, model="cisco-board", by=by)


def test_what_the_partner_manages_is_the_partners_alone(office: Office, cast: Cast, by: Actor) -> None:
    carla = cast.actor("customer_full")
    refused(lambda: add_device(subscriber=office.ada, model="partner-sip-phone", by=carla), Forbidden, office)
    device, secret = add_device(subscriber=office.ada, model="partner-sip-phone", by=by)
    refused(lambda: renew_secret(device=device, by=carla), Forbidden, office)
    refused(lambda: delete_device(device=device, by=carla), Forbidden, office)
    assert (secret.password != "", renew_secret(device=device, by=by).username) == (True, secret.username)
    delete_device(device=device, by=by)


@pytest.mark.parametrize("who", ["customer_readonly", "partner_readonly", "other_partner_full", "customer_restricted"])
def test_others_change_no_device(office: Office, cast: Cast, who: str) -> None:
    device, actor = make_device(office.ada), cast.actor(who)
    for deed in (
        lambda: add_device(subscriber=office.ada, model="cisco-8845", mac=MAC, by=actor),
        lambda: renew_secret(device=device, by=actor),
        lambda: delete_device(device=device, by=actor),
    ):
        refused(deed, Forbidden, office)


def test_a_device_known_by_its_mac_has_no_code_to_renew(office: Office, by: Actor) -> None:
    device = make_device(office.ada)
    refused(lambda: renew_secret(device=device, by=by), devices.NotThatKind, office)


def test_devices_go_with_the_calling_package(office: Office, by: Actor) -> None:
    make_device(office.ada, mac="001122AABBCC")
    change_package(subscriber=office.ada, package="webex_meetings", by=by)
    event = AuditEvent.objects.get(action="package.changed")
    assert event.changes["devices"] == [["Cisco 8845 00:11:22:AA:BB:CC"], []]
    assert Device.objects.count() == 0
    assert ProvisioningJob.objects.filter(kind="remove_device").count() == 1


def test_devices_go_with_the_package_and_with_the_workspace(office: Office, by: Actor) -> None:
    make_package(office.customer, "common_area_calling", used=1)
    room = make_workspace(office.headquarters)
    make_assignment(room, "common_area_calling")
    make_device(room)
    make_device(office.ada)
    remove_package(subscriber=office.ada, by=by)
    assert Device.objects.get().workspace == room
    delete_workspace(workspace=room, by=by)
    assert Device.objects.count() == 0


def test_devices_go_with_the_user(office: Office, by: Actor) -> None:
    make_device(office.ada, mac="001122AABBCC")
    delete_subscriber(subscriber=office.ada, by=by)
    event = AuditEvent.objects.get(action="subscriber.deleted")
    assert event.changes["devices"] == [["Cisco 8845 00:11:22:AA:BB:CC"], None]
    assert Device.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_devices_go_with_a_user_whom_webex_refuses(cast: Cast) -> None:
    office = furnish(cast.open_acme)
    SimulatedFault.objects.create(operation="create_person", kind="refused", code="x", message="No.")
    newcomer = NewSubscriber("Nora", "New", "nora@x.example.com", "webex_calling", office.headquarters, "", "205")
    (nora,), job = create_subscribers(customer=office.customer, users=[newcomer], by=SYSTEM)
    add_device(subscriber=nora, model="cisco-8845", mac=MAC, by=SYSTEM)
    run_job(job_id=job.pk)
    assert (nora.assignments.filter(ended_at=None).count(), Device.objects.count()) == (0, 0)


@pytest.mark.django_db(transaction=True)
def test_of_many_with_one_mac_one_wins(cast: Cast) -> None:
    office = furnish(cast.open_acme)
    deed = lambda: add_device(subscriber=office.ada, model="cisco-8845", mac=MAC, by=SYSTEM)  # noqa: E731
    assert at_once([deed] * 10) == ["mac_in_use"] * 9 + ["ok"]


def run_jobs() -> None:
    for job in ProvisioningJob.objects.order_by("pk"):
        run_job(job_id=job.pk)


@pytest.mark.django_db(transaction=True)
def test_a_phone_comes_online_and_uses_up_its_code(cast: Cast) -> None:
    office = furnish(cast.open_acme)
    add_device(subscriber=office.ada, model="cisco-8845", by=SYSTEM)
    run_jobs()
    device = Device.objects.get()
    assert (device.status, device.code_hash, device.serial[:3], (device.mac or "")[:2]) == ("online", "", "SIM", "02")
    delete_device(device=device, by=SYSTEM)
    run_jobs()
    assert set(SimulatedEffect.objects.values_list("operation", flat=True)) == {
        "put_device",
        "device_state",
        "remove_device",
    }


@pytest.mark.django_db(transaction=True)
def test_a_code_that_was_not_used_in_time_is_renewed(cast: Cast) -> None:
    office = furnish(cast.open_acme)
    device, _ = add_device(subscriber=office.ada, model="cisco-8845", by=SYSTEM)
    Device.objects.update(code_expires_at=timezone.now() - timedelta(seconds=1))
    run_jobs()
    device.refresh_from_db()
    assert (device.status, device.error) == (
        "failed",
        "The activation code has expired. Make a new one on the device's page.",
    )
    renew_secret(device=device, by=SYSTEM)
    run_jobs()
    device.refresh_from_db()
    assert (device.status, device.error) == ("online", "")


# -- Pages -------------------------------------------------------------------------------------------------------------
def test_search_finds_mac_serial_model_and_owner(office: Office) -> None:
    adas = make_device(office.ada, mac="001122AABBCC", serial="FCH1234")
    other = make_device(office.gwen, model="cisco-7841", mac="0200000000FF")

    def found(**narrow: Any) -> list[Device]:
        return list(devices_of(office.customer, **narrow).order_by("pk"))

    for words in ("22:aa:bb", "1122aabb", "fch12", "8845", "archer", "Ada 8845"):
        assert found(search=words) == [adas], words
    assert found(subscriber=office.gwen.public_id) == [other]
    assert found(status="offline") == []


def test_a_secret_is_in_the_answer_and_never_again(office: Office, sign_in: SignIn) -> None:
    client = sign_in("customer_full")
    values = {"owner": f"user-{office.ada.public_id}", "model": "generic-sip", "mac": ""}
    answer = client.post(page("device-add", office.customer), values)
    password = answer.context["secret"].password
    assert (answer.status_code, password in answer.content.decode()) == (200, True)
    device = Device.objects.get()
    for name, args in (("device-detail", [device]), ("device-list", []), ("user-detail", [office.ada]), ("audit", [])):
        content = client.get(page(name, office.customer, *args)).content.decode()
        assert password not in content, name
    renewed = client.post(page("device-secret", office.customer, device)).context["secret"].password
    assert renewed not in (password, "")
    assert client.post(page("device-delete", office.customer, device)).status_code == 302
    assert client.get(page("device-detail", office.customer, device)).status_code == 404


def test_bad_input_is_told_beside_the_field(office: Office, sign_in: SignIn) -> None:
    client, url = sign_in("customer_full"), page("device-add", office.customer)
    values = {"owner": f"user-{office.ada.public_id}", "model": "cisco-8845", "mac": "12"}
    for wrong, field in (({}, "mac"), ({"model": "yealink-t54w"}, "model"), ({"owner": "user-x"}, "owner")):
        answer = client.post(url, values | wrong)
        assert (answer.status_code, list(answer.context["form"].errors)) == (422, [field])
    assert Device.objects.count() == 0


def test_the_switch_is_the_service_providers(office: Office, sign_in: SignIn) -> None:
    client = sign_in("customer_full")
    assert "Switched by the service provider." in client.get(page("device-list", office.customer)).content.decode()
    assert client.post(page("device-third-party", office.customer), {"on": "1"}).status_code == 403


def test_a_partner_managed_phone_is_seen_but_not_touched_by_the_customer(office: Office, sign_in: SignIn) -> None:
    client = sign_in("customer_full")
    device = make_device(
        office.ada, model="partner-sip-phone", management="partner", mac=None, sip_username="sip1", sip_secret_hash="x"
    )
    assert "partner-sip-phone" not in client.get(page("device-add", office.customer)).content.decode()
    content = client.get(page("device-detail", office.customer, device)).content.decode()
    assert "Your service provider manages this." in content
    for name in ("device-delete", "device-secret"):
        assert page(name, office.customer, device) not in content
        assert client.post(page(name, office.customer, device)).status_code == 403
    assert Device.objects.count() == 1


def test_devices_export(office: Office, sign_in: SignIn) -> None:
    make_device(office.ada, mac="001122AABBCC", serial="FCH1")
    answer = sign_in("customer_full").get(page("device-export", office.customer))
    assert b"".join(answer.streaming_content).decode().splitlines()[1] == (  # type: ignore[attr-defined]
        "Cisco 8845,Managed by Cisco,User,Ada Archer,00:11:22:AA:BB:CC,FCH1,,Online"
    )


def test_the_list_costs_the_same_at_one_and_at_three_rows(office: Office, sign_in: SignIn) -> None:
    client, url = sign_in("customer_full"), page("device-list", office.customer)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(url).status_code == 200
        return len(captured)

    make_device(office.ada)
    client.get(url)
    one = queries()
    make_device(office.ada)
    make_device(office.gwen)
    assert (one, queries()) == (7, 7)
