"""Wizards: page specs as data over a draft row, one generic view.

Back, reload, two tabs and a second Confirm lose and double nothing: each page is stored as it was typed, the summary
validates every page again, and handing in is a conditional update in the same transaction as the one service call.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from tenancy import drafts
from tenancy.access import PortalView
from tenancy.actors import Actor
from tenancy.errors import DomainError
from tenancy.models import Customer, Partner, WizardDraft

SUMMARY = "summary"
Answers = dict[str, dict[str, Any]]


class PageForm(Protocol):
    """What a page needs of its form: a Django form, or anything that behaves like one (a grid of users)."""

    cleaned_data: dict[str, Any]

    def is_valid(self) -> bool: ...


@dataclass(frozen=True)
class WizardContext:
    """What a page's form may look at: where we are, who asks, and the valid answers of the other pages."""

    partner: Partner
    customer: Customer | None
    actor: Actor
    answers: Answers = field(default_factory=dict)


@dataclass(frozen=True)
class Page:
    """One page. `form_class(data, context=WizardContext)`; `applies(answers)` says whether it is asked at all."""

    key: str
    title: str
    form_class: Callable[..., PageForm]
    template: str
    applies: Callable[[Answers], bool] = lambda answers: True


@dataclass(frozen=True)
class Wizard:
    """A named list of pages. `kind` is stored with the draft: never rename it."""

    kind: str
    pages: tuple[Page, ...]

    def evaluate(self, draft: WizardDraft | None, context: WizardContext) -> "Progress":
        """Validate every stored page in order; each form sees the valid answers of the pages before it."""
        answers: Answers = dict(context.answers)
        forms: dict[str, PageForm] = {}
        pages = []
        for page in self.pages:
            if not page.applies(answers):
                continue
            pages.append(page)
            stored = (draft.data if draft else {}).get(page.key)
            form = page.form_class(_as_query_dict(stored), context=_with(context, answers))
            forms[page.key] = form
            if stored is not None and form.is_valid():
                answers[page.key] = form.cleaned_data
        return Progress(pages, forms, answers)


@dataclass(frozen=True)
class Progress:
    """How far a draft is: the pages that apply, their forms, and the answers that are valid."""

    pages: list[Page]
    forms: dict[str, PageForm]
    answers: Answers

    def first_open(self) -> str:
        """Key of the first page that still needs an answer, or the summary."""
        return next((page.key for page in self.pages if page.key not in self.answers), SUMMARY)

    def reachable(self) -> list[str]:
        """Keys that may be opened: everything answered, and the first page that is not."""
        keys = [page.key for page in self.pages] + [SUMMARY]
        return keys[: keys.index(self.first_open()) + 1]

    def after(self, key: str) -> str:
        """Key of the page that follows `key`."""
        keys = [page.key for page in self.pages] + [SUMMARY]
        return keys[keys.index(key) + 1] if key in keys[:-1] else SUMMARY

    def before(self, key: str) -> str | None:
        """Key of the page before `key`, or None on the first one."""
        keys = [page.key for page in self.pages] + [SUMMARY]
        return keys[keys.index(key) - 1] if keys.index(key) else None


def _as_query_dict(stored: dict[str, list[str]] | None) -> QueryDict | None:
    if stored is None:
        return None
    query = QueryDict(mutable=True)
    for name, values in stored.items():
        query.setlist(name, values)
    return query


def _with(context: WizardContext, answers: Answers) -> WizardContext:
    return WizardContext(context.partner, context.customer, context.actor, dict(answers))


