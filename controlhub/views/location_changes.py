"""What is decided about a location apart from its address: PSTN connection, main numbers, calling line, recording, deletion."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from controlhub.forms.fields import lock
from controlhub.forms.locations import CallingLineForm, CallingNumbersForm, CallingSetupForm, PstnForm, RecordingForm
from controlhub.queries.locations import speaking_numbers
from controlhub.services.calling_line import set_calling_line
from controlhub.services.calling_setup import enable_calling
from controlhub.services.locations import contents_of, delete_location
from controlhub.services.pstn import (
    FIELDS,
    PARTNER_ONLY,
    PstnConnection,
    change_connection,
    set_calling_numbers,
    set_location_recording,
)
from controlhub.views.form_errors import show_refusal
from controlhub.views.locations import LocationView, to_location
from tenancy.errors import DomainError, Forbidden
from tenancy.policy import Control, Level


class LocationPstn(LocationView):
    """How calls of the location leave, and what that allows."""

    control = Control.LOCATION_PSTN

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        return self._page(request, self._form())

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        form = self._form(request.POST)
        if form.is_valid():
            try:
                connection = PstnConnection(*(form.cleaned_data[name] for name in FIELDS))
                change_connection(location=self.location, connection=connection, by=self.actor)
            except DomainError as error:
                show_refusal(form, error)
            else:
                messages.success(request, f"The PSTN connection of {self.location} is saved.")
                return to_location(self.location)
        return self._page(request, form, status=422)

    def _form(self, data: Any = None) -> PstnForm:
        place = self.location
        initial = {name: getattr(place, name) for name in FIELDS}
        hidden = PARTNER_ONLY if self.level(Control.LOCATION_PSTN_LOCAL_GATEWAY) is Level.HIDDEN else frozenset()
        return PstnForm(data, initial=initial, country=place.country, hidden=hidden)

    def _page(self, request: HttpRequest, form: forms.Form, *, status: int = 200) -> HttpResponse:
        lock(form, unless=self.level(self.control) is Level.EDIT)
        context = {"form": form, "location": self.location}
        return render(request, "controlhub/locations/pstn.html", context, status=status)


class LocationCalling(LocationView):
    """Sets up calling at a location that was created without it."""

    control = Control.LOCATION_CALLING_SETUP

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        spoken = self.location.announcement_language or self.location.language
        return self._page(request, CallingSetupForm(initial={"announcement_language": spoken}))

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        form = CallingSetupForm(request.POST)
        if form.is_valid():
            try:
                enable_calling(location=self.location, by=self.actor, **form.cleaned_data)
            except DomainError as error:
                show_refusal(form, error)
            else:
                messages.success(request, f"Calling is set up at {self.location}. Connect it to the PSTN next.")
                return to_location(self.location)
        return self._page(request, form, status=422)

    def _page(self, request: HttpRequest, form: CallingSetupForm, *, status: int = 200) -> HttpResponse:
        lock(form, unless=self.level(self.control) is Level.EDIT)
        context = {"form": form, "location": self.location}
        return render(request, "controlhub/locations/calling.html", context, status=status)


class LocationMainNumber(LocationView):
    """Which numbers speak for the location."""

    control = Control.LOCATION_CALLING_SETUP

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        return self._page(request, self._form())

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        form = self._form(request.POST)
        if form.is_valid():
            try:
                set_calling_numbers(
                    location=self.location,
                    main=form.number("main_number"),
                    emergency_callback=form.number("emergency_callback_number"),
                    by=self.actor,
                )
            except DomainError as error:
                show_refusal(form, error)
            else:
                messages.success(request, f"The main numbers of {self.location} are saved.")
                return to_location(self.location)
        return self._page(request, form, status=422)

    def _form(self, data: Any = None) -> CallingNumbersForm:
        held = [self.location.main_number, self.location.emergency_callback_number]
        initial = {
            "main_number": str(held[0] or ""),
            "emergency_callback_number": str(held[1] or ""),
        }
        return CallingNumbersForm(
            data, initial=initial, numbers=[*filter(None, held), *speaking_numbers(self.location)]
        )

    def _page(self, request: HttpRequest, form: forms.Form, *, status: int = 200) -> HttpResponse:
        lock(form, unless=self.level(self.control) is Level.EDIT)
        context = {"form": form, "location": self.location}
        return render(request, "controlhub/locations/main_number.html", context, status=status)


class LocationCallingLine(LocationView):
    """What group calls of the location show, and how it reaches an outside line."""

    control = Control.LOCATION_CALLING_SETUP

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        initial = {
            "name": self.location.calling_line_name,
            "outside_digit": self.location.outside_dial_digit,
            "enforce_outside_digit": self.location.enforce_outside_dial_digit,
        }
        return self._page(request, CallingLineForm(initial=initial))

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        form = CallingLineForm(request.POST)
        if form.is_valid():
            try:
                set_calling_line(location=self.location, by=self.actor, **form.cleaned_data)
            except DomainError as error:
                show_refusal(form, error)
            else:
                messages.success(request, f"The calling line of {self.location} is saved.")
                return to_location(self.location)
        return self._page(request, form, status=422)

    def _page(self, request: HttpRequest, form: CallingLineForm, *, status: int = 200) -> HttpResponse:
        lock(form, unless=self.level(self.control) is Level.EDIT)
        context = {"form": form, "location": self.location}
        return render(request, "controlhub/locations/calling_line.html", context, status=status)


class LocationRecording(LocationView):
    """Who records the calls of the location."""

    control = Control.LOCATION_CALL_RECORDING

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        return self._page(request, RecordingForm(initial={"call_recording": self.location.call_recording}))

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        form = RecordingForm(request.POST)
        if form.is_valid():
            try:
                set_location_recording(location=self.location, by=self.actor, **form.cleaned_data)
            except DomainError as error:
                show_refusal(form, error)
            else:
                messages.success(request, f"Call recording of {self.location} is saved.")
                return to_location(self.location)
        return self._page(request, form, status=422)

    def _page(self, request: HttpRequest, form: RecordingForm, *, status: int = 200) -> HttpResponse:
        lock(form, unless=self.level(self.control) is Level.EDIT)
        context = {"form": form, "location": self.location}
        return render(request, "controlhub/locations/recording.html", context, status=status)


class LocationDelete(LocationView):
    """Deletes an empty location, after a page that says whether it is empty."""

    control = Control.LOCATIONS

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        return self._page(request)

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        try:
            delete_location(location=self.location, by=self.actor)
        except Forbidden:
            raise
        except DomainError as error:
            return self._page(request, refusal=str(error), status=422)
        messages.success(request, f"{self.location} is deleted.")
        return HttpResponseRedirect(reverse("controlhub:location-list", args=[self.customer.public_id]))

    def _page(self, request: HttpRequest, *, refusal: str = "", status: int = 200) -> HttpResponse:
        context = {"location": self.location, "contents": contents_of(self.location), "refusal": refusal}
        return render(request, "controlhub/locations/delete.html", context, status=status)
