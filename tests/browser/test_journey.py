"""A service provider's first day, in a real browser, with a real worker and beat (items 2 to 8 of the first issue)."""

import csv
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect
from python_calamine import CalamineWorkbook

from tests.browser.conftest import Portal, Visitor

pytestmark = [pytest.mark.browser, pytest.mark.slow]
Arrive = Callable[[str], Visitor]
# The second opinion about a report: every interval of the partner, clamped to the period.
SECONDS_USED = """
    SELECT sum(extract(epoch FROM least(coalesce(ended_at, 'infinity'), '{after} 00:00Z') - greatest(started_at, '{first} 00:00Z')))
    ::bigint FROM controlhub_packageassignment JOIN tenancy_partner ON tenancy_partner.id = partner_id
    WHERE name = 'Northwind Voice' AND started_at < '{after} 00:00Z' AND coalesce(ended_at, 'infinity') > '{first} 00:00Z'
"""


def next_page(page: Page) -> None:
    page.get_by_role("button", name="Next").click()


def test_from_template_to_running_customer(visitor: Arrive, portal: Portal) -> None:
    paula = visitor("partner_full")
    given_an_onboarding_template(paula)
    when_a_customer_is_created(paula)
    then_it_is_provisioned_while_one_watches(paula)
    when_it_is_set_up_with_people(paula)
    then_control_hub_shows_them(paula)
    then_the_database_agrees(portal)


def given_an_onboarding_template(paula: Visitor) -> None:
    page = paula.page
    paula.look("partner-overview")
    paula.menu("Onboarding templates")
    paula.look("template-list")
    page.get_by_role("link", name="Create template").or_(
        page.get_by_role("button", name="Create template")
    ).first.click()
    paula.look("template-product")
    next_page(page)
    next_page(page)
    expect(page.get_by_text("Enter a template name.").first).to_be_visible()
    page.get_by_label("Template name").fill("Small offices")
    paula.look("template-primary")
    next_page(page)
    expect(page.get_by_role("heading", name="Wholesale calling")).to_be_visible()
    page.go_back()  # to the page that had an error: it is asked for again, not sent again
    expect(page.get_by_label("Template name")).to_have_value("Small offices")
    page.go_forward()
    paula.look("template-calling")
    next_page(page)
    paula.look("template-authentication")
    next_page(page)
    paula.look("template-email-call")
    next_page(page)
    paula.look("template-summary")
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_role("heading", name="Small offices")).to_be_visible()
    paula.look("template-panel")


def when_a_customer_is_created(paula: Visitor) -> None:
    page = paula.page
    paula.menu("Customers")
    paula.look("customer-list")
    page.get_by_role("link", name="Create wholesale customer").or_(
        page.get_by_role("button", name="Create wholesale customer")
    ).first.click()
    page.get_by_label("Onboarding template").select_option(label="Small offices")
    page.get_by_label("Company name").fill("Pinecrest Veterinary")
    page.get_by_label("Administrator email").fill("owner@pinecrest.example.com")
    page.get_by_label("Street address").fill("10 Elm Street")
    page.get_by_label("City").fill("Denver")
    page.get_by_label("State").select_option("CO")
    page.get_by_label("Postal code").fill("8020")
    next_page(page)
    expect(page.get_by_text("This is not a postal code of United States").last).to_be_visible()
    expect(page.get_by_label("Company name")).to_have_value("Pinecrest Veterinary")
    paula.look("customer-info-errors")
    page.get_by_label("Postal code").fill("80202")
    page.get_by_label("supported location").check()
    next_page(page)
    page.get_by_label("Webex Calling", exact=True).check()
    page.get_by_label("Webex Meetings").check()
    paula.look("customer-packages")
    next_page(page)
    paula.look("customer-headquarters")
    next_page(page)
    paula.look("customer-summary")
    page.get_by_role("button", name="Create customer").click()


def then_it_is_provisioned_while_one_watches(paula: Visitor) -> None:
    page = paula.page
    expect(page.get_by_role("heading", name="Pinecrest Veterinary")).to_be_visible()
    paula.look("customer-in-progress")
    expect(page.get_by_text("Send the invitation")).to_be_visible()
    launch = page.locator("#panel").get_by_role("button", name="Launch Control Hub")
    expect(launch).to_be_enabled(timeout=40_000)
    paula.look("customer-provisioned")


