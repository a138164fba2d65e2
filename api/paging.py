"""Lists by `max` and `offset`, with RFC 8288 `Link` headers that keep the place even when rows come and go.

The links carry a `cursor` beside the offset: whoever follows them pages at constant cost and sees no row twice. Whoever counts
offsets himself gets what he asks for, at the cost that counting has.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from api.errors import ApiError
from tenancy.paging import Slice, is_cursor, page_from, page_of

MOST_TO_SKIP = 1_000_000_000


@dataclass(frozen=True)
class Names:
    """What an operation calls the parameters of its pages. `offset` is empty where the specification has none."""

    size: str = "max"
    offset: str = "offset"
    cursor: str = "cursor"


USUAL = Names()


def page(
    request: HttpRequest,
    response: HttpResponse,
    rows: QuerySet[Any],
    *,
    order: Sequence[str],
    size: int,
    offset: int = 0,
    names: Names = USUAL,
) -> list[Any]:
    """One page of `rows`; its `Link` header goes onto `response`. `order` must end in a unique column."""
    cursor = request.GET.get(names.cursor, "")
    direction, _, place = cursor.partition(":")
    if not cursor:
        found = page_from(rows, order=order, offset=offset, size=size)
    elif direction in ("after", "before") and is_cursor(place, len(order)):
        found = page_of(rows, order=order, size=size, **{direction: place})
    else:
        raise ApiError(400, "This cursor is not one of ours: start again without it.")
    if links := _links(request, found, names, size=size, offset=offset):
        response.headers["Link"] = links
    return found.items


def _links(request: HttpRequest, found: Slice, names: Names, *, size: int, offset: int) -> str:
    places = [
        ("next", f"after:{found.next}" if found.next else "", offset + size),
        ("prev", f"before:{found.previous}" if found.previous else "", max(offset - size, 0)),
    ]
    values = {names.size: str(size)}
    found_places = [(rel, {names.offset: str(skip), names.cursor: cursor}) for rel, cursor, skip in places if cursor]
    return ", ".join(_link(request, rel, values | place) for rel, place in found_places)


def _link(request: HttpRequest, rel: str, place: dict[str, str]) -> str:
    query = {key: values for key, values in request.GET.lists() if key not in place}
    query |= {key: [value] for key, value in place.items() if key}
    return f'<{settings.BASE_URL}{request.path}?{urlencode(query, doseq=True)}>; rel="{rel}"'
