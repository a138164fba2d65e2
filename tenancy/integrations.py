"""Integrations of a partner: registered, changed, given a new secret, revoked. What they may do for whom: authorizations.py.

Registering one needs the control of API tokens. It then acts in the name of whoever authorizes it, or by itself in the name
of the administrator who registered it; in both cases with that person's rights of today, and only within the partner.
"""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from allauth.idp.oidc.models import Client
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from tenancy import audit
from tenancy.access import authorize
from tenancy.actors import Actor
from tenancy.errors import DomainError
from tenancy.models import ApiToken, Integration, Partner
from tenancy.policy import Control
from tenancy.tokens import NAME_LENGTH, SCOPES, NoScope, TokenNameInvalid, UnknownScope
from tenancy.webhooks import switch_off_of

SECRET_PREFIX = "wss_"  # noqa: S105 - how a secret begins, so that one in a log or a repository is recognized
MOST_URIS = 10
LONGEST_URI = 500
CODE, REFRESH, BY_ITSELF = (
    Client.GrantType.AUTHORIZATION_CODE,
    Client.GrantType.REFRESH_TOKEN,
    Client.GrantType.CLIENT_CREDENTIALS,
)
_URI = re.compile(r"[A-Za-z0-9\-._~:/?!$&'()+,;=%]+")
# Names of this computer; not [::1], which a Content-Security-Policy cannot name.
_HERE = frozenset({"localhost", "127.0.0.1"})


class RedirectUriInvalid(DomainError):
    code = "redirect_uri_invalid"
    message = f"Use whole https addresses without a fragment, at most {MOST_URIS}; http only for localhost."


class NoRedirectUri(DomainError):
    code = "redirect_uri_missing"
    message = "Say where people are sent back to after they have authorized the integration."


class NoUse(DomainError):
    code = "integration_without_use"
    message = "Choose in whose name the integration acts."


@dataclass(frozen=True)
class Wish:
    """What an integration is to be. `for_others`: in the name of whoever authorizes it; `by_itself`: in its owner's."""

    name: str
    scopes: Sequence[str]
    redirect_uris: Sequence[str] = ()
    for_others: bool = True
    by_itself: bool = False

    @property
    def grant_types(self) -> list[str]:
        return [CODE.value, REFRESH.value] * self.for_others + [BY_ITSELF.value] * self.by_itself


@transaction.atomic
def register_integration(*, partner: Partner, wish: Wish, by: Actor) -> tuple[Integration, str]:
    """A new integration and its secret, which cannot be shown again.

    Raises TokenNameInvalid, NoScope, UnknownScope, NoUse, NoRedirectUri, RedirectUriInvalid, Forbidden.
    """
    authorize(by, Control.PARTNER_API_TOKENS, partner=partner)
    _check(wish)
    integration = Integration(id=f"C{secrets.token_hex(32)}", partner=partner, admin=by.admin)
    secret = _new_secret(integration)
    _apply(integration, wish)
    integration.save(force_insert=True)
    audit.record(
        action="integration.created",
        text=f"The integration {integration.name} was registered",
        target=integration,
        partner=partner,
        changes={"scopes": [None, integration.get_scopes()], "redirect URIs": [None, integration.get_redirect_uris()]},
        by=by,
    )
    return integration, secret


@transaction.atomic
def change_integration(*, integration: Integration, wish: Wish, by: Actor) -> None:
    """Change what an integration is. What it may no longer do, its tokens can no longer do either, from now on."""
    authorize(by, Control.PARTNER_API_TOKENS, partner=integration.partner)
    _check(wish)
    row = _locked(integration)
    before = _told(row)
    _apply(row, wish)
    changes = {key: [before[key], value] for key, value in _told(row).items() if before[key] != value}
    if not changes:
        return
    row.save(update_fields=["name", "scopes", "default_scopes", "redirect_uris", "grant_types"])
    _narrow(row, by)
    audit.record(
        action="integration.changed",
        text=f"The integration {row.name} was changed",
        target=row,
        partner=row.partner,
        changes=changes,
        by=by,
    )


@transaction.atomic
def rotate_secret(*, integration: Integration, by: Actor) -> str:
    """A new secret; the old one is worth nothing from now on. Tokens that were issued before stay."""
    authorize(by, Control.PARTNER_API_TOKENS, partner=integration.partner)
    row = _locked(integration)
    secret = _new_secret(row)
    row.save(update_fields=["secret", "secret_set_at"])
    audit.record(
        action="integration.secret_rotated",
        text=f"The integration {row.name} got a new secret",
        target=row,
        partner=row.partner,
        by=by,
    )
    return secret


