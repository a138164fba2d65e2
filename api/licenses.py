"""Licences as the public API knows them: a package of an organization (domain.md 0.4)."""

import base64
import binascii
import re
import uuid
from collections.abc import Iterable

from api.errors import ApiError
from api.speaking import license_id
from controlhub.models import PackageAssignment
from tenancy.models import Customer
from tenancy.packages import CATALOGUE

_SHAPE = re.compile(r"ciscospark://us/LICENSE/([0-9a-f-]{36}):(.+)\Z")
UNKNOWN = "licenses: this organization has no such license."


def parse_license_id(text: str) -> tuple[uuid.UUID, str] | None:
    """The organization and Webex's key inside a licence's public id, or None for anything else."""
    try:
        decoded = base64.b64decode(text.encode() + b"=" * (-len(text) % 4), validate=True).decode()
        match = _SHAPE.match(decoded)
        return (uuid.UUID(match[1]), match[2]) if match else None
    except (binascii.Error, UnicodeError, ValueError):
        return None


class Licenses:
    """The licences of one organization: from package to public id and back. One query."""

    def __init__(self, customer: Customer) -> None:
        states = customer.packages.exclude(license_id="")
        self._ids = {state.package: license_id(customer, state) for state in states}
        self._packages = {public: package for package, public in self._ids.items()}

    def held(self, assignments: Iterable[PackageAssignment]) -> list[str]:
        """Public ids of what somebody has."""
        return [self._ids[row.package] for row in assignments if row.package in self._ids]

    def packages(self, texts: Iterable[str]) -> list[str]:
        """Packages behind public ids, in the order of the catalogue. Raises a 400 for an unknown one."""
        given = set(texts)
        if given - self._packages.keys():
            raise ApiError(400, UNKNOWN)
        wanted = {self._packages[text] for text in given}
        return [package.code for package in CATALOGUE if package.code in wanted]
