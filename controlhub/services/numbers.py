"""Phone numbers of the inventory: added, given to one owner, given back. Unique in the whole portal (domain.md 4.4)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.db import transaction
from django.db.models import Q

from controlhub.models import CallQueue, Location, PhoneNumber, Subscriber, Workspace
from controlhub.pstn import FROM_THE_CARRIER
from controlhub.services import pushes
from controlhub.services.calling_setup import require_calling
from controlhub.services.constraints import named_errors
from controlhub.services.equipment_pushes import push_queue, push_workspace
from controlhub.services.number_lists import (
    DUPLICATE,
    IN_USE,
    Entry,
    LineError,
    NumberErrors,
    kind_of,
    normalise,
    read_entries,
)
from controlhub.services.readiness import require_ready
from tenancy import audit
from tenancy.access import authorize
from tenancy.actors import Actor
from tenancy.errors import DomainError
from tenancy.policy import Control

MOST_MOBILE_NUMBERS = 20
Owner = Subscriber | Workspace | CallQueue
# Which field of a number names an owner of that kind, and what an actor needs to give him a number.
FIELDS: dict[type, str] = {Subscriber: "subscriber", Workspace: "workspace", CallQueue: "queue"}
CONTROLS: dict[type, Control] = {
    Subscriber: Control.USER_PRIMARY_NUMBER,
    Workspace: Control.WORKSPACES,
    CallQueue: Control.CALL_QUEUES,
}
NOBODY = dict.fromkeys(FIELDS.values())
Kind = PhoneNumber.Kind


class NumberInUse(DomainError):
    code = IN_USE

    def __init__(self, number: str) -> None:
        super().__init__(f"{number} is in use already. Choose another number.", field="number")
        self.number = number


class LocationGone(DomainError):
    code = "location_gone"
    message = "This location has just been deleted. Choose another one."

    def __init__(self) -> None:
        super().__init__(field="location")


class NumberElsewhere(DomainError):
    code = "number_elsewhere"

    def __init__(self, number: str, location: Location) -> None:
        super().__init__(f"{number} belongs to another location than {location.name}.", field="number")


class NumberUnknown(DomainError):
    code = "number_unknown"

    def __init__(self, number: str) -> None:
        super().__init__(f"{number} is not in the number inventory of this organization.", field="number")


class CarrierManagesNumbers(DomainError):
    code = "carrier_manages_numbers"

    def __init__(self, location: Location) -> None:
        carrier = location.pstn_provider or location.get_pstn_display()
        super().__init__(f"Numbers of {location.name} come from {carrier}. They cannot be added here.", field="numbers")


class NeedsNumberOrExtension(DomainError):
    code = "needs_number_or_extension"
    message = "A calling user needs a phone number, an extension, or both."

    def __init__(self, *, field: str = "number") -> None:
        super().__init__(field=field)


class NeedsLocation(DomainError):
    code = "needs_location"
    message = "A calling user needs a location."

    def __init__(self) -> None:
        super().__init__(field="location")


class Validity(StrEnum):
    """What becomes of an entry of a list that is to be added (the words of the calling platform, domain.md 3.10)."""

    AVAILABLE = "Available"
    DUPLICATE = "Duplicate"
    DUPLICATE_IN_LIST = "Duplicate in list"
    INVALID = "Invalid"
    UNAVAILABLE = "Unavailable"


HARMLESS = frozenset({Validity.AVAILABLE, Validity.DUPLICATE})


@dataclass(frozen=True)
class Checked:
    """An entry, normalised. `new`: those of its numbers that would be added."""

    entry: Entry
    validity: Validity
    new: tuple[str, ...] = ()
    message: str = ""

    @property
    def kind(self) -> str:
        """The type that its first number tells by its digits, in words."""
        return str(kind_of(self.entry.numbers[0]).label) if self.entry.numbers else ""


def check_numbers(*, location: Location, numbers: str) -> list[Checked]:
    """What adding a pasted list (with ranges) to the location would do, by entry. Changes nothing.

    Raises CallingNotSetUp, CarrierManagesNumbers, NumberErrors (none at all, or too many).
    """
    require_calling(location)
    if location.pstn in FROM_THE_CARRIER:
        raise CarrierManagesNumbers(location)
    entries = read_entries(numbers, country=location.country)
    wanted = [number for entry in entries for number in entry.numbers]
    known = dict(PhoneNumber.objects.filter(e164__in=wanted).values_list("e164", "location_id"))
    return [_check(entry, known, location) for entry in entries]


def _check(entry: Entry, known: Mapping[str, int], location: Location) -> Checked:
    if entry.code:
        validity = Validity.DUPLICATE_IN_LIST if entry.code == DUPLICATE else Validity.INVALID
        return Checked(entry, validity, message=entry.message)
    elsewhere = next((number for number in entry.numbers if known.get(number, location.pk) != location.pk), None)
    if elsewhere:
        return Checked(entry, Validity.UNAVAILABLE, message=f"{elsewhere} is in use elsewhere already.")
    here = [number for number in entry.numbers if number in known]
    new = tuple(number for number in entry.numbers if number not in known)
    message = f"{here[0] if len(here) == 1 else f'{len(here)} numbers'} at this location already." if here else ""
    return Checked(entry, Validity.AVAILABLE if new else Validity.DUPLICATE, new, message)


@transaction.atomic
def add_numbers(
    *, location: Location, numbers: str, by: Actor, kind: str = "", active: bool = True
) -> list[PhoneNumber]:
    """Put a pasted list (with ranges) into the location's inventory: all of it, or none and NumberErrors.

    Numbers that are at the location already are left out (domain.md 4.4). `kind`: one of PhoneNumber.Kind, or empty for
    what each number tells by itself. Mobile numbers become active when they are assigned. Raises Forbidden,
    CustomerNotReady, CarrierManagesNumbers, NumberErrors, NumberInUse.
    """
    customer = location.customer
    authorize(by, Control.NUMBERS_MANAGE, customer=customer)
    require_ready(customer)
    # One order for everybody: two lists that overlap cannot deadlock.
    wanted = sorted(_new_ones(check_numbers(location=location, numbers=numbers)))
    if not wanted:
        return []
    rows = [_new_number(e164, location, kind, active=active) for e164 in wanted]
    _refuse_many_mobiles(rows)
    with named_errors(_taken("One of these numbers")):
        made = PhoneNumber.objects.bulk_create(rows)
    text = f"{len(made)} numbers added to {location.name}" if len(made) > 1 else f"{made[0]} added to {location.name}"
    audit.record(
        action="number.added",
        text=text,
        target=location,
        customer=customer,
        by=by,
        changes={"numbers": [None, wanted]},
    )
    pushes.push_numbers(customer=customer, numbers=wanted, by=by)
    return made


def _new_ones(checked: Sequence[Checked]) -> list[str]:
    errors = [
        LineError(row.entry.line, row.entry.text, row.entry.code or IN_USE, row.message)
        for row in checked
        if row.validity not in HARMLESS
    ]
    if errors:
        raise NumberErrors(errors)
    return [number for row in checked for number in row.new]


def _new_number(e164: str, location: Location, kind: str, *, active: bool) -> PhoneNumber:
    chosen = Kind(kind) if kind else kind_of(e164)
    state = PhoneNumber.State.ACTIVE if active and chosen != Kind.MOBILE else PhoneNumber.State.INACTIVE
    return PhoneNumber(customer=location.customer, location=location, e164=e164, kind=chosen, state=state)


def _refuse_many_mobiles(rows: list[PhoneNumber]) -> None:
    count = sum(row.kind == Kind.MOBILE for row in rows)
    if count > MOST_MOBILE_NUMBERS:
        message = f"Add at most {MOST_MOBILE_NUMBERS} mobile numbers at a time; these are {count}."
        raise NumberErrors([LineError(1, "", "too_many_mobile", message)])


def _taken(number: str) -> dict[str, Callable[[], DomainError]]:
    return {"controlhub_phonenumber_e164_key": lambda: NumberInUse(number), "location_lives": LocationGone}


@transaction.atomic
def assign_number(
    *,
    number: PhoneNumber,
    subscriber: Subscriber | None = None,
    workspace: Workspace | None = None,
    queue: CallQueue | None = None,
    by: Actor,
) -> PhoneNumber:
    """Give a free number to one user, workspace or call queue of its location; a number held before goes back.

    Raises Forbidden, CustomerNotReady, NeedsLocation, NumberElsewhere, NumberInUse.
    """
    owner = _one_owner(subscriber, workspace, queue)
    authorize(by, _control_of(owner), customer=owner.customer)
    require_ready(owner.customer)
    before = give_back(owner)
    claim(number, subscriber=subscriber, workspace=workspace, queue=queue)
    audit.record(
        action="number.assigned",
        text=f"{number.e164} assigned to {owner}",
        target=owner,
        customer=owner.customer,
        by=by,
        changes={"number": [before, number.e164]},
    )
    _push_owner(owner, by)
    return number


@transaction.atomic
def release_number(*, number: PhoneNumber, by: Actor) -> None:
    """Take a number from its owner; it stays in the inventory. Whoever can be called must keep an extension."""
    owner = number.owner
    authorize(by, _control_of(owner), customer=number.customer)
    require_ready(number.customer, ending=True)
    if owner is None:
        return
    if not owner.extension:
        raise NeedsNumberOrExtension(field="extension")
    PhoneNumber.objects.filter(_belongs_to(owner), pk=number.pk).update(**NOBODY)
    number.subscriber = number.workspace = number.queue = None
    audit.record(
        action="number.released",
        text=f"{number.e164} released from {owner}",
        target=owner,
        customer=number.customer,
        by=by,
        changes={"number": [number.e164, None]},
    )
    _push_owner(owner, by)


def _push_owner(owner: Owner, by: Actor) -> None:
    if isinstance(owner, CallQueue):
        push_queue(queue=owner, by=by)
    elif isinstance(owner, Workspace):
        push_workspace(workspace=owner, by=by)
    else:
        pushes.push_number(subscriber=owner, by=by)


def _one_owner(*candidates: Owner | None) -> Owner:
    owners = [owner for owner in candidates if owner is not None]
    if len(owners) != 1:
        raise ValueError("A number goes to one user, workspace or call queue.")
    return owners[0]


def _control_of(owner: Owner | None) -> Control:
    return CONTROLS[type(owner)] if owner else Control.USER_PRIMARY_NUMBER


def _belongs_to(owner: Owner) -> Q:
    return Q(**{FIELDS[type(owner)]: owner})


def claim(
    number: PhoneNumber,
    *,
    subscriber: Subscriber | None = None,
    workspace: Workspace | None = None,
    queue: CallQueue | None = None,
) -> None:
    """Low level: make a free number the owner's. Of many at once exactly one wins; the others get NumberInUse."""
    _claim(number, _one_owner(subscriber, workspace, queue))


