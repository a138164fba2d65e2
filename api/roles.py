"""Roles as the public API knows them: an id for each, made from its stored word, so that it is the same everywhere."""

import uuid
from collections.abc import Iterable

from api import ids
from tenancy.opaque_ids import opaque_id, parse_opaque_id
from tenancy.policy import Role

_SPACE = uuid.UUID("4f0c5a52-7d0e-4c57-9b0a-0d5f3b5c6a11")


def _uuid_of(role: Role) -> uuid.UUID:
    return uuid.uuid5(_SPACE, role.value)


_BY_UUID = {_uuid_of(role): role for role in Role}


def role_id(role: Role) -> str:
    """The public id of a role."""
    return opaque_id(ids.ROLE, _uuid_of(role))


def role_of(text: str) -> Role | None:
    """The role behind a public id, or None."""
    value = parse_opaque_id(ids.ROLE, text)
    return _BY_UUID.get(value) if value else None


def role_ids(stored: Iterable[str]) -> list[str]:
    """Public ids of stored roles."""
    return [role_id(Role(value)) for value in stored]
