"""Addresses that bounced or whose owner complained: mails to them stop until somebody lets them through (domain.md 7.6)."""

from controlhub.models import Subscriber
from tenancy.access import authorize
from tenancy.actors import Actor
from tenancy.mail import resume, stop
from tenancy.models import AdminUser, Customer, Mailbox
from tenancy.policy import Control


def report_undeliverable(*, email: str, reason: Mailbox.Reason, by: Actor) -> bool:
    """What the mail provider reports. Noted where the address is a user's, or was written to last. False: known already."""
    person = Subscriber.objects.select_related("customer__partner").filter(email=email.lower(), deleted_at=None).first()
    mailbox = Mailbox.objects.select_related("last_customer__partner").filter(email=email.lower()).first()
    customer = person.customer if person else mailbox.last_customer if mailbox else None
    return stop(email=email, reason=reason, customer=customer, by=by, target=person)


def let_mail_through(*, customer: Customer, owner: Subscriber | AdminUser, by: Actor) -> None:
    """Send mails to a user or an administrator of the customer again. Raises Forbidden, MailNotStopped."""
    control = Control.USER_STATUS if isinstance(owner, Subscriber) else Control.ADMIN_ROLES
    authorize(by, control, customer=customer)
    resume(email=owner.email, customer=customer, by=by, target=owner)
