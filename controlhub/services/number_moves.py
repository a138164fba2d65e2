"""Moving free numbers to another location of the customer: marked at once, moved by a job (domain.md 4.4, 4.5)."""

from collections.abc import Collection

from django.db import transaction

from controlhub.models import Location, PhoneNumber
from controlhub.pstn import FROM_THE_CARRIER
from controlhub.services import pushes
from controlhub.services.calling_setup import require_calling
from controlhub.services.inventory import Outcome, Reason, judge, managed_elsewhere, why_in_use
from controlhub.services.numbers import CarrierManagesNumbers
from controlhub.services.readiness import lock_ready
from provisioning.models import ProvisioningJob
from tenancy import audit
from tenancy.access import authorize
from tenancy.actors import Actor
from tenancy.errors import DomainError
from tenancy.models import Customer
from tenancy.policy import Control

MOST_TO_MOVE = 1000
UNDER_WAY = (ProvisioningJob.State.QUEUED, ProvisioningJob.State.RUNNING, ProvisioningJob.State.RETRY_WAIT)


class MoveUnderWay(DomainError):
    """Webex runs one move at a time per organisation (it answers 409)."""

    code = "move_under_way"
    message = "Other numbers of this organization are being moved. Wait until that is done, then try again."


class TargetGone(DomainError):
    code = "target_gone"
    message = "The location that the numbers were to move to has been deleted."


def why_not_movable(number: PhoneNumber, target: Location) -> Reason | None:
    """Why the free `number` (with its location loaded) cannot go to `target`, or None."""
    return why_not_at(number, target) or why_in_use(number)


def why_not_at(number: PhoneNumber, target: Location) -> Reason | None:
    """Why `number` (with its location loaded) cannot be a number of `target`, whoever has it; or None."""
    source = number.location
    if source.pk == target.pk:
        return "10010001", "It is at this location already."
    if source.pstn in FROM_THE_CARRIER and number.kind != PhoneNumber.Kind.MOBILE:
        return CarrierManagesNumbers.code, managed_elsewhere(source)
    if source.pstn != target.pstn:
        return "10010002", f"{target.name} has another kind of PSTN connection than {source.name}."
    if source.pstn_provider != target.pstn_provider:
        return "10010003", f"{target.name} has another provider than {source.name}."
    if source.country != target.country:
        return "10010004", f"{target.name} is in another country than {source.name}."
    return None


@transaction.atomic
def move_numbers(
    *, customer: Customer, numbers: Collection[str], target: Location, by: Actor
) -> tuple[Outcome, ProvisioningJob | None]:
    """Start moving numbers (E.164) to `target`. Those that may move are marked, and the job moves them.

    Raises Forbidden, CustomerNotReady, MoveUnderWay, TooManyNumbers. The job is None when nothing may move.
    """
    authorize(by, Control.NUMBERS_MANAGE, customer=customer)
    # The customer is locked, so of two moves at once the second sees the first.
    lock_ready(customer)
    if target.customer_id != customer.pk or not Location.objects.select_for_update(no_key=True).filter(pk=target.pk):
        raise TargetGone(field="location")
    require_calling(target)
    if customer.jobs.filter(kind=pushes.MOVE_NUMBERS, state__in=UNDER_WAY).exists():
        raise MoveUnderWay()
    outcome, rows = judge(customer, numbers, lambda number: why_not_movable(number, target), most=MOST_TO_MOVE)
    if not rows:
        return outcome, None
    PhoneNumber.objects.filter(pk__in=[row.pk for row in rows]).update(moving_to=target)
    count = "1 number" if len(rows) == 1 else f"{len(rows)} numbers"
    audit.record(
        action="number.move_started",
        text=f"{count} on the way to {target}",
        target=target,
        customer=customer,
        by=by,
        changes={"numbers": [None, outcome.done], "location": [None, str(target)]},
    )
    return outcome, pushes.push_number_move(numbers=rows, target=target, by=by)
