"""How django-allauth fits in: nobody signs up by himself, everybody goes home after signing in, and mails speak his language."""

from typing import Any

import structlog
from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest
from django.utils import timezone

from controlhub.queries.organization import mail_language
from tenancy.actors import actor_from
from tenancy.mail import Letter, MailUnavailable, deliver, send
from tenancy.mail_texts import ENGLISH
from tenancy.models import AdminUser, Customer
from tenancy.sign_in import count_failure, record_sign_in, record_sign_out

logger = structlog.get_logger(__name__)


class Accounts(DefaultAccountAdapter):
    """Accounts are made by invitation only."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_login_redirect_url(self, request: HttpRequest) -> Any:
        return "/"

    def login(self, request: HttpRequest, user: AdminUser) -> None:
        super().login(request, user)
        record_sign_in(by=actor_from(request))

    def logout(self, request: HttpRequest) -> None:
        if request.user.is_authenticated:
            record_sign_out(by=actor_from(request))
        super().logout(request)

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Rate limits come before this: a throttled try is not counted."""
        count_failure(
            email=str(credentials.get("email", "")),
            ip=request.META.get("REMOTE_ADDR") or None,
            user_agent=request.headers.get("User-Agent", ""),
            now=timezone.now(),
        )

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Hand allauth's mails over to the portal's own door, so that it never writes to a stopped address."""
        try:
            self._send(template_prefix.rpartition("/")[2], template_prefix, email, context)
        except MailUnavailable as error:
            logger.warning("mail_not_sent", kind=template_prefix, error=type(error.__cause__).__name__)
            messages.error(self.request, "The mail could not be sent. Try again in a minute.")

    def _send(self, kind: str, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        if kind == "password_reset_key":
            days = settings.PASSWORD_RESET_TIMEOUT // 86_400
            words = {"email": email, "url": context["password_reset_url"], "days": days}
            send(Letter("password_reset", email, language_of_admin(context["user"]), words))
            return
        message = self.render_mail(template_prefix, email, context | {"request": self.request, "email": email})
        deliver(Letter(kind, email, ENGLISH, {}, traced=False), message.subject, str(message.body))


def language_of_admin(admin: AdminUser) -> str:
    """That of the first customer he administers; staff of a service provider reads English, as the portal's pages are."""
    customer = Customer.objects.filter(role_assignments__admin=admin).order_by("role_assignments__pk").first()
    return mail_language(customer) if customer else ENGLISH
