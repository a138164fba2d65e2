"""Changing, assigning and removing a user's package through the pages."""

from collections.abc import Callable

import pytest
from django.test import Client

from controlhub.models import CustomerPackage, PhoneNumber, Subscriber
from controlhub.queries.packages import losses_of
from provisioning.models import ProvisioningJob
from tenancy.models import AuditEvent
from tests.cast import Cast
from tests.controlhub.pages import Office, furnish, held, page, used
from tests.factories import make_assignment, make_device, make_package, make_queue, make_subscriber

SignIn = Callable[[str], Client]


@pytest.fixture
def office(cast: Cast) -> Office:
    """Open Acme, not restricted."""
    return furnish(cast.open_acme)


def test_the_effect_is_told_before_the_change(office: Office, sign_in: SignIn) -> None:
    url = page("user-package", office.customer, office.ada)
    content = sign_in("customer_full").get(url, {"package": "webex_meetings"}).content.decode()
    number = office.ada.number.e164
    for text in (
        "Webex Calling</strong> stops being billed",
        "Webex Meetings</strong> is billed",
        number,
        "Extension 201",
    ):
        assert text in content
    assert held(office.ada) == [("webex_calling", True)]


@pytest.mark.parametrize(
    ("change", "package"),
    [
        ("user-package", "webex_meetings"),
        ("user-package", "webex_suite"),
        ("user-remove-package", ""),
        ("user-delete", ""),
    ],
)
def test_what_is_told_before_is_what_goes_after(office: Office, sign_in: SignIn, change: str, package: str) -> None:
    """Number, extension, devices and queues: the page's list is the audit event's."""
    ada, customer, client = office.ada, office.customer, sign_in("customer_full")
    ada_mac = make_device(ada, model="cisco-8845").mac_address
    plain, assist = make_queue(office.headquarters, "Plain"), make_queue(office.headquarters, "Assist", assist=True)
    for queue in (plain, assist):
        queue.agents.create(subscriber=ada, position=0)
    told = losses_of(Subscriber.objects.get(pk=ada.pk), package=package)
    url = page(change, customer, ada)
    shown = client.get(url, {"package": package} if package else {}).content.decode()
    expected = [f"call queue {name}" for name in told.queues] + [told.number, *told.devices]
    assert [text in shown for text in expected] == [True] * len(expected)
    client.post(url, {"package": package, "confirm": "yes"})
    changes = (
        AuditEvent.objects.filter(action__in=["package.changed", "package.removed", "subscriber.deleted"]).get().changes
    )
    gone = {name: changes[name][0] for name in ("number", "extension", "queues", "devices") if name in changes}
    assert gone == {
        name: value
        for name, value in {
            "number": told.number,
            "extension": told.extension,
            "queues": list(told.queues),
            "devices": [f"{device} {ada_mac}" for device in told.devices],
        }.items()
        if value
    }


def test_htmx_gets_only_the_effect_and_the_free_numbers(office: Office, sign_in: SignIn) -> None:
    url = page("user-package", office.customer, office.gwen)
    query = {"package": "webex_calling", "location": str(office.headquarters.public_id)}
    content = sign_in("customer_full").get(url, query, headers={"HX-Request": "true"}).content.decode()
    assert office.free.e164 in content
    assert office.ada.number.e164 not in content
    assert "<html" not in content


def test_preview_without_script_keeps_what_was_chosen(office: Office, sign_in: SignIn) -> None:
    url = page("user-package", office.customer, office.gwen)
    answer = sign_in("customer_full").post(url, {"package": "webex_calling", "extension": "77", "preview": "1"})
    content = answer.content.decode()
    assert (answer.status_code, held(office.gwen)) == (200, [("webex_meetings", True)])
    assert 'value="77"' in content
    assert answer.context["form"].errors == {}


def test_from_calling_to_meetings_releases_number_and_extension(office: Office, sign_in: SignIn) -> None:
    number = office.ada.number
    url = page("user-package", office.customer, office.ada)
    answer = sign_in("customer_full").post(url, {"package": "webex_meetings"})
    ada = Subscriber.objects.get(pk=office.ada.pk)
    assert answer.headers["Location"] == page("user-detail", office.customer, ada)
    assert held(ada) == [("webex_calling", False), ("webex_meetings", True)]
    assert (ada.extension, PhoneNumber.objects.get(pk=number.pk).subscriber) == ("", None)
    assert used(office.customer) == {"webex_calling": 0, "webex_meetings": 2, "webex_suite": 0}
    assert AuditEvent.objects.filter(action="package.changed", customer=office.customer).count() == 1
    assert list(ProvisioningJob.objects.values_list("kind", flat=True)) == ["change_package"]