class WizardView(PortalView):
    """The one view of a wizard. Mix in before PartnerView or CustomerView.

    URLs: start (no draft yet) and `<uuid:draft>/<slug:page>/`, both named in `start_url` and `page_url`.
    Subclasses set the specs below and implement `submit`.
    """

    wizard: ClassVar[Wizard]
    heading: ClassVar[str]
    submit_label: ClassVar[str] = "Submit"
    summary_template: ClassVar[str]
    start_url: ClassVar[str]
    page_url: ClassVar[str]
    cancel_url: ClassVar[str]

    def submit(self, answers: Answers) -> str:
        """Make the one service call and return the URL to go to. Raises DomainError with what is wrong."""
        raise NotImplementedError

    def prefill(self) -> Answers:
        """Answers known before the first page (the template being edited). They are what `initial` shows."""
        return {}

    def scope_key(self) -> Any:
        return (self.customer or self.partner).public_id  # type: ignore[union-attr]

    def wizard_context(self) -> WizardContext:
        partner = self.partner or self.customer.partner  # type: ignore[union-attr]
        return WizardContext(partner, self.customer, self.actor, self.prefill())

    def get(self, request: HttpRequest, draft: Any = None, page: str | None = None, **kwargs: Any) -> HttpResponse:
        """Show a page, or move on to the first one that needs an answer."""
        row = self._draft(draft)
        if row and row.submitted_at:
            return HttpResponseRedirect(row.result_url or reverse(self.cancel_url, args=[self.scope_key()]))
        progress = self.wizard.evaluate(row, self.wizard_context())
        key = page or progress.pages[0].key
        if row and key not in progress.reachable():
            return self._go(row, progress.first_open())
        return self._show(request, row, progress, key, show_errors=False)

    def post(self, request: HttpRequest, draft: Any = None, page: str | None = None, **kwargs: Any) -> HttpResponse:
        """Store the page as typed; go on when it is valid. On the summary: hand in."""
        row = self._draft(draft)
        if row and row.submitted_at:
            return HttpResponseRedirect(row.result_url)
        if page == SUMMARY and row:
            return self._hand_in(request, row)
        return self._store(request, row, page or self.wizard.pages[0].key)

    def _store(self, request: HttpRequest, row: WizardDraft | None, key: str) -> HttpResponse:
        if key not in {page.key for page in self.wizard.pages}:
            raise Http404
        row = row or self._new_draft()
        answers = {name: request.POST.getlist(name) for name in request.POST if name != "csrfmiddlewaretoken"}
        row = drafts.save_page(draft=row, page=key, answers=answers)
        progress = self.wizard.evaluate(row, self.wizard_context())
        if (key in progress.forms and key not in progress.answers) or "stay" in request.POST:
            return self._show(request, row, progress, key, show_errors="stay" not in request.POST)
        return self._go(row, progress.after(key))

    def _hand_in(self, request: HttpRequest, row: WizardDraft) -> HttpResponse:
        progress = self.wizard.evaluate(row, self.wizard_context())
        if progress.first_open() != SUMMARY:
            return self._go(row, progress.first_open())
        try:
            with transaction.atomic():
                if drafts.claim_draft(draft=row):
                    drafts.set_result(draft=row, url=self.submit(progress.answers))
        except DomainError as error:
            return self._show(request, row, progress, SUMMARY, show_errors=True, error=error)
        row.refresh_from_db()
        return HttpResponseRedirect(row.result_url)

    def _draft(self, public_id: Any) -> WizardDraft | None:
        return get_object_or_404(self._drafts(), public_id=public_id) if public_id else None

    def _drafts(self) -> Any:
        context = self.wizard_context()
        return drafts.drafts_of(by=self.actor, kind=self.wizard.kind, partner=context.partner, customer=self.customer)

    def _new_draft(self) -> WizardDraft:
        context = self.wizard_context()
        return drafts.start_draft(kind=self.wizard.kind, partner=context.partner, customer=self.customer, by=self.actor)

    def _go(self, row: WizardDraft, key: str) -> HttpResponseRedirect:
        return HttpResponseRedirect(self._url(row, key))

    def _url(self, row: WizardDraft | None, key: str) -> str:
        if row is None:
            return reverse(self.start_url, args=[self.scope_key()])
        return reverse(self.page_url, args=[self.scope_key(), row.public_id, key])

    def _show(
        self,
        request: HttpRequest,
        row: WizardDraft | None,
        progress: Progress,
        key: str,
        *,
        show_errors: bool,
        error: DomainError | None = None,
    ) -> HttpResponse:
        page = next((page for page in progress.pages if page.key == key), None)
        if page is None and key != SUMMARY:
            raise Http404
        before = progress.before(key)
        context = {
            "wizard": self,
            "draft": row,
            "progress": progress,
            "page": page,
            "form": progress.forms.get(key),
            "answers": progress.answers,
            "show_errors": show_errors,
            "error": error,
            "action_url": self._url(row, key),
            "back_url": self._url(row, before) if before else "",
            "cancel_link": reverse(self.cancel_url, args=[self.scope_key()]),
            "steps": self._steps(row, progress, key),
        } | self.extra_context(progress, key)
        template = page.template if page else self.summary_template
        return render(request, template, context, status=422 if show_errors else 200)

    def extra_context(self, progress: Progress, key: str) -> dict[str, Any]:
        """More for the template of one page."""
        return {}

    def _steps(self, row: WizardDraft | None, progress: Progress, current: str) -> list[dict[str, str]]:
        reachable = progress.reachable() if row else []
        titles = [(page.key, page.title) for page in progress.pages] + [(SUMMARY, "Summary")]
        return [
            {
                "key": key,
                "title": title,
                "state": "current" if key == current else "done" if key in progress.answers else "todo",
                "url": self._url(row, key) if key in reachable and key != current else "",
            }
            for key, title in titles
        ]
