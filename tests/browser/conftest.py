"""The whole portal, started as a stranger would start it, and visitors with a real browser."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.live_portal import free_port, temporary_data_folder

ROOT = Path(__file__).resolve().parents[2]
SHOTS = ROOT / "test-results"
CHROMIUM = Path("/usr/bin/chromium")
# Without these Chromium asks hosts on the Internet at every start.
FLAGS = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
NOT_INHERITED = ("DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE", "BASE_URL", "PORTAL_DATA_DIR", "SECRET_KEY")


@dataclass
class Portal:
    """A running portal: its address, its data folder, and its commands."""

    url: str
    data: Path
    environment: dict[str, str]

    def manage(self, *words: str) -> str:
        """Run a management command against this portal and return what it printed."""
        command = [sys.executable, str(ROOT / "manage.py"), *words]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def query(self, sql: str) -> list[list[Any]]:
        """Rows of the portal's database, asked past the application."""
        code = (
            "import json; from django.db import connection\n"
            f"with connection.cursor() as c: c.execute({sql!r}); print('ROWS' + json.dumps(c.fetchall(), default=str))"
        )
        out = self.manage("shell", "-v", "0", "-c", code)
        return json.loads(next(line for line in out.splitlines() if line.startswith("ROWS"))[4:])


@pytest.fixture(scope="session")
def portal() -> Iterator[Portal]:
    """`manage.py up` with everything real: PostgreSQL, Valkey, web, worker and beat, and the demo's story."""
    with temporary_data_folder() as data:
        environment = {name: value for name, value in os.environ.items() if name not in NOT_INHERITED}
        environment |= {"PORTAL_DATA_DIR": str(data), "SIMULATED_WEBEX_DELAY_MS": "150", "WEBHOOK_ALLOW_LOCAL": "1"}
        portal = Portal(f"http://localhost:{free_port()}", data, environment)
        portal.manage("up", "--detach", "--port", portal.url.rpartition(":")[2])
        yield portal
        portal.manage("down")


@pytest.fixture(scope="session")
def logins(portal: Portal) -> dict[str, dict[str, str]]:
    """The demo accounts by role, as `demo_info --json` prints them."""
    info = json.loads(portal.manage("demo_info", "--json").splitlines()[-1])
    return {login["role"]: login for login in info["logins"]}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip("Debian's chromium is not installed")
    SHOTS.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield browser
        browser.close()


@dataclass
class Visitor:
    """Somebody at a browser. Complaints of the console (a policy violation is one) are kept."""

    page: Page
    portal: Portal
    complaints: list[str]

    def go(self, path: str) -> None:
        self.page.goto(path if path.startswith("http") else self.portal.url + path)

    def menu(self, name: str) -> None:
        """Choose an entry of the side navigation and wait for its page."""
        self.page.get_by_role("navigation", name="Main").get_by_role("link", name=name, exact=True).click()
        expect(self.page.get_by_role("heading", level=1)).to_be_visible()

    def look(self, name: str) -> None:
        """Take pictures, light, dark and on a phone, and ask axe about each. No violation is accepted."""
        found = []
        for scheme, width in (("light", 1280), ("dark", 1280), ("light", 390)):
            self.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            self.page.set_viewport_size({"width": width, "height": 844})
            self.page.wait_for_timeout(150)
            self.page.screenshot(path=SHOTS / f"{name}-{width}-{scheme}.png")
            violations = Axe().run(self.page).response["violations"]
            found += [f"{width} {scheme} {v['id']}: {v['nodes'][0]['target']}" for v in violations]
            assert self.page.evaluate("document.documentElement.scrollWidth") <= width, (name, width)
        self.page.emulate_media(color_scheme="light")
        self.page.set_viewport_size({"width": 1280, "height": 844})
        assert found == [], name


@pytest.fixture
def visitor(browser: Browser, portal: Portal, logins: dict[str, dict[str, str]]) -> Iterator[Callable[[str], Visitor]]:
    """A factory of signed-in visitors, by demo role, each in a browser of his own."""
    contexts, visitors = [], []

    def arrive(role: str) -> Visitor:
        context = browser.new_context(viewport={"width": 1280, "height": 844}, accept_downloads=True)
        context.set_default_timeout(15_000)
        contexts.append(context)
        someone = Visitor(context.new_page(), portal, [])
        visitors.append(someone)
        someone.page.on("console", lambda m: someone.complaints.append(m.text) if m.type == "error" else None)
        someone.page.on("pageerror", lambda error: someone.complaints.append(str(error)))
        sign_in(someone, logins[role])
        return someone

    yield arrive
    for number, someone in enumerate(visitors):
        someone.page.screenshot(path=SHOTS / f"last-seen-{number}.png")  # what a failed test was looking at
    for context in contexts:
        context.close()
    assert [text for someone in visitors for text in someone.complaints if "status of 4" not in text] == []


def sign_in(someone: Visitor, login: dict[str, str]) -> None:
    someone.go("/login/")
    someone.page.get_by_label("Email").fill(login["email"])
    someone.page.get_by_label("Password", exact=True).fill(login["password"])
    someone.page.get_by_role("button", name="Sign in").click()
    someone.page.wait_for_url(lambda url: "/login/" not in url)
