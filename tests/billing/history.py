"""Assignment histories for the tests of billing, and a second-by-second count of them to compare with."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from controlhub.models import Location, PackageAssignment, Subscriber, Workspace
from tenancy.models import Customer, Partner
from tests.factories import make_customer, make_location, make_partner, make_subscriber, make_workspace

DAY = 86_400
FIRST = date(2024, 2, 27)  # a leap day and both ends of a month follow
EPOCH = datetime(2024, 2, 27, tzinfo=UTC)


def at(seconds: int) -> datetime:
    """The instant that many seconds after the history begins."""
    return EPOCH + timedelta(seconds=seconds)


def day(number: int) -> date:
    """The day with that number, 0 is the first one."""
    return FIRST + timedelta(days=number)


@dataclass
class World:
    """Two partners with customers, places and people. A subject may belong to different customers and partners over time."""

    partners: list[Partner]
    customers: list[Customer]
    locations: list[Location | None]
    subscribers: list[Subscriber]
    workspaces: list[Workspace]


def make_world() -> World:
    """Two customers under the first partner, one under the second; two places in each, and a customer without one."""
    partners = [
        make_partner("Ledger North", billing_start_on=FIRST),
        make_partner("Ledger South", billing_start_on=FIRST),
    ]
    customers = [make_customer(partners[0]), make_customer(partners[0]), make_customer(partners[1])]
    places = [make_location(customer, name) for customer in customers for name in ("Headquarters", "Branch")]
    subscribers = [make_subscriber(customers[n % 3]) for n in range(4)]
    workspaces = [make_workspace(places[0])]
    return World(partners, customers, [*places, None], subscribers, workspaces)


@dataclass(frozen=True)
class Interval:
    """One assignment: who (index), what, where, from and to in seconds after EPOCH (to may be None)."""

    subject: int
    package: str
    customer: int
    location: int
    start: int
    end: int | None


def store(world: World, intervals: list[Interval]) -> None:
    """Write the intervals as assignment rows, in one statement."""
    PackageAssignment.objects.bulk_create(_row(world, interval) for interval in intervals)


def _row(world: World, interval: Interval) -> PackageAssignment:
    people = len(world.subscribers)
    person = world.subscribers[interval.subject] if interval.subject < people else None
    customer = world.customers[interval.customer]
    return PackageAssignment(
        partner=customer.partner,
        customer=customer,
        location=world.locations[interval.location],
        subscriber=person,
        workspace=None if person else world.workspaces[interval.subject - people],
        package=interval.package,
        started_at=at(interval.start),
        ended_at=None if interval.end is None else at(interval.end),
    )


def used_days(intervals: list[Interval], first: int, last: int) -> Counter[tuple[Interval, int]]:
    """Seconds of each interval on each day from `first` to `last`, inclusive: the plainest way to count there is."""
    used: Counter[tuple[Interval, int]] = Counter()
    for interval in intervals:
        for number in range(first, last + 1):
            opens, closes = number * DAY, (number + 1) * DAY
            end = closes if interval.end is None else min(interval.end, closes)
            if end > max(interval.start, opens):
                used[interval, number] += end - max(interval.start, opens)
    return used
