"""Phone numbers: parsed with the location's country, stored in E.164, unique in the whole portal (domain.md 4.4)."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import phonenumbers
from django.db import transaction
from django.db.models import Q

from controlhub.models import Location, PhoneNumber, Subscriber, Workspace
from controlhub.pstn import FROM_THE_CARRIER
from controlhub.services import pushes
from controlhub.services.constraints import named_errors
from controlhub.services.equipment_pushes import push_workspace
from controlhub.services.readiness import require_ready
from tenancy import audit
from tenancy.access import authorize
from tenancy.actors import Actor
from tenancy.errors import DomainError
from tenancy.policy import Control

MOST_NUMBERS = 1000
MOST_MOBILE_NUMBERS = 20
# Two numbers with blanks and punctuation are far shorter. Longer text costs the range pattern quadratic time.
LONGEST_ENTRY = 80
IN_USE, BAD_CHARACTERS = "4201", "4410"
Owner = Subscriber | Workspace
Kind = PhoneNumber.Kind
_KINDS = {
    phonenumbers.PhoneNumberType.TOLL_FREE: Kind.TOLLFREE,
    phonenumbers.PhoneNumberType.MOBILE: Kind.MOBILE,
}

# "+12175550100-0109", "+12175550100 - +12175550109", "217 555 0100 to 0109". A hyphen without spaces counts only after
# bare digits: elsewhere it is how people write one number ("217-555-0100").
_RANGE = re.compile(
    r"^(?P<first>\+?\d+)-(?P<last>\+?\d+)$|^(?P<first_>.+?)(?:\s+(?:-|–|to)\s+|\s*\.\.\s*)(?P<last_>\+?[\d ]+)$"
)


class NumberInvalid(DomainError):
    code = BAD_CHARACTERS
    message = "This is not a phone number. Write it with its country code, for example +12175550100."

    def __init__(self, message: str = "", *, field: str | None = "number") -> None:
        super().__init__(message, field=field)


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


@dataclass(frozen=True)
class LineError:
    """What is wrong with one line of a pasted list. `line` counts from 1."""

    line: int
    text: str
    code: str
    message: str


class NumberErrors(DomainError):
    """The list has lines that are wrong; nothing was added."""

    code = "number_errors"

    def __init__(self, errors: list[LineError]) -> None:
        super().__init__("; ".join(f"Line {e.line} ({e.text}): {e.message}" for e in errors), field="numbers")
        self.errors = errors


def normalise(text: str, *, country: str) -> str:
    """One number in E.164, read as people of `country` (ISO 2) write it. Raises NumberInvalid."""
    try:
        parsed = phonenumbers.parse(text.strip(), country)
    except phonenumbers.NumberParseException as error:
        raise NumberInvalid() from error
    if re.search(r"[^\d\s()+./-]", text) or parsed.extension or not phonenumbers.is_possible_number(parsed):
        raise NumberInvalid()
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def expand(text: str, *, country: str) -> list[str]:
    """A number, or every number of a range. Raises NumberInvalid."""
    if len(text) > LONGEST_ENTRY:
        raise NumberInvalid()
    match = _RANGE.match(text.strip())
    if not match:
        return [normalise(text, country=country)]
    first = normalise(match["first"] or match["first_"], country=country)
    tail = re.sub(r"\s", "", match["last"] or match["last_"])
    last = int(tail[1:]) if tail.startswith("+") else int(first[1 : len(first) - len(tail)] + tail)
    count = last - int(first[1:]) + 1
    if len(tail) >= len(first) + 1 or not 1 <= count <= MOST_NUMBERS:
        raise NumberInvalid(f"This is not a range of 1 to {MOST_NUMBERS} numbers. Example: +12175550100-0109.")
    return [f"+{int(first[1:]) + step}" for step in range(count)]


def parse_numbers(text: str, *, country: str) -> list[str]:
    """Every number of a pasted list (lines, commas or semicolons), in order. Raises NumberErrors with all bad lines."""
    found: dict[str, int] = {}
    errors: list[LineError] = []
    for line, entry in _entries(text):
        try:
            numbers = expand(entry, country=country)
        except NumberInvalid as error:
            errors.append(LineError(line, entry, error.code, str(error)))
            continue
        twice = next((number for number in numbers if number in found), None)
        if twice:
            errors.append(LineError(line, entry, "duplicate_in_list", f"{twice} is in line {found[twice]} already."))
        found |= {number: line for number in numbers if number not in found}
    if not found and not errors:
        errors.append(LineError(1, "", BAD_CHARACTERS, "Enter at least one number."))
    if len(found) > MOST_NUMBERS:
        errors.append(LineError(1, "", "too_many", f"Add at most {MOST_NUMBERS} numbers at a time."))
    if errors:
        raise NumberErrors(errors)
    return list(found)


def _entries(text: str) -> Iterable[tuple[int, str]]:
    for line, content in enumerate(text.splitlines(), start=1):
        for entry in re.split(r"[,;\t]", content):
            if entry.strip():
                yield line, entry.strip()


def kind_of(e164: str) -> PhoneNumber.Kind:
    """Toll-free and mobile numbers tell by their digits; every other one is a direct number (DID)."""
    return _KINDS.get(phonenumbers.number_type(phonenumbers.parse(e164)), Kind.DID)


@transaction.atomic
def add_numbers(
    *, location: Location, numbers: str, by: Actor, kind: str = "", active: bool = True
) -> list[PhoneNumber]:
    """Put a pasted list (with ranges) into the location's inventory: all of it, or none and NumberErrors.

    `kind`: one of PhoneNumber.Kind, or empty for what each number tells by itself. Mobile numbers become active when
    they are assigned. Raises Forbidden, CustomerNotReady, CarrierManagesNumbers, NumberErrors, NumberInUse.
    """
    customer = location.customer
    authorize(by, Control.NUMBERS_MANAGE, customer=customer)
    require_ready(customer)
    if location.pstn in FROM_THE_CARRIER:
        raise CarrierManagesNumbers(location)
    wanted = parse_numbers(numbers, country=location.country)
    _refuse_known(wanted, numbers, location)
    # One order for everybody: two lists that overlap cannot deadlock.
    rows = [_new_number(e164, location, kind, active=active) for e164 in sorted(wanted)]
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
        changes={"numbers": [None, sorted(wanted)]},
    )
    pushes.push_numbers(customer=customer, numbers=sorted(wanted), by=by)
    return made


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


def _refuse_known(wanted: list[str], text: str, location: Location) -> None:
    known = dict(PhoneNumber.objects.filter(e164__in=wanted).values_list("e164", "location_id"))
    if not known:
        return
    errors = []
    for line, entry in _entries(text):
        for e164 in expand(entry, country=location.country):
            if e164 in known:
                where = "at this location" if known[e164] == location.pk else "elsewhere"
                errors.append(LineError(line, entry, IN_USE, f"{e164} is in use {where} already."))
    raise NumberErrors(errors)


@transaction.atomic
def assign_number(
    *, number: PhoneNumber, subscriber: Subscriber | None = None, workspace: Workspace | None = None, by: Actor
) -> PhoneNumber:
    """Give a free number to the subscriber or workspace of its location; a number held before goes back.

    Raises Forbidden, CustomerNotReady, NeedsLocation, NumberElsewhere, NumberInUse.
    """
    owner = _one_owner(subscriber, workspace)
    authorize(by, _control_of(owner), customer=owner.customer)
    require_ready(owner.customer)
    before = give_back(owner)
    claim(number, subscriber=subscriber, workspace=workspace)
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
    owner = number.subscriber or number.workspace
    authorize(by, _control_of(owner), customer=number.customer)
    require_ready(number.customer, ending=True)
    if owner is None:
        return
    if not owner.extension:
        raise NeedsNumberOrExtension(field="extension")
    PhoneNumber.objects.filter(_belongs_to(owner), pk=number.pk).update(subscriber=None, workspace=None)
    number.subscriber = number.workspace = None
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
    if isinstance(owner, Workspace):
        push_workspace(workspace=owner, by=by)
    else:
        pushes.push_number(subscriber=owner, by=by)


def _one_owner(subscriber: Subscriber | None, workspace: Workspace | None) -> Owner:
    owner = subscriber or workspace
    if owner is None or (subscriber and workspace):
        raise ValueError("A number goes to one subscriber or to one workspace.")
    return owner


def _control_of(owner: Owner | None) -> Control:
    return Control.WORKSPACES if isinstance(owner, Workspace) else Control.USER_PRIMARY_NUMBER


def _belongs_to(owner: Owner) -> Q:
    return Q(subscriber=owner) if isinstance(owner, Subscriber) else Q(workspace=owner)


def claim(number: PhoneNumber, *, subscriber: Subscriber | None = None, workspace: Workspace | None = None) -> None:
    """Low level: make a free number the owner's. Of many at once exactly one wins; the others get NumberInUse."""
    owner = _one_owner(subscriber, workspace)
    if owner.location is None:
        raise NeedsLocation()
    # Locked first: after waiting for somebody else, PostgreSQL looks again at this row, but not at other tables.
    row = PhoneNumber.objects.select_for_update(no_key=True).filter(pk=number.pk, customer=owner.customer_id).first()
    if row is None or not is_free(row):
        raise NumberInUse(number.e164)
    if owner.location_id != row.location_id:
        raise NumberElsewhere(number.e164, owner.location)
    row.subscriber, row.workspace, row.state = subscriber, workspace, PhoneNumber.State.ACTIVE
    taken = {
        f"controlhub_phonenumber_{who}_id_key": lambda: NumberInUse(number.e164) for who in ("subscriber", "workspace")
    }
    with named_errors(taken):
        row.save(update_fields=["subscriber", "workspace", "state"])
    number.subscriber, number.workspace, number.state = subscriber, workspace, row.state


def is_free(number: PhoneNumber) -> bool:
    """Does it belong to nobody, and is nothing else meant for it? Lock the row before you rely on it."""
    if number.subscriber_id or number.workspace_id or number.moving_to_id:
        return False
    return not Location.objects.filter(Q(main_number=number) | Q(emergency_callback_number=number)).exists()


def give_back(owner: Owner) -> str | None:
    """Low level: return the owner's number to the inventory. Returns it in E.164, or None."""
    held = PhoneNumber.objects.filter(_belongs_to(owner))
    e164 = held.values_list("e164", flat=True).first()
    held.update(subscriber=None, workspace=None)
    return e164


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
    if location.pstn in FROM_THE_CARRIER:
        raise CarrierManagesNumbers(location)
    with named_errors(_taken(e164)):
        row = _new_number(e164, location, "", active=True)
        row.save(force_insert=True)
    pushes.push_numbers(customer=location.customer, numbers=[e164], by=by)
    return row
