"""The lines of a report, computed once by the server into a temporary table, and compared with another way to count.

Number, totals and file come from the very same rows, whatever is written meanwhile.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from billing import report_names, report_sql
from billing.models import BillingReport
from billing.queries.setup_assist import setup_assist_of
from billing.queries.usage import billed_period, use_by_package
from billing.report_sql import LineKind
from controlhub.services.clock import database_now
from tenancy.errors import DomainError
from tenancy.models import Partner

Totals = dict[tuple[int, int, str], int]


class DoesNotReconcile(DomainError):
    """Two ways to count the same differ, so nothing is told to anybody."""

    code = "does_not_reconcile"


@dataclass(frozen=True)
class Counted:
    """How many lines there are, and what they add up to. None where a category has no such total."""

    rows: int
    seconds: int | None
    adjustment_seconds: int | None
    units: int


@contextmanager
def counted_lines(report: BillingReport) -> Iterator[Counted]:
    """The report's lines in the temporary table, for as long as the context lasts. Raises DoesNotReconcile."""
    with transaction.atomic():
        _execute(report_sql.LOOK_UP)
        _execute(report_sql.CREATE_LINES)
        _execute(report_names.CREATE_NAMES)
        for partner in report.members():
            _execute(report_names.ADD_NAMES, {"partner": partner.pk})
        _add_allocation(report) if report.is_point_in_time else _add_usage(report)
        _execute(f"ANALYZE {report_sql.LINES}, {report_names.NAMES}")
        rows, seconds, adjusted, units = _execute(report_sql.TOTALS)[0]
        timed = not report.is_point_in_time
        yield Counted(rows, seconds if timed else None, adjusted if timed else None, units)
        _execute(f"DROP TABLE {report_sql.LINES}, {report_names.NAMES}")


def _add_usage(report: BillingReport) -> None:
    expected: Totals = {}
    for place, partner in enumerate(report.members()):
        bounds = billed_period(partner, first=report.start_on, last=report.end_on) | {"place": place}
        # A line has one SKU: where a package gets another one, its use is cut.
        for first, after, packages in _execute(report_names.NAMED_STRETCHES, bounds):
            stretch = bounds | {"first": first, "after": after, "packages": packages}
            _execute(report_sql.add_usage(report.type), stretch)
            _execute(report_sql.add_setup_assist(report.type), stretch)
        _execute(report_sql.add_adjustments(report.type), bounds)
        expected |= _expected(partner, report, bounds)
    counted = {(partner, kind, item): total for partner, kind, item, total in _execute(report_sql.ITEM_TOTALS) if total}
    if counted != expected:
        raise DoesNotReconcile(_difference(counted, expected))


def _expected(partner: Partner, report: BillingReport, bounds: dict[str, Any]) -> Totals:
    """Seconds of each package by the partner's ledger and the corrections, and orders: what each level has to come to."""
    used = use_by_package(partner, first=report.start_on, last=report.end_on)
    corrected = _execute(report_sql.ADJUSTMENT_TOTALS, bounds)
    expected: Counter[tuple[int, int, str]] = Counter()
    expected.update({(partner.pk, LineKind.USAGE, use.package): use.seconds for use in used})
    expected.update({(partner.pk, LineKind.ADJUSTMENT, package): seconds for package, seconds in corrected})
    for use in setup_assist_of([partner], first=bounds["first"], after=bounds["after"]):
        expected[partner.pk, LineKind.SETUP_ASSIST, use.item] += use.units
    return dict(expected)


def _difference(counted: Totals, expected: Totals) -> str:
    key = next(key for key in sorted(counted | expected) if counted.get(key) != expected.get(key))
    unit = "units" if key[1] == LineKind.SETUP_ASSIST else "seconds"
    return (
        f"{key[2]} of partner {key[0]}: the report says {counted.get(key, 0)} {unit}, "
        f"the ledger {expected.get(key, 0)}. The operator has been told."
    )


def _add_allocation(report: BillingReport) -> None:
    report.as_of = database_now()
    for place, partner in enumerate(report.members()):
        bounds = {"partner": partner.pk, "as_of": report.as_of, "place": place}
        for item, counted, due in _execute(report_sql.add_allocation(report.type), bounds):
            raise DoesNotReconcile(
                f"{item} of partner {partner.pk}: {counted or 0} are assigned, the ledger says {due or 0}. "
                "The operator has been told."
            )


def _execute(sql: str, parameters: dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall() if cursor.description else []
