"""What a change means for Webex: the jobs that carry it there, queued in the transaction of the change itself.

Kinds and steps are the contract with `controlhub/jobs`: a step's `item` is the subscriber's or location's public id, and
the handler reads the row. A change may overtake the creation of its person: then `person_id` is still empty and the
handler tries again later.
"""

from collections.abc import Sequence

from controlhub.models import Location, Subscriber
from controlhub.services.seats import package_name
from provisioning.models import ProvisioningJob
from provisioning.queue import NewStep, enqueue
from tenancy.actors import Actor
from tenancy.models import Customer

CREATE_SUBSCRIBERS = "create_subscribers"
CHANGE_PACKAGE = "change_package"
REMOVE_PACKAGE = "remove_package"
ENABLE_PACKAGE = "enable_package"
DISABLE_PACKAGE = "disable_package"


def push_new(
    *, customer: Customer, subscribers: Sequence[Subscriber], locations: Sequence[Location] = (), by: Actor
) -> ProvisioningJob:
    """Create the locations first, then one person per step; a new administrator is invited once he exists.

    The administrator whose address the customer was created with has had his invitation (domain.md 2.2).
    """
    steps = [NewStep("create_location", f"Location {place.name}", str(place.public_id)) for place in locations]
    steps += [NewStep("create_person", f"User {person}", str(person.public_id)) for person in subscribers]
    invited = [person for person in subscribers if person.admin_id and person.email != customer.primary_email.lower()]
    steps += [NewStep("invite_user", f"Invite {person}", str(person.public_id)) for person in invited]
    return enqueue(kind=CREATE_SUBSCRIBERS, customer=customer, steps=steps, payload={}, by=by)


def push_package(*, subscriber: Subscriber, package: str, by: Actor) -> ProvisioningJob:
    """Tell Webex which package the person has now."""
    step = NewStep("change_package", f"Package of {subscriber}", str(subscriber.public_id))
    return enqueue(kind=CHANGE_PACKAGE, customer=subscriber.customer, steps=[step], payload={"package": package}, by=by)


def push_removal(*, subscriber: Subscriber, packages: Sequence[str], by: Actor) -> ProvisioningJob:
    """Tell Webex that the person lost these packages."""
    step = NewStep("remove_package", f"Package of {subscriber}", str(subscriber.public_id))
    payload = {"packages": list(packages)}
    return enqueue(kind=REMOVE_PACKAGE, customer=subscriber.customer, steps=[step], payload=payload, by=by)


def push_enabling(*, customer: Customer, package: str, by: Actor) -> ProvisioningJob:
    """Let Webex enable a package for the organisation."""
    step = NewStep("package", package_name(package), package)
    return enqueue(kind=ENABLE_PACKAGE, customer=customer, steps=[step], payload={}, by=by)


def push_disabling(*, customer: Customer, package: str, by: Actor) -> ProvisioningJob:
    """Let Webex take a package away from the organisation."""
    step = NewStep("package", package_name(package), package)
    return enqueue(kind=DISABLE_PACKAGE, customer=customer, steps=[step], payload={}, by=by)