def _claim(number: PhoneNumber, owner: Owner) -> None:
    if owner.location is None:
        raise NeedsLocation()
    # Locked first: after waiting for somebody else, PostgreSQL looks again at this row, but not at other tables.
    row = PhoneNumber.objects.select_for_update(no_key=True).filter(pk=number.pk, customer=owner.customer_id).first()
    if row is None or not is_free(row, answered=isinstance(owner, CallQueue)):
        raise NumberInUse(number.e164)
    if owner.location_id != row.location_id:
        raise NumberElsewhere(number.e164, owner.location)
    now: dict[str, Any] = NOBODY | {FIELDS[type(owner)]: owner, "state": PhoneNumber.State.ACTIVE}
    for name, value in now.items():
        setattr(row, name, value)
        setattr(number, name, value)
    taken = {f"controlhub_phonenumber_{who}_id_key": lambda: NumberInUse(number.e164) for who in NOBODY}
    with named_errors(taken):
        row.save(update_fields=list(now))


def is_free(number: PhoneNumber, *, answered: bool = False) -> bool:
    """Does it belong to nobody, and is nothing else meant for it? Lock the row before you rely on it.

    `answered`: for a call queue, which may answer the number that speaks for a location; no user or workspace may.
    """
    if number.owner_type or number.moving_to_id:
        return False
    return answered or not _speaks_for_a_location(number)


