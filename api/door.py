"""The one door of the API: what happens around every operation, whatever it is.

Who is it (401), how often (429), what was sent (413, 415), was it sent before (Idempotency-Key); then the operation; then
the headers that every answer has. Cookies are never looked at: a browser's session is worth nothing here.
"""

import functools
from collections.abc import Callable
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from api import codes, idempotency, limits
from api.errors import ApiError, Problem, answer
from api.parsing import read_json
from tenancy.policy import Control
from tenancy.tokens import PREFIX, Bearer, bearer_of

View = Callable[..., HttpResponse]
WITH_BODY = frozenset({"POST", "PUT", "PATCH", "DELETE"})


def through(view: View) -> View:
    """`view` behind the door. Its URL declares Control.API; each operation declares its own scope and rights."""

    @csrf_exempt
    @functools.wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        headers: dict[str, str] = {}
        try:
            response = _serve(view, request, headers, *args, **kwargs)
        except ApiError as error:
            response = answer(request, error)
        return _finish(response, request, headers)

    guarded.control = Control.API  # type: ignore[attr-defined]
    return guarded


def _serve(view: View, request: HttpRequest, headers: dict[str, str], *args: Any, **kwargs: Any) -> HttpResponse:
    bearer = _authenticate(request)
    allowance = limits.spend(bearer)
    headers.update(allowance.headers)
    if allowance.exceeded:
        message = f"Too many requests: {allowance.limit} a minute are allowed. Wait {allowance.reset} seconds."
        retry = {"Retry-After": str(allowance.reset)}
        raise ApiError(429, message, [Problem(codes.RATE_LIMITED, message)], retry)
    _read_body(request)
    request.bearer = bearer  # type: ignore[attr-defined]
    if request.method == "POST":
        return idempotency.once(request, bearer, lambda: view(request, *args, **kwargs))
    return view(request, *args, **kwargs)


def _authenticate(request: HttpRequest) -> Bearer:
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    bearer = None
    if scheme.lower() == "bearer" and text.startswith(PREFIX):
        bearer = bearer_of(
            text.strip(),
            ip=request.META.get("REMOTE_ADDR") or None,
            user_agent=request.headers.get("User-Agent", ""),
            tracking_id=getattr(request, "tracking_id", ""),
        )
    if bearer is None:
        message = "The request requires a valid access token set in the Authorization request header."
        raise ApiError(401, message, headers={"WWW-Authenticate": 'Bearer realm="portal"'})
    return bearer


def _read_body(request: HttpRequest) -> None:
    if request.method not in WITH_BODY:
        return
    try:
        body = request.body
    except RequestDataTooBig as error:
        raise ApiError(413, "The body is larger than this API reads.") from error
    if body and request.content_type != "application/json":
        raise ApiError(415, "Send the body as application/json.")
    if body:
        request.json = read_json(body)  # type: ignore[attr-defined]


def _finish(response: HttpResponse, request: HttpRequest, headers: dict[str, str]) -> HttpResponse:
    if response.status_code == 405:
        allowed = ", ".join(sorted(response.headers.get("Allow", "").split(", ")))
        response = answer(
            request, ApiError(405, f"This address answers {allowed or 'nothing'} only.", headers={"Allow": allowed})
        )
    for name, value in headers.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Cache-Control", "no-store")
    return response
