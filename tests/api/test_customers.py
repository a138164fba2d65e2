"""/wholesale/customers: what is said of a customer, and who hears it."""

from collections.abc import Callable
from typing import Any

import pytest

from api import codes
from controlhub.models import CustomerPackage, Location
from provisioning.models import ProvisioningJob
from tenancy.models import AuditEvent, Customer
from tenancy.opaque_ids import opaque_id
from tests.api.conftest import ApiClient
from tests.cast import Cast
from tests.factories import make_customer, make_location, make_package

Api = Callable[..., ApiClient]
ADDRESS = {
    "addressLine1": "1 Main Street",
    "city": "Springfield",
    "stateOrProvince": "IL",
    "zipOrPostalCode": "62701",
    "country": "US",
}


def customer_id(customer: Customer) -> str:
    return opaque_id("ENTERPRISE", customer.public_id)


def spoken(customer: Customer, **more: Any) -> dict[str, Any]:
    said = {
        "id": customer_id(customer),
        "orgId": opaque_id("ORGANIZATION", customer.org_id),
        "externalId": customer.external_id,
        "address": ADDRESS,
        "status": "provisioned",
        "packages": [],
        "resourceDetails": {"packages": []},
    }
    return said | more


def test_a_customer_is_said_in_the_public_words(cast: Cast, api: Api) -> None:
    make_package(cast.acme, "webex_meetings", license_id="webex_meetings-1")
    error = {"status": "error", "error_code": "2560", "error": "In maintenance."}
    make_package(cast.acme, "webex_calling", **error)
    path = f"/wholesale/customers/{customer_id(cast.acme)}?includePackageLicenseInfo=true"
    warning = {"errorCode": 2560, "description": "In maintenance."}
    license_id = opaque_id("LICENSE", f"{cast.acme.org_id}:webex_meetings-1")
    assert api("partner_full").get(path).json() == spoken(
        cast.acme,
        packages=["webex_calling", "webex_meetings"],
        resourceDetails={
            "packages": [
                {"name": "webex_calling", "status": "error", "warnings": [warning]},
                {"name": "webex_meetings", "status": "provisioned", "licenseIds": [license_id]},
            ]
        },
        errors=[warning],
    )


@pytest.mark.parametrize(
    ("who", "seen"),
    [
        ("partner_full", ["Open Acme", "Acme Dental"]),
        ("partner_readonly", ["Open Acme", "Acme Dental"]),
        ("partner_admin", ["Acme Dental"]),
        ("subpartner_full", ["Branch Bakery"]),
        ("other_partner_full", ["Southern Bank"]),
    ],
)
def test_everybody_lists_what_he_may_see_newest_first(cast: Cast, api: Api, who: str, seen: list[str]) -> None:
    names = {customer_id(customer): customer.name for customer in Customer.objects.all()}
    items = api(who).get("/wholesale/customers").json()["items"]
    assert [names[item["id"]] for item in items] == seen


def test_a_parent_works_on_behalf_of_its_sub_partner_and_of_nobody_else(cast: Cast, api: Api) -> None:
    branch, south = (opaque_id("ORGANIZATION", partner.public_id) for partner in (cast.branch, cast.south))
    client = api("partner_full")
    found = client.get(f"/wholesale/customers?onBehalfOfSubPartnerOrgId={branch}").json()
    assert found == {"items": [spoken(cast.branch_customer)]}
    assert client.get(f"/wholesale/customers?onBehalfOfSubPartnerOrgId={south}").status_code == 404
    assert client.get(f"/wholesale/customers/{customer_id(cast.south_customer)}").status_code == 404


def test_filters_match_exactly_and_together(cast: Cast, api: Api) -> None:
    client = api("partner_full")
    external, org = cast.acme.external_id, opaque_id("ORGANIZATION", cast.acme.org_id)
    matching = f"?externalId={external}&orgId={org}&status=provisioned&status=error"
    assert client.get(f"/wholesale/customers{matching}").json() == {"items": [spoken(cast.acme)]}
    for nothing in (f"?externalId={external[:-1]}", f"?externalId={external}&status=error", "?orgId=nonsense"):
        assert client.get(f"/wholesale/customers{nothing}").json() == {"items": []}


