"""The customer pages of Partner Hub: list, panel, export, restricted switch, wizard."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.timezone import now
from django_htmx.http import reswap, retarget, trigger_client_event

from controlhub.services.readiness import READY
from partnerhub.forms.customers import AddressForm, CustomerFilterForm, RestrictedModeForm
from partnerhub.queries.customers import (
    EXPORT_HEADER,
    CustomerFilter,
    CustomerPanel,
    active_templates,
    customer_of,
    customers_of,
    export_rows,
    in_progress_among,
    panel_of,
    rows_of,
    with_panel_facts,
)
from partnerhub.services.customers import ReasonMissing, create_customer, set_restricted_mode
from partnerhub.services.suspension import PartnerSuspended
from partnerhub.wizards.customers import CREATE_CUSTOMER, FIRST_PAGE, customer_info, headquarters
from tenancy.access import PartnerView, level
from tenancy.csv_export import csv_response
from tenancy.models import Customer, Partner
from tenancy.packages import PACKAGES
from tenancy.paging import Slice, cursors, page_of
from tenancy.policy import Control, Level
from tenancy.wizards import Answers, Progress, WizardView

ORDER = ("name", "id")
POLLED_ROWS = 60
FILTERS = ("q", "status", "restricted", "indirect")


class CustomerPage(PartnerView):
    """What the pages about one customer share."""

    control = Control.PARTNER_CUSTOMERS
    selected: Customer

    def load(self, **kwargs: Any) -> None:
        """A stranger's customer is 404 before anything is said about rights."""
        super().load(**kwargs)
        if "customer" in kwargs:
            customers = with_panel_facts(customer_of(self.partner, actor=self.actor))
            self.selected = get_object_or_404(customers, public_id=kwargs["customer"])

    def panel_url(self, customer: Customer) -> str:
        return reverse("partnerhub:customer-panel", args=[self.partner.public_id, customer.public_id])

    def list_url(self) -> str:
        return reverse("partnerhub:customer-list", args=[self.partner.public_id])

    def panel_context(self, customer: Customer) -> dict[str, Any]:
        panel = panel_of(customer, partner=self.partner, actor=self.actor)
        return {
            "panel": panel,
            "restricted_form": RestrictedModeForm(initial={"on": "0" if customer.restricted else "1"}),
            "may_restrict": self.level(Control.PARTNER_RESTRICTED_MODE) is Level.EDIT,
            "may_sell": level(self.actor, Control.PARTNER_PROVISIONING, customer=customer) is Level.EDIT
            and customer.status in READY,
            "may_delete": self.level(Control.PARTNER_CUSTOMER_CREATE) is Level.EDIT
            and customer.status in READY | {Customer.Status.ERROR},
            "may_order": self.level(Control.PARTNER_SETUP_ASSIST) is Level.EDIT and customer.status in READY,
            "may_set_up": level(self.actor, Control.USERS_ADD, customer=customer) is Level.EDIT,
            "close_url": self.with_filters(self.list_url()),
            "panel_poll_seconds": poll_seconds(panel),
        }

    def with_filters(self, url: str) -> str:
        """The list's filters ride along, so that closing the panel comes back to the same list."""
        kept = urlencode([(name, self.request.GET[name]) for name in FILTERS if self.request.GET.get(name)])
        return f"{url}?{kept}" if kept else url


def poll_seconds(panel: CustomerPanel) -> int:
    """How soon the panel asks again: soon while something runs, slowly while somebody may press Retry or answer, else never."""
    if panel.attachment and panel.attachment.is_waiting:
        return 10
    if panel.row.in_progress:
        return 2
    return 10 if panel.row.customer.status in (Customer.Status.PROVISIONED_WITH_ERRORS, Customer.Status.ERROR) else 0


class CustomerList(CustomerPage):
    """Search, filters, and one keyset page of customers."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        return self.show("table" if request.htmx.target == "customers" else "", {})  # type: ignore[attr-defined]

    def show(self, partial: str, more: dict[str, Any]) -> HttpResponse:
        form = CustomerFilterForm(self.request.GET)
        valid = form.is_valid()
        page = self.page(form.filters()) if valid else Slice([])
        context = self.list_context(form, page) | more
        template = "partnerhub/customers/list.html" + (f"#{partial}" if partial else "")
        return render(self.request, template, context, status=200 if valid else 422)

    def page(self, filters: CustomerFilter) -> Slice:
        customers = customers_of(self.partner, actor=self.actor, filters=filters)
        return page_of(customers, order=ORDER, **cursors(self.request.GET))

    def list_context(self, form: CustomerFilterForm, page: Slice) -> dict[str, Any]:
        rows = rows_of(page.items, partner=self.partner, actor=self.actor)
        url = self.with_filters(self.list_url())
        glue = "&" if "?" in url else "?"
        return {
            "filter_form": form,
            "rows": rows,
            "filters": url.partition("?")[2],
            "list_url": self.list_url(),
            "export_url": self.with_filters(reverse("partnerhub:customer-export", args=[self.partner.public_id])),
            "next_url": f"{url}{glue}{urlencode({'after': page.next})}" if page.next else "",
            "previous_url": f"{url}{glue}{urlencode({'before': page.previous})}" if page.previous else "",
            "polled": [row.customer.public_id for row in rows if row.in_progress],
            "is_filtered": any(self.request.GET.get(name) for name in FILTERS),
            "total": self.partner.customer_count if sees_all(self) else None,
            "may_create": self.level(Control.PARTNER_CUSTOMER_CREATE) is Level.EDIT,
            "suspended": self.partner.state == Partner.State.SUSPENDED,
            "may_include_indirect": self.partner.pk in self.actor.parent_partner_ids and not self.partner.parent_id,
        }


def sees_all(view: PartnerView) -> bool:
    """Somebody who sees only assigned customers must not learn how many there are."""
    seen = view.actor.all_customers_partner_ids | view.actor.parent_partner_ids
    return view.partner.pk in seen or view.partner.parent_id in seen


class CustomerPanelView(CustomerList):
    """The list with the right-hand panel of one customer; for htmx the panel alone."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        context = self.panel_context(self.selected)
        if request.htmx.target == "panel":  # type: ignore[attr-defined]
            return render(request, "partnerhub/customers/panel.html", context | {"in_list": True})
        return self.show("", context)

    def list_context(self, form: CustomerFilterForm, page: Slice) -> dict[str, Any]:
        shown = {str(customer.public_id) for customer in page.items}
        return super().list_context(form, page) | {"in_list": str(self.kwargs["customer"]) in shown}


