"""How an operation is declared: path, scope, control, answers. Everything else about it follows from that.

`control` is the item of the policy table that the operation is about, for the reference and the tests; the check itself is
made where the pages have it too: in the service, or in `api.access` for reads.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.http import HttpRequest
from ninja import Router

from api import codes
from api.errors import ApiError, Problem
from api.schemas.common import ErrorBody
from tenancy.policy import Control
from tenancy.tokens import Scope

SAFE = frozenset({"GET", "HEAD"})
ALWAYS = (400, 401, 403, 404, 405, 409, 415, 423, 429, 500, 503)
# Too long; another request under the same Idempotency-Key.
WITH_BODY: dict[str, tuple[int, ...]] = {"POST": (413, 422), "PUT": (413,), "PATCH": (413,)}
Function = Callable[..., Any]


@dataclass(frozen=True)
class Operation:
    """One operation of the API as declared."""

    method: str
    path: str
    scope: Scope
    control: Control
    successes: tuple[int, ...]
    headers: tuple[str, ...]
    function: Function


OPERATIONS: list[Operation] = []


def operation(
    router: Router,
    method: str,
    path: str,
    *,
    scope: Scope,
    control: Control,
    success: dict[int, Any],
    summary: str,
    errors: tuple[int, ...] = (),
    headers: tuple[str, ...] = (),
    one_transaction: bool = True,
    openapi: dict[str, Any] | None = None,
) -> Callable[[Function], Function]:
    """Register a function as an operation. `success` maps a status to its schema (None: no body); `headers` are what a
    success carries beside it.

    Writing operations run in one transaction, unless they say that they see to it themselves.
    """
    atomic = method not in SAFE and one_transaction

    def declare(function: Function) -> Function:
        OPERATIONS.append(Operation(method, path, scope, control, tuple(success), headers, function))
        register = router.api_operation(
            [method],
            path,
            response=success | dict.fromkeys((*ALWAYS, *WITH_BODY.get(method, ()), *errors), ErrorBody),
            exclude_none=True,
            by_alias=True,
            operation_id=summary,
            summary=summary,
            auth=_scope_needed(scope),
            openapi_extra={"security": [{"BearerToken": [scope.value]}], **(openapi or {})},
        )
        register(_in_one_transaction(function) if atomic else function)
        return function

    return declare


def _scope_needed(scope: Scope) -> Callable[[HttpRequest], Any]:
    """Asked before the parameters and the body are looked at: without the scope nobody learns what would be right."""

    def check(request: HttpRequest) -> Any:
        bearer = request.bearer  # type: ignore[attr-defined]  # set by api.door
        if scope.value not in bearer.scopes:
            message = f"The token lacks the scope {scope.value}."
            raise ApiError(403, message, [Problem(codes.SCOPE_MISSING, message)])
        return bearer

    return check


def _in_one_transaction(function: Function) -> Function:
    @functools.wraps(function)
    def atomic(*args: Any, **kwargs: Any) -> Any:
        with transaction.atomic():
            return function(*args, **kwargs)

    return atomic
