"""An integration, as its programmers and the people who use it know it."""

import base64
import hashlib
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from django.http import HttpResponse
from django.test import Client

from tenancy.integrations import Wish, register_integration
from tenancy.tokens import Scope
from tests.cast import Cast

SignIn = Callable[[str], Client]
BACK = "https://desk.example.com/oauth/callback"
SCOPES = [Scope.CUSTOMERS_READ, Scope.SUBSCRIBERS_READ]
VERIFIER = "v" * 50
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")


class Desk:
    """An integration as its programmers know it: an id, a secret, and two addresses."""

    def __init__(self, cast: Cast, **wish: Any) -> None:
        asked = {"name": "Order desk", "scopes": SCOPES, "redirect_uris": [BACK], "by_itself": True} | wish
        by = cast.actor("partner_full")
        self.row, self.secret = register_integration(partner=cast.north, wish=Wish(**asked), by=by)

    def asking(self, **changes: str | None) -> str:
        """The address to which it sends people."""
        query = {
            "client_id": self.row.pk,
            "response_type": "code",
            "redirect_uri": BACK,
            "scope": " ".join(SCOPES),
            "state": "xyz",
        } | changes
        return "/v1/authorize?" + urlencode({name: value for name, value in query.items() if value is not None})

    def code(self, browser: Client, **changes: str | None) -> str:
        """What comes back when somebody accepts."""
        response = browser.post(self.asking(**changes), {"decision": "accept"})
        return sent_back(response)["code"]

    def take(self, **fields: str | None) -> HttpResponse:
        """Ask for a token."""
        body = {"client_id": self.row.pk, "client_secret": self.secret} | fields
        data = urlencode({name: value for name, value in body.items() if value is not None})
        return Client(enforce_csrf_checks=True).generic(
            "POST", "/v1/access_token", data, content_type="application/x-www-form-urlencoded"
        )

    def redeem(self, code: str, **fields: str | None) -> HttpResponse:
        return self.take(grant_type="authorization_code", code=code, redirect_uri=BACK, **fields)

    def refresh(self, token: str, **fields: str | None) -> HttpResponse:
        return self.take(grant_type="refresh_token", refresh_token=token, **fields)


def sent_back(response: HttpResponse) -> dict[str, str]:
    """The query with which a browser is sent to the integration, and to no other place."""
    location = urlsplit(response.headers["Location"])
    assert (response.status_code, f"{location.scheme}://{location.netloc}{location.path}") == (302, BACK)
    return {name: values[0] for name, values in parse_qs(location.query).items()}


def refused(response: HttpResponse) -> tuple[int, str]:
    """Status and error of an answer in the shape of RFC 6749 5.2."""
    assert set(response.json()) <= {"error", "error_description"}, response.content
    assert response.headers["Cache-Control"] == "no-store"
    return response.status_code, response.json()["error"]
