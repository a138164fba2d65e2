"""Cross-launch: partner staff open a customer's Control Hub under their own identity (domain.md 7.5, design.md 4).

A launch is a row: who, where, from when, until when. It is read on every request, so withdrawing a role, suspending an
account or ending the launch takes effect on the next one. Nobody is ever "logged in as" somebody else.
"""

from dataclasses import replace
from datetime import timedelta

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from tenancy import audit
from tenancy.actors import Actor
from tenancy.errors import DomainError
from tenancy.models import AdminUser, CrossLaunch, Customer
from tenancy.policy import Control, Level, Role, level_for

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


@transaction.atomic
def start_launch(*, customer: Customer, by: Actor) -> CrossLaunch:
    """Open Control Hub of `customer` for `by`, for an hour at most. A launch that is still open is ended first."""
    if by.admin is None or not may_launch(by, customer):
        raise LaunchNotAllowed()
    if customer.org_id is None:
        raise CustomerNotReady()
    # A double click must not open two: the person's own row makes the second one wait for the first.
    AdminUser.objects.select_for_update(no_key=True).get(pk=by.admin_id)
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


def live_launch(*, actor: Actor, customer: Customer) -> Actor:
    """The actor with its live launch of this customer. Raises NoLaunch (403) when there is none, or no right any more."""
    launch = CrossLaunch.objects.filter(
        admin=actor.admin, customer=customer, ended_at=None, expires_at__gt=timezone.now()
    ).first()
    allowed = may_launch(actor, customer)
    if launch is None or not allowed:
        raise NoLaunch(customer if allowed else None)
    return replace(actor, launch=launch)
