"""Wizards: page specs as data over a draft row, one generic view.

Back, reload, two tabs and a second Confirm lose and double nothing: opening a wizard makes a draft and goes to its URL,
each page is stored as it was typed (also by Back and by the step list), the summary validates every page again, and
handing in happens under the draft's lock, in the same transaction as the one service call.

How to use it: forms take `(data, *, context: WizardContext)`; page templates hold one
`<c-wizard-frame :steps="steps" action="{{ action_url }}" :back="back" cancel-url="{{ cancel_link }}">`; the summary
template shows `error` (a DomainError about no field of a page; one with a `field` appears beside that field, on its
page), reads `answers.<page key>.<field>` and links each section to `page_urls.<page key>`. A posted `stay` stores the page
and shows it again without complaint (a country changed, a row is added).
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Protocol

from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from tenancy import drafts
from tenancy.access import PortalView
from tenancy.actors import Actor
from tenancy.errors import DomainError, Forbidden
from tenancy.models import Customer, Partner, WizardDraft
from tenancy.policy import Level

SUMMARY = "summary"
STEERING = frozenset({"csrfmiddlewaretoken", "back", "go", "stay"})
Answers = dict[str, dict[str, Any]]
Typed = dict[str, dict[str, list[str]]]


class PageForm(Protocol):
    """What a page needs of its form: a Django form, or anything that behaves like one (a grid of users)."""

    cleaned_data: dict[str, Any]

    def is_valid(self) -> bool: ...

    def add_error(self, field: str | None, error: Any) -> None: ...


@dataclass(frozen=True)
class WizardContext:
    """What a page's form may look at: where we are, who asks, the object being edited (if any), and the valid answers
    of the pages before it.
    """

    partner: Partner
    customer: Customer | None
    actor: Actor
    answers: Answers = field(default_factory=dict)
    subject: Any = None


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

    def evaluate(self, typed: Typed, context: WizardContext) -> "Progress":
        """Validate every stored page in order; each form sees the valid answers of the pages before it."""
        answers: Answers = {}
        forms: dict[str, PageForm] = {}
        pages = []
        for page in self.pages:
            if not page.applies(answers):
                continue
            pages.append(page)
            stored = typed.get(page.key)
            form = page.form_class(_as_query_dict(stored), context=_with(context, answers))
            forms[page.key] = form
            if stored is not None and form.is_valid():
                answers[page.key] = form.cleaned_data
        return Progress(pages, forms, answers, frozenset(typed))


@dataclass(frozen=True)
class Progress:
    """How far a draft is: the pages that apply, their forms, the answers that are valid, and what was typed at all."""

    pages: list[Page]
    forms: dict[str, PageForm]
    answers: Answers
    touched: frozenset[str] = frozenset()

    def keys(self) -> list[str]:
        """Every page that applies, and the summary."""
        return [page.key for page in self.pages] + [SUMMARY]

    def first_open(self) -> str:
        """Key of the first page that still needs an answer, or the summary."""
        return next((page.key for page in self.pages if page.key not in self.answers), SUMMARY)

    def reachable(self) -> list[str]:
        """Keys that may be opened: everything answered, and the first page that is not."""
        keys = self.keys()
        return keys[: keys.index(self.first_open()) + 1]

    def after(self, key: str) -> str:
        """Key of the page that follows `key`."""
        keys = self.keys()
        return keys[keys.index(key) + 1] if key in keys[:-1] else SUMMARY

    def before(self, key: str) -> str | None:
        """Key of the page before `key`, or None on the first one."""
        keys = self.keys()
        return keys[keys.index(key) - 1] if key in keys[1:] else None

    def page_with(self, field_name: str | None) -> str | None:
        """Key of the page whose form asks for `field_name`: where an error of the service can be mended."""
        return next(
            (key for key, form in self.forms.items() if field_name and field_name in getattr(form, "fields", ())), None
        )

    def state(self, key: str) -> str:
        """How the step list shows a page: done, error (typed, but not valid) or todo."""
        if key in self.answers:
            return "done"
        return "error" if key in self.touched and key != SUMMARY else "todo"


def _as_query_dict(stored: dict[str, list[str]] | None) -> QueryDict | None:
    if stored is None:
        return None
    query = QueryDict(mutable=True)
    for name, values in stored.items():
        query.setlist(name, values)
    return query


def _typed(post: QueryDict) -> dict[str, list[str]]:
    """What was typed, without the buttons. PostgreSQL's JSON cannot hold NUL characters; nobody types one."""
    return {
        name.replace("\x00", ""): [value.replace("\x00", "") for value in post.getlist(name)]
        for name in post
        if name not in STEERING
    }


