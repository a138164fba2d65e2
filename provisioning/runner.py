"""Runs one job: claim it, do its steps in order, commit each under the claim's fencing token (design.md section 5).

Killing this code at any moment loses and doubles nothing: a gateway call carries the step's key, so repeating it is
harmless, and a step's result, state and effects on our rows commit together or not at all. All times are the database's.
"""

import logging
import random
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import F, Q
from django.db.models.functions import Now

from provisioning.errors import Fenced, PermanentError, RetryableError, WaitUntil
from provisioning.models import ProvisioningJob, ProvisioningStep
from provisioning.queue import announce_job
from provisioning.registry import JobType, Result, StepContext, StepHandler, job_type
from tenancy import audit
from tenancy.access import level
from tenancy.actors import SYSTEM, actor_for
from tenancy.errors import DomainError
from tenancy.launch import with_temporary_rights
from tenancy.models import AdminUser, Event
from tenancy.policy import Control, Level

MAX_TRIES = 5
MAX_SILENT_CLAIMS = 5
TURN_SECONDS = 300.0
BACKOFF_SECONDS = 2.0
BACKOFF_LIMIT_SECONDS = 300.0
JobState = ProvisioningJob.State
StepState = ProvisioningStep.State
CRASHED = PermanentError(
    "crashed", "This step stopped its worker several times. Tell your administrator; then try it again."
)
UNEXPECTED = PermanentError(
    "unexpected", "Something unexpected went wrong. It has been logged; try again, or pass on the job's number."
)
NOT_ALLOWED = PermanentError(
    "not_allowed_any_more",
    "Whoever ordered this may not do it any more. Somebody who may can try it again, in his own name.",
)
UNKNOWN_KIND = PermanentError("unknown_kind", "This version of the portal does not know this kind of job.")
logger = logging.getLogger(__name__)


def due() -> Q:
    """Jobs that a worker may claim now: waiting ones whose time has come, and running ones whose worker went silent."""
    waiting = Q(state__in=[JobState.QUEUED, JobState.RETRY_WAIT], next_run_at__lte=Now())
    return waiting | Q(state=JobState.RUNNING, lease_until__lt=Now())


def run_job(*, job_id: int) -> bool:
    """Claim the job and go on with it. False when it is not due: somebody else has it, or it is finished.

    Raises only what says that the database is gone; the lease then runs out and the sweeper offers the job again.
    """
    job = claim(job_id)
    if job is None:
        return False
    try:
        Run(job).go()
    except Fenced:
        logger.warning("Fenced: another worker has taken over.", extra={"job": str(job.public_id)})
    return True


def claim(job_id: int) -> ProvisioningJob | None:
    """Take the job under a lease with a new token, or None. Of any number of callers, one gets it."""
    claimed = ProvisioningJob.objects.filter(due(), pk=job_id).update(
        state=JobState.RUNNING,
        token=F("token") + 1,
        attempts=F("attempts") + 1,
        lease_until=Now() + _lease(),
    )
    # Reading the token after the update is safe: nobody else may claim before the lease is over.
    return ProvisioningJob.objects.select_related("customer__partner").get(pk=job_id) if claimed else None


def _lease() -> timedelta:
    return timedelta(seconds=settings.PROVISIONING_LEASE_SECONDS)


