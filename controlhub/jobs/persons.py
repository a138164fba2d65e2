"""A person of a customer, as the steps of jobs find him: by the public id in the step's `item`."""

from typing import Any

from django.db.models import QuerySet

from controlhub.models import PackageAssignment, PhoneNumber, Subscriber
from provisioning.errors import PermanentError, WaitUntil
from provisioning.models import ProvisioningStep
from provisioning.registry import StepContext
from tenancy.announcing import announce
from tenancy.models import Customer, Event, Resource

WAIT_FOR_PERSON_SECONDS = 5
ENTERING = ("create_person", "claim_person", "complete_migration")
Status = Subscriber.Status


def subscriber_of(customer: Customer, public_id: str) -> Subscriber:
    """The subscriber as he is right now."""
    return Subscriber.objects.select_related("location", "customer__partner").get(
        customer=customer, public_id=public_id
    )


def locked(customer: Customer, public_id: str) -> Subscriber:
    """The subscriber, before anything else is locked: the order in which the services lock, so nobody deadlocks."""
    Subscriber.objects.select_for_update(no_key=True).get(customer=customer, public_id=public_id)
    return subscriber_of(customer, public_id)


def rows_of(context: StepContext) -> QuerySet[Subscriber]:
    """The step's subscriber, to be updated; with `announced_update` when others should hear of it."""
    return Subscriber.objects.filter(customer=context.customer, public_id=context.item)


def announced_update(context: StepContext, rows: QuerySet[Subscriber], **values: Any) -> None:
    """Update the step's subscriber, if he is among `rows`, and tell webhooks: no audit event is about him here."""
    if rows.update(**values):
        announce(
            resource=Resource.SUBSCRIBERS,
            event=Event.UPDATED,
            target_id=context.item,
            partner=context.job.partner_id,
            customer=context.customer,
        )


def base_of(subscriber: Subscriber) -> PackageAssignment | None:
    """The base package that he has now."""
    return subscriber.assignments.filter(is_base=True, ended_at=None).first()


def number_of(subscriber: Subscriber) -> str:
    """His number in E.164, or an empty string."""
    return PhoneNumber.objects.filter(subscriber=subscriber).values_list("e164", flat=True).first() or ""


def person_id(subscriber: Subscriber) -> str:
    """Who he is in Webex. Raises WaitUntil while he is being created, and PermanentError when that has failed."""
    if subscriber.person_id:
        return str(subscriber.person_id)
    if subscriber.status in (Status.PENDING, Status.SUSPENDED) and is_entering(subscriber):
        raise WaitUntil(seconds=WAIT_FOR_PERSON_SECONDS, reason=f"{subscriber} is still being created.")
    raise PermanentError("person_missing", f"{subscriber} could not be created in Webex. Retry that first.")


def is_entering(subscriber: Subscriber) -> bool:
    """Is a job under way that brings the person into the cloud?"""
    steps = ProvisioningStep.objects.filter(
        job__customer=subscriber.customer_id, item=str(subscriber.public_id), name__in=ENTERING
    )
    return steps.filter(state__in=[ProvisioningStep.State.PENDING, ProvisioningStep.State.RUNNING]).exists()


def never_arrived(subscriber: Subscriber) -> bool:
    """Does Webex not know him, and is nothing under way that would change that?"""
    return subscriber.person_id is None and not is_entering(subscriber)
