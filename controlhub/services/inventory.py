"""Many numbers at once: activated, deactivated, removed. What can be done is done, and the rest says why not.

Numbers are locked in the order of their digits, so that two lists that overlap wait for each other.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from django.db import transaction
from django.db.models import QuerySet

from controlhub.models import Location, PhoneNumber
from controlhub.pstn import FROM_THE_CARRIER
from controlhub.services import pushes
from controlhub.services.numbers import CarrierManagesNumbers
from controlhub.services.readiness import require_ready
from tenancy import audit
from tenancy.access import authorize
from tenancy.actors import Actor
from tenancy.errors import DomainError
from tenancy.models import Customer
from tenancy.policy import Control

# domain.md 4.4; removing has no limit of its own there, so it takes the larger one.
MOST_TO_SWITCH, MOST_TO_REMOVE = 500, 1000
State = PhoneNumber.State


@dataclass(frozen=True)
class Refusal:
    """Why one number stays as it is. `code` is stable."""

    e164: str
    code: str
    reason: str


@dataclass
class Outcome:
    """What became of each number of a list (E.164)."""

    done: list[str] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)


class TooManyNumbers(DomainError):
    code = "too_many_numbers"

    def __init__(self, most: int, asked: int) -> None:
        super().__init__(f"Choose at most {most} numbers at a time; these are {asked}.", field="numbers")


Reason = tuple[str, str]
Rule = Callable[[PhoneNumber], Reason | None]

UNKNOWN: Reason = ("unknown_number", "This organization has no such number.")
ASSIGNED: Reason = ("number_assigned", "It is assigned. Take it from its owner first.")
MOVING: Reason = ("number_moving", "It is moving to another location. Wait until it has arrived.")
MAIN: Reason = ("main_number", "It is the main number of its location. Choose another main number first.")
EMERGENCY: Reason = (
    "emergency_callback_number",
    "It is the emergency call-back number of its location. Choose another one first.",
)
MOBILE: Reason = ("mobile_number", "Mobile numbers become active when they are assigned, and stay so.")
IS_ACTIVE: Reason = ("already_active", "It is active already.")
IS_INACTIVE: Reason = ("already_inactive", "It is inactive already.")


@transaction.atomic
def activate_numbers(*, customer: Customer, numbers: Collection[str], by: Actor) -> Outcome:
    """Make numbers (E.164) active. Raises Forbidden, CustomerNotReady, TooManyNumbers."""
    rows, outcome = _begin(customer, numbers, _why_not_activated, most=MOST_TO_SWITCH, by=by)
    rows.update(state=State.ACTIVE)
    _record("activated", customer, outcome, by)
    return outcome


@transaction.atomic
def deactivate_numbers(*, customer: Customer, numbers: Collection[str], by: Actor) -> Outcome:
    """Make unassigned numbers (E.164) inactive. Raises Forbidden, CustomerNotReady, TooManyNumbers."""
    rows, outcome = _begin(customer, numbers, _why_not_deactivated, most=MOST_TO_SWITCH, by=by)
    rows.update(state=State.INACTIVE)
    _record("deactivated", customer, outcome, by)
    return outcome


@transaction.atomic
def remove_numbers(*, customer: Customer, numbers: Collection[str], by: Actor) -> Outcome:
    """Take unassigned numbers (E.164) out of the inventory; their history stays.

    Raises Forbidden, CustomerNotReady, TooManyNumbers.
    """
    rows, outcome = _begin(customer, numbers, why_in_use, most=MOST_TO_REMOVE, by=by)
    rows.delete()
    _record("removed", customer, outcome, by)
    return outcome


def _begin(
    customer: Customer, numbers: Collection[str], rule: Rule, *, most: int, by: Actor
) -> tuple[QuerySet[PhoneNumber], Outcome]:
    authorize(by, Control.NUMBERS_MANAGE, customer=customer)
    require_ready(customer)
    outcome, rows = judge(customer, numbers, lambda number: _carriers(number) or rule(number), most=most)
    return PhoneNumber.objects.filter(pk__in=[row.pk for row in rows]), outcome


def judge(customer: Customer, numbers: Collection[str], rule: Rule, *, most: int) -> tuple[Outcome, list[PhoneNumber]]:
    """Lock the numbers and sort them into those that `rule` lets pass (returned as rows too) and the others.

    Raises TooManyNumbers.
    """
    if len(numbers) > most:
        raise TooManyNumbers(most, len(numbers))
    rows = PhoneNumber.objects.select_for_update(no_key=True, of=("self",)).select_related("location")
    found = {row.e164: row for row in rows.filter(customer=customer, e164__in=numbers).order_by("e164")}
    outcome, passed = Outcome(), []
    for e164 in dict.fromkeys(numbers):
        reason = rule(found[e164]) if e164 in found else UNKNOWN
        if reason:
            outcome.refused.append(Refusal(e164, *reason))
        else:
            outcome.done.append(e164)
            passed.append(found[e164])
    return outcome, passed


def why_in_use(number: PhoneNumber) -> Reason | None:
    """Why the number cannot leave its place: None when it belongs to nobody and speaks for no location."""
    if number.owner_type:
        return ASSIGNED
    if number.moving_to_id:
        return MOVING
    # The location as it is now, after the number is locked: whoever makes it the main number locks it first.
    if number.pk == number.location.main_number_id:
        return MAIN
    if number.pk == number.location.emergency_callback_number_id:
        return EMERGENCY
    return None


def _why_not_activated(number: PhoneNumber) -> Reason | None:
    if number.kind == PhoneNumber.Kind.MOBILE:
        return MOBILE
    return IS_ACTIVE if number.state == State.ACTIVE else None


def _why_not_deactivated(number: PhoneNumber) -> Reason | None:
    if number.kind == PhoneNumber.Kind.MOBILE:
        return MOBILE
    return IS_INACTIVE if number.state == State.INACTIVE else why_in_use(number)


def _carriers(number: PhoneNumber) -> Reason | None:
    if number.location.pstn not in FROM_THE_CARRIER:
        return None
    return CarrierManagesNumbers.code, managed_elsewhere(number.location)


def managed_elsewhere(location: Location) -> str:
    """The sentence for numbers that the carrier manages."""
    carrier = location.pstn_provider or location.get_pstn_display()
    return f"Numbers of {location.name} are managed by {carrier}."


def _record(verb: str, customer: Customer, outcome: Outcome, by: Actor) -> None:
    if not outcome.done:
        return
    count = len(outcome.done)
    what = outcome.done[0] if count == 1 else f"{count} numbers"
    audit.record(
        action=f"number.{verb}",
        text=f"{what} {verb}",
        target=customer,
        customer=customer,
        by=by,
        changes={"numbers": [outcome.done, None] if verb == "removed" else [None, outcome.done]},
    )
    pushes.push_numbers(customer=customer, numbers=outcome.done, by=by)
