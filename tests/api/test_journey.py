"""The onboarding journey of the reference application (domain.md 2.9), over HTTP with a client that was written for Webex.

The client is the public SDK `wxc-sdk`, pointed at our address and otherwise unchanged. It has no wholesale calls; those
are sent through its session, as the reference application sends them.
"""

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pytest_django.live_server_helper import LiveServer
from wxc_sdk import WebexSimpleApi
from wxc_sdk.common import NumberState, RouteType
from wxc_sdk.locations import Location as SdkLocation
from wxc_sdk.locations import LocationAddress
from wxc_sdk.people import Person, PhoneNumber, PhoneNumberType
from wxc_sdk.rest import RestError, RestSession
from wxc_sdk.telephony.location import CallingLineId, PSTNConnection, TelephonyLocation
from wxc_sdk.telephony.pstn import PSTNType

from provisioning.models import ProvisioningJob
from tenancy.actors import SYSTEM
from tenancy.models import AuditEvent, Customer
from tenancy.opaque_ids import opaque_id
from tenancy.tokens import create_token
from tests.cast import Cast, make_cast
from tests.provisioning.helpers import broken_invariants, run_to_end

N1, N2, N3 = "+15035550101", "+15035550102", "+15035550103"
IDENTITY = "urn:cisco:codev:identity:organization:core:1.0"
pytestmark = pytest.mark.slow


def work() -> None:
    """What the worker does meanwhile."""
    for job in ProvisioningJob.objects.exclude(state__in=("succeeded", "failed")).order_by("pk"):
        run_to_end(job)


@pytest.fixture
def cast(transactional_db: None) -> Cast:
    return make_cast()


