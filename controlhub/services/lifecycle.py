"""Deactivated, active again, deleted; invited once more; under another address (domain.md 3.9)."""

from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from controlhub.models import ConsentRequest, PhoneNumber, Subscriber
from controlhub.services import calling_data, pushes
from controlhub.services.administrators import drop_roles, lock_administration, require_dispensable, roles_held
from controlhub.services.clock import database_now
from controlhub.services.constraints import named_errors
from controlhub.services.devices import release_devices
from controlhub.services.directory import require_not_synchronized
from controlhub.services.new_subscribers import EMAIL_FORMAT, EMAIL_TAKEN, is_email
from controlhub.services.presence import lock_living, lock_present
from controlhub.services.queues import leave_queues
from controlhub.services.readiness import require_ready
from controlhub.services.seats import end_intervals, lock_seats, open_assignments, package_name, return_seat
from tenancy import audit
from tenancy.access import authorize
from tenancy.actors import Actor
from tenancy.errors import DomainError
from tenancy.mail import MailStopped, is_stopped
from tenancy.policy import Control

Status = Subscriber.Status


class WrongStatus(DomainError):
    code = "wrong_status"


class HoldsRoles(DomainError):
    """A deactivated administrator would still sign in and administer."""

    code = "holds_roles"

    def __init__(self, subscriber: Subscriber, roles: list[str]) -> None:
        super().__init__(f"{subscriber} has the role {', '.join(roles)}. Take it away first.")


class EmailRefused(DomainError):
    code = EMAIL_FORMAT
    message = "Enter an email address such as name@example.com."


class EmailInUse(DomainError):
    code = EMAIL_TAKEN
    message = "This email address belongs to an existing user."


@transaction.atomic
def suspend_subscriber(*, subscriber: Subscriber, by: Actor) -> Subscriber:
    """Deactivate: the person can use nothing, but keeps package and number, and is billed on (domain.md 3.9).

    Twice is harmless. Raises Forbidden, CustomerNotReady, WrongStatus, HoldsRoles, ConsentPending.
    """
    _begin(subscriber, by)
    if subscriber.status == Status.SUSPENDED:
        return subscriber
    if subscriber.status not in (Status.PROVISIONED, Status.PENDING):
        raise WrongStatus(f"{subscriber} is not active, so there is nothing to deactivate.")
    roles = roles_held(subscriber)
    if roles:
        raise HoldsRoles(subscriber, roles)
    return _switch(subscriber, Status.SUSPENDED, "suspended", f"{subscriber} deactivated", by)


@transaction.atomic
def reactivate_subscriber(*, subscriber: Subscriber, by: Actor) -> Subscriber:
    """Let a deactivated person use the services again. Raises Forbidden, CustomerNotReady, WrongStatus."""
    _begin(subscriber, by)
    if subscriber.status in (Status.PROVISIONED, Status.PENDING):
        return subscriber
    if subscriber.status != Status.SUSPENDED:
        raise WrongStatus(f"{subscriber} is not deactivated.")
    status = Status.PROVISIONED if subscriber.person_id else Status.PENDING
    return _switch(subscriber, status, "reactivated", f"{subscriber} reactivated", by)


def _begin(subscriber: Subscriber, by: Actor) -> None:
    authorize(by, Control.USER_STATUS, customer=subscriber.customer)
    require_ready(subscriber.customer)
    lock_present(subscriber)


def _switch(subscriber: Subscriber, status: Status, verb: str, text: str, by: Actor) -> Subscriber:
    changes = {"status": [subscriber.status, status.value]}
    Subscriber.objects.filter(pk=subscriber.pk).update(status=status, status_changed_at=Now())
    subscriber.status = status
    _record(verb, text, subscriber, changes, by)
    pushes.push_status(subscriber=subscriber, by=by)
    return subscriber


@transaction.atomic
def resend_invitation(*, subscriber: Subscriber, by: Actor) -> None:
    """Let Webex invite the person once more.

    Raises Forbidden, CustomerNotReady, WrongStatus, ConsentPending, MailStopped.
    """
    _begin(subscriber, by)
    if subscriber.status not in (Status.PROVISIONED, Status.PENDING):
        raise WrongStatus(f"{subscriber} is not active, so an invitation would lead nowhere.")
    if is_stopped(subscriber.email):
        raise MailStopped(subscriber.email)
    _record("invited_again", f"Invitation sent to {subscriber} ({subscriber.email}) again", subscriber, {}, by)
    pushes.push_invitation(subscriber=subscriber, by=by)