@dataclass
class Run:
    """One claim of one job."""

    job: ProvisioningJob

    def go(self) -> None:
        """Do the steps that are left, then end the job. Returns early when the job has to wait."""
        try:
            kind = job_type(self.job.kind)
        except KeyError:
            logger.exception("Unknown kind of job", extra={"job": str(self.job.public_id), "kind": self.job.kind})
            self._give_up(UNKNOWN_KIND)
            return
        if self.job.attempts > 2 * MAX_SILENT_CLAIMS:
            logger.error("A job that cannot even fail was given up", extra={"job": str(self.job.public_id)})
            self._give_up(CRASHED)
            return
        self._do(kind, list(self.job.steps.all()))

    def _do(self, kind: JobType, steps: Sequence[ProvisioningStep]) -> None:
        stop_at = time.monotonic() + TURN_SECONDS
        for step in steps:
            is_open = step.state in (StepState.PENDING, StepState.RUNNING)
            if is_open and not self._step(kind, step):
                return
            if step.state == StepState.FAILED and kind.steps[step.name].critical:
                self._skip_rest(steps)
                break
            if is_open and time.monotonic() >= stop_at and step is not steps[-1]:
                self._let_others()
                return
        self._finish(kind, steps)

    def _let_others(self) -> None:
        """A long job gives its worker back now and then, well before Celery's time limit would stop it in a step."""
        with self._fenced():
            self._release(JobState.QUEUED, next_run_at=Now(), offered_at=None)

    def _step(self, kind: JobType, step: ProvisioningStep) -> bool:
        """One try of one step; True when the job may go on to the next one."""
        context, handler = StepContext(self.job, step), kind.steps[step.name]
        if self.job.attempts > MAX_SILENT_CLAIMS:
            return self._failed(context, handler, CRASHED)
        if not still_allowed(self.job, handler.control):
            return self._failed(context, handler, NOT_ALLOWED)
        self._begin(step)
        try:
            return self._done(context, handler, handler.call(context))
        except WaitUntil as wait:
            return self._wait(context, handler, wait)
        except RetryableError as error:
            return self._try_later(context, handler, error)
        except PermanentError as error:
            return self._failed(context, handler, error)
        except DomainError as error:
            return self._failed(context, handler, PermanentError(error.code, str(error)))
        except (Fenced, OperationalError, InterfaceError):
            raise
        except Exception:
            logger.exception("A step failed unexpectedly", extra={"job": str(self.job.public_id), "step": step.name})
            return self._failed(context, handler, UNEXPECTED, {"trace": traceback.format_exc()})

    @contextmanager
    def _fenced(self, *, progress: bool = True) -> Iterator[None]:
        """A transaction that only the holder of the job's token can commit; renews the lease.

        The update locks the job's row, so a new claim waits until this transaction is over, and the other way round.
        """
        changes = {"lease_until": Now() + _lease()} | ({"attempts": 0} if progress else {})
        with transaction.atomic():
            mine = ProvisioningJob.objects.filter(pk=self.job.pk, token=self.job.token, state=JobState.RUNNING)
            if mine.update(**changes) != 1:
                raise Fenced
            self.job.customer.refresh_from_db()
            yield
        if progress:
            self.job.attempts = 0

    def _begin(self, step: ProvisioningStep) -> None:
        # Says nothing about the outcome, so it does not count as progress: the call after it may kill the worker.
        with self._fenced(progress=False):
            self._save(step, state=StepState.RUNNING, started_at=Now())

    def _done(self, context: StepContext, handler: StepHandler, result: Result) -> bool:
        with self._fenced():
            handler.apply(context, result)
            self._audit("done", context, "")
            self._save(context.step, state=StepState.DONE, result=result, error_code="", error="", finished_at=Now())
        return True

    def _failed(
        self, context: StepContext, handler: StepHandler, error: PermanentError, result: Result | None = None
    ) -> bool:
        with self._fenced():
            values = {
                "error_code": error.code,
                "error": str(error),
                "finished_at": Now(),
                "attempts": context.step.attempts,
            }
            self._save(context.step, state=StepState.FAILED, result=result or {}, **values)
            handler.failed(context, error)
            self._audit("failed", context, f": {error}")
        return True

    def _wait(self, context: StepContext, handler: StepHandler, wait: WaitUntil) -> bool:
        with self._fenced():
            handler.waiting(context, wait)
            self._save(context.step, state=StepState.PENDING, error_code=wait.code, error=str(wait))
            self._release(JobState.RETRY_WAIT, next_run_at=Now() + timedelta(seconds=wait.seconds), offered_at=None)
        return False

    def _try_later(self, context: StepContext, handler: StepHandler, error: RetryableError) -> bool:
        tries = context.step.attempts + 1
        if tries >= MAX_TRIES:
            context.step.attempts = tries
            text = f"{error} This was tried {tries} times; try it again later."
            return self._failed(context, handler, PermanentError(error.code, text))
        seconds = backoff_seconds(tries, after=error.after)
        with self._fenced():
            self._save(context.step, state=StepState.PENDING, attempts=tries, error_code=error.code, error=str(error))
            self._release(JobState.RETRY_WAIT, next_run_at=Now() + timedelta(seconds=seconds), offered_at=None)
        return False

    def _skip_rest(self, steps: Sequence[ProvisioningStep]) -> None:
        with self._fenced():
            for step in steps:
                if step.state in (StepState.PENDING, StepState.RUNNING):
                    self._save(step, state=StepState.SKIPPED, finished_at=Now())

    def _finish(self, kind: JobType, steps: Sequence[ProvisioningStep]) -> None:
        failed = next((step for step in steps if step.state == StepState.FAILED), None)
        with self._fenced():
            kind.finished(self.job, steps)
            self._release(
                JobState.FAILED if failed else JobState.SUCCEEDED,
                finished_at=Now(),
                error_code=failed.error_code if failed else "",
                error=failed.error if failed else "",
            )
            announce_job(self.job, Event.UPDATED)

    def _give_up(self, error: PermanentError) -> None:
        with self._fenced():
            self._release(JobState.FAILED, finished_at=Now(), error_code=error.code, error=str(error))
            announce_job(self.job, Event.UPDATED)

    def _audit(self, outcome: str, context: StepContext, why: str) -> None:
        text = f"{context.step.title}: {outcome}{why}"
        action = f"provisioning.step_{outcome}"
        audit.record(action=action, text=text, target=self.job, customer=self.job.customer, by=SYSTEM)

    def _release(self, state: ProvisioningJob.State, **values: object) -> None:
        ProvisioningJob.objects.filter(pk=self.job.pk).update(state=state, lease_until=None, **values)

    def _save(self, step: ProvisioningStep, **values: object) -> None:
        ProvisioningStep.objects.filter(pk=step.pk).update(**values)
        for name in ("state", "error_code", "error", "result", "attempts"):
            if name in values:
                setattr(step, name, values[name])


def still_allowed(job: ProvisioningJob, control: Control) -> bool:
    """May the person who ordered the job still do so? A right that was withdrawn stops what is queued (ADR 0008).

    A step without a control of its own needs the person to see the customer's jobs; the portal's own jobs need nobody.
    """
    if job.requested_by_id is None:
        return True
    admin = AdminUser.objects.filter(pk=job.requested_by_id, is_active=True).first()
    if admin is None:
        return False
    actor = with_temporary_rights(actor_for(admin, door="job"), job.customer)
    need = Level.READ_ONLY if control is Control.ORG_PROVISIONING else Level.EDIT
    return level(actor, control, customer=job.customer) >= need


def backoff_seconds(tries: int, *, after: float = 0) -> float:
    """How long to wait after the `tries`-th failure: doubling, with jitter, never sooner than Retry-After said."""
    base = min(BACKOFF_SECONDS * 2 ** (tries - 1), BACKOFF_LIMIT_SECONDS)
    return max(base * random.uniform(0.5, 1.5), after * random.uniform(1.0, 1.2))  # noqa: S311