def _with(context: WizardContext, answers: Answers) -> WizardContext:
    return replace(context, answers=dict(answers))


class WizardView(PortalView):
    """The one view of a wizard. Mix in before PartnerView or CustomerView.

    URLs: start (makes a draft) and `<uuid:draft>/<slug:page>/`, both named in `start_url` and `page_url`.
    Subclasses set the specs below and implement `submit`.
    """

    wizard: ClassVar[Wizard]
    heading: ClassVar[str]
    submit_label: ClassVar[str] = "Submit"
    summary_template: ClassVar[str]
    start_url: ClassVar[str]
    page_url: ClassVar[str]
    cancel_url: ClassVar[str]
    draft: WizardDraft | None = None

    def submit(self, answers: Answers) -> str:
        """Make the one service call and return the URL to go to. Raises DomainError with what is wrong."""
        raise NotImplementedError

    def seeds(self) -> Typed:
        """What a new draft already holds, as if it had been typed (the template being edited)."""
        return {}

    def draft_kind(self) -> str:
        """Which drafts belong to this URL. More than the wizard's kind when the wizard is about one object."""
        return self.wizard.kind

    def url_args(self) -> list[Any]:
        """Arguments of `start_url`; `page_url` takes the draft and the page after them."""
        return [self.scope_key()]

    def cancel_link(self) -> str:
        return reverse(self.cancel_url, args=[self.scope_key()])

    def extra_context(self, progress: Progress, key: str) -> dict[str, Any]:
        """More for the template of one page."""
        return {}

    def scope_key(self) -> Any:
        return (self.customer or self.partner).public_id  # type: ignore[union-attr]

    def wizard_context(self) -> WizardContext:
        partner = self.partner or self.customer.partner  # type: ignore[union-attr]
        return WizardContext(partner, self.customer, self.actor)

    def needed_level(self) -> Level:
        # Opening a wizard makes a draft, and somebody who may not hand in has no use for one.
        return Level.EDIT

    def get(self, request: HttpRequest, draft: Any = None, page: str = "", **kwargs: Any) -> HttpResponse:
        """Show a page, or move on to the first one that needs an answer."""
        if draft is None:
            return self._go(self._new_draft(), self.wizard.pages[0].key)
        row = self._draft(draft)
        if row.submitted_at:
            return HttpResponseRedirect(row.result_url)
        progress = self._progress(row)
        if page not in progress.reachable():
            return self._go(row, progress.first_open())
        return self._show(request, row, progress, page)

    def post(self, request: HttpRequest, draft: Any = None, page: str = "", **kwargs: Any) -> HttpResponse:
        """Store the page as typed; go on when it is valid. On the summary: hand in."""
        row = self._draft(draft) if draft else self._new_draft()
        if row.submitted_at:
            return HttpResponseRedirect(row.result_url)
        if page == SUMMARY and not STEERING & set(request.POST) - {"csrfmiddlewaretoken"}:
            return self._hand_in(request, row)
        return self._store(request, row, page or self.wizard.pages[0].key)

    def _store(self, request: HttpRequest, row: WizardDraft, key: str) -> HttpResponse:
        if key not in {SUMMARY} | {page.key for page in self.wizard.pages}:
            raise Http404
        if key != SUMMARY:
            row = drafts.save_page(draft=row, page=key, answers=_typed(request.POST))
        progress = self._progress(row)
        if "back" in request.POST or "go" in request.POST:
            return self._go(row, request.POST.get("go") or progress.before(key) or progress.first_open())
        if "stay" in request.POST and key in progress.forms:
            return self._show(request, row, progress, key)
        if key in progress.forms and key not in progress.answers:
            return self._show(request, row, progress, key, show_errors=True)
        return self._go(row, progress.after(key))

    def _hand_in(self, request: HttpRequest, row: WizardDraft) -> HttpResponse:
        progress = self._progress(row)
        try:
            with transaction.atomic():
                row = drafts.lock_draft(draft=row)
                if row.submitted_at:
                    return HttpResponseRedirect(row.result_url)
                progress = self._progress(row)
                if progress.first_open() != SUMMARY:
                    return self._go(row, progress.first_open())
                self.draft = row
                drafts.hand_in(draft=row, result_url=self.submit(progress.answers))
        except Forbidden:
            raise
        except DomainError as error:
            return self._refused(request, row, progress, error)
        return HttpResponseRedirect(row.result_url)

    def _refused(self, request: HttpRequest, row: WizardDraft, progress: Progress, error: DomainError) -> HttpResponse:
        """The service said no: the page that can mend it, with the reason beside the field; else the summary."""
        key = progress.page_with(error.field)
        if key is None or error.field is None:
            return self._show(request, row, progress, SUMMARY, show_errors=True, error=error)
        progress.forms[key].add_error(error.field, str(error))
        return self._show(request, row, progress, key, show_errors=True)

    def _progress(self, row: WizardDraft) -> Progress:
        return self.wizard.evaluate(row.data, self.wizard_context())

    def _draft(self, public_id: Any) -> WizardDraft:
        context = self.wizard_context()
        mine = drafts.drafts_of(
            by=self.actor, kind=self.draft_kind(), partner=context.partner, customer=context.customer
        )
        return get_object_or_404(mine, public_id=public_id)

    def _new_draft(self) -> WizardDraft:
        context = self.wizard_context()
        return drafts.start_draft(
            kind=self.draft_kind(),
            partner=context.partner,
            customer=context.customer,
            data=self.seeds(),
            by=self.actor,
        )

    def _go(self, row: WizardDraft, key: str) -> HttpResponseRedirect:
        keys = {SUMMARY} | {page.key for page in self.wizard.pages}
        return HttpResponseRedirect(self._url(row, key if key in keys else SUMMARY))

    def _url(self, row: WizardDraft, key: str) -> str:
        return reverse(self.page_url, args=[*self.url_args(), row.public_id, key])

    def _show(
        self,
        request: HttpRequest,
        row: WizardDraft,
        progress: Progress,
        key: str,
        *,
        show_errors: bool = False,
        error: DomainError | None = None,
    ) -> HttpResponse:
        page = next((page for page in progress.pages if page.key == key), None)
        before = progress.before(key)
        self.draft = row
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
            "back": bool(before),
            "back_url": self._url(row, before) if before else "",
            "cancel_link": self.cancel_link(),
            "page_urls": {page.key: self._url(row, page.key) for page in progress.pages},
            "steps": self._steps(progress, key),
        } | self.extra_context(progress, key)
        template = page.template if page else self.summary_template
        return render(request, template, context, status=422 if show_errors else 200)

    def _steps(self, progress: Progress, current: str) -> list[dict[str, Any]]:
        """The step list. Steps are buttons of the page's form, so that jumping stores what was typed as well."""
        titles = [(page.key, page.title) for page in progress.pages] + [(SUMMARY, "Summary")]
        reachable = progress.reachable()
        return [
            {
                "key": key,
                "title": title,
                "state": "current" if key == current else progress.state(key),
                "go": key in reachable and key != current,
            }
            for key, title in titles
        ]
