"""Invoices: the list with its drafts, one month line by line, and its files. What a sub-partner sees is its own share."""

from datetime import date
from functools import cached_property
from itertools import groupby
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.http import urlencode

from billing import months
from billing.forms.invoices import InvoiceFilterForm, LineFilterForm
from billing.invoice_pdf import invoice_pdf
from billing.queries import clock, invoices
from billing.queries.invoices import Bill, InvoiceFilter
from billing.queries.statements import Section
from billing.views.paging import FilteredPage
from tenancy.csv_export import csv_response
from tenancy.models import Partner
from tenancy.paging import Slice, cursors, page_of
from tenancy.policy import Control, Level


class InvoicePage(FilteredPage):
    """What these pages share: the filters of the URL ride along from page to page."""

    control = Control.PARTNER_BILLING

    @cached_property
    def sub_partners(self) -> list[Partner]:
        """Those to choose from: a sub-partner has none."""
        return [] if self.partner.parent_id else list(self.partner.sub_partners.order_by("name", "pk"))


class InvoiceListPage(InvoicePage):
    """The list and its export: drafts first, then what was issued, the latest month on top."""

    def drafts(self, narrow: InvoiceFilter) -> list[Bill]:
        if narrow.status == "issued":
            return []
        family = None if self.partner.parent_id else self.sub_partners
        return invoices.open_bills(self.partner, narrow, today=clock.today(), sub_partners=family)

    def issued(self, narrow: InvoiceFilter) -> Any:
        rows = invoices.invoices_of(self.partner, narrow)
        return rows.none() if narrow.status == "draft" else rows


class InvoiceList(InvoiceListPage):
    """Every month of the partner. Drafts are computed now, and stand on the first page only."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        form = InvoiceFilterForm(request.GET, partner=self.partner, sub_partners=self.sub_partners)
        valid = form.is_valid()
        context = self._rows(form.narrowed()) if valid else self.paged(Slice([]), ())
        export = reverse("billing:invoice-export", args=[self.partner.public_id])
        template = "billing/invoices/list.html" + self.partial("invoices", "table")
        context |= {"filter_form": form, "export_url": f"{export}?{self._query()}"}
        return render(request, template, context, status=200 if valid else 422)

    def _rows(self, narrow: InvoiceFilter) -> dict[str, Any]:
        page = page_of(self.issued(narrow), order=invoices.LIST_ORDER, **cursors(self.request.GET))
        first = not page.previous
        names = InvoiceFilterForm.base_fields
        return self.paged(page, names) | {"drafts": self.drafts(narrow) if first else [], "of": narrow.of}

    def _query(self) -> str:
        kept = {name: self.request.GET.get(name) for name in InvoiceFilterForm.base_fields}
        return urlencode({name: value for name, value in kept.items() if value})


class InvoiceExport(InvoiceListPage):
    """The list as CSV: same filters, all pages."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        form = InvoiceFilterForm(request.GET, partner=self.partner, sub_partners=self.sub_partners)
        if not form.is_valid():
            return HttpResponseRedirect(reverse("billing:invoice-list", args=[self.partner.public_id]))
        narrow = form.narrowed()
        rows = invoices.list_rows(self.drafts(narrow), self.issued(narrow), self.partner, narrow.of)
        return csv_response(f"invoices-{clock.today():%F}.csv", invoices.LIST_HEADER, rows)


class BillPage(InvoicePage):
    """Base of what is about one month. `bill` is found by `load`: the partner's own or its share, or 404."""

    bill: Bill

    def load(self, **kwargs: Any) -> None:
        super().load(**kwargs)
        if self.level(self.control) >= Level.READ_ONLY:
            self.bill = self.find(**kwargs)

    def find(self, **kwargs: Any) -> Bill:
        found = get_object_or_404(invoices.invoices_of(self.partner), public_id=kwargs["invoice"])
        return invoices.issued_bill(self.partner, found)

    def url_of(self, part: str = "detail") -> str:
        """The page of this bill, or one of its files."""
        if invoice := self.bill.invoice:
            return reverse(f"billing:invoice-{part}", args=[self.partner.public_id, invoice.public_id])
        return reverse(f"billing:draft-{part}", args=[self.partner.public_id, f"{self.bill.month:%Y-%m}"])


class DraftPage(BillPage):
    """Base of what is about a month that has no invoice yet."""

    def find(self, **kwargs: Any) -> Bill:
        try:
            month = months.parse(kwargs["month"])
        except ValueError as error:
            raise Http404 from error
        bill = invoices.draft_bill(self.partner, month, today=clock.today())
        if bill is None:
            raise Http404
        return bill


class InvoiceDetail(BillPage):
    """One month: what it comes to together and by partner, and every line."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        form = LineFilterForm(request.GET, partner=self.partner, sub_partners=self.sub_partners)
        valid = form.is_valid()
        page = self._page(form.cleaned_data["kind"], form.chosen) if valid else Slice([])
        context = self.paged(page, LineFilterForm.base_fields) | {
            "bill": self.bill,
            "statement": self.bill.statement,
            "groups": self._groups(page),
            "filter_form": form,
            "pdf_url": self.url_of("pdf"),
            "csv_url": self.url_of("csv"),
            "list_url": reverse("billing:invoice-list", args=[self.partner.public_id]),
        }
        template = "billing/invoices/detail.html" + self.partial("lines", "lines")
        return render(request, template, context, status=200 if valid else 422)

    def _groups(self, page: Slice) -> list[tuple[Section, list[Any]]]:
        """The lines of the page under what the whole of their partner comes to."""
        sections = {section.partner_id: section for section in self.bill.statement.sections}
        groups = groupby(page.items, key=lambda line: line.partner_id)
        return [(sections[partner], list(lines)) for partner, lines in groups]

    def _page(self, kind: str, of: Partner | None) -> Slice:
        if draft := self.bill.draft:
            lines = [row for row in draft.lines if kind in ("", row.kind) and (of is None or row.partner_id == of.pk)]
            return invoices.slice_of(lines, **cursors(self.request.GET))
        rows = invoices.narrowed(self.bill.rows(), kind=kind, of=of)
        return page_of(rows, order=invoices.LINE_ORDER, **cursors(self.request.GET))


class DraftDetail(DraftPage, InvoiceDetail):
    """The same of a draft. When the month was issued meanwhile, the invoice."""

    def find(self, **kwargs: Any) -> Bill:
        try:
            return super().find(**kwargs)
        except Http404:
            if (issued := self._issued(kwargs["month"])) is None:
                raise
            return issued

    def _issued(self, text: str) -> Bill | None:
        try:
            month: date = months.parse(text)
        except ValueError:
            return None
        found = invoices.invoices_of(self.partner, InvoiceFilter(month)).first()
        return invoices.issued_bill(self.partner, found) if found else None

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        return super().get(request, **kwargs) if self.bill.draft else HttpResponseRedirect(self.url_of())


class InvoicePdf(BillPage):
    """The invoice on paper."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        response = HttpResponse(invoice_pdf(self.bill), content_type="application/pdf")
        response.headers["Content-Disposition"] = f'attachment; filename="{self.bill.file_stem}.pdf"'
        response.headers["Cache-Control"] = "no-store"
        return response


class DraftPdf(DraftPage, InvoicePdf):
    """The draft on paper, marked as one."""


class InvoiceCsv(BillPage):
    """Every line of the invoice, streamed."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        return csv_response(f"{self.bill.file_stem}.csv", invoices.LINES_HEADER, invoices.line_rows(self.bill))


class DraftCsv(DraftPage, InvoiceCsv):
    """Every line of the draft."""
