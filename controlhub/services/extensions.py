"""Extensions: two to six digits, unique in a location, never an emergency number (domain.md 3.10, 4.4)."""

from collections.abc import Collection

from phonenumbers.shortnumberinfo import is_emergency_number

from controlhub.models import CallQueue, Location, Subscriber, Workspace
from tenancy.errors import DomainError

# Dialled by mistake or by habit for emergencies in North America (the reference onboarding tool avoids them too).
NEVER = frozenset({"1911", "911", "933", "611"})
FIRST_SUGGESTION = 1000
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


def extensions_in_use(locations: Collection[Location]) -> set[tuple[int, str]]:
    """(location id, extension) of every living subscriber, workspace and call queue at these locations."""
    keys = [location.pk for location in locations if location.pk]
    people = Subscriber.objects.filter(location__in=keys, deleted_at=None).exclude(extension="")
    rooms = Workspace.objects.filter(location__in=keys, deleted_at=None).exclude(extension="")
    queues = CallQueue.objects.filter(location__in=keys)
    found = (people, rooms, queues)
    return {(key, ext) for rows in found for key, ext in rows.values_list("location_id", "extension") if key}


def require_free(extension: str, *, location: Location, besides: Subscriber | None = None) -> None:
    """Raises ExtensionRefused unless the extension is well-formed and free at the location."""
    check_extension(extension, country=location.country)
    people = Subscriber.objects.filter(location=location, extension=extension, deleted_at=None)
    rooms = Workspace.objects.filter(location=location, extension=extension, deleted_at=None)
    if besides:
        people = people.exclude(pk=besides.pk)
    queues = CallQueue.objects.filter(location=location, extension=extension)
    if people.exists() or rooms.exists() or queues.exists():
        raise ExtensionRefused(IN_USE)


def require_free_locked(extension: str, *, location: Location) -> None:
    """As `require_free`, after locking the location: rooms and queues that want the same one come one after the other."""
    list(Location.objects.select_for_update(no_key=True).filter(pk=location.pk).values_list("pk"))
    require_free(extension, location=location)


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
