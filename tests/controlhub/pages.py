"""A small furnished organisation for the tests of Control Hub's pages, and its URLs."""

from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from controlhub.models import CustomerPackage, Location, PackageAssignment, PhoneNumber, Subscriber
from tenancy.models import Customer
from tests.factories import (
    make_assignment,
    make_location,
    make_number,
    make_package,
    make_subscriber,
)


@dataclass
class Office:
    """Ada calls (number, extension 201), Gwen only meets. One free number. Calling has a limit of 5."""

    customer: Customer
    headquarters: Location
    ada: Subscriber
    gwen: Subscriber
    free: PhoneNumber


def furnish(customer: Customer) -> Office:
    """Packages, a headquarters, two users and two numbers."""
    key = f"{customer.pk % 1000:03d}"
    make_package(customer, "webex_calling", limit=5, used=1)
    make_package(customer, "webex_meetings", used=1)
    make_package(customer, "webex_suite", limit=1, used=0)
    hq = make_location(customer)
    ada = make_subscriber(
        customer, first_name="Ada", last_name="Archer", email=f"ada@c{key}.example.com", location=hq, extension="201"
    )
    gwen = make_subscriber(customer, first_name="Gwen", last_name="Grove", email=f"gwen@c{key}.example.com")
    make_assignment(ada, "webex_calling")
    make_assignment(gwen, "webex_meetings")
    make_number(hq, f"+1217{key}0101", subscriber=ada)
    return Office(customer, hq, ada, gwen, make_number(hq, f"+1217{key}0102"))


def page(name: str, customer: Customer, *args: Any) -> str:
    """URL of a Control Hub page by the name in controlhub/urls.py."""
    return reverse(f"controlhub:{name}", args=[customer.public_id, *(getattr(arg, "public_id", arg) for arg in args)])


def held(subscriber: Subscriber) -> list[tuple[str, bool]]:
    """(package, still open) of every interval, oldest first."""
    rows = PackageAssignment.objects.filter(subscriber=subscriber).order_by("started_at", "pk")
    return [(row.package, row.ended_at is None) for row in rows]


def used(customer: Customer) -> dict[str, int]:
    """How many seats of each package are counted as used."""
    return dict(CustomerPackage.objects.filter(customer=customer).values_list("package", "used"))
