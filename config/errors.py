"""Error pages. None of them asks the database: they must work when nothing else does."""

import sys
from http.client import responses

import structlog
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from api.errors import ApiError, answer
from tenancy.launch import NoLaunch

RETRY_AFTER_SECONDS = 5
CONSENT_PAGE = "/v1/authorize"  # the one address of the API that people open
LOST_SERVER = (OperationalError, InterfaceError, RedisConnectionError, RedisTimeoutError)
logger = structlog.get_logger(__name__)


def _page(request: HttpRequest, status: int, **context: str) -> HttpResponse:
    if request.path.startswith("/v1/") and request.path != CONSENT_PAGE:
        return answer(request, ApiError(status, context.get("reason") or responses[status]))
    # Rendered without the request: the context processors would ask the database who is signed in.
    values = {"tracking_id": getattr(request, "tracking_id", ""), **context}
    return HttpResponse(render_to_string(f"{status}.html", values), status=status)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403: one's own thing, but not allowed. The exception's text says what is missing."""
    return _page(request, 403, reason=str(exception or ""), launch_url=_launch_url(exception))


def _launch_url(exception: Exception | None) -> str:
    """Where a session in a customer's Control Hub that has ended is opened again."""
    if not isinstance(exception, NoLaunch) or exception.customer is None:
        return ""
    customer = exception.customer
    return reverse("partnerhub:customer-launch", args=[customer.partner.public_id, customer.public_id])


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404: also for what belongs to somebody else, and it says nothing about it."""
    return _page(request, 404)


def server_error(request: HttpRequest) -> HttpResponse:
    """500: our fault; the tracking id finds the log line. But 503 when a server is lost, wherever it was noticed."""
    # Django calls this while it handles the exception, be it of a view or of a middleware.
    error = sys.exc_info()[1]
    if isinstance(error, LOST_SERVER):
        logger.warning("server_unavailable", error=type(error).__name__, path=request.path)
        return unavailable(request)
    return _page(request, 500)


def unavailable(request: HttpRequest) -> HttpResponse:
    """503: a server is away; the page retries by itself."""
    response = _page(request, 503)
    response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 with what to do: the usual cause is a page left open across a sign-in."""
    return _page(request, 403, reason="This page was open for too long, or cookies are off. Reload it and try again.")