@pytest.mark.parametrize("query", ["max=0", "max=1001", "max=many", "offset=-1", "status=sold", "cursor=nonsense"])
def test_a_wrong_parameter_is_a_bad_request(api: Api, query: str) -> None:
    assert api("partner_full").get(f"/wholesale/customers?{query}").status_code == 400


def test_links_lead_through_the_list_even_when_rows_come(cast: Cast, api: Api) -> None:
    client = api("partner_full")
    for number in range(5):
        make_customer(cast.north, f"Shop {number}")
    expected = list(Customer.objects.filter(partner=cast.north).order_by("-created_at", "-id"))
    seen, path = [], "/wholesale/customers?max=3"
    while path:
        response = client.get(path)
        seen += [item["id"] for item in response.json()["items"]]
        make_customer(cast.north)
        path = next_path(response.headers.get("Link", ""))
    assert seen == [customer_id(customer) for customer in expected]
    counted = client.get("/wholesale/customers?max=3&offset=3").json()["items"]
    assert [item["id"] for item in counted] != seen[3:6]  # three came in between: who counts, sees that


def next_path(link: str) -> str:
    """The path behind rel="next", or nothing."""
    for part in link.split(", "):
        if part.endswith('rel="next"'):
            return part[1 : part.index(">")].split("/v1", 1)[1]
    return ""


def test_a_customer_is_ordered_with_everything_in_it(
    cast: Cast, api: Api, new_customer: dict[str, Any], settings: Any
) -> None:
    response = api("partner_full").post("/wholesale/customers", new_customer)
    customer = Customer.objects.get(external_id="HARBOR-1")
    url = f"{settings.BASE_URL}/v1/wholesale/customers/{customer_id(customer)}"
    assert (response.status_code, response.json(), response.headers["Location"]) == (202, {"url": url}, url)
    assert (customer.partner, customer.name, customer.status, customer.language, customer.restricted) == (
        cast.north,
        "Harbor Books",
        "provisioning",
        "en_US",
        True,
    )
    packages = CustomerPackage.objects.filter(customer=customer).order_by("package")
    assert list(packages.values_list("package", "limit")) == [("common_area_calling", None), ("webex_calling", 25)]
    assert list(Location.objects.filter(customer=customer).values_list("name", "time_zone")) == [
        ("Headquarters", "America/Los_Angeles")
    ]
    assert ProvisioningJob.objects.get(customer=customer).kind == "onboard_customer"
    event = AuditEvent.objects.get(customer=customer)
    assert (event.action, event.door, event.tracking_id) == (
        "customer.created",
        "api",
        response.headers["trackingId"],
    )


def test_a_broken_rule_says_its_number_and_changes_nothing(cast: Cast, api: Api, new_customer: dict[str, Any]) -> None:
    wrong = new_customer | {"packages": ["attendant_console"], "provisioningParameters": {}}
    response = api("partner_full").post("/wholesale/customers", wrong)
    assert response.status_code == 400
    assert [error["code"] for error in response.json()["errors"]] == [codes.OF_RULE["missing_dependency"]]
    assert not Customer.objects.filter(external_id="HARBOR-1").exists()


@pytest.mark.parametrize("who", ["partner_plain", "partner_admin", "partner_readonly", "helpdesk", "customer_full"])
def test_only_wholesale_administrators_provision(api: Api, new_customer: dict[str, Any], who: str) -> None:
    assert api(who).post("/wholesale/customers", new_customer).status_code == 403
    assert not Customer.objects.filter(external_id="HARBOR-1").exists()


