"""Screening for restricted and denied parties as a state machine (domain.md section 10).

A possible match holds the customer (if SCREENING_BLOCKS): it is checked again every SCREENING_RECHECK_SECONDS, and after
SCREENING_ESCALATE_SECONDS operations decide. A hold ends in two ways only: a later check that is clear, or that decision.
"""

from datetime import datetime

from django.conf import settings
from django.db import connection, transaction
from django.db.models.functions import Now

from provisioning.customer_status import set_customer_status
from provisioning.errors import PermanentError, WaitUntil
from provisioning.gateway import gateway
from provisioning.models import ProvisioningJob, Screening
from provisioning.queue import ring_on_commit
from provisioning.registry import Result, StepContext, StepHandler
from tenancy import audit
from tenancy.actors import SYSTEM, Actor
from tenancy.errors import DomainError, Forbidden
from tenancy.models import Customer

State = Screening.State
ON_HOLD = frozenset({State.POSSIBLE_MATCH, State.ESCALATED})
DECIDED = frozenset({State.CLEARED, State.REJECTED})
HELD = "Compliance review. Nothing is needed from you: the check repeats by itself, and operations decide in the end."


class NotOnHold(DomainError):
    code = "not_on_hold"
    message = "This customer is not waiting for a screening decision."


class ScreeningRejected(DomainError):
    code = "screening_rejected"
    message = "Operations did not approve this customer, so it cannot be provisioned. Ask them before you try again."


def check(context: StepContext) -> Result:
    """Ask the lists, unless operations have spoken. Each check is a call of its own, so its number is in the key."""
    screening = Screening.objects.filter(customer=context.customer).first()
    state = screening.state if screening else None
    if state == State.REJECTED:
        raise PermanentError(ScreeningRejected.code, ScreeningRejected.message)
    if state == State.CLEARED:
        return {"verdict": State.CLEARED.value}
    if state == State.ESCALATED:
        raise _hold()
    customer = context.customer
    answer = gateway().screen(
        key=f"{context.key}{screening.checks if screening else 0}",
        name=customer.name,
        email=customer.primary_email,
        country=customer.country,
    )
    if State(answer["verdict"]) == State.POSSIBLE_MATCH and settings.SCREENING_BLOCKS:
        raise _hold()
    return answer


def _hold() -> WaitUntil:
    return WaitUntil(seconds=settings.SCREENING_RECHECK_SECONDS, reason=HELD)


def keep_verdict(context: StepContext, result: Result) -> None:
    """The check let the customer pass (or only flagged it, when screening does not block)."""
    screening = _locked(context.customer)
    if screening.state == State.REJECTED:
        raise PermanentError(ScreeningRejected.code, ScreeningRejected.message)
    verdict = State(result["verdict"])
    if screening.state not in DECIDED:
        screening.state = verdict
        screening.matched_at = screening.matched_at or (_now() if verdict == State.POSSIBLE_MATCH else None)
        screening.checks += 1
        screening.save(update_fields=["state", "matched_at", "checks"])
    if verdict == State.POSSIBLE_MATCH:
        _audit("screening.flagged", "was flagged by screening and goes on", context.customer, SYSTEM)
    if context.customer.status == Customer.Status.PENDING_RPL_REVIEW:
        set_customer_status(customer=context.customer, status=Customer.Status.PROVISIONING, by=SYSTEM)


def keep_hold(context: StepContext, wait: WaitUntil) -> None:
    """A possible match: hold the customer, and hand it to operations once it has been held for too long."""
    screening = _locked(context.customer)
    if screening.state in DECIDED:
        wait.seconds = 0  # operations decided while the check was under way
        return
    set_customer_status(customer=context.customer, status=Customer.Status.PENDING_RPL_REVIEW, by=SYSTEM)
    if screening.state == State.ESCALATED:
        return
    now = _now()
    screening.matched_at = screening.matched_at or now
    screening.checks += 1
    screening.state = State.POSSIBLE_MATCH
    if (now - screening.matched_at).total_seconds() >= settings.SCREENING_ESCALATE_SECONDS:
        screening.state = State.ESCALATED
        _audit("screening.escalated", "was handed to operations: still a possible match", context.customer, SYSTEM)
    screening.save(update_fields=["state", "matched_at", "checks"])


SCREENING_STEP = StepHandler(call=check, apply=keep_verdict, waiting=keep_hold, critical=True)


@transaction.atomic
def clear_screening(*, customer: Customer, note: str, by: Actor) -> None:
    """Operations let the customer pass; its job goes on. Raises NotOnHold, Forbidden."""
    _decide(customer, State.CLEARED, note, by)


@transaction.atomic
def reject_screening(*, customer: Customer, note: str, by: Actor) -> None:
    """Operations refuse the customer; its job fails. Raises NotOnHold, Forbidden."""
    _decide(customer, State.REJECTED, note, by)


def _decide(customer: Customer, state: Screening.State, note: str, by: Actor) -> None:
    if not by.is_system:
        raise Forbidden("Only operations decide about a screening.")
    # Jobs before the screening, as the runner locks them: neither waits for the other for ever.
    jobs = ProvisioningJob.objects.filter(customer=customer)
    list(jobs.order_by("pk").select_for_update().values_list("pk", flat=True))
    screening = Screening.objects.select_for_update().filter(customer=customer, state__in=ON_HOLD).first()
    if screening is None:
        raise NotOnHold()
    screening.state, screening.note, screening.decided_at = state, note[:400], _now()
    screening.save(update_fields=["state", "note", "decided_at"])
    _audit(f"screening.{state.value}", f"was {state.value} by operations", customer, by)
    waiting = jobs.filter(state=ProvisioningJob.State.RETRY_WAIT)
    waiting.update(next_run_at=Now(), offered_at=None)
    for job in waiting:
        ring_on_commit(job)


def refuse_rejected(customer: Customer) -> None:
    """A retry is no way around a rejection. Raises ScreeningRejected."""
    if Screening.objects.filter(customer=customer, state=State.REJECTED).exists():
        raise ScreeningRejected()


def _locked(customer: Customer) -> Screening:
    Screening.objects.bulk_create([Screening(customer=customer, state=State.CLEAR)], ignore_conflicts=True)
    return Screening.objects.select_for_update().get(customer=customer)


def _audit(action: str, what: str, customer: Customer, by: Actor) -> None:
    audit.record(action=action, text=f"{customer.name} {what}", target=customer, customer=customer, by=by)


def _now() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement_timestamp()")
        return cursor.fetchone()[0]
