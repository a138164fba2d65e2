"""Locations: list, details, adding, changing and confirming one."""

from dataclasses import fields
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from controlhub.forms.locations import PARTNER_ONLY_PSTN, PSTN, LocationForm
from controlhub.forms.numbers import SearchForm
from controlhub.models import Location
from controlhub.pstn import connection_of
from controlhub.queries.jobs import jobs_about
from controlhub.queries.locations import ORDER, locations_of
from controlhub.services.locations import LocationFacts, confirm_location, create_location, edit_location
from controlhub.views.form_errors import show_refusal
from tenancy.access import CustomerView
from tenancy.errors import DomainError
from tenancy.paging import cursors, page_of
from tenancy.places import COUNTRY_NAMES, LOCALES
from tenancy.policy import Control, Level

FACTS = tuple(field.name for field in fields(LocationFacts) if field.name != "calling")
# Without calling there is nothing to connect.
NEEDS_CALLING = (*PSTN, "emergency_location_identifier")
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
            "jobs": jobs_about(self.customer, item=self.location.public_id),
            "country_name": COUNTRY_NAMES.get(self.location.country, self.location.country),
            "connection": connection_of(self.location),
            "workspace_count": self.customer.workspaces.filter(location=self.location, deleted_at=None).count(),
            "queue_count": self.customer.call_queues.filter(location=self.location, deleted_at=None).count(),
            "announcement_name": LANGUAGE_NAMES.get(self.location.announcement_language, ""),
            "language_name": LANGUAGE_NAMES.get(self.location.language, self.location.language),
        }
        return render(request, "controlhub/locations/detail.html", context)


class LocationFormView(CustomerView):
    """What adding and editing share: the form with what this actor may change, saving, and refusals beside fields."""

    control = Control.LOCATIONS
    template_name = "controlhub/locations/form.html"

    def form(self, data: Any = None, *, initial: dict[str, Any], hidden: tuple[str, ...] = ()) -> LocationForm:
        """The form, with the PSTN connection locked for whom it is managed."""
        locked: tuple[str, ...] = PSTN if self.level(Control.LOCATION_PSTN) < Level.EDIT else ()
        if self.level(Control.LOCATION_PSTN) is Level.HIDDEN:
            hidden = (*hidden, *PSTN)
        if self.level(self.control) < Level.EDIT:
            locked = tuple(LocationForm.base_fields)
        why = "The PSTN connection is managed by your service provider." if locked == PSTN else ""
        gateway_hidden = self.level(Control.LOCATION_PSTN_LOCAL_GATEWAY) is Level.HIDDEN
        return LocationForm(
            data,
            initial=initial,
            locked=locked,
            hidden=hidden,
            hidden_pstn=PARTNER_ONLY_PSTN if gateway_hidden else (),
            why_locked=why,
        )

    def save(self, form: LocationForm) -> Location:
        """The one service call. Raises DomainError."""
        raise NotImplementedError

    def saved(self, request: HttpRequest, form: LocationForm) -> HttpResponse:
        """Save and go to the location, or show the form again with what is wrong."""
        if form.is_valid():
            try:
                location = self.save(form)
            except DomainError as error:
                show_refusal(form, error)
            else:
                messages.success(request, f"{location} is saved.")
                return to_location(location)
        return self.page(request, form, status=422)

    def page(self, request: HttpRequest, form: LocationForm, *, status: int = 200) -> HttpResponse:
        """The form's page."""
        return render(
            request, self.template_name, {"form": form, "location": getattr(self, "location", None)}, status=status
        )


class LocationCreate(LocationFormView):
    """Adds a location. Whoever types the address confirms it."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        return self.page(request, self._form())

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        return self.saved(request, self._form(request.POST))

    def save(self, form: LocationForm) -> Location:
        return create_location(customer=self.customer, facts=LocationFacts(**form.changed_values()), by=self.actor)

    def _form(self, data: Any = None) -> LocationForm:
        calling_hidden = self.level(Control.LOCATION_CALLING_SETUP) is Level.HIDDEN
        hidden = ("calling", *NEEDS_CALLING) if calling_hidden else ()
        return self.form(data, initial=self._suggestion(), hidden=hidden)

    def _suggestion(self) -> dict[str, Any]:
        customer = self.customer
        return {"country": customer.country, "time_zone": customer.time_zone, "language": customer.language.lower()}


class LocationEdit(LocationFormView, LocationView):
    """Corrects a location. What the actor may not change stays as it is."""

    control = Control.LOCATION_DETAILS

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        return self.page(request, self._form())

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        return self.saved(request, self._form(request.POST))

    def save(self, form: LocationForm) -> Location:
        facts = LocationFacts(**self._stored() | form.changed_values())
        return edit_location(location=self.location, facts=facts, by=self.actor)

    def _form(self, data: Any = None) -> LocationForm:
        calling_hidden = self.level(Control.LOCATION_CALLING_SETUP) is Level.HIDDEN
        hidden = ["calling", "emergency_location_identifier"] if calling_hidden else ["calling"]
        if self.location.calling_enabled_at is None:
            hidden += NEEDS_CALLING
        return self.form(data, initial=self._stored(), hidden=tuple(hidden))

    def _stored(self) -> dict[str, Any]:
        return {name: getattr(self.location, name) for name in FACTS}


class LocationConfirm(LocationView):
    """Somebody vouches for the address."""

    control = Control.LOCATION_DETAILS
    http_method_names = ["post"]

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        try:
            confirm_location(location=self.location, by=self.actor)
        except DomainError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, f"The address of {self.location} is confirmed.")
        return to_location(self.location)


def to_location(location: Location) -> HttpResponseRedirect:
    """To the location's own page."""
    return HttpResponseRedirect(
        reverse("controlhub:location-detail", args=[location.customer.public_id, location.public_id])
    )
