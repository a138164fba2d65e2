"""Help desk takes an address off the mail suppression list (domain.md 7.6)."""

from controlhub.models import Subscriber
from tenancy.access import authorize
from tenancy.actors import Actor
from tenancy.mail import resume
from tenancy.policy import Control, Level


def resume_mail(*, subscriber: Subscriber, by: Actor) -> None:
    """Send mails to this user again; reading rights are enough, as for a verification code. Raises Forbidden, MailNotStopped."""
    customer = subscriber.customer
    authorize(by, Control.PARTNER_HELPDESK, partner=customer.partner, need=Level.READ_ONLY)
    resume(email=subscriber.email, customer=customer, by=by, target=subscriber)
