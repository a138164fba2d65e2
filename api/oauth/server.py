"""The OAuth2 server: the three grants that integrations use, and no other. What is not here cannot be abused."""

import re
import secrets

from django.http import HttpRequest
from oauthlib.common import Request
from oauthlib.oauth2 import (
    AuthorizationCodeGrant,
    AuthorizationEndpoint,
    BearerToken,
    ClientCredentialsGrant,
    InvalidRequestError,
    RefreshTokenGrant,
    TokenEndpoint,
)

from api.oauth.validator import Validator
from tenancy.actors import Actor
from tenancy.authorizations import ACCESS_LIFETIME, BY_ITSELF_LIFETIME
from tenancy.integrations import BY_ITSELF, CODE, REFRESH
from tenancy.tokens import PREFIX

REFRESH_PREFIX = "wsr_"
CODE_PREFIX = "wsc_"


_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")


class CodeGrant(AuthorizationCodeGrant):
    """With PKCE by hash only, and codes that can be told from everything else in a log."""

    # "plain" would send the verifier itself through the browser.
    _code_challenge_methods = {"S256": AuthorizationCodeGrant._code_challenge_methods["S256"]}

    def __init__(self, validator: Validator) -> None:
        super().__init__(validator)
        self.custom_validators.pre_auth.append(_plain_query)

    def create_authorization_code(self, request: Request) -> dict[str, str]:
        state = {"state": request.state} if request.state else {}
        return {"code": CODE_PREFIX + secrets.token_urlsafe(32)} | state


class Server(AuthorizationEndpoint, TokenEndpoint):
    """Both endpoints, for one request of `actor` (nobody, where only the integration is known)."""

    def __init__(self, actor: Actor) -> None:
        validator = Validator(actor)
        bearer = BearerToken(validator, _access_token, _lifetime, _refresh_token)
        code = CodeGrant(validator)
        grants = {
            CODE.value: code,
            REFRESH.value: RefreshTokenGrant(validator),
            BY_ITSELF.value: ClientCredentialsGrant(validator),
        }
        AuthorizationEndpoint.__init__(self, "code", bearer, {"code": code})
        TokenEndpoint.__init__(self, CODE.value, bearer, grants)


def _plain_query(request: Request) -> dict[str, str]:
    """Answers go into the query, whatever is asked for; a challenge is a SHA-256 and nothing else."""
    request.response_mode = "query"
    if request.code_challenge is not None and not _CHALLENGE.fullmatch(request.code_challenge):
        raise InvalidRequestError("The code_challenge is not a SHA-256 in base64url.", request=request)
    return {}


def _access_token(request: Request) -> str:
    return PREFIX + secrets.token_urlsafe(32)


def _refresh_token(request: Request) -> str:
    return REFRESH_PREFIX + secrets.token_urlsafe(32)


def _lifetime(request: Request) -> int:
    lifetime = BY_ITSELF_LIFETIME if request.grant_type == BY_ITSELF else ACCESS_LIFETIME
    return int(lifetime.total_seconds())


def query_of(request: HttpRequest) -> str:
    """The address of a request as oauthlib reads it: characters that it refuses are escaped, nothing is dropped."""
    return f"{request.path}?{request.GET.urlencode()}" if request.GET else request.path


def headers_of(request: HttpRequest) -> dict[str, str]:
    """What of the headers the server looks at."""
    wanted = ("Authorization", "Content-Type")
    return {name: request.headers[name] for name in wanted if name in request.headers}
