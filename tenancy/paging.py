"""Keyset pages: the next page starts after the last row shown, so page 1,000 costs what page 1 costs.

Nothing is counted. A cursor is the sort key of a row as base64 JSON; it is a position, not a secret, and a damaged one
means the first page.
"""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet
from django.http import QueryDict

PAGE_SIZE = 50


@dataclass(frozen=True)
class Slice:
    """One page. `next` and `previous` are cursors for `?after=` and `?before=`, empty at the ends."""

    items: list[Any]
    next: str = ""
    previous: str = ""


def page_of(
    queryset: QuerySet[Any],
    *,
    order: Sequence[str],
    after: str | None = None,
    before: str | None = None,
    size: int = PAGE_SIZE,
) -> Slice:
    """The page of `queryset` after or before a cursor, in the order of `order`.

    `order` names columns, "-name" for descending, and must end in a unique one. Columns must not be null.
    """
    try:
        return _page(queryset, tuple(order), after or "", before or "", size)
    except (ValueError, TypeError, ValidationError):
        return _page(queryset, tuple(order), "", "", size)


def page_from(queryset: QuerySet[Any], *, order: Sequence[str], offset: int, size: int = PAGE_SIZE) -> Slice:
    """The page that begins after `offset` rows, for clients that count: it costs what it skips. Its cursors are `page_of`'s."""
    rows = list(queryset.order_by(*order)[offset : offset + size + 1])
    more, rows = len(rows) > size, rows[:size]
    return Slice(
        items=rows,
        next=_encode(rows[-1], tuple(order)) if more else "",
        previous=_encode(rows[0], tuple(order)) if rows and offset else "",
    )


def is_cursor(text: str, length: int) -> bool:
    """Is `text` a cursor of an order of `length` columns? `page_of` takes a damaged one for the first page."""
    try:
        _decode(text, length)
    except (ValueError, TypeError):
        return False
    return True


def cursors(query: QueryDict) -> dict[str, Any]:
    """`after` and `before` of a request, as keyword arguments for `page_of`."""
    return {name: query.get(name, "") for name in ("after", "before")}


def _page(queryset: QuerySet[Any], order: tuple[str, ...], after: str, before: str, size: int) -> Slice:
    backwards = bool(before) and not after
    cursor = after or before
    if cursor:
        queryset = queryset.filter(_beyond(order, _decode(cursor, len(order)), backwards=backwards))
    rows = list(queryset.order_by(*(_flip(order) if backwards else order))[: size + 1])
    more = len(rows) > size
    rows = rows[:size][::-1] if backwards else rows[:size]
    return Slice(
        items=rows,
        next=_encode(rows[-1], order) if rows and (more or backwards) else "",
        previous=_encode(rows[0], order) if rows and (more if backwards else bool(cursor)) else "",
    )


def _flip(order: tuple[str, ...]) -> list[str]:
    return [name[1:] if name.startswith("-") else f"-{name}" for name in order]


def _beyond(order: tuple[str, ...], values: list[Any], *, backwards: bool) -> Q:
    """(a, b) > (x, y) spelled out, because directions may differ from column to column.

    `a >= x` is said once more in front: an index can start there, which it cannot with the OR alone.
    """
    condition, equal, start = Q(), Q(), Q()
    for name, value in zip(order, values, strict=True):
        column, descending = name.lstrip("-"), name.startswith("-")
        operator = "lt" if descending != backwards else "gt"
        start = start or Q(**{f"{column}__{operator}e": value})
        condition |= equal & Q(**{f"{column}__{operator}": value})
        equal &= Q(**{column: value})
    return start & condition


def _encode(row: Model, order: tuple[str, ...]) -> str:
    values = [_attribute(row, name.lstrip("-")) for name in order]
    return base64.urlsafe_b64encode(json.dumps(values, default=str).encode()).decode().rstrip("=")


def _attribute(row: Any, name: str) -> Any:
    for part in name.split("__"):
        row = getattr(row, part)
    return row


def _decode(cursor: str, length: int) -> list[Any]:
    try:
        values = json.loads(base64.urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4)))
    except (binascii.Error, UnicodeError, RecursionError) as error:
        raise ValueError("not a cursor") from error
    if not isinstance(values, list) or len(values) != length:
        raise ValueError("not a cursor")
    if any(not isinstance(value, str | int) or (isinstance(value, str) and "\x00" in value) for value in values):
        raise ValueError("not a cursor")
    return values
