"""An organization that exists is attached over the API; its administrators answer on a public page, the partner watches."""

import json
from collections.abc import Callable
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import expect

from provisioning.simulated_organisations import HUNDRED, LICENSED
from tenancy.opaque_ids import opaque_id
from tests.browser.conftest import Portal, Visitor

pytestmark = [pytest.mark.browser, pytest.mark.slow]
Arrive = Callable[[str], Visitor]
ADDRESS = {
    "addressLine1": "12 Harbor Road",
    "city": "Portland",
    "stateOrProvince": "OR",
    "zipOrPostalCode": "97201",
    "country": "US",
}
# What the mail carries: the demo's mails go to a log.
LINK = """
from django.urls import reverse
from partnerhub.models import OrganizationAttachment
from partnerhub.services.attach_consents import link_token
row = OrganizationAttachment.objects.get(customer__external_id="HARVEST-1")
print("LINK" + reverse("attach-consent", args=[link_token(row, "hugh@harvest.example.com")]))
"""


def test_administrators_of_an_organization_agree(visitor: Arrive, portal: Portal) -> None:
    paula = visitor("partner_full")
    when_two_organizations_are_ordered(portal)
    then_the_small_one_is_attached_at_once(paula)
    then_the_other_one_waits(paula)
    when_an_administrator_approves(paula, portal)
    then_it_is_attached(paula)


def when_two_organizations_are_ordered(portal: Portal) -> None:
    token = portal.manage("api_token", "paula@northwind.example.com").splitlines()[-1]
    info = json.loads(portal.manage("demo_info", "--json").splitlines()[-1])
    for org_id, external_id in ((LICENSED, "MAPLE-1"), (HUNDRED, "HARVEST-1")):
        body = {
            "provisioningId": info["provisioningId"],
            "packages": ["webex_meetings"],
            "orgId": opaque_id("ORGANIZATION", org_id),
            "externalId": external_id,
            "address": ADDRESS,
        }
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        request = Request(f"{portal.url}/v1/wholesale/customers", json.dumps(body).encode(), headers)  # noqa: S310
        with urlopen(request) as answer:  # noqa: S310
            assert answer.status == 202


def open_panel(paula: Visitor, name: str) -> None:
    paula.menu("Customers")
    paula.page.get_by_role("link", name=name).first.click()


def then_the_small_one_is_attached_at_once(paula: Visitor) -> None:
    open_panel(paula, "Maple Dental")
    panel = paula.page.locator("#panel-attachment")
    expect(panel.get_by_text("Provisioning admin (limited view)")).to_be_visible()
    expect(paula.page.locator("#panel-status").get_by_text("Active")).to_be_visible(timeout=30_000)
    panel.scroll_into_view_if_needed()
    paula.look("attached-automatically")


def then_the_other_one_waits(paula: Visitor) -> None:
    open_panel(paula, "Harvest Foods")
    panel = paula.page.locator("#panel-attachment")
    expect(panel.get_by_text("Waiting for consent")).to_be_visible()
    expect(panel.get_by_text("Since")).to_be_visible(timeout=30_000)
    paula.look("attach-waiting")
    panel.scroll_into_view_if_needed()
    paula.look("attach-waiting-panel")


def when_an_administrator_approves(paula: Visitor, portal: Portal) -> None:
    link = portal.manage("shell", "-v", "0", "-c", LINK).rpartition("LINK")[2].strip()
    panel_at = paula.page.url
    paula.go(link)
    expect(paula.page.get_by_role("heading", name="Let Northwind Voice manage Harvest Foods?")).to_be_visible()
    paula.look("attach-consent")
    paula.page.get_by_role("button", name="Approve").click()
    expect(paula.page.get_by_role("heading", name="Thank you")).to_be_visible()
    paula.look("attach-consent-given")
    paula.go(link)
    expect(paula.page.get_by_role("heading", name="This is not possible")).to_be_visible()
    paula.look("attach-consent-used")
    paula.go(panel_at)


def then_it_is_attached(paula: Visitor) -> None:
    expect(paula.page.locator("#panel-status").get_by_text("Active")).to_be_visible(timeout=30_000)
    panel = paula.page.locator("#panel-attachment")
    expect(panel.get_by_text("Consent given")).to_be_visible(timeout=30_000)
    panel.scroll_into_view_if_needed()
    paula.look("attached-with-consent")
