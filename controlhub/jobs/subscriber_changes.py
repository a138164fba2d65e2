"""Changes of people in the Webex cloud: name, package, place, number, caller ID, status, address; and that somebody is gone.

Webex is told what holds now, not what was changed: see `tell`.
"""

from collections.abc import Callable

from controlhub.jobs.mail import STOPPED
from controlhub.jobs.persons import (
    WAIT_FOR_PERSON_SECONDS,
    Status,
    announced_update,
    base_of,
    never_arrived,
    number_of,
    person_id,
    rows_of,
    subscriber_of,
)
from controlhub.jobs.telling import NOTHING_TO_TELL, Facts, tell
from controlhub.models import Subscriber
from provisioning.errors import PermanentError, WaitUntil
from provisioning.gateway import gateway
from provisioning.registry import JobType, Result, StepContext, StepHandler
from tenancy.mail import may_write
from tenancy.policy import Control

Read = Callable[[Subscriber], Facts | None]


def _tell(context: StepContext, read: Read, call: Callable[..., Result]) -> Result:
    """Tell what `read` says of the person, unless Webex has no such person."""

    def facts() -> Facts | None:
        subscriber = subscriber_of(context.customer, context.item)
        return None if subscriber.deleted_at or never_arrived(subscriber) else read(subscriber)

    return tell(context, facts, call)


def _package(subscriber: Subscriber) -> Facts | None:
    base = base_of(subscriber)
    return {"package": base.package} | _calling(subscriber) if base else None


def _calling(subscriber: Subscriber) -> Facts:
    return {
        "person_id": person_id(subscriber),
        "number": number_of(subscriber),
        "extension": subscriber.extension,
    }


def _place(subscriber: Subscriber) -> Facts | None:
    location = subscriber.location
    return _calling(subscriber) | {"location": str(location.public_id)} if location else None


def _name(subscriber: Subscriber) -> Facts:
    names = {"first_name": subscriber.first_name, "last_name": subscriber.last_name}
    return {"person_id": person_id(subscriber)} | names


def _caller_id(subscriber: Subscriber) -> Facts:
    return {
        "person_id": person_id(subscriber),
        "number": str(subscriber.caller_id_number or ""),
        "first_name": subscriber.caller_id_first_name,
        "last_name": subscriber.caller_id_last_name,
    }


def _status(subscriber: Subscriber) -> Facts:
    return {"person_id": person_id(subscriber), "active": subscriber.status != Status.SUSPENDED}


def _services(subscriber: Subscriber) -> Facts:
    off = [service for service in ("messaging", "meetings", "calling") if getattr(subscriber, f"{service}_off")]
    return {"person_id": person_id(subscriber), "off": off}


def _email(subscriber: Subscriber) -> Facts:
    return {"person_id": person_id(subscriber), "email": subscriber.email}


def _change_package(context: StepContext) -> Result:
    return _tell(context, _package, gateway().change_person_package)


def _remove_package(context: StepContext) -> Result:
    subscriber = subscriber_of(context.customer, context.item)
    if base_of(subscriber) is not None:
        return _change_package(context)
    if never_arrived(subscriber):
        return NOTHING_TO_TELL
    return gateway().remove_person(key=context.key, person_id=person_id(subscriber))


def _move_person(context: StepContext) -> Result:
    return _tell(context, _place, gateway().move_person)


def _person_name(context: StepContext) -> Result:
    return _tell(context, _name, gateway().change_person_name)


def _person_calling(context: StepContext) -> Result:
    return _tell(context, _calling, gateway().assign_number)


def _person_caller_id(context: StepContext) -> Result:
    return _tell(context, _caller_id, gateway().set_caller_id)


def _person_status(context: StepContext) -> Result:
    return _tell(context, _status, gateway().set_person_active)


def _person_services(context: StepContext) -> Result:
    return _tell(context, _services, gateway().set_person_services)


def _change_email(context: StepContext) -> Result:
    return _tell(context, _email, gateway().change_person_email)


def _invite_person(context: StepContext) -> Result:
    subscriber = subscriber_of(context.customer, context.item)
    if subscriber.deleted_at or never_arrived(subscriber):
        return NOTHING_TO_TELL
    person = person_id(subscriber)
    if not may_write(kind="user_invitation", email=subscriber.email, customer=context.customer):
        return {"sent": False, "why": STOPPED}
    return gateway().invite_person(key=context.key, person_id=person, email=subscriber.email)


def _delete_person(context: StepContext) -> Result:
    subscriber = subscriber_of(context.customer, context.item)
    if never_arrived(subscriber):
        return NOTHING_TO_TELL
    if subscriber.person_id is None:
        raise WaitUntil(seconds=WAIT_FOR_PERSON_SECONDS, reason=f"{subscriber} is still being created.")
    return gateway().delete_person(key=context.key, person_id=str(subscriber.person_id))


def _changed(context: StepContext, result: Result) -> None:
    announced_update(context, rows_of(context).exclude(error=""), error="")


def _refused(context: StepContext, error: PermanentError) -> None:
    announced_update(context, rows_of(context), error=str(error))


def _step(call: Callable[[StepContext], Result], control: Control, *, critical: bool = False) -> StepHandler:
    return StepHandler(call, _changed, _refused, control=control, critical=critical)


INVITE_PERSON = _step(_invite_person, Control.USER_STATUS)
JOB_TYPES = {
    "subscriber_status": JobType("Change status", {"person_status": _step(_person_status, Control.USER_STATUS)}),
    "subscriber_services": JobType(
        "Change services", {"person_services": _step(_person_services, Control.USER_SERVICES)}
    ),
    "invite_subscriber": JobType("Invite user", {"invite_person": INVITE_PERSON}),
    "change_email": JobType(
        "Change email",
        {"change_email": _step(_change_email, Control.USER_EMAIL, critical=True), "invite_person": INVITE_PERSON},
    ),
    "delete_subscriber": JobType(
        "Delete user", {"delete_person": StepHandler(_delete_person, control=Control.USER_STATUS)}
    ),
    "change_package": JobType("Change package", {"change_package": _step(_change_package, Control.USER_PACKAGE)}),
    "remove_package": JobType("Remove package", {"remove_package": _step(_remove_package, Control.USER_PACKAGE)}),
    "move_subscriber": JobType("Move users", {"move_person": _step(_move_person, Control.USER_LOCATION)}),
    "change_name": JobType("Change name", {"person_name": _step(_person_name, Control.USER_NAME)}),
    "change_calling": JobType(
        "Change number and extension",
        {
            "person_number": _step(_person_calling, Control.USER_PRIMARY_NUMBER),
            "person_extension": _step(_person_calling, Control.USER_EXTENSION),
        },
    ),
    "change_caller_id": JobType(
        "Change caller ID", {"person_caller_id": _step(_person_caller_id, Control.USER_EXTENSION)}
    ),
}
