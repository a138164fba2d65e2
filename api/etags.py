"""`ETag` and `If-Match`: whoever changes what he read a while ago learns that somebody else was quicker (412)."""

import hashlib
import json

from django.http import HttpRequest, HttpResponse
from ninja import Schema

from api.errors import ApiError


def etag_of(spoken: Schema) -> str:
    """A strong tag of what is said: it changes exactly when an answer would."""
    text = json.dumps(spoken.model_dump(mode="json", by_alias=True, exclude_none=True), sort_keys=True)
    return f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'


def tag(response: HttpResponse, spoken: Schema) -> None:
    """Put the tag of an answer onto it."""
    response.headers["ETag"] = etag_of(spoken)


def require_match(request: HttpRequest, spoken: Schema) -> None:
    """Raise 412 when the request names a tag in If-Match that is not the present one."""
    wanted = request.headers.get("If-Match", "")
    if not wanted or wanted.strip() == "*":
        return
    if etag_of(spoken) not in [part.strip() for part in wanted.split(",")]:
        raise ApiError(412, "Somebody has changed this meanwhile: get it again, then decide.")
