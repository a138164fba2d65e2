"""API tokens: shown once, stored as a hash, never more than their owner may do today."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from tenancy.actors import SYSTEM
from tenancy.models import ApiToken, AuditEvent
from tenancy.scope_words import WORDS, in_words
from tenancy.tokens import SCOPES, Scope, UnknownScope, bearer_of, create_token
from tests.cast import Cast


def test_a_token_is_its_owner_with_todays_roles(cast: Cast) -> None:
    text = create_token(admin=cast.admins["partner_full"], by=SYSTEM)
    bearer = bearer_of(text)
    assert bearer is not None
    actor = bearer.actor
    assert (actor.email, actor.door, actor.partner_ids) == (cast.admins["partner_full"].email, "api", {cast.north.pk})
    cast.admins["partner_full"].role_assignments.all().delete()
    stripped = bearer_of(text)
    assert stripped is not None
    assert stripped.actor.partner_ids == frozenset()


def test_the_database_does_not_hold_the_token(cast: Cast) -> None:
    text = create_token(admin=cast.admins["partner_full"], by=SYSTEM)
    row = ApiToken.objects.values().get()
    assert text.startswith("wsp_")
    assert text not in str(row)
    assert text not in str(AuditEvent.objects.values().get())


@pytest.mark.parametrize("change", ["expire", "revoke", "disable", "alter"])
def test_a_dead_token_is_nobody(cast: Cast, change: str) -> None:
    text = create_token(admin=cast.admins["partner_full"], by=SYSTEM)
    now = timezone.now()
    if change == "expire":
        ApiToken.objects.update(created_at=now - timedelta(days=2), expires_at=now - timedelta(days=1))
    elif change == "revoke":
        ApiToken.objects.update(revoked_at=now)
    elif change == "disable":
        cast.admins["partner_full"].is_active = False
        cast.admins["partner_full"].save(update_fields=["is_active"])
    else:
        text = text[:-1] + ("A" if text[-1] != "A" else "B")
    assert bearer_of(text) is None


def test_unknown_scopes_are_refused(cast: Cast) -> None:
    with pytest.raises(UnknownScope, match=r"spark-admin:everything"):
        create_token(admin=cast.admins["partner_full"], scopes=["spark-admin:everything"], by=SYSTEM)
    assert not ApiToken.objects.exists()


def test_the_command_prints_the_token_alone_on_the_last_line(cast: Cast, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("api_token", cast.admins["partner_full"].email, "--scope", SCOPES[0], "--days", "7", "--name", "desk")
    last = capsys.readouterr().out.splitlines()[-1]
    assert bearer_of(last) is not None
    row = ApiToken.objects.get()
    assert (row.scopes, row.name, (row.expires_at - row.created_at).days in (6, 7)) == ([SCOPES[0]], "desk", True)


@pytest.mark.parametrize(
    "arguments", [["nobody@example.com"], ["KNOWN", "--scope", "nonsense"], ["KNOWN", "--days", "366"]]
)
def test_the_command_says_what_is_wrong(cast: Cast, arguments: list[str]) -> None:
    arguments = [cast.admins["partner_full"].email if word == "KNOWN" else word for word in arguments]
    with pytest.raises(CommandError):
        call_command("api_token", *arguments)


def test_every_scope_is_told_in_plain_words_of_its_own() -> None:
    assert list(WORDS) == list(Scope)
    assert len(set(WORDS.values())) == len(WORDS)
    assert in_words([Scope.REPORTS_READ, Scope.CUSTOMERS_READ]) == [
        "See customers, their packages and limits, and your indirect providers",
        "See and download billing reports",
    ]


def test_last_use_is_written_once_a_minute(cast: Cast, django_assert_num_queries: Any) -> None:
    text = create_token(admin=cast.admins["partner_full"], by=SYSTEM)
    with django_assert_num_queries(4):  # the token, its last use, its owner's roles and customers
        bearer_of(text)
    with django_assert_num_queries(3):
        bearer_of(text)
    first = ApiToken.objects.get().last_used_at
    ApiToken.objects.update(last_used_at=timezone.now() - timedelta(seconds=61))
    bearer_of(text)
    last = ApiToken.objects.get().last_used_at
    assert first is not None
    assert last is not None
    assert last > first
