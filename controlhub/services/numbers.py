"""Phone numbers: parsed with the location's country, stored in E.164, unique in the whole portal (domain.md 4.4)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

import phonenumbers
from django.db import transaction
from django.db.models import Exists, OuterRef

from controlhub.models import Location, PhoneNumber, Subscriber
from controlhub.services.constraints import named_errors
from controlhub.services.readiness import require_ready
from tenancy import audit
from tenancy.access import authorize
from tenancy.actors import Actor
from tenancy.errors import DomainError
from tenancy.policy import Control

MOST_NUMBERS = 1000
# Two numbers with blanks and punctuation are far shorter. Longer text costs the range pattern quadratic time.
LONGEST_ENTRY = 80
IN_USE, BAD_CHARACTERS = "4201", "4410"
# Numbers of these connections come from the carrier; adding one here would corrupt its data (domain.md 4.4, 13.5).
FROM_THE_CARRIER = frozenset({Location.Pstn.INTEGRATED_CCP, Location.Pstn.CISCO_PSTN})

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


@transaction.atomic
def add_numbers(*, location: Location, numbers: str, by: Actor) -> list[PhoneNumber]:
    """Put a pasted list (with ranges) into the location's inventory: all of it, or none and NumberErrors."""
    customer = location.customer
    authorize(by, Control.NUMBERS_MANAGE, customer=customer)
    require_ready(customer)
    if location.pstn in FROM_THE_CARRIER:
        raise CarrierManagesNumbers(location)
    wanted = parse_numbers(numbers, country=location.country)
    _refuse_known(wanted, numbers, location)
    with named_errors({"controlhub_phonenumber_e164_key": lambda: NumberInUse("One of these numbers")}):
        # One order for everybody: two lists that overlap cannot deadlock.
        rows = [PhoneNumber(customer=customer, location=location, e164=e164) for e164 in sorted(wanted)]
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
    return made


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
def assign_number(*, number: PhoneNumber, subscriber: Subscriber, by: Actor) -> PhoneNumber:
    """Give a free number of the subscriber's location to the subscriber; a number held before goes back."""
    customer = subscriber.customer
    authorize(by, Control.USER_PRIMARY_NUMBER, customer=customer)
    require_ready(customer)
    before = give_back(subscriber)
    claim(number, subscriber=subscriber)
    audit.record(
        action="number.assigned",
        text=f"{number.e164} assigned to {subscriber}",
        target=subscriber,
        customer=customer,
        by=by,
        changes={"number": [before, number.e164]},
    )
    return number


@transaction.atomic
def release_number(*, number: PhoneNumber, by: Actor) -> None:
    """Take a number from its subscriber; it stays in the inventory. A calling user must keep an extension."""
    authorize(by, Control.USER_PRIMARY_NUMBER, customer=number.customer)
    require_ready(number.customer, ending=True)
    subscriber = number.subscriber
    if subscriber is None:
        return
    if not subscriber.extension:
        raise NeedsNumberOrExtension(field="extension")
    PhoneNumber.objects.filter(pk=number.pk, subscriber=subscriber).update(subscriber=None)
    number.subscriber = None
    audit.record(
        action="number.released",
        text=f"{number.e164} released from {subscriber}",
        target=subscriber,
        customer=number.customer,
        by=by,
        changes={"number": [number.e164, None]},
    )


def claim(number: PhoneNumber, *, subscriber: Subscriber) -> None:
    """Low level: make a free number the subscriber's. Of many at once exactly one wins; the others get NumberInUse."""
    if subscriber.location is None:
        raise NeedsLocation()
    if subscriber.location_id != number.location_id:
        raise NumberElsewhere(number.e164, subscriber.location)
    # No join here: with one, Django moves the conditions into a subquery, which PostgreSQL does not look at again after
    # waiting for the winner, and everybody wins.
    is_main = Exists(Location.objects.filter(main_number=OuterRef("pk")))
    free = PhoneNumber.objects.filter(
        ~is_main, pk=number.pk, customer=subscriber.customer_id, subscriber=None, workspace=None
    )
    with named_errors({"controlhub_phonenumber_subscriber_id_key": lambda: NumberInUse(number.e164)}):
        won = free.update(subscriber=subscriber, state=PhoneNumber.State.ACTIVE)
    if not won:
        raise NumberInUse(number.e164)
    number.subscriber = subscriber


def give_back(subscriber: Subscriber) -> str | None:
    """Low level: return the subscriber's number to the inventory. Returns it in E.164, or None."""
    e164 = PhoneNumber.objects.filter(subscriber=subscriber).values_list("e164", flat=True).first()
    PhoneNumber.objects.filter(subscriber=subscriber).update(subscriber=None)
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
    with named_errors({"controlhub_phonenumber_e164_key": lambda: NumberInUse(e164)}):
        return PhoneNumber.objects.create(customer=location.customer, location=location, e164=e164)
