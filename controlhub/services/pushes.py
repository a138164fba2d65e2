"""What a change means for Webex: the jobs that carry it there, queued in the transaction of the change itself.

Kinds and steps are the contract with `controlhub/jobs`: a step's `item` is the subscriber's or location's public id, and
the handler reads the row. A change may overtake the creation of its person: then `person_id` is still empty and the
handler tries again later.
"""

from collections.abc import Sequence

from controlhub.models import Location, PhoneNumber, Subscriber
from controlhub.services.seats import package_name
from provisioning.models import ProvisioningJob
from provisioning.queue import NewStep, enqueue
from tenancy.actors import Actor
from tenancy.models import Customer

CREATE_SUBSCRIBERS = "create_subscribers"
CHANGE_PACKAGE = "change_package"
REMOVE_PACKAGE = "remove_package"
CLAIM_SUBSCRIBERS = "claim_subscribers"
CONSENT_MAIL = "consent_mail"
COMPLETE_MIGRATION = "complete_migration"
SUBSCRIBER_STATUS = "subscriber_status"
SUBSCRIBER_SERVICES = "subscriber_services"
INVITE_SUBSCRIBER = "invite_subscriber"
CHANGE_EMAIL = "change_email"
DELETE_SUBSCRIBER = "delete_subscriber"
CHANGE_NAME = "change_name"
CHANGE_CALLING = "change_calling"
CHANGE_CALLER_ID = "change_caller_id"
ENABLE_PACKAGE = "enable_package"
DISABLE_PACKAGE = "disable_package"
CHANGE_LOCATION = "change_location"
CHANGE_NUMBERS = "change_numbers"
MOVE_NUMBERS = "move_numbers"
MOVE_SUBSCRIBER = "move_subscriber"
NUMBERS_PER_STEP = 50


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


def push_location(*, location: Location, by: Actor) -> ProvisioningJob:
    """Tell Webex what the location is now: address, languages, connection, main number."""
    step = NewStep("update_location", f"Location {location.name}", str(location.public_id))
    return enqueue(kind=CHANGE_LOCATION, customer=location.customer, steps=[step], payload={}, by=by)


def push_location_deleted(*, location: Location, by: Actor) -> ProvisioningJob:
    """Tell Webex that the location is gone."""
    step = NewStep("delete_location", f"Location {location.name}", str(location.public_id))
    return enqueue(kind=CHANGE_LOCATION, customer=location.customer, steps=[step], payload={}, by=by)


def push_numbers(*, customer: Customer, numbers: Sequence[str], by: Actor) -> ProvisioningJob:
    """Tell Webex what these numbers (E.164) are now: where, active or not, or gone."""
    payload = {"batches": _batches(numbers)}
    steps = [NewStep("put_numbers", _span(batch), str(index)) for index, batch in enumerate(payload["batches"])]
    return enqueue(kind=CHANGE_NUMBERS, customer=customer, steps=steps, payload=payload, by=by)


def push_number_move(*, numbers: Sequence[PhoneNumber], target: Location, by: Actor) -> ProvisioningJob:
    """Move numbers that are marked as moving, some at a time: what has arrived stays there if a later step fails."""
    batches = _batches([number.e164 for number in numbers])
    steps = [NewStep("move_numbers", _span(batch), str(index)) for index, batch in enumerate(batches)]
    payload = {"batches": batches, "target": str(target.public_id)}
    return enqueue(kind=MOVE_NUMBERS, customer=target.customer, steps=steps, payload=payload, by=by)


def push_subscriber_moves(*, subscribers: Sequence[Subscriber], by: Actor) -> ProvisioningJob:
    """Tell Webex at which location, under which number and extension these people of one customer are now."""
    steps = [NewStep("move_person", f"Location of {person}", str(person.public_id)) for person in subscribers]
    return enqueue(kind=MOVE_SUBSCRIBER, customer=subscribers[0].customer, steps=steps, payload={}, by=by)


