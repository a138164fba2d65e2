"""Reading the CSV of a reconciliation report, ours or the vendor's, line by line (columns: domain.md 6.3).

Both come through this one reader, so that what differs in the end is what the files say, not how they were read.
"""

import base64
import binascii
import csv
import re
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path

from billing.models import BillingReport

LONGEST_CELL = 10_000
Type = BillingReport.Type
# What a line of each level must have to be compared; of several in one entry, one is enough.
NEEDED: dict[str, list[tuple[str, ...]]] = {
    Type.PARTNER: [("SERVICE_NAME",), ("QUANTITY",)],
    Type.CUSTOMER: [("SERVICE_NAME",), ("QUANTITY",), ("CUSTOMER_ORG_ID", "CUSTOMER_EXTERNAL_ID")],
    Type.USER: [
        ("SERVICE_NAME",),
        ("QUANTITY",),
        ("CUSTOMER_ORG_ID", "CUSTOMER_EXTERNAL_ID"),
        ("USER_ID", "SUBSCRIBER_ID"),
    ],
}
_URI = re.compile(r"ciscospark://us/[A-Z_]+/([0-9a-fA-F-]{36})\Z")


class FileUnreadable(Exception):
    """The file is none of the kind. The sentence says which line, and why."""


@dataclass(frozen=True)
class Line:
    """One line. Ids are uuids as text where the file has ids that we can read; else what the file has."""

    number: int
    service: str
    org_id: str
    external_id: str
    subscriber_id: str
    user_id: str
    workspace_id: str
    starts_on: date | None
    ends_on: date | None
    quantity: Decimal
    adjustment: bool

    @property
    def tolerance(self) -> Decimal:
        """Half a unit of the last decimal: that much the quantity may be off by rounding. A whole number was not rounded."""
        exponent = self.quantity.as_tuple().exponent
        return Decimal(5).scaleb(exponent - 1) if isinstance(exponent, int) and exponent < 0 else Decimal(0)


def read_lines(path: Path, *, level: str) -> Iterator[Line]:
    """The lines of a file of `level`. Raises FileUnreadable."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file)
        try:
            header = [name.strip().upper() for name in next(reader, [])]
            _check_header(header, level)
            for cells in reader:
                if any(cells):
                    yield _line(reader.line_num, dict(zip(header, cells, strict=False)))
        except (csv.Error, UnicodeDecodeError) as error:
            raise FileUnreadable(f"Line {reader.line_num}: this is no CSV file in UTF-8.") from error


def level_of(header: Sequence[str]) -> str | None:
    """The level whose columns a header has, the deepest first."""
    names = {name.strip().upper() for name in header}
    for level in (Type.USER, Type.CUSTOMER, Type.PARTNER):
        if all(names.intersection(group) for group in NEEDED[level]):
            return level
    return None


def _check_header(header: list[str], level: str) -> None:
    found = level_of(header)
    if found is None:
        raise FileUnreadable(
            "Line 1: the columns of a reconciliation report are missing (SERVICE_NAME, QUANTITY, ...)."
        )
    if found != level:
        raise FileUnreadable(f"This is a file of type {found}; the report it is compared with is of type {level}.")


def _line(number: int, cells: dict[str, str]) -> Line:
    if any(len(cell) > LONGEST_CELL or "\x00" in cell for cell in cells.values()):
        raise FileUnreadable(f"Line {number}: a cell is too long or has characters that no text has.")
    values = {name: cell.strip() for name, cell in cells.items()}
    return Line(
        number=number,
        service=re.sub(r"[\s-]+", "_", values.get("SERVICE_NAME", "").upper())[:80],
        org_id=_identity(values.get("CUSTOMER_ORG_ID", "")),
        external_id=values.get("CUSTOMER_EXTERNAL_ID", "")[:64],
        subscriber_id=_identity(values.get("SUBSCRIBER_ID", "")),
        user_id=_identity(values.get("USER_ID", "")),
        workspace_id=_identity(values.get("WORKSPACE_ID", "")),
        starts_on=_day(values.get("CONSUMPTION_START_DATE", "")),
        ends_on=_day(values.get("CONSUMPTION_END_DATE", "")),
        quantity=_quantity(number, values.get("QUANTITY", "")),
        adjustment="adjustment" in values.get("DESCRIPTION", "").lower(),
    )


def _identity(text: str) -> str:
    """The uuid inside an id, whether opaque (domain.md 0.4) or bare; any other text as it is."""
    try:
        return str(uuid.UUID(text))
    except ValueError:
        pass
    try:
        decoded = base64.b64decode(text.encode() + b"=" * (-len(text) % 4), validate=True).decode()
    except (binascii.Error, UnicodeError):
        return text[:120]
    match = _URI.match(decoded)
    return match[1].lower() if match else text[:120]


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None


def _quantity(number: int, text: str) -> Decimal:
    try:
        quantity = Decimal(text.replace(",", "") if "." in text else text)
    except InvalidOperation as error:
        raise FileUnreadable(f"Line {number}: {text[:40]!r} is no quantity.") from error
    if not quantity.is_finite() or abs(quantity) > Decimal(10) ** 12:
        raise FileUnreadable(f"Line {number}: {text[:40]!r} is no quantity.")
    return quantity
