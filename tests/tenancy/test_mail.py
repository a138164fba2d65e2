"""Mails: every language says the same, the right one is chosen, and stopped addresses get none."""

import re
import string
from collections.abc import Iterator
from smtplib import SMTPRecipientsRefused, SMTPServerDisconnected
from typing import Any

import pytest
from django.conf import settings
from django.core import mail
from django.db import transaction

from tenancy.actors import SYSTEM
from tenancy.mail import (
    Letter,
    MailNotStopped,
    MailUnavailable,
    is_stopped,
    may_write,
    resume,
    send,
    send_after_commit,
    stop,
)
from tenancy.mail_texts import KINDS, catalogue, language_of, languages, role_names, write
from tenancy.models import AuditEvent, Customer, Mailbox
from tenancy.places import LOCALES
from tenancy.policy import CUSTOMER_ROLES, Role
from tests.factories import make_customer, make_partner

THIRTEEN_SEVEN = "ar cs da de en es fr hu id it ja ko nb nl pl pt ro ru sv tr zh"
OTHERS = [language for language in THIRTEEN_SEVEN.split() if language != "en"]
NAMES = string.Formatter()
SEND = "django.core.mail.backends.locmem.EmailBackend.send_messages"


def texts(table: dict[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    """Every text of a catalogue with its path."""
    for key, value in table.items():
        yield from texts(value, f"{path}{key}.") if isinstance(value, dict) else [(path + key, value)]


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in NAMES.parse(text) if name is not None}


ENGLISH = dict(texts(catalogue("en")))
WORDS = {name: f"<{name}>" for text in ENGLISH.values() for name in placeholders(text)}


@pytest.fixture
def acme(db: None) -> Customer:
    return make_customer(make_partner(), "Acme Dental")


def letter(to: str = "ada@example.com", **fields: Any) -> Letter:
    return Letter("password_reset", to, "en", WORDS, **fields)


# -- What they say -----------------------------------------------------------------------------------------------------
def test_there_is_a_file_for_each_language_of_the_domain() -> None:
    assert languages() == tuple(THIRTEEN_SEVEN.split())
    assert {code[:2] for code, _ in LOCALES} == set(languages())


@pytest.mark.parametrize("language", OTHERS)
def test_a_language_has_every_text_with_every_placeholder_and_none_left_in_english(language: str) -> None:
    found = dict(texts(catalogue(language)))
    assert found.keys() == ENGLISH.keys()
    assert {path: placeholders(text) for path, text in found.items()} == {
        path: placeholders(text) for path, text in ENGLISH.items()
    }
    assert [path for path, text in found.items() if text == ENGLISH[path] and not path.startswith("roles.")] == []


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind in catalogue("en")])
def test_each_mail_is_written_with_all_that_was_put_in(language: str, kind: str) -> None:
    subject, body = write(kind, language=language, words=WORDS)
    table = catalogue("en")[kind]
    assert all(WORDS[name] in subject for name in placeholders(table["subject"]))
    assert all(WORDS[name] in body for name in placeholders(table["body"]))
    assert not re.search(r"[{}]", subject + body)
    assert "\n" not in subject


def test_roles_have_names_in_every_language() -> None:
    roles = {role.value for role in CUSTOMER_ROLES}
    assert {language: set(catalogue(language)["roles"]) for language in languages()} == dict.fromkeys(
        languages(), roles
    )
    assert role_names("de", [Role.CUSTOMER_DEVICE, Role.CUSTOMER_FULL]) == "Geräteadministrator, Volladministrator"


def test_every_kind_has_a_name_for_pages() -> None:
    assert set(KINDS) - set(catalogue("en")) == {"user_invitation", "unknown_account"}


def test_what_is_put_in_cannot_change_the_mail() -> None:
    words = WORDS | {"customer": "Evil{partner}\r\nBcc: x@example.com", "roles": "{url}"}
    subject, body = write("administrator", language="en", words=words)
    assert subject == "You administer Evil{partner} Bcc: x@example.com in Control Hub"
    assert "Your role: {url}." in body


