"""Phone numbers as people write them: one, a range, a pasted list. Read with a country, kept in E.164 (domain.md 4.4)."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import phonenumbers

from controlhub.models import PhoneNumber
from tenancy.errors import DomainError

MOST_NUMBERS = 1000
# Two numbers with blanks and punctuation are far shorter. Longer text costs the range pattern quadratic time.
LONGEST_ENTRY = 80
IN_USE, BAD_CHARACTERS, DUPLICATE = "4201", "4410", "duplicate_in_list"
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


@dataclass(frozen=True)
class Entry:
    """One entry of a list: the numbers it stands for (E.164), or the code and sentence of what is wrong with it."""

    line: int
    text: str
    numbers: tuple[str, ...] = ()
    code: str = ""
    message: str = ""


def read_entries(text: str, *, country: str) -> list[Entry]:
    """Every entry of a pasted list (lines, commas or semicolons), in order. Raises NumberErrors for none or too many."""
    found: dict[str, int] = {}
    entries: list[Entry] = []
    for line, content in _entries(text):
        entry = _read_entry(line, content, country, found)
        entries.append(entry)
        found |= {number: line for number in entry.numbers if number not in found}
        if len(found) > MOST_NUMBERS:
            raise NumberErrors([LineError(1, "", "too_many", f"Add at most {MOST_NUMBERS} numbers at a time.")])
    if not entries:
        raise NumberErrors([LineError(1, "", BAD_CHARACTERS, "Enter at least one number.")])
    return entries


def _read_entry(line: int, text: str, country: str, found: Mapping[str, int]) -> Entry:
    try:
        numbers = expand(text, country=country)
    except NumberInvalid as error:
        return Entry(line, text, (), error.code, str(error))
    twice = next((number for number in numbers if number in found), None)
    if twice:
        return Entry(line, text, tuple(numbers), DUPLICATE, f"{twice} is in line {found[twice]} already.")
    return Entry(line, text, tuple(numbers))


def parse_numbers(text: str, *, country: str) -> list[str]:
    """Every number of a pasted list, in order. Raises NumberErrors with all bad lines."""
    entries = read_entries(text, country=country)
    errors = [LineError(entry.line, entry.text, entry.code, entry.message) for entry in entries if entry.code]
    if errors:
        raise NumberErrors(errors)
    return [number for entry in entries for number in entry.numbers]


def _entries(text: str) -> Iterable[tuple[int, str]]:
    for line, content in enumerate(text.splitlines(), start=1):
        for entry in re.split(r"[,;\t]", content):
            if entry.strip():
                yield line, entry.strip()


def kind_of(e164: str) -> PhoneNumber.Kind:
    """Toll-free and mobile numbers tell by their digits; every other one is a direct number (DID)."""
    return _KINDS.get(phonenumbers.number_type(phonenumbers.parse(e164)), Kind.DID)
