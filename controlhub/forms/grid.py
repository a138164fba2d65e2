"""Many small forms on one page of a wizard. Rows left blank do not count; nothing typed is ever dropped."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from django import forms
from django.http import QueryDict

MOST_ROWS_READ = 200


@dataclass(frozen=True)
class Problem:
    """One line of the summary of errors: where to go, and what is wrong."""

    target: str
    text: str


class Grid:
    """Rows of `row_class`, named `<prefix>-<n>-<field>`. To a wizard it behaves like a form.

    A row counts when one of its `telling` fields was filled in. Shown are the rows that count, then blank ones up to
    the posted number `rows` (the "more rows" button raises it).
    """

    row_class: ClassVar[type[forms.Form]]
    prefix: ClassVar[str]
    telling: ClassVar[tuple[str, ...]]
    row_name: ClassVar[str] = "Row"
    most: ClassVar[int] = 25
    rows_at_first: ClassVar[int] = 5

    def __init__(self, data: QueryDict | None) -> None:
        self.is_bound = data is not None
        self.problems_of_page: list[str] = []
        self.cleaned_data: dict[str, Any] = {}
        typed = self._typed_rows(data) if data is not None else []
        self.filled = [self.make_row(number, values) for number, values in enumerate(typed)]
        self.rows = self.filled + [
            self.make_row(number, None) for number in range(len(typed), self._shown(data, typed))
        ]
        self._checked = False

    def make_row(self, number: int, values: dict[str, str] | None) -> forms.Form:
        """The form of one row; without values it is a blank one."""
        prefix = f"{self.prefix}-{number}"
        data = {f"{prefix}-{name}": value for name, value in values.items()} if values is not None else None
        return self.row_class(data, prefix=prefix, **self.row_kwargs())

    def row_kwargs(self) -> dict[str, Any]:
        """What every row's form is given."""
        return {"use_required_attribute": False}

    def _typed_rows(self, data: QueryDict) -> list[dict[str, str]]:
        pattern = re.compile(rf"^{self.prefix}-(\d{{1,4}})-(\w+)$")
        found: dict[int, dict[str, str]] = {}
        for name in data:
            match = pattern.match(name)
            if match:
                found.setdefault(int(match[1]), {})[match[2]] = str(data.get(name, ""))
        rows = [found[number] for number in sorted(found)][:MOST_ROWS_READ]
        return [row for row in rows if any(row.get(name, "").strip() for name in self.telling)]

    def _shown(self, data: QueryDict | None, typed: list[dict[str, str]]) -> int:
        asked = data.get("rows", "") if data is not None else ""
        wanted = int(asked) if is_count(asked) else self.rows_at_first
        return max(len(typed), min(wanted, self.most))

    @property
    def shown(self) -> int:
        """How many rows the page shows: posted again, so that the number survives."""
        return len(self.rows)

    @property
    def full(self) -> bool:
        """No more rows can be added."""
        return self.shown >= self.most

    def is_valid(self) -> bool:
        """Are all rows right? Fills `cleaned_data`, or the errors of rows and page."""
        if not self.is_bound:
            return False
        if not self._checked:
            self._checked = True
            for row in self.filled:
                row.is_valid()
            self.clean()
        return not self.problems_of_page and all(row.is_valid() for row in self.filled)

    def clean(self) -> None:
        """Check the rows together. Call `add_error` and the rows' `add_error`; fill `cleaned_data`."""

    def add_error(self, field: str | None, error: Any) -> None:
        """An error of the page as a whole."""
        self.problems_of_page.append(str(error))

    def quiet(self) -> None:
        """Show the page without complaint: somebody is still typing."""
        self.problems_of_page = []
        for row in self.filled:
            row.errors.clear()

    def problems(self) -> Iterator[Problem]:
        """Everything that is wrong, for the summary of errors on top of the page."""
        self.is_valid()
        for text in self.problems_of_page:
            yield Problem("", text)
        for number, row in enumerate(self.filled, start=1):
            for name, errors in row.errors.items():
                bound = row[name]
                for error in errors:
                    yield Problem(bound.id_for_label, f"{self.row_name} {number}, {bound.label}: {error}")


def is_count(text: str) -> bool:
    """A small whole number, not "²" and not five thousand digits, which int() refuses."""
    return text.isascii() and text.isdigit() and len(text) < 4


def steer(post: QueryDict) -> QueryDict:
    """What the buttons inside a page mean to the wizard: `more` shows more rows, `drop` clears the named row, `fill` stays
    in the data for the page itself to read. All of them show the page again without complaint.
    """
    if not {"more", "drop", "fill"} & set(post):
        return post
    changed = post.copy()
    more, drop = changed.pop("more", ["0"])[-1], changed.pop("drop", [""])[-1]
    rows = changed.get("rows", "")
    if is_count(more) and is_count(rows):
        changed["rows"] = str(min(int(rows) + int(more), MOST_ROWS_READ))
    for name in [name for name in changed if drop and name.startswith(f"{drop}-")]:
        del changed[name]
    changed["stay"] = "1"
    return changed
