"""Set up customer: its sites and its first people in one go (domain.md 3.1)."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db import transaction

from controlhub.models import Location, Subscriber
from controlhub.services import pushes
from controlhub.services.locations import (
    LocationFacts,
    insert_location,
    mark_confirmed,
    record_confirmed,
    record_created,
)
from controlhub.services.new_subscribers import NewSubscriber
from controlhub.services.readiness import lock_ready
from controlhub.services.subscribers import add_subscribers
from provisioning.models import ProvisioningJob
from tenancy.access import authorize
from tenancy.actors import Actor
from tenancy.errors import DomainError
from tenancy.models import Customer
from tenancy.policy import Control


class NotOurLocation(DomainError):
    code = "location_unknown"
    message = "Choose locations of this customer."


@dataclass(frozen=True)
class SetUpLocations:
    """Existing locations whose address is vouched for, and new branches."""

    confirm: Sequence[Location] = field(default_factory=tuple)
    add: Sequence[LocationFacts] = field(default_factory=tuple)


@transaction.atomic
def set_up_customer(
    *, customer: Customer, locations: SetUpLocations, users: Sequence[NewSubscriber], by: Actor
) -> tuple[list[Subscriber], ProvisioningJob]:
    """Confirm and add locations and create users, all or nothing. Users name a new location by its name.

    The returned job creates the locations in Webex first, then the people. Audited per location and per user.
    Raises what `create_location` and `create_subscribers` raise.
    """
    authorize(by, Control.USERS_ADD, customer=customer)
    if locations.confirm or locations.add:
        authorize(by, Control.LOCATIONS, customer=customer)
    lock_ready(customer)
    if any(location.customer_id != customer.pk for location in locations.confirm):
        raise NotOurLocation()
    branches = [insert_location(customer=customer, facts=facts, by=by) for facts in locations.add]
    confirmed = [location for location in locations.confirm if mark_confirmed(location)]
    people = add_subscribers(customer=customer, users=users, by=by)
    # The audit chain is locked last, as everywhere: no two services can wait for each other.
    for location in branches:
        record_created(location, by=by)
    for location in confirmed:
        record_confirmed(location, by=by)
    return people, pushes.push_new(customer=customer, subscribers=people, locations=branches, by=by)
