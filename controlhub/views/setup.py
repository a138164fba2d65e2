"""Set up customer, Add users, and what came of it."""

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from controlhub.forms.grid import steer
from controlhub.queries.setup import people_of_job, sites_of_job
from controlhub.services.administrators import becomes_administrator
from controlhub.services.pushes import CLAIM_SUBSCRIBERS
from controlhub.services.readiness import why_not_ready
from controlhub.services.seats import package_name
from controlhub.services.setup import set_up_customer
from controlhub.services.subscribers import claim_subscribers
from controlhub.wizards.setup import ADD_USERS, CLAIM_USERS, SET_UP, chosen_locations, chosen_users, named_users
from provisioning.models import ProvisioningJob
from tenancy.access import CustomerView
from tenancy.packages import PACKAGES
from tenancy.policy import Control
from tenancy.wizards import SUMMARY, Answers, Progress, Typed, WizardView

KEPT = ("package", "location")


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

    def seeds(self) -> Typed:
        """ "Add more users" brings package and location along from the run before."""
        asked = self.request.GET
        known = {str(place.public_id) for place in self.customer.locations.all()} if "location" in asked else set()
        kept = {f"kept-{name}": [asked[name]] for name in KEPT if asked.get(name) in known | PACKAGES.keys()}
        return {"users": kept | {"rows": ["5"]}} if kept else {}

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


class ClaimUsers(AddUsers):
    """People who have an account in a free or a trial organisation are taken over, not created."""

    control = Control.USERS_CLAIM
    wizard = CLAIM_USERS
    heading = "Claim users"
    submit_label = "Claim users"
    start_url = "controlhub:user-claim"
    page_url = "controlhub:user-claim-page"

    def submit(self, answers: Answers) -> str:
        _, job = claim_subscribers(customer=self.customer, users=named_users(answers), by=self.actor)
        return reverse("controlhub:setup-done", args=[self.customer.public_id, job.public_id])


class SetUpDone(CustomerView):
    """What the wizard created, with the job that carries it to Webex."""

    control = Control.USERS

    def get(self, request: HttpRequest, job: Any, **kwargs: Any) -> HttpResponse:
        row = get_object_or_404(self.customer.jobs.prefetch_related("steps"), public_id=job)
        people = [
            (person, [package_name(held.package) for held in person.assignments.all()]) for person in people_of_job(row)
        ]
        context = {"job": row, "people": people, "sites": sites_of_job(row), "again": self._again(row)}
        return render(request, "controlhub/setup/done.html", context)

    def _again(self, job: ProvisioningJob) -> str:
        """Where the next users are added, starting with package and location of the last one."""
        name = "user-claim" if job.kind == CLAIM_SUBSCRIBERS else "user-add"
        people = people_of_job(job)
        held = [row.package for row in people[-1].assignments.all() if row.is_base] if people else []
        place = people[-1].location if people else None
        kept = {"package": held[-1] if held else "", "location": str(place.public_id) if place else ""}
        query = urlencode({key: value for key, value in kept.items() if value})
        return reverse(f"controlhub:{name}", args=[self.customer.public_id]) + (f"?{query}" if query else "")
