"""Onboarding templates: the list with its details flyout, the actions in it, and both wizards."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from partnerhub.forms.templates import TemplateFilterForm
from partnerhub.models import OnboardingTemplate
from partnerhub.queries.templates import (
    LIST_ORDER,
    differences,
    history_of,
    settings_of,
    templates_of,
    uncovered,
    versions_of,
)
from partnerhub.services.templates import (
    TemplateInUse,
    create_template,
    delete_template,
    edit_template,
    restore_template,
    retire_template,
)
from partnerhub.wizards.templates import (
    BASE_VERSION,
    CREATE_TEMPLATE,
    EDIT_TEMPLATE,
    SETTINGS_PAGES,
    name_from,
    seeds_of,
    settings_from,
    version_from,
)
from tenancy.access import PartnerView
from tenancy.paging import Slice, page_of
from tenancy.policy import Control
from tenancy.wizards import SUMMARY, Answers, Progress, Typed, WizardContext, WizardView

LIST = "partnerhub/templates/list.html"


class TemplateList(PartnerView):
    """The list; with htmx only its table."""

    control = Control.PARTNER_TEMPLATES

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        partial = "#table" if request.htmx.target == "templates" else ""  # type: ignore[attr-defined]
        return render(request, LIST + partial, self.list_context())

    def list_context(self) -> dict[str, Any]:
        """Rows, filters, and the URLs that keep the filters."""
        form = TemplateFilterForm(self.request.GET)
        form.is_valid()
        filters = {name: value for name, value in form.cleaned_data.items() if value}
        rows = templates_of(
            self.partner, search=filters.get("q", ""), state=filters.get("state", OnboardingTemplate.State.ACTIVE)
        )
        page = page_of(
            rows, order=LIST_ORDER, after=self.request.GET.get("after"), before=self.request.GET.get("before")
        )
        return {
            "page": page,
            "filter": form,
            "filtered": bool(filters),
            "query": self.request.GET.urlencode(),
            "list_url": self.url("template-list") + _query(self.request.GET.dict()),
            **self.pager_urls(page, filters),
        }

    def pager_urls(self, page: Slice, filters: dict[str, str]) -> dict[str, str]:
        """Links to the neighbouring pages, or empty strings."""
        url = self.url("template-list")
        return {
            "next_url": url + _query(filters | {"after": page.next}) if page.next else "",
            "previous_url": url + _query(filters | {"before": page.previous}) if page.previous else "",
        }

    def url(self, name: str, *args: Any) -> str:
        return reverse(f"partnerhub:{name}", args=[self.partner.public_id, *args])


class TemplatePanel(TemplateList):
    """The list with one template open at the right; with htmx only the panel."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        return self.show_panel(self.template())

    def template(self) -> OnboardingTemplate:
        templates = templates_of(self.partner, state="all")
        return get_object_or_404(templates, public_id=self.kwargs["template"])

    def show_panel(self, template: OnboardingTemplate, *, error: str = "", status: int = 200) -> HttpResponse:
        """The panel alone for htmx, else the whole page."""
        only_panel = self.request.htmx.target == "panel"  # type: ignore[attr-defined]
        context = {} if only_panel else self.list_context()
        versions = list(versions_of(template))
        context |= {
            "selected": template,
            "settings": settings_of(versions[0]),
            "uncovered": uncovered(versions[0].pstn_provider, versions[0].country),
            "versions": versions,
            "history": history_of(versions),
            "error": error,
            "list_url": self.url("template-list") + _query(self.request.GET.dict()),
        }
        return render(self.request, LIST + ("#panel" if only_panel else ""), context, status=status)


