"""API tokens in Partner Hub: made for oneself, shown once, revoked by whoever may."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from tenancy.actors import SYSTEM
from tenancy.models import ApiToken, AuditEvent
from tenancy.tokens import Scope, bearer_of, create_token
from tests.cast import Cast

SignIn = Callable[[str], Client]


def url(name: str, cast: Cast, *args: object) -> str:
    return reverse(f"partnerhub:token-{name}", args=[cast.north.public_id, *args])


def test_a_token_is_shown_once_and_works(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in("partner_full")
    data = {"name": "order desk", "days": "30", "scope": [Scope.CUSTOMERS_READ, Scope.SUBSCRIBERS_READ]}
    response = client.post(url("create", cast), data)
    text = response.context["token"]
    assert (response.status_code, text in response.content.decode()) == (200, True)
    bearer = bearer_of(text)
    assert bearer is not None
    assert (bearer.actor.email, bearer.scopes) == (cast.admins["partner_full"].email, {*data["scope"]})
    row = ApiToken.objects.get()
    assert (row.expires_at - row.created_at).days in (29, 30)
    page = client.get(url("list", cast)).content.decode()
    assert ("order desk" in page, text in page) == (True, False)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"name": ""}, "Say which system uses it."),
        ({"days": "366"}, "365"),
        ({"scope": []}, "Choose at least one scope."),
        ({"scope": ["spark-admin:everything"]}, "is not one of the available choices"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_made(
    cast: Cast, sign_in: SignIn, change: dict[str, object], error: str
) -> None:
    data = {"name": "order desk", "days": "30", "scope": [Scope.CUSTOMERS_READ]} | change
    response = sign_in("partner_full").post(url("create", cast), data)
    assert (response.status_code, error in response.content.decode()) == (422, True)
    assert not ApiToken.objects.exists()


def test_a_revoked_token_is_nobody_from_the_next_request_on(cast: Cast, sign_in: SignIn) -> None:
    text = create_token(admin=cast.admins["partner_plain"], name="old system", by=SYSTEM)
    row = ApiToken.objects.get()
    client = sign_in("partner_full")
    for _ in range(2):
        assert client.post(url("revoke", cast, row.public_id)).status_code == 302
    assert bearer_of(text) is None
    assert AuditEvent.objects.filter(action="token.revoked").count() == 1


def test_others_tokens_are_out_of_reach(cast: Cast, sign_in: SignIn) -> None:
    create_token(admin=cast.admins["other_partner_full"], name="secret system", by=SYSTEM)
    row = ApiToken.objects.get()
    client = sign_in("partner_full")
    assert "secret system" not in client.get(url("list", cast)).content.decode()
    assert client.post(url("revoke", cast, row.public_id)).status_code == 404
    row.refresh_from_db()
    assert row.revoked_at is None


@pytest.mark.parametrize(("who", "status"), [("partner_plain", 200), ("partner_admin", 403), ("partner_readonly", 403)])
def test_who_makes_tokens(cast: Cast, sign_in: SignIn, who: str, status: int) -> None:
    assert [sign_in(who).get(url(name, cast)).status_code for name in ("list", "create")] == [status, status]
