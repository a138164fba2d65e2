"""People on their way into the Webex cloud: one step each, so that one failure stops nobody else.

Usage starts when a package is assigned, before Webex knows the person. If Webex then refuses for good, the interval is
taken back, seat, number and extension are free again, and the user shows the reason; Retry takes them anew.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from django.db.models.functions import Now

from controlhub.jobs.locations import create_in_cloud, mark_created
from controlhub.jobs.mail import send_consent_mail, send_invitation
from controlhub.jobs.packages import (
    DISABLE_PACKAGE,
    ENABLE_PACKAGE,
    PACKAGE_STEP,
    finish_packages,
    restart_disabling,
    restart_enabling,
)
from controlhub.jobs.persons import (
    ENTERING,
    Status,
    announced_update,
    base_of,
    locked,
    number_of,
    person_id,
    rows_of,
    subscriber_of,
)
from controlhub.models import Location, PhoneNumber, Subscriber
from controlhub.services import calling_data, consents, numbers, seats
from controlhub.services.clock import database_now
from controlhub.services.devices import release_devices
from controlhub.services.queues import leave_queues
from controlhub.services.readiness import require_ready
from provisioning.errors import PermanentError
from provisioning.gateway import gateway
from provisioning.models import ProvisioningJob, ProvisioningStep
from provisioning.registry import JobType, Result, StepContext, StepHandler
from tenancy.actors import SYSTEM, Actor
from tenancy.policy import Control


def _location(context: StepContext) -> Location:
    return Location.everything.get(customer=context.customer, public_id=context.item)


def _create_location(context: StepContext) -> Result:
    location = _location(context)
    if location.deleted_at:
        return {"skipped": "The location has been deleted meanwhile."}
    return create_in_cloud(context, location, pstn_provider=location.pstn_provider)


def _location_created(context: StepContext, result: Result) -> None:
    location = _location(context)
    mark_created(location, pstn_provider=location.pstn_provider)


def _create_person(context: StepContext) -> Result:
    return _enter(context, gateway().create_person)


def _claim_person(context: StepContext) -> Result:
    return _enter(context, gateway().claim_person)


def _enter(context: StepContext, call: Callable[..., Result]) -> Result:
    subscriber = subscriber_of(context.customer, context.item)
    base = base_of(subscriber)
    if base is None:
        return {"person_id": "", "skipped": "The user has lost the package meanwhile."}
    return call(
        key=context.key,
        org_id=str(context.customer.org_id),
        email=subscriber.email,
        first_name=subscriber.first_name,
        last_name=subscriber.last_name,
        package=base.package,
        number=number_of(subscriber),
        extension=subscriber.extension,
    )


def _person_created(context: StepContext, result: Result) -> None:
    """The person is there; or owns an account elsewhere, and is asked first. Whoever was deactivated meanwhile stays so."""
    if not result["person_id"]:
        return
    subscriber = locked(context.customer, context.item)
    rows_of(context).update(person_id=UUID(result["person_id"]))
    if (
        result.get("consent_needed")
        and not subscriber.deleted_at
        and consents.ask(subscriber, taken_back_at=_taken_back_at)
    ):
        return
    arriving = rows_of(context).filter(status__in=[Status.PENDING, Status.FAILED])
    announced_update(context, arriving, status=Status.PROVISIONED, status_changed_at=Now(), error="")


def _person_refused(context: StepContext, error: PermanentError) -> None:
    """Take back what was given on trust: the interval, its seat, number, extension, devices and places in queues."""
    subscriber = locked(context.customer, context.item)
    given = {"number": number_of(subscriber), "extension": subscriber.extension}
    for assignment in seats.open_assignments(subscriber):
        seats.end_intervals([assignment], at=_taken_back_at(assignment.started_at, database_now()))
    calling_data.take_away(subscriber)
    release_devices(subscriber=subscriber, by=SYSTEM)
    leave_queues(subscriber, package="", by=SYSTEM)
    announced_update(context, rows_of(context), status=Status.FAILED, status_changed_at=Now(), error=str(error))
    ProvisioningStep.objects.filter(pk=context.step.pk).update(result=given)


def _taken_back_at(started_at: datetime, now: datetime) -> datetime:
    """As if it had never started; but days before today (UTC) may be closed already, and closed days do not change."""
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return max(started_at, today)


def _restart_people(job: ProvisioningJob, steps: Sequence[ProvisioningStep], by: Actor) -> None:
    """Give the refused ones their package, number and extension again. Raises LimitReached, NumberInUse and the like."""
    require_ready(job.customer)
    for step in steps:
        if step.name in ENTERING and step.state == ProvisioningStep.State.FAILED:
            _give_again(locked(job.customer, step.item), step.result)


def _give_again(subscriber: Subscriber, given: Result) -> None:
    last = subscriber.assignments.filter(is_base=True).order_by("-started_at", "-pk").first()
    if subscriber.status != Status.FAILED or subscriber.deleted_at or last is None:
        return
    seats.take_seats(customer=subscriber.customer, package=last.package)
    seats.open_interval(
        subject=subscriber, package=last.package, at=max(database_now(), last.ended_at or last.started_at)
    )
    subscriber.extension = given.get("extension", "")
    subscriber.status, subscriber.error = Status.PENDING, ""
    calling_data.save_extension(subscriber, "extension", "status", "error")
    number = PhoneNumber.objects.filter(customer=subscriber.customer, e164=given.get("number", "")).first()
    if number is not None:
        numbers.claim(number, subscriber=subscriber)


def _invite(context: StepContext) -> Result:
    """Mail the first user, who administers the customer, his way in; once Webex has him."""
    subscriber = subscriber_of(context.customer, context.item)
    person_id(subscriber)
    if subscriber.admin is None:
        return {"sent": False}
    return send_invitation(customer=context.customer, admin=subscriber.admin)


def _complete_migration(context: StepContext) -> Result:
    subscriber = subscriber_of(context.customer, context.item)
    base = base_of(subscriber)
    if base is None:
        return {"person_id": "", "skipped": "The user has lost the package meanwhile."}
    person = person_id(subscriber)
    gateway().complete_migration(
        key=context.key,
        person_id=person,
        package=base.package,
        number=number_of(subscriber),
        extension=subscriber.extension,
    )
    return {"person_id": person}


def _send_consent_mail(context: StepContext) -> Result:
    request = consents.pending_request(subscriber_of(context.customer, context.item))
    if request is None:
        return {"skipped": "Nobody waits for this consent any more."}
    return send_consent_mail(request)


CREATE_PERSON = StepHandler(_create_person, _person_created, _person_refused, control=Control.USERS_ADD)
CLAIM_PERSON = StepHandler(_claim_person, _person_created, _person_refused, control=Control.USERS_CLAIM)
COMPLETE_MIGRATION = StepHandler(_complete_migration, _person_created, _person_refused, control=Control.USERS_ADD)
CONSENT_MAIL = StepHandler(_send_consent_mail, control=Control.USER_STATUS)
CREATE_LOCATION = StepHandler(_create_location, _location_created)
JOB_TYPES = {
    "create_subscribers": JobType(
        "Add users",
        {"create_location": CREATE_LOCATION, "create_person": CREATE_PERSON, "invite_user": StepHandler(_invite)},
        restarted=_restart_people,
    ),
    "claim_subscribers": JobType("Claim users", {"claim_person": CLAIM_PERSON}, restarted=_restart_people),
    "complete_migration": JobType(
        "Move account", {"complete_migration": COMPLETE_MIGRATION}, restarted=_restart_people
    ),
    "consent_mail": JobType("Ask for consent", {"consent_mail": CONSENT_MAIL}),
    "enable_package": JobType("Enable package", {PACKAGE_STEP: ENABLE_PACKAGE}, finish_packages, restart_enabling),
    "disable_package": JobType("Remove package", {PACKAGE_STEP: DISABLE_PACKAGE}, finish_packages, restart_disabling),
}
