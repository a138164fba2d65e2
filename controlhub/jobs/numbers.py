"""Numbers in the Webex cloud: what they are now, and how they move to another location, some at a time."""

from collections.abc import Sequence

from django.db.models import QuerySet

from controlhub.jobs.telling import Facts, tell
from controlhub.models import Location, PhoneNumber
from controlhub.services.number_moves import TargetGone, why_not_movable
from provisioning.errors import PermanentError
from provisioning.gateway import gateway
from provisioning.models import ProvisioningJob, ProvisioningStep
from provisioning.registry import JobType, Result, StepContext, StepHandler
from tenancy.actors import Actor
from tenancy.policy import Control

REMOVED = "REMOVED"


def _batch(context: StepContext) -> list[str]:
    return context.payload["batches"][int(context.item)]


def _put_numbers(context: StepContext) -> Result:
    return tell(context, lambda: _facts(context), gateway().put_numbers)


def _facts(context: StepContext) -> Facts:
    found = {number.e164: number for number in _rows(context).select_related("location")}
    said = [_said(e164, found.get(e164)) for e164 in _batch(context)]
    return {"org_id": str(context.customer.org_id), "numbers": said}


def _said(e164: str, number: PhoneNumber | None) -> dict[str, str]:
    if number is None:
        return {"number": e164, "location": "", "kind": "", "state": REMOVED}
    location = str(number.location.public_id)
    return {"number": e164, "location": location, "kind": number.kind, "state": number.state}


def _rows(context: StepContext) -> QuerySet[PhoneNumber]:
    return PhoneNumber.objects.filter(customer=context.customer, e164__in=_batch(context))


def _target(job: ProvisioningJob) -> Location:
    return Location.everything.get(customer=job.customer, public_id=job.payload["target"])


def _moving(context: StepContext) -> QuerySet[PhoneNumber]:
    return _rows(context).filter(moving_to=_target(context.job))


def _move_numbers(context: StepContext) -> Result:
    numbers = sorted(_moving(context).values_list("e164", flat=True))
    if not numbers:
        return {"skipped": "None of these numbers is moving any more."}
    return gateway().move_numbers(
        key=context.key, org_id=str(context.customer.org_id), numbers=numbers, location=context.payload["target"]
    )


def _moved(context: StepContext, result: Result) -> None:
    _moving(context).update(location=_target(context.job), moving_to=None)


def _not_moved(context: StepContext, error: PermanentError) -> None:
    """They stay where they were, and can be used there again."""
    _moving(context).update(moving_to=None)


def _restart_move(job: ProvisioningJob, steps: Sequence[ProvisioningStep], by: Actor) -> None:
    """Mark what is tried again as moving, if it still may. Raises TargetGone."""
    target = _target(job)
    if target.deleted_at:
        raise TargetGone()
    for step in steps:
        rows = PhoneNumber.objects.select_for_update(no_key=True).order_by("e164").select_related(None)
        batch = rows.filter(customer=job.customer, e164__in=job.payload["batches"][int(step.item)])
        again = [number.pk for number in batch if why_not_movable(number, target) is None]
        PhoneNumber.objects.filter(pk__in=again).update(moving_to=target)


JOB_TYPES = {
    "change_numbers": JobType(
        "Change numbers", {"put_numbers": StepHandler(_put_numbers, control=Control.NUMBERS_MANAGE)}
    ),
    "move_numbers": JobType(
        "Move numbers",
        {"move_numbers": StepHandler(_move_numbers, _moved, _not_moved, control=Control.NUMBERS_MANAGE)},
        restarted=_restart_move,
    ),
}
