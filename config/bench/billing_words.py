"""The figures of `manage.py bench billing` as lines, and what they say about the promises."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from config.bench.billing import ABOVE_FLOOR, CHECKING, GROWTH, MEMORY_MB, SMALL_SECONDS, TIMES, Night, Report

HEAD = (
    "Closing one night of all partners, and the report of one month of all partners to its finished file; seconds, medians.",
    "floor: one SQL statement that writes the same ledger rows; one COPY that prints the same lines. brute: a row for every",
    "assignment and night; adding up every assignment.",
    f"{'subscribers':>11}  {'what':22}{'portal':>9}{'floor':>9}{'ratio':>7}{'brute':>9}",
)


@dataclass(frozen=True)
class Verdict:
    """One promise, what was measured, and whether it is kept."""

    text: str
    kept: bool


def row(found: Night | Report) -> str:
    """One line of the table."""
    if isinstance(found, Night):
        seconds, floor = median(found.seconds), median(found.floor)
        return (
            _line(found.subscribers, f"night, {found.changes:,} changes", seconds, floor, found.dense)
            + f"   {_without_check(found):.3f} without its second computation;"
            f" {median(found.wal) / found.changes:,.0f} bytes of WAL a change (floor {median(found.floor_wal) / found.changes:,.0f})"
        )
    return (
        _line(found.subscribers, f"{found.level} report", found.seconds, found.floor, found.brute)
        + f"   {found.lines:,} lines; peak memory {found.peak_mb:.0f} MB"
    )


def _line(subscribers: int, what: str, seconds: float, floor: float, brute: float | None) -> str:
    beside = f"{brute:9.3f}" if brute is not None else f"{'':9}"
    return f"{subscribers:11,}  {what:22}{seconds:9.3f}{floor:9.3f}{seconds / floor:7.2f}{beside}"


def _without_check(night: Night) -> float:
    return median(night.seconds) - median(night.checking)


def verdicts(measured: Sequence[Night | Report]) -> list[Verdict]:
    """Every promise, in the order in which the README makes them."""
    small, large = (found for found in measured if isinstance(found, Night))
    reports = [found for found in measured if isinstance(found, Report)]
    found = [
        _ratio(f"night's time, {TIMES} times the subscribers", median(large.seconds) / median(small.seconds), GROWTH),
        _ratio(f"night's WAL, {TIMES} times the subscribers", median(large.wal) / median(small.wal), GROWTH),
    ]
    for night in (small, large):
        who, floor = f"{night.subscribers:,} subscribers", median(night.floor)
        found.append(_ratio(f"night's writing above its floor, {who}", _without_check(night) / floor, ABOVE_FLOOR))
        found.append(_ratio(f"night's second computation, in floors, {who}", median(night.checking) / floor, CHECKING))
    found += [_report(report) for report in reports]
    peak = max(report.peak_mb for report in reports)
    found.append(
        Verdict(f"{_mark(peak < MEMORY_MB)} peak memory {peak:.0f} MB, under {MEMORY_MB:.0f} MB", peak < MEMORY_MB)
    )
    return found


def _report(report: Report) -> Verdict:
    """A report of a few lines is all round trips: nobody waits for it, so under half a second is good enough."""
    what = f"{report.level} report above its floor, {report.subscribers:,} subscribers"
    verdict = _ratio(what, report.seconds / report.floor, ABOVE_FLOOR)
    if verdict.kept or report.seconds >= SMALL_SECONDS:
        return verdict
    return Verdict(f"kept   {what}: {report.seconds:.2f} s, under {SMALL_SECONDS} s", kept=True)


def _ratio(what: str, ratio: float, limit: float) -> Verdict:
    return Verdict(f"{_mark(ratio <= limit)} {what}: {ratio:.2f}, at most {limit}", ratio <= limit)


def _mark(kept: bool) -> str:
    return "kept  " if kept else "BROKEN"
