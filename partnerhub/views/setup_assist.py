"""Setup Assist: order it for a location, the orders there are, and how far the team is with one."""

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from controlhub.models import SetupAssistOrder
from partnerhub.forms.setup_assist import SetupAssistFilter, SetupAssistForm
from partnerhub.queries.setup_assist import (
    EXPORT_HEADER,
    ORDER,
    export_rows,
    orders_of,
    org_id_of,
    packages_of,
    sites_of,
    steps_of,
)
from partnerhub.services.setup_assist import cancel_setup_assist, earliest_go_live, may_cancel, order_setup_assist
from partnerhub.views.customers import CustomerPage
from tenancy.access import PartnerView
from tenancy.csv_export import csv_response
from tenancy.errors import DomainError, Forbidden
from tenancy.paging import cursors, page_of
from tenancy.policy import Control, Level


class SetupAssistOrderForm(CustomerPage):
    """The form, filled in with what the portal knows. Only for those who may order: there is nothing on it to read."""

    control = Control.PARTNER_SETUP_ASSIST

    def needed_level(self) -> Level:
        return Level.EDIT

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        return self._show(self._form(initial={"contact_email": self.selected.primary_email}))

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        form = self._form(request.POST)
        if form.is_valid():
            try:
                order = order_setup_assist(customer=self.selected, request=form.request(), by=self.actor)
            except Forbidden:
                raise
            except DomainError as error:
                form.add_error(error.field if error.field in form.fields else None, str(error))
            else:
                messages.success(request, f"{order} is ordered. It is on today's usage.")
                partner = self.selected.partner.public_id
                return HttpResponseRedirect(reverse("partnerhub:setup-assist-order", args=[partner, order.public_id]))
        return self._show(form, status=422)

    def _form(self, *args: Any, **kwargs: Any) -> SetupAssistForm:
        sites = sites_of(self.selected)
        earliest = min((earliest_go_live(site.location, now=timezone.now()) for site in sites), default=None)
        return SetupAssistForm(*args, sites=sites, earliest=earliest, **kwargs)

    def _show(self, form: SetupAssistForm, *, status: int = 200) -> HttpResponse:
        context = {
            "form": form,
            "selected": self.selected,
            "panel_url": self.panel_url(self.selected),
            "packages": packages_of(self.selected),
            "org_id": org_id_of(self.selected),
        }
        return render(self.request, "partnerhub/setup_assist/create.html", context, status=status)


class SetupAssistPage(PartnerView):
    """What the pages about orders share."""

    control = Control.PARTNER_SETUP_ASSIST

    def orders(self) -> QuerySet[SetupAssistOrder]:
        form = SetupAssistFilter(self.request.GET)
        status = form.cleaned_data["status"] if form.is_valid() else ""
        return orders_of(self.partner, actor=self.actor, status=status)

    def with_filter(self, name: str, **more: str) -> str:
        kept = {"status": self.request.GET["status"]} if self.request.GET.get("status") else {}
        query = urlencode(kept | more)
        url = reverse(f"partnerhub:{name}", args=[self.partner.public_id])
        return f"{url}?{query}" if query else url


class SetupAssistList(SetupAssistPage):
    """The orders, newest first."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        page = page_of(self.orders(), order=ORDER, **cursors(request.GET))
        context = {
            "page": page,
            "filter_form": SetupAssistFilter(request.GET),
            "filtered": bool(request.GET.get("status")),
            "export_url": self.with_filter("setup-assist-export"),
            "next_url": self.with_filter("setup-assist-list", after=page.next) if page.next else "",
            "previous_url": self.with_filter("setup-assist-list", before=page.previous) if page.previous else "",
        }
        partial = "#table" if request.htmx.target == "orders" else ""  # type: ignore[attr-defined]
        return render(request, "partnerhub/setup_assist/list.html" + partial, context)


class SetupAssistExport(SetupAssistPage):
    """The list as CSV: same filter, same order, all pages."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        return csv_response("setup-assist.csv", EXPORT_HEADER, export_rows(self.orders().order_by(*ORDER)))


class SetupAssistView(PartnerView):
    """Base of what is about one order: of a customer in sight, or 404."""

    control = Control.PARTNER_SETUP_ASSIST
    order: SetupAssistOrder

    def load(self, **kwargs: Any) -> None:
        super().load(**kwargs)
        orders = orders_of(self.partner, actor=self.actor)
        self.order = get_object_or_404(orders, public_id=kwargs["setup_assist"])

    def order_url(self) -> str:
        return reverse("partnerhub:setup-assist-order", args=[self.partner.public_id, self.order.public_id])


class SetupAssistDetail(SetupAssistView):
    """One order: what was ordered, and the phases."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        context = {
            "order": self.order,
            "steps": steps_of(self.order),
            "packages": packages_of(self.order.customer),
            "org_id": org_id_of(self.order.customer),
            "cancellable": may_cancel(self.order, now=timezone.now()),
        }
        return render(request, "partnerhub/setup_assist/detail.html", context)


class SetupAssistCancel(SetupAssistView):
    """POST only: take the order back on its own day."""

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        try:
            cancel_setup_assist(order=self.order, by=self.actor)
        except Forbidden:
            raise
        except DomainError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, f"{self.order} is cancelled and not billed.")
        return HttpResponseRedirect(self.order_url())
