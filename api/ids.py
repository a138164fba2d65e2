"""Opaque ids in and out of the API (domain.md 0.4), and the rows behind them. A wrong id is a 404, as a stranger's is."""

import base64
import binascii
import uuid
from typing import Any, TypeVar

from django.db.models import Model, QuerySet

from api.errors import not_found
from tenancy.models import Partner
from tenancy.opaque_ids import opaque_id, parse_opaque_id

Row = TypeVar("Row", bound=Model)

CUSTOMER = "ENTERPRISE"
ORGANIZATION = "ORGANIZATION"
SUBSCRIBER = "SUBSCRIBER"
PERSON = "PEOPLE"
LOCATION = "LOCATION"
WORKSPACE = "PLACES"
DEVICE = "DEVICE"
REPORT = "BILLING_REPORT"
JOB = "JOB_ID"
ROLE = "ROLE"
LICENSE = "LICENSE"
WEBHOOK = "WEBHOOK"
CONNECTION = "PSTN_CONNECTION"
CALL_QUEUE = "CALL_QUEUE"
# Nobody and nothing has it: a filter by what is no id finds nothing.
NOBODY = uuid.UUID(int=0)


def by_id(rows: QuerySet[Any], kind: str, text: str, *, field: str = "public_id", what: str = "resource") -> Any:
    """The one of `rows` whose uuid `field` is inside the public id `text`; raises a 404 otherwise."""
    value = parse_opaque_id(kind, text)
    return one(rows.filter(**{field: value}) if value else rows.none(), what=what)


def one(rows: QuerySet[Any], *, what: str) -> Any:
    """The only one of `rows`; raises a 404 without one."""
    row = rows.first()
    if row is None:
        raise not_found(what)
    return row


def uuid_in(kind: str, text: str, *, what: str = "resource") -> uuid.UUID:
    """The uuid inside a public id; raises a 404 for anything else."""
    value = parse_opaque_id(kind, text)
    if value is None:
        raise not_found(what)
    return value


def partner_org_id(partner: Partner) -> str:
    """The public organization id of a partner."""
    return opaque_id(ORGANIZATION, partner.public_id)


def uuid_of_provisioning_id(text: str) -> uuid.UUID | None:
    """The uuid inside a Provisioning ID, which is base64 of a bare uuid; None for anything else."""
    try:
        return uuid.UUID(base64.b64decode(text.encode() + b"=" * (-len(text) % 4), validate=True).decode())
    except (binascii.Error, UnicodeError, ValueError):
        return None