@transaction.atomic
def revoke_integration(*, integration: Integration, by: Actor) -> bool:
    """Let an integration be nobody from the next request on, with all its tokens. False when it was so already."""
    authorize(by, Control.PARTNER_API_TOKENS, partner=integration.partner)
    row = _locked(integration)
    if row.revoked_at:
        return False
    row.revoked_at = timezone.now()
    row.save(update_fields=["revoked_at"])
    end_tokens(row.tokens.all())
    row.authorizations.filter(revoked_at=None).update(revoked_at=row.revoked_at)
    switch_off_of(integration=row, by=by)
    audit.record(
        action="integration.revoked",
        text=f"The integration {row.name} was revoked",
        target=row,
        partner=row.partner,
        by=by,
    )
    return True


def integrations_of(partner: Partner) -> QuerySet[Integration]:
    """The partner's integrations, the revoked ones among them."""
    return Integration.objects.filter(partner=partner).select_related("admin")


def live_integration(client_id: str, *, lock: bool = False) -> Integration | None:
    """The integration with this client id, unless it was revoked. `lock`: until the transaction ends nobody changes it."""
    rows: QuerySet[Integration] = Integration.objects.select_related("partner", "admin").filter(revoked_at=None)
    return (rows.select_for_update(of=("self",)) if lock else rows).filter(pk=client_id).first()


def end_tokens(tokens: "QuerySet[ApiToken]") -> None:
    """These tokens are nobody from the next request on."""
    tokens.filter(revoked_at=None).update(revoked_at=timezone.now())


def _locked(integration: Integration) -> Integration:
    # Whoever issues a token holds the same lock (live_integration): it comes before a revocation, which ends it, or not at all.
    rows: QuerySet[Integration] = Integration.objects.select_for_update(of=("self",)).select_related("partner")
    return rows.get(pk=integration.pk)


def _new_secret(integration: Integration) -> str:
    secret = SECRET_PREFIX + secrets.token_urlsafe(32)
    integration.set_secret(secret)
    integration.secret_set_at = timezone.now()
    return secret


def _apply(integration: Integration, wish: Wish) -> None:
    scopes = [scope for scope in SCOPES if scope in wish.scopes]
    integration.name = wish.name
    integration.set_scopes(scopes)
    integration.set_default_scopes(scopes)
    integration.set_redirect_uris(list(dict.fromkeys(wish.redirect_uris)) if wish.for_others else [])
    integration.set_grant_types(wish.grant_types)


def _told(integration: Integration) -> dict[str, object]:
    return {
        "name": integration.name,
        "scopes": integration.get_scopes(),
        "redirect URIs": integration.get_redirect_uris(),
        "acts": integration.get_grant_types(),
    }


def _narrow(integration: Integration, by: Actor) -> None:
    allowed, kinds = set(integration.get_scopes()), integration.get_grant_types()
    if CODE not in kinds:
        end_tokens(integration.tokens.filter(authorization__isnull=False))
        integration.authorizations.filter(revoked_at=None).update(revoked_at=timezone.now())
        switch_off_of(integration=integration, by=by)
    if BY_ITSELF not in kinds:
        end_tokens(integration.tokens.filter(authorization__isnull=True))
    for rows in (integration.tokens.filter(revoked_at=None), integration.authorizations.filter(revoked_at=None)):
        wide = [row for row in rows if not set(row.scopes) <= allowed]
        for row in wide:
            row.scopes = [scope for scope in row.scopes if scope in allowed]
        rows.model._base_manager.bulk_update(wide, ["scopes"], batch_size=500)


def _check(wish: Wish) -> None:
    if not wish.name.strip() or len(wish.name) > NAME_LENGTH or not wish.name.isprintable():
        raise TokenNameInvalid(field="name")
    if unknown := sorted(set(wish.scopes) - set(SCOPES)):
        raise UnknownScope(f"These scopes do not exist: {', '.join(unknown)}.", field="scope")
    if not wish.scopes:
        raise NoScope(field="scope")
    if not wish.grant_types:
        raise NoUse(field="for_others")
    if wish.for_others and not wish.redirect_uris:
        raise NoRedirectUri(field="redirect_uris")
    if len(set(wish.redirect_uris)) > MOST_URIS or not all(map(is_redirect_uri, wish.redirect_uris)):
        raise RedirectUriInvalid(field="redirect_uris")


def is_redirect_uri(text: str) -> bool:
    """Is this an address to which a person may be sent back, with a code? It is later compared letter by letter."""
    if len(text) > LONGEST_URI or not _URI.fullmatch(text):
        return False
    try:
        parts = urlsplit(text)
        host, _port = parts.hostname, parts.port
    except ValueError:
        return False
    if not host or "," in parts.netloc or ";" in parts.netloc:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and host in _HERE)
