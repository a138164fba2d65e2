"""Every page in Control Hub's navigation, as each kind of administrator, light, dark and on a phone, with axe."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Portal, Visitor, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.slow]
Arrive = Callable[[str], Visitor]
PASSWORD = "A-location-of-my-own-2026"
# A location administrator is made past the pages: the demo has none.
LOCATION_ADMIN = """
from controlhub.models import Location, LocationAdminScope
from tenancy.models import AdminUser, RoleAssignment
branch = Location.objects.get(name="Evanston Branch", customer__name="Acme Dental Group")
admin = AdminUser.objects.create_user("evan@acmedental.example.com", "{password}", full_name="Evan Evergreen")
role = RoleAssignment.objects.create(admin=admin, role="customer_location", customer=branch.customer)
LocationAdminScope.objects.create(role_assignment=role, location=branch, slot=1)
"""


def look_at_everything(somebody: Visitor, name: str) -> list[str]:
    """Walk the navigation; returns the entries seen."""
    links = somebody.page.get_by_role("navigation", name="Main").get_by_role("link")
    entries = [text.strip() for text in links.all_inner_texts()]
    for entry in entries:
        somebody.menu(entry)
        somebody.look(f"{name}-{entry.lower().replace(' ', '-')}")
    return entries


def test_a_restricted_administrator(visitor: Arrive) -> None:
    carl = visitor("customer_restricted")
    entries = look_at_everything(carl, "restricted")
    assert {"Overview", "Users", "Locations", "Numbers", "Account", "Audit"} <= set(entries)
    expect(carl.page.get_by_text("Restricted by Partner Mode is on").first).to_be_visible()


def test_an_unrestricted_administrator(visitor: Arrive) -> None:
    carla = visitor("customer_full")
    look_at_everything(carla, "unrestricted")
    expect(carla.page.get_by_text("Restricted by Partner Mode is on")).to_have_count(0)


def test_a_read_only_administrator(visitor: Arrive) -> None:
    look_at_everything(visitor("customer_readonly"), "read-only")


def test_a_location_administrator_sees_his_location_only(visitor: Arrive, portal: Portal) -> None:
    portal.manage("shell", "-v", "0", "-c", LOCATION_ADMIN.format(password=PASSWORD))
    evan = visitor("customer_readonly")
    evan.page.context.clear_cookies()
    sign_in(evan, {"email": "evan@acmedental.example.com", "password": PASSWORD})
    entries = look_at_everything(evan, "location-admin")
    assert "Account" not in entries
    evan.menu("Locations")
    expect(evan.page.get_by_role("link", name="Evanston Branch")).to_be_visible()
    expect(evan.page.get_by_text("Headquarters")).to_have_count(0)


def test_help_desk_inside_a_customer_looks_and_touches_nothing(visitor: Arrive, portal: Portal) -> None:
    hugo = visitor("helpdesk")
    hugo.menu("Customers")
    hugo.page.get_by_role("link", name="Bluebird Logistics").click()
    hugo.page.locator("#panel").get_by_role("button", name="Launch Control Hub").click()
    expect(hugo.page.get_by_text("Hugo Hallmark").first).to_be_visible()
    look_at_everything(hugo, "helpdesk-launched")
    answer = hugo.page.goto(hugo.page.url.partition("/org/")[0] + _add_users_url(portal))
    assert answer is not None
    assert answer.status == 403


def _add_users_url(portal: Portal) -> str:
    rows = portal.query("SELECT public_id FROM tenancy_customer WHERE name = 'Bluebird Logistics'")
    return f"/org/{rows[0][0]}/users/add/"


def test_a_user_moves_after_the_impact_was_shown(visitor: Arrive) -> None:
    carla = visitor("customer_full")
    carla.menu("Users")
    users = carla.page.locator("tbody tr")
    users.filter(has_text="Headquarters").filter(has_text="+1206").nth(1).get_by_role("link").click()
    carla.page.get_by_role("link", name="Move to another location").click()
    carla.page.get_by_label("New location").select_option(label="Tacoma Depot")
    carla.page.get_by_label("Extension").fill("911")
    carla.page.get_by_role("button", name="Check impact").click()
    expect(carla.page.get_by_text("(Code 4911)").first).to_be_visible()
    carla.page.get_by_label("Extension").fill("4711")
    carla.look("move-refused")
    carla.page.get_by_role("button", name="Check impact").click()
    expect(carla.page.get_by_text("moves along and becomes a number of Tacoma Depot")).to_be_visible()
    carla.look("move-impact")
    carla.page.get_by_role("button", name="Move", exact=True).click()
    expect(carla.page.get_by_role("link", name="Tacoma Depot")).to_be_visible()
    expect(carla.page.get_by_role("heading", name="Move users")).to_be_visible()
    expect(carla.page.get_by_text("Done.")).to_be_visible(timeout=20_000)
    carla.look("move-done")


def test_users_move_together_after_a_report_about_each(visitor: Arrive) -> None:
    carla = visitor("customer_full")
    carla.menu("Users")
    for number in range(8):
        carla.page.locator("input[name=u]").nth(number).check()
    carla.page.get_by_role("button", name="Move to another location").click()
    carla.page.get_by_label("New location", exact=True).select_option(label="Tacoma Depot")
    carla.page.get_by_role("button", name="Check impact").click()
    expect(carla.page.get_by_role("heading", name="Cannot move")).to_be_visible()
    carla.look("move-report")
    carla.page.get_by_role("button", name="Move").first.click()
    expect(carla.page.get_by_text("Left where they are")).to_be_visible()
    carla.look("move-many-done")
