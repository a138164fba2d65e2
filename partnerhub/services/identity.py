"""Making sure that a caller is who he says: a code is mailed to the user, he reads it back (domain.md 7.6)."""

import secrets
from datetime import timedelta

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

from controlhub.models import Subscriber
from controlhub.queries.organization import mail_language
from partnerhub.models import IdentityCheck
from partnerhub.queries.helpdesk import newest_check
from tenancy import audit
from tenancy.access import authorize
from tenancy.actors import Actor
from tenancy.errors import DomainError, Forbidden
from tenancy.mail import Letter, MailStopped, MailUnavailable, send
from tenancy.policy import Control, Level

LIFETIME = timedelta(minutes=10)
MOST_TRIES = 5
MOST_PER_HOUR = 5


class TooManyCodes(DomainError):
    code = "too_many_codes"
    message = "Enough codes were sent to this user for now. Try again in an hour."


class CodeNotSent(DomainError):
    code = "code_not_sent"
    message = "The mail could not be handed over. Try again in a minute."


class WrongCode(DomainError):
    code = "wrong_code"
    message = (
        "This is not the code that was sent last, or it is too old. Let the user read it again, or send a new one."
    )


@transaction.atomic
def send_code(*, subscriber: Subscriber, by: Actor) -> IdentityCheck:
    """Mail a new code of six digits to the user; the ones before no longer count. Nobody but the user sees it."""
    customer = subscriber.customer
    authorize(by, Control.PARTNER_HELPDESK, partner=customer.partner, need=Level.READ_ONLY)
    if by.admin is None:
        raise Forbidden()  # a code answers a person's call: the portal itself asks nobody
    Subscriber.objects.select_for_update(no_key=True).get(pk=subscriber.pk)
    now = timezone.now()
    sent = IdentityCheck.objects.filter(subscriber=subscriber, sent_at__gt=now - timedelta(hours=1)).count()
    if sent >= MOST_PER_HOUR:
        raise TooManyCodes()
    code = f"{secrets.randbelow(1_000_000):06d}"
    check = IdentityCheck.objects.create(
        subscriber=subscriber,
        digest=_digest(subscriber, code),
        sent_by=by.admin,
        sent_at=now,
        expires_at=now + LIFETIME,
    )
    text = f"{by.name} of {by.org_name} sent a verification code to {subscriber}"
    audit.record(action="helpdesk.code_sent", text=text, target=subscriber, customer=customer, by=by)
    _mail(subscriber, code)
    return check


@transaction.atomic
def _spend_try(subscriber: Subscriber) -> IdentityCheck | None:
    """Count a try before looking, in a transaction of its own: guessing at once from many sides gives no more tries."""
    check = newest_check(subscriber)
    if check is None or check.confirmed_at is not None:
        return None
    mine = IdentityCheck.objects.filter(pk=check.pk, tries__lt=MOST_TRIES, expires_at__gt=timezone.now())
    return check if mine.update(tries=F("tries") + 1) else None


def check_code(*, subscriber: Subscriber, code: str, by: Actor) -> None:
    """Compare what the user read back. Raises WrongCode; after a few of those a new code is needed."""
    customer = subscriber.customer
    authorize(by, Control.PARTNER_HELPDESK, partner=customer.partner, need=Level.READ_ONLY)
    check = _spend_try(subscriber)
    right = check is not None and constant_time_compare(check.digest, _digest(subscriber, code.strip()))
    with transaction.atomic():
        verb = "verified" if right else "could not verify"
        audit.record(
            action="helpdesk.identity_verified" if right else "helpdesk.identity_refused",
            text=f"{by.name} of {by.org_name} {verb} {subscriber} by a code",
            target=subscriber,
            customer=customer,
            by=by,
        )
        if check is not None and right:
            IdentityCheck.objects.filter(pk=check.pk).update(confirmed_at=timezone.now())
    if not right:
        raise WrongCode(field="code")


def _digest(subscriber: Subscriber, code: str) -> str:
    # A million codes are quickly tried against a plain hash: the key keeps a copy of the database useless.
    return salted_hmac("helpdesk code", f"{subscriber.pk}:{code}", algorithm="sha256").hexdigest()


def _mail(subscriber: Subscriber, code: str) -> None:
    customer = subscriber.customer
    words = {"code": code, "partner": customer.partner.name, "minutes": int(LIFETIME.total_seconds()) // 60}
    try:
        sent = send(Letter("verification_code", subscriber.email, mail_language(customer), words, customer))
    except MailUnavailable as error:
        raise CodeNotSent() from error
    if not sent:
        raise MailStopped(subscriber.email)
