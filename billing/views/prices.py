"""The price book: every item with its price and history, changes from a day on, CSV out and in."""

from datetime import date
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from billing.errors import PricesNotImported
from billing.forms.prices import EndPriceForm, PriceFileForm, PriceForm
from billing.items import ITEMS
from billing.models import PriceBookEntry
from billing.queries import clock
from billing.queries.prices import CSV_HEADER, csv_rows, currency_of, entries_of, price_list, prices_of
from billing.services.prices import add_price, end_price, import_prices, remove_price
from tenancy.access import PartnerView
from tenancy.csv_export import csv_response
from tenancy.errors import DomainError
from tenancy.policy import Control, Level


class PricePage(PartnerView):
    """What the pages of the price book share."""

    control = Control.PARTNER_PRICES

    def list_url(self) -> str:
        return reverse("billing:price-list", args=[self.partner.public_id])

    def item_url(self, item: str) -> str:
        return reverse("billing:price-item", args=[self.partner.public_id, item])

    def list_context(self, today: date) -> dict[str, Any]:
        rows = price_list(self.partner, today=today)
        return {
            "rows": rows,
            "currency": currency_of(self.partner),
            "is_empty": not any(row.entries for row in rows),
        }


class PriceForms(PricePage):
    """Only for those who may change prices: there is nothing on a form to read."""

    def needed_level(self) -> Level:
        return Level.EDIT


class PriceList(PricePage):
    """Every item: what it costs today, and what comes next."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        return render(request, "billing/prices/list.html", self.list_context(clock.today()))


class PriceItem(PricePage):
    """The list with one item's history beside it."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        if kwargs["item"] not in ITEMS:
            raise Http404
        today = clock.today()
        selected = prices_of(self.partner, ITEMS[kwargs["item"]], today=today)
        context = {"selected": selected, "currency": currency_of(self.partner), "list_url": self.list_url()}
        if request.htmx.target == "panel":  # type: ignore[attr-defined]
            return render(request, "billing/prices/list.html#panel", context)
        return render(request, "billing/prices/list.html", self.list_context(today) | context)


class PriceAdd(PriceForms):
    """A price from a day on."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        item = request.GET.get("item", "")
        return self._show(request, PriceForm(initial={"item": item if item in ITEMS else ""}))

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        form = PriceForm(request.POST)
        if form.is_valid():
            try:
                entry = add_price(partner=self.partner, new=form.new_price(), by=self.actor)
            except DomainError as error:
                form.add_error(error.field if error.field in form.fields else None, str(error))
            else:
                messages.success(request, f"{entry.what.name} costs {entry.price} from {entry.valid_from:%F}.")
                return HttpResponseRedirect(self.item_url(entry.item))
        return self._show(request, form, status=422)

    def _show(self, request: HttpRequest, form: PriceForm, *, status: int = 200) -> HttpResponse:
        context = {"form": form, "currency": currency_of(self.partner), "list_url": self.list_url()}
        return render(request, "billing/prices/add.html", context, status=status)


class PriceEntryForms(PriceForms):
    """Base of what changes one price: the partner's own, or 404."""

    entry: PriceBookEntry

    def load(self, **kwargs: Any) -> None:
        super().load(**kwargs)
        if self.level(self.control) >= Level.READ_ONLY:
            self.entry = get_object_or_404(entries_of(self.partner), public_id=kwargs["price"])


class PriceEnd(PriceEntryForms):
    """Let a price end without another one."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        return self._show(request, EndPriceForm(initial={"valid_until": self.entry.valid_until}))

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        form = EndPriceForm(request.POST)
        if form.is_valid():
            try:
                end_price(entry=self.entry, valid_until=form.cleaned_data["valid_until"], by=self.actor)
            except DomainError as error:
                form.add_error("valid_until", str(error))
            else:
                messages.success(request, f"{self.entry.what.name} has no price from {self.entry.valid_until:%F}.")
                return HttpResponseRedirect(self.item_url(self.entry.item))
        return self._show(request, form, status=422)

    def _show(self, request: HttpRequest, form: EndPriceForm, *, status: int = 200) -> HttpResponse:
        context = {"form": form, "entry": self.entry, "item_url": self.item_url(self.entry.item)}
        return render(request, "billing/prices/end.html", context, status=status)


class PriceRemove(PriceEntryForms):
    """POST only: take back a price that nobody has been invoiced."""

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        try:
            remove_price(entry=self.entry, by=self.actor)
        except DomainError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, f"{self.entry} was removed.")
        return HttpResponseRedirect(self.item_url(self.entry.item))


class PriceExport(PricePage):
    """The whole book with its history."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        return csv_response("price-book.csv", CSV_HEADER, csv_rows(self.partner))


class PriceImport(PriceForms):
    """A file of prices: all of it, or nothing and a reason for each wrong line."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        return self._show(request, PriceFileForm(currency=currency_of(self.partner)))

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        form = PriceFileForm(request.POST, request.FILES, currency=currency_of(self.partner))
        if form.is_valid():
            try:
                added = import_prices(partner=self.partner, rows=form.rows, by=self.actor)
            except PricesNotImported as error:
                form.bad_lines = error.lines
                form.add_error("file", "Nothing was imported: some lines are wrong.")
            else:
                messages.success(request, f"{added} of {len(form.rows)} prices were new and are in the book now.")
                return HttpResponseRedirect(self.list_url())
        return self._show(request, form, status=422)

    def _show(self, request: HttpRequest, form: PriceFileForm, *, status: int = 200) -> HttpResponse:
        context = {"form": form, "currency": form.currency, "list_url": self.list_url()}
        return render(request, "billing/prices/import.html", context, status=status)
