"""The account page: who this organisation is, what it bought, who serves it."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from controlhub.forms.account import CompanyNameForm
from controlhub.queries.jobs import jobs_about
from controlhub.queries.overview import recent_launches
from controlhub.queries.packages import package_meters
from controlhub.services.account import rename_company
from controlhub.services.organization_pushes import Section
from tenancy.access import CustomerView
from tenancy.errors import DomainError, Forbidden
from tenancy.opaque_ids import opaque_id
from tenancy.places import COUNTRY_NAMES, data_region_for
from tenancy.policy import Control, Level


class AccountPage(CustomerView):
    """What both URLs of the page show."""

    def page(self, request: HttpRequest, form: CompanyNameForm, *, status: int = 200) -> HttpResponse:
        """The whole page around the company name's form."""
        context = {
            "form": form,
            "jobs": jobs_about(self.customer, steps=[Section.NAME]),
            "organisation_id": opaque_id("ORGANIZATION", self.customer.org_id),
            "country_name": COUNTRY_NAMES.get(self.customer.country, self.customer.country),
            "data_region": data_region_for(self.customer.country),
            "meters": package_meters(self.customer),
            "launches": recent_launches(self.customer),
        }
        return render(request, "controlhub/account.html", context, status=status)

    def form(self, data: Any = None) -> CompanyNameForm:
        """The name's form, locked for whom it is read-only."""
        locked = self.level(Control.ACCOUNT_COMPANY_NAME) < Level.EDIT
        return CompanyNameForm(data, initial={"name": self.customer.name}, locked=locked)


class Account(AccountPage):
    """The account page."""

    control = Control.ACCOUNT

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        return self.page(request, self.form())


class AccountName(AccountPage):
    """Renames the company."""

    control = Control.ACCOUNT_COMPANY_NAME
    http_method_names = ["post"]

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        form = self.form(request.POST)
        if form.is_valid():
            try:
                rename_company(customer=self.customer, name=form.cleaned_data["name"], by=self.actor)
            except Forbidden:
                raise
            except DomainError as error:
                form.add_error("name", str(error))
            else:
                messages.success(request, "The company name is saved.")
                return HttpResponseRedirect(reverse("controlhub:account", args=[self.customer.public_id]))
        return self.page(request, form, status=422)
