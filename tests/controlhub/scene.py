"""A customer ready to work with: packages, a confirmed headquarters, and who acts there."""

from dataclasses import dataclass
from typing import Any

from django.db import connection

from controlhub.invariants import INVARIANTS
from controlhub.models import CustomerPackage, Location, PackageAssignment, PhoneNumber, Subscriber
from controlhub.services.new_subscribers import NewSubscriber
from provisioning.models import ProvisioningJob
from tenancy.actors import Actor
from tenancy.models import AuditEvent, Customer
from tests.factories import make_customer, make_location, make_package, make_partner


@dataclass
class Scene:
    """`by` is a partner wholesale administrator unless a test says otherwise."""

    customer: Customer
    headquarters: Location
    by: Actor


def make_scene(by: Actor, customer: Customer | None = None, **limits: int | None) -> Scene:
    """The customer with Webex Calling, Suite and Meetings (and their limits, if any) and a headquarters."""
    customer = customer or make_customer(make_partner())
    for package in ("webex_calling", "webex_suite", "webex_meetings"):
        make_package(customer, package, limit=limits.get(package))
    return Scene(customer, make_location(customer), by)


def new_user(scene: Scene, name: str, package: str = "webex_calling", **fields: Any) -> NewSubscriber:
    """A row of the grid that is right."""
    defaults: dict[str, Any] = {
        "first_name": name,
        "last_name": "Sample",
        "email": f"{name.lower()}@example.com",
        "package": package,
        "location": scene.headquarters if package != "webex_meetings" else None,
        "extension": "",
    }
    return NewSubscriber(**defaults | fields)


def used(customer: Customer, package: str = "webex_calling") -> int:
    """Seats counted at the customer."""
    return CustomerPackage.objects.get(customer=customer, package=package).used


def everything(customer: Customer) -> dict[str, Any]:
    """All that a refused deed must not have changed."""
    return {
        "packages": sorted(CustomerPackage.objects.filter(customer=customer).values_list("package", "limit", "used")),
        "people": sorted(Subscriber.objects.filter(customer=customer).values_list("email", "extension", "location")),
        "intervals": sorted(
            PackageAssignment.objects.filter(customer=customer).values_list("package", "started_at", "pk")
        ),
        "ended": PackageAssignment.objects.filter(customer=customer, ended_at__isnull=False).count(),
        "numbers": sorted(PhoneNumber.objects.filter(customer=customer).values_list("e164", "pk")),
        "owners": PhoneNumber.objects.filter(customer=customer, subscriber__isnull=False).count(),
        "locations": sorted(Location.objects.filter(customer=customer).values_list("name", "city", "pstn")),
        "jobs": ProvisioningJob.objects.filter(customer=customer).count(),
        "events": AuditEvent.objects.filter(customer=customer).count(),
    }


def broken_invariants() -> list[tuple[str, tuple[Any, ...]]]:
    """Rows that break an invariant of the controlhub app; none, one hopes."""
    found = []
    with connection.cursor() as cursor:
        for name, _, sql in INVARIANTS:
            cursor.execute(sql)
            found += [(name, row) for row in cursor.fetchall()]
    return found
