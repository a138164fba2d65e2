"""Signing in: by e-mail and password, throttled, with the same answer for unknown accounts, ending by itself."""

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from tenancy.models import AdminUser
from tests.cast import Cast
from tests.factories import PASSWORD


def sign_in(client: Client, email: str, password: str, **extra: str) -> object:
    return client.post(reverse("account_login"), {"login": email, "password": password} | extra)


def test_the_right_password_signs_in_and_goes_home(cast: Cast) -> None:
    client = Client()
    key = client.session.session_key
    response = sign_in(client, cast.admins["partner_full"].email.upper(), PASSWORD)
    assert (response.status_code, response.headers["Location"]) == (302, "/")
    assert client.session["_auth_user_id"] == str(cast.admins["partner_full"].pk)
    assert client.session.session_key != key
    cookie = client.cookies[settings.SESSION_COOKIE_NAME]
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")


@pytest.mark.parametrize(
    ("email", "password"), [("known", "wrong-password"), ("nobody@example.com", PASSWORD), ("", "")]
)
def test_anything_else_does_not_and_keeps_the_address(cast: Cast, email: str, password: str) -> None:
    client = Client()
    address = cast.admins["partner_full"].email if email == "known" else email
    response = sign_in(client, address, password)
    assert response.status_code in (200, 422)
    assert "_auth_user_id" not in client.session
    assert f'value="{address}"'.encode() in response.content or not address


def test_known_and_unknown_accounts_get_the_same_answer(cast: Cast) -> None:
    known = sign_in(Client(), cast.admins["partner_full"].email, "wrong-password").content.decode()
    unknown = sign_in(Client(), "nobody@example.com", "wrong-password").content.decode()
    sentence = "The email address and/or password you specified are not correct."
    assert sentence in known
    assert sentence in unknown


def test_guessing_is_throttled(cast: Cast) -> None:
    client = Client()
    email = cast.admins["partner_full"].email
    for _ in range(6):
        last = sign_in(client, email, "wrong-password")
    assert b"Too many failed login attempts" in last.content
    sign_in(client, email, PASSWORD)
    assert "_auth_user_id" not in client.session


def test_a_disabled_account_cannot_sign_in_and_is_out_on_the_next_request(cast: Cast) -> None:
    client = Client()
    client.force_login(cast.admins["partner_full"])
    cast.admins["partner_full"].is_active = False
    cast.admins["partner_full"].save(update_fields=["is_active"])
    assert client.get("/").headers["Location"].startswith("/login/")


@pytest.mark.parametrize("field", ["seen", "started"])
def test_a_session_ends_without_use_and_after_a_working_day(cast: Cast, field: str) -> None:
    client = Client()
    client.force_login(cast.admins["customer_full"])
    client.get("/")
    session = client.session
    session[field] = session[field] - 9 * 60 * 60
    session.save()
    assert client.get("/").headers["Location"].startswith("/login/")


@pytest.mark.parametrize(
    "target", ["https://evil.example.com/", "//evil.example.com", "/\\evil.example.com", "javascript:alert(1)"]
)
def test_sign_in_never_leads_off_the_site(cast: Cast, target: str) -> None:
    response = sign_in(Client(), cast.admins["partner_full"].email, PASSWORD, next=target)
    assert response.headers["Location"] == "/"


def test_nobody_signs_up_by_himself(db: None) -> None:
    client = Client()
    response = client.post(
        reverse("account_signup"), {"email": "new@example.com", "password1": PASSWORD, "password2": PASSWORD}
    )
    assert b"Accounts are made by administrators" in response.content
    assert "_auth_user_id" not in client.session
    assert not AdminUser.objects.exists()


def test_an_htmx_request_without_a_session_is_sent_to_the_sign_in_page(cast: Cast) -> None:
    url = reverse("partnerhub:overview", args=[cast.north.public_id])
    response = Client().get(url, headers={"HX-Request": "true", "HX-Current-URL": f"http://testserver{url}"})
    assert (response.status_code, response.headers["HX-Redirect"]) == (204, f"/login/?next={url}")
