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


def by_id(rows: QuerySet[Any], kind: str, text: str, *, field: str = "public_id", what: str = "resource") -> Any:
    """The one of `rows` whose uuid `field` is inside the public id `text`; raises a 404 otherwise."""
    value = parse_opaque_id(kind, text)
    row = rows.filter(**{field: value}).first() if value else None
    if row is None:
        raise not_found(what)
    return row


def partner_org_id(partner: Partner) -> str:
    """The public organization id of a partner."""
    return opaque_id(ORGANIZATION, partner.public_id)


def uuid_of_provisioning_id(text: str) -> uuid.UUID | None:
    """The uuid inside a Provisioning ID, which is base64 of a bare uuid; None for anything else."""
    try:
        return uuid.UUID(base64.b64decode(text.encode() + b"=" * (-len(text) % 4), validate=True).decode())
    except (binascii.Error, UnicodeError, ValueError):
        return None
