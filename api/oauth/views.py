"""The two addresses of OAuth2. People meet the first one, programs the second; its errors are those of RFC 6749 5.2."""

from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.core.exceptions import BadRequest, PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import View
from oauthlib.oauth2 import AccessDeniedError, FatalClientError, OAuth2Error

from api import limits
from api.oauth.server import Server, headers_of, query_of
from tenancy.access import PortalView
from tenancy.actors import Actor
from tenancy.authorizations import may_authorize
from tenancy.models import Integration
from tenancy.policy import Control
from tenancy.scope_words import in_words

FORM = "application/x-www-form-urlencoded"
STRANGER = (
    "This integration belongs to another service provider. Only its own administrators and its customers' may use it."
)


class Refused(Exception):
    """Nothing can be asked here: `response` says why, on a page, or to the integration."""

    def __init__(self, response: HttpResponse) -> None:
        super().__init__()
        self.response = response


class Authorize(PortalView):
    """GET asks whoever is signed in, POST does what he answered. Nothing is kept between the two: both check the address."""

    control = Control.SIGNED_IN

    def get(self, request: HttpRequest) -> HttpResponse:
        try:
            return self._ask(*self._validated())
        except Refused as refused:
            return refused.response

    def post(self, request: HttpRequest) -> HttpResponse:
        try:
            scopes, info = self._validated()
        except Refused as refused:
            return refused.response
        if request.POST.get("decision") != "accept":
            return _back(AccessDeniedError(state=info["state"]).in_uri(info["redirect_uri"]))
        headers, _body, _status = self._server().create_authorization_response(query_of(request), scopes=scopes)
        return _back(headers["Location"])

    def _server(self) -> Server:
        return Server(self.actor)

    def _validated(self) -> tuple[list[str], dict[str, Any]]:
        try:
            scopes, info = self._server().validate_authorization_request(query_of(self.request))
        except (FatalClientError, ValueError) as error:
            # Without a known integration and one of its own addresses nobody is sent anywhere.
            raise Refused(self._error(getattr(error, "description", ""))) from error
        except OAuth2Error as error:
            raise Refused(_back(error.in_uri(error.redirect_uri))) from error
        if not may_authorize(self.actor, info["request"].client):
            raise Refused(self._error(STRANGER, status=403))
        return scopes, info

    def _ask(self, scopes: list[str], info: dict[str, Any]) -> HttpResponse:
        integration: Integration = info["request"].client
        site = urlsplit(info["redirect_uri"])
        context = {
            "integration": integration,
            "words": in_words(scopes),
            "scopes": scopes,
            "person": self.actor,
            "site": site.netloc,
            "address": self.request.get_full_path(),
        }
        response = render(self.request, "api/authorize.html", context)
        # Browsers apply form-action also to where the answer sends the person on to.
        response._csp_update = {"form-action": [f"{site.scheme}://{site.netloc}"]}  # type: ignore[attr-defined]
        return response

    def _error(self, text: str, *, status: int = 400) -> HttpResponse:
        return render(self.request, "api/authorize_error.html", {"text": text}, status=status)


@method_decorator(csrf_exempt, name="dispatch")
class AccessToken(View):
    """POST a code, a refresh token, or only who you are; get an access token."""

    control = Control.PUBLIC

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method != "POST":
            return _error("invalid_request", "Only POST works here.", 405, Allow="POST")
        address = _address(request)
        allowance = limits.spend_of(f"oauth-rate:{address}", settings.OAUTH_REQUESTS_PER_MINUTE)
        if allowance.exceeded:
            text = f"Too many requests. Wait {allowance.reset} seconds."
            retry = {"Retry-After": str(allowance.reset)}
            response: HttpResponse = _error("temporarily_unavailable", text, 429, **retry)
        else:
            response = self._answer(request, address)
        for name, value in allowance.headers.items():
            response.headers[name] = value
        return response

    def _answer(self, request: HttpRequest, address: str) -> HttpResponse:
        try:
            body = _body(request)
        except (BadRequest, RequestDataTooBig, SuspiciousOperation):
            return _error("invalid_request", "The body cannot be read.")
        if isinstance(body, HttpResponse):
            return body
        nobody = Actor(
            admin=None,
            door="api",
            ip=address or None,
            user_agent=request.headers.get("User-Agent", "")[:200],
            tracking_id=getattr(request, "tracking_id", ""),
        )
        try:
            with transaction.atomic():
                headers, text, status = Server(nobody).create_token_response(
                    query_of(request), "POST", body, headers_of(request)
                )
        except (OAuth2Error, ValueError) as error:
            return _error(getattr(error, "error", "invalid_request"), getattr(error, "description", "") or "")
        return HttpResponse(text, status=status, headers=headers)


def _body(request: HttpRequest) -> str | HttpResponse:
    """The form as oauthlib reads it, or what is wrong with it: each parameter once, in characters that can be read."""
    if request.content_type != FORM:
        return _error("invalid_request", f"Send the parameters as {FORM}.")
    fields = dict(request.POST.lists())
    if any(len(values) > 1 for values in fields.values()):
        return _error("invalid_request", "A parameter is there more than once.")
    if not all(text.isprintable() for name, values in fields.items() for text in (name, *values)):
        return _error("invalid_request", "There are characters in this request that no parameter may have.")
    if not request.POST.get("grant_type"):
        return _error("invalid_request", "Missing grant_type parameter.")
    return request.POST.urlencode()


def _error(error: str, description: str, status: int = 400, **headers: str) -> JsonResponse:
    body = {"error": error} | ({"error_description": description} if description else {})
    return JsonResponse(body, status=status, headers={"Cache-Control": "no-store", "Pragma": "no-cache"} | headers)


def _back(uri: str) -> HttpResponse:
    """To the integration, at an address that it registered."""
    return HttpResponseRedirect(uri)


def _address(request: HttpRequest) -> str:
    try:
        return str(get_adapter(request).get_client_ip(request))
    except PermissionDenied:
        return ""
