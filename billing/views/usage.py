"""Figures of the current month, for the overview page of Partner Hub and as a page of their own."""

from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from billing.queries import clock
from billing.queries.usage import last_closed_day, use_by_package
from tenancy.access import PartnerView
from tenancy.policy import Control


class UsageCard(PartnerView):
    """This month so far, by package, from closed days. On the first of a month: the month that has just ended."""

    control = Control.PARTNER_BILLING

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        last = clock.today() - timedelta(days=1)
        closed = last_closed_day(self.partner)
        last = min(last, closed) if closed else last
        first = last.replace(day=1)
        use = use_by_package(self.partner, first=first, last=last) if closed else []
        context = {"use": use, "first": first, "last": last, "closed": closed}
        partial = "#card" if request.htmx else ""  # type: ignore[attr-defined]
        return render(request, "billing/usage/card.html" + partial, context)
