"""Who let which integration act in his name, and the tokens that follow from it.

A code works once and for a minute, a refresh token once: each use of one makes the next. Whoever shows a code or a refresh
token a second time is a thief, or was robbed by one: the authorization ends with all its tokens (RFC 6749 4.1.2, RFC 9700).
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from tenancy import audit
from tenancy.access import level
from tenancy.actors import SYSTEM, Actor, actor_for
from tenancy.integrations import end_tokens
from tenancy.models import ApiToken, Authorization, Integration, RefreshToken
from tenancy.policy import Control, Level
from tenancy.queries import customers_within, partners_within
from tenancy.webhooks import switch_off_of

CODE_LIFETIME = timedelta(seconds=60)
# As long as Webex's own live, so that a client written for them need not be told.
ACCESS_LIFETIME = timedelta(days=14)
REFRESH_LIFETIME = timedelta(days=90)
# One that acts by itself asks again without anybody's help, so its tokens can be short.
BY_ITSELF_LIFETIME = timedelta(hours=12)
# Two workers of one integration may refresh at the same moment; only later than this it is taken for theft.
LEEWAY = timedelta(seconds=30)
# Ended rows stay for as long as the API remembers what their tokens did (api.idempotency).
KEPT_FOR = timedelta(days=30)


def may_authorize(actor: Actor, integration: Integration) -> bool:
    """Does the actor belong to the integration's partner, one of its indirect providers, or one of their customers?"""
    partner_id = integration.partner_id
    return partners_within(actor, partner_id).exists() or customers_within(actor, partner_id).exists()


@transaction.atomic
def authorize_integration(
    *, integration: Integration, scopes: Sequence[str], redirect_uri: str, code: str, challenge: str, by: Actor
) -> Authorization:
    """Remember that the actor lets the integration act in his name; `code` is what it trades for its first token."""
    if by.admin is None:
        raise ValueError("Only a person authorizes an integration.")
    now = timezone.now()
    row = Authorization.objects.create(
        integration=integration,
        admin=by.admin,
        scopes=sorted(scopes),
        redirect_uri=redirect_uri,
        code_digest=digest(code),
        code_challenge=challenge,
        created_at=now,
        code_expires_at=now + CODE_LIFETIME,
    )
    _record("authorized", f"{by.admin.email} authorized the integration {integration.name}", row, by=by)
    return row


def redeemable(integration: Integration, code: str, *, now: datetime) -> Authorization | None:
    """The authorization behind a code of this integration, locked; None unless the code is live and was never used."""
    row = _rows(integration).filter(code_digest=digest(code)).first()
    if row is None or row.revoked_at or not row.admin.is_active:
        return None
    if row.code_used_at:
        _end_stolen(row, "code")
        return None
    return row if row.code_expires_at > now else None


def refreshable(integration: Integration, text: str, *, now: datetime) -> RefreshToken | None:
    """A refresh token of this integration, locked; None unless it is live and was never used."""
    row = _rows(integration).filter(refresh_tokens__digest=digest(text)).first()
    token = row.refresh_tokens.filter(digest=digest(text)).first() if row else None
    if row is None or token is None or row.revoked_at or not row.admin.is_active:
        return None
    if token.used_at:
        if now - token.used_at > LEEWAY:
            _end_stolen(row, "refresh token")
        return None
    token.authorization = row
    return token if token.expires_at > now else None


def may_act_by_itself(integration: Integration) -> bool:
    """May the owner still make tokens of the partner today? Without that the integration gets none by itself."""
    if not integration.admin.is_active:
        return False
    owner = actor_for(integration.admin, door="api")
    return level(owner, Control.PARTNER_API_TOKENS, partner=integration.partner) is Level.EDIT


@dataclass(frozen=True)
class Issue:
    """A token to be issued: its text, what it is good for, and until when."""

    text: str
    scopes: Sequence[str]
    lifetime: timedelta
    refresh: str = ""


