"""JSON and query strings as the API reads them: what PostgreSQL cannot store is refused here, once, as a bad request."""

import json
from typing import Any, NoReturn

from django.http import HttpRequest
from django.utils.datastructures import MultiValueDict
from ninja.parser import Parser

from api.errors import ApiError


class StrictParser(Parser):
    """Ninja's parser over what the door has read already."""

    def parse_body(self, request: HttpRequest) -> Any:
        return request.json  # type: ignore[attr-defined]

    def parse_querydict(self, data: MultiValueDict[str, Any], list_fields: list[str], request: HttpRequest) -> Any:
        parsed = super().parse_querydict(data, list_fields, request)
        _check(parsed)
        return parsed


def read_json(body: bytes) -> Any:
    """The body as data: without NaN, NUL, lone surrogates, or nesting that no honest client sends. Raises a 400."""
    try:
        data = json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise ApiError(400, "The body is not valid JSON.") from error
    _check(data)
    return data


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _check(data: Any) -> None:
    if isinstance(data, str):
        _check_text(data)
    elif isinstance(data, dict):
        for key, value in data.items():
            _check_text(key)
            _check(value)
    elif isinstance(data, list):
        for value in data:
            _check(value)


def _check_text(text: str) -> None:
    if "\x00" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise ApiError(400, "There are characters in this request that no text may have.")
