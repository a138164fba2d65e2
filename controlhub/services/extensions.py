"""Extensions: two to six digits, unique in a location, never an emergency number (domain.md 3.10, 4.4)."""

from collections.abc import Collection

from phonenumbers.shortnumberinfo import is_emergency_number

from controlhub.models import Extension, Location, Subscriber
from tenancy.errors import DomainError

# Dialled by mistake or by habit for emergencies in North America (the reference onboarding tool avoids them too).
NEVER = frozenset({"1911", "911", "933", "611"})
FIRST_SUGGESTION = 1000
# The one constraint that sees users, workspaces and call queues alike.
TAKEN = "extension_once_per_location"
LENGTH, DIGITS_ONLY, EMERGENCY, IN_USE = "4909", "4910", "4911", "4202"

_SENTENCES = {
    LENGTH: "An extension has 2 to 6 digits.",
    DIGITS_ONLY: "An extension has digits only.",
    EMERGENCY: "This extension collides with an emergency number. Choose another one.",
    IN_USE: "This extension is in use at the location. Choose another one.",
}


class ExtensionRefused(DomainError):
    """`code` is the calling platform's: 4202 in use, 4909 length, 4910 not digits, 4911 emergency number."""

    def __init__(self, code: str) -> None:
        super().__init__(_SENTENCES[code], field="extension")
        self.code = code


def check_extension(extension: str, *, country: str) -> None:
    """Raises ExtensionRefused for a bad form. `country` (ISO 2) decides which numbers are emergency numbers."""
    if not extension.isascii() or not extension.isdigit():
        raise ExtensionRefused(DIGITS_ONLY)
    if not 2 <= len(extension) <= 6:
        raise ExtensionRefused(LENGTH)
    if extension in NEVER or is_emergency_number(extension, country):
        raise ExtensionRefused(EMERGENCY)


def extensions_in_use(locations: Collection[Location], *, among: Collection[str] | None = None) -> set[tuple[int, str]]:
    """(location id, extension) of every living subscriber, workspace and call queue at these locations.

    With `among` only those extensions are looked for: a location may have thousands.
    """
    rows = Extension.objects.filter(location__in=[location.pk for location in locations if location.pk])
    if among is not None:
        rows = rows.filter(digits__in=among)
    return set(rows.values_list("location_id", "digits"))


def require_free(extension: str, *, location: Location, besides: Subscriber | None = None) -> None:
    """Raises ExtensionRefused unless the extension is well-formed and free at the location.

    Between looking and saving somebody may take it: map TAKEN to `in_use` around the save.
    """
    check_extension(extension, country=location.country)
    taken = Extension.objects.filter(location=location, digits=extension)
    others = taken.exclude(subscriber=besides) if besides else taken
    if others.exists():
        raise ExtensionRefused(IN_USE)


def in_use() -> ExtensionRefused:
    """Somebody else at the location has it."""
    return ExtensionRefused(IN_USE)


def free_extensions(*, taken: Collection[str], country: str, count: int) -> list[str]:
    """The next `count` four-digit extensions that nobody has: after the highest one in use, then from 1000 on."""
    used = {int(extension) for extension in taken if len(extension) == 4}
    start = max([FIRST_SUGGESTION - 1, *used]) + 1
    candidates = [*range(start, 10_000), *range(FIRST_SUGGESTION, start)]
    found: list[str] = []
    for candidate in candidates:
        if len(found) == count:
            break
        if candidate not in used and _allowed(str(candidate), country):
            found.append(str(candidate))
    return found


def _allowed(extension: str, country: str) -> bool:
    return extension not in NEVER and not is_emergency_number(extension, country)
