"""What can be changed about a user: name, number and extension, services, package."""

from dataclasses import asdict
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from controlhub.forms.users import CallerIdForm, CallingForm, EmailForm, PackageForm, ProfileForm, ServicesForm
from controlhub.models import PackageAssignment
from controlhub.queries.locations import free_numbers, only_location
from controlhub.queries.packages import ChangeEffect, effect_of_change, losses_of, package_meters, package_options
from controlhub.queries.users import included_services
from controlhub.services.administrators import floor_package
from controlhub.services.calling import change_calling_data
from controlhub.services.lifecycle import change_email
from controlhub.services.packages import assign_package, change_package, remove_package
from controlhub.services.subscribers import rename_subscriber, set_caller_id
from controlhub.services.user_services import set_services
from controlhub.views.form_errors import show_refusal
from controlhub.views.users import SubscriberView
from tenancy.errors import DomainError, Forbidden
from tenancy.policy import Control, Level


class EditView(SubscriberView):
    """A plain form about one user."""

    def edit_page(
        self, request: HttpRequest, form: forms.Form, context: dict[str, Any], *, status: int = 200
    ) -> HttpResponse:
        """The form's page; `reason_control` is the control that explains what is locked."""
        facts = {"form": form, "subscriber": self.subscriber, "may_save": self.level(self.control) is Level.EDIT}
        return render(request, "controlhub/users/edit.html", facts | context, status=status)


class UserEdit(EditView):
    """First and last name."""

    control = Control.USER_NAME

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        return self._page(request, self._form())

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        form = self._form(request.POST)
        if form.is_valid():
            try:
                rename_subscriber(subscriber=self.subscriber, by=self.actor, **form.cleaned_data)
            except DomainError as error:
                show_refusal(form, error)
            else:
                return self.done(f"The name of {self.subscriber} is saved.")
        return self._page(request, form, status=422)

    def _form(self, data: Any = None) -> ProfileForm:
        names = {"first_name": self.subscriber.first_name, "last_name": self.subscriber.last_name}
        return ProfileForm(data, initial=names, locked=self.level(self.control) < Level.EDIT)

    def _page(self, request: HttpRequest, form: ProfileForm, *, status: int = 200) -> HttpResponse:
        context = {"heading": "Edit profile", "reason_control": self.control}
        return self.edit_page(request, form, context, status=status)


class UserEmail(EditView):
    """Another address for the same person."""

    control = Control.USER_EMAIL

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        return self._page(request, self._form())

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        form = self._form(request.POST)
        if form.is_valid():
            try:
                change_email(subscriber=self.subscriber, email=form.cleaned_data["email"], by=self.actor)
            except DomainError as error:
                show_refusal(form, error)
            else:
                return self.done(f"The email of {self.subscriber} is saved.")
        return self._page(request, form, status=422)

    def _form(self, data: Any = None) -> EmailForm:
        return EmailForm(data, initial={"email": self.subscriber.email}, locked=self.level(self.control) < Level.EDIT)

    def _page(self, request: HttpRequest, form: EmailForm, *, status: int = 200) -> HttpResponse:
        context = {"heading": "Change email", "reason_control": self.control}
        return self.edit_page(request, form, context, status=status)


class UserCallerId(EditView):
    """What others see when the user calls."""

    control = Control.USER_EXTENSION

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        return self._page(request, self._form())

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        form = self._form(request.POST)
        if form.is_valid():
            values = form.cleaned_data
            try:
                set_caller_id(
                    subscriber=self.subscriber,
                    number=values["number"],
                    first_name=values["caller_id_first_name"],
                    last_name=values["caller_id_last_name"],
                    by=self.actor,
                )
            except DomainError as error:
                show_refusal(form, error)
            else:
                return self.done(f"The caller ID of {self.subscriber} is saved.")
        return self._page(request, form, status=422)

    def _form(self, data: Any = None) -> CallerIdForm:
        shown = self.subscriber.caller_id_number
        initial = {
            "number": shown.public_id if shown else "",
            "caller_id_first_name": self.subscriber.caller_id_first_name,
            "caller_id_last_name": self.subscriber.caller_id_last_name,
        }
        return CallerIdForm(data, initial=initial, numbers=self.customer.numbers.order_by("e164"))

    def _page(self, request: HttpRequest, form: CallerIdForm, *, status: int = 200) -> HttpResponse:
        context = {"heading": "Caller ID", "reason_control": self.control}
        return self.edit_page(request, form, context, status=status)


class UserCalling(EditView):
    """Primary number and extension. Each has its own control: what may not be changed is disabled and left alone."""

    control = Control.USER_EXTENSION

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        return self._page(request, self._form())

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        form = self._form(request.POST)
        if form.is_valid():
            try:
                change_calling_data(subscriber=self.subscriber, by=self.actor, **form.changed_values())
            except DomainError as error:
                show_refusal(form, error)
            else:
                return self.done("Number and extension are saved.")
        return self._page(request, form, status=422)

    def _form(self, data: Any = None) -> CallingForm:
        controls = {"number": Control.USER_PRIMARY_NUMBER, "extension": Control.USER_EXTENSION}
        held = getattr(self.subscriber, "number", None)
        return CallingForm(
            data,
            initial={"number": held.e164 if held else "", "extension": self.subscriber.extension},
            numbers=[*([held] if held else []), *free_numbers(self.subscriber.location)],
            locked=[name for name, control in controls.items() if self.level(control) < Level.EDIT],
        )

    def _page(self, request: HttpRequest, form: CallingForm, *, status: int = 200) -> HttpResponse:
        context = {"heading": "Number and extension", "reason_control": Control.USER_PRIMARY_NUMBER}
        return self.edit_page(request, form, context, status=status)


