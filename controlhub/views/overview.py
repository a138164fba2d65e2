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
        open_problems, jobs = problems(self.customer, meters), jobs_to_show(self.customer)
        context = {
            "meters": meters,
            "attention": open_problems or any(job.state == job.State.FAILED for job in jobs),
            "checklist": checklist(self.customer, meters),
            "problems": open_problems,
            "jobs": jobs,
            "events": recent_events(self.customer),
        }
        return render(request, "controlhub/overview.html", context)
