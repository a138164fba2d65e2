"""Bearer tokens for back-office systems: opaque, prefixed, stored as a hash, never more than their owner may do today."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from tenancy import audit
from tenancy.access import authorize
from tenancy.actors import Actor, actor_for
from tenancy.errors import DomainError
from tenancy.models import AdminUser, ApiToken, Partner, RoleAssignment
from tenancy.policy import Control
from tenancy.queries import customers_within, first_customer, first_partner, partners_within

PREFIX = "wsp_"
LONGEST_DAYS = 365
NAME_LENGTH = 80
# A token's last use is written down once a minute: its row would otherwise be the hottest of the portal.
TOUCH_EVERY = timedelta(minutes=1)


class Scope(StrEnum):
    """What a token may be good for, in the public API's words (domain.md 5.2). Stored values: never rename one."""

    CUSTOMERS_READ = "spark-admin:wholesale_customers_read"
    CUSTOMERS_WRITE = "spark-admin:wholesale_customers_write"
    SUBSCRIBERS_READ = "spark-admin:wholesale_subscribers_read"
    SUBSCRIBERS_WRITE = "spark-admin:wholesale_subscribers_write"
    REPORTS_READ = "spark-admin:wholesale_billing_reports_read"
    REPORTS_WRITE = "spark-admin:wholesale_billing_reports_write"
    PEOPLE_READ = "spark-admin:people_read"
    PEOPLE_WRITE = "spark-admin:people_write"
    ORGANIZATIONS_READ = "spark-admin:organizations_read"
    ORGANIZATIONS_WRITE = "spark-admin:organizations_write"
    LICENSES_READ = "spark-admin:licenses_read"
    ROLES_READ = "spark-admin:roles_read"
    LOCATIONS_READ = "spark-admin:locations_read"
    LOCATIONS_WRITE = "spark-admin:locations_write"
    TELEPHONY_READ = "spark-admin:telephony_config_read"
    TELEPHONY_WRITE = "spark-admin:telephony_config_write"
    PSTN_READ = "spark-admin:telephony_pstn_read"
    PSTN_WRITE = "spark-admin:telephony_pstn_write"
    DEVICES_READ = "spark-admin:devices_read"
    DEVICES_WRITE = "spark-admin:devices_write"
    AUDIT_READ = "audit:events_read"
    WEBHOOKS_READ = "application:webhooks_read"
    WEBHOOKS_WRITE = "application:webhooks_write"


SCOPES = tuple(scope.value for scope in Scope)


class UnknownScope(DomainError):
    code = "unknown_scope"
    message = "This scope does not exist."


class NoOrganisation(DomainError):
    code = "no_organisation"
    message = "This account holds no role, so a token of it could do nothing."


class NoScope(DomainError):
    code = "no_scope"
    message = "Choose at least one scope."


class LifetimeOutOfRange(DomainError):
    code = "lifetime_out_of_range"
    message = f"A token lives for 1 to {LONGEST_DAYS} days."


class TokenNameInvalid(DomainError):
    code = "token_name_invalid"
    message = f"Use up to {NAME_LENGTH} characters that can be read."


