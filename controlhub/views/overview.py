"""The first page of Control Hub."""

from dataclasses import replace
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from controlhub.queries.overview import checklist, jobs_to_show, places_of, recent_events
from controlhub.queries.packages import package_meters
from controlhub.queries.problems import Problem, problems
from tenancy.access import CustomerView, level
from tenancy.policy import PARTNER_CONTROLS, Control, Level

MOST_JOBS = 3


class Overview(CustomerView):
    """Status, packages, set-up checklist, open problems with the way to mend them, recent changes."""

    control = Control.ORG_OVERVIEW

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        meters, places = package_meters(self.customer), places_of(self.customer)
        jobs = jobs_to_show(self.customer, size=MOST_JOBS + 1)
        found = (self.for_viewer(problem) for problem in problems(self.customer, meters, places))
        open_problems = [problem for problem in found if problem]
        reads_log = self.level(Control.ORG_AUDIT) >= Level.READ_ONLY
        context = {
            "meters": meters,
            "attention": open_problems or any(job.state == job.State.FAILED for job in jobs),
            "checklist": [
                (item, self.level(item.control) >= Level.READ_ONLY) for item in checklist(self.customer, meters, places)
            ],
            "problems": open_problems,
            "ask_provider": any(problem.otherwise for problem in open_problems),
            "jobs": jobs[:MOST_JOBS],
            "more_jobs": len(jobs) > MOST_JOBS,
            "reads_log": reads_log,
            "events": recent_events(self.customer) if reads_log else [],
        }
        return render(request, "controlhub/overview.html", context)

    def for_viewer(self, problem: Problem) -> Problem | None:
        """The problem with the way only if the viewer may go it, and with who mends it only if he may not.

        None when it is about an item of this hub that he must not even know of.
        """
        way = problem.way
        if way is None:
            return problem
        where = {"partner": self.customer.partner} if way.control in PARTNER_CONTROLS else {"customer": self.customer}
        held = level(self.actor, way.control, **where)
        if held is Level.HIDDEN and way.control not in PARTNER_CONTROLS:
            return None
        return replace(problem, otherwise="") if held >= way.need else replace(problem, way=None)
