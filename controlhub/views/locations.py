"""Locations: list, details, adding, changing and confirming one."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from controlhub.forms.numbers import SearchForm
from controlhub.models import Location
from controlhub.queries.locations import ORDER, locations_of
from tenancy.access import CustomerView
from tenancy.paging import cursors, page_of
from tenancy.places import COUNTRY_NAMES, LOCALES
from tenancy.policy import Control

LANGUAGE_NAMES = {code.lower(): name for code, name in LOCALES}


class LocationList(CustomerView):
    """Search and pages."""

    control = Control.LOCATIONS

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        search = SearchForm(request.GET)
        page = page_of(locations_of(self.customer, search=search.words()), order=ORDER, **cursors(request.GET))
        template = "controlhub/locations/list.html" + ("#table" if request.htmx else "")  # type: ignore[attr-defined]
        return render(request, template, {"page": page, "search": search.words()})


class LocationView(CustomerView):
    """A page about one location of the customer: `self.location`."""

    location: Location

    def load(self, **kwargs: Any) -> None:
        super().load(**kwargs)
        self.location = get_object_or_404(locations_of(self.customer), public_id=kwargs["location"])


class LocationDetail(LocationView):
    """Address, calling set-up, what it holds."""

    control = Control.LOCATIONS

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        context = {
            "location": self.location,
            "country_name": COUNTRY_NAMES.get(self.location.country, self.location.country),
            "language_name": LANGUAGE_NAMES.get(self.location.language, self.location.language),
        }
        return render(request, "controlhub/locations/detail.html", context)