@pytest.fixture
def webex(
    cast: Cast, live_server: LiveServer, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[WebexSimpleApi]:
    """The SDK with a token of a partner full administrator."""
    settings.BASE_URL = live_server.url
    monkeypatch.setattr(RestSession, "BASE", f"{live_server.url}/v1")
    with WebexSimpleApi(tokens=create_token(admin=cast.admins["partner_full"], by=SYSTEM)) as api:
        yield api


@pytest.fixture
def organization(webex: WebexSimpleApi, new_customer: dict[str, Any]) -> str:
    """Steps 1 and 2: the id of an organization that was ordered and is provisioned."""
    ordered = webex.session.rest_post(webex.session.ep("wholesale/customers"), json=new_customer)
    for _ in range(3):
        customer = webex.session.rest_get(ordered["url"])
        if customer["status"] == "provisioned":
            return str(customer["orgId"])
        work()
    raise AssertionError(customer)


def first_location(webex: WebexSimpleApi, org_id: str) -> SdkLocation:
    return next(iter(webex.locations.list(org_id=org_id)))


def connect(webex: WebexSimpleApi, location_id: str, org_id: str) -> str:
    """Step 4, with the provider that the country has."""
    options = webex.telephony.pstn.list(location_id, org_id=org_id)
    [option] = [one for one in options if one.pstn_connection_type == PSTNType.non_integrated_ccp]
    webex.telephony.pstn.configure(location_id, id=option.id, org_id=org_id)
    return str(option.id)


def new_subscriber(webex: WebexSimpleApi, org_id: str, **parameters: Any) -> dict[str, Any]:
    customer = Customer.objects.get(name="Harbor Books")
    body = {
        "customerId": opaque_id("ENTERPRISE", customer.public_id),
        "email": "ada@harbor.example.com",
        "package": "webex_calling",
        "provisioningParameters": {"firstName": "Ada", "lastName": "Sample", **parameters},
    }
    made = webex.session.rest_post(webex.session.ep("wholesale/subscribers"), json=body)
    work()
    return dict(webex.session.rest_get(webex.session.ep(f"wholesale/subscribers/{made['id']}")))


def test_from_an_order_to_a_ringing_phone(webex: WebexSimpleApi, organization: str, live_server: LiveServer) -> None:
    org_id = organization
    # 3. Access to the organization, and its first location.
    assert webex.organizations.details(org_id).display_name == "Harbor Books"
    location = first_location(webex, org_id)
    assert (location.name, location.time_zone, location.org_id) == ("Headquarters", "America/Los_Angeles", org_id)
    # 4. PSTN.
    connection = connect(webex, location.location_id, org_id)
    assert webex.telephony.pstn.read(location.location_id, org_id=org_id).id == connection
    # 5. Numbers.
    webex.telephony.location.number.add(location.location_id, [N1, N2], state=NumberState.active, org_id=org_id)
    # 6. Main number and calling line name.
    line = CallingLineId(name="Harbor Books", phone_number=N1)
    settings = TelephonyLocation(calling_line_id=line, outside_dial_digit="42", enforce_outside_dial_digit=True)
    webex.telephony.location.update(location.location_id, settings, org_id=org_id)
    now = webex.telephony.location.details(location.location_id, org_id=org_id)
    assert (now.calling_line_id.phone_number, now.outside_dial_digit) == (N1, "42")
    # 7. A subscriber, the person behind it, and a phone.
    subscriber = new_subscriber(webex, org_id, primaryPhoneNumber=N2, extension="2001")
    person = webex.people.details(subscriber["personId"], calling_data=True)
    assert (person.display_name, person.extension, person.tn.value) == ("Ada Sample", "2001", N2)
    phone = webex.devices.create_by_mac_address(
        "02:00:00:AA:BB:01", person_id=person.person_id, model="Cisco 8865", org_id=org_id
    )
    assert [one.device_id for one in webex.devices.list(person_id=person.person_id, org_id=org_id)] == [phone.device_id]
    # 8. Another name, as the reference application gives it: beside /v1, by the bare uuid.
    place = f"{live_server.url}/identity/v1/organizations/{webex_uuid(org_id)}"
    schemas = webex.session.rest_get(place)["schemas"]
    webex.session.rest_patch(place, json={"schemas": schemas, "displayName": "Harbor Books_Updated"})
    assert webex.organizations.details(org_id).display_name == "Harbor Books_Updated"
    # And the rest of the portal has seen it all happen.
    work()
    assert broken_invariants() == []
    assert {event.door for event in AuditEvent.objects.filter(customer__name="Harbor Books_Updated")} <= {
        "api",
        "system",
    }


def webex_uuid(org_id: str) -> uuid.UUID:
    return Customer.objects.get(org_id=SdkLocation(org_id=org_id).org_id_uuid).org_id


def test_the_sdks_people(webex: WebexSimpleApi, organization: str) -> None:
    location = first_location(webex, organization)
    licenses = {one.name: one for one in webex.licenses.list(org_id=organization)}
    assert {name: one.total_units for name, one in licenses.items()} == {"Webex Calling": 25, "Common Area Calling": -1}
    new = Person(
        emails=["bea@harbor.example.com"],
        first_name="Bea",
        last_name="Sample",
        display_name="Bea Sample",
        org_id=organization,
        licenses=[licenses["Webex Calling"].license_id],
        phone_numbers=[PhoneNumber(number_type=PhoneNumberType.work, value=N1)],
        extension="2001",
        location_id=location.location_id,
    )
    bea = webex.people.create(new, calling_data=True)
    assert (bea.tn.value, bea.extension, bea.location_id) == (N1, "2001", location.location_id)
    assert webex.people.me().display_name == "Paula Full"
    # The first user of a new customer is its administrator.
    [role] = [one.name for one in webex.roles.list() if one.id in bea.roles]
    assert role == "Full administrator"
    bea.display_name, bea.extension = "Bea Example", "2002"
    changed = webex.people.update(bea, calling_data=True)
    assert (changed.display_name, changed.first_name, changed.extension) == ("Bea Example", "Bea", "2002")
    [found] = webex.people.list(email="bea@harbor.example.com", org_id=organization)
    assert found.person_id == bea.person_id
    assert [one.person_id for one in webex.people.list(org_id=organization, display_name="Bea E")] == [bea.person_id]
    with pytest.raises(RestError) as refused:
        webex.people.delete_person(bea.person_id)
    [problem] = refused.value.response.json()["errors"]
    assert (problem["code"], problem["description"]) == (
        81023,
        refused.value.description,
    )  # the first administrator stays


def test_the_sdks_locations_and_numbers(webex: WebexSimpleApi, organization: str) -> None:
    org_id = organization
    made = webex.locations.create(
        name="Annex", time_zone="America/Los_Angeles", preferred_language="en_US", announcement_language="en_us",
        address1="14 Harbor Road", city="Portland", state="OR", postal_code="97201", country="US", org_id=org_id,
    )  # fmt: skip
    annex = webex.locations.details(made, org_id=org_id)
    assert webex.telephony.location.enable_for_calling(annex, org_id=org_id) == made
    annex.name = "Annex 2"
    annex.address = LocationAddress(address1="16 Harbor Road")
    webex.locations.update(made, annex, org_id=org_id)
    assert webex.locations.by_name("Annex 2", org_id=org_id).address.address1 == "16 Harbor Road"
    trunk = TelephonyLocation(connection=PSTNConnection(type=RouteType.trunk, id="trunk-1"))
    webex.telephony.location.update(made, trunk, org_id=org_id)
    number = webex.telephony.location.number
    number.add(made, [N1, N2, N3], org_id=org_id)
    number.activate(made, [N1, N2], org_id=org_id)
    number.remove(made, [N3], org_id=org_id)
    listed = webex.telephony.phone_numbers(location_id=made, org_id=org_id, available=True, max=1)
    assert [(one.phone_number, one.state) for one in listed] == [(N1, NumberState.active), (N2, NumberState.active)]
    assert [one.name for one in webex.telephony.location.list(org_id=org_id)] == ["Headquarters", "Annex 2"]
    number.remove(made, [N1, N2], org_id=org_id)
    webex.locations.delete(made, org_id=org_id)
    assert [one.name for one in webex.locations.list(org_id=org_id)] == ["Headquarters"]


def test_the_sdks_devices_and_audit(webex: WebexSimpleApi, organization: str) -> None:
    person_id = new_subscriber(webex, organization, extension="2001")["personId"]
    code = webex.devices.activation_code(person_id=person_id, model="Cisco 9841", org_id=organization)
    assert len(code.code) == 16
    [phone] = webex.devices.list(org_id=organization)
    assert (phone.product, phone.connection_status) == ("Cisco 9841", "activating")
    assert webex.devices.details(phone.device_id, org_id=organization).person_id == person_id
    webex.devices.delete(phone.device_id, org_id=organization)
    now = datetime.now(UTC)
    events = webex.admin_audit.list_events(
        organization, now - timedelta(days=1), now + timedelta(days=1), event_categories=["DEVICE"], max=1
    )
    assert [event.data.action_text for event in events] == [
        "Cisco 9841 of Ada Sample deleted",
        "Cisco 9841 added for Ada Sample",
    ]
    assert "DEVICE" in webex.admin_audit.list_event_categories()
