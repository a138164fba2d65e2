"""Bearer tokens for back-office systems: opaque, prefixed, stored as a hash, never more than their owner may do today."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from tenancy import audit
from tenancy.actors import Actor, actor_for
from tenancy.errors import DomainError
from tenancy.models import AdminUser, ApiToken
from tenancy.queries import first_customer, first_partner

PREFIX = "wsp_"
LIFETIME = timedelta(days=365)
SCOPES = tuple(
    f"spark-admin:wholesale_{area}_{right}"
    for area in ("customers", "subscribers", "billing_reports")
    for right in ("read", "write")
)


class UnknownScope(DomainError):
    code = "unknown_scope"
    message = "This scope does not exist."


class NoOrganisation(DomainError):
    code = "no_organisation"
    message = "This account holds no role, so a token of it could do nothing."


@transaction.atomic
def create_token(*, admin: AdminUser, scopes: Sequence[str] = SCOPES, by: Actor) -> str:
    """Make a token of `admin` with these scopes and return it. It cannot be shown again."""
    if unknown := sorted(set(scopes) - set(SCOPES)):
        raise UnknownScope(
            f"These scopes do not exist: {', '.join(unknown)}. Known: {', '.join(SCOPES)}.", field="scope"
        )
    owner = actor_for(admin, door="api")
    customer, partner = first_customer(owner), first_partner(owner)
    if customer is None and partner is None:
        raise NoOrganisation()
    text = PREFIX + secrets.token_urlsafe(32)
    token = ApiToken.objects.create(
        admin=admin, digest=_digest(text), scopes=sorted(set(scopes)), expires_at=timezone.now() + LIFETIME
    )
    audit.record(
        action="token.created",
        text=f"An API token was made for {admin.email}",
        target=token,
        partner=partner,
        customer=None if partner else customer,
        changes={"scopes": [None, token.scopes]},
        by=by,
    )
    return text


def actor_of_token(text: str, *, ip: str | None = None, user_agent: str = "", tracking_id: str = "") -> Actor | None:
    """The owner of a live token as an actor with today's roles; None for an unknown, expired or revoked one."""
    now = timezone.now()
    token = (
        ApiToken.objects.select_related("admin")
        .filter(digest=_digest(text), revoked_at=None, expires_at__gt=now, admin__is_active=True)
        .first()
    )
    if token is None:
        return None
    ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
    return actor_for(token.admin, door="api", ip=ip, user_agent=user_agent, tracking_id=tracking_id)


def _digest(text: str) -> str:
    # A 256-bit random secret needs no slow hash.
    return hashlib.sha256(text.encode()).hexdigest()
