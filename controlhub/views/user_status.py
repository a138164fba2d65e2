"""A user deactivated, active again, invited once more, asked for consent again, deleted; and the users that were deleted."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from controlhub.models import Subscriber
from controlhub.queries.packages import losses_of
from controlhub.queries.users import DELETED_ORDER, deleted_users_of, events_about, package_history
from controlhub.services.administrators import roles_held
from controlhub.services.consents import pending_request, resend_consent
from controlhub.services.lifecycle import (
    delete_subscriber,
    reactivate_subscriber,
    resend_invitation,
    suspend_subscriber,
)
from controlhub.services.mailing import let_mail_through
from controlhub.services.seats import package_name
from controlhub.views.users import SubscriberView, user_tabs
from tenancy.access import CustomerView
from tenancy.errors import DomainError, Forbidden
from tenancy.mail import MailNotStopped
from tenancy.paging import cursors, page_of
from tenancy.policy import Control

SWITCHES = {"suspend": suspend_subscriber, "reactivate": reactivate_subscriber}


class UserStatus(SubscriberView):
    """Deactivates or reactivates, after a page that says what that does."""

    control = Control.USER_STATUS

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        return self._page(request)

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        switch = SWITCHES.get(request.POST.get("action", ""))
        if switch is None:
            return self._page(request, refusal="Choose whether to deactivate or to reactivate.", status=422)
        try:
            switch(subscriber=self.subscriber, by=self.actor)
        except Forbidden:
            raise
        except DomainError as error:
            return self._page(request, refusal=str(error), status=422)
        return self.done(f"{self.subscriber} is {self.subscriber.get_status_display().lower()} now.")

    def _page(self, request: HttpRequest, *, refusal: str = "", status: int = 200) -> HttpResponse:
        context = {"subscriber": self.subscriber, "refusal": refusal}
        return render(request, "controlhub/users/status.html", context, status=status)


class UserResend(SubscriberView):
    """Sends the invitation again, or the mail that asks for consent."""

    control = Control.USER_STATUS

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        waiting = self.subscriber.status == Subscriber.Status.PENDING_USER_MIGRATION
        try:
            (resend_consent if waiting else resend_invitation)(subscriber=self.subscriber, by=self.actor)
        except Forbidden:
            raise
        except DomainError as error:
            messages.error(request, str(error))
            return HttpResponseRedirect(self.user_url())
        messages.success(request, f"A mail to {self.subscriber.email} is on its way.")
        if request.POST.get("next") == "board":
            return HttpResponseRedirect(reverse("controlhub:consent-list", args=[self.customer.public_id]))
        return HttpResponseRedirect(self.user_url())


class UserMail(SubscriberView):
    """Lets mails to a user through again."""

    control = Control.USER_STATUS

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        try:
            let_mail_through(customer=self.customer, owner=self.subscriber, by=self.actor)
        except MailNotStopped as error:
            messages.info(request, str(error))
            return HttpResponseRedirect(self.user_url())
        return self.done(f"Mails to {self.subscriber.email} are sent again. Resend what was not sent.")


class UserDelete(SubscriberView):
    """Deletes a user, after a page that names everything that goes."""

    control = Control.USER_STATUS

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        return self._page(request)

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        if request.POST.get("confirm") != "yes":
            return self._page(request, refusal="Tick the box to delete the user.", status=422)
        try:
            delete_subscriber(subscriber=self.subscriber, by=self.actor)
        except Forbidden:
            raise
        except DomainError as error:
            return self._page(request, refusal=str(error), status=422)
        messages.success(request, f"{self.subscriber} is deleted. History and billing stay.")
        return HttpResponseRedirect(reverse("controlhub:user-list", args=[self.customer.public_id]))

    def _page(self, request: HttpRequest, *, refusal: str = "", status: int = 200) -> HttpResponse:
        waiting = pending_request(self.subscriber)
        context = {
            "subscriber": self.subscriber,
            "roles": roles_held(self.subscriber),
            "losses": losses_of(self.subscriber),
            "kept_package": package_name(waiting.package) if waiting else "",
            "refusal": refusal,
        }
        return render(request, "controlhub/users/delete.html", context, status=status)


class DeletedUsers(CustomerView):
    """Users that were deleted, the newest first."""

    control = Control.USERS

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        search = request.GET.get("q", "")[:100]
        page = page_of(deleted_users_of(self.customer, search=search), order=DELETED_ORDER, **cursors(request.GET))
        context = {"page": page, "q": search, "tabs": user_tabs(self.customer, "user-deleted-list")}
        template = "controlhub/users/deleted.html" + ("#table" if request.htmx else "")  # type: ignore[attr-defined]
        return render(request, template, context)


class DeletedUser(CustomerView):
    """What is left of a deleted user: packages with their times, and who changed what."""

    control = Control.USERS

    def get(self, request: HttpRequest, subscriber: Any, **kwargs: Any) -> HttpResponse:
        gone = get_object_or_404(deleted_users_of(self.customer), public_id=subscriber)
        gone.customer = self.customer
        context = {"subscriber": gone, "history": package_history(gone), "events": events_about(gone)}
        return render(request, "controlhub/users/deleted_user.html", context)
