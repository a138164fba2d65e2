"""Correcting usage: choose the interval, say what is true, look at what it changes, confirm; and what was corrected."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from billing.forms.corrections import CorrectionForm
from billing.queries import clock, corrections, intervals
from billing.queries.corrections import DayChange, Span
from billing.services.adjusting import correct_usage, preview_correction
from controlhub.models import PackageAssignment
from tenancy.access import PartnerView
from tenancy.csv_export import csv_response
from tenancy.errors import DomainError
from tenancy.models import Customer
from tenancy.paging import Slice, cursors, page_of
from tenancy.policy import Control, Level

PREVIEWED_DAYS = 14


class BillingPage(PartnerView):
    """Base of these pages: links from page to page keep the search."""

    control = Control.PARTNER_BILLING

    def pages(self, page: Slice, **query: str) -> dict[str, Any]:
        return {
            "page": page,
            "next_url": self._page_url(query, after=page.next),
            "previous_url": self._page_url(query, before=page.previous),
        }

    def _page_url(self, query: dict[str, str], **cursor: str) -> str:
        kept = {name: value for name, value in {**query, **cursor}.items() if value}
        return f"{self.request.path}?{urlencode(kept)}" if any(cursor.values()) else ""

    def partial(self, target: str, name: str) -> str:
        """`#name` when htmx swaps only that part."""
        return f"#{name}" if self.request.htmx.target == target else ""  # type: ignore[attr-defined]


class CorrectionList(BillingPage):
    """All corrections of the partner, newest first."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        rows = corrections.corrections_of(self.partner)
        page = page_of(rows, order=corrections.LIST_ORDER, **cursors(request.GET))
        template = "billing/corrections/list.html" + self.partial("corrections", "table")
        return render(request, template, self.pages(page))


class CorrectionCsv(BillingPage):
    """Every adjustment of the partner, one line per corrected day."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        return csv_response("usage-adjustments.csv", corrections.EXPORT_HEADER, corrections.export_rows(self.partner))


class CorrectionDetail(BillingPage):
    """One correction: what was recorded, what is true, and each day that it changed."""

    def get(self, request: HttpRequest, correction: Any, **kwargs: Any) -> HttpResponse:
        row = get_object_or_404(corrections.corrections_of(self.partner), public_id=correction)
        page = page_of(row.adjustments.all(), order=corrections.DAYS_ORDER, **cursors(request.GET))
        template = "billing/corrections/detail.html" + self.partial("days", "table")
        return render(request, template, self.pages(page) | {"correction": row})


class CustomerChoice(BillingPage):
    """Whose usage? The partner's customers, to search."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        search = request.GET.get("q", "")
        rows = intervals.customers_billed_to(self.partner, search=search)
        page = page_of(rows, order=intervals.CUSTOMER_ORDER, **cursors(request.GET))
        template = "billing/corrections/customers.html" + self.partial("customers", "table")
        return render(request, template, self.pages(page, q=search) | {"q": search})


class CustomerPage(BillingPage):
    """Base of what is about the usage of one customer: the partner's, now or when it was used; or 404."""

    billed: Customer

    def load(self, **kwargs: Any) -> None:
        super().load(**kwargs)
        if self.level(self.control) >= Level.READ_ONLY:
            found = intervals.customer_billed_to(self.partner, kwargs["customer"])
            if found is None:
                raise Http404
            self.billed = found


class IntervalList(CustomerPage):
    """Every interval of the customer, newest first."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        search = request.GET.get("q", "")
        rows = intervals.intervals_of(self.partner, self.billed, search=search)
        page = page_of(rows, order=intervals.LIST_ORDER, **cursors(request.GET))
        template = "billing/corrections/intervals.html" + self.partial("intervals", "table")
        return render(request, template, self.pages(page, q=search) | {"q": search, "billed": self.billed})


class UsageCorrect(CustomerPage):
    """The form about one interval, its preview, and Confirm. Only for those who may correct."""

    assignment: PackageAssignment

    def needed_level(self) -> Level:
        return Level.EDIT

    def load(self, **kwargs: Any) -> None:
        super().load(**kwargs)
        if self.level(self.control) >= Level.READ_ONLY:
            rows = intervals.intervals_of(self.partner, self.billed)
            self.assignment = get_object_or_404(rows, pk=kwargs["interval"])

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        return self._show(self._form())

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        form = self._form(request.POST)
        if not form.is_valid():
            return self._show(form, status=422)
        truth = form.truth()
        try:
            changes = preview_correction(assignment=self.assignment, truth=truth)
            if not changes:
                form.add_error(None, "That is what is known already: there is nothing to correct.")
            elif request.POST.get("seen") == _spelled(truth, changes):
                return self._correct(form, truth)
        except DomainError as error:
            form.add_error(error.field if error.field in form.fields else None, str(error))
        return self._show(form, status=422) if form.errors else self._show(form, truth, changes)

    def _correct(self, form: CorrectionForm, truth: Span) -> HttpResponse:
        correction = correct_usage(
            assignment=self.assignment, truth=truth, reason=form.cleaned_data["reason"], by=self.actor
        )
        if correction is None:  # somebody else was faster with the same
            return HttpResponseRedirect(reverse("billing:correction-list", args=[self.partner.public_id]))
        messages.success(self.request, "Usage corrected. It counts on today's date.")
        return HttpResponseRedirect(
            reverse("billing:correction-detail", args=[self.partner.public_id, correction.public_id])
        )

    def _form(self, data: Any = None) -> CorrectionForm:
        return CorrectionForm(data, assignment=self.assignment, known=corrections.true_span(self.assignment))

    def _show(
        self, form: CorrectionForm, truth: Span | None = None, changes: list[DayChange] | None = None, status: int = 200
    ) -> HttpResponse:
        context = {"form": form, "assignment": self.assignment, "billed": self.billed, "today": clock.today()}
        if truth and changes:
            context |= {
                "seen": _spelled(truth, changes),
                "changes": changes[:PREVIEWED_DAYS],
                "more": max(len(changes) - PREVIEWED_DAYS, 0),
                "days": len(changes),
                "total": corrections.sum_of(changes),
            }
        return render(self.request, "billing/corrections/create.html", context, status=status)


def _spelled(truth: Span, changes: list[DayChange]) -> str:
    """What was on the screen when somebody pressed Confirm: another preview is shown, not booked."""
    end = f"{truth.end:%FT%TZ}" if truth.end else ""
    return f"{truth.start:%FT%TZ}/{end}/{len(changes)}/{corrections.sum_of(changes)}"
