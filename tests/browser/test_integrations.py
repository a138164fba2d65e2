"""OAuth2 in a real browser: register an integration, authorize it, come back with a code, use the API, withdraw."""

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Portal, Visitor

pytestmark = [pytest.mark.browser, pytest.mark.slow]
Arrive = Callable[[str], Visitor]
SCOPE = "spark-admin:wholesale_customers_read"


class Callback(BaseHTTPRequestHandler):
    """The integration's own page, on another address than the portal's."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>Order desk</title><link rel=icon href=data:,><p>Welcome back</p>")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
        """Say nothing."""


@pytest.fixture
def callback() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Callback)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/callback"
    server.shutdown()
    server.server_close()


def ask(portal: Portal, path: str, *, token: str = "", **form: str) -> tuple[int, Any]:
    """Status and JSON of a program's request."""
    data = urlencode(form).encode() if form else None
    request = urllib.request.Request(portal.url + path, data)  # noqa: S310 - our own portal
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    try:
        with urllib.request.urlopen(request) as response:  # noqa: S310
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def test_an_integration_from_its_registration_to_its_end(visitor: Arrive, portal: Portal, callback: str) -> None:
    paula = visitor("partner_full")
    paula.menu("Integrations")
    paula.look("integrations-none")
    paula.page.get_by_role("link", name="Register integration").click()
    paula.page.get_by_label("Name").fill("Order desk")
    paula.page.get_by_label("Redirect URIs").fill(callback)
    paula.page.get_by_label("See customers").check()
    paula.page.get_by_label("See the users of customers").check()
    paula.look("integration-form")
    paula.page.get_by_role("button", name="Register").click()
    expect(paula.page.get_by_text("Copy the secret now")).to_be_visible()
    paula.look("integration-secret")
    client_id, secret = paula.page.locator(".copy__value").all_inner_texts()
    paula.page.get_by_role("link", name="I have copied it").click()
    paula.look("integration-detail")
    assert secret not in paula.page.content()

    query = {"client_id": client_id, "response_type": "code", "redirect_uri": callback, "scope": SCOPE, "state": "s1"}
    paula.go("/v1/authorize?" + urlencode(query))
    expect(paula.page.get_by_role("heading", name="Authorize Order desk?")).to_be_visible()
    paula.look("integration-consent")
    # The browser itself must let the form lead there: the page's policy names this address and no other.
    paula.page.get_by_role("button", name="Authorize").click()
    expect(paula.page.get_by_text("Welcome back")).to_be_visible()
    back = parse_qs(urlsplit(paula.page.url).query)
    assert (paula.page.url.partition("?")[0], back["state"]) == (callback, ["s1"])

    who = {"client_id": client_id, "client_secret": secret}
    code = {"grant_type": "authorization_code", "code": back["code"][0], "redirect_uri": callback}
    status, answer = ask(portal, "/v1/access_token", **who, **code)
    assert (status, answer["scope"], answer["token_type"]) == (200, SCOPE, "Bearer")
    status, customers = ask(portal, "/v1/wholesale/customers", token=answer["access_token"])
    assert (status, len(customers["items"]) > 1) == (200, True)
    assert ask(portal, "/v1/wholesale/subscribers", token=answer["access_token"])[0] == 403

    paula.go("/account/integrations/")
    paula.look("authorized-integrations")
    paula.page.get_by_role("button", name="Withdraw the authorization of Order desk", exact=True).first.click()
    expect(paula.page.get_by_text("Order desk no longer acts in your name.")).to_be_visible()
    assert ask(portal, "/v1/wholesale/customers", token=answer["access_token"])[0] == 401

    logs = "".join(path.read_text(errors="replace") for path in (portal.data / "log").iterdir() if path.is_file())
    assert logs
    secrets = (secret, back["code"][0], answer["access_token"], answer["refresh_token"])
    assert [text for text in secrets if text in logs] == []