class CustomerProgress(CustomerPage):
    """What the list and the panel ask every few seconds: the state of customers that were in progress."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        rows = in_progress_among(self.partner, actor=self.actor, public_ids=_uuids(request.GET.getlist("id")))
        polled = [row.customer.public_id for row in rows if row.in_progress]
        return render(request, "partnerhub/customers/progress.html", {"rows": rows, "polled": polled})


class CustomerPanelProgress(CustomerPage):
    """The same for the panel's head, buttons, packages, and the customer's row if the list shows it."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        context = self.panel_context(self.selected) | {"in_list": "in_list" in request.GET}
        return render(request, "partnerhub/customers/panel_progress.html", context)


def _uuids(texts: list[str]) -> list[UUID]:
    found = []
    for text in texts[:POLLED_ROWS]:
        try:
            found.append(UUID(text))
        except ValueError:
            continue
    return found


class CustomerExport(CustomerPage):
    """The filtered list as CSV."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        form = CustomerFilterForm(request.GET)
        if not form.is_valid():
            return HttpResponseRedirect(self.with_filters(self.list_url()))
        customers = customers_of(self.partner, actor=self.actor, filters=form.filters())
        rows = export_rows(customers, partner=self.partner, actor=self.actor)
        return csv_response(f"customers-{now():%Y-%m-%d}.csv", EXPORT_HEADER, rows)


class CustomerRestricted(CustomerPage):
    """Restricted by Partner Mode: a page of its own, and a dialog of the panel."""

    control = Control.PARTNER_RESTRICTED_MODE

    def needed_level(self) -> Level:
        return Level.EDIT

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        customer = self.selected
        return self.show(customer, RestrictedModeForm(initial={"on": "0" if customer.restricted else "1"}), 200)

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        customer = self.selected
        form = RestrictedModeForm(request.POST)
        if form.is_valid() and self.switch(customer, form):
            return self.done(customer)
        return self.show(customer, form, 422)

    def switch(self, customer: Customer, form: RestrictedModeForm) -> bool:
        data = form.cleaned_data
        try:
            set_restricted_mode(customer=customer, on=data["on"], reason=data["reason"], by=self.actor)
        except (ReasonMissing, PartnerSuspended) as error:
            form.add_error(error.field, str(error))
            return False
        return True

    def done(self, customer: Customer) -> HttpResponse:
        message = f"Restricted by Partner Mode is {'on' if customer.restricted else 'off'} for {customer.name}."
        if not self.request.htmx:  # type: ignore[attr-defined]
            messages.success(self.request, message)
            return HttpResponseRedirect(self.panel_url(customer))
        response = render(
            self.request, "partnerhub/customers/panel.html", self.panel_context(customer) | {"switched": True}
        )
        return trigger_client_event(response, "toast", {"level": "success", "message": message})

    def show(self, customer: Customer, form: RestrictedModeForm, status: int) -> HttpResponse:
        context = {"selected": customer, "restricted_form": form, "panel_url": self.panel_url(customer)}
        if not self.request.htmx:  # type: ignore[attr-defined]
            return render(self.request, "partnerhub/customers/restricted.html", context, status=status)
        response = render(self.request, "partnerhub/customers/restricted_form.html", context, status=status)
        return reswap(retarget(response, "#restricted-form"), "outerHTML")


class CustomerCreate(WizardView, PartnerView):
    """Create wholesale customer: information, packages, headquarters, summary."""

    control = Control.PARTNER_CUSTOMER_CREATE
    wizard = CREATE_CUSTOMER
    heading = "Create wholesale customer"
    submit_label = "Create customer"
    summary_template = "partnerhub/customers/create_summary.html"
    start_url = "partnerhub:customer-create"
    page_url = "partnerhub:customer-create-page"
    cancel_url = "partnerhub:customer-list"

    def submit(self, answers: Answers) -> str:
        customer = create_customer(
            partner=self.partner,
            template=answers["info"]["template"],
            info=customer_info(answers),
            packages=answers["packages"]["packages"],
            location=headquarters(answers),
            by=self.actor,
        )
        return reverse("partnerhub:customer-panel", args=[self.partner.public_id, customer.public_id])

    def extra_context(self, progress: Progress, key: str) -> dict[str, Any]:
        form = progress.forms.get(key)
        if "stay" in self.request.POST and isinstance(form, AddressForm):
            form.follow_country()
        chosen = progress.answers.get("packages", {}).get("packages", {})
        return {
            "chosen_packages": [(PACKAGES[code].name, limit) for code, limit in chosen.items()],
            "has_template": key != FIRST_PAGE or active_templates(self.partner).exists(),
            "suspended": self.partner.state == Partner.State.SUSPENDED,
        }