def when_it_is_set_up_with_people(paula: Visitor) -> None:
    page = paula.page
    page.locator("#panel").get_by_role("button", name=re.compile("Set up customer|Add users")).first.click()
    expect(page.get_by_role("heading", name="Set up customer")).to_be_visible()
    next_page(page)
    expect(page.get_by_text("Confirm the address of Headquarters").first).to_be_visible()
    paula.look("setup-locations-errors")
    page.get_by_label("This address is right").check()
    next_page(page)
    people = [
        ("Mara", "Meadows", "webex_calling"),
        ("Nils", "Northgate", "webex_calling"),
        ("Oona", "Oakhurst", "webex_meetings"),
    ]
    for row, (first, last, package) in enumerate(people):
        page.locator(f"[name='users-{row}-first_name']").fill(first)
        page.locator(f"[name='users-{row}-last_name']").fill(last)
        page.locator(f"[name='users-{row}-email']").fill(f"{first}@pinecrest.example.com".lower())
        page.locator(f"[name='users-{row}-package']").select_option(package)
    paula.look("setup-users")
    next_page(page)
    for row in range(2):
        page.get_by_label("Extension").nth(row).fill(str(2001 + row))
    paula.look("setup-numbers")
    next_page(page)
    paula.look("setup-summary")
    page.get_by_role("button", name="Create users").click()


def then_control_hub_shows_them(paula: Visitor) -> None:
    page = paula.page
    expect(page.get_by_text("Paula Pemberton").first).to_be_visible()
    paula.menu("Users")
    for name in ("Mara Meadows", "Nils Northgate", "Oona Oakhurst"):
        expect(page.get_by_role("link", name=name)).to_be_visible()
    paula.look("users")
    page.get_by_role("link", name="Oona Oakhurst").click()
    paula.look("user")
    page.get_by_role("link", name=re.compile("Change package")).first.click()
    page.locator("[name=package][value=webex_calling]").check()
    expect(page.get_by_text("is billed from that second on")).to_be_visible()
    page.get_by_label("Extension").fill("2003")
    paula.look("user-package")
    page.get_by_role("button", name="Change", exact=True).click()
    expect(page.get_by_text("Webex Calling").first).to_be_visible()
    for name in ("Overview", "Locations", "Numbers", "Workspaces", "Account"):
        paula.menu(name)
        paula.look(f"control-hub-{name.lower()}")
    page.get_by_role("button", name="End session").click()
    page.wait_for_url("**/partner/**")


def then_the_database_agrees(portal: Portal) -> None:
    open_intervals = portal.query(
        "SELECT s.email, a.package FROM controlhub_packageassignment a JOIN controlhub_subscriber s ON s.id = a.subscriber_id "
        "WHERE s.email LIKE '%@pinecrest.example.com' AND a.ended_at IS NULL ORDER BY 1"
    )
    assert open_intervals == [
        ["mara@pinecrest.example.com", "webex_calling"],
        ["nils@pinecrest.example.com", "webex_calling"],
        ["oona@pinecrest.example.com", "webex_calling"],
    ]
    assert "invariants hold" in portal.manage("invariants", "--verify-hashes")


def test_retry_mends_only_what_failed(visitor: Arrive, portal: Portal) -> None:
    paula = visitor("partner_full")
    page = paula.page
    paula.menu("Customers")
    page.get_by_role("link", name="Delta Cooperative Bakery").click()
    expect(page.get_by_text("not offered in this region").first).to_be_visible()
    paula.look("customer-with-errors")
    page.get_by_role("button", name="Retry").click()
    expect(page.locator("#panel").get_by_text("Active").first).to_be_visible(timeout=30_000)
    effects = portal.query(
        "SELECT operation FROM provisioning_simulatedeffect WHERE payload::text LIKE '%cx_essentials%'"
    )
    assert effects == [["enable_package"]]


