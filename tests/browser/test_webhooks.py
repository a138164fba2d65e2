"""A service provider's own system hears of what happens, from a real worker, and somebody watches it in Partner Hub."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Portal, Visitor
from tests.receiving import Receiver, receiving

pytestmark = [pytest.mark.browser, pytest.mark.slow]
Arrive = Callable[[str], Visitor]
RENAME = """
from controlhub.services.account import rename_company
from tenancy.actors import SYSTEM
from tenancy.models import Customer
rename_company(customer=Customer.objects.get(external_id="MC-02"), name="Nordlicht Praxis Mitte", by=SYSTEM)
"""


def test_a_system_of_the_partners_hears_of_a_change(visitor: Arrive, portal: Portal) -> None:
    with receiving() as receiver:
        olaf = visitor("other_partner_full")
        given_a_webhook(olaf, receiver)
        when_it_is_tested(olaf, receiver)
        when_a_customer_changes_while_the_system_is_busy(portal, receiver)
        then_the_log_tells_both_tries(olaf)
        when_it_is_switched_off_and_deleted(olaf)


def given_a_webhook(olaf: Visitor, receiver: Receiver) -> None:
    page = olaf.page
    olaf.menu("Webhooks")
    olaf.look("webhook-none")
    page.get_by_role("link", name="Create webhook").click()
    page.get_by_label("Name").fill("Order desk of the regional operations and provisioning centre, building seven")
    page.get_by_label("Target URL").fill("https://169.254.169.254/latest/meta-data/")
    page.get_by_role("button", name="Create webhook").click()
    expect(page.get_by_text("This host is not on the Internet.").first).to_be_visible()
    olaf.look("webhook-refused")
    page.get_by_label("Target URL").fill(f"{receiver.url}/{'long' * 40}")
    page.get_by_role("button", name="Create webhook").click()
    expect(page.get_by_text("Copy this now.")).to_be_visible()
    olaf.look("webhook-secret")
    page.get_by_role("link", name="I have copied it").click()


def when_it_is_tested(olaf: Visitor, receiver: Receiver) -> None:
    olaf.page.get_by_role("button", name="Send a test").click()
    expect(olaf.page.locator("#deliveries table").get_by_text("Delivered", exact=True)).to_be_visible(timeout=30_000)
    assert [got.headers["X-Portal-Event"] for got in receiver.received] == ["all.test"]


def when_a_customer_changes_while_the_system_is_busy(portal: Portal, receiver: Receiver) -> None:
    receiver.answer_with(503)
    portal.manage("shell", "-v", "0", "-c", RENAME)


def then_the_log_tells_both_tries(olaf: Visitor) -> None:
    page = olaf.page
    row = page.locator("#deliveries tr", has_text="Customers: updated").first
    for _ in range(30):
        page.reload()
        if row.get_by_text("Delivered", exact=True).is_visible():
            break
        page.wait_for_timeout(1000)
    olaf.look("webhook-detail")
    row.get_by_role("link").click()
    expect(page.locator("#panel").get_by_text("Answer 503")).to_be_visible()
    expect(page.locator("#panel").get_by_text("Answer 200")).to_be_visible()
    olaf.look("webhook-delivery")
    page.locator("#panel").get_by_role("button", name="Replay").click()
    expect(page.get_by_text("Customers: updated (replay)")).to_be_visible()


def when_it_is_switched_off_and_deleted(olaf: Visitor) -> None:
    page = olaf.page
    page.get_by_role("button", name="Switch off").click()
    expect(page.get_by_text("This webhook is switched off: nothing is sent")).to_be_visible()
    olaf.menu("Webhooks")
    olaf.look("webhook-list")
    page.get_by_role("link", name="Order desk").click()
    page.get_by_role("button", name="Delete…").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_text("No webhooks yet")).to_be_visible()
