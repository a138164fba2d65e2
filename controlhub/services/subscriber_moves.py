"""Calling users moved to another location: number, extension, devices and billing go along (domain.md 4.5, 14).

Locks: the target, the users, their numbers, each in one order. Whoever connects the location another way locks it too,
and two moves that overlap wait for each other. An extension that somebody takes meanwhile is refused by its constraint.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db import transaction
from django.db.models import Q

from controlhub.models import Location, PhoneNumber, Subscriber
from controlhub.queries.locations import free_numbers
from controlhub.services import calling_data, numbers, pushes, seats
from controlhub.services.clock import whole_seconds
from controlhub.services.extensions import free_extensions
from controlhub.services.move_plans import Fate, MovePlan, MoveRefusal, Target, Wish, movable, plan_move
from controlhub.services.readiness import require_ready
from provisioning.models import ProvisioningJob
from tenancy import audit
from tenancy.access import authorize
from tenancy.actors import Actor
from tenancy.errors import DomainError, Forbidden
from tenancy.models import Customer
from tenancy.policy import Control

MOST_TO_MOVE = 100
USER_GONE, NO_FREE_NUMBER = "4003", "no_free_number"


class MoveRefused(DomainError):
    """`refusals` holds every reason; the code is that of the first."""

    def __init__(self, refusals: Sequence[MoveRefusal]) -> None:
        super().__init__(" ".join(one.reason for one in refusals), field=refusals[0].field or None)
        self.code, self.refusals = refusals[0].code, list(refusals)


class TargetUnknown(DomainError):
    code = "4152"
    message = "This location has just been deleted. Choose another one."

    def __init__(self) -> None:
        super().__init__(field="location")


class TooManyUsers(DomainError):
    code = "too_many_users"

    def __init__(self, asked: int) -> None:
        super().__init__(f"Choose 1 to {MOST_TO_MOVE} users at a time; these are {asked}.")


class Rule(StrEnum):
    """How many users at once get a number, or an extension."""

    KEEP = "keep"
    NEXT = "next"
    NONE = "none"


@dataclass(frozen=True)
class Rules:
    """NEXT: whoever has a number gets the next free one of the target; an extension changes only where it is taken."""

    numbers: Rule = Rule.KEEP
    extensions: Rule = Rule.KEEP


@dataclass
class MoveOutcome:
    """What became, or would become, of each user."""

    done: list[MovePlan] = field(default_factory=list)
    refused: list[MovePlan] = field(default_factory=list)


@transaction.atomic
def move_subscriber(
    *,
    subscriber: Subscriber,
    target: Location,
    number: str | None = None,
    extension: str | None = None,
    by: Actor,
    at: datetime | None = None,
) -> MovePlan:
    """Move a calling user: what is billed ends at the old location and starts at the new one in the same second (`at`,
    default: now).

    `number` (as typed, of the target's inventory or new) and `extension`: None keeps, an empty text takes away. A number
    that is kept moves along. Raises Forbidden, CustomerNotReady, TargetUnknown, MoveRefused; then nothing has changed.
    """
    customer = subscriber.customer
    authorize(by, Control.USER_LOCATION, customer=customer)
    require_ready(customer)
    place, people = _lock(customer, [subscriber], target, by)
    if not people:
        raise MoveRefused([MoveRefusal(USER_GONE, f"{subscriber} has been deleted.")])
    plan = plan_move(people[0], place, Wish(number, extension), by=by)
    if plan.refusals:
        raise MoveRefused(plan.refusals)
    _apply([plan], by, at)
    return plan


@transaction.atomic
def move_subscribers(
    *, customer: Customer, subscribers: Sequence[Subscriber], target: Location, rules: Rules, by: Actor
) -> tuple[MoveOutcome, ProvisioningJob | None]:
    """Move 1 to 100 calling users: who can move is moved, and the rest says why not. One job, one step for each.

    Raises Forbidden, CustomerNotReady, TargetUnknown, TooManyUsers. The job is None when nobody can move.
    """
    authorize(by, Control.USER_LOCATION, customer=customer)
    require_ready(customer)
    _require_some(subscribers)
    place, people = _lock(customer, subscribers, target, by, spare=rules.numbers is Rule.NEXT)
    outcome = _sort(_plans(people, place, rules, by))
    return outcome, _apply(outcome.done, by) if outcome.done else None


def check_move(
    *, subscriber: Subscriber, target: Location, number: str | None = None, extension: str | None = None, by: Actor
) -> MovePlan:
    """What `move_subscriber` would do now, or why not; changes nothing."""
    person = movable(Subscriber.objects.filter(pk=subscriber.pk)).get()
    return plan_move(person, Target.at(target), Wish(number, extension), by=by)


def check_moves(*, subscribers: Sequence[Subscriber], target: Location, rules: Rules, by: Actor) -> MoveOutcome:
    """What `move_subscribers` would do now; changes nothing. Raises TooManyUsers."""
    _require_some(subscribers)
    people = _in_order(Subscriber.objects.filter(pk__in=[one.pk for one in subscribers], deleted_at=None))
    return _sort(_plans(people, Target.at(target), rules, by))


def _require_some(subscribers: Sequence[Subscriber]) -> None:
    if not 1 <= len(subscribers) <= MOST_TO_MOVE:
        raise TooManyUsers(len(subscribers))


def _in_order(subscribers: Any) -> list[Subscriber]:
    """As the users list has them: whoever comes first gets the first free number."""
    return list(movable(subscribers).order_by("last_name", "first_name", "pk"))


def _lock(
    customer: Customer, subscribers: Sequence[Subscriber], target: Location, by: Actor, *, spare: bool = False
) -> tuple[Target, list[Subscriber]]:
    """Everything that the move reads, so that what was planned still holds when it is done. `spare`: free numbers too."""
    row = Location.objects.select_for_update(no_key=True).filter(customer=customer, pk=target.pk).first()
    if row is None:
        raise TargetUnknown()
    keys = [one.pk for one in subscribers]
    living = Subscriber.objects.filter(customer=customer, pk__in=keys, deleted_at=None)
    places = set(living.select_for_update(no_key=True).order_by("pk").values_list("location", flat=True))
    _require_in_scope(customer, {row.pk, *filter(None, places)}, by)
    free = [number.pk for number in free_numbers(row, size=len(keys))] if spare else []
    touched = PhoneNumber.objects.filter(Q(subscriber__in=keys) | Q(pk__in=free))
    list(touched.select_for_update(no_key=True).order_by("e164").values_list("pk"))
    return Target.at(row), _in_order(living)


def _require_in_scope(customer: Customer, places: set[int], by: Actor) -> None:
    """Nobody moves a user out of or into a location that he does not administer."""
    seen = Location.objects.seen_by(Location.objects.filter(pk__in=places), by, customer)
    if len(seen) < len(places):
        raise Forbidden("This belongs to a location that you do not administer.")


def _plans(people: Sequence[Subscriber], target: Target, rules: Rules, by: Actor) -> Iterator[MovePlan]:
    """One after the other: what the first one gets is taken for the next one."""
    replaces = rules.numbers is Rule.NEXT
    spare = [row.e164 for row in free_numbers(target.location, size=len(people))] if replaces else []
    for person in people:
        plan = plan_move(person, target, _wish(person, target, rules, spare), by=by)
        if replaces and plan.fate is Fate.RELEASED:
            plan.refuse((NO_FREE_NUMBER, f"{target.location.name} has no free number left."))
        if not plan.refusals:
            target.promise(plan)
        yield plan


def _wish(person: Subscriber, target: Target, rules: Rules, spare: Sequence[str]) -> Wish:
    number = "" if rules.numbers is Rule.NONE else None
    if rules.numbers is Rule.NEXT and getattr(person, "number", None):
        number = next((e164 for e164 in spare if e164 not in target.given), "")
    extension = "" if rules.extensions is Rule.NONE else None
    if rules.extensions is Rule.NEXT and person.extension in target.taken:
        extension = next(iter(free_extensions(taken=target.taken, country=target.location.country, count=1)), None)
    return Wish(number, extension)


def _sort(plans: Iterator[MovePlan]) -> MoveOutcome:
    outcome = MoveOutcome()
    for plan in plans:
        (outcome.refused if plan.refusals else outcome.done).append(plan)
    return outcome


def _apply(plans: Sequence[MovePlan], by: Actor, at: datetime | None = None) -> ProvisioningJob:
    moment = whole_seconds(at)
    for plan in plans:
        _move(plan, moment, by)
    # The log is locked last: whoever waits for one of our rows may hold it.
    for plan in plans:
        _record(plan, moment, by)
    return pushes.push_subscriber_moves(subscribers=[plan.subscriber for plan in plans], by=by)


def _move(plan: MovePlan, moment: datetime, by: Actor) -> None:
    subscriber, held = plan.subscriber, plan.subscriber.open_assignments  # type: ignore[attr-defined]
    subscriber.location, subscriber.extension = plan.target, plan.extension_after
    if plan.loses_caller_id:
        subscriber.caller_id_number = None
    calling_data.save_extension(subscriber, "location", "extension", "caller_id_number")
    _move_number(plan, by)
    # The seats stay taken: the same packages go on in the same second, so no limit is in the way.
    seats.end_intervals(held, at=moment, keep_seats=True)
    seats.open_intervals([(subscriber, row.package) for row in held], at=moment)


def _move_number(plan: MovePlan, by: Actor) -> None:
    if plan.fate is Fate.MOVES:
        PhoneNumber.objects.filter(subscriber=plan.subscriber).update(location=plan.target)
        return
    numbers.give_back(plan.subscriber)
    if plan.number_after:
        found = numbers.find_or_add(plan.number_after, location=plan.target, by=by)
        numbers.claim(found, subscriber=plan.subscriber)


def _record(plan: MovePlan, moment: datetime, by: Actor) -> None:
    changes: dict[str, list[Any]] = {
        "location": [str(plan.source), str(plan.target)],
        "number": [plan.number_before, plan.number_after],
        "number_location": [str(plan.source), str(plan.target)] if plan.fate is Fate.MOVES else [None, None],
        "extension": [plan.extension_before, plan.extension_after],
        "caller_id_number": [plan.number_before, ""] if plan.loses_caller_id else [None, None],
    }
    subscriber = plan.subscriber
    packages = [row.package for row in subscriber.open_assignments]  # type: ignore[attr-defined]
    audit.record(
        action="subscriber.moved",
        text=f"{subscriber} moved from {plan.source} to {plan.target}",
        target=subscriber,
        customer=subscriber.customer,
        by=by,
        changes={name: change for name, change in changes.items() if change[0] != change[1]}
        | {"package": [packages, packages], "at": [None, moment.isoformat()]},
    )