def test_from_meetings_to_calling_takes_location_number_and_extension(office: Office, sign_in: SignIn) -> None:
    url = page("user-package", office.customer, office.gwen)
    values = {"package": "webex_calling", "location": str(office.headquarters.public_id)}
    answer = sign_in("customer_full").post(url, values | {"number": office.free.e164, "extension": "202"})
    gwen = Subscriber.objects.get(pk=office.gwen.pk)
    assert answer.status_code == 302
    assert (gwen.location, gwen.number.e164, gwen.extension) == (office.headquarters, office.free.e164, "202")
    assert held(gwen) == [("webex_meetings", False), ("webex_calling", True)]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"package": "webex_calling", "location": ""}, "location"),
        ({"package": "webex_calling", "location": "no-uuid"}, "location"),
        ({"package": "webex_calling", "location": "hq", "extension": "201"}, "extension"),
        ({"package": "webex_calling", "location": "hq", "extension": "911"}, "extension"),
        ({"package": "webex_calling", "location": "hq"}, "number"),
        ({"package": "webex_calling", "location": "hq", "number": "+12175559999"}, "number"),
        ({"package": "nonsense"}, "package"),
        ({"package": ""}, "package"),
        ({"package": "common_area_calling"}, "package"),
    ],
)
def test_what_is_wrong_is_told_beside_its_field_and_nothing_changes(
    office: Office, sign_in: SignIn, values: dict[str, str], field: str
) -> None:
    if values.get("location") == "hq":
        values = values | {"location": str(office.headquarters.public_id)}
    answer = sign_in("customer_full").post(page("user-package", office.customer, office.gwen), values)
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, [field])
    assert held(office.gwen) == [("webex_meetings", True)]
    assert used(office.customer) == {"webex_calling": 1, "webex_meetings": 1, "webex_suite": 0}


def test_a_used_up_package_is_greyed_and_refused_with_figures(office: Office, sign_in: SignIn) -> None:
    CustomerPackage.objects.filter(package="webex_suite").update(used=1)
    make_assignment(make_subscriber(office.customer), "webex_suite")
    client, url = sign_in("customer_full"), page("user-package", office.customer, office.ada)
    assert "Limit reached: 1 of 1 are used." in client.get(url).content.decode()
    answer = client.post(url, {"package": "webex_suite"})
    assert answer.context["form"].errors == {
        "package": ["Webex Suite: limit 1, 1 used, 1 asked for. Your service provider can raise the limit."]
    }
    assert (answer.status_code, held(office.ada)) == (422, [("webex_calling", True)])


def test_the_administrator_keeps_his_level(office: Office, cast: Cast, sign_in: SignIn) -> None:
    office.ada.admin = cast.admins["customer_full"]
    office.ada.save(update_fields=["admin"])
    client, url = sign_in("customer_full"), page("user-package", office.customer, office.ada)
    assert "An administrator keeps at least Webex Calling." in client.get(url).content.decode()
    answer = client.post(url, {"package": "webex_meetings"})
    assert (answer.status_code, held(office.ada)) == (422, [("webex_calling", True)])
    removed = client.post(page("user-remove-package", office.customer, office.ada))
    assert (removed.status_code, held(office.ada)) == (422, [("webex_calling", True)])


def test_the_same_package_again_changes_nothing(office: Office, sign_in: SignIn) -> None:
    answer = sign_in("customer_full").post(
        page("user-package", office.customer, office.ada), {"package": "webex_calling"}
    )
    assert (answer.status_code, held(office.ada)) == (302, [("webex_calling", True)])
    assert AuditEvent.objects.filter(customer=office.customer).count() == 0


def test_add_ons_that_do_not_go_along_are_named(office: Office, sign_in: SignIn) -> None:
    make_package(office.customer, "attendant_console", used=1)
    make_assignment(office.ada, "attendant_console", is_base=False)
    client, url = sign_in("customer_full"), page("user-package", office.customer, office.ada)
    assert "Attendant Console ends too" in client.get(url, {"package": "webex_meetings"}).content.decode()
    assert "Attendant Console ends too" not in client.get(url, {"package": "webex_suite"}).content.decode()


def test_a_package_is_removed_after_a_page_that_says_what_goes(office: Office, sign_in: SignIn) -> None:
    client, url = sign_in("customer_full"), page("user-remove-package", office.customer, office.ada)
    assert office.ada.number.e164 in client.get(url).content.decode()
    assert client.post(url).status_code == 302
    ada = Subscriber.objects.get(pk=office.ada.pk)
    assert (held(ada), ada.extension) == ([("webex_calling", False)], "")
    assert used(office.customer)["webex_calling"] == 0
    again = client.post(url)
    assert (again.status_code, "has no package" in again.content.decode()) == (422, True)


def test_somebody_without_package_gets_one_with_calling_data(office: Office, sign_in: SignIn) -> None:
    client = sign_in("customer_full")
    client.post(page("user-remove-package", office.customer, office.ada))
    values = {"package": "webex_calling", "location": str(office.headquarters.public_id), "extension": "205"}
    answer = client.post(page("user-package", office.customer, office.ada), values)
    ada = Subscriber.objects.get(pk=office.ada.pk)
    assert (answer.status_code, ada.extension) == (302, "205")
    assert held(ada) == [("webex_calling", False), ("webex_calling", True)]
