"""The OpenAPI 3.1 description of the API, made from the operations themselves."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from api import operations  # noqa: F401 - the operations must be registered before they are described
from api.application import application
from api.operation import OPERATIONS

_HEADERS = {
    "Link": 'RFC 8288, rel="next" and rel="prev".',
    "Location": "Where this can be asked for again.",
    "ETag": "Names what was said; send it as If-Match with a change.",
}
_ALLOWANCE = {
    "RateLimit-Limit": "How many requests the token may send a minute.",
    "RateLimit-Remaining": "How many are left of this minute.",
    "RateLimit-Reset": "In how many seconds the next minute begins.",
}


@cache
def description() -> dict[str, Any]:
    """The whole description; the same for everybody."""
    document: dict[str, Any] = dict(application.get_openapi_schema(path_prefix=""))
    document["info"]["license"] = {"name": "Public specifications: CC BY 4.0 (webex/webex-openapi-specs, Cisco)"}
    declared = {(one.method.lower(), one.path): one for one in OPERATIONS}
    for path, methods in document["paths"].items():
        for method, details in methods.items():
            _complete(details, declared[method, path].headers)
    return document


def _complete(details: dict[str, Any], headers: Sequence[str]) -> None:
    # Ninja names the scheme without scopes, beside ours with them.
    details["security"] = [named for named in details["security"] if named["BearerToken"]]
    for status, response in details["responses"].items():
        response.setdefault("headers", {}).update(trackingId=_text("Names this request in the logs."))
        if int(status) < 300 or int(status) == 429:
            response["headers"].update({name: _text(text) for name, text in _ALLOWANCE.items()})
        if int(status) == 429:
            response["headers"]["Retry-After"] = _text("How many seconds to wait.")
        if int(status) < 300:
            response["headers"].update({name: _text(_HEADERS[name]) for name in (*headers, *_paged(details))})


def _paged(details: dict[str, Any]) -> list[str]:
    return ["Link"] if any(parameter["name"] in ("max", "limit") for parameter in details["parameters"]) else []


def _text(description: str) -> dict[str, Any]:
    return {"description": description, "schema": {"type": "string"}}
