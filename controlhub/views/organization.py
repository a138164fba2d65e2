"""Organization settings, calling settings and the services page."""

from collections.abc import Callable
from typing import Any, ClassVar

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.functional import cached_property

from controlhub.forms.organization import (
    AssistantForm,
    AuthenticationForm,
    CallingBehaviorForm,
    CallPriorityForm,
    CallRecordingForm,
    DomainForm,
    EmailSettingsForm,
    SettingsForm,
)
from controlhub.models import OrganizationDomain, OrganizationSettings
from controlhub.queries.jobs import jobs_about
from controlhub.queries.organization import (
    assistant_is_available,
    domains_of,
    organization_settings,
    service_statuses,
    setting_events,
)
from controlhub.services.domains import add_domain, claim_domain, delete_domain, verify_domain
from controlhub.services.organization import (
    set_authentication,
    set_call_priority,
    set_call_recording,
    set_calling_behavior,
    set_email_settings,
    switch_assistant,
)
from controlhub.services.organization_pushes import Section
from controlhub.views.form_errors import show_refusal
from tenancy.access import CustomerView
from tenancy.errors import DomainError
from tenancy.policy import Control, Level

Forms = dict[str, SettingsForm]


class SettingsPage(CustomerView):
    """A page of sections, each with its own form and its own control."""

    template: ClassVar[str]
    url_name: ClassVar[str]
    told: ClassVar[tuple[Section, ...]]
    sections: ClassVar[dict[str, tuple[type[SettingsForm], Control]]]

    @cached_property
    def settings(self) -> OrganizationSettings:
        """Read once for all sections."""
        return organization_settings(self.customer)

    def form(self, section: str, data: Any = None) -> SettingsForm:
        """The form of a section, locked for whom it is not editable."""
        make, control = self.sections[section]
        row = self.settings
        initial = {name: getattr(row, name, None) for name in make.base_fields} | {"on": row.assistant}
        if make is DomainForm:
            initial = {}
        return make(data, initial=initial, prefix=section, locked=self.level(control) < Level.EDIT)

    def page(self, request: HttpRequest, changed: Forms | None = None, *, status: int = 200) -> HttpResponse:
        """The whole page; `changed` holds the form that was just refused."""
        forms: Forms = {name: self.form(name) for name in self.sections} | (changed or {})
        jobs = jobs_about(self.customer, steps=self.told)
        context = {"forms": forms, "jobs": jobs, "events": setting_events(self.customer), **self.more()}
        return render(request, self.template, context, status=status)

    def more(self) -> dict[str, Any]:
        """What the page shows besides its forms."""
        return {}

    def back(self) -> HttpResponse:
        return HttpResponseRedirect(reverse(self.url_name, args=[self.customer.public_id]))


class OrganizationPage(SettingsPage):
    """Domains, mails, sign-in, assistant."""

    template = "controlhub/organization/settings.html"
    url_name = "controlhub:settings"
    told = (Section.EMAIL, Section.AUTHENTICATION, Section.ASSISTANT, Section.DOMAINS)
    sections: ClassVar = {
        "domain": (DomainForm, Control.ORG_DOMAIN),
        "email": (EmailSettingsForm, Control.ORG_EMAIL_SETTINGS),
        "authentication": (AuthenticationForm, Control.ORG_AUTHENTICATION),
        "assistant": (AssistantForm, Control.ORG_ASSISTANT),
    }

    def more(self) -> dict[str, Any]:
        return {"domains": domains_of(self.customer), "assistant_available": assistant_is_available(self.customer)}


class CallingPage(SettingsPage):
    """Call priority, calling behavior, call recording."""

    template = "controlhub/organization/calling.html"
    url_name = "controlhub:calling-settings"
    told = (Section.CALL_PRIORITY, Section.CALLING_BEHAVIOR, Section.CALL_RECORDING)
    sections: ClassVar = {
        "priority": (CallPriorityForm, Control.CALLING_APP_PRIORITY),
        "behavior": (CallingBehaviorForm, Control.CALLING_BEHAVIOR),
        "recording": (CallRecordingForm, Control.CALLING_RECORDINGS),
    }


class OrganizationSettingsView(OrganizationPage):
    """The page of the organisation's settings."""

    control = Control.ORG_ASSISTANT

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        return self.page(request)


class CallingSettings(CallingPage):
    """The page of the calling settings."""

    control = Control.CALLING_BEHAVIOR

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        return self.page(request)


class SaveSection(SettingsPage):
    """Saves one section with one service call; a refusal shows the page again with what was typed."""

    section: ClassVar[str]
    save: ClassVar[Callable[..., Any]]
    saved: ClassVar[str]
    http_method_names = ["post"]

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        form = self.form(self.section, request.POST)
        if form.is_valid():
            try:
                type(self).save(customer=self.customer, by=self.actor, **form.cleaned_data)
            except DomainError as error:
                show_refusal(form, error)
            else:
                messages.success(request, self.saved)
                return self.back()
        return self.page(request, {self.section: form}, status=422)


class SaveEmail(SaveSection, OrganizationPage):
    control = Control.ORG_EMAIL_SETTINGS
    section, save, saved = "email", set_email_settings, "The email settings are saved."


class SaveAuthentication(SaveSection, OrganizationPage):
    control = Control.ORG_AUTHENTICATION
    section, save, saved = "authentication", set_authentication, "Authentication is saved."


class SaveAssistant(SaveSection, OrganizationPage):
    control = Control.ORG_ASSISTANT
    section, save, saved = "assistant", switch_assistant, "Webex Assistant is saved."


class DomainAdd(SaveSection, OrganizationPage):
    control = Control.ORG_DOMAIN
    section, save, saved = "domain", add_domain, "The domain is added. Verify it next."


class SavePriority(SaveSection, CallingPage):
    control = Control.CALLING_APP_PRIORITY
    section, save, saved = "priority", set_call_priority, "The call priority is saved."


class SaveBehavior(SaveSection, CallingPage):
    control = Control.CALLING_BEHAVIOR
    section, save, saved = "behavior", set_calling_behavior, "The calling behavior is saved."


class SaveRecording(SaveSection, CallingPage):
    control = Control.CALLING_RECORDINGS
    section, save, saved = "recording", set_call_recording, "Call recording is saved."


class DomainDeed(OrganizationPage):
    """Something that is done with one domain."""

    control = Control.ORG_DOMAIN
    http_method_names = ["post"]
    do: ClassVar[Callable[..., None]]
    done: ClassVar[str]
    domain: OrganizationDomain

    def load(self, **kwargs: Any) -> None:
        super().load(**kwargs)
        self.domain = get_object_or_404(domains_of(self.customer), public_id=kwargs["domain"])

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        try:
            type(self).do(customer=self.customer, domain=self.domain, by=self.actor)
        except DomainError as error:
            form = self.form("domain", {})
            form.full_clean()
            form.errors.clear()
            show_refusal(form, error)
            return self.page(request, {"domain": form}, status=422)
        messages.success(request, f"{self.domain} is {self.done}.")
        return self.back()


class DomainVerify(DomainDeed):
    do, done = verify_domain, "verified"


class DomainClaim(DomainDeed):
    do, done = claim_domain, "claimed"


class DomainDelete(DomainDeed):
    do, done = delete_domain, "deleted"


class Services(CustomerView):
    """Which services the packages bring, and the ways to move here from another system."""

    control = Control.SERVICES

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        context = {"services": service_statuses(self.customer)}
        return render(request, "controlhub/organization/services.html", context)
