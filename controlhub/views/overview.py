"""The first page of Control Hub."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from controlhub.queries.overview import checklist, jobs_to_show, problems, recent_events
from controlhub.queries.packages import package_meters
from tenancy.access import CustomerView
from tenancy.policy import Control


class Overview(CustomerView):
    """Status, packages, set-up checklist, open problems with the way to mend them, recent changes."""

    control = Control.ORG_OVERVIEW

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        meters = package_meters(self.customer)
        context = {
            "meters": meters,
            "checklist": checklist(self.customer, meters),
            "problems": problems(self.customer, meters),
            "jobs": jobs_to_show(self.customer),
            "events": recent_events(self.customer),
        }
        return render(request, "controlhub/overview.html", context)
