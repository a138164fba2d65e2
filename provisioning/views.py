"""The job card: live progress, errors that say what to do next, and Retry."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django_htmx.http import trigger_client_event

from provisioning.models import ProvisioningJob
from provisioning.queries import progress_of, visible_jobs
from provisioning.queue import may_retry, retry_job
from tenancy.access import PortalView, actor_inside
from tenancy.errors import DomainError, Forbidden
from tenancy.policy import Control, Level

TEMPLATE = "provisioning/job.html"


class JobView(PortalView):
    """A job of a customer that the actor sees: from inside the customer, or from its partner's side."""

    control = Control.ORG_PROVISIONING
    job: ProvisioningJob
    hub_name = "Control Hub"

    def load(self, **kwargs: Any) -> None:
        self.job = get_object_or_404(visible_jobs(self.actor), public_id=kwargs["job"])
        customer = self.job.customer
        if "customer" in kwargs:  # below /org/: in Control Hub, where partner staff need their launch
            if customer.public_id != kwargs["customer"]:
                raise Http404
            self.actor = actor_inside(self.request, self.actor, customer)
        if "customer" in kwargs or customer.pk in self.actor.customer_ids:
            self.customer = customer
        else:
            self.partner, self.control, self.hub_name = customer.partner, Control.PARTNER_PROVISIONING, "Partner Hub"  # type: ignore[misc]
        self.request.portal_scope = self  # type: ignore[attr-defined]

    def show(self, part: str, *, error: str = "", status: int = 200) -> HttpResponse:
        """The whole page, or `part` of it for htmx."""
        progress = progress_of(self.job)
        context = {
            "progress": progress,
            "job_customer": self.job.customer,
            "back_url": self.back_url(),
            "card_url": self.job_url("job-card"),
            "retry_url": self.job_url("job-retry"),
            "may_retry": self.level(self.control) is Level.EDIT and may_retry(job=self.job, by=self.actor),
            "error": error,
        }
        response = render(self.request, f"{TEMPLATE}#{part}" if self.request.htmx else TEMPLATE, context, status=status)  # type: ignore[attr-defined]
        if self.request.htmx and not progress.is_open:  # type: ignore[attr-defined]
            trigger_client_event(response, "job-finished", {"job": str(progress.public_id)})
        return response

    def job_url(self, name: str) -> str:
        """This job's own address, in the hub that the request came to: the launch's session lives below it."""
        if customer := self.kwargs.get("customer"):
            return reverse(f"controlhub:{name}", args=[customer, self.job.public_id])
        return reverse(f"provisioning:{name}", args=[self.job.public_id])

    def back_url(self) -> str:
        """The page that this job belongs to."""
        if self.customer is not None:
            return reverse("controlhub:overview", args=[self.customer.public_id])
        return reverse("partnerhub:customer-panel", args=[self.partner.public_id, self.job.customer.public_id])  # type: ignore[union-attr]


class JobCard(JobView):
    """The card. While the job is under way, htmx asks again with what it has seen; nothing new is a 204."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        seen = request.GET.get("seen")
        if seen is None or not request.htmx:  # type: ignore[attr-defined]
            return self.show("card")
        progress = progress_of(self.job)
        if progress.is_open and progress.fingerprint == seen:
            return HttpResponse(status=204)
        return self.show("news")


class JobRetry(JobView):
    """Try again what failed."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            retry_job(job=self.job, by=self.actor)
        except Forbidden:
            raise
        except DomainError as error:
            return self.show("card", error=str(error), status=422)
        self.job = visible_jobs(self.actor).get(pk=self.job.pk)
        if request.htmx:  # type: ignore[attr-defined]
            return self.show("card")
        messages.success(request, "The steps that failed are being tried again.")
        return redirect(self.job_url("job-card"))
