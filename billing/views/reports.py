"""Billing reports: list, create, look at, delete."""

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.http import urlencode

from billing import links
from billing.forms.reports import ReportFilterForm, ReportForm, preset_period, usage_of
from billing.models import BillingReport
from billing.progress import progress_of
from billing.queries import clock
from billing.queries.reports import EXPORT_HEADER, ReportFilter, export_rows, reports_of, workbook_of
from billing.queries.usage import last_closed_day
from billing.services.reports import create_report, delete_report, earliest_day
from billing.services.workbooks import order_workbook
from tenancy.access import PartnerView
from tenancy.csv_export import csv_response
from tenancy.errors import DomainError
from tenancy.opaque_ids import opaque_id
from tenancy.paging import Slice, cursors, page_of
from tenancy.policy import Control, Level


class ReportPage(PartnerView):
    """What the list and its export share: the filters of the URL."""

    control = Control.PARTNER_BILLING

    def filter_form(self) -> ReportFilterForm:
        return ReportFilterForm(self.request.GET, partner=self.partner)

    def list_url(self) -> str:
        return reverse("billing:report-list", args=[self.partner.public_id])

    def with_filters(self, url: str, **more: str) -> str:
        """The list's filters ride along."""
        kept = {name: self.request.GET[name] for name in ReportFilterForm.base_fields if self.request.GET.get(name)}
        query = urlencode(kept | more)
        return f"{url}?{query}" if query else url


class ReportList(ReportPage):
    """The reports of the partner; a row that is in progress asks for itself until it is done."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        form = self.filter_form()
        valid = form.is_valid()
        page = self._page(form.narrowed()) if valid else Slice([])
        context = {
            "page": page,
            "filter_form": form,
            "export_url": self.with_filters(reverse("billing:report-export", args=[self.partner.public_id])),
            "next_url": self.with_filters(self.list_url(), after=page.next) if page.next else "",
            "previous_url": self.with_filters(self.list_url(), before=page.previous) if page.previous else "",
        }
        htmx = request.htmx  # type: ignore[attr-defined]
        template = "billing/reports/list.html" + ("#table" if htmx.target == "reports" else "")
        return render(request, template, context, status=200 if valid else 422)

    def _page(self, narrow: ReportFilter) -> Slice:
        return page_of(reports_of(self.partner, narrow), order=narrow.order, **cursors(self.request.GET))


class ReportExport(ReportPage):
    """The list itself as CSV: same filters, same order, all pages."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        form = self.filter_form()
        if not form.is_valid():
            return HttpResponseRedirect(self.with_filters(self.list_url()))
        narrow = form.narrowed()
        reports = reports_of(self.partner, narrow).order_by(*narrow.order)
        return csv_response(f"billing-reports-{clock.today():%F}.csv", EXPORT_HEADER, export_rows(reports))


class ReportCreate(PartnerView):
    """The form. Only for those who may create: there is nothing on it to read."""

    control = Control.PARTNER_BILLING

    def needed_level(self) -> Level:
        return Level.EDIT

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        asked = {name: request.GET[name] for name in ReportForm.base_fields if name in request.GET}
        if preset := request.GET.get("preset"):
            asked["start_on"], asked["end_on"] = map(str, preset_period(preset, today=clock.today()))
        return self._show(request, self._form(initial=asked))

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        form = self._form(request.POST)
        if form.is_valid():
            try:
                report = self._create(form)
            except DomainError as error:
                form.add_error(error.field if error.field in form.fields else None, str(error))
            else:
                return HttpResponseRedirect(_url("report-detail", report))
        return self._show(request, form, status=422)

    def _create(self, form: ReportForm) -> BillingReport:
        data = form.cleaned_data
        return create_report(
            partner=self.partner,
            category=data["category"],
            kind=data["type"],
            start_on=data["start_on"],
            end_on=data["end_on"],
            **form.scope(),
            by=self.actor,
        )

    def _form(self, *args: Any, **kwargs: Any) -> ReportForm:
        today = clock.today()
        latest = today - timedelta(days=1)
        return ReportForm(*args, partner=self.partner, earliest=earliest_day(today), latest=latest, **kwargs)

    def _show(self, request: HttpRequest, form: ReportForm, *, status: int = 200) -> HttpResponse:
        partial = "#form" if request.htmx else ""  # type: ignore[attr-defined]
        return render(request, "billing/reports/create.html" + partial, {"form": form}, status=status)


class ReportView(PartnerView):
    """Base of what is about one report: the partner's own, or 404."""

    control = Control.PARTNER_BILLING
    report: BillingReport

    def load(self, **kwargs: Any) -> None:
        super().load(**kwargs)
        if self.level(self.control) >= Level.READ_ONLY:
            self.report = get_object_or_404(reports_of(self.partner), public_id=kwargs["report"])


class ReportDetail(ReportView):
    """One report: its facts, and a link to its file that is good for a quarter of an hour."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        signature, workbook = links.sign(self.report, by=self.actor), workbook_of(self.report)
        working = self.report.is_open or (workbook is not None and workbook.is_open)
        context = {
            "report": self.report,
            "workbook": workbook,
            "report_id": opaque_id("BILLING_REPORT", self.report.public_id),
            "download_url": _url("report-download", self.report, signature),
            "workbook_url": _url("report-workbook-download", self.report, signature),
            "closed_until": last_closed_day(self.report.about),
            "progress": progress_of(self.report.public_id) if working else None,
            "again_url": self._again_url(),
        }
        return render(request, self._template(request), context)

    def _again_url(self) -> str:
        """The form, filled in with this report."""
        report = self.report
        query = {"category": report.category, "type": report.type, "usage_of": usage_of(report)}
        if not report.is_point_in_time:
            query |= {"start_on": f"{report.start_on:%F}", "end_on": f"{report.end_on:%F}"}
        return f"{reverse('billing:report-create', args=[self.partner.public_id])}?{urlencode(query)}"

    def _template(self, request: HttpRequest) -> str:
        target = request.htmx.target  # type: ignore[attr-defined]
        if target == f"report-{self.report.public_id}":
            return "billing/reports/list.html#row"
        return "billing/reports/detail.html" + ("#card" if target == "report" else "")


class ReportWorkbookOrder(ReportView):
    """POST only: ask for the XLSX. It says what the CSV says, so whoever may read may ask."""

    reads_with_post = True

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        try:
            order_workbook(report=self.report, by=self.actor)
        except DomainError as error:
            messages.error(request, str(error))
        return HttpResponseRedirect(_url("report-detail", self.report))


class ReportDelete(ReportView):
    """POST only: a confirmed deletion."""

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        delete_report(report=self.report, by=self.actor)
        messages.success(request, f"{self.report} deleted. Links to its file no longer work.")
        return HttpResponseRedirect(reverse("billing:report-list", args=[self.partner.public_id]))


def _url(name: str, report: BillingReport, *more: str) -> str:
    return reverse(f"billing:{name}", args=[report.partner.public_id, report.public_id, *more])
