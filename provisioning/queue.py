"""Ordering slow work. The job is a row in the caller's transaction: it exists if and only if the deed does."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from provisioning.bell import bell
from provisioning.models import ProvisioningJob, ProvisioningStep
from provisioning.registry import job_type
from tenancy import audit
from tenancy.access import authorize, level
from tenancy.actors import Actor
from tenancy.announcing import announce
from tenancy.errors import DomainError
from tenancy.models import Customer, Event, Resource
from tenancy.policy import Control, Level


class NothingToRetry(DomainError):
    code = "nothing_to_retry"
    message = "Nothing in this job has failed, so there is nothing to try again."


@dataclass(frozen=True)
class NewStep:
    """A step to be: `name` picks its handler, `item` tells steps of one name apart, `title` is what people read."""

    name: str
    title: str
    item: str = ""


def enqueue(
    *, kind: str, customer: Customer, steps: Sequence[NewStep], payload: dict[str, Any] | None = None, by: Actor
) -> ProvisioningJob:
    """Order a job of a registered kind. Call it inside the transaction of the deed that needs it.

    Raises KeyError for an unknown kind, RuntimeError outside a transaction, ValueError for no steps or unknown ones.
    """
    if not steps or not {step.name for step in steps} <= job_type(kind).steps.keys():
        raise ValueError(f"A job of kind '{kind}' needs steps that this kind knows.")
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("A job belongs into the transaction of its deed.")
    job = ProvisioningJob.objects.create(
        kind=kind,
        partner_id=customer.partner_id,
        customer=customer,
        payload=payload or {},
        requested_by=by.admin,
    )
    ProvisioningStep.objects.bulk_create(
        ProvisioningStep(job=job, position=position, name=step.name, item=step.item, title=step.title[:120])
        for position, step in enumerate(steps)
    )
    announce_job(job, Event.CREATED)
    ring_on_commit(job)
    return job


def announce_job(job: ProvisioningJob, event: Event) -> None:
    """Tell webhooks of a job that is new, or has ended."""
    announce(
        resource=Resource.JOBS,
        event=event,
        target_id=job.public_id,
        partner=job.partner_id,
        customer=job.customer_id,
    )


def ring_on_commit(job: ProvisioningJob) -> None:
    """Ring once the transaction is in. A plain closure: on_commit(partial, robust=True) breaks in Django 5.2."""
    job_id = job.pk

    def ring() -> None:
        bell.ring([job_id])

    transaction.on_commit(ring, robust=True)


def cancel_jobs(customer: Customer) -> int:
    """Low level: stop whatever is still to be done in a customer; returns how many jobs. A step that is running is fenced off.

    For the end of the customer: what its jobs would have made is not wanted any more.
    """
    unfinished = ProvisioningJob.objects.filter(customer=customer, finished_at=None)
    jobs = list(unfinished.select_for_update().order_by("pk"))
    for job in jobs:
        announce_job(job, Event.UPDATED)
    return ProvisioningJob.objects.filter(pk__in=[job.pk for job in jobs]).update(
        state=ProvisioningJob.State.CANCELLED, finished_at=Now(), lease_until=None, token=F("token") + 1
    )


@transaction.atomic
def retry_job(*, job: ProvisioningJob, by: Actor) -> ProvisioningJob:
    """Try again what failed, and what was skipped because of it; what is done stays done.

    Raises NothingToRetry, Forbidden, or what the kind's `restarted` refuses (a package limit used up meanwhile).
    """
    authorize(by, Control.ORG_PROVISIONING, customer=job.customer)
    job = ProvisioningJob.objects.select_for_update(of=("self",)).select_related("customer__partner").get(pk=job.pk)
    if job.state != ProvisioningJob.State.FAILED:
        raise NothingToRetry()
    steps = list(job.steps.exclude(state=ProvisioningStep.State.DONE))
    for control in _controls_of(job, steps):
        authorize(by, control, customer=job.customer)
    job_type(job.kind).restarted(job, steps, by)
    ProvisioningStep.objects.filter(pk__in=[step.pk for step in steps]).update(
        state=ProvisioningStep.State.PENDING, attempts=0, error_code="", error="", started_at=None, finished_at=None
    )
    ProvisioningJob.objects.filter(pk=job.pk).update(
        state=ProvisioningJob.State.QUEUED,
        attempts=0,
        error_code="",
        error="",
        finished_at=None,
        next_run_at=Now(),
        offered_at=None,
        requested_by=by.admin,  # from here on it is his order, and needs his right
    )
    titles = ", ".join(step.title for step in steps)
    audit.record(
        action="job.retried", text=f"{by.name} tried again: {titles}", target=job, customer=job.customer, by=by
    )
    ring_on_commit(job)
    job.refresh_from_db()
    return job


def may_retry(*, job: ProvisioningJob, by: Actor) -> bool:
    """Would `retry_job` let the actor try again what failed? For pages, which hide what is forbidden."""
    steps = [step for step in job.steps.all() if step.state != ProvisioningStep.State.DONE]
    controls = {Control.ORG_PROVISIONING, *_controls_of(job, steps)}
    return all(level(by, control, customer=job.customer) is Level.EDIT for control in controls)


def _controls_of(job: ProvisioningJob, steps: Sequence[ProvisioningStep]) -> set[Control]:
    handlers = job_type(job.kind).steps
    return {handlers[step.name].control for step in steps}