@pytest.mark.parametrize(
    ("locale", "country", "language"),
    [
        ("de_DE", "", "de"),
        ("es_CO", "", "es"),
        ("es", "CO", "es"),  # two letters are completed by the country
        ("fr", "XX", "fr"),  # an impossible pair: the language's own default
        ("nb", "NO", "nb"),
        ("zh_TW", "", "zh"),
        ("xx_YY", "DE", "en"),  # unknown: English
        ("", "", "en"),
    ],
)
def test_the_language_of_a_locale(locale: str, country: str, language: str) -> None:
    assert language_of(locale, country) == language


def test_no_other_module_sends_mails() -> None:
    apps = ("api", "billing", "config", "controlhub", "partnerhub", "provisioning", "tenancy")
    sources = [path for app in apps for path in (settings.BASE_DIR / app).rglob("*.py")]
    senders = [str(path.relative_to(settings.BASE_DIR)) for path in sources if "django.core.mail" in path.read_text()]
    assert sorted(senders) == ["config/settings_test.py", "tenancy/mail.py"]


# -- How they leave ----------------------------------------------------------------------------------------------------
def test_a_mail_leaves_its_trace(acme: Customer) -> None:
    assert send(letter("Ada@Example.com", customer=acme))
    (message,) = mail.outbox
    headers = {name: message.extra_headers[name] for name in ("Content-Language", "Auto-Submitted")}
    assert (message.to, headers) == (
        ["Ada@Example.com"],
        {"Content-Language": "en", "Auto-Submitted": "auto-generated"},
    )
    box = Mailbox.objects.get()
    assert (box.email, box.last_kind, box.last_status, box.last_customer) == (
        "ada@example.com",
        "password_reset",
        "sent",
        acme,
    )


def test_a_stopped_address_gets_no_mail_until_it_is_resumed(acme: Customer) -> None:
    assert stop(email="Ada@example.com", reason=Mailbox.Reason.COMPLAINED, customer=acme, by=SYSTEM)
    assert not stop(email="ada@example.com", reason=Mailbox.Reason.BOUNCED, customer=acme, by=SYSTEM)
    assert not send(letter())
    assert (mail.outbox, Mailbox.objects.get().last_status) == ([], "stopped")
    assert not may_write(kind="user_invitation", email="ada@example.com", customer=acme)
    resume(email="ADA@example.com", customer=acme, by=SYSTEM)
    assert (send(letter()), len(mail.outbox)) == (True, 1)
    assert list(AuditEvent.objects.order_by("number").values_list("action", "category", "text")) == [
        ("mail.stopped", "mail", "Mails to ada@example.com are stopped: a mail was reported as spam"),
        ("mail.resumed", "mail", "Portal let mails to ada@example.com through again"),
    ]
    with pytest.raises(MailNotStopped):
        resume(email="ada@example.com", customer=acme, by=SYSTEM)


@pytest.mark.parametrize(("code", "stopped", "status"), [(550, True, "bounced"), (451, False, "failed")])
def test_a_refused_recipient_is_a_bounce_a_busy_server_is_not(
    acme: Customer, monkeypatch: pytest.MonkeyPatch, code: int, stopped: bool, status: str
) -> None:
    def refuse(*args: Any) -> int:
        raise SMTPRecipientsRefused({"ada@example.com": (code, b"no")})

    monkeypatch.setattr(SEND, refuse)
    if stopped:
        assert not send(letter(customer=acme))
    else:
        with pytest.raises(MailUnavailable):
            send(letter(customer=acme))
    assert (is_stopped("ada@example.com"), Mailbox.objects.get().last_status) == (stopped, status)
    assert AuditEvent.objects.filter(action="mail.stopped").count() == stopped


def test_a_server_that_is_away_is_asked_once_and_undoes_nothing(
    acme: Customer, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    asked: list[str] = []

    def away(backend: object, messages: list[Any]) -> int:
        asked.extend(messages[0].to)
        raise SMTPServerDisconnected

    monkeypatch.setattr(SEND, away)
    with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
        Customer.objects.filter(pk=acme.pk).update(restricted=False)
        send_after_commit([letter("one@example.com"), letter("two@example.com")])
    acme.refresh_from_db()
    assert (asked, acme.restricted) == (["one@example.com"], False)


def test_no_mailbox_is_kept_for_strangers(db: None) -> None:
    assert send(letter("stranger@example.com", traced=False))
    assert not Mailbox.objects.exists()
