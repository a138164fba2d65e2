"""The file behind a signed link."""

from typing import Any

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse

from billing import links
from billing.downloads import file_response, workbook_response
from billing.models import BillingReport
from billing.views.reports import ReportView


class ReportDownload(ReportView):
    """Streams the CSV. Right, report, person and time are all checked again now, whatever they were when it was signed."""

    def get(self, request: HttpRequest, signature: str, **kwargs: Any) -> HttpResponseBase:
        try:
            links.verify(signature, self.report, by=self.actor)
            return self._file()
        except links.LinkInvalid as error:
            raise Http404 from error
        except links.LinkExpired:
            messages.warning(
                request, "That link was more than 15 minutes old. Download again: this page has a new one."
            )
        except FileNotFoundError:
            messages.error(request, "The file is missing on the server. Delete this report and create it again.")
        return HttpResponseRedirect(
            reverse("billing:report-detail", args=[self.partner.public_id, self.report.public_id])
        )

    def _file(self) -> FileResponse:
        if self.report.status != BillingReport.Status.COMPLETED:
            raise Http404
        return self.answer()

    def answer(self) -> FileResponse:
        return file_response(self.report)


class WorkbookDownload(ReportDownload):
    """The same as XLSX: the same link opens it, under the same conditions."""

    def answer(self) -> FileResponse:
        return workbook_response(self.report)
