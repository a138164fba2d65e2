"""Reconcile: the vendor's file beside a report of ours."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.http import urlencode

from billing.forms.reconciliations import VendorFileForm
from billing.models import Reconciliation
from billing.queries.reconciliations import (
    DIFFERENCE_ORDER,
    EXPORT_HEADER,
    causes_of,
    differences_of,
    export_rows,
    reconciliations_of,
)
from billing.services.reconciling import MOST_DIFFERENCES, create_reconciliation, delete_reconciliation
from billing.views.reports import ReportView
from tenancy.csv_export import csv_response
from tenancy.errors import DomainError, Forbidden
from tenancy.paging import cursors, page_of

NEWEST = 20


class Reconcile(ReportView):
    """Upload a file, and the comparisons made so far."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        return self._show(VendorFileForm())

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        form = VendorFileForm(request.POST, request.FILES)
        if form.is_valid():
            try:
                file = form.cleaned_data["file"]
                row = create_reconciliation(report=self.report, file=file, file_name=file.name, by=self.actor)
            except DomainError as error:
                if isinstance(error, Forbidden):
                    raise
                form.add_error("file", str(error))
            else:
                return HttpResponseRedirect(_url("reconciliation", row))
        return self._show(form, status=422)

    def _show(self, form: VendorFileForm, *, status: int = 200) -> HttpResponse:
        context = {
            "report": self.report,
            "form": form,
            "made": list(reconciliations_of(self.report)[:NEWEST]),
            "ready": self.report.can_be_reconciled,
        }
        return render(self.request, "billing/reconciliations/create.html", context, status=status)


class ReconciliationView(ReportView):
    """Base of what is about one comparison."""

    reconciliation: Reconciliation

    def load(self, **kwargs: Any) -> None:
        super().load(**kwargs)
        if hasattr(self, "report"):
            rows = Reconciliation.objects.select_related("report__partner", "created_by")
            self.reconciliation = get_object_or_404(rows, report=self.report, public_id=kwargs["reconciliation"])


class ReconciliationDetail(ReconciliationView):
    """What differs, by customer and user, each with its cause."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        row, cause = self.reconciliation, request.GET.get("cause", "")
        page = page_of(differences_of(row, cause=cause), order=DIFFERENCE_ORDER, **cursors(request.GET))
        context = {
            "report": self.report,
            "reconciliation": row,
            "page": page,
            "cause": cause,
            "causes": causes_of(row),
            "most": MOST_DIFFERENCES if (row.differing or 0) > MOST_DIFFERENCES else None,
            "next_url": self._page_url(cause, after=page.next),
            "previous_url": self._page_url(cause, before=page.previous),
        }
        return render(request, "billing/reconciliations/detail.html" + self._partial(request), context)

    def _partial(self, request: HttpRequest) -> str:
        target = request.htmx.target  # type: ignore[attr-defined]
        return f"#{target}" if target in ("result", "differences") else ""

    def _page_url(self, cause: str, **cursor: str) -> str:
        query = {name: value for name, value in {"cause": cause, **cursor}.items() if value}
        return f"{self.request.path}?{urlencode(query)}" if any(cursor.values()) else ""


class ReconciliationExport(ReconciliationView):
    """All differences as CSV."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        rows = differences_of(self.reconciliation, cause=request.GET.get("cause", ""))
        name = f"differences-{self.report.start_on:%F}-{self.report.end_on:%F}.csv"
        return csv_response(name, EXPORT_HEADER, export_rows(rows))


class ReconciliationDelete(ReconciliationView):
    """POST only: forget a comparison and its file."""

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        delete_reconciliation(reconciliation=self.reconciliation, by=self.actor)
        messages.success(request, f"The comparison with {self.reconciliation.file_name} was deleted.")
        arguments = [self.partner.public_id, self.report.public_id]
        return HttpResponseRedirect(reverse("billing:report-reconcile", args=arguments))


def _url(name: str, row: Reconciliation) -> str:
    return reverse(f"billing:{name}", args=[row.report.partner.public_id, row.report.public_id, row.public_id])
