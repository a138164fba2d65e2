"""The number inventory: list, export, adding numbers."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from controlhub.forms.numbers import NumberFilter, NumbersForm
from controlhub.models import PhoneNumber
from controlhub.queries.locations import calling_locations, location_choices, only_location
from controlhub.queries.numbers import ORDER, numbers_of
from controlhub.services.numbers import HARMLESS, Checked, add_numbers, check_numbers
from controlhub.views.form_errors import show_refusal
from tenancy.access import CustomerView
from tenancy.csv_export import csv_response
from tenancy.errors import DomainError
from tenancy.paging import cursors, page_of
from tenancy.policy import Control

EXPORT_HEADER = ("Phone number", "State", "Type", "Location", "Owner type", "Owner")
MOST_SHOWN = 100


class NumberList(CustomerView):
    """Search, filters, pages."""

    control = Control.NUMBERS

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        narrow = NumberFilter(request.GET, locations=location_choices(self.customer))
        page = page_of(numbers_of(self.customer, **narrow.narrowed()), order=ORDER, **cursors(request.GET))
        template = "controlhub/numbers/list.html" + ("#table" if request.htmx else "")  # type: ignore[attr-defined]
        return render(request, template, {"page": page, "narrow": narrow})


class NumberExport(CustomerView):
    """What the list shows, narrowed the same way, as CSV."""

    control = Control.NUMBERS

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        narrow = NumberFilter(request.GET, locations=location_choices(self.customer))
        numbers = numbers_of(self.customer, **narrow.narrowed()).order_by(*ORDER)
        rows = (
            (
                number.e164,
                number.get_state_display(),
                number.get_kind_display(),
                number.location.name,
                number.owner_type,
                str(number.owner or ""),
            )
            for number in numbers.iterator(chunk_size=500)
        )
        return csv_response("numbers.csv", EXPORT_HEADER, rows)


@dataclass(frozen=True)
class Preview:
    """What adding a list would do: what is wrong comes first, and a page holds only so many entries."""

    rows: list[Checked]
    more: int
    new: int
    wrong: int
    kind: str

    @classmethod
    def of(cls, checked: list[Checked], *, kind: str) -> "Preview":
        """`kind`: the chosen type in words, or empty."""
        wrong = [row for row in checked if row.validity not in HARMLESS]
        rows = [*wrong, *(row for row in checked if row.validity in HARMLESS)]
        return cls(rows[:MOST_SHOWN], len(rows[MOST_SHOWN:]), sum(len(row.new) for row in rows), len(wrong), kind)


class NumberAdd(CustomerView):
    """Puts pasted numbers and ranges into a location's inventory: all of them, or none and what is wrong by line.

    "Check", and typing, show how each entry is read with the location's country; nothing is added yet.
    """

    control = Control.NUMBERS_MANAGE

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        only = only_location(self.customer)
        wanted = request.GET.get("location") or (only.public_id if only else None)
        return self._page(request, self._form(initial={"location": wanted}))

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        form = self._form(request.POST)
        checking = "check" in request.POST
        if form.is_valid():
            try:
                if not checking:
                    return self._add(form)
                return self._page(request, form, preview=self._preview(form))
            except DomainError as error:
                show_refusal(form, error)
        return self._page(request, form, status=200 if checking and request.htmx else 422)  # type: ignore[attr-defined]

    def _form(self, *args: Any, **kwargs: Any) -> NumbersForm:
        return NumbersForm(*args, locations=calling_locations(self.customer), **kwargs)

    def _preview(self, form: NumbersForm) -> Preview:
        values = form.cleaned_data
        checked = check_numbers(location=values["location"], numbers=values["numbers"])
        return Preview.of(checked, kind=PhoneNumber.Kind(values["kind"]).label if values["kind"] else "")

    def _add(self, form: NumbersForm) -> HttpResponse:
        values = form.cleaned_data
        place = values["location"]
        added = add_numbers(
            location=place, numbers=values["numbers"], kind=values["kind"], active=values["active"], by=self.actor
        )
        if added:
            messages.success(self.request, f"{len(added)} number{'s' if len(added) > 1 else ''} added.")
        else:
            messages.info(self.request, f"Nothing to add: all of these numbers are at {place} already.")
        return HttpResponseRedirect(reverse("controlhub:number-list", args=[self.customer.public_id]))

    def _page(
        self, request: HttpRequest, form: NumbersForm, *, preview: Preview | None = None, status: int = 200
    ) -> HttpResponse:
        part = "#check" if request.htmx else ""  # type: ignore[attr-defined]
        context = {"form": form, "preview": preview}
        return render(request, f"controlhub/numbers/add.html{part}", context, status=status)
