"""The first page of Billing, and the chart of daily usage."""

from datetime import date, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from billing.charts import bar_chart
from billing.forms.usage import RangeForm
from billing.queries import clock
from billing.queries.trend import parked_reason, top_customers, use_by_day, use_by_month
from billing.queries.usage import last_closed_day
from tenancy.access import PartnerView
from tenancy.packages import PACKAGES
from tenancy.policy import Control

MONTHS = 13
DAYS_SHOWN = 365


class BillingOverview(PartnerView):
    """This month so far, the trend by package, the customers that used most, and what keeps days from closing."""

    control = Control.PARTNER_BILLING

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        closed = last_closed_day(self.partner)
        months = use_by_month(self.partner, months=MONTHS, closed=closed) if closed else []
        context = {
            "closed": closed,
            "months": months,
            "this_month": months[-1] if months else None,
            "last_month": months[-2] if len(months) > 1 else None,
            "by_package": _by_package(months[-1]) if months else [],
            "chart": bar_chart(months),
            "packages": [(code, package.name) for code, package in PACKAGES.items()],
            "parked": parked_reason(self.partner),
        }
        return render(request, "billing/overview.html", context)


def _by_package(month: Any) -> list[dict[str, Any]]:
    """What the month so far consists of, the most used first."""
    rows = [{"name": PACKAGES[code].name, "days": month.used(code)} for code in PACKAGES if month.used(code)]
    return sorted(rows, key=lambda row: -row["days"])


class TopCustomers(PartnerView):
    """Who used most this month: it reads the whole ledger of the partner, so the overview asks for it afterwards."""

    control = Control.PARTNER_BILLING

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        closed = last_closed_day(self.partner)
        rows = top_customers(self.partner, first=closed.replace(day=1), last=closed) if closed else []
        partial = "#card" if request.htmx else ""  # type: ignore[attr-defined]
        return render(request, "billing/top_customers.html" + partial, {"rows": rows, "closed": closed})


class UsageHistory(PartnerView):
    """Usage day by day, up to five years: a chart to zoom, and the same as a table."""

    control = Control.PARTNER_BILLING

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        closed = last_closed_day(self.partner)
        earliest = max(self.partner.billing_start_on, clock.today() - timedelta(days=5 * 366))
        form = RangeForm(request.GET if "first" in request.GET else None, earliest=earliest, latest=closed)
        first, last = self._range(form, closed)
        form.initial = {**form.initial, "first": first, "last": last}
        periods = use_by_day(self.partner, first=first, last=last) if closed and first <= last else []
        used = [code for code in PACKAGES if any(code in period.seconds for period in periods)]
        context = {
            "form": form,
            "closed": closed,
            "periods": periods,
            "names": [PACKAGES[code].name for code in used],
            "rows": [(p.first, [p.used(code) for code in used], p.total) for p in reversed(periods)],
            "series": {
                "days": [_epoch(period.first) for period in periods],
                "packages": [
                    {"name": PACKAGES[code].name, "used": [round(float(p.used(code)), 6) for p in periods]}
                    for code in used
                ],
            },
        }
        return render(request, "billing/history.html", context, status=422 if form.errors else 200)

    def _range(self, form: RangeForm, closed: date | None) -> tuple[date, date]:
        last = closed or clock.today()
        if form.is_bound and form.is_valid():
            return form.cleaned_data["first"], form.cleaned_data["last"]
        return max(self.partner.billing_start_on, last - timedelta(days=DAYS_SHOWN - 1)), last


def _epoch(day: date) -> int:
    """A day as seconds since 1970, UTC, as the chart counts time."""
    return (day - date(1970, 1, 1)).days * 86_400
