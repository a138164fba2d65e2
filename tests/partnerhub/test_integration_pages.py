"""Integrations in Partner Hub: registered, their secret shown once, changed, revoked; and withdrawn by whoever authorized one."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from tenancy.models import AuditEvent, Authorization, Integration
from tenancy.tokens import Scope
from tests.cast import Cast
from tests.factories import make_authorization, make_integration

SignIn = Callable[[str], Client]
WISH = {
    "name": "Order desk",
    "acts": ["for_others", "by_itself"],
    "redirect_uris": "https://desk.example.com/callback\r\nhttp://localhost:6001/redirect\r\n",
    "scope": [Scope.CUSTOMERS_READ, Scope.REPORTS_READ],
}


def url(name: str, cast: Cast, *args: object) -> str:
    return reverse(f"partnerhub:integration-{name}", args=[cast.north.public_id, *args])


@pytest.fixture
def program(cast: Cast) -> Integration:
    return make_integration(cast.north, admin=cast.admins["partner_full"])


def test_the_secret_is_shown_once_and_is_the_right_one(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in("partner_full")
    response = client.post(url("create", cast), WISH)
    row, secret = Integration.objects.get(), response.context["secret"]
    page = response.content.decode()
    assert (response.status_code, secret in page, row.pk in page, row.check_secret(secret)) == (200, True, True, True)
    assert (row.name, row.partner, row.admin) == ("Order desk", cast.north, cast.admins["partner_full"])
    assert row.get_redirect_uris() == ["https://desk.example.com/callback", "http://localhost:6001/redirect"]
    for name, args in (("list", ()), ("detail", (row.public_id,)), ("edit", (row.public_id,))):
        page = client.get(url(name, cast, *args)).content.decode()
        assert ("Order desk" in page, secret in page) == (True, False)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"name": ""}, "Give the integration a name that people will recognize."),
        ({"name": "a\u202eb"}, "Use up to 80 characters that can be read."),
        ({"acts": []}, "Choose in whose name the integration acts."),
        ({"scope": []}, "Choose at least one scope."),
        ({"scope": ["spark-admin:everything"]}, "is not one of the available choices"),
        ({"redirect_uris": ""}, "Say where people are sent back to"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_made(
    cast: Cast, sign_in: SignIn, change: dict[str, object], error: str
) -> None:
    response = sign_in("partner_full").post(url("create", cast), WISH | change)
    assert (response.status_code, error in response.content.decode()) == (422, True)
    assert not Integration.objects.exists()


def test_redirect_addresses_are_whole_https_ones(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in("partner_full")
    for uri in (
        "http://desk.example.com/callback",
        "https://desk.example.com/#fragment",
        "https://user:pass@desk.example.com/",
        "https://*.example.com/",
        "https:///callback",
        "https://desk.example.com:99999/",
        "//desk.example.com/",
        "javascript:alert(1)",
        "data:text/html,x",
        "desk://callback",
        "https://desk.example.com/é",
        "https://desk.example.com;script-src/",
        "https://desk.example.com/" + "a" * 500,
    ):
        response = client.post(url("create", cast), WISH | {"redirect_uris": uri})
        assert (response.status_code, b"Use whole https addresses" in response.content) == (422, True), uri
    assert (
        client.post(url("create", cast), WISH | {"redirect_uris": "https://d.example.com:8443/c?a=1"}).status_code
        == 200
    )


def test_a_change_is_audited_with_what_it_changed(cast: Cast, sign_in: SignIn, program: Integration) -> None:
    data = WISH | {"acts": ["by_itself"], "redirect_uris": ""}
    response = sign_in("partner_full").post(url("edit", cast, program.public_id), data)
    assert response.headers["Location"] == url("detail", cast, program.public_id)
    event = AuditEvent.objects.get(action="integration.changed")
    assert event.changes == {
        "name": [program.name, "Order desk"],
        "scopes": [[Scope.CUSTOMERS_READ], [Scope.CUSTOMERS_READ, Scope.REPORTS_READ]],
        "redirect URIs": [["https://program.example.com/callback"], []],
        "acts": [["authorization_code", "refresh_token", "client_credentials"], ["client_credentials"]],
    }


def test_a_new_secret_is_shown_once_too(cast: Cast, sign_in: SignIn, program: Integration) -> None:
    response = sign_in("partner_full").post(url("secret", cast, program.public_id))
    program.refresh_from_db()
    assert program.check_secret(response.context["secret"])
    assert AuditEvent.objects.get(action="integration.secret_rotated").target_id == str(program.public_id)


def test_a_revoked_one_stays_in_the_list_and_is_not_changed_any_more(
    cast: Cast, sign_in: SignIn, program: Integration
) -> None:
    client = sign_in("partner_full")
    for _ in range(2):
        assert client.post(url("revoke", cast, program.public_id)).status_code == 302
    assert AuditEvent.objects.filter(action="integration.revoked").count() == 1
    assert b"Revoked" in client.get(url("list", cast)).content
    for name in ("edit", "secret"):
        assert client.post(url(name, cast, program.public_id), WISH).status_code == 404
    assert b"New secret" not in client.get(url("detail", cast, program.public_id)).content


def test_others_integrations_are_out_of_reach(cast: Cast, sign_in: SignIn) -> None:
    row = make_integration(cast.south, "secret program", admin=cast.admins["other_partner_full"])
    client = sign_in("partner_full")
    assert "secret program" not in client.get(url("list", cast)).content.decode()
    for name in ("detail", "edit", "secret", "revoke"):
        send = client.get if name in ("detail", "edit") else client.post
        assert send(url(name, cast, row.public_id)).status_code == 404, name
    after = Integration.objects.get(pk=row.pk)
    assert (after.secret, after.revoked_at) == (row.secret, None)


@pytest.mark.parametrize(("who", "status"), [("partner_plain", 200), ("partner_admin", 403), ("partner_readonly", 403)])
def test_who_registers_integrations(cast: Cast, sign_in: SignIn, who: str, status: int) -> None:
    client = sign_in(who)
    assert [client.get(url(name, cast)).status_code for name in ("list", "create")] == [status, status]
    assert client.post(url("create", cast), WISH).status_code == status
    assert Integration.objects.count() == (status == 200)


def test_whoever_authorized_one_sees_it_in_his_profile_and_withdraws(
    cast: Cast, sign_in: SignIn, program: Integration
) -> None:
    row = make_authorization(program, admin=cast.admins["customer_full"])
    other = make_authorization(program, admin=cast.admins["partner_full"])
    client = sign_in("customer_full")
    page = client.get(reverse("authorizations")).content.decode()
    assert ("See customers" in page, str(row.public_id) in page, str(other.public_id) in page) == (True, True, False)
    assert client.post(reverse("authorization-withdraw", args=[other.public_id])).status_code == 404
    assert client.post(reverse("authorization-withdraw", args=[row.public_id])).status_code == 302
    assert [*Authorization.objects.filter(revoked_at=None)] == [other]
    assert b"You have authorized none." in client.get(reverse("authorizations")).content
    assert AuditEvent.objects.get(action="integration.withdrawn").customer == cast.open_acme