def test_sub_partners_are_listed_for_their_parent(cast: Cast, api: Api) -> None:
    item = {
        "orgId": opaque_id("ORGANIZATION", cast.branch.public_id),
        "subscriptionId": cast.branch.subscription_id,
        "provisioningState": "active",
        "created": cast.branch.created_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "billingStartDate": "2020-01-01T00:00:00.000Z",
    }
    client = api("partner_full")
    assert client.get("/wholesale/subPartners").json() == {"items": [item], "subPartners": [item]}
    suspended = client.get("/wholesale/subPartners?provisioningState=suspended")
    assert suspended.json() == {"items": [], "subPartners": []}
    assert api("subpartner_full").get("/wholesale/subPartners").status_code == 403


def test_put_replaces_the_packages(cast: Cast, api: Api, settings: Any) -> None:
    make_package(cast.acme, "webex_meetings")
    path = f"/wholesale/customers/{customer_id(cast.acme)}"
    body = {"packages": ["webex_suite"], "provisioningParameters": {"packages": {"limits": {"webex_suite": 4}}}}
    client = api("partner_full")
    assert client.put(path, body).status_code == 400  # calling without a location
    make_location(cast.acme)
    response = client.put(path, body)
    url = f"{settings.BASE_URL}/v1{path}"
    assert (response.status_code, response.json(), response.headers["Location"]) == (202, {"url": url}, url)
    assert client.get(path).json() == spoken(
        cast.acme,
        status="updating",
        packages=["webex_suite", "webex_meetings"],
        resourceDetails={
            "packages": [
                {"name": "webex_suite", "status": "provisioning"},
                {"name": "webex_meetings", "status": "deleting"},
            ]
        },
    )


def test_if_match_refuses_who_has_read_something_older(cast: Cast, api: Api) -> None:
    make_package(cast.acme, "webex_meetings")
    path, client = f"/wholesale/customers/{customer_id(cast.acme)}", api("partner_full")
    tag = client.get(path).headers["ETag"]
    body = {"packages": ["webex_meetings"], "externalId": "NEW-1"}
    assert client.put(path, body, If_Match=tag).status_code == 202
    refused = client.put(path, body | {"externalId": "NEW-2"}, If_Match=tag)
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (412, 80412)
    assert Customer.objects.get(pk=cast.acme.pk).external_id == "NEW-1"


def test_delete_ends_the_wholesale_services(cast: Cast, api: Api) -> None:
    path, client = f"/wholesale/customers/{customer_id(cast.acme)}", api("partner_full")
    response = client.delete(path)
    assert (response.status_code, response.content) == (202, b"")
    assert client.get(path).json()["status"] == "deleting"
    again = client.delete(path)
    assert (again.status_code, again.json()["errors"][0]["code"]) == (409, 81012)


def passed() -> dict[str, Any]:
    text = "Provisioning preCheck validation successful."
    return {"message": "success", "info": [{"infoCode": 100, "description": text}]}


def test_the_early_sales_check_needs_an_address_and_an_email(cast: Cast, api: Api) -> None:
    client, path = api("partner_full"), "/wholesale/customers/validate"
    early = {"address": ADDRESS, "customerInfo": {"primaryEmail": "new@harbor.example.com"}}
    assert client.post(path, early).json() == passed()
    taken = early | {"customerInfo": {"primaryEmail": cast.acme.primary_email}}
    assert [e["code"] for e in client.post(path, taken).json()["errors"]] == [10022]
    nowhere = {"address": ADDRESS | {"stateOrProvince": ""}}
    assert client.post(path, nowhere).status_code == 400


def test_the_full_check_tries_everything_and_leaves_nothing(cast: Cast, api: Api, new_customer: dict[str, Any]) -> None:
    client, path = api("partner_full"), "/wholesale/customers/validate"
    events = AuditEvent.objects.count()
    assert client.post(path, new_customer).json() == passed()
    refused = client.post(path, new_customer | {"externalId": cast.acme.external_id})
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (409, 81022)
    assert (AuditEvent.objects.count(), ProvisioningJob.objects.count()) == (events, 0)
    assert not Customer.objects.filter(external_id="HARBOR-1").exists()
