"""What a new subscriber must be: the rules of domain.md 3.2, 3.10 and 5.9, checked for a whole list at once.

The grid of "Add users", CSV and API all ask `problems_with`; `create_subscribers` asks it again in its transaction.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db.models import Count

from controlhub.models import CustomerPackage, Location, PhoneNumber, Subscriber
from controlhub.services import extensions, numbers
from controlhub.services.calling_setup import CallingNotSetUp
from controlhub.services.number_lists import NumberInvalid
from controlhub.services.seats import PackageNotEnabled, limit_sentence, package_name
from tenancy.access import level
from tenancy.actors import Actor
from tenancy.errors import DomainError
from tenancy.models import Customer
from tenancy.packages import PACKAGES, Kind
from tenancy.policy import Control, Level

MOST_USERS = 25
NAME_LENGTH, EMAIL_LENGTH, LOCAL_PART_LENGTH = 30, 161, 64
FORBIDDEN_IN_NAMES = frozenset('%#<>\\/"')
EMAIL_FORMAT, EMAIL_TAKEN = "4801", "10022"
LABELS = {
    "first_name": "First name",
    "last_name": "Last name",
    "caller_id_first_name": "First name",
    "caller_id_last_name": "Last name",
    "email": "Email",
    "package": "Package",
    "location": "Location",
    "number": "Phone number",
    "extension": "Extension",
}


@dataclass(frozen=True)
class NewSubscriber:
    """One row of "Add users". `location` may be the name of one of the customer's locations; `number` is as typed."""

    first_name: str
    last_name: str
    email: str
    package: str
    location: Location | str | None = None
    number: str | None = None
    extension: str = ""

    @property
    def calling(self) -> bool:
        """Does the package make calls, so that a location and a number or an extension are needed?"""
        return self.package in PACKAGES and PACKAGES[self.package].calling


@dataclass(frozen=True)
class RowError:
    """What is wrong with one field of one row. `row` counts from 0."""

    row: int
    field: str
    code: str
    message: str

    def __str__(self) -> str:
        return f"Row {self.row + 1}, {LABELS.get(self.field, self.field)}: {self.message}"


class SubscriberErrors(DomainError):
    """The list has rows that are wrong; nothing was created."""

    code = "subscriber_errors"

    def __init__(self, errors: list[RowError]) -> None:
        super().__init__(" ".join(str(error) for error in errors))
        self.errors = errors


class TooManySubscribers(DomainError):
    code = "too_many_subscribers"
    message = f"Add at least one user, and at most {MOST_USERS} at a time."


def tidy(user: NewSubscriber, *, locations: dict[str, Location]) -> NewSubscriber:
    """The row with blanks trimmed, the e-mail in lower case, and a location's name replaced by the location.

    `locations` maps names in lower case. A name that is none of them stays text; `problems_with` reports it.
    """
    place = user.location
    if isinstance(place, str):
        place = locations.get(place.strip().lower(), place) or None
    return replace(
        user,
        first_name=" ".join(user.first_name.split()),
        last_name=" ".join(user.last_name.split()),
        email=user.email.strip().lower(),
        location=place,
        number=(user.number or "").strip() or None,
        extension=user.extension.strip(),
    )


def problems_with(
    *, customer: Customer, users: Sequence[NewSubscriber], by: Actor, calling_data: bool = True
) -> list[RowError]:
    """Everything that is wrong with the (tidy) rows, in row order; empty when all may be created. Reads only.

    With `calling_data=False` numbers and extensions are not looked at yet (the wizard asks for them on a later page).
    """
    checks: list[Callable[[], Iterator[RowError]]] = [
        lambda: _names(users),
        lambda: _emails(users),
        lambda: _packages(customer, users),
        lambda: _locations(customer, users),
    ]
    if calling_data:
        checks += [lambda: _numbers(customer, users, by), lambda: _extensions(users)]
    return sorted((error for check in checks for error in check()), key=lambda error: error.row)


