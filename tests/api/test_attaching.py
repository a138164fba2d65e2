"""POST /wholesale/customers and its precheck with `orgId`: an organization that exists becomes a customer (domain.md section 9)."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.conf import settings

from partnerhub.models import OrganizationAttachment
from provisioning.models import ProvisioningJob, SimulatedFault
from provisioning.simulated_organisations import (
    CLAIMED,
    HUNDRED,
    LICENSED,
    NINETY_NINE,
    ORGANISATIONS,
    SMALL,
    TRIAL,
    VERIFIED,
)
from tenancy.models import AuditEvent, Customer
from tenancy.opaque_ids import opaque_id
from tests.api.conftest import ApiClient
from tests.cast import Cast
from tests.factories import make_customer, make_template
from tests.provisioning.helpers import run_to_end

Api = Callable[..., ApiClient]
PATH, VALIDATE = "/wholesale/customers", "/wholesale/customers/validate"


def org(org_id: UUID) -> str:
    return opaque_id("ORGANIZATION", org_id)


@pytest.fixture
def order(new_customer: dict[str, Any]) -> Callable[[UUID], dict[str, Any]]:
    """The body that attaches an organization: nothing of it has to be said but its id."""

    def body(org_id: UUID) -> dict[str, Any]:
        return {name: value for name, value in new_customer.items() if name != "customerInfo"} | {"orgId": org(org_id)}

    return body


Order = Callable[[UUID], dict[str, Any]]


def test_an_organization_is_attached_and_named_once_it_is_provisioned(api: Api, order: Order) -> None:
    client = api("partner_full")
    response = client.post(PATH, order(SMALL))
    customer = Customer.objects.get(external_id="HARBOR-1")
    url = response.headers["Location"].partition("/v1")[2]
    assert (response.status_code, customer.name, customer.restricted) == (202, "Pine Street Florist", False)
    before = client.get(url).json()
    assert (before["status"], "orgId" in before) == ("provisioning", False)
    run_to_end(ProvisioningJob.objects.get(customer=customer, kind="onboard_customer"))
    after = client.get(url).json()
    assert (after["status"], after["orgId"]) == ("provisioned", org(SMALL))
    assert [item["id"] for item in client.get(f"{PATH}?orgId={org(SMALL)}").json()["items"]] == [after["id"]]


@pytest.mark.parametrize(
    ("org_id", "decision"),
    [(NINETY_NINE, "automatic"), (HUNDRED, "consent"), (VERIFIED, "consent"), (CLAIMED, "consent")],
)
def test_the_order_decides_as_the_precheck_foretold(api: Api, order: Order, org_id: UUID, decision: str) -> None:
    client = api("partner_full")
    told = {info["infoCode"] for info in client.post(VALIDATE, order(org_id)).json()["info"]}
    assert client.post(PATH, order(org_id)).status_code == 202
    assert OrganizationAttachment.objects.get().decision == decision
    assert told == {100, 80102 if decision == "consent" else 80101, 80103, 80104}


def test_a_refused_consent_is_said_with_its_number(api: Api, order: Order) -> None:
    client = api("partner_full")
    url = client.post(PATH, order(HUNDRED)).headers["Location"].partition("/v1")[2]
    job = ProvisioningJob.objects.get(kind="onboard_customer")
    run_to_end(job, claims=2)
    answered = {"state": "refused", "answered_by": "hana@harvest.example.com", "answered_at": job.created_at}
    OrganizationAttachment.objects.update(**answered)
    run_to_end(job)
    said = client.get(url).json()
    assert (said["status"], "orgId" in said) == ("error", False)
    assert {error["errorCode"] for error in said["errors"]} == {81187}
    assert "hana@harvest.example.com refused" in said["errors"][0]["description"]


def test_the_precheck_lists_what_attaching_means(api: Api, order: Order) -> None:
    client, early = api("partner_full"), {"address": order(SMALL)["address"]}
    events = AuditEvent.objects.count()
    answer = client.post(VALIDATE, early | {"orgId": org(LICENSED)}).json()
    assert answer["message"] == "success"
    assert [(info["infoCode"], info["description"]) for info in answer["info"]] == [
        (100, "Provisioning preCheck validation successful."),
        (
            80101,
            "Maple Dental is attached automatically, and nobody is notified: it has fewer than 100 users, and no verified "
            "or claimed domain.",
        ),
        (
            80103,
            "Your rights in it: Provisioning admin (limited view). It has active licenses; ask its administrators for full "
            "administration.",
        ),
        (
            80104,
            "Its name, sign-in, settings and administrators stay as they are; the first user that you add does not become "
            "an administrator. Restricted by Partner Mode is off.",
        ),
    ]
    consent = client.post(VALIDATE, early | {"orgId": org(HUNDRED)}).json()["info"][1]["description"]
    assert consent == (
        "Harvest Foods is attached once one of its administrators, who are asked by mail, has approved: it has 100 users or more."
    )
    assert (Customer.objects.filter(attached=True).exists(), AuditEvent.objects.count()) == (False, events)


def test_customer_info_is_optional_and_its_address_is_not_held_against_it(cast: Cast, api: Api, order: Order) -> None:
    make_customer(cast.south, primary_email="fern@pinestreet.example.com")
    client = api("partner_full")
    only_email = order(SMALL) | {"customerInfo": {"primaryEmail": "fern@pinestreet.example.com"}}
    assert client.post(VALIDATE, only_email).status_code == 200
    whole = order(SMALL) | {"customerInfo": {"name": "Another Name", "primaryEmail": "a@b.example.com"}}
    assert client.post(PATH, whole).status_code == 202
    customer = Customer.objects.get(attached=True)
    assert (customer.name, customer.primary_email) == ("Pine Street Florist", "fern@pinestreet.example.com")


@pytest.mark.parametrize("path", [PATH, VALIDATE])
class TestRefusals:
    """Order and precheck refuse alike, and leave nothing."""

    def refused(self, client: ApiClient, path: str, body: dict[str, Any]) -> tuple[int, int]:
        customers = Customer.objects.count()
        response = client.post(path, body)
        assert (Customer.objects.count(), ProvisioningJob.objects.count()) == (customers, 0)
        return response.status_code, response.json()["errors"][0]["code"]

    def test_an_unknown_organization_and_what_is_no_id(self, api: Api, order: Order, path: str) -> None:
        client = api("partner_full")
        for org_id in (org(uuid4()), "nonsense", ""):
            assert self.refused(client, path, order(SMALL) | {"orgId": org_id}) == (404, 80404)

    def test_a_trial(self, api: Api, order: Order, path: str) -> None:
        assert self.refused(api("partner_full"), path, order(TRIAL)) == (400, 81184)

    def test_somebodys_customer(self, cast: Cast, api: Api, order: Order, path: str) -> None:
        make_customer(cast.south, org_id=SMALL)
        assert self.refused(api("partner_full"), path, order(SMALL)) == (409, 81183)

    def test_a_template_without_mails(self, cast: Cast, api: Api, order: Order, path: str) -> None:
        silent = make_template(cast.north, admin_invite_emails_on_attach=False).provisioning_id
        body = order(HUNDRED) | {"provisioningId": silent}
        assert self.refused(api("partner_full"), path, body) == (400, 81186)

    def test_who_may_not_create_customers_learns_nothing(self, api: Api, order: Order, path: str) -> None:
        for who in ("partner_plain", "partner_readonly", "customer_full"):
            for org_id in (SMALL, uuid4()):
                assert self.refused(api(who), path, order(org_id))[0] == 403

    def test_a_rule_of_every_order(self, cast: Cast, api: Api, order: Order, path: str) -> None:
        body = order(SMALL) | {"externalId": cast.acme.external_id}
        assert self.refused(api("partner_full"), path, body) == (409, 81022)

    def test_webex_does_not_answer(self, api: Api, order: Order, path: str) -> None:
        SimulatedFault.objects.create(operation="organisation_of", kind="busy", retry_after=7)
        client = api("partner_full")
        response = client.post(path, order(SMALL))
        assert (response.status_code, response.headers["Retry-After"]) == (503, "7")
        assert response.json()["errors"][0]["code"] == 80503


def test_a_new_organization_still_needs_customer_info(api: Api, order: Order) -> None:
    body = {name: value for name, value in order(SMALL).items() if name != "orgId"}
    response = api("partner_full").post(PATH, body)
    assert (response.status_code, response.json()["errors"][0]["code"]) == (400, 1001)


def test_the_guide_names_every_organization_of_the_simulated_cloud() -> None:
    guide = (settings.BASE_DIR / "docs" / "api.md").read_text()
    assert [
        facts["name"] for org_id, facts in ORGANISATIONS.items() if f"`{org(org_id)}` | {facts['name']}" not in guide
    ] == []
