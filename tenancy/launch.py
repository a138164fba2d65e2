"""Cross-launch: partner staff open a customer's Control Hub under their own identity (domain.md 7.5, design.md 4).

A launch is a row: who, where, from when, until when. It is read on every request, so withdrawing a role, suspending an
account or ending the launch takes effect on the next one. Nobody is ever "logged in as" somebody else.
"""

import hashlib
import secrets
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from tenancy import audit
from tenancy.actors import Actor
from tenancy.errors import DomainError
from tenancy.models import AdminUser, CrossLaunch, Customer, TemporaryRights
from tenancy.policy import Control, Level, Role, level_for

CODE_SECONDS = 60
NEVER = UUID(int=0)
HELPDESK = frozenset({Role.HELPDESK_BASIC, Role.HELPDESK_ADVANCED})


class LaunchNotAllowed(DomainError):
    code = "launch_not_allowed"
    message = "Your role may not open this customer's Control Hub."


class CustomerNotReady(DomainError):
    code = "customer_not_ready"
    message = "This customer's organisation does not exist yet. Wait until it is provisioned, then launch again."


class NoLaunch(PermissionDenied):
    """Partner staff without a live launch. The 403 page offers to launch again when `customer` is set."""

    def __init__(self, customer: Customer | None = None) -> None:
        super().__init__(
            "Your Control Hub session for this customer has ended. Launch Control Hub again from Partner Hub."
        )
        self.customer = customer


class CodeRefused(PermissionDenied):
    """The single-use code was used, is too old, or belongs to another browser, person or customer. All look the same."""

    def __init__(self) -> None:
        super().__init__("This way into Control Hub was used already or is too old. Launch it again from Partner Hub.")


@transaction.atomic
def start_launch(*, customer: Customer, by: Actor) -> CrossLaunch:
    """Open Control Hub of `customer` for `by`, for an hour at most. A launch that is still open is ended first."""
    if by.admin is None or not may_launch(by, customer):
        raise LaunchNotAllowed()
    if customer.org_id is None:
        raise CustomerNotReady()
    # A double click must not open two: the person's own row makes the second one wait for the first.
    AdminUser.objects.select_for_update(no_key=True).get(pk=by.admin.pk)
    now = timezone.now()
    CrossLaunch.objects.filter(admin=by.admin, customer=customer, ended_at=None).update(ended_at=now)
    launch = CrossLaunch.objects.create(
        admin=by.admin,
        customer=customer,
        started_at=now,
        expires_at=now + timedelta(seconds=settings.CROSS_LAUNCH_SECONDS),
    )
    text = f"{by.name} of {by.org_name} opened Control Hub of {customer.name}"
    audit.record(action="launch.started", text=text, target=customer, customer=customer, by=replace(by, launch=launch))
    return launch


@transaction.atomic
def start_launch_with_code(*, customer: Customer, opener: str, by: Actor) -> str:
    """Start a launch and return the code that opens it once, within a minute, in the session `opener` (its key)."""
    launch = start_launch(customer=customer, by=by)
    code = secrets.token_urlsafe(32)
    CrossLaunch.objects.filter(pk=launch.pk).update(
        code_digest=_digest(code),
        opener_digest=_digest(opener),
        code_expires_at=launch.started_at + timedelta(seconds=CODE_SECONDS),
    )
    return code


def enter_launch(*, customer: Customer, code: str, opener: str, by: Actor) -> CrossLaunch:
    """Use the code. Of any number of callers one gets in; raises CodeRefused for all others, whatever the reason."""
    if not code or not opener:
        raise CodeRefused()
    now = timezone.now()
    mine = CrossLaunch.objects.filter(
        admin=by.admin,
        customer=customer,
        ended_at=None,
        entered_at=None,
        code_digest=_digest(code),
        opener_digest=_digest(opener),
        code_expires_at__gt=now,
    )
    launch = mine.first()
    if launch is None or not mine.filter(pk=launch.pk).update(entered_at=now, code_digest=""):
        raise CodeRefused()
    return launch


def _digest(secret: str) -> str:
    # 128 random bits and more need no slow hash.
    return hashlib.sha256(secret.encode()).hexdigest()


@transaction.atomic
def end_launch(*, customer: Customer, by: Actor) -> None:
    """End the actor's open launch. Ending it twice is harmless."""
    open_launch = CrossLaunch.objects.filter(admin=by.admin, customer=customer, ended_at=None).first()
    if open_launch is None or not _close(open_launch):
        return
    text = f"{by.name} of {by.org_name} left Control Hub of {customer.name}"
    audit.record(
        action="launch.ended", text=text, target=customer, customer=customer, by=replace(by, launch=open_launch)
    )


def _close(launch: CrossLaunch) -> bool:
    return bool(CrossLaunch.objects.filter(pk=launch.pk, ended_at=None).update(ended_at=timezone.now()))


def may_launch(by: Actor, customer: Customer) -> bool:
    """Does one of the actor's partner-side roles open this customer? Help desk only if the customer allows it."""
    return any(
        level_for(role, Control.PARTNER_LAUNCH, restricted=False) is Level.EDIT
        and (role not in HELPDESK or customer.helpdesk_allowed)
        for role in by.roles_in_customer(customer)
        if role.of_partner
    )


def live_launch(*, actor: Actor, customer: Customer, public_id: str | None) -> Actor:
    """The actor with the launch that his session is bound to, and with rights that the customer lent him meanwhile.

    Raises NoLaunch (403) when the launch is not there, over or not of this customer, or when the right to it is gone.
    """
    launch = CrossLaunch.objects.filter(
        public_id=public_id or NEVER, admin=actor.admin, customer=customer, ended_at=None, expires_at__gt=timezone.now()
    ).first()
    allowed = may_launch(actor, customer)
    if launch is None or not allowed:
        raise NoLaunch(customer if allowed else None)
    return with_temporary_rights(replace(actor, launch=launch), customer)


def with_temporary_rights(actor: Actor, customer: Customer) -> Actor:
    """The actor with the full rights that the customer lent him, as long as they last. One query, for help desk only.

    They last only while the customer lets help desk in at all, and while the person still holds the role.
    """
    may_hold = Role.HELPDESK_ADVANCED in actor.roles_in_customer(customer) and customer.helpdesk_allowed
    if not may_hold:
        return actor
    rights = TemporaryRights.objects.filter(
        admin=actor.admin,
        customer=customer,
        state=TemporaryRights.State.APPROVED,
        expires_at__gt=timezone.now(),
    ).first()
    return replace(actor, temporary=rights) if rights else actor
