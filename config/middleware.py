"""What every request gets: a tracking id, safe headers, and a 503 that says so when a server is lost."""

import secrets
from collections.abc import Callable

import structlog
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from config.errors import unavailable

logger = structlog.get_logger(__name__)
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


class UnavailableServer:
    """A lost PostgreSQL or Redis is a 503 with Retry-After, not a 500: the visitor can simply try again."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            return self.get_response(request)
        except LOST as error:
            return self._answer(request, error)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Views' own exceptions arrive here, before Django turns them into a 500."""
        return self._answer(request, exception) if isinstance(exception, LOST) else None

    def _answer(self, request: HttpRequest, error: Exception) -> HttpResponse:
        logger.warning("server_unavailable", error=type(error).__name__, path=request.path)
        return unavailable(request)


LOST = (OperationalError, InterfaceError, RedisConnectionError, RedisTimeoutError)
