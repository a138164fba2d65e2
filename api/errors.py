"""Errors as the public API says them: `{"message", "errors": [{"description", "code"}], "trackingId"}` (domain.md 5.5).

`ApiError` is raised by the API's own code; `answer_for` turns everything else that may go wrong into one. Nothing here is
ever an HTML page.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest, JsonResponse
from ninja.errors import ValidationError

from api import codes
from tenancy.errors import DomainError


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: a number (api.codes), and a sentence."""

    code: int
    description: str


@dataclass
class ApiError(Exception):
    """An answer other than success. `headers` go out with it (Retry-After, WWW-Authenticate)."""

    status: int
    message: str
    problems: Sequence[Problem] = ()
    headers: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.message


def not_found(what: str = "resource") -> ApiError:
    """404, also for what belongs to somebody else: the two look the same."""
    return ApiError(404, f"The requested {what} could not be found.")


def from_domain(error: DomainError) -> ApiError:
    """A rule said no: its number and HTTP status stand in api.codes."""
    rows = getattr(error, "errors", None)
    if isinstance(rows, Mapping):  # sentences by field
        problems = [_problem(error.code, sentence) for sentence in rows.values()]
    else:
        problems = [_problem(row.code, row.message) for row in rows] if rows else [_problem(error.code, str(error))]
    return ApiError(codes.status_of(error), problems[0].description, problems)


def from_validation(error: ValidationError) -> ApiError:
    """A body or parameter that is not what the specification says: 400, one problem for each place."""
    problems = [Problem(*_validation(detail)) for detail in error.errors]
    return ApiError(400, problems[0].description if problems else "The request is not valid.", problems)


def answer(request: HttpRequest, error: ApiError) -> JsonResponse:
    """The error as a response."""
    tracking_id = getattr(request, "tracking_id", "")
    body: dict[str, Any] = {
        "message": error.message,
        "errors": [{"description": problem.description, "code": problem.code} for problem in error.problems]
        or [{"description": error.message, "code": codes.OF_STATUS.get(error.status, codes.GENERAL)}],
        "trackingId": tracking_id,
    }
    return JsonResponse(body, status=error.status, headers=dict(error.headers))


def _problem(code: str, description: str) -> Problem:
    return Problem(codes.number_of(code), description)


def _validation(detail: Mapping[str, Any]) -> tuple[int, str]:
    where = ".".join(str(part) for part in detail["loc"][1:] if part not in ("payload", "body")) or "body"
    kind = detail["type"]
    if kind == "missing" or detail.get("input", "") is None:
        return codes.NULL_PARAMETER, f"{where}: a value is required."
    if kind == "extra_forbidden":
        return codes.UNKNOWN_FIELD, f"{where}: this field is not known."
    if kind in ("string_too_long", "string_too_short", "too_long", "too_short"):
        return codes.INVALID_SIZE, f"{where}: {_sentence(detail['msg'])}"
    return codes.INVALID_VALUE, f"{where}: {_sentence(detail['msg'])}"


def _sentence(text: str) -> str:
    text = text.removeprefix("Value error, ")
    return text if text.endswith(".") else f"{text}."
