"""The margin: what the partner asks of its customers less what it pays, by package and by customer; and the prices it asks."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from billing import months
from billing.forms.margins import CustomerPriceForm, MarginForm
from billing.forms.prices import EndPriceForm
from billing.items import ITEMS
from billing.models import CustomerPrice
from billing.queries import clock, margins
from billing.queries.margins import MonthMargin
from billing.queries.prices import currency_of
from billing.queries.usage import last_closed_day
from billing.services.customer_prices import add_customer_price, end_customer_price, remove_customer_price
from billing.views.paging import FilteredPage
from tenancy.csv_export import csv_response
from tenancy.errors import DomainError
from tenancy.packages import PACKAGE_CHOICES
from tenancy.paging import cursors, page_of
from tenancy.policy import Control, Level


class MarginPage(FilteredPage):
    """What these pages share."""

    control = Control.PARTNER_MARGIN

    def price_list_url(self) -> str:
        return reverse("billing:customer-price-list", args=[self.partner.public_id])

    def asked(self) -> tuple[MarginForm, MonthMargin]:
        """The month that is asked for, or the latest one with a closed day."""
        closed = last_closed_day(self.partner)
        latest = months.first_of(closed or clock.today())
        form = MarginForm({"month": f"{latest:%Y-%m}"} | self.request.GET.dict())
        month = form.cleaned_data.get("month") if form.is_valid() else None
        return form, MonthMargin(self.partner, month or latest, closed=closed)


class MarginOverview(MarginPage):
    """One month: each package over all customers, and the customers page by page."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        form, month = self.asked()
        search = form.cleaned_data.get("q", "")
        page = page_of(month.customers(search=search), order=margins.CUSTOMER_ORDER, **cursors(request.GET))
        partial = self.partial("customers", "customers")
        if not partial:
            month.load(page.items)
        context = self.paged(page, form.fields) | {
            "form": form,
            "month": month,
            "rows": self._customer_rows(month, page.items),
            "currency": currency_of(self.partner),
            "export_url": reverse("billing:margin-export", args=[self.partner.public_id]),
        }
        if not partial:
            context |= self._packages(month)
        return render(request, "billing/margins/overview.html" + partial, context, status=422 if form.errors else 200)

    def _packages(self, month: MonthMargin) -> dict[str, Any]:
        by_package = month.by_package()
        packages = [(ITEMS[item].name, margin) for item, margin in by_package.items()]
        return {"packages": packages, "total": margins.total_of(by_package.values()), "has_prices": bool(month.asked)}

    def _customer_rows(self, month: MonthMargin, customers: list[Any]) -> list[dict[str, Any]]:
        found = month.by_customer(customers)
        return [
            {
                "customer": customer,
                "total": margins.total_of(found[customer.pk].values()),
                "packages": [(ITEMS[item].name, margin) for item, margin in found[customer.pk].items()],
            }
            for customer in customers
        ]


class MarginExport(MarginPage):
    """Every customer and package of a month."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        _, month = self.asked()
        rows = margins.csv_rows(month, currency_of(self.partner))
        return csv_response(f"margin-{month.month:%Y-%m}.csv", margins.CSV_HEADER, rows)


class CustomerPriceList(MarginPage):
    """Every price that the partner asks, the latest first."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        item, search = request.GET.get("item", ""), request.GET.get("q", "")
        rows = margins.customer_price_list(self.partner, item=item if item in ITEMS else "", search=search)
        page = page_of(rows, order=margins.PRICE_ORDER, **cursors(request.GET))
        context = self.paged(page, ("item", "q")) | {
            "q": search,
            "item": item,
            "packages": PACKAGE_CHOICES,
            "today": clock.today(),
            "currency": currency_of(self.partner),
        }
        return render(request, "billing/margins/prices.html" + self.partial("prices", "table"), context)


class CustomerPriceForms(MarginPage):
    """Only for those who may change prices: there is nothing on a form to read."""

    def needed_level(self) -> Level:
        return Level.EDIT


class CustomerPriceAdd(CustomerPriceForms):
    """A price from a day on."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        asked = {name: request.GET[name] for name in ("item", "customer") if name in request.GET}
        return self._show(request, CustomerPriceForm(partner=self.partner, initial=asked))

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        form = CustomerPriceForm(request.POST, partner=self.partner)
        if form.is_valid():
            try:
                price = add_customer_price(partner=self.partner, new=form.new_price(), by=self.actor)
            except DomainError as error:
                form.add_error(error.field if error.field in form.fields else None, str(error))
            else:
                messages.success(request, f"{ITEMS[price.item].name}: {price.price} from {price.valid_from:%F}.")
                return HttpResponseRedirect(self.price_list_url())
        return self._show(request, form, status=422)

    def _show(self, request: HttpRequest, form: CustomerPriceForm, *, status: int = 200) -> HttpResponse:
        context = {"form": form, "currency": currency_of(self.partner), "list_url": self.price_list_url()}
        return render(request, "billing/margins/add.html", context, status=status)


class CustomerPriceDeed(CustomerPriceForms):
    """Base of what changes one price: the partner's own, or 404."""

    price: CustomerPrice

    def load(self, **kwargs: Any) -> None:
        super().load(**kwargs)
        if self.level(self.control) >= Level.READ_ONLY:
            rows = margins.customer_price_list(self.partner)
            self.price = get_object_or_404(rows, public_id=kwargs["customer_price"])


class CustomerPriceEnd(CustomerPriceDeed):
    """Let a price end without another one."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        return self._show(request, EndPriceForm(initial={"valid_until": self.price.valid_until}))

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        form = EndPriceForm(request.POST)
        if form.is_valid():
            try:
                end_customer_price(price=self.price, valid_until=form.cleaned_data["valid_until"], by=self.actor)
            except DomainError as error:
                form.add_error("valid_until", str(error))
            else:
                messages.success(
                    request, f"{ITEMS[self.price.item].name} has no price from {self.price.valid_until:%F}."
                )
                return HttpResponseRedirect(self.price_list_url())
        return self._show(request, form, status=422)

    def _show(self, request: HttpRequest, form: EndPriceForm, *, status: int = 200) -> HttpResponse:
        context = {"form": form, "price": self.price, "item": ITEMS[self.price.item], "list_url": self.price_list_url()}
        return render(request, "billing/margins/end.html", context, status=status)


class CustomerPriceRemove(CustomerPriceDeed):
    """POST only: take back a price."""

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        try:
            remove_customer_price(price=self.price, by=self.actor)
        except DomainError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, f"{self.price} was removed.")
        return HttpResponseRedirect(self.price_list_url())
