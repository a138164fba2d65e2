"""A second location with one of everything: what a location administrator of the first one must never see."""

from dataclasses import dataclass
from typing import Any

from provisioning.models import ProvisioningJob
from tenancy.actors import SYSTEM
from tenancy.audit import record
from tenancy.models import Customer
from tests.cast import Cast
from tests.factories import (
    assign_locations,
    make_assignment,
    make_location,
    make_number,
    make_subscriber,
    make_workspace,
)

CANARY = "Elsewhere"


@dataclass
class Elsewhere:
    """Values of the URL parameters that name something of the other location."""

    ids: dict[str, Any]


def make_elsewhere(cast: Cast, customer: Customer) -> Elsewhere:
    """Give `customer` a second location, and let the location administrator have only those it had before."""
    assign_locations(cast.admins["customer_location"], *customer.locations.all())
    location = make_location(customer, f"{CANARY} branch", address_line1=f"{CANARY} street")
    subscriber = make_subscriber(
        customer, last_name=CANARY, email=f"{CANARY.lower()}@x.example.com", location=location, extension="77"
    )
    make_assignment(subscriber)
    workspace = make_workspace(location, f"{CANARY} room")
    make_assignment(workspace, "common_area_calling")
    number = make_number(location, subscriber=subscriber)
    job = ProvisioningJob.objects.create(kind="create_subscribers", partner=customer.partner, customer=customer)
    job.steps.create(position=0, name="create_person", title=f"User {CANARY}", item=str(subscriber.public_id))
    record(action="subscriber.created", text=f"{CANARY} created", target=subscriber, customer=customer, by=SYSTEM)
    rows = {
        "location": location,
        "subscriber": subscriber,
        "workspace": workspace,
        "number": number,
        "job": job,
    }
    return Elsewhere({name: row.public_id for name, row in rows.items()})
