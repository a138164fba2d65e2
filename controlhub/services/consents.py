"""Consent of somebody who owns a free account: asked by mail, given on a public page (domain.md 5.8).

The seat, the number and the extension are kept for him meanwhile; usage starts with the consent, never before.
Argued in docs/adr/0010-consent-keeps-the-seat.md.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Now

from controlhub.models import ConsentRequest, Subscriber
from controlhub.services import pushes
from controlhub.services.clock import database_now
from controlhub.services.presence import lock_living
from controlhub.services.readiness import require_ready, why_not_ready
from controlhub.services.seats import end_intervals, open_assignments, open_interval, package_name
from tenancy import audit
from tenancy.access import authorize
from tenancy.actors import SYSTEM, Actor
from tenancy.errors import DomainError
from tenancy.mail import MailStopped, is_stopped
from tenancy.policy import Control

LINK_LIFETIME = ConsentRequest.LINK_LIFETIME
LINK_DAYS = LINK_LIFETIME.days
REMIND_AFTER = timedelta(days=settings.CONSENT_REMIND_DAYS)
SALT = "controlhub.consent"
State = ConsentRequest.State
Status = Subscriber.Status


class NoConsentNeeded(DomainError):
    code = "no_consent_needed"

    def __init__(self, subscriber: Subscriber) -> None:
        super().__init__(f"{subscriber} is not waited for: there is no consent to ask for.")


class LinkInvalid(DomainError):
    """Altered, used already, or replaced by a newer mail. Nobody is told which."""

    code = "link_invalid"
    message = "This link does not work. It may have been used already, or a newer mail has replaced it."


class LinkExpired(DomainError):
    code = "link_expired"
    message = f"This link was good for {LINK_DAYS} days. Ask the sender for a new one."


@dataclass(frozen=True)
class Invitee:
    """Who is asked, as the public page says it."""

    email: str
    customer: str
    partner: str
    package: str


def ask(subscriber: Subscriber, *, taken_back_at: Callable[[datetime, datetime], datetime]) -> bool:
    """Low level, by the job that met the free account: take the interval back, keep the seat, send the mail.

    False when the user has lost his package meanwhile: then nobody is asked.
    """
    held = open_assignments(subscriber)
    base = next((row for row in held if row.is_base), None)
    if base is None:
        return False
    now = database_now()
    for row in held:
        end_intervals([row], at=taken_back_at(row.started_at, now), keep_seats=row is base)
    customer = subscriber.customer
    ConsentRequest.objects.create(
        customer=customer, subscriber=subscriber, package=base.package, round=1, created_at=now, sent_at=now
    )
    Subscriber.objects.filter(pk=subscriber.pk).update(
        status=Status.PENDING_USER_MIGRATION, status_changed_at=Now(), error=""
    )
    text = f"{subscriber} ({subscriber.email}) owns an account already and was asked to agree to the move"
    audit.record(action="consent.asked", text=text, target=subscriber, customer=customer, by=SYSTEM)
    pushes.push_consent_mail(subscriber=subscriber, by=SYSTEM)
    return True


@transaction.atomic
def resend_consent(*, subscriber: Subscriber, by: Actor) -> None:
    """Send the mail again, with a new link: the old one stops working.

    Raises Forbidden, CustomerNotReady, NoConsentNeeded, MailStopped.
    """
    customer = subscriber.customer
    authorize(by, Control.USER_STATUS, customer=customer)
    require_ready(customer)
    lock_living(subscriber)
    if is_stopped(subscriber.email):
        raise MailStopped(subscriber.email)
    if not _next_round(subscriber, ConsentRequest.objects.filter(state=State.PENDING), by):
        raise NoConsentNeeded(subscriber)


def remind_of_consents(*, now: datetime) -> int:
    """Remind everybody once who has not answered for some days and whom nobody has reminded yet. Returns how many.

    Somebody of a customer where nothing can be changed just now, or whose mails are stopped, is tried again next time.
    """
    due = ConsentRequest.objects.filter(state=State.PENDING, round=1, sent_at__lte=now - REMIND_AFTER)
    people = Subscriber.objects.filter(consent_requests__in=due, deleted_at=None).select_related("customer__partner")
    return sum(_remind(subscriber) for subscriber in people.order_by("pk"))


@transaction.atomic
def _remind(subscriber: Subscriber) -> bool:
    if why_not_ready(subscriber.customer) or is_stopped(subscriber.email):
        return False
    return _next_round(subscriber, ConsentRequest.objects.filter(state=State.PENDING, round=1), SYSTEM)


def _next_round(subscriber: Subscriber, requests: QuerySet[ConsentRequest], by: Actor) -> bool:
    """A new mail with a new link; False when there is no such request of the subscriber any more."""
    if not requests.filter(subscriber=subscriber).update(round=F("round") + 1, sent_at=Now()):
        return False
    text = f"Consent mail sent to {subscriber} ({subscriber.email}) again"
    audit.record(action="consent.reminded", text=text, target=subscriber, customer=subscriber.customer, by=by)
    pushes.push_consent_mail(subscriber=subscriber, by=by)
    return True


def pending_request(subscriber: Subscriber) -> ConsentRequest | None:
    """The request that the subscriber has not answered yet."""
    return ConsentRequest.objects.filter(subscriber=subscriber, state=State.PENDING).first()


def link_token(request: ConsentRequest) -> str:
    """The unguessable part of the link: signed, dated, and for this round only."""
    return signing.dumps([str(request.public_id), request.round], salt=SALT)


def invitee(token: str) -> Invitee:
    """Who a link is for. Raises LinkInvalid or LinkExpired."""
    request = _request_of(token)
    customer = request.customer
    return Invitee(request.subscriber.email, customer.name, customer.partner.name, package_name(request.package))


@transaction.atomic
def accept(*, token: str, by: Actor) -> Invitee:
    """The owner of the account agrees: usage starts now, and Webex moves him. Works once.

    Raises LinkInvalid, LinkExpired, CustomerNotReady.
    """
    request = _request_of(token)
    who = invitee(token)
    subscriber = request.subscriber
    require_ready(request.customer)
    lock_living(subscriber)
    won = ConsentRequest.objects.filter(pk=request.pk, state=State.PENDING, round=request.round)
    if not won.update(state=State.ACCEPTED, decided_at=Now()):
        raise LinkInvalid()
    moment = database_now()
    open_interval(subject=subscriber, package=request.package, at=moment)
    Subscriber.objects.filter(pk=subscriber.pk).update(status=Status.PENDING, status_changed_at=Now())
    subscriber.status = Status.PENDING
    audit.record(
        action="consent.given",
        text=f"{subscriber} ({subscriber.email}) agreed to the move; {who.package} starts",
        target=subscriber,
        customer=request.customer,
        by=by,
        changes={"package": [None, request.package], "from": [None, moment.isoformat()]},
    )
    pushes.push_migration(subscriber=subscriber, by=by)
    return who


def _request_of(token: str) -> ConsentRequest:
    try:
        public_id, round_ = signing.loads(token, salt=SALT, max_age=LINK_LIFETIME)
    except signing.SignatureExpired as error:
        raise LinkExpired() from error
    except (signing.BadSignature, ValueError, TypeError) as error:
        raise LinkInvalid() from error
    request = (
        ConsentRequest.objects.select_related(
            "subscriber__location", "customer__partner", "subscriber__customer__partner"
        )
        .filter(public_id=public_id, round=round_, state=State.PENDING)
        .first()
    )
    if request is None:
        raise LinkInvalid()
    return request
