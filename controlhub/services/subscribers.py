"""People of a customer: created many at once or not at all, renamed, reached under a number or an extension."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction

from controlhub.models import Location, PackageAssignment, PhoneNumber, Subscriber
from controlhub.services import calling_data, numbers, pushes
from controlhub.services.administrators import becomes_administrator, make_administrator
from controlhub.services.clock import database_now
from controlhub.services.constraints import named_errors
from controlhub.services.directory import require_not_synchronized, with_automatic_package
from controlhub.services.extensions import TAKEN, in_use, require_free
from controlhub.services.new_subscribers import (
    EMAIL_TAKEN,
    MOST_USERS,
    NameRefused,
    NewSubscriber,
    RowError,
    SubscriberErrors,
    TooManySubscribers,
    check_name,
    problems_with,
    tidy,
)
from controlhub.services.presence import require_present
from controlhub.services.readiness import lock_ready, require_ready
from controlhub.services.seats import lock_seats, open_intervals, package_name, take_seats
from provisioning.models import ProvisioningJob
from tenancy import audit
from tenancy.access import authorize
from tenancy.actors import Actor
from tenancy.errors import DomainError
from tenancy.models import Customer
from tenancy.packages import PACKAGES
from tenancy.policy import Control

__all__ = ["NameRefused", "NewSubscriber", "RowError", "SubscriberErrors", "TooManySubscribers"]


class EmailTaken(DomainError):
    code = EMAIL_TAKEN
    message = "One of these email addresses was just taken by another user. Check the list and try again."


@transaction.atomic
def create_subscribers(
    *, customer: Customer, users: Sequence[NewSubscriber], by: Actor
) -> tuple[list[Subscriber], ProvisioningJob]:
    """Create 1 to 25 users, all or none; their usage starts now. Webex learns of them in the returned job.

    The first user of a new customer becomes its administrator. One audit event per user.
    Raises Forbidden, CustomerNotReady, TooManySubscribers, SubscriberErrors; in a race LimitReached, NumberInUse,
    ExtensionRefused or EmailTaken.
    """
    authorize(by, Control.USERS_ADD, customer=customer)
    people = add_subscribers(customer=customer, users=users, by=by)
    return people, pushes.push_new(customer=customer, subscribers=people, by=by)


@transaction.atomic
def claim_subscribers(
    *, customer: Customer, users: Sequence[NewSubscriber], by: Actor
) -> tuple[list[Subscriber], ProvisioningJob]:
    """Take over 1 to 25 people who have an account in a free or trial organisation, as `create_subscribers` creates them.

    Webex refuses an address without an account; the owner of a free account is asked for consent first.
    """
    authorize(by, Control.USERS_CLAIM, customer=customer)
    people = add_subscribers(customer=customer, users=users, by=by)
    return people, pushes.push_claims(customer=customer, subscribers=people, by=by)


def add_subscribers(*, customer: Customer, users: Sequence[NewSubscriber], by: Actor) -> list[Subscriber]:
    """Low level: as `create_subscribers`, for a caller that has authorised and queues the job itself.

    An error must end the caller's `atomic` block: nothing here opens a savepoint.
    """
    if not 1 <= len(users) <= MOST_USERS:
        raise TooManySubscribers()
    lock_ready(customer)
    places = _places(customer, users)
    rows = with_automatic_package(customer, [tidy(user, locations=places) for user in users])
    errors = problems_with(customer=customer, users=rows, by=by)
    if errors:
        raise SubscriberErrors(errors)
    _take_all_seats(customer, rows)
    first = becomes_administrator(customer)
    people = _insert_people(customer, rows)
    assignments = open_intervals(
        [(person, row.package) for person, row in zip(people, rows, strict=True)], at=database_now(), savepoint=False
    )
    given = _give_numbers(people, rows, by)
    if first:
        make_administrator(people[0])
    for person, assignment in zip(people, assignments, strict=True):
        _record_created(person, assignment, given.get(person.pk), by, administrator=first and person is people[0])
    return people


def _places(customer: Customer, users: Sequence[NewSubscriber]) -> dict[str, Location]:
    """The customer's locations by name in lower case; none when no row names one."""
    if not any(isinstance(user.location, str) for user in users):
        return {}
    return {place.name.lower(): place for place in Location.objects.filter(customer=customer)}


