"""Pages that change what a customer has: packages and limits, and the end of its wholesale services."""

from typing import Any

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render

from partnerhub.forms.customer_changes import CustomerPackagesForm, DeleteCustomerForm
from partnerhub.services.changing import delete_customer, update_customer
from partnerhub.views.customers import CustomerPage
from tenancy.errors import DomainError, Forbidden
from tenancy.models import Customer
from tenancy.policy import Control, Level


class CustomerChange(CustomerPage):
    """A form about one customer, on a page of its own."""

    template = ""

    def needed_level(self) -> Level:
        return Level.EDIT

    def show(self, customer: Customer, form: Form, *, status: int = 200) -> HttpResponse:
        context = {"selected": customer, "form": form, "panel_url": self.panel_url(customer)}
        return render(self.request, self.template, context, status=status)

    def refused(self, form: Form, error: DomainError) -> None:
        """Put the error beside its field, if the form has that one."""
        if isinstance(error, Forbidden):
            raise error
        form.add_error(error.field if error.field in form.fields else None, str(error))


class CustomerPackages(CustomerChange):
    """Which packages a customer may use, and how many of each (domain.md 2.8, 4.3)."""

    control = Control.PARTNER_PROVISIONING
    template = "partnerhub/customers/packages.html"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        customer = self.selected
        return self.show(customer, CustomerPackagesForm(customer=customer))

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        customer = self.selected
        form = CustomerPackagesForm(request.POST, customer=customer)
        if form.is_valid():
            chosen = form.cleaned_data["packages"]
            try:
                update_customer(customer=customer, packages=chosen, limits=chosen, by=self.actor)
            except DomainError as error:
                self.refused(form, error)
            else:
                messages.success(request, f"Packages of {customer.name} saved.")
                return HttpResponseRedirect(self.panel_url(customer))
        return self.show(customer, form, status=422)


class CustomerDelete(CustomerChange):
    """The end of the wholesale services; the organization and its people stay in Webex (domain.md 2.8)."""

    control = Control.PARTNER_CUSTOMER_CREATE
    template = "partnerhub/customers/delete.html"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        customer = self.selected
        return self.show(customer, DeleteCustomerForm(customer=customer))

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        customer = self.selected
        form = DeleteCustomerForm(request.POST, customer=customer)
        if form.is_valid():
            try:
                delete_customer(customer=customer, by=self.actor)
            except DomainError as error:
                self.refused(form, error)
            else:
                messages.success(request, f"{customer.name} is being deleted. Its usage has ended.")
                return HttpResponseRedirect(self.list_url())
        return self.show(customer, form, status=422)