def _speaks_for_a_location(number: PhoneNumber) -> bool:
    return Location.objects.filter(Q(main_number=number) | Q(emergency_callback_number=number)).exists()


def give_back(owner: Owner) -> str | None:
    """Low level: return the owner's number to the inventory. Returns it in E.164, or None."""
    held = PhoneNumber.objects.filter(_belongs_to(owner))
    e164 = held.values_list("e164", flat=True).first()
    held.update(**NOBODY)
    return e164


def put_number(owner: Workspace | CallQueue, text: str) -> dict[str, Any]:
    """Low level: make the owner's number what was typed (of the inventory); an empty text gives it back.

    Returns the change as the audit log writes it. Raises NumberInvalid, NumberUnknown, NumberElsewhere, NumberInUse.
    """
    wanted = normalise(text, country=owner.location.country) if text else ""
    held = PhoneNumber.objects.filter(_belongs_to(owner)).values_list("e164", flat=True).first() or ""
    if held == wanted:
        return {}
    give_back(owner)
    if wanted:
        number = PhoneNumber.objects.filter(customer=owner.customer_id, e164=wanted).first()
        if number is None:
            raise NumberUnknown(wanted)
        _claim(number, owner)
    return {"number": [held or None, wanted or None]}


def find_or_add(text: str, *, location: Location, by: Actor) -> PhoneNumber:
    """The number as typed: one of the location's inventory, or a new one if the actor may add numbers.

    Raises NumberInvalid, NumberInUse (it exists elsewhere), Forbidden, CarrierManagesNumbers.
    """
    e164 = normalise(text, country=location.country)
    known = PhoneNumber.objects.filter(e164=e164).first()
    if known and known.customer_id != location.customer_id:
        raise NumberInUse(e164)
    if known and known.location_id != location.pk:
        raise NumberElsewhere(e164, location)
    return known or _add_one(e164, location, by)


def _add_one(e164: str, location: Location, by: Actor) -> PhoneNumber:
    authorize(by, Control.NUMBERS_MANAGE, customer=location.customer)
    require_calling(location)
    if location.pstn in FROM_THE_CARRIER:
        raise CarrierManagesNumbers(location)
    with named_errors(_taken(e164)):
        row = _new_number(e164, location, "", active=True)
        row.save(force_insert=True)
    pushes.push_numbers(customer=location.customer, numbers=[e164], by=by)
    return row
