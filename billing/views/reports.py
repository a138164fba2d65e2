"""Billing reports: list, create, look at, delete."""

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.http import urlencode

from billing import links
from billing.forms.reports import ReportForm, preset_period
from billing.models import BillingReport
from billing.queries import clock
from billing.queries.reports import LIST_ORDER, reports_of
from billing.queries.usage import last_closed_day
from billing.services.reports import create_report, delete_report, earliest_day
from tenancy.access import PartnerView
from tenancy.errors import DomainError
from tenancy.paging import cursors, page_of
from tenancy.policy import Control, Level


class ReportList(PartnerView):
    """All reports of the partner, newest first; a row that is in progress asks for itself until it is done."""

    control = Control.PARTNER_BILLING

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        status = request.GET.get("status", "")
        page = page_of(reports_of(self.partner, status=status), order=LIST_ORDER, **cursors(request.GET))
        context = {
            "page": page,
            "next_url": self._page_url(status, after=page.next),
            "previous_url": self._page_url(status, before=page.previous),
            "status": status,
            "statuses": BillingReport.Status.choices,
        }
        htmx = request.htmx  # type: ignore[attr-defined]
        return render(request, "billing/reports/list.html" + ("#table" if htmx.target == "reports" else ""), context)

    def _page_url(self, status: str, **cursor: str) -> str:
        query = {name: value for name, value in {"status": status, **cursor}.items() if value}
        return f"{self.request.path}?{urlencode(query)}" if any(cursor.values()) else ""


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
                report = self._create(form.cleaned_data)
            except DomainError as error:
                form.add_error(error.field if error.field in form.fields else None, str(error))
            else:
                return HttpResponseRedirect(_url("report-detail", report))
        return self._show(request, form, status=422)

    def _create(self, data: dict[str, Any]) -> BillingReport:
        return create_report(
            partner=self.partner,
            kind=data["type"],
            start_on=data["start_on"],
            end_on=data["end_on"],
            sub_partner=data.get("sub_partner"),
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
        context = {
            "report": self.report,
            "download_url": _url("report-download", self.report, links.sign(self.report, by=self.actor)),
            "closed_until": last_closed_day(self.report.about),
        }
        return render(request, self._template(request), context)

    def _template(self, request: HttpRequest) -> str:
        target = request.htmx.target  # type: ignore[attr-defined]
        if target == f"report-{self.report.public_id}":
            return "billing/reports/list.html#row"
        return "billing/reports/detail.html" + ("#card" if target == "report" else "")


class ReportDelete(ReportView):
    """POST only: a confirmed deletion."""

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        delete_report(report=self.report, by=self.actor)
        messages.success(request, f"{self.report} deleted. Links to its file no longer work.")
        return HttpResponseRedirect(reverse("billing:report-list", args=[self.partner.public_id]))


def _url(name: str, report: BillingReport, *more: str) -> str:
    return reverse(f"billing:{name}", args=[report.partner.public_id, report.public_id, *more])
