"""Mails that jobs send: the invitation of an administrator, and the question to the owner of a free account."""

from smtplib import SMTPException

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.core.mail import send_mail
from django.template.loader import render_to_string
from django.urls import reverse

from controlhub.models import ConsentRequest
from controlhub.services.consents import LINK_DAYS, link_token
from controlhub.services.seats import package_name
from provisioning.errors import RetryableError
from tenancy.models import AdminUser, Customer


def send_invitation(*, customer: Customer, admin: AdminUser) -> None:
    """Send the way in: a link to set a password, or to sign in for somebody who has one. Raises RetryableError.

    Mail cannot be sent exactly once; a crash at the wrong moment sends it twice, never not at all.
    """
    context = {
        "customer": customer,
        "partner": customer.partner,
        "url": way_in(admin),
        "sets_password": not admin.has_usable_password(),
        "days": settings.PASSWORD_RESET_TIMEOUT // 86_400,
    }
    # A line break in a name must not start a header of its own.
    subject = " ".join(f"Your Control Hub for {customer.name}".split())
    _send(subject, render_to_string("provisioning/mail/invitation.txt", context), admin.email)


def _send(subject: str, body: str, address: str) -> None:
    try:
        send_mail(subject, body, None, [address])
    except (SMTPException, OSError) as error:
        raise RetryableError("The mail server does not take the mail.", code="mail_unavailable") from error


def way_in(admin: AdminUser) -> str:
    """The link of an invitation: to set a password, or to sign in for somebody who has one."""
    if admin.has_usable_password():
        return settings.BASE_URL + reverse("account_login")
    key = default_token_generator.make_token(admin)
    path = reverse("account_reset_password_from_key", kwargs={"uidb36": user_pk_to_url_str(admin), "key": key})
    return settings.BASE_URL + path


def send_consent_mail(request: ConsentRequest) -> None:
    """Send the link of the request's newest round. Raises RetryableError."""
    customer = request.customer
    context = {
        "customer": customer,
        "partner": customer.partner,
        "subscriber": request.subscriber,
        "package": package_name(request.package),
        "url": settings.BASE_URL + reverse("consent", args=[link_token(request)]),
        "days": LINK_DAYS,
    }
    # A line break in a name must not start a header of its own.
    subject = " ".join(f"{customer.name} wants to move your Webex account".split())
    _send(subject, render_to_string("controlhub/mail/consent.txt", context), request.subscriber.email)
