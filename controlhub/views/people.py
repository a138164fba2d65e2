"""Automatic licences and directory synchronisation."""

from collections.abc import Callable
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render

from controlhub.forms.users import AutomaticForm, DirectoryForm
from controlhub.queries.jobs import jobs_about
from controlhub.queries.people import automatic_choices, people_settings
from controlhub.services.directory import set_automatic_package, set_directory
from controlhub.services.organization_pushes import Section
from controlhub.views.form_errors import show_refusal
from tenancy.access import CustomerView
from tenancy.errors import DomainError
from tenancy.policy import Control, Level


class PeopleSetting(CustomerView):
    """One switch with one choice."""

    template: ClassVar[str]
    saved: ClassVar[str]
    told: ClassVar[Section]

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        return self._page(request, self.form(None))

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        form = self.form(request.POST)
        if form.is_valid():
            try:
                self.save()(customer=self.customer, by=self.actor, **form.cleaned_data)
            except DomainError as error:
                show_refusal(form, error)
            else:
                messages.success(request, self.saved)
                return HttpResponseRedirect(request.path)
        return self._page(request, form, status=422)

    def form(self, data: Any) -> forms.Form:
        raise NotImplementedError

    def save(self) -> Callable[..., None]:
        """The service that keeps the choice."""
        raise NotImplementedError

    @property
    def locked(self) -> bool:
        return self.level(self.control) < Level.EDIT

    def _page(self, request: HttpRequest, form: forms.Form, *, status: int = 200) -> HttpResponse:
        context = {
            "form": form,
            "settings": people_settings(self.customer),
            "may_save": not self.locked,
            "jobs": jobs_about(self.customer, steps=[self.told]),
        }
        return render(request, self.template, context, status=status)


class AutomaticLicences(PeopleSetting):
    """Which package a new user gets when nobody chooses one."""

    control = Control.USERS_AUTO_LICENCE
    template = "controlhub/users/automatic.html"
    saved = "Automatic licence assignment is saved."
    told = Section.AUTOMATIC_LICENCES

    def form(self, data: Any) -> forms.Form:
        initial = {"package": people_settings(self.customer).auto_package}
        return AutomaticForm(data, initial=initial, packages=automatic_choices(self.customer), locked=self.locked)

    def save(self) -> Callable[..., None]:
        return set_automatic_package


class DirectorySync(PeopleSetting):
    """Which directory owns names and addresses."""

    control = Control.USERS_DIRECTORY_SYNC
    template = "controlhub/users/directory.html"
    saved = "Directory synchronization is saved."
    told = Section.DIRECTORY

    def form(self, data: Any) -> forms.Form:
        initial = {"directory": people_settings(self.customer).directory}
        return DirectoryForm(data, initial=initial, locked=self.locked)

    def save(self) -> Callable[..., None]:
        return set_directory