def test_a_billing_report_is_right_to_the_second(visitor: Arrive, portal: Portal) -> None:
    paula = visitor("partner_full")
    page = paula.page
    end = datetime.now(UTC).date() - timedelta(days=1)
    start = end - timedelta(days=20)
    paula.menu("Billing reports")
    page.get_by_role("link", name="Create report").first.click()
    page.get_by_label("First day").fill(start.isoformat())
    page.get_by_label("Last day").fill(datetime.now(UTC).date().isoformat())
    page.get_by_label(re.compile("^User")).check()
    page.get_by_role("button", name="Create report").click()
    expect(page.get_by_text(re.compile("today", re.IGNORECASE)).first).to_be_visible()
    paula.look("report-create-errors")
    page.get_by_label("Last day").fill(end.isoformat())
    page.get_by_role("button", name="Create report").click()
    download = page.get_by_role("link", name=re.compile("Download"))
    expect(download.first).to_be_visible(timeout=40_000)
    paula.look("report-detail")
    with page.expect_download() as saved:
        download.first.click()
    with open(saved.value.path(), newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    # The second opinion knows intervals only: neither corrections nor Setup Assist, which is counted, not timed.
    used = [row for row in rows if not row["DESCRIPTION"].startswith(("Adjustment", "Wholesale Setup Assist"))]
    total = sum(round(float(row["QUANTITY"]) * 86_400) for row in used)
    expected = portal.query(SECONDS_USED.format(first=start, after=end + timedelta(days=1)))
    assert [[total]] == expected
    page.get_by_role("button", name="Make XLSX").click()
    workbook = page.get_by_role("link", name="Download XLSX")
    expect(workbook).to_be_visible(timeout=40_000)
    paula.look("report-xlsx")
    with page.expect_download() as saved:
        workbook.click()
    [sheet] = CalamineWorkbook.from_path(str(saved.value.path())).sheet_names
    cells = CalamineWorkbook.from_path(str(saved.value.path())).get_sheet_by_name(sheet).to_python()
    assert [row[8] for row in cells[1:]] == [float(row["QUANTITY"]) for row in rows]
    paula.menu("Billing reports")
    paula.look("report-list")


def test_setup_assist_is_ordered_and_taken_back(visitor: Arrive) -> None:
    paula = visitor("partner_full")
    page = paula.page
    paula.menu("Setup Assist")
    paula.look("setup-assist-list")
    page.get_by_role("table").get_by_role("link").first.click()
    expect(page.get_by_role("heading", name="Phases")).to_be_visible()
    paula.look("setup-assist-order")
    paula.menu("Customers")
    page.get_by_role("link", name="Acme Dental Group").first.click()
    page.get_by_role("link", name="Order Setup Assist").click()
    page.get_by_role("button", name="Order Setup Assist").click()
    expect(page.get_by_text("Choose a location.").first).to_be_visible()
    paula.look("setup-assist-form")
    page.get_by_label(re.compile("^Headquarters")).check()
    page.get_by_label("Go live").fill(page.get_by_label("Go live").get_attribute("min") or "")
    page.get_by_label("Contact at the customer").fill("Kim Contact")
    page.get_by_label("Contact's phone").fill("+1 217 555 0100")
    page.get_by_role("button", name="Order Setup Assist").click()
    expect(page.get_by_text("The team has not begun yet.")).to_be_visible()
    page.get_by_role("button", name="Cancel order").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel order").click()
    expect(page.get_by_text("is cancelled and not billed")).to_be_visible()


def test_the_restricted_administrator_sees_the_banner_and_no_door_opens(visitor: Arrive) -> None:
    carl = visitor("customer_restricted")
    page = carl.page
    expect(page.get_by_text("Restricted by Partner Mode").first).to_be_visible()
    carl.look("restricted-overview")
    carl.menu("Users")
    carl.look("restricted-users")
    users = page.url
    for door in ("add/", "../setup/"):
        answer = page.goto(users + door)
        assert answer is not None
        assert answer.status == 403
    carl.look("forbidden")
    answer = page.goto(users.replace("/users/", "/nowhere/"))
    assert answer is not None
    assert answer.status == 404
    carl.look("not-found")


def test_the_unrestricted_administrator_may_add_users(visitor: Arrive) -> None:
    carla = visitor("customer_full")
    carla.menu("Users")
    carla.look("customer-full-users")
    answer = carla.page.goto(carla.page.url + "add/")
    assert answer is not None
    assert answer.status == 200
    expect(carla.page.get_by_text("limit reached", exact=False).first).to_be_attached()


@pytest.mark.parametrize(
    "role", ["partner_readonly", "helpdesk", "subpartner_full", "customer_readonly", "partner_admin"]
)
def test_everybody_else_lands_and_looks_around(visitor: Arrive, role: str) -> None:
    somebody = visitor(role)
    links = somebody.page.get_by_role("navigation", name="Main").get_by_role("link")
    for name in links.all_inner_texts():
        somebody.menu(name.strip())
        somebody.look(f"{role}-{name.strip().lower().replace(' ', '-')}")
