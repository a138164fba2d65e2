"""The number inventory: list, export, adding numbers."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from controlhub.forms.numbers import NumberFilter, NumbersForm
from controlhub.queries.locations import location_choices
from controlhub.queries.numbers import ORDER, numbers_of
from controlhub.services.number_lists import NumberErrors
from controlhub.services.numbers import add_numbers
from tenancy.access import CustomerView
from tenancy.csv_export import csv_response
from tenancy.errors import DomainError, Forbidden
from tenancy.paging import cursors, page_of
from tenancy.policy import Control

EXPORT_HEADER = ("Phone number", "State", "Type", "Location", "Owner type", "Owner")


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


class NumberAdd(CustomerView):
    """Puts pasted numbers and ranges into a location's inventory: all of them, or none and what is wrong by line."""

    control = Control.NUMBERS_MANAGE

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        return self._page(request, self._form(initial={"location": request.GET.get("location")}))

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        form = self._form(request.POST)
        if form.is_valid() and (added := self._add(form)):
            messages.success(request, f"{added} number{'s' if added > 1 else ''} added.")
            return HttpResponseRedirect(reverse("controlhub:number-list", args=[self.customer.public_id]))
        return self._page(request, form, status=422)

    def _form(self, *args: Any, **kwargs: Any) -> NumbersForm:
        return NumbersForm(*args, locations=self.customer.locations.order_by("name"), **kwargs)

    def _add(self, form: NumbersForm) -> int:
        values = form.cleaned_data
        try:
            added = add_numbers(
                location=values["location"],
                numbers=values["numbers"],
                kind=values["kind"],
                active=values["active"],
                by=self.actor,
            )
            return len(added)
        except Forbidden:
            raise
        except NumberErrors as error:
            for line in error.errors:
                form.add_error("numbers", f"Line {line.line}{f', {line.text}' if line.text else ''}: {line.message}")
        except DomainError as error:
            form.add_error(error.field if error.field in form.fields else None, str(error))
        return 0

    def _page(self, request: HttpRequest, form: NumbersForm, *, status: int = 200) -> HttpResponse:
        return render(request, "controlhub/numbers/add.html", {"form": form}, status=status)