class TemplateAction(TemplatePanel):
    """A button of the panel: POST only, then back to the panel."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        template = self.template()
        messages.success(request, self.act(template))
        return HttpResponseRedirect(self.url("template-panel", template.public_id))

    def act(self, template: OnboardingTemplate) -> str:
        """Call the service; returns the sentence for the toast."""
        raise NotImplementedError


class TemplateRetire(TemplateAction):
    def act(self, template: OnboardingTemplate) -> str:
        retire_template(template=template, by=self.actor)
        return f"{template.name} is retired: it is no longer offered for new customers."


class TemplateRestore(TemplateAction):
    def act(self, template: OnboardingTemplate) -> str:
        restore_template(template=template, by=self.actor)
        return f"{template.name} is offered for new customers again."


class TemplateDelete(TemplateAction):
    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        template = self.template()
        try:
            delete_template(template=template, by=self.actor)
        except TemplateInUse as error:
            return self.show_panel(self.template(), error=str(error), status=422)
        messages.success(request, f"{template.name} was deleted.")
        return HttpResponseRedirect(self.url("template-list"))


class TemplateWizard(WizardView, PartnerView):
    """What creating and editing have in common: the summary, and where to go afterwards."""

    control = Control.PARTNER_TEMPLATES
    summary_template = "partnerhub/templates/summary.html"

    def extra_context(self, progress: Progress, key: str) -> dict[str, Any]:
        if self.draft is None or key != SUMMARY or progress.first_open() != SUMMARY:
            return {}
        version = version_from(progress.answers)
        texts = {setting.name: setting for setting in settings_of(version)}
        sections = [
            {
                "title": page.title,
                "key": page.key,
                "url": reverse(self.page_url, args=[*self.url_args(), self.draft.public_id, page.key]),
                "settings": [texts[name] for name in texts if name in progress.answers[page.key]],
            }
            for page in SETTINGS_PAGES
        ]
        return {
            "sections": sections,
            "template_name": name_from(progress.answers),
            "uncovered": uncovered(version.pstn_provider, version.country),
            "country": version.country,
        }

    def panel_url(self, template: OnboardingTemplate) -> str:
        return reverse("partnerhub:template-panel", args=[self.partner.public_id, template.public_id])


class TemplateCreate(TemplateWizard):
    """Create template: product, primary settings, calling, authentication, email and calls, summary."""

    wizard = CREATE_TEMPLATE
    heading = "Create onboarding template"
    start_url = "partnerhub:template-create"
    page_url = "partnerhub:template-create-page"
    cancel_url = "partnerhub:template-list"

    def submit(self, answers: Answers) -> str:
        template = create_template(
            partner=self.partner, name=name_from(answers), settings=settings_from(answers), by=self.actor
        )
        messages.success(self.request, f"Onboarding template {template.name} was created.")
        return self.panel_url(template)


class TemplateEdit(TemplateWizard):
    """The same wizard, holding the template's settings. Handing in makes the next version."""

    wizard = EDIT_TEMPLATE
    submit_label = "Save new version"
    start_url = "partnerhub:template-edit"
    page_url = "partnerhub:template-edit-page"

    def load(self, **kwargs: Any) -> None:
        super().load(**kwargs)
        templates = templates_of(self.partner, state="all")
        self.template: OnboardingTemplate = get_object_or_404(templates, public_id=kwargs["template"])

    @property
    def heading(self) -> str:  # type: ignore[override]
        return f"Edit {self.template.name}"

    def url_args(self) -> list[Any]:
        return [self.partner.public_id, self.template.public_id]

    def cancel_link(self) -> str:
        return self.panel_url(self.template)

    def draft_kind(self) -> str:
        return f"{self.wizard.kind}:{self.template.pk}"

    def wizard_context(self) -> WizardContext:
        return WizardContext(self.partner, None, self.actor, subject=self.template)

    def seeds(self) -> Typed:
        return seeds_of(self.template, versions_of(self.template)[0])

    def extra_context(self, progress: Progress, key: str) -> dict[str, Any]:
        """On the summary also: what becomes different, and what somebody else changed in the meantime."""
        context = super().extra_context(progress, key)
        if not context:
            return context
        versions = {version.number: version for version in versions_of(self.template)}
        current, base = versions[max(versions)], versions[self._base()]
        return context | {
            "current": current,
            "changes": differences(current, version_from(progress.answers)),
            "meanwhile": differences(base, current) if base != current else None,
            "changed_meanwhile": base != current,
        }

    def submit(self, answers: Answers) -> str:
        template = edit_template(
            template=self.template,
            name=name_from(answers),
            settings=settings_from(answers),
            expected_version=self._accepted() or self._base(),
            by=self.actor,
        )
        messages.success(self.request, f"{template.name} was saved. Customers keep the version they came from.")
        return self.panel_url(template)

    def _base(self) -> int:
        """The version that was current when editing began."""
        return int(self.draft.data[BASE_VERSION]["number"][0]) if self.draft else 0

    def _accepted(self) -> int:
        """The newer version that the editor has seen and ticked to replace; 0 when nothing was ticked."""
        ticked = self.request.POST.get("replace_version", "")
        return int(ticked) if ticked.isascii() and ticked.isdigit() and len(ticked) < 10 else 0


def _query(parameters: dict[str, str]) -> str:
    return f"?{urlencode(parameters)}" if parameters else ""
