"""What pages show of jobs."""

import zlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Prefetch, Q, QuerySet

from provisioning.models import ProvisioningJob, ProvisioningStep
from provisioning.registry import job_type
from tenancy.actors import Actor
from tenancy.models import Customer

JobState = ProvisioningJob.State
StepState = ProvisioningStep.State
FINISHED = frozenset({JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED})
WAITING_CODE = "waiting"
BADGES = {"succeeded": "success", "failed": "error", "cancelled": "neutral", "retry_wait": "warning"}
_TIMELINE = {
    StepState.RUNNING: "running",
    StepState.DONE: "done",
    StepState.FAILED: "error",
    StepState.SKIPPED: "skipped",
}


@dataclass(frozen=True)
class TimelineStep:
    """One line of `<c-timeline>`."""

    title: str
    state: str
    detail: str
    at: datetime | None


@dataclass(frozen=True)
class JobProgress:
    """A job as its card shows it. `fingerprint` changes whenever the card would look different."""

    job: ProvisioningJob
    title: str
    headline: str
    badge: str
    label: str
    steps: list[TimelineStep]
    is_open: bool
    can_retry: bool
    fingerprint: str

    @property
    def public_id(self) -> UUID:
        return self.job.public_id


def visible_jobs(actor: Actor) -> QuerySet[ProvisioningJob]:
    """Jobs of the customers that the actor sees, with their steps. A location administrator sees those he started."""
    jobs = ProvisioningJob.objects.filter(customer__in=Customer.objects.visible_to(actor))
    if actor.location_bound_customer_ids:
        jobs = jobs.exclude(
            ~Q(requested_by=actor.admin_id) | Q(requested_by=None), customer__in=actor.location_bound_customer_ids
        )
    return _with_steps(jobs)


def latest_job(customer: Customer, *, kind: str | None = None) -> ProvisioningJob | None:
    """The customer's newest job (of a kind), with its steps."""
    jobs = ProvisioningJob.objects.filter(customer=customer)
    if kind is not None:
        jobs = jobs.filter(kind=kind)
    return _with_steps(jobs).order_by("-created_at", "-pk").first()


def _with_steps(jobs: QuerySet[ProvisioningJob]) -> QuerySet[ProvisioningJob]:
    steps = Prefetch("steps", queryset=ProvisioningStep.objects.order_by("position"))
    return jobs.select_related("customer__partner__parent").prefetch_related(steps)


def progress_of(job: ProvisioningJob) -> JobProgress:
    """The card of a job whose steps are loaded."""
    steps = list(job.steps.all())
    state = JobState(job.state)
    held = state == JobState.RETRY_WAIT and any(step.error_code == WAITING_CODE for step in steps)
    is_open = state not in FINISHED
    facts: list[Any] = [job.state, *((s.state, s.attempts, s.error_code) for s in steps)]
    return JobProgress(
        job=job,
        title=job_type(job.kind).title,
        headline=_headline(state, steps, held=held),
        badge=BADGES.get(job.state, "info"),
        label="On hold" if held else state.label,
        steps=[_timeline_step(step, is_open=is_open) for step in steps],
        is_open=is_open,
        can_retry=state == JobState.FAILED,
        fingerprint=f"{_checksum(facts):x}",
    )


def _checksum(facts: list[Any]) -> int:
    """A short number that is the same in every process."""
    return zlib.crc32(repr(facts).encode())


def _timeline_step(step: ProvisioningStep, *, is_open: bool) -> TimelineStep:
    state = _TIMELINE.get(StepState(step.state), "waiting")
    if state == "waiting" and step.error_code and is_open:
        state = "held" if step.error_code == WAITING_CODE else "retrying"
    detail = step.error
    if state == "retrying":
        detail = f"{step.error} The portal tries again by itself."
    return TimelineStep(step.title, state, detail, step.finished_at if state in ("done", "error") else None)


def _headline(state: ProvisioningJob.State, steps: list[ProvisioningStep], *, held: bool) -> str:
    done = sum(step.state == StepState.DONE for step in steps)
    failed = sum(step.state == StepState.FAILED for step in steps)
    total = len(steps)
    current = next(
        (n for n, s in enumerate(steps, start=1) if s.state in (StepState.PENDING, StepState.RUNNING)), total
    )
    if state == JobState.SUCCEEDED:
        return "All steps are done." if total > 1 else "Done."
    if state == JobState.FAILED:
        return f"{done} of {total} steps done, {failed or total - done} failed. Retry repeats only what failed."
    if state == JobState.CANCELLED:
        return "This job was cancelled."
    if held:
        return f"On hold at step {current} of {total}: {steps[current - 1].title}."
    if state == JobState.QUEUED and done == 0:
        return "Starts in a moment."
    return f"Step {current} of {total}: {steps[current - 1].title}."
