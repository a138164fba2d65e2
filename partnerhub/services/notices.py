"""Mails to a customer's administrators about what their service provider decided."""

import structlog
from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import transaction

from tenancy.models import AdminUser, Customer
from tenancy.policy import CUSTOMER_ROLES

logger = structlog.get_logger(__name__)
MAIL_TIMEOUT_SECONDS = 5

SUBJECT = "Restricted by Partner Mode is now {state} for {customer}"
ON = (
    "{partner} turned on Restricted by Partner Mode for {customer}.\n\n"
    "Some settings in Control Hub can now be seen but not changed by you. "
    "Ask {partner} when one of them has to change.\n\n{url}\n"
)
OFF = (
    "{partner} turned off Restricted by Partner Mode for {customer}.\n\n"
    "You may now add users and change their packages in Control Hub yourself.\n\n{url}\n"
)


def tell_customer_admins(customer: Customer) -> None:
    """Mail the state of Restricted by Partner Mode to every administrator of the customer, once this is committed.

    A mail server that is away does not undo the decision: the banner in Control Hub says the same (domain.md 8.1).
    """

    def send() -> None:
        _send(customer)

    transaction.on_commit(send, robust=True)


def _send(customer: Customer) -> None:
    admins = AdminUser.objects.filter(
        is_active=True, role_assignments__customer=customer, role_assignments__role__in=sorted(CUSTOMER_ROLES)
    )
    addresses = list(admins.order_by("email").values_list("email", flat=True).distinct())
    if not addresses:
        return
    words = {"customer": customer.name, "partner": customer.partner.name, "url": settings.BASE_URL}
    subject = SUBJECT.format(state="on" if customer.restricted else "off", **words)
    body = (ON if customer.restricted else OFF).format(**words)
    messages = [EmailMessage(subject, body, to=[address]) for address in addresses]
    try:
        get_connection(timeout=MAIL_TIMEOUT_SECONDS).send_messages(messages)
    except OSError as error:  # smtplib's errors are OSErrors too
        logger.warning("notice_not_sent", customer=str(customer.public_id), error=type(error).__name__)
