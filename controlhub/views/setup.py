"""Set up customer, Add users, and what came of it."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from controlhub.forms.grid import steer
from controlhub.queries.setup import people_of_job, sites_of_job
from controlhub.services.administrators import becomes_administrator
from controlhub.services.readiness import why_not_ready
from controlhub.services.seats import package_name
from controlhub.services.setup import set_up_customer
from controlhub.wizards.setup import ADD_USERS, SET_UP, chosen_locations, chosen_users, named_users
from tenancy.access import CustomerView
from tenancy.policy import Control
from tenancy.wizards import SUMMARY, Answers, Progress, WizardView


class AddUsers(WizardView, CustomerView):
    """Up to 25 users at once: who, which package, where, under which number."""

    control = Control.USERS_ADD
    wizard = ADD_USERS
    heading = "Add users"
    submit_label = "Create users"
    summary_template = "controlhub/setup/summary.html"
    start_url = "controlhub:user-add"
    page_url = "controlhub:user-add-page"
    cancel_url = "controlhub:user-list"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Nobody types 25 names into a customer that cannot take them."""
        reason = why_not_ready(self.customer)
        if reason:
            return render(request, "controlhub/setup/not_ready.html", {"wizard": self, "reason": reason})
        return super().get(request, *args, **kwargs)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        request.POST = steer(request.POST)  # type: ignore[assignment]
        return super().post(request, *args, **kwargs)

    def submit(self, answers: Answers) -> str:
        _, job = set_up_customer(
            customer=self.customer, locations=chosen_locations(answers), users=named_users(answers), by=self.actor
        )
        return reverse("controlhub:setup-done", args=[self.customer.public_id, job.public_id])

    def extra_context(self, progress: Progress, key: str) -> dict[str, Any]:
        if key != SUMMARY:
            if "stay" in self.request.POST:
                progress.forms[key].quiet()  # type: ignore[attr-defined]
            return {}
        users = chosen_users(progress.answers)
        rows = [(user, package_name(user.package)) for user in users]
        return {"users": rows, "new_administrator": users[0] if becomes_administrator(self.customer) else None}


class SetUpCustomer(AddUsers):
    """Locations first, then users: everything a new customer needs, in one go."""

    wizard = SET_UP
    heading = "Set up customer"
    start_url = "controlhub:setup"
    page_url = "controlhub:setup-page"
    cancel_url = "controlhub:overview"


class SetUpDone(CustomerView):
    """What the wizard created, with the job that carries it to Webex."""

    control = Control.USERS

    def get(self, request: HttpRequest, job: Any, **kwargs: Any) -> HttpResponse:
        row = get_object_or_404(self.customer.jobs.prefetch_related("steps"), public_id=job)
        people = [
            (person, [package_name(held.package) for held in person.assignments.all()]) for person in people_of_job(row)
        ]
        return render(request, "controlhub/setup/done.html", {"job": row, "people": people, "sites": sites_of_job(row)})
