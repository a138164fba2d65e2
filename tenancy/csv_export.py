"""CSV downloads that a spreadsheet cannot be tricked with, streamed row by row."""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any

from django.http import StreamingHttpResponse

# A spreadsheet runs a cell that starts like this. E.164 numbers start with "+" and must survive (written decision:
# docs/threat-model.md, spreadsheet formulas).
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\x00")
_E164 = re.compile(r"\+[0-9]{7,15}\Z")


class _Echo:
    """A file that hands back what is written to it."""

    def write(self, value: str) -> str:
        return value


def safe_cell(value: Any) -> str:
    """The value as text that no spreadsheet takes for a formula."""
    if isinstance(value, int | Decimal):
        return str(value)  # a minus sign of ours is a number's
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) and not _E164.match(text) else text


def csv_lines(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """RFC 4180 lines, header first."""
    writer = csv.writer(_Echo())
    yield writer.writerow(header)
    for row in rows:
        yield writer.writerow([safe_cell(value) for value in row])


def csv_response(filename: str, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> StreamingHttpResponse:
    """A download named `filename`, never cached. Memory does not grow with the number of rows."""
    response = StreamingHttpResponse(csv_lines(header, rows), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{filename}"'
    response.headers["Cache-Control"] = "no-store"
    return response
