"""One's own profile, and the mails about one's account."""

from collections.abc import Callable

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from tenancy.models import AuditEvent
from tests.cast import Cast

SignIn = Callable[[str], Client]


def test_the_time_zone_is_what_pages_show(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in("customer_full")
    answer = client.post(reverse("profile"), {"full_name": "Carla Changed", "time_zone": "America/New_York"})
    assert (answer.status_code, answer.headers["Location"]) == (302, reverse("profile"))
    carla = cast.admins["customer_full"]
    carla.refresh_from_db()
    assert (carla.full_name, carla.time_zone) == ("Carla Changed", "America/New_York")
    event = AuditEvent.objects.get(action="account.changed")
    assert event.changes == {"full_name": ["Carla Full", "Carla Changed"], "time_zone": ["UTC", "America/New_York"]}


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"full_name": "", "time_zone": "UTC"}, "full_name"),
        ({"full_name": "Carla", "time_zone": "Mars/Olympus"}, "time_zone"),
        ({"full_name": "x" * 121, "time_zone": "UTC"}, "full_name"),
        ({"full_name": "Car\x00la", "time_zone": "UTC"}, "full_name"),
    ],
)
def test_bad_input_is_told_beside_the_field_and_changes_nothing(
    cast: Cast, sign_in: SignIn, values: dict[str, str], field: str
) -> None:
    answer = sign_in("customer_full").post(reverse("profile"), values)
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, [field])
    cast.admins["customer_full"].refresh_from_db()
    assert cast.admins["customer_full"].full_name == "Carla Full"


def test_the_same_again_writes_nothing(cast: Cast, sign_in: SignIn) -> None:
    sign_in("customer_full").post(reverse("profile"), {"full_name": "Carla Full", "time_zone": "UTC"})
    assert not AuditEvent.objects.exists()


def test_a_forgotten_password_is_set_by_the_link_in_the_mail(cast: Cast) -> None:
    client = Client()
    client.post(reverse("account_reset_password"), {"email": cast.admins["partner_full"].email})
    assert mail.outbox[0].subject.endswith("Set a new password")
    link = next(word for word in mail.outbox[0].body.split() if "/password/reset/key/" in word)
    form = client.get(link, follow=True)
    password = "a-new-password-2026"
    client.post(form.redirect_chain[-1][0], {"password1": password, "password2": password})
    cast.admins["partner_full"].refresh_from_db()
    assert cast.admins["partner_full"].check_password(password)
    assert b"no longer works" in Client().get(link, follow=True).content


def test_an_unknown_address_gets_the_same_page_and_a_mail_that_helps(cast: Cast) -> None:
    known = Client().post(reverse("account_reset_password"), {"email": cast.admins["partner_full"].email})
    unknown = Client().post(reverse("account_reset_password"), {"email": "nobody@example.com"})
    assert (known.status_code, known.headers["Location"]) == (unknown.status_code, unknown.headers["Location"])
    assert "ask the administrator of your organization" in mail.outbox[1].body