def _names(users: Sequence[NewSubscriber]) -> Iterator[RowError]:
    for row, user in enumerate(users):
        for field, text in (("first_name", user.first_name), ("last_name", user.last_name)):
            try:
                check_name(text, calling=user.calling, field=field)
            except NameRefused as error:
                yield RowError(row, field, error.code, str(error))


class NameRefused(DomainError):
    code = "name_invalid"


def check_name(text: str, *, calling: bool, field: str) -> None:
    """Raises NameRefused unless `text` may be a first or last name (domain.md 3.2)."""
    if not text:
        raise NameRefused(f"{LABELS[field]} is missing.", field=field)
    if len(text) > NAME_LENGTH:
        raise NameRefused(f"Use at most {NAME_LENGTH} characters.", field=field)
    bad = sorted(FORBIDDEN_IN_NAMES & set(text)) or sorted(c for c in text if not c.isprintable())
    if bad:
        raise NameRefused('These characters are not allowed: % # < > \\ / "', field=field)
    if calling and not text.isascii():
        raise NameRefused("Names of calling users have plain letters only, without accents.", field=field)


def _emails(users: Sequence[NewSubscriber]) -> Iterator[RowError]:
    addresses = [user.email for user in users]
    real = [email for email in addresses if is_email(email)]
    taken = set(Subscriber.objects.filter(email__in=real, deleted_at=None).values_list("email", flat=True))
    for row, email in enumerate(addresses):
        if not is_email(email):
            yield RowError(row, "email", EMAIL_FORMAT, "Enter an email address such as name@example.com.")
        elif email in taken:
            yield RowError(row, "email", EMAIL_TAKEN, "This email address belongs to an existing user.")
        elif addresses.index(email) < row:
            message = f"This email address is in row {addresses.index(email) + 1} already."
            yield RowError(row, "email", "duplicate_in_list", message)


def is_email(email: str) -> bool:
    """Is it an address that a user can have (domain.md 3.10, 4801-4803)?"""
    # Plain ASCII only: PostgreSQL and Python do not agree on the lower case of everything else.
    if not email.isascii() or len(email) > EMAIL_LENGTH or len(email.partition("@")[0]) > LOCAL_PART_LENGTH:
        return False
    try:
        validate_email(email)
    except ValidationError:
        return False
    return True


def _packages(customer: Customer, users: Sequence[NewSubscriber]) -> Iterator[RowError]:
    enabled = {row.package: row for row in CustomerPackage.objects.filter(customer=customer)}
    asked = Counter(user.package for user in users)
    seen: Counter[str] = Counter()
    for row, user in enumerate(users):
        seen[user.package] += 1
        problem = _package_problem(user.package, enabled.get(user.package), asked[user.package], seen[user.package])
        if problem:
            yield RowError(row, "package", *problem)


def _package_problem(code: str, enabled: CustomerPackage | None, asked: int, place: int) -> tuple[str, str] | None:
    """`place`: this row is the how-manieth that asks for the package; only those beyond the limit are marked."""
    if not code:
        return "package_missing", "Choose a package."
    package = PACKAGES.get(code)
    if package is None or package.kind is not Kind.BASE or package.workspace_only:
        return "package_not_for_users", f"{package_name(code)} is not a package for users."
    if enabled is None or enabled.status != CustomerPackage.Status.PROVISIONED:
        refused = PackageNotEnabled(package=code, status=enabled.status if enabled else None)
        return refused.code, str(refused)
    if enabled.limit is not None and enabled.used + place > enabled.limit:
        return "limit_reached", limit_sentence(package=code, limit=enabled.limit, used=enabled.used, asked=asked)
    return None


def _locations(customer: Customer, users: Sequence[NewSubscriber]) -> Iterator[RowError]:
    for row, user in enumerate(users):
        if isinstance(user.location, str):
            yield RowError(row, "location", "location_unknown", f"There is no location called {user.location}.")
        elif user.location is not None and user.location.customer_id != customer.pk:
            yield RowError(row, "location", "location_unknown", "Choose one of this customer's locations.")
        elif user.calling and user.location is None:
            yield RowError(row, "location", "needs_location", "A calling user needs a location.")
        elif user.calling and isinstance(user.location, Location) and user.location.calling_enabled_at is None:
            refused = CallingNotSetUp(user.location)
            yield RowError(row, "location", refused.code, str(refused))


