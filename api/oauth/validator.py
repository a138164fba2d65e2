"""What allauth's identity provider asks about a request, answered from the portal's own tables.

allauth authenticates clients and checks grant types, scopes and PKCE. What it would keep or compare in its own way is
replaced, because our threat model asks for more (docs/adr/0021): codes and refresh tokens are rows that are locked while they
are used, redirect addresses are compared letter by letter, and an access token is a row of the one table that the door reads.
"""

from dataclasses import replace
from datetime import datetime
from functools import cached_property
from typing import Any

from allauth.idp.oidc.internal.oauthlib.request_validator import OAuthLibRequestValidator
from django.utils import timezone
from oauthlib.common import Request

from tenancy.actors import Actor
from tenancy.authorizations import (
    ACCESS_LIFETIME,
    BY_ITSELF_LIFETIME,
    REFRESH_LIFETIME,
    Issue,
    authorize_integration,
    issue_token,
    may_act_by_itself,
    redeemable,
    refreshable,
)
from tenancy.integrations import BY_ITSELF, live_integration
from tenancy.models import Authorization, Integration

# Clients of Webex ask for it beside their own scopes (it is about keys of messages). It means nothing here.
IGNORED_SCOPES = frozenset({"spark:kms"})


class Validator(OAuthLibRequestValidator):
    """One per request: it remembers what it has locked. Nothing is ever read from attributes that a client may send."""

    def __init__(self, actor: Actor) -> None:
        self.actor = actor
        self.authorization: Authorization | None = None

    @cached_property
    def now(self) -> datetime:
        return timezone.now()

    # -- Who asks

    def _lookup_client(self, request: Request, client_id: str) -> Integration | None:
        return live_integration(client_id) if isinstance(client_id, str) and client_id.isprintable() else None

    def authenticate_client(self, request: Request, *args: Any, **kwargs: Any) -> bool:
        if not super().authenticate_client(request, *args, **kwargs):
            return False
        locked = live_integration(request.client.pk, lock=True)
        if locked is None or locked.secret != request.client.secret or request.client_id not in (None, locked.pk):
            return False
        self._use_client(request, locked)
        request.client_id = locked.pk
        return True

    def client_authentication_required(self, request: Request, *args: Any, **kwargs: Any) -> bool:
        return True

    def validate_grant_type(
        self, client_id: str, grant_type: str, client: Integration, request: Request, *args: Any, **kwargs: Any
    ) -> bool:
        if not super().validate_grant_type(client_id, grant_type, client, request, *args, **kwargs):
            return False
        return grant_type != BY_ITSELF or may_act_by_itself(client)

    def validate_scopes(
        self, client_id: str, scopes: list[str], client: Integration, request: Request, *args: Any, **kwargs: Any
    ) -> bool:
        request.scopes = [scope for scope in scopes if scope not in IGNORED_SCOPES]
        return bool(request.scopes) and set(request.scopes) <= set(request.client.get_scopes())

    # -- Where people are sent back to

    def get_default_redirect_uri(self, client_id: str, request: Request, *args: Any, **kwargs: Any) -> None:
        """None is guessed: whoever asks says where, as at Webex."""

    def validate_redirect_uri(
        self, client_id: str, redirect_uri: str, request: Request, *args: Any, **kwargs: Any
    ) -> bool:
        return redirect_uri in request.client.get_redirect_uris()

    def confirm_redirect_uri(
        self,
        client_id: str,
        code: str,
        redirect_uri: str,
        client: Integration,
        request: Request,
        *args: Any,
        **kwargs: Any,
    ) -> bool:
        return self.authorization is not None and redirect_uri == self.authorization.redirect_uri

    # -- Codes

    def save_authorization_code(
        self, client_id: str, code: dict[str, str], request: Request, *args: Any, **kwargs: Any
    ) -> None:
        authorize_integration(
            integration=request.client,
            scopes=request.scopes,
            redirect_uri=request.redirect_uri,
            code=code["code"],
            challenge=request.code_challenge or "",
            by=self.actor,
        )

    def validate_code(
        self, client_id: str, code: str, client: Integration, request: Request, *args: Any, **kwargs: Any
    ) -> bool:
        self.authorization = redeemable(client, code, now=self.now)
        if self.authorization is None:
            return False
        request.scopes = self.authorization.scopes
        # A verifier without a challenge: somebody took the challenge out on the way (RFC 9700, PKCE downgrade).
        return bool(self.authorization.code_challenge) or not request.code_verifier

    def get_code_challenge(self, code: str, request: Request) -> str | None:
        return (self.authorization and self.authorization.code_challenge) or None

    def get_code_challenge_method(self, code: str, request: Request) -> str:
        return "S256"

    def is_pkce_required(self, client_id: str, request: Request) -> bool:
        """Every integration has a secret; a challenge is checked when it is sent."""
        return False

    def invalidate_authorization_code(
        self, client_id: str, code: str, request: Request, *args: Any, **kwargs: Any
    ) -> None:
        """Done where the token is issued, in the same statement."""

    # -- Tokens

    def validate_refresh_token(
        self, refresh_token: str, client: Integration, request: Request, *args: Any, **kwargs: Any
    ) -> bool:
        found = refreshable(client, refresh_token, now=self.now)
        self.authorization = found.authorization if found else None
        return found is not None

    def get_original_scopes(self, refresh_token: str, request: Request, *args: Any, **kwargs: Any) -> list[str]:
        return list(self.authorization.scopes) if self.authorization else []

    def rotate_refresh_token(self, request: Request) -> bool:
        return True

    def save_bearer_token(self, token: dict[str, Any], request: Request, *args: Any, **kwargs: Any) -> None:
        refresh = token.get("refresh_token", "")
        issue_token(
            integration=request.client,
            issue=Issue(
                text=token["access_token"],
                scopes=request.scopes,
                lifetime=ACCESS_LIFETIME if self.authorization else BY_ITSELF_LIFETIME,
                refresh=refresh,
            ),
            authorization=self.authorization,
            now=self.now,
            by=replace(self.actor, org_name=request.client.name),
        )
        if refresh:
            token["refresh_token_expires_in"] = int(REFRESH_LIFETIME.total_seconds())