def _take_all_seats(customer: Customer, rows: Sequence[NewSubscriber]) -> None:
    codes = sorted({row.package for row in rows})
    if len(codes) > 1:
        lock_seats(customer, codes)
    for code in codes:
        take_seats(customer=customer, package=code, count=sum(row.package == code for row in rows))


def _insert_people(customer: Customer, rows: Sequence[NewSubscriber]) -> list[Subscriber]:
    people = [
        Subscriber(
            customer=customer,
            first_name=row.first_name,
            last_name=row.last_name,
            email=row.email,
            location=row.location if isinstance(row.location, Location) else None,
            extension=row.extension,
        )
        for row in rows
    ]
    with named_errors({"subscriber_email_once": EmailTaken, TAKEN: in_use}, savepoint=False):
        # In the order of the addresses: two customers' lists that overlap wait for each other instead of deadlocking.
        Subscriber.objects.bulk_create(sorted(people, key=lambda person: person.email))
    return people


def _give_numbers(people: Sequence[Subscriber], rows: Sequence[NewSubscriber], by: Actor) -> dict[int, str]:
    wanted = {
        numbers.normalise(row.number, country=row.location.country): (person, row.location)
        for person, row in zip(people, rows, strict=True)
        if row.number and isinstance(row.location, Location)
    }
    for e164, (person, location) in sorted(wanted.items(), key=lambda entry: entry[0]):
        numbers.claim(numbers.find_or_add(e164, location=location, by=by), subscriber=person)
    return {person.pk: e164 for e164, (person, _) in wanted.items()}


def _record_created(
    person: Subscriber, assignment: PackageAssignment, number: str | None, by: Actor, *, administrator: bool
) -> None:
    role = "; administrator of the organization" if administrator else ""
    changes: dict[str, list[Any]] = {
        "email": [None, person.email],
        "package": [None, assignment.package],
        "from": [None, assignment.started_at.isoformat()],
        "location": [None, str(person.location) if person.location else None],
        "number": [None, number],
        "extension": [None, person.extension or None],
        "administrator": [None, administrator or None],
    }
    audit.record(
        action="subscriber.created",
        text=f"{person} ({person.email}) created with {package_name(assignment.package)}{role}",
        target=person,
        customer=person.customer,
        by=by,
        changes={name: change for name, change in changes.items() if change[1] is not None},
    )


def is_calling(subscriber: Subscriber) -> bool:
    """Does the subscriber have a package that makes calls right now?"""
    held = subscriber.assignments.filter(is_base=True, ended_at=None).values_list("package", flat=True)
    return any(PACKAGES[code].calling for code in held)


@transaction.atomic
def rename_subscriber(*, subscriber: Subscriber, first_name: str, last_name: str, by: Actor) -> Subscriber:
    """Change the name. The same name again changes nothing. Raises Forbidden, CustomerNotReady, NameRefused, DirectoryManaged."""
    authorize(by, Control.USER_NAME, customer=subscriber.customer)
    require_ready(subscriber.customer)
    require_not_synchronized(subscriber.customer, field="first_name")
    names = {"first_name": " ".join(first_name.split()), "last_name": " ".join(last_name.split())}
    calling = is_calling(subscriber)
    for field, text in names.items():
        check_name(text, calling=calling, field=field)
    changes = {field: [getattr(subscriber, field), text] for field, text in names.items()}
    changes = {field: change for field, change in changes.items() if change[0] != change[1]}
    if not changes:
        return subscriber
    before = str(subscriber)
    subscriber.first_name, subscriber.last_name = names["first_name"], names["last_name"]
    subscriber.save(update_fields=["first_name", "last_name"])
    _record("renamed", f"{before} renamed to {subscriber}", subscriber, changes, by)
    pushes.push_name(subscriber=subscriber, by=by)
    return subscriber


