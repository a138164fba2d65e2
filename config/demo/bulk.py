"""Any number of tenants, fast: rows are made one after the other and streamed into PostgreSQL by COPY."""

import random
import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Max, Model

from config.demo.cast import FIRST_NAMES, LAST_NAMES
from config.demo.unindexed import unindexed
from controlhub.models import CustomerPackage, Location, PackageAssignment, Subscriber
from tenancy.models import Customer, Partner

PACKAGES = ("webex_calling", "webex_suite", "webex_voice", "webex_meetings")
DAYS, CHANGED = 90, 0.05
# From so many on, making the indexes again costs less than keeping them up to date row by row.
MANY = 50_000
_LARGE = (Customer, Location, Subscriber, PackageAssignment)


@dataclass(frozen=True)
class Loaded:
    """What was loaded, and the seconds it took."""

    partners: int
    customers: int
    subscribers: int
    seconds: float


class Batch:
    """The numbers of one load: first free keys, sizes, the clock and the dice."""

    def __init__(
        self, *, partners: int, customers: int, subscribers: int, seed: int, until: datetime | None = None
    ) -> None:
        self.partners, self.customers, self.subscribers = partners, customers, subscribers
        self.dice = random.Random(f"{seed}:{_next_key(Customer)}")  # noqa: S311
        self.now = until or datetime.now(UTC).replace(microsecond=0)
        self.began = self.now.replace(hour=0, minute=0, second=0) - timedelta(days=DAYS)
        self.first = {model: _next_key(model) for model in (Partner, Customer, Location, Subscriber)}

    def identity(self) -> uuid.UUID:
        return uuid.UUID(int=self.dice.getrandbits(128), version=4)

    def customer_of(self, subscriber: int) -> int:
        """Subscribers are dealt out in turn: customers differ by one at most."""
        return subscriber % self.customers

    def partner_of(self, customer: int) -> int:
        return customer % self.partners

    def package_of(self, customer: int, subscriber: int) -> str:
        return PACKAGES[(subscriber // self.customers + customer) % len(PACKAGES)]


def _next_key(model: type[Model]) -> int:
    return (model._default_manager.aggregate(last=Max("pk"))["last"] or 0) + 1


def load_bulk(
    *, partners: int, customers: int, subscribers: int, seed: int = 1, until: datetime | None = None
) -> Loaded:
    """Load that many new rows in one transaction, with a history up to `until` (default: now).

    Takes seconds per hundred thousand subscribers.
    """
    started = time.monotonic()
    with transaction.atomic():
        batch = Batch(partners=partners, customers=customers, subscribers=subscribers, seed=seed, until=until)
        copy(Partner, _PARTNER, _partners(batch))
        with unindexed(_LARGE) if subscribers >= MANY else nullcontext():
            copy(Customer, _CUSTOMER, _customers(batch))
            copy(Location, _LOCATION, _locations(batch))
            copy(Subscriber, _SUBSCRIBER, _subscribers(batch))
            copy(PackageAssignment, _ASSIGNMENT, _assignments(batch))
        _count_packages(batch)
        for model in (Partner, Customer, Location, Subscriber):
            _move_sequence(model)
    return Loaded(partners, customers, subscribers, time.monotonic() - started)


def copy(model: type[Model], columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Stream `rows` into the model's table; columns not named get their default."""
    others = [field for field in model._meta.concrete_fields if field.column not in columns and not field.primary_key]
    defaults = [field.get_default() for field in others]
    names = ", ".join(f'"{name}"' for name in (*columns, *(field.column for field in others)))
    with connection.cursor() as cursor, cursor.copy(f"COPY {model._meta.db_table} ({names}) FROM STDIN") as pipe:
        for row in rows:
            pipe.write_row((*row, *defaults))


def _move_sequence(model: type[Model]) -> None:
    table = model._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))")  # noqa: S608


_PARTNER = ["id", "public_id", "name", "subscription_id", "state", "country", "time_zone", "support_email"]
_PARTNER += ["support_phone", "billing_start_on", "customer_count", "created_at"]


def _partners(batch: Batch) -> Iterator[Sequence[Any]]:
    for n in range(batch.partners):
        key = batch.first[Partner] + n
        count = len(range(n, batch.customers, batch.partners))
        start: date = batch.began.date()
        row = (key, batch.identity(), f"Bulk Partner {key}", f"Sub{900000 + key}", "active", "US", "UTC", "", "")
        yield (*row, start, count, batch.began)


_CUSTOMER = ["id", "public_id", "org_id", "partner_id", "name", "external_id", "primary_email", "status", "restricted"]
_CUSTOMER += [
    "helpdesk_allowed",
    "address_line1",
    "address_line2",
    "city",
    "state",
    "postal_code",
    "country",
    "language",
]
_CUSTOMER += ["time_zone", "meeting_site", "sip_domain", "created_at", "status_changed_at"]


def _customers(batch: Batch) -> Iterator[Sequence[Any]]:
    for n in range(batch.customers):
        key = batch.first[Customer] + n
        partner = batch.first[Partner] + batch.partner_of(n)
        name = f"{batch.dice.choice(LAST_NAMES)} {batch.dice.choice(LAST_NAMES)} {key}"
        head = (key, batch.identity(), batch.identity(), partner, name, f"B-{key}", f"office@c{key}.example.com")
        address = ("1 Main Street", "", "Springfield", "IL", "62701", "US", "en_US", "America/Chicago", "", "")
        yield (*head, "provisioned", True, True, *address, batch.began, batch.began)


_LOCATION = [
    "id",
    "public_id",
    "customer_id",
    "name",
    "is_headquarters",
    "address_line1",
    "address_line2",
    "city",
    "state",
]
_LOCATION += [
    "postal_code",
    "country",
    "time_zone",
    "language",
    "emergency_location_identifier",
    "pstn",
    "pstn_provider",
]
_LOCATION += ["confirmed_at", "provisioned_at", "created_at"]


def _locations(batch: Batch) -> Iterator[Sequence[Any]]:
    address = ("1 Main Street", "", "Springfield", "IL", "62701", "US", "America/Chicago", "en_us", "", "", "")
    for n in range(batch.customers):
        key, customer = batch.first[Location] + n, batch.first[Customer] + n
        yield (key, batch.identity(), customer, "Headquarters", True, *address, batch.began, batch.began, batch.began)


_SUBSCRIBER = [
    "id",
    "public_id",
    "person_id",
    "customer_id",
    "partner_id",
    "first_name",
    "last_name",
    "email",
    "status",
    "location_id",
]
_SUBSCRIBER += ["extension", "created_at", "status_changed_at"]


def _subscribers(batch: Batch) -> Iterator[Sequence[Any]]:
    for n in range(batch.subscribers):
        key, customer = batch.first[Subscriber] + n, batch.customer_of(n)
        first, last = batch.dice.choice(FIRST_NAMES), batch.dice.choice(LAST_NAMES)
        at, partner = batch.first[Customer] + customer, batch.first[Partner] + batch.partner_of(customer)
        head = (
            key,
            batch.identity(),
            batch.identity(),
            at,
            partner,
            first,
            last,
            f"u{key}@c{at}.example.com",
            "provisioned",
        )
        yield (*head, batch.first[Location] + customer, "", batch.began, batch.began)


_ASSIGNMENT = [
    "partner_id",
    "customer_id",
    "location_id",
    "subscriber_id",
    "package",
    "is_base",
    "started_at",
    "ended_at",
]


def _assignments(batch: Batch) -> Iterator[Sequence[Any]]:
    """One open interval each; one in twenty had another package before."""
    window = int((batch.now - batch.began).total_seconds())
    for n in range(batch.subscribers):
        customer = batch.customer_of(n)
        where = (
            batch.first[Partner] + batch.partner_of(customer),
            batch.first[Customer] + customer,
            batch.first[Location] + customer,
            batch.first[Subscriber] + n,
        )
        package = batch.package_of(customer, n)
        start = batch.began + timedelta(seconds=batch.dice.randrange(86_400))
        if batch.dice.random() < CHANGED:
            changed = start + timedelta(seconds=batch.dice.randrange(1, max(2, window - 2 * 86_400)))
            other = PACKAGES[(PACKAGES.index(package) + 1) % len(PACKAGES)]
            yield (*where, other, True, start, changed)
            start = changed
        yield (*where, package, True, start, None)


def _count_packages(batch: Batch) -> None:
    """Enable every package for every customer and count what is open, in one statement."""
    sql = f"""
        INSERT INTO {CustomerPackage._meta.db_table} (customer_id, package, used, status, error_code, error, license_id)
        SELECT customer.id, offered.package, count(open.id), 'provisioned', '', '', ''
        FROM {Customer._meta.db_table} customer CROSS JOIN unnest(%s::text[]) AS offered(package)
        LEFT JOIN {PackageAssignment._meta.db_table} open
          ON open.customer_id = customer.id AND open.package = offered.package AND open.ended_at IS NULL
        WHERE customer.id >= %s GROUP BY customer.id, offered.package
    """  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(sql, [list(PACKAGES), batch.first[Customer]])
