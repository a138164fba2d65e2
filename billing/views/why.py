"""Why this quantity? The intervals and adjustments behind a figure of a report or an invoice."""

from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import Sum
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from billing.forms.usage import WhyForm
from billing.queries import clock
from billing.queries.intervals import LIST_ORDER, adjustments_behind, customer_billed_to, intervals_behind
from billing.queries.trend import days
from billing.queries.usage import last_closed_day
from tenancy.access import PartnerView
from tenancy.models import Customer
from tenancy.packages import PACKAGES
from tenancy.paging import cursors, page_of
from tenancy.policy import Control, Level

SHOWN_ADJUSTMENTS = 200


class WhyQuantity(PartnerView):
    """What one customer used in some days: every interval with its seconds, every adjustment, and how they add up."""

    control = Control.PARTNER_BILLING
    billed: Customer

    def load(self, **kwargs: Any) -> None:
        super().load(**kwargs)
        if self.level(self.control) >= Level.READ_ONLY:
            found = customer_billed_to(self.partner, kwargs["customer"])
            if found is None:
                raise Http404
            self.billed = found

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        closed = last_closed_day(self.partner)
        form = self._form(closed)
        first, last = self._range(form, closed)
        form.initial = {**form.initial, "first": first, "last": last}
        narrow = self._narrow(form)
        intervals = intervals_behind(self.partner, first=first, last=last, customer=self.billed, **narrow)
        adjustments = adjustments_behind(self.partner, first=first, last=last, customer=self.billed, **narrow)
        page = page_of(intervals, order=LIST_ORDER, **cursors(request.GET))
        context = {
            "billed": self.billed,
            "form": form,
            "first": first,
            "last": last,
            "closed": closed,
            "page": page,
            "adjustments": list(adjustments[:SHOWN_ADJUSTMENTS]),
            "subject": narrow.get("subscriber") or narrow.get("workspace"),
            "sums": _sums(intervals, adjustments),
            "next_url": self._page_url(after=page.next),
            "previous_url": self._page_url(before=page.previous),
        }
        partial = "#intervals" if request.htmx.target == "intervals" else ""  # type: ignore[attr-defined]
        return render(request, "billing/why.html" + partial, context, status=422 if form.errors else 200)

    def _form(self, closed: date | None) -> WhyForm:
        asked = self.request.GET if "first" in self.request.GET else None
        return WhyForm(asked, earliest=self.partner.billing_start_on, latest=closed)

    def _range(self, form: WhyForm, closed: date | None) -> tuple[date, date]:
        if form.is_bound and form.is_valid():
            return form.cleaned_data["first"], form.cleaned_data["last"]
        last = closed or clock.today() - timedelta(days=1)
        return last.replace(day=1), last

    def _narrow(self, form: WhyForm) -> dict[str, Any]:
        narrow: dict[str, Any] = {}
        if form.is_bound and form.is_valid() and form.cleaned_data["package"]:
            narrow["package"] = form.cleaned_data["package"]
        for name, people in (("subscriber", self.billed.subscribers), ("workspace", self.billed.workspaces)):
            if chosen := self.request.GET.get(name):
                narrow[name] = get_object_or_404(people.all(), public_id=_uuid_or_404(chosen))
        return narrow

    def _page_url(self, **cursor: str) -> str:
        kept = {name: value for name, value in self.request.GET.items() if name not in ("after", "before")}
        return f"{self.request.path}?{urlencode(kept | cursor)}" if any(cursor.values()) else ""


def _sums(intervals: Any, adjustments: Any) -> list[dict[str, Any]]:
    """Each package: seconds of use, adjustments, and the quantity that a report prints."""
    used = dict(intervals.order_by().values_list("package").annotate(total=Sum("seconds")))
    moved = dict(adjustments.order_by().values_list("package").annotate(total=Sum("seconds")))
    return [
        {
            "name": PACKAGES[code].name,
            "used": used.get(code, 0),
            "moved": moved.get(code, 0),
            "seconds": used.get(code, 0) + moved.get(code, 0),
            "days": days(used.get(code, 0) + moved.get(code, 0)),
        }
        for code in PACKAGES
        if code in used or code in moved
    ]


def _uuid_or_404(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise Http404 from error
