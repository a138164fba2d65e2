"""The only door through which mails leave: in the reader's language, never to an address whose mails are stopped.

Each mail leaves its trace in the address's `Mailbox`, which pages show. Mail cannot be sent exactly once: whoever needs it
sent for sure does it in a job, and a crash at the wrong moment sends it twice.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from smtplib import SMTPRecipientsRefused
from typing import Any

import structlog
from django.core.mail import EmailMessage, get_connection
from django.db import models, transaction
from django.db.models.functions import Now

from tenancy import audit
from tenancy.actors import SYSTEM, Actor
from tenancy.errors import DomainError
from tenancy.mail_texts import write
from tenancy.models import Customer, Mailbox

TIMEOUT_SECONDS = 5
NO_SUCH_MAILBOX = range(550, 560)
Status, Reason = Mailbox.Status, Mailbox.Reason
logger = structlog.get_logger(__name__)


class MailUnavailable(DomainError):
    """The mail server is away, or does not take mails just now: it may be tried again."""

    code = "mail_unavailable"
    message = "The mail server does not take the mail."


class MailStopped(DomainError):
    """A mail to this address bounced, or its reader did not want it."""

    code = "mail_stopped"

    def __init__(self, email: str) -> None:
        super().__init__(f"Mails to {email} are stopped, because one bounced or was reported as spam.")


class MailNotStopped(DomainError):
    code = "mail_not_stopped"

    def __init__(self, email: str) -> None:
        super().__init__(f"Mails to {email} are not stopped.")


@dataclass(frozen=True)
class Letter:
    """A mail to one reader. `then` and `words`: see `mail_texts.write`.

    `traced`: a mailbox is kept for the address. Not for strangers, or anybody could fill the table.
    """

    kind: str
    to: str
    language: str
    words: Mapping[str, Any]
    customer: Customer | None = None
    then: Sequence[str] = ()
    traced: bool = True


def send(letter: Letter) -> bool:
    """Hand a mail over to the mail server. False when it was not sent because the address takes none.

    Raises MailUnavailable.
    """
    subject, body = write(letter.kind, language=letter.language, words=letter.words, then=letter.then)
    return deliver(letter, subject, body)


def deliver(letter: Letter, subject: str, body: str) -> bool:
    """As `send`, with a text of the caller's own."""
    if is_stopped(letter.to):
        _note(letter, Status.STOPPED)
        return False
    headers = {"Content-Language": letter.language, "Auto-Submitted": "auto-generated"}
    message = EmailMessage(subject, body, to=[letter.to], headers=headers)
    try:
        get_connection(timeout=TIMEOUT_SECONDS).send_messages([message])
    except SMTPRecipientsRefused as error:
        codes = [code for code, _ in error.recipients.values()]
        if not any(code in NO_SUCH_MAILBOX for code in codes):
            _note(letter, Status.FAILED)
            raise MailUnavailable() from error
        if letter.traced:
            _note(letter, Status.BOUNCED)
            stop(email=letter.to, reason=Reason.BOUNCED, customer=letter.customer, by=SYSTEM)
        return False
    except OSError as error:  # smtplib's errors are OSErrors too
        _note(letter, Status.FAILED)
        raise MailUnavailable() from error
    _note(letter, Status.SENT)
    return True


def send_after_commit(letters: Iterable[Letter]) -> None:
    """Send once the transaction is committed. A mail server that is away undoes nothing and is logged: the pages say the same."""

    def send_all() -> None:
        for letter in letters:
            try:
                send(letter)
            except MailUnavailable as error:
                logger.warning("mail_not_sent", kind=letter.kind, error=type(error.__cause__).__name__)
                if not isinstance(error.__cause__, SMTPRecipientsRefused):
                    return  # the server is away: nobody waits for the others in vain

    transaction.on_commit(send_all, robust=True)


def may_write(*, kind: str, email: str, customer: Customer) -> bool:
    """For mails that Webex itself sends: may it? Either way the address's mailbox says what became of it."""
    stopped = is_stopped(email)
    _note(Letter(kind, email, "", {}, customer), Status.STOPPED if stopped else Status.SENT)
    return not stopped


def _note(letter: Letter, status: Mailbox.Status) -> None:
    if not letter.traced:
        return
    facts = {"last_kind": letter.kind, "last_status": status, "last_at": Now(), "last_customer": letter.customer}
    Mailbox.objects.update_or_create(email=letter.to.lower(), defaults=facts)


def is_stopped(email: str) -> bool:
    """Are mails to this address stopped?"""
    return Mailbox.objects.filter(email=email.lower()).exclude(stopped_for=Reason.NONE).exists()


@transaction.atomic
def stop(
    *, email: str, reason: Mailbox.Reason, customer: Customer | None, by: Actor, target: models.Model | None = None
) -> bool:
    """Low level: put an address on the suppression list. False when it was there already.

    `target` is whose address it is, for the audit log of `customer`; without one, the address itself.
    """
    mailbox, _ = Mailbox.objects.get_or_create(email=email.lower())
    facts = {"stopped_for": reason, "stopped_at": Now(), "last_status": reason.value, "last_at": Now()}
    if not Mailbox.objects.filter(pk=mailbox.pk, stopped_for=Reason.NONE).update(**facts):
        return False
    if customer:
        text = f"Mails to {mailbox.email} are stopped: {reason.label.lower()}"
        audit.record(action="mail.stopped", text=text, target=target or mailbox, customer=customer, by=by)
    return True


@transaction.atomic
def resume(*, email: str, customer: Customer | None, by: Actor, target: models.Model | None = None) -> None:
    """Low level: take an address off the suppression list. Raises MailNotStopped."""
    stopped = Mailbox.objects.filter(email=email.lower()).exclude(stopped_for=Reason.NONE)
    mailbox = stopped.select_for_update().first()
    if mailbox is None:
        raise MailNotStopped(email)
    stopped.update(stopped_for=Reason.NONE, stopped_at=None)
    if customer:
        text = f"{by.name} let mails to {mailbox.email} through again"
        audit.record(action="mail.resumed", text=text, target=target or mailbox, customer=customer, by=by)
