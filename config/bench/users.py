"""Searching the users of one large customer: the time that the database takes, beside a floor nobody can beat.

The floor is one query that reads a page of the list from its index. Everything is built in a transaction that is rolled
back: no row stays, whatever database this is.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from typing import Any

from django.db import connection, transaction

from config.demo.bulk import load_bulk
from controlhub.models import CustomerPackage, Location, PackageAssignment, Subscriber
from controlhub.queries.columns import list_view
from controlhub.queries.users import ORDER, page_order, users_of
from tenancy.actors import Actor
from tenancy.models import AdminUser, Customer
from tenancy.paging import PAGE_SIZE, page_of

LIMIT_MS = 50.0
ROUNDS = 7


@dataclass(frozen=True)
class Case:
    """One search, and what the database took for the whole page: median and worst of the rounds, in milliseconds."""

    name: str
    rows: int
    queries: int
    median_ms: float
    worst_ms: float


class _Stopwatch:
    """Adds up the time between sending a query and having its answer."""

    def __init__(self) -> None:
        self.seconds, self.queries = 0.0, 0

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        started = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            self.seconds += time.perf_counter() - started
            self.queries += 1


def measure(*, subscribers: int) -> list[Case]:
    """Build one customer with that many users, search it, throw it away. The first case is the floor."""
    with _rolled_back():
        load_bulk(partners=1, customers=1, subscribers=subscribers)
        customer = Customer.objects.latest("pk")
        _settle()
        someone = customer.subscribers.order_by("pk")[subscribers // 2]
        living = customer.subscribers.filter(deleted_at=None)
        floor = living.order_by(*ORDER).values_list("pk")[: PAGE_SIZE + 1]
        cases = [_case("floor: one page by its index", lambda: list(floor.all()))]
        cases += [_case(name, _search(customer, narrow)) for name, narrow in _searches(someone).items()]
        far_down = page_of(living, order=ORDER, size=subscribers * 9 // 10).next
        cases.append(_case("a page far down", _search(customer, {}, after=far_down)))
        return cases


def _searches(someone: Subscriber) -> dict[str, dict[str, str]]:
    return {
        "no search": {},
        "one e-mail address": {"search": someone.email},
        "a common last name": {"search": someone.last_name},
        "first and last name": {"search": f"{someone.first_name} {someone.last_name}"},
        "the middle of a name": {"search": someone.last_name[1:-1]},
        "two letters": {"search": someone.last_name[:2]},
        "one letter": {"search": someone.last_name[:1]},
        "nobody": {"search": "qqqxzz"},
        "nobody, two letters": {"search": "qx"},
        "everybody (part of each address)": {"search": "example"},
        "a package": {"package": "webex_calling"},
        "a name within a package": {"search": someone.last_name, "package": "webex_calling"},
        "administrators": {"role": "any"},
    }


def _search(customer: Customer, narrow: dict[str, Any], *, after: str = "") -> Callable[[], list[Any]]:
    """The page as the view makes it."""
    viewer = Actor(admin=AdminUser.objects.first() or AdminUser.objects.create_user("bench@example.com"), door="bench")

    def page() -> list[Any]:
        look = list_view(viewer, customer, narrow.get("search", ""))
        sorting, order = page_order(ORDER, sort=look.sort)
        users = users_of(customer, **narrow).annotate(**sorting)
        return page_of(users, order=order, after=after).items

    return page


def _case(name: str, search: Callable[[], list[Any]]) -> Case:
    search()
    times = []
    for _ in range(ROUNDS):
        watch = _Stopwatch()
        with connection.execute_wrapper(watch):
            rows = len(search())
        times.append(watch.seconds * 1000)
    return Case(name, rows, watch.queries, median(times), max(times))


def _settle() -> None:
    """What autovacuum would have done long ago: statistics, and the search index's pending entries."""
    with connection.cursor() as cursor:
        for model in (Subscriber, PackageAssignment, CustomerPackage, Location):
            cursor.execute(f"ANALYZE {model._meta.db_table}")
        cursor.execute("SELECT gin_clean_pending_list('subscriber_search')")


@contextmanager
def _rolled_back() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
