"""`Idempotency-Key`: a POST that is sent twice is done once (issue: better than the original; Stripe's meaning of the header).

The same key with the same request gets the first answer again, with `Idempotency-Replayed: true`; with another request 422;
while the first is still under way 409. Only successes are kept: a refusal had no effect, so trying again is right.
"""

import hashlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from api import codes
from api.errors import ApiError, Problem
from api.models import IdempotencyKey
from tenancy.tokens import Bearer

KEPT_FOR = timedelta(days=30)
LONGEST = 255
# What of an answer belongs to it, beside its body.
_HEADERS = ("Content-Type", "Location", "ETag")


def once(request: HttpRequest, bearer: Bearer, perform: Callable[[], HttpResponse]) -> HttpResponse:
    """The answer to `request`: performed now, or the one given before under the same key."""
    key = request.headers.get("Idempotency-Key", "")
    if not key:
        return perform()
    if len(key) > LONGEST or not key.isprintable():
        raise ApiError(400, f"An Idempotency-Key has at most {LONGEST} printable characters.")
    with transaction.atomic():
        _lock(bearer, key)
        kept = IdempotencyKey.objects.filter(**_whose(bearer), key=key).first()
        if kept is not None and kept.created_at > timezone.now() - KEPT_FOR:
            return _replay(kept, request)
        if kept is not None:
            kept.delete()
        response = perform()
        if 200 <= response.status_code < 300:
            _keep(bearer, key, request, response)
        return response


def purge(at_once: int = 5000) -> int:
    """Forget answers older than thirty days; returns how many. In parts, so that no transaction is long."""
    total = 0
    while True:
        old = IdempotencyKey.objects.filter(created_at__lte=timezone.now() - KEPT_FOR).order_by("created_at")
        deleted, _ = IdempotencyKey.objects.filter(pk__in=list(old.values_list("pk", flat=True)[:at_once])).delete()
        total += deleted
        if deleted < at_once:
            return total


def _whose(bearer: Bearer) -> dict[str, Any]:
    return {f"token__{name}": value for name, value in bearer.whose.items()}


def _lock(bearer: Bearer, key: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))",
            [f"idempotency {bearer.who} {key}"],
        )
        if not cursor.fetchone()[0]:
            message = "A request with this Idempotency-Key is being performed right now. Try again in a moment."
            raise ApiError(409, message, [Problem(codes.KEY_IN_FLIGHT, message)], {"Retry-After": "1"})


def _hash(request: HttpRequest) -> str:
    parts = (request.method or "", request.get_full_path(), "")
    return hashlib.sha256("\n".join(parts).encode() + request.body).hexdigest()


def _replay(kept: IdempotencyKey, request: HttpRequest) -> HttpResponse:
    if kept.request_hash != _hash(request):
        message = "This Idempotency-Key was used for another request. Use a new key."
        raise ApiError(422, message, [Problem(codes.KEY_REUSED, message)])
    headers = dict(kept.headers) | {"Idempotency-Replayed": "true"}
    return HttpResponse(bytes(kept.body), status=kept.status, headers=headers)


def _keep(bearer: Bearer, key: str, request: HttpRequest, response: HttpResponse) -> None:
    IdempotencyKey.objects.create(
        token=bearer.token,
        key=key,
        request_hash=_hash(request),
        status=response.status_code,
        headers={name: response.headers[name] for name in _HEADERS if name in response.headers},
        body=response.content,
    )
