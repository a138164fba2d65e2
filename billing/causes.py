"""Why two files disagree about somebody: from figures and dates to a cause and a sentence. Pure functions."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from billing.models import Difference

Cause = Difference.Cause
# What is counted, not timed, on reports.
COUNTED = "SETUP_ASSIST"


@dataclass(frozen=True)
class Side:
    """What one file says: days of use, first and last day, and in how many lines."""

    quantity: Decimal
    starts_on: date | None
    ends_on: date | None
    lines: int
    adjusted: Decimal = Decimal(0)


@dataclass(frozen=True)
class Disagreement:
    """One key of the two files. The ids are of whom we found behind it."""

    service: str
    customer_key: str
    subject_key: str
    customer_id: int | None
    subscriber_id: int | None
    workspace_id: int | None
    customer_label: str
    subject_label: str
    ours: Side | None
    theirs: Side | None
    tolerance: Decimal
    cause: str = ""
    explanation: str = ""

    @property
    def has_subject(self) -> bool:
        """Is it about one user or workspace (a file of type USER)?"""
        return bool(self.subject_key)


def explained(rows: Iterable[Disagreement], *, first: date, last: date) -> list[Disagreement]:
    """The same rows with a cause and a sentence each. `first` and `last` are the report's days."""
    together = list(rows)
    others = _other_packages(together)
    return [_explain(row, others.get(index), first=first, last=last) for index, row in enumerate(together)]


def _other_packages(rows: list[Disagreement]) -> dict[int, str]:
    """Pairs of one user in which the vendor counts one service and we count another, about as much: index to the other's name."""
    found: dict[int, str] = {}
    by_subject: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for index, row in enumerate(rows):
        if row.has_subject and (row.ours is None) != (row.theirs is None):
            by_subject[row.customer_key, row.subject_key].append(index)
    for indexes in by_subject.values():
        ours = [i for i in indexes if rows[i].ours]
        theirs = [i for i in indexes if rows[i].theirs]
        if len(ours) == len(theirs) == 1:
            found[ours[0]], found[theirs[0]] = rows[theirs[0]].service, rows[ours[0]].service
    return found


def _explain(row: Disagreement, other: str | None, *, first: date, last: date) -> Disagreement:
    if row.ours is None:
        cause, sentence = _theirs_only(row, other)
    elif row.theirs is None:
        cause, sentence = _ours_only(row, other)
    else:
        cause, sentence = _both(row, row.ours, row.theirs, first, last)
    return replace(row, cause=cause, explanation=sentence)


def _theirs_only(row: Disagreement, other: str | None) -> tuple[Cause, str]:
    if other:
        return Cause.OTHER_PACKAGE, f"The vendor bills {row.service}; here it was {other}."
    if row.customer_key and row.customer_id is None:
        return Cause.UNKNOWN_CUSTOMER, "None of your customers has this organization or external ID."
    if row.has_subject and row.subscriber_id is None and row.workspace_id is None:
        return Cause.UNKNOWN_SUBJECT, "This customer has no user or workspace with these ids."
    return Cause.NOT_ASSIGNED, f"{row.service} was not assigned here in this period."


def _ours_only(row: Disagreement, other: str | None) -> tuple[Cause, str]:
    if other:
        return Cause.OTHER_PACKAGE, f"Here it was {row.service}; the vendor bills {other}."
    return Cause.NOT_BILLED, "The vendor's file has no line for it."


def _both(row: Disagreement, ours: Side, theirs: Side, first: date, last: date) -> tuple[Cause, str]:
    def same(a: Decimal, b: Decimal) -> bool:
        return abs(a - b) <= row.tolerance

    gap = theirs.quantity - ours.quantity
    if theirs.lines > ours.lines and any(same(theirs.quantity, ours.quantity * times) for times in (2, 3)):
        return Cause.TWICE, f"The vendor has {theirs.lines} lines for it, we have {ours.lines}."
    if ours.adjusted and same(theirs.quantity, ours.quantity - ours.adjusted):
        return Cause.ADJUSTMENT, f"The vendor leaves out adjustments of {_days(ours.adjusted)}."
    if row.has_subject and theirs.ends_on and ours.ends_on and theirs.ends_on != ours.ends_on:
        return Cause.OTHER_END, f"The vendor counts until {_on(theirs.ends_on)}, we until {_on(ours.ends_on)}."
    if row.has_subject and theirs.starts_on and ours.starts_on and theirs.starts_on != ours.starts_on:
        return Cause.OTHER_START, f"The vendor counts from {_on(theirs.starts_on)}, we from {_on(ours.starts_on)}."
    whole = theirs.quantity == theirs.quantity.to_integral_value()
    if row.has_subject and whole and 0 < gap < 2 and ours.quantity != ours.quantity.to_integral_value():
        return Cause.WHOLE_DAYS, "The vendor counts whole days; here parts of a day count by the second."
    more = "more" if gap > 0 else "less"
    much = _units(abs(gap)) if row.service.startswith(COUNTED) else _days(abs(gap))
    return Cause.QUANTITY, f"The vendor counts {much} {more}, over the same days."


def _plain(quantity: Decimal) -> str:
    return f"{quantity:.6f}".rstrip("0").rstrip(".")


def _days(quantity: Decimal) -> str:
    return f"{_plain(quantity)} day" if quantity == 1 else f"{_plain(quantity)} days"


def _units(quantity: Decimal) -> str:
    return f"{_plain(quantity)} unit" if quantity == 1 else f"{_plain(quantity)} units"


def _on(day: date) -> str:
    return f"{day:%-d %b %Y}"
