"""Mails that jobs send: invitations of administrators, and the question to the owner of a free account."""

from collections.abc import Sequence

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.urls import reverse

from controlhub.models import ConsentRequest
from controlhub.queries.organization import mail_language, organization_settings
from controlhub.services.consents import LINK_DAYS, link_token
from controlhub.services.seats import package_name
from provisioning.errors import RetryableError
from provisioning.registry import Result
from tenancy.mail import Letter, MailUnavailable, send
from tenancy.mail_texts import role_names
from tenancy.models import AdminUser, Customer
from tenancy.policy import Role

SUPPRESSED: Result = {"sent": False, "why": "The organization suppresses invitations of administrators."}
STOPPED = "Mails to this address are stopped."


def send_invitation(*, customer: Customer, admin: AdminUser, roles: Sequence[Role] = ()) -> Result:
    """Send an administrator the way in, unless the customer suppresses that; with `roles`, say what he may do.

    A link to set a password, or to sign in for somebody who has one. Raises RetryableError.
    """
    if organization_settings(customer).suppress_admin_invite_email:
        return SUPPRESSED
    partner, language = customer.partner, mail_language(customer)
    contact = (partner.name, partner.support_email, partner.support_phone)
    words = {
        "customer": customer.name,
        "partner": partner.name,
        "roles": role_names(language, roles),
        "contact": ", ".join(part for part in contact if part),
        "url": way_in(admin),
        "days": settings.PASSWORD_RESET_TIMEOUT // 86_400,
    }
    then = ["sign_in" if admin.has_usable_password() else "set_password"]
    return send_letter(Letter("administrator" if roles else "invitation", admin.email, language, words, customer, then))


def way_in(admin: AdminUser) -> str:
    """The link of an invitation: to set a password, or to sign in for somebody who has one."""
    if admin.has_usable_password():
        return settings.BASE_URL + reverse("account_login")
    key = default_token_generator.make_token(admin)
    path = reverse("account_reset_password_from_key", kwargs={"uidb36": user_pk_to_url_str(admin), "key": key})
    return settings.BASE_URL + path


def send_consent_mail(request: ConsentRequest) -> Result:
    """Send the link of the request's newest round: the question, or a reminder of it. Raises RetryableError."""
    customer = request.customer
    words = {
        "customer": customer.name,
        "partner": customer.partner.name,
        "email": request.subscriber.email,
        "package": package_name(request.package),
        "contact": customer.name,
        "url": settings.BASE_URL + reverse("consent", args=[link_token(request)]),
        "days": LINK_DAYS,
    }
    again = request.round > 1
    kind, then = ("consent_reminder", ["consent.body"]) if again else ("consent", [])
    return send_letter(Letter(kind, request.subscriber.email, mail_language(customer), words, customer, then))


def send_letter(letter: Letter) -> Result:
    """Send a mail in a step; raises RetryableError.

    Mail cannot be sent exactly once; a crash at the wrong moment sends it twice, never not at all.
    """
    try:
        return {"sent": True} if send(letter) else {"sent": False, "why": STOPPED}
    except MailUnavailable as error:
        raise RetryableError(str(error), code=error.code) from error
