"""Help desk: search, user card, organisation card, verification code (domain.md 7.6)."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from controlhub.models import Subscriber
from controlhub.queries.organization import organization_settings
from controlhub.queries.packages import package_meters
from controlhub.services.devices import third_party_enabled
from partnerhub.forms.helpdesk import CodeForm, SearchForm
from partnerhub.queries.helpdesk import (
    administrators_to_call,
    customers_to_help,
    launchable,
    people_to_help,
    search,
    subscription_of,
    user_facts,
)
from partnerhub.services.identity import check_code, send_code
from partnerhub.services.suppression import resume_mail
from tenancy.access import PartnerView
from tenancy.errors import DomainError, Forbidden
from tenancy.mail import MailNotStopped
from tenancy.opaque_ids import opaque_id
from tenancy.policy import Control


class HelpDesk(PartnerView):
    """One search box, results in groups."""

    control = Control.PARTNER_HELPDESK

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        form = SearchForm(request.GET)
        valid = form.is_valid()
        text = form.cleaned_data["q"] if valid else ""
        found = search(self.partner, text, actor=self.actor) if text else None
        launchable_ids = {row.pk for row in found.customers if launchable(row, self.actor)} if found else set()
        context = {"form": form, "text": text, "found": found, "launchable_ids": launchable_ids}
        part = "#results" if request.htmx.target == "results" else ""  # type: ignore[attr-defined]
        return render(request, f"partnerhub/helpdesk/search.html{part}", context, status=200 if valid else 422)


class OrganizationCard(PartnerView):
    """What help desk needs to know of an organisation."""

    control = Control.PARTNER_HELPDESK

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        customers = customers_to_help(self.partner, actor=self.actor)
        customer = get_object_or_404(customers, public_id=kwargs["customer"])
        context = {
            "selected": customer,
            "organisation_id": opaque_id("ORGANIZATION", customer.org_id),
            "meters": package_meters(customer),
            "admins": administrators_to_call(customer),
            "launchable": launchable(customer, self.actor),
            "subscription": subscription_of(customer),
            "settings": organization_settings(customer),
            "third_party": third_party_enabled(customer),
        }
        return render(request, "partnerhub/helpdesk/organization.html", context)


class UserPage(PartnerView):
    """What all addresses of the user card show."""

    control = Control.PARTNER_HELPDESK

    def subscriber_or_404(self) -> Subscriber:
        people = people_to_help(self.partner, actor=self.actor).select_related("location", "number")
        return get_object_or_404(people, public_id=self.kwargs["subscriber"])

    def card(self, subscriber: Subscriber, form: CodeForm | None = None, *, error: str = "") -> HttpResponse:
        context = {
            "subscriber": subscriber,
            "person_id": opaque_id("PEOPLE", subscriber.person_id),
            "facts": user_facts(subscriber, actor=self.actor),
            "form": form or CodeForm(),
            "error": error,
        }
        status = 422 if error or (form and form.errors) else 200
        return render(self.request, "partnerhub/helpdesk/user.html", context, status=status)

    def done(self, subscriber: Subscriber, text: str) -> HttpResponseRedirect:
        messages.success(self.request, text)
        url = reverse("partnerhub:helpdesk-user", args=[self.partner.public_id, subscriber.public_id])
        return HttpResponseRedirect(url)


class UserCard(UserPage):
    """The card."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        return self.card(self.subscriber_or_404())


class SendCode(UserPage):
    """Mails a verification code. It changes nothing of the customer, so reading rights are enough."""

    reads_with_post = True
    http_method_names = ["post"]

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        subscriber = self.subscriber_or_404()
        try:
            send_code(subscriber=subscriber, by=self.actor)
        except Forbidden:
            raise
        except DomainError as error:
            return self.card(subscriber, error=str(error))
        return self.done(subscriber, f"A code was sent to {subscriber.email}.")


class ResumeMail(UserPage):
    """Takes the user's address off the mail suppression list. It changes nothing of the customer either."""

    reads_with_post = True
    http_method_names = ["post"]

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        subscriber = self.subscriber_or_404()
        try:
            resume_mail(subscriber=subscriber, by=self.actor)
        except MailNotStopped as error:
            return self.card(subscriber, error=str(error))
        return self.done(subscriber, f"Mails to {subscriber.email} are sent again.")


class CheckCode(UserPage):
    """Compares the code that the user read back."""

    reads_with_post = True
    http_method_names = ["post"]

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        subscriber, form = self.subscriber_or_404(), CodeForm(request.POST)
        if form.is_valid():
            try:
                check_code(subscriber=subscriber, code=form.cleaned_data["code"], by=self.actor)
            except Forbidden:
                raise
            except DomainError as error:
                form.add_error("code", str(error))
            else:
                return self.done(subscriber, f"{subscriber} is verified.")
        return self.card(subscriber, form)