def _numbers(customer: Customer, users: Sequence[NewSubscriber], by: Actor) -> Iterator[RowError]:
    wanted: dict[int, str] = {}
    for row, user in enumerate(users):
        if user.calling and not user.number and not user.extension:
            yield RowError(row, "number", "needs_number_or_extension", numbers.NeedsNumberOrExtension.message)
        if user.number and not user.calling:
            yield RowError(row, "number", "needs_calling", "Only users with a calling package have a number.")
        elif user.number and isinstance(user.location, Location):
            try:
                wanted[row] = numbers.normalise(user.number, country=user.location.country)
            except NumberInvalid as error:
                yield RowError(row, "number", error.code, str(error))
    yield from _number_owners(customer, users, wanted, may_add=_may_add_numbers(customer, by))


def _may_add_numbers(customer: Customer, by: Actor) -> bool:
    return level(by, Control.NUMBERS_MANAGE, customer=customer) is Level.EDIT


def _number_owners(
    customer: Customer, users: Sequence[NewSubscriber], wanted: dict[int, str], *, may_add: bool
) -> Iterator[RowError]:
    rows = PhoneNumber.objects.filter(e164__in=wanted.values()).annotate(is_main=Count("main_of"))
    known = {number.e164: number for number in rows}
    seen: dict[str, int] = {}
    for row, e164 in wanted.items():
        location = users[row].location
        if e164 in seen:
            message = f"{e164} is in row {seen[e164] + 1} already."
            yield RowError(row, "number", "duplicate_in_list", message)
        elif isinstance(location, Location):
            problem = _number_problem(e164, known.get(e164), location, may_add=may_add)
            if problem:
                yield RowError(row, "number", problem.code, str(problem))
        seen.setdefault(e164, row)


def _number_problem(e164: str, known: PhoneNumber | None, location: Location, *, may_add: bool) -> DomainError | None:
    if known is None and not may_add:
        return NumberNotInInventory(location)
    if known is None:
        return numbers.CarrierManagesNumbers(location) if location.pstn in numbers.FROM_THE_CARRIER else None
    if known.customer_id != location.customer_id or known.owner_type or known.is_main:  # type: ignore[attr-defined]
        return numbers.NumberInUse(e164)
    return numbers.NumberElsewhere(e164, location) if known.location_id != location.pk else None


class NumberNotInInventory(DomainError):
    """Customer admins choose from what the partner has added (domain.md 8.2)."""

    code = "number_not_in_inventory"

    def __init__(self, location: Location) -> None:
        text = f"Choose one of the free numbers of {location.name}. Only your service provider can add numbers."
        super().__init__(text, field="number")


def _extensions(users: Sequence[NewSubscriber]) -> Iterator[RowError]:
    places = [user.location for user in users if isinstance(user.location, Location)]
    taken = extensions.extensions_in_use(places, among=[user.extension for user in users if user.extension])
    seen: dict[tuple[str, str], int] = {}
    for row, user in enumerate(users):
        if not user.extension or not isinstance(user.location, Location):
            continue
        if not user.calling:
            yield RowError(row, "extension", "needs_calling", "Only users with a calling package have an extension.")
            continue
        place = (user.location.name.lower(), user.extension)
        try:
            extensions.check_extension(user.extension, country=user.location.country)
        except extensions.ExtensionRefused as error:
            yield RowError(row, "extension", error.code, str(error))
            continue
        if (user.location.pk, user.extension) in taken:
            refused = extensions.ExtensionRefused(extensions.IN_USE)
            yield RowError(row, "extension", refused.code, str(refused))
        elif place in seen:
            message = f"{user.extension} is in row {seen[place] + 1} already."
            yield RowError(row, "extension", "duplicate_in_list", message)
        seen.setdefault(place, row)
