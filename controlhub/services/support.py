"""Support access: whether help desk may come in at all, and full rights that the customer lends it (domain.md 7.2, 7.6)."""

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from controlhub.queries.organization import mail_language
from controlhub.services.organization_pushes import Section, push_organization
from tenancy import audit
from tenancy.access import authorize
from tenancy.actors import Actor
from tenancy.errors import DomainError, Forbidden
from tenancy.mail import Letter, send_after_commit
from tenancy.models import AdminUser, Customer, TemporaryRights
from tenancy.policy import Control, Level, Role, level_for

LEAST_MINUTES, MOST_MINUTES = 5, 60
REASON_MAX = 200
State = TemporaryRights.State
OPEN = (State.REQUESTED, State.APPROVED)


class NotAskable(DomainError):
    code = "temporary_rights_not_askable"
    message = "Only an advanced help desk administrator who is inside this customer can ask for full rights."


class AlreadyAsked(DomainError):
    code = "temporary_rights_already_asked"
    message = "You have asked already. Wait for the answer, or end the rights that you have."


class BadRequest(DomainError):
    code = "temporary_rights_invalid"
    message = f"Give a reason, and ask for {LEAST_MINUTES} to {MOST_MINUTES} minutes."


class AlreadyDecided(DomainError):
    code = "temporary_rights_decided"
    message = "Somebody has answered this request already."


@transaction.atomic
def set_helpdesk_access(*, customer: Customer, allowed: bool, by: Actor) -> bool:
    """Let help desk staff in, or keep them out from their next request on. False when it already was so."""
    authorize(by, Control.ORG_SUPPORT_ACCESS, customer=customer)
    if not Customer.objects.filter(pk=customer.pk, helpdesk_allowed=not allowed).update(helpdesk_allowed=allowed):
        return False
    customer.helpdesk_allowed = allowed
    text = f"{by.name} {'allowed' if allowed else 'forbade'} support access to {customer.name}"
    audit.record(
        action="support.access_changed",
        text=text,
        target=customer,
        customer=customer,
        changes={"helpdesk_allowed": [not allowed, allowed]},
        by=by,
    )
    push_organization(customer=customer, section=Section.SUPPORT_ACCESS, by=by)
    return True


@transaction.atomic
def ask_for_rights(*, customer: Customer, reason: str, minutes: int, by: Actor) -> TemporaryRights:
    """Ask the customer for the rights of a full administrator; its administrators are told by mail and on their overview."""
    if not may_ask(customer=customer, by=by) or by.admin is None:
        raise NotAskable()
    reason = reason.strip()
    if not reason or len(reason) > REASON_MAX or not LEAST_MINUTES <= minutes <= MOST_MINUTES:
        raise BadRequest(field="minutes" if reason else "reason")
    AdminUser.objects.select_for_update(no_key=True).get(pk=by.admin.pk)
    mine = TemporaryRights.objects.filter(admin=by.admin, customer=customer)
    mine.filter(state=State.APPROVED, expires_at__lte=timezone.now()).update(state=State.ENDED)
    if mine.filter(state__in=OPEN).exists():
        raise AlreadyAsked(field="reason")
    rights = TemporaryRights.objects.create(admin=by.admin, customer=customer, reason=reason, minutes=minutes)
    text = f"{by.name} of {by.org_name} asked for full rights in {customer.name} for {minutes} minutes: {reason}"
    _record("asked", text, rights, by)
    _tell_admins(rights, by)
    return rights


def may_ask(*, customer: Customer, by: Actor) -> bool:
    """Is the actor an advanced help desk administrator inside this customer?"""
    return by.launch is not None and Role.HELPDESK_ADVANCED in by.roles_in_customer(customer)


@transaction.atomic
def decide(*, rights: TemporaryRights, approve: bool, by: Actor) -> TemporaryRights:
    """Approve or refuse, once. Only the customer's own administrators: rights are not lent by those who borrow them."""
    authorize(by, Control.ORG_SUPPORT_ACCESS, customer=rights.customer)
    if by.launch is not None or by.admin_id == rights.admin_id:
        raise Forbidden()
    now = timezone.now()
    values = {
        "state": State.APPROVED if approve else State.REFUSED,
        "decided_by": by.admin,
        "decided_at": now,
        "expires_at": now + timedelta(minutes=rights.minutes) if approve else None,
    }
    if not TemporaryRights.objects.filter(pk=rights.pk, state=State.REQUESTED).update(**values):
        raise AlreadyDecided()
    rights.refresh_from_db()
    verb = f"lent {rights.admin} full rights for {rights.minutes} minutes" if approve else f"refused {rights.admin}"
    _record("approved" if approve else "refused", f"{by.name} {verb} in {rights.customer.name}", rights, by)
    return rights


@transaction.atomic
def end_rights(*, rights: TemporaryRights, by: Actor) -> None:
    """Give back or take back what was lent or asked for, from the next request on. Ending it twice is harmless."""
    if by.admin_id != rights.admin_id:
        authorize(by, Control.ORG_SUPPORT_ACCESS, customer=rights.customer)
    if TemporaryRights.objects.filter(pk=rights.pk, state__in=OPEN).update(state=State.ENDED):
        _record("ended", f"{by.name} ended the full rights of {rights.admin} in {rights.customer.name}", rights, by)


def _record(verb: str, text: str, rights: TemporaryRights, by: Actor) -> None:
    changes = {"minutes": [None, rights.minutes], "reason": [None, rights.reason]}
    audit.record(
        action=f"support.rights_{verb}",
        text=text,
        target=rights,
        customer=rights.customer,
        changes=changes if verb == "asked" else {},
        by=by,
    )


def _tell_admins(rights: TemporaryRights, by: Actor) -> None:
    """Mail everybody who may decide, once this is committed. A mail server that is away does not lose the request."""
    customer = rights.customer
    deciders = [
        role
        for role in Role
        if not role.of_partner and level_for(role, Control.ORG_SUPPORT_ACCESS, restricted=True) is Level.EDIT
    ]
    words = {
        "who": by.name,
        "org": by.org_name,
        "customer": customer.name,
        "minutes": rights.minutes,
        "reason": rights.reason,
        "url": settings.BASE_URL + reverse("controlhub:support", args=[customer.public_id]),
    }
    admins = AdminUser.objects.filter(
        is_active=True, role_assignments__customer=customer, role_assignments__role__in=deciders
    )
    addresses = admins.order_by("email").values_list("email", flat=True).distinct()
    language = mail_language(customer)
    send_after_commit([Letter("rights_asked", address, language, words, customer) for address in addresses])