@transaction.atomic
def set_extension(*, subscriber: Subscriber, extension: str, by: Actor) -> Subscriber:
    """Change the extension, or clear it with an empty text if a number remains.

    Raises Forbidden, CustomerNotReady, NeedsLocation, NeedsNumberOrExtension, ExtensionRefused.
    """
    customer = subscriber.customer
    authorize(by, Control.USER_EXTENSION, customer=customer)
    require_ready(customer)
    _lock(subscriber)
    before, wanted = subscriber.extension, extension.strip()
    if wanted == before:
        return subscriber
    _require_calling(subscriber)
    if wanted and subscriber.location:
        require_free(wanted, location=subscriber.location, besides=subscriber)
    elif not PhoneNumber.objects.filter(subscriber=subscriber).exists():
        raise numbers.NeedsNumberOrExtension(field="extension")
    subscriber.extension = wanted
    calling_data.save_extension(subscriber, "extension")
    text = f"Extension of {subscriber} changed from {before or 'none'} to {wanted or 'none'}"
    _record("extension_changed", text, subscriber, {"extension": [before, wanted]}, by)
    pushes.push_extension(subscriber=subscriber, by=by)
    return subscriber


class NotCalling(DomainError):
    code = "needs_calling"
    message = "Only users with a calling package have a number or an extension. Change the package first."


class NotOurNumber(DomainError):
    code = "number_elsewhere"
    message = "Choose one of the numbers of this organization."

    def __init__(self) -> None:
        super().__init__(field="number")


def _require_calling(subscriber: Subscriber) -> None:
    if not is_calling(subscriber):
        raise NotCalling()
    if subscriber.location is None:
        raise numbers.NeedsLocation()


def _lock(subscriber: Subscriber) -> None:
    locked = Subscriber.objects.select_for_update(no_key=True)
    subscriber.refresh_from_db(fields=["location", "extension", "status", "deleted_at"], from_queryset=locked)
    require_present(subscriber)


@transaction.atomic
def set_primary_number(*, subscriber: Subscriber, number: str | None, by: Actor) -> Subscriber:
    """Give the subscriber a number as typed (from the inventory, or new if the actor may add one), or none.

    Raises Forbidden, CustomerNotReady, NeedsLocation, NeedsNumberOrExtension, NumberInvalid, NumberInUse,
    NumberElsewhere, CarrierManagesNumbers.
    """
    customer = subscriber.customer
    authorize(by, Control.USER_PRIMARY_NUMBER, customer=customer)
    require_ready(customer)
    _lock(subscriber)
    held = PhoneNumber.objects.filter(subscriber=subscriber).first()
    if not (number or "").strip():
        if held:
            numbers.release_number(number=held, by=by)
        return subscriber
    _require_calling(subscriber)
    if subscriber.location and number:
        found = numbers.find_or_add(number, location=subscriber.location, by=by)
        if found != held:
            numbers.assign_number(number=found, subscriber=subscriber, by=by)
    return subscriber


def _record(verb: str, text: str, subscriber: Subscriber, changes: dict[str, list[str]], by: Actor) -> None:
    audit.record(
        action=f"subscriber.{verb}",
        text=text,
        target=subscriber,
        customer=subscriber.customer,
        by=by,
        changes=changes,
    )


@transaction.atomic
def set_caller_id(
    *, subscriber: Subscriber, number: PhoneNumber | None, first_name: str, last_name: str, by: Actor
) -> Subscriber:
    """What others see when the subscriber calls: one of the customer's numbers, and a name; empty means his own.

    Raises Forbidden, CustomerNotReady, NotCalling, NumberElsewhere, NameRefused.
    """
    customer = subscriber.customer
    authorize(by, Control.USER_EXTENSION, customer=customer)
    require_ready(customer)
    _lock(subscriber)
    _require_calling(subscriber)
    if number is not None and number.customer_id != customer.pk:
        raise NotOurNumber()
    names = {"caller_id_first_name": " ".join(first_name.split()), "caller_id_last_name": " ".join(last_name.split())}
    for field, text in names.items():
        if text:
            check_name(text, calling=True, field=field)
    subscriber.refresh_from_db(fields=["caller_id_number", *names])
    before = {"caller_id_number": str(subscriber.caller_id_number or "")} | {n: getattr(subscriber, n) for n in names}
    after = {"caller_id_number": str(number or "")} | names
    changes = {field: [before[field], after[field]] for field in after if before[field] != after[field]}
    if changes:
        subscriber.caller_id_number = number
        subscriber.caller_id_first_name, subscriber.caller_id_last_name = names.values()
        subscriber.save(update_fields=["caller_id_number", *names])
        _record("caller_id_changed", f"Caller ID of {subscriber} changed", subscriber, changes, by)
        pushes.push_caller_id(subscriber=subscriber, by=by)
    return subscriber
