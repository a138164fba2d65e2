"""The OpenAPI 3.1 description of the API, made from the operations themselves."""

from functools import cache
from typing import Any

from api import operations  # noqa: F401 - the operations must be registered before they are described
from api.application import application

_TRACKING = {"trackingId": {"description": "Names this request in the logs.", "schema": {"type": "string"}}}
_LINK = {"Link": {"description": 'RFC 8288, rel="next" and rel="prev".', "schema": {"type": "string"}}}


@cache
def description() -> dict[str, Any]:
    """The whole description; the same for everybody."""
    document: dict[str, Any] = dict(application.get_openapi_schema(path_prefix=""))
    document["info"]["license"] = {"name": "Public specifications: CC BY 4.0 (webex/webex-openapi-specs, Cisco)"}
    for methods in document["paths"].values():
        for details in methods.values():
            _complete(details)
    return document


def _complete(details: dict[str, Any]) -> None:
    # Ninja names the scheme without scopes, beside ours with them.
    details["security"] = [named for named in details["security"] if named["BearerToken"]]
    for status, response in details["responses"].items():
        response.setdefault("headers", {}).update(_TRACKING)
        if int(status) == 200 and any(parameter["name"] == "offset" for parameter in details["parameters"]):
            response["headers"].update(_LINK)