@transaction.atomic
def create_token(
    *, admin: AdminUser, scopes: Sequence[str] = SCOPES, name: str = "", days: int = LONGEST_DAYS, by: Actor
) -> str:
    """Make a token of `admin` with these scopes, good for `days`, and return it. It cannot be shown again.

    Raises UnknownScope, NoScope, LifetimeOutOfRange, TokenNameInvalid, NoOrganisation.
    """
    if unknown := sorted(set(scopes) - set(SCOPES)):
        raise UnknownScope(
            f"These scopes do not exist: {', '.join(unknown)}. Known: {', '.join(SCOPES)}.", field="scope"
        )
    if not scopes:
        raise NoScope(field="scope")
    if not 1 <= days <= LONGEST_DAYS:
        raise LifetimeOutOfRange(field="days")
    if len(name) > NAME_LENGTH or not name.isprintable():
        raise TokenNameInvalid(field="name")
    owner = actor_for(admin, door="api")
    customer, partner = first_customer(owner), first_partner(owner)
    if customer is None and partner is None:
        raise NoOrganisation()
    text = PREFIX + secrets.token_urlsafe(32)
    token = ApiToken.objects.create(
        admin=admin,
        name=name,
        digest=_digest(text),
        scopes=sorted(set(scopes)),
        expires_at=timezone.now() + timedelta(days=days),
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


@transaction.atomic
def revoke_token(*, token: ApiToken, by: Actor, partner: Partner) -> bool:
    """Let a token be nobody from the next request on. False when it was so already."""
    authorize(by, Control.PARTNER_API_TOKENS, partner=partner)
    if not ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now()):
        return False
    audit.record(
        action="token.revoked",
        text=f"The API token {token.name or token.public_id} of {token.admin.email} was revoked",
        target=token,
        partner=partner,
        by=by,
    )
    return True


def tokens_of(partner: Partner) -> QuerySet[ApiToken]:
    """Personal tokens of everybody who holds a role at the partner; integrations get theirs by themselves."""
    staff = RoleAssignment.objects.filter(partner=partner).values("admin")
    return ApiToken.objects.filter(admin__in=staff, integration=None).select_related("admin")


@dataclass(frozen=True)
class Bearer:
    """Who presented a token: its owner with today's roles, and what the token is good for."""

    actor: Actor
    token: ApiToken

    @property
    def scopes(self) -> frozenset[str]:
        return frozenset(self.token.scopes)

    @property
    def whose(self) -> dict[str, Any]:
        """Who it is across tokens: an integration changes its token often and is still the same client."""
        if self.token.integration_id is None:
            return {"pk": self.token.pk}
        return {"integration": self.token.integration_id, "admin": self.token.admin_id}

    @property
    def who(self) -> str:
        """The same in one word, for keys."""
        return "-".join(map(str, self.whose.values()))


def bearer_of(text: str, *, ip: str | None = None, user_agent: str = "", tracking_id: str = "") -> Bearer | None:
    """Whoever holds the live token `text`; None for an unknown, expired or revoked one, or one of a closed account."""
    token = _live_tokens().filter(digest=_digest(text)).first()
    if token is None:
        return None
    now = timezone.now()
    if token.last_used_at is None or now - token.last_used_at > TOUCH_EVERY:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
    actor = actor_for(token.admin, door="api", ip=ip, user_agent=user_agent, tracking_id=tracking_id)
    if token.within_id:
        actor = replace(_within(actor, token.within_id), integration_id=token.integration_id)
    return Bearer(actor=actor, token=token)


def _within(actor: Actor, partner_id: int) -> Actor:
    """The actor with the roles he holds at a partner, its indirect providers and their customers, and no others.

    Whoever also works elsewhere lends an integration of this partner nothing there.
    """
    if all(grant.partner_id == partner_id for grant in actor.grants):
        return actor
    reach = {("partner", pk) for pk in partners_within(actor, partner_id).values_list("pk", flat=True)}
    reach |= {("customer", pk) for pk in customers_within(actor, partner_id).values_list("pk", flat=True)}
    kept = [g for g in actor.grants if {("partner", g.partner_id), ("customer", g.customer_id)} & reach]
    return replace(actor, grants=tuple(kept))


def bearer_behind(token_id: int) -> Bearer | None:
    """Whoever a signed link was made for, as of now: None once his token is expired, revoked, or its account closed."""
    token = _live_tokens().filter(pk=token_id).first()
    return Bearer(actor=actor_for(token.admin, door="api"), token=token) if token else None


def _live_tokens() -> QuerySet[ApiToken]:
    live = ApiToken.objects.filter(revoked_at=None, expires_at__gt=timezone.now(), admin__is_active=True)
    return live.select_related("admin")


def _digest(text: str) -> str:
    # A 256-bit random secret needs no slow hash.
    return hashlib.sha256(text.encode()).hexdigest()
