"""Exports: RFC 4180, and no cell that a spreadsheet would run."""

import csv
import io
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenancy.csv_export import csv_lines, safe_cell

DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "\x00")


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("Acme", "Acme"),
        ("=1+1", "'=1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("-2", "'-2"),
        ("+12175550100", "+12175550100"),  # E.164 survives
        ("+1217555=1", "'+1217555=1"),
        (None, ""),
        (7, "7"),
        (-7, "-7"),
        (Decimal("-0.5"), "-0.5"),
    ],
)
def test_cells(value: object, cell: str) -> None:
    assert safe_cell(value) == cell


@given(st.text())
def test_no_exported_cell_starts_like_a_formula_unless_it_is_a_number(text: str) -> None:
    cell = safe_cell(text)
    assert not cell.startswith(DANGEROUS) or cell[1:].isdigit()


@given(st.lists(st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\x00\r\n")), min_size=1))
def test_a_reader_gets_back_what_was_written(values: list[str]) -> None:
    lines = "".join(csv_lines(["a"] * len(values), [values]))
    assert list(csv.reader(io.StringIO(lines)))[1] == [safe_cell(value) for value in values]
