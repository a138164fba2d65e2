"""Correcting usage of the past: what is closed stays, the difference is booked today (docs/adr/0011)."""

from datetime import datetime
from typing import Any

from django.db import transaction

from billing.errors import CannotCorrect, MoreThanADay, StillAssigned
from billing.models import SECONDS_PER_DAY, UsageAdjustment, UsageCorrection
from billing.queries.corrections import DayChange, Span, changes_of, recorded_span, sum_of, true_span, use_beside
from billing.services.closing import midnight
from billing.services.reports import YEARS_BACK, earliest_day
from controlhub.models import PackageAssignment
from controlhub.services.clock import whole_seconds
from controlhub.services.constraints import named_errors
from controlhub.services.seats import DayClosed
from tenancy import audit
from tenancy.access import authorize
from tenancy.actors import Actor
from tenancy.policy import Control

FACTS = ("partner_id", "customer_id", "location_id", "subscriber_id", "workspace_id", "package")


def preview_correction(*, assignment: PackageAssignment, truth: Span, at: datetime | None = None) -> list[DayChange]:
    """What `correct_usage` would book, day by day; nothing when it is known already. Raises CannotCorrect."""
    moment = whole_seconds(at)
    _check_span(assignment, truth, moment)
    changes = changes_of(assignment, truth, today=moment.date())
    _check_days(assignment, changes, moment)
    return changes


@transaction.atomic
def correct_usage(
    *, assignment: PackageAssignment, truth: Span, reason: str, by: Actor, at: datetime | None = None
) -> UsageCorrection | None:
    """Write down when an assignment truly was; every day's difference is booked on the day of `at` (default: now).

    The same correction twice adds nothing: None. A second, different one replaces the first. An empty span says that the
    package never was there. Raises Forbidden, CannotCorrect or DayClosed; then nothing has changed.
    """
    authorize(by, Control.PARTNER_BILLING, partner=assignment.partner)
    if not reason.strip():
        raise CannotCorrect("Say why: whoever reads the invoice will ask.", field="reason")
    _lock_subject(assignment)
    assignment.refresh_from_db()
    before, moment = true_span(assignment), whole_seconds(at)
    changes = preview_correction(assignment=assignment, truth=truth, at=moment)
    if not changes:
        return None
    correction = _book(assignment, truth, changes, reason=reason.strip(), by=by, at=moment)
    _record(correction, before, changes, by)
    return correction


def _lock_subject(assignment: PackageAssignment) -> None:
    """The same lock as services take that start and end packages: nobody else changes this subject's use meanwhile."""
    subject = assignment.subject
    type(subject)._base_manager.select_for_update(no_key=True).get(pk=subject.pk)


def _check_span(assignment: PackageAssignment, truth: Span, now: datetime) -> None:
    recorded = recorded_span(assignment)
    if recorded.end is None and truth.end is not None:
        raise StillAssigned(field="ended_at")
    if recorded.end is not None and truth.end is None:
        raise CannotCorrect("Say when it ended.", field="ended_at")
    for name, at in (("started_at", truth.start), ("ended_at", truth.end)):
        if at and at.microsecond:
            raise CannotCorrect("Usage counts in whole seconds.", field=name)
        if at and at > now:
            raise CannotCorrect("That is still to come: only the past can be corrected.", field=name)
    if recorded.end is None and truth.start > max(recorded.start, midnight(now.date())):
        # Taken back, it would end at midnight (controlhub.jobs.subscribers): before it had truly begun.
        raise CannotCorrect("It still runs: a start of today can be corrected from tomorrow on.", field="started_at")
    if truth.end is not None and truth.end < truth.start:
        raise CannotCorrect("It cannot have ended before it started.", field="ended_at")
    earliest = earliest_day(now.date())
    if truth.start < recorded.start and truth.start.date() < earliest:
        raise CannotCorrect(f"Corrections reach {YEARS_BACK} years back, to {earliest:%F}.", field="started_at")


def _check_days(assignment: PackageAssignment, changes: list[DayChange], now: datetime) -> None:
    """One assignment cannot leave 0 to 86,400 seconds a day, its span cannot; several of one subject together could."""
    more = [change for change in changes if change.seconds > 0]
    if not more:
        return
    used = use_beside(assignment, more, now=now)
    for change in more:
        if used[change.about_on] + change.seconds > SECONDS_PER_DAY:
            raise MoreThanADay(change.about_on, used[change.about_on] + change.seconds)


def _book(
    assignment: PackageAssignment, truth: Span, changes: list[DayChange], *, reason: str, by: Actor, at: datetime
) -> UsageCorrection:
    correction = UsageCorrection.objects.create(
        partner=assignment.partner,
        assignment=assignment,
        started_at=truth.start,
        ended_at=truth.end,
        reason=reason,
        made_by=by.admin,
        made_at=at,
    )
    facts: dict[str, Any] = {name: getattr(assignment, name) for name in FACTS}
    with named_errors({"closed_day_stays": DayClosed}):
        UsageAdjustment.objects.bulk_create(
            UsageAdjustment(
                correction=correction, about_on=change.about_on, seconds=change.seconds, made_at=at, **facts
            )
            for change in changes
        )
    return correction


def _record(correction: UsageCorrection, before: Span, changes: list[DayChange], by: Actor) -> None:
    assignment = correction.assignment
    what = f"{assignment.get_package_display()} of {assignment.subject}"
    audit.record(
        action="usage.correct",
        text=f"Corrected {what} by {sum_of(changes):+,} seconds on {len(changes)} days",
        target=correction,
        partner=assignment.partner,
        changes={
            "started_at": [_text(before.start), _text(correction.started_at)],
            "ended_at": [_text(before.end), _text(correction.ended_at)],
            "seconds": [0, sum_of(changes)],
            "about": [None, f"{changes[0].about_on:%F} to {changes[-1].about_on:%F}"],
            "reason": [None, correction.reason],
        },
        by=by,
    )


def _text(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
