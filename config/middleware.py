"""What every request gets: a tracking id and safe headers."""

import secrets
from collections.abc import Callable

import structlog
from django.http import HttpRequest, HttpResponse

GetResponse = Callable[[HttpRequest], HttpResponse]


class RequestContext:
    """Give the request a tracking id (also on the answer and in each log line) and keep private pages out of caches."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.tracking_id = "PORTAL_" + secrets.token_hex(12)  # type: ignore[attr-defined]
        with structlog.contextvars.bound_contextvars(tracking_id=request.tracking_id):  # type: ignore[attr-defined]
            response = self.get_response(request)
        response.headers["trackingId"] = request.tracking_id  # type: ignore[attr-defined]
        response.headers.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=()")
        if not request.path.startswith("/static/"):
            response.headers.setdefault("Cache-Control", "no-store, private")
        return response
