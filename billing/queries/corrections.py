"""Corrections as the pages and the service need them: what is true of an interval, and what that changes on which day."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.db.models import Count, Max, Min, QuerySet, Sum
from django.db.models.functions import Coalesce

from billing.models import SECONDS_PER_DAY, UsageAdjustment, UsageCorrection
from controlhub.models import PackageAssignment
from tenancy.models import Partner

LIST_ORDER = ("-made_at", "-id")
EXPORT_CHUNK = 2000
EXPORT_HEADER = (
    "Made on (UTC)", "About (UTC)", "Customer", "External customer ID", "Location", "User or workspace", "Email",
    "Package", "Seconds", "Days used", "Reason", "Made by", "Correction",
)  # fmt: skip
DAYS_ORDER = ("about_on", "id")
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Span:
    """From `start` until `end`, exclusive; without an end it still runs; equal ends mean never."""

    start: datetime
    end: datetime | None

    @property
    def is_never(self) -> bool:
        return self.start == self.end


@dataclass(frozen=True)
class DayChange:
    """How many seconds a day had too few (or, negative, too many)."""

    about_on: date
    seconds: int


def recorded_span(assignment: PackageAssignment) -> Span:
    """What the interval itself says: what the day's closing has read."""
    return Span(assignment.started_at, assignment.ended_at)


def true_span(assignment: PackageAssignment) -> Span:
    """When the assignment truly was: its latest correction, or itself. An end that was not corrected is the recorded one."""
    latest = assignment.corrections.order_by("-id").first()
    if latest is None:
        return recorded_span(assignment)
    return Span(latest.started_at, latest.ended_at or assignment.ended_at)


def changes_of(assignment: PackageAssignment, truth: Span, *, today: date) -> list[DayChange]:
    """What has to be added to each day so that the assignment comes to `truth`, after all earlier corrections of it.

    Days before its partner's billing starts count for nobody, so they are left alone.
    """
    wanted = _seconds_by_day(truth, until=today)
    has = _seconds_by_day(recorded_span(assignment), until=today)
    has.update(_adjusted(UsageAdjustment.objects.filter(correction__assignment=assignment)))
    wanted.subtract(has)
    first = assignment.partner.billing_start_on
    return [DayChange(day, seconds) for day, seconds in sorted(wanted.items()) if seconds and day >= first]


def use_beside(assignment: PackageAssignment, changes: list[DayChange], *, now: datetime) -> Counter[date]:
    """Seconds of each changed day that the subject used of the same kind, corrections included: all base packages
    together, or the one add-on. The rest of today counts too: if nothing runs now, something may still be started."""
    first, last = changes[0].about_on, changes[-1].about_on
    kind: dict[str, Any] = {
        "subscriber": assignment.subscriber_id,
        "workspace": assignment.workspace_id,
        "is_base": assignment.is_base,
    }
    if not assignment.is_base:
        kind["package"] = assignment.package
    used: Counter[date] = Counter()
    held = list(PackageAssignment.objects.filter(**kind, started_at__lt=_midnight(last + ONE_DAY)))
    for other in held:
        span = Span(max(other.started_at, _midnight(first)), other.ended_at)
        used.update(_seconds_by_day(span, until=min(last, now.date())))
    if all(other.ended_at for other in held):
        used.update(_seconds_by_day(Span(now, None), until=now.date()))
    about = UsageAdjustment.objects.filter(
        about_on__range=(first, last), **{f"correction__assignment__{name}": value for name, value in kind.items()}
    )
    used.update(_adjusted(about))
    return used


def _adjusted(adjustments: QuerySet[UsageAdjustment]) -> dict[date, int]:
    return dict(
        adjustments.values("about_on").annotate(seconds_in_all=Sum("seconds")).values_list("about_on", "seconds_in_all")
    )


def _seconds_by_day(span: Span, *, until: date) -> Counter[date]:
    """Seconds of the span on each UTC day that it touches, up to the end of `until`."""
    end = min(span.end or datetime.max.replace(tzinfo=UTC), _midnight(until + ONE_DAY))
    seconds: Counter[date] = Counter()
    start = span.start
    while start < end:
        day = start.astimezone(UTC).date()
        closes = min(end, _midnight(day + ONE_DAY))
        seconds[day] = int((closes - start).total_seconds())
        start = closes
    return seconds


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, tzinfo=UTC)


def sum_of(changes: Iterable[DayChange]) -> int:
    return sum(change.seconds for change in changes)


def days_of(seconds: int) -> Decimal:
    """Seconds as days of use, for print: six decimals, half away from zero, as reports have them."""
    return (Decimal(seconds) / SECONDS_PER_DAY).quantize(Decimal("0.000001"), ROUND_HALF_UP)


def corrections_of(partner: Partner) -> QuerySet[UsageCorrection]:
    """The partner's corrections with what they came to: `seconds`, `days`, `first_day`, `last_day`."""
    subject = ("customer", "location", "subscriber", "workspace")
    return (
        UsageCorrection.objects.filter(partner=partner)
        .select_related("made_by", *(f"assignment__{name}" for name in subject))
        .annotate(
            seconds=Coalesce(Sum("adjustments__seconds"), 0),
            days=Count("adjustments"),
            first_day=Min("adjustments__about_on"),
            last_day=Max("adjustments__about_on"),
        )
    )


def export_rows(partner: Partner) -> Iterator[list[object]]:
    """The partner's adjustments as lines under EXPORT_HEADER, in the order in which they were made."""
    rows = UsageAdjustment.objects.filter(partner=partner).select_related(
        "customer", "location", "subscriber", "workspace", "correction__made_by"
    )
    for row in rows.order_by("made_at", "id").iterator(chunk_size=EXPORT_CHUNK):
        subject = row.subscriber or row.workspace
        yield [
            row.made_on,
            row.about_on,
            row.customer.name,
            row.customer.external_id,
            row.location.name if row.location else "",
            subject,
            row.subscriber.email if row.subscriber else "",
            row.get_package_display(),
            row.seconds,
            days_of(row.seconds),
            row.correction.reason,
            row.correction.made_by or "Portal",
            row.correction.public_id,
        ]