class UserServices(EditView):
    """Messaging, meetings and calling, as far as the packages bring them."""

    control = Control.USER_SERVICES

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        return self._page(request, self._form())

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        form = self._form(request.POST)
        if form.is_valid():
            try:
                set_services(subscriber=self.subscriber, by=self.actor, **form.cleaned_data)
            except DomainError as error:
                show_refusal(form, error)
            else:
                return self.done(f"The services of {self.subscriber} are saved.")
        return self._page(request, form, status=422)

    def _form(self, data: Any = None) -> ServicesForm:
        included = asdict(included_services(self.subscriber.open_assignments))  # type: ignore[attr-defined]
        return ServicesForm(
            data,
            initial={name: not getattr(self.subscriber, f"{name}_off") for name in included},
            included=[name for name, brought in included.items() if brought],
            locked=self.level(self.control) < Level.EDIT,
        )

    def _page(self, request: HttpRequest, form: ServicesForm, *, status: int = 200) -> HttpResponse:
        context = {"heading": "Edit services", "reason_control": self.control}
        return self.edit_page(request, form, context, status=status)


class UserPackage(SubscriberView):
    """Changes the package, after telling what that releases and from when it is billed."""

    control = Control.USER_PACKAGE

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        may_change = self.level(self.control) is Level.EDIT
        chosen = request.GET.dict() if may_change else {}
        form = self._form(initial=self._suggestion() | chosen)
        return self._page(request, form, self._prepare(form, chosen))

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        form = self._form(request.POST)
        effect = self._prepare(form, request.POST)
        if "preview" in request.POST:
            preview = self._form(initial=self._suggestion() | request.POST.dict())
            return self._page(request, preview, self._prepare(preview, request.POST))
        if form.is_valid():
            try:
                self._change(form.cleaned_data)
            except DomainError as error:
                show_refusal(form, error)
            else:
                return self.done(
                    f"{self.subscriber} now has {effect.after.name}." if effect else "Nothing was changed."
                )
        return self._page(request, form, effect, status=422)

    def _change(self, values: dict[str, Any]) -> None:
        calling = {name: values[name] or None for name in ("location", "number", "extension") if name in values}
        if values["package"] == self._current():
            return
        change = change_package if self._current() else assign_package
        change(subscriber=self.subscriber, package=values["package"], by=self.actor, **calling)

    def _form(self, data: Any = None, *, initial: dict[str, Any] | None = None) -> PackageForm:
        options = package_options(
            package_meters(self.customer), current=self._current(), floor=floor_package(self.subscriber)
        )
        return PackageForm(data, initial=initial, options=options, locked=self.level(self.control) < Level.EDIT)

    def _prepare(self, form: PackageForm, typed: Any) -> ChangeEffect | None:
        """Work out what the chosen package does, and ask for calling data only if it needs some."""
        chosen = typed.get("package", "")
        effect = None
        if chosen in dict(form.fields["package"].choices) and chosen != self._current():  # type: ignore[attr-defined]
            add_ons = [held.package for held in self._held() if not held.is_base]
            effect = effect_of_change(self.subscriber, current=self._current(), chosen=chosen, add_ons=add_ons)
        if effect is None or not effect.asks_calling_data:
            form.drop_calling_data()
            return effect
        locations = self.customer.locations.order_by("name")
        wanted = str(typed.get("location") or self._suggestion()["location"])
        place = next((row for row in locations if str(row.public_id) == wanted), None)
        form.ask_calling_data(locations, free_numbers(place))
        return effect

    def _suggestion(self) -> dict[str, Any]:
        place = self.subscriber.location or only_location(self.customer)
        return {
            "package": self._current(),
            "location": place.public_id if place else "",
            "extension": self.subscriber.extension,
        }

    def _held(self) -> list[PackageAssignment]:
        return self.subscriber.open_assignments  # type: ignore[attr-defined]

    def _current(self) -> str:
        return next((held.package for held in self._held() if held.is_base), "")

    def _page(
        self, request: HttpRequest, form: PackageForm, effect: ChangeEffect | None, *, status: int = 200
    ) -> HttpResponse:
        template = "controlhub/users/package.html" + ("#effect" if request.htmx else "")  # type: ignore[attr-defined]
        context = {"form": form, "subscriber": self.subscriber, "effect": effect, "current": self._current()}
        return render(request, template, context, status=status)


class UserRemovePackage(SubscriberView):
    """Takes the package away, after a page that says what goes with it."""

    control = Control.USER_PACKAGE

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        return self._page(request)

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        try:
            remove_package(subscriber=self.subscriber, by=self.actor)
        except DomainError as error:
            if isinstance(error, Forbidden):
                raise
            return self._page(request, refusal=str(error), status=422)
        return self.done(f"{self.subscriber} has no package any more.")

    def _page(self, request: HttpRequest, *, refusal: str = "", status: int = 200) -> HttpResponse:
        context = {"subscriber": self.subscriber, "refusal": refusal, "losses": losses_of(self.subscriber)}
        return render(request, "controlhub/users/remove_package.html", context, status=status)
