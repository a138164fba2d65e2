"""The ids that the public API shows: unpadded base64 of `ciscospark://us/TYPE/uuid` (domain.md 0.4). Clients must not look inside."""

import base64
import binascii
import re
import uuid

_SHAPE = re.compile(r"ciscospark://us/([A-Z_]+)/([0-9a-f-]{36})\Z")


def opaque_id(kind: str, value: uuid.UUID | str | None) -> str:
    """The public id of a thing, for example `opaque_id("ORGANIZATION", customer.org_id)`; empty for None."""
    if value is None:
        return ""
    return base64.b64encode(f"ciscospark://us/{kind}/{value}".encode()).decode().rstrip("=")


def parse_opaque_id(kind: str, text: str) -> uuid.UUID | None:
    """The uuid inside a public id of this kind, or None for anything else."""
    try:
        decoded = base64.b64decode(text.encode() + b"=" * (-len(text) % 4), validate=True).decode()
        match = _SHAPE.match(decoded)
        return uuid.UUID(match[2]) if match and match[1] == kind else None
    except (binascii.Error, UnicodeError, ValueError):
        return None
