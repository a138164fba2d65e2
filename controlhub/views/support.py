"""Support access: the customer's switch, its answers to requests, and help desk's request."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from controlhub.forms.support import AccessForm, DecisionForm, RightsForm
from controlhub.queries.jobs import jobs_about
from controlhub.queries.support import open_rights, own_rights
from controlhub.services.organization_pushes import Section
from controlhub.services.support import ask_for_rights, decide, end_rights, may_ask, set_helpdesk_access
from tenancy.access import CustomerView
from tenancy.errors import DomainError, Forbidden
from tenancy.models import TemporaryRights
from tenancy.policy import Control, Level


class SupportPage(CustomerView):
    """What all addresses of the page show."""

    control = Control.ORG_SUPPORT_ACCESS

    def page(self, *, form: RightsForm | None = None, error: str = "", status: int = 200) -> HttpResponse:
        may_request = may_ask(customer=self.customer, by=self.actor)
        context = {
            "error": error,
            "jobs": jobs_about(self.customer, steps=[Section.SUPPORT_ACCESS]),
            "may_decide": self.level(self.control) is Level.EDIT and self.actor.launch is None,
            "may_request": may_request,
            "rights": open_rights(self.customer),
            "own": own_rights(self.customer, self.actor) if may_request else None,
            "form": form or RightsForm(),
        }
        return render(self.request, "controlhub/support.html", context, status=status)

    def done(self, text: str) -> HttpResponseRedirect:
        messages.success(self.request, text)
        return HttpResponseRedirect(reverse("controlhub:support", args=[self.customer.public_id]))


class Support(SupportPage):
    """The page, and the switch."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        return self.page()

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        form = AccessForm(request.POST)
        if not form.is_valid():
            return self.page(error="Choose whether support access is allowed.", status=422)
        allowed = form.cleaned_data["allowed"]
        set_helpdesk_access(customer=self.customer, allowed=allowed, by=self.actor)
        return self.done("Support access is allowed." if allowed else "Support access is forbidden.")


class SupportRequest(SupportPage):
    """Help desk asks for full rights. Reading the page is enough to ask: the service says who may."""

    reads_with_post = True
    http_method_names = ["post"]

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        if not may_ask(customer=self.customer, by=self.actor):
            raise Forbidden()
        form = RightsForm(request.POST)
        if form.is_valid():
            try:
                ask_for_rights(customer=self.customer, **form.cleaned_data, by=self.actor)
            except DomainError as error:
                form.add_error(error.field if error.field in form.fields else None, str(error))
            else:
                return self.done("The customer's administrators have been asked.")
        return self.page(form=form, status=422)


class SupportDecision(SupportPage):
    """The customer approves or refuses; either side ends what is open. The service says who may do which."""

    reads_with_post = True
    http_method_names = ["post"]
    said = {
        "approve": "The full rights are lent.",
        "refuse": "The request is refused.",
        "end": "The rights have ended.",
    }

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        rights = get_object_or_404(self.customer.temporary_rights.select_related("admin"), public_id=kwargs["rights"])
        rights.customer = self.customer
        form = DecisionForm(request.POST)
        if not form.is_valid():
            return self.page(error="Choose an answer.", status=422)
        answer = form.cleaned_data["answer"]
        try:
            self.carry_out(rights, answer)
        except Forbidden:
            raise
        except DomainError as error:
            return self.page(error=str(error), status=422)
        return self.done(self.said[answer])

    def carry_out(self, rights: TemporaryRights, answer: str) -> None:
        if answer == "end":
            end_rights(rights=rights, by=self.actor)
        else:
            decide(rights=rights, approve=answer == "approve", by=self.actor)
