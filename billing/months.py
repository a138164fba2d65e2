"""Calendar months, named by their first day."""

import calendar
from collections.abc import Iterator
from datetime import date, timedelta


def first_of(day: date) -> date:
    """The month of a day."""
    return day.replace(day=1)


def after(month: date) -> date:
    """The first day that is no longer in the month."""
    return month.replace(day=1) + timedelta(days=days_in(month))


def days_in(day: date) -> int:
    """28 to 31."""
    return calendar.monthrange(day.year, day.month)[1]


def between(first: date, until: date) -> Iterator[date]:
    """Every month that has a day from `first` up to, not including, `until`."""
    month = first_of(first)
    while month < until:
        yield month
        month = after(month)


def parse(text: str) -> date:
    """The month written as 2026-03. Raises ValueError."""
    return date.fromisoformat(f"{text}-01")