@transaction.atomic
def issue_token(
    *, integration: Integration, issue: Issue, authorization: Authorization | None, now: datetime, by: Actor
) -> ApiToken:
    """Make an access token, and the refresh token that goes with it. Without an authorization it is the owner's."""
    owner = authorization.admin if authorization else integration.admin
    token = ApiToken.objects.create(
        admin=owner,
        integration=integration,
        authorization=authorization,
        within=integration.partner,
        name=integration.name,
        digest=digest(issue.text),
        scopes=sorted(issue.scopes),
        created_at=now,
        expires_at=now + issue.lifetime,
    )
    if authorization:
        Authorization.objects.filter(pk=authorization.pk, code_used_at=None).update(code_used_at=now)
        authorization.refresh_tokens.filter(used_at=None).update(used_at=now)
        RefreshToken.objects.create(
            authorization=authorization,
            digest=digest(issue.refresh),
            created_at=now,
            expires_at=now + REFRESH_LIFETIME,
        )
    else:
        audit.record(
            action="token.created",
            text=f"The integration {integration.name} got an API token of {owner.email}",
            target=token,
            partner=integration.partner,
            changes={"scopes": [None, token.scopes]},
            by=by,
        )
    return token


@transaction.atomic
def withdraw(*, authorization: Authorization, by: Actor) -> bool:
    """Let an integration no longer act in one's name. False when it was so already, or the authorization is another's."""
    if by.admin_id != authorization.admin_id or not _end(authorization, by=by):
        return False
    name, email = authorization.integration.name, authorization.admin.email
    _record("withdrawn", f"{email} withdrew the authorization of {name}", authorization, by=by)
    return True


def authorizations_of(actor: Actor) -> "QuerySet[Authorization]":
    """What the actor has authorized and not withdrawn: those that got a token and can still get the next one."""
    live = Authorization.objects.filter(admin=actor.admin_id, revoked_at=None, integration__revoked_at=None)
    usable = live.filter(refresh_tokens__used_at=None, refresh_tokens__expires_at__gt=timezone.now())
    return usable.select_related("integration__partner").order_by("-created_at", "-id")


def purge_authorizations(*, now: datetime) -> int:
    """Forget authorizations that were never used or are long over, and integrations' tokens that ended; returns how many."""
    old = now - KEPT_FOR
    tokens, _ = ApiToken.objects.filter(integration__isnull=False, expires_at__lt=old).delete()
    RefreshToken.objects.filter(expires_at__lt=old).delete()
    over = Authorization.objects.filter(code_expires_at__lt=old, tokens=None, refresh_tokens=None)
    rows, _ = over.delete()
    return tokens + rows


def digest(text: str) -> str:
    """How a secret of 256 random bits is stored."""
    return hashlib.sha256(text.encode()).hexdigest()


def _rows(integration: Integration) -> "QuerySet[Authorization]":
    rows: QuerySet[Authorization] = Authorization.objects.filter(integration=integration)
    return rows.select_for_update(of=("self",)).select_related("admin")


def _end(authorization: Authorization, *, by: Actor) -> bool:
    if not Authorization.objects.filter(pk=authorization.pk, revoked_at=None).update(revoked_at=timezone.now()):
        return False
    end_tokens(authorization.tokens.all())
    switch_off_of(integration=authorization.integration, owner=authorization.admin, by=by)
    return True


def _end_stolen(authorization: Authorization, what: str) -> None:
    _end(authorization, by=SYSTEM)
    name, email = authorization.integration.name, authorization.admin.email
    text = f"A {what} of the integration {name} was used twice: the authorization of {email} ended"
    _record("reuse_detected", text, authorization, by=SYSTEM)


def _record(verb: str, text: str, authorization: Authorization, *, by: Actor) -> None:
    audit.record(
        action=f"integration.{verb}",
        text=text,
        target=authorization.integration,
        changes={"scopes": [None, authorization.scopes]} if verb == "authorized" else None,
        by=by,
        **_home(authorization),
    )


def _home(authorization: Authorization) -> dict[str, Any]:
    """Whose log tells of it: that of the organization for which the person may authorize the integration."""
    person, partner = actor_for(authorization.admin, door="api"), authorization.integration.partner
    if partner.pk in person.partner_ids:
        return {"partner": partner}
    own = partners_within(person, partner.pk).first()
    customer = customers_within(person, partner.pk).first()
    return {"customer": customer} if customer and not own else {"partner": own or partner}