def _batches(numbers: Sequence[str]) -> list[list[str]]:
    return [list(numbers[at : at + NUMBERS_PER_STEP]) for at in range(0, len(numbers), NUMBERS_PER_STEP)]


def _span(batch: Sequence[str]) -> str:
    return f"Number {batch[0]}" if len(batch) == 1 else f"{len(batch)} numbers, {batch[0]} to {batch[-1]}"


def push_claims(*, customer: Customer, subscribers: Sequence[Subscriber], by: Actor) -> ProvisioningJob:
    """Take over one account per step."""
    steps = [NewStep("claim_person", f"User {person}", str(person.public_id)) for person in subscribers]
    return enqueue(kind=CLAIM_SUBSCRIBERS, customer=customer, steps=steps, payload={}, by=by)


def push_consent_mail(*, subscriber: Subscriber, by: Actor) -> ProvisioningJob:
    """Ask the owner of a free account by mail."""
    return _push_one(CONSENT_MAIL, ["consent_mail"], f"Consent mail to {subscriber}", subscriber, by)


def push_migration(*, subscriber: Subscriber, by: Actor) -> ProvisioningJob:
    """Tell Webex that the owner of a free account has agreed."""
    return _push_one(COMPLETE_MIGRATION, ["complete_migration"], f"User {subscriber}", subscriber, by)


def push_status(*, subscriber: Subscriber, by: Actor) -> ProvisioningJob:
    """Tell Webex whether the person may use the services now."""
    return _push_one(SUBSCRIBER_STATUS, ["person_status"], f"Status of {subscriber}", subscriber, by)


def push_services(*, subscriber: Subscriber, by: Actor) -> ProvisioningJob:
    """Tell Webex which services of his packages the person may use."""
    return _push_one(SUBSCRIBER_SERVICES, ["person_services"], f"Services of {subscriber}", subscriber, by)


def push_invitation(*, subscriber: Subscriber, by: Actor) -> ProvisioningJob:
    """Let Webex invite the person once more."""
    return _push_one(INVITE_SUBSCRIBER, ["invite_person"], f"Invitation of {subscriber}", subscriber, by)


def push_email(*, subscriber: Subscriber, by: Actor) -> ProvisioningJob:
    """Tell Webex the new address, then invite the person there."""
    return _push_one(CHANGE_EMAIL, ["change_email", "invite_person"], f"Email of {subscriber}", subscriber, by)


def push_name(*, subscriber: Subscriber, by: Actor) -> ProvisioningJob:
    """Tell Webex the person's name."""
    return _push_one(CHANGE_NAME, ["person_name"], f"Name of {subscriber}", subscriber, by)


def push_number(*, subscriber: Subscriber, by: Actor) -> ProvisioningJob:
    """Tell Webex under which number the person is reached, or that there is none."""
    return _push_one(CHANGE_CALLING, ["person_number"], f"Number of {subscriber}", subscriber, by)


def push_extension(*, subscriber: Subscriber, by: Actor) -> ProvisioningJob:
    """Tell Webex the person's extension, or that there is none."""
    return _push_one(CHANGE_CALLING, ["person_extension"], f"Extension of {subscriber}", subscriber, by)


def push_caller_id(*, subscriber: Subscriber, by: Actor) -> ProvisioningJob:
    """Tell Webex what the person's calls show."""
    return _push_one(CHANGE_CALLER_ID, ["person_caller_id"], f"Caller ID of {subscriber}", subscriber, by)


def push_deletion(*, subscriber: Subscriber, by: Actor) -> ProvisioningJob:
    """Tell Webex that the person is gone."""
    return _push_one(DELETE_SUBSCRIBER, ["delete_person"], f"Deletion of {subscriber}", subscriber, by)


def _push_one(kind: str, names: Sequence[str], title: str, subscriber: Subscriber, by: Actor) -> ProvisioningJob:
    steps = [NewStep(name, title, str(subscriber.public_id)) for name in names]
    return enqueue(kind=kind, customer=subscriber.customer, steps=steps, payload={}, by=by)
