"""OAuth2 at Webex's own paths: people are asked at /v1/authorize, and what comes back works once."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from tenancy.models import ApiToken, AuditEvent, Authorization, Integration, RefreshToken
from tenancy.tokens import Scope, bearer_of
from tests.api.conftest import ApiClient
from tests.api.oauth_desk import BACK, CHALLENGE, SCOPES, VERIFIER, Desk, SignIn, refused, sent_back
from tests.cast import Cast

ELSEWHERE = [
    BACK + "/",
    BACK + "?next=https://evil.example.com",
    BACK + "#x",
    BACK.upper(),
    "https://desk.example.com.evil.example.com/oauth/callback",
    "https://desk.example.com:444/oauth/callback",
    "https://user@desk.example.com/oauth/callback",
    "https://desk.example.com/oauth/../oauth/callback",
    "http://desk.example.com/oauth/callback",
    "//evil.example.com",
    "javascript:alert(1)",
    "https://evil.example.com/%0d%0aSet-Cookie:x",
    "",
    None,
]


class TestAuthorizationCode:
    """A person accepts, and the integration acts in his name."""

    def test_the_answer_is_webexs(self, desk: Desk, sign_in: SignIn) -> None:
        response = desk.redeem(desk.code(sign_in("partner_full")))
        answer = response.json()
        assert (response.status_code, response.headers["Content-Type"]) == (200, "application/json")
        assert (answer.pop("access_token")[:4], answer.pop("refresh_token")[:4]) == ("wsp_", "wsr_")
        assert answer == {
            "expires_in": 1209600,
            "refresh_token_expires_in": 7776000,
            "token_type": "Bearer",
            "scope": "spark-admin:wholesale_customers_read spark-admin:wholesale_subscribers_read",
        }

    def test_the_token_passes_the_same_door_as_any_other(self, cast: Cast, desk: Desk, sign_in: SignIn) -> None:
        token = desk.redeem(desk.code(sign_in("partner_full"), scope=Scope.CUSTOMERS_READ)).json()["access_token"]
        client = ApiClient(token)
        assert client.get("/wholesale/customers").status_code == 200
        assert client.get("/wholesale/subscribers").status_code == 403  # not among the scopes that were asked for
        row = ApiToken.objects.get()
        assert (row.admin, row.scopes, row.last_used_at is not None) == (
            cast.admins["partner_full"],
            [Scope.CUSTOMERS_READ],
            True,
        )

    def test_the_page_names_integration_account_and_scopes_in_plain_words(self, desk: Desk, sign_in: SignIn) -> None:
        response = sign_in("partner_full").get(desk.asking())
        page = response.content.decode()
        for text in ("Order desk", "Northwind Voice", "Paula Full", "See the users of customers and their packages"):
            assert text in page
        assert "form-action 'self' https://desk.example.com" in response.headers["Content-Security-Policy"]
        assert not Authorization.objects.exists()

    def test_whoever_is_not_signed_in_signs_in_first_and_comes_back(self, desk: Desk) -> None:
        response = Client().get(desk.asking())
        location = urlsplit(response.headers["Location"])
        assert (location.path, parse_qs(location.query)) == ("/login/", {"next": [desk.asking()]})

    def test_declining_gives_nothing(self, desk: Desk, sign_in: SignIn) -> None:
        response = sign_in("partner_full").post(desk.asking(), {"decision": "decline"})
        assert sent_back(response) == {"error": "access_denied", "state": "xyz"}
        assert not Authorization.objects.exists()

    def test_a_foreign_page_cannot_accept_for_anybody(self, cast: Cast, desk: Desk) -> None:
        browser = Client(enforce_csrf_checks=True)
        browser.force_login(cast.admins["partner_full"])
        response = browser.post(desk.asking(), {"decision": "accept"})
        assert (response.status_code, response.headers["Content-Type"]) == (403, "text/html; charset=utf-8")
        assert not Authorization.objects.exists()

    def test_it_is_in_the_audit_log_and_no_secret_is(self, desk: Desk, sign_in: SignIn) -> None:
        code = desk.code(sign_in("partner_full"))
        answer = desk.redeem(code).json()
        told = str(list(AuditEvent.objects.values()))
        assert "authorized the integration Order desk" in told
        for secret in (code, desk.secret, answer["access_token"], answer["refresh_token"]):
            assert secret not in told
            assert secret not in str(list(Authorization.objects.values()) + list(ApiToken.objects.values()))
            assert secret not in str(list(Integration.objects.values()) + list(RefreshToken.objects.values()))

    def test_the_scope_of_webexs_messages_is_ignored(self, desk: Desk, sign_in: SignIn) -> None:
        code = desk.code(sign_in("partner_full"), scope=f"spark:kms {Scope.CUSTOMERS_READ}")
        assert desk.redeem(code).json()["scope"] == Scope.CUSTOMERS_READ

    def test_without_scopes_all_of_the_integration_are_asked_for(self, desk: Desk, sign_in: SignIn) -> None:
        assert desk.redeem(desk.code(sign_in("partner_full"), scope=None)).json()["scope"] == " ".join(SCOPES)


class TestCode:
    """A code works once, for a minute, for whom it was made."""

    def test_a_second_use_ends_everything_that_came_from_it(self, desk: Desk, sign_in: SignIn) -> None:
        code = desk.code(sign_in("partner_full"))
        answer = desk.redeem(code).json()
        assert bearer_of(answer["access_token"]) is not None
        assert refused(desk.redeem(code)) == (400, "invalid_grant")
        assert bearer_of(answer["access_token"]) is None
        assert refused(desk.refresh(answer["refresh_token"])) == (400, "invalid_grant")
        assert AuditEvent.objects.filter(action="integration.reuse_detected").count() == 1

    def test_after_a_minute_it_is_worth_nothing(self, desk: Desk, sign_in: SignIn) -> None:
        code = desk.code(sign_in("partner_full"))
        with time_machine.travel(timezone.now() + timedelta(seconds=61), tick=False):
            assert refused(desk.redeem(code)) == (400, "invalid_grant")
        assert not ApiToken.objects.exists()

    def test_another_integration_cannot_use_it(self, cast: Cast, desk: Desk, sign_in: SignIn) -> None:
        other, code = Desk(cast, name="Other"), desk.code(sign_in("partner_full"))
        assert refused(other.redeem(code)) == (400, "invalid_grant")
        assert desk.redeem(code).status_code == 200  # and by trying has not spoilt it

    @pytest.mark.parametrize("uri", [BACK + "/", BACK + "?x=1", "https://evil.example.com/", None])
    def test_the_redirect_address_must_be_the_same_again(self, desk: Desk, sign_in: SignIn, uri: str | None) -> None:
        code = desk.code(sign_in("partner_full"))
        response = desk.take(grant_type="authorization_code", code=code, redirect_uri=uri)
        assert refused(response) == (400, "invalid_request")
        assert not ApiToken.objects.exists()

    def test_of_a_closed_account_it_is_worth_nothing(self, cast: Cast, desk: Desk, sign_in: SignIn) -> None:
        code = desk.code(sign_in("partner_full"))
        cast.admins["partner_full"].is_active = False
        cast.admins["partner_full"].save(update_fields=["is_active"])
        assert refused(desk.redeem(code)) == (400, "invalid_grant")


class TestPkce:
    """A challenge is kept, and only its verifier opens it."""

    ASKED = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}

    def test_the_verifier_opens_it(self, desk: Desk, sign_in: SignIn) -> None:
        code = desk.code(sign_in("partner_full"), **self.ASKED)
        assert desk.redeem(code, code_verifier=VERIFIER).status_code == 200

    @pytest.mark.parametrize(
        ("verifier", "error"), [("w" * 50, "invalid_grant"), (CHALLENGE, "invalid_grant"), (None, "invalid_request")]
    )
    def test_nothing_else_does(self, desk: Desk, sign_in: SignIn, verifier: str | None, error: str) -> None:
        code = desk.code(sign_in("partner_full"), **self.ASKED)
        assert refused(desk.redeem(code, code_verifier=verifier)) == (400, error)

    def test_a_challenge_that_was_taken_out_on_the_way_is_noticed(self, desk: Desk, sign_in: SignIn) -> None:
        code = desk.code(sign_in("partner_full"))
        assert refused(desk.redeem(code, code_verifier=VERIFIER)) == (400, "invalid_grant")

    @pytest.mark.parametrize(
        "asked",
        [
            {"code_challenge": CHALLENGE, "code_challenge_method": "plain"},
            {"code_challenge": CHALLENGE},
            {"code_challenge": "c" * 5000, "code_challenge_method": "S256"},
        ],
    )
    def test_only_sha_256_is_taken(self, desk: Desk, sign_in: SignIn, asked: dict[str, str]) -> None:
        assert sent_back(sign_in("partner_full").get(desk.asking(**asked)))["error"] == "invalid_request"


class TestNoOpenRedirect:
    """Nobody is ever sent to an address that was not registered, letter by letter."""

    @pytest.mark.parametrize("method", ["get", "post"])
    def test_a_page_says_so_instead(self, desk: Desk, sign_in: SignIn, method: str) -> None:
        browser = sign_in("partner_full")
        for uri in ELSEWHERE:
            address = desk.asking(redirect_uri=uri)
            response = browser.get(address) if method == "get" else browser.post(address, {"decision": "accept"})
            assert (response.status_code, "Location" in response.headers) == (400, False), uri
            assert b"cannot be authorized" in response.content, uri
        assert not Authorization.objects.exists()
        assert sent_back(browser.post(desk.asking(), {"decision": "accept"})).keys() == {"code", "state"}

    def test_nor_by_an_integration_that_nobody_knows(self, desk: Desk, sign_in: SignIn) -> None:
        browser = sign_in("partner_full")
        for client in ("unknown", "\x00", "C" * 5000, ""):
            response = browser.get(desk.asking(client_id=client))
            assert (response.status_code, "Location" in response.headers) == (400, False), client

    @pytest.mark.parametrize(
        ("change", "error"),
        [
            ({"response_type": "token"}, "unsupported_response_type"),
            ({"response_type": None}, "invalid_request"),
            ({"response_type": "code token"}, "unauthorized_client"),
            ({"scope": "spark-admin:everything"}, "invalid_scope"),
            ({"scope": Scope.CUSTOMERS_WRITE}, "invalid_scope"),
            ({"scope": "spark:kms"}, "invalid_scope"),
        ],
    )
    def test_what_else_is_wrong_is_told_to_the_integration(
        self, desk: Desk, sign_in: SignIn, change: dict[str, str | None], error: str
    ) -> None:
        told = sent_back(sign_in("partner_full").get(desk.asking(**change)))
        assert (told["error"], told["state"]) == (error, "xyz")

    def test_a_parameter_that_is_there_twice_is_refused(self, desk: Desk, sign_in: SignIn) -> None:
        address = desk.asking() + "&redirect_uri=https%3A%2F%2Fevil.example.com"
        assert sign_in("partner_full").get(address).status_code == 400
