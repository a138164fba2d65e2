"""The parts in a real browser: accessibility, the content security policy, and what portal.js adds."""

import re
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Route, expect

pytestmark = [pytest.mark.browser, pytest.mark.slow]
GALLERY = "/dev/components/"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("path", [GALLERY, "/login/", "/password/reset/", "/no-such-page/"])
def test_page_is_accessible_and_fits(
    browser: Browser, site: str, path: str, width: int, scheme: Literal["light", "dark"]
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme)
    page = context.new_page()
    page.goto(site + path)
    found = [f"{item['id']}: {item['nodes'][0]['target']}" for item in Axe().run(page).response["violations"]]
    widest = page.evaluate("document.documentElement.scrollWidth")
    context.close()
    assert (found, widest) == ([], width)


def test_menu_button_opens_the_navigation_on_a_phone_without_script(browser: Browser, site: str) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, java_script_enabled=False)
    page = context.new_page()
    page.goto(site + GALLERY)
    expect(page.get_by_role("navigation", name="Main")).to_be_hidden()
    page.get_by_role("button", name="Menu").click()
    expect(page.get_by_role("navigation", name="Main").get_by_role("link", name="Customers")).to_be_visible()
    context.close()


def test_theme_choice_is_remembered(page: Page, site: str) -> None:
    page.goto(site + GALLERY)
    page.get_by_role("button", name="Switch between light and dark").click()
    assert page.locator("html").get_attribute("data-theme") == "dark"
    page.reload()
    assert page.locator("html").get_attribute("data-theme") == "dark"


def test_escape_closes_the_panel_and_keeps_the_list(page: Page, site: str) -> None:
    page.goto(site + GALLERY)
    expect(page.get_by_role("heading", name="Acme Dental Group")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("heading", name="Acme Dental Group")).to_have_count(0)
    expect(page.get_by_role("table").first).to_be_visible()


def test_opening_a_panel_moves_the_focus_there_and_closing_gives_it_back(page: Page, site: str) -> None:
    page.goto(site + GALLERY)
    page.keyboard.press("Escape")
    panel = '<div><h2 tabindex="-1" data-panel-title>Bluebird</h2><a href="/dev/components/" data-panel-close>Close</a></div>'
    page.route("**/bluebird/", lambda route: route.fulfill(body=panel, content_type="text/html"))
    page.evaluate(
        """() => { const link = [...document.querySelectorAll("td a")].find((a) => a.textContent === "Bluebird Logistics");
        link.setAttribute("href", "/bluebird/"); link.setAttribute("hx-get", "/bluebird/"); link.setAttribute("hx-target", "#panel");
        htmx.process(link); }"""
    )
    link = page.get_by_role("link", name="Bluebird Logistics")
    link.click()
    expect(page.locator("[data-panel-title]")).to_be_focused()
    expect(link).to_have_attribute("aria-current", "true")
    page.keyboard.press("Escape")
    expect(link).to_be_focused()
    expect(link).not_to_have_attribute("aria-current", "true")


def test_dialog_opens_closes_and_gives_the_focus_back(page: Page, site: str) -> None:
    page.goto(site + GALLERY)
    opener = page.get_by_role("button", name="Delete template…")
    opener.click()
    expect(page.get_by_role("dialog", name="Delete this template?")).to_be_visible()
    page.get_by_role("button", name="Cancel", exact=True).last.click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(opener).to_be_focused()


def test_menu_opens_beside_its_button_inside_the_window(page: Page, site: str) -> None:
    page.goto(site + GALLERY)
    page.get_by_role("button", name="Account: Dana Demo").click()
    menu = page.locator("#account-menu")
    expect(menu).to_be_visible()
    box = menu.bounding_box()
    assert box is not None
    assert box["x"] + box["width"] <= 1280
    assert 40 <= box["y"] <= 64


def test_event_in_an_answer_becomes_a_toast_as_text(page: Page, site: str) -> None:
    page.goto(site + GALLERY)
    headers = {"HX-Trigger": '{"toast": {"level": "success", "message": "Saved <b>it</b>."}}'}
    page.route("**/answer/", lambda route: route.fulfill(body="ok", content_type="text/html", headers=headers))
    page.evaluate("htmx.ajax('GET', '/answer/', {target: '#kpis', swap: 'none'})")
    expect(page.locator("#toasts .toast--success")).to_have_text("Saved <b>it</b>.")


def test_bad_input_is_swapped_in_and_the_summary_gets_the_focus(page: Page, site: str) -> None:
    page.goto(site + GALLERY)
    body = '<div class="form-errors" tabindex="-1" data-focus-first>Please check what is marked below</div>'
    page.route("**/answer/", lambda route: route.fulfill(status=422, body=body, content_type="text/html"))
    page.evaluate("htmx.ajax('POST', '/answer/', {target: '#kpis'})")
    expect(page.locator("#kpis .form-errors")).to_be_focused()


@pytest.mark.parametrize(("status", "says"), [(403, "not allowed"), (404, "no longer exists"), (500, "our side")])
def test_other_errors_say_what_to_do_and_leave_the_page_alone(page: Page, site: str, status: int, says: str) -> None:
    page.goto(site + GALLERY)
    before = page.locator("#kpis").inner_text()
    page.route("**/answer/", lambda route: route.fulfill(status=status, body="<p>raw</p>", content_type="text/html"))
    page.evaluate("htmx.ajax('GET', '/answer/', {target: '#kpis'})")
    expect(page.locator("#toasts .toast--error")).to_contain_text(says)
    assert page.locator("#kpis").inner_text() == before


def test_a_whole_page_is_never_put_inside_a_page(page: Page, site: str) -> None:
    page.goto(site + GALLERY)
    body = "<!doctype html><html><body><main>Sign in</main></body></html>"
    page.route("**/answer/", lambda route: route.fulfill(body=body, content_type="text/html"))
    page.evaluate("htmx.ajax('GET', '/answer/', {target: '#kpis'})")
    expect(page.locator("#toasts .toast--warning")).to_contain_text("Reload the page")
    expect(page.get_by_role("main")).to_have_count(1)


def test_lost_server_shows_a_notice_that_leaves_when_it_is_back(page: Page, site: str) -> None:
    answers = [503, 200]

    def ready(route: Route) -> None:
        route.fulfill(status=answers.pop(0), body="{}")

    page.clock.install()
    page.goto(site + GALLERY)
    page.route("**/answer/", lambda route: route.fulfill(status=503, body=""))
    page.route("**/readyz", ready)
    page.evaluate("() => { htmx.ajax('GET', '/answer/', {target: '#kpis'}); }")
    expect(page.locator("#lost-server")).to_be_visible()
    page.clock.run_for(3100)
    expect(page.locator("#lost-server")).to_be_visible()
    page.wait_for_timeout(100)
    page.clock.run_for(3100)
    expect(page.locator("#lost-server")).to_be_hidden()
    expect(page.locator("#toasts .toast--success")).to_contain_text("The connection is back")


def test_no_script_or_style_is_inline(page: Page, site: str) -> None:
    response = page.goto(site + GALLERY)
    assert response is not None
    policy = response.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert re.search(r"script-src 'self'(;|$)", policy)