@transaction.atomic
def change_email(*, subscriber: Subscriber, email: str, by: Actor) -> Subscriber:
    """Move the person to another address, which Webex then invites. An account for signing in here keeps its own.

    Raises Forbidden, CustomerNotReady, DirectoryManaged, EmailRefused, EmailInUse, ConsentPending.
    """
    authorize(by, Control.USER_EMAIL, customer=subscriber.customer)
    require_ready(subscriber.customer)
    require_not_synchronized(subscriber.customer, field="email")
    lock_present(subscriber)
    wanted, before = email.strip().lower(), subscriber.email
    if wanted == before:
        return subscriber
    if not is_email(wanted):
        raise EmailRefused(field="email")
    with named_errors({"subscriber_email_once": lambda: EmailInUse(field="email")}):
        Subscriber.objects.filter(pk=subscriber.pk).update(email=wanted)
    subscriber.email = wanted
    _record("email_changed", f"Email of {subscriber} changed to {wanted}", subscriber, {"email": [before, wanted]}, by)
    pushes.push_email(subscriber=subscriber, by=by)
    return subscriber


@transaction.atomic
def delete_subscriber(*, subscriber: Subscriber, by: Actor) -> None:
    """Take the person out: packages end now, number, extension and roles are given back; history and bills stay.

    Raises Forbidden, CustomerNotReady, SubscriberDeleted, LastFullAdministrator,
    FirstAdministratorHolds.
    """
    customer = subscriber.customer
    authorize(by, Control.USER_STATUS, customer=customer)
    require_ready(customer, ending=True)
    lock_administration(customer)
    lock_living(subscriber)
    require_dispensable(subscriber)
    held = open_assignments(subscriber)
    lock_seats(customer, [row.package for row in held])
    facts = calling_data.take_away(subscriber)
    devices = release_devices(subscriber=subscriber, by=by)
    queues = leave_queues(subscriber, package="", by=by)
    subscriber.supervised_queues.clear()
    moment = database_now()
    end_intervals(held, at=moment)
    kept = _cancel_consent(subscriber)
    roles = drop_roles(subscriber)
    PhoneNumber.objects.filter(subscriber=subscriber).update(subscriber=None)
    Subscriber.objects.filter(pk=subscriber.pk).update(deleted_at=moment, caller_id_number=None, admin=None)
    subscriber.deleted_at, subscriber.caller_id_number, subscriber.admin = moment, None, None
    packages = [row.package for row in held] or kept
    changes = {"email": [subscriber.email, None], "at": [None, moment.isoformat()]} | facts
    changes |= {"package": [packages, None]} if packages else {}
    changes |= {"roles": [roles, None]} if roles else {}
    changes |= {"queues": [queues, None]} if queues else {}
    changes |= {"devices": [devices, None]} if devices else {}
    names = ", ".join(package_name(code) for code in packages)
    text = f"{subscriber} ({subscriber.email}) deleted" + (f"; {names} ended" if names else "")
    _record("deleted", text, subscriber, changes, by)
    pushes.push_deletion(subscriber=subscriber, by=by)


def _cancel_consent(subscriber: Subscriber) -> list[str]:
    """Whoever is deleted is not waited for any more: his seat is free. Returns its package."""
    request = ConsentRequest.objects.filter(subscriber=subscriber, state=ConsentRequest.State.PENDING).first()
    if request is None:
        return []
    ConsentRequest.objects.filter(pk=request.pk).update(state=ConsentRequest.State.CANCELLED, decided_at=Now())
    return_seat(customer=subscriber.customer, package=request.package)
    return [request.package]


def _record(verb: str, text: str, subscriber: Subscriber, changes: dict[str, Any], by: Actor) -> None:
    audit.record(
        action=f"subscriber.{verb}",
        text=text,
        target=subscriber,
        customer=subscriber.customer,
        by=by,
        changes=changes,
    )
