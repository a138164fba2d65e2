"""Setting up a job and driving it to its end without Celery."""

from datetime import timedelta

from django.db import connection, transaction
from django.db.models.functions import Now

from controlhub.models import OrganizationSettings
from partnerhub.services.onboarding import ONBOARD_CUSTOMER, onboarding_steps
from provisioning.invariants import INVARIANTS
from provisioning.models import ProvisioningJob, SimulatedEffect
from provisioning.queue import enqueue
from provisioning.runner import run_job
from tenancy import audit
from tenancy.actors import SYSTEM
from tenancy.models import Customer, Partner
from tests.factories import make_customer, make_location, make_origin, make_package, make_template

PACKAGES = ("webex_calling", "attendant_console")
State = ProvisioningJob.State


def make_ordered_customer(partner: Partner, *, packages: tuple[str, ...] = PACKAGES, **fields: object) -> Customer:
    """A customer right after its creation: rows only, nothing provisioned."""
    template_fields = {
        name: fields.pop(name)
        for name in list(fields)
        if name in ("pstn_provider", "meeting_dial_in", "suppress_admin_invite_email")
    }
    customer = make_customer(partner, status=Customer.Status.PROVISIONING, **fields)
    version = make_origin(customer, make_template(partner, **template_fields)).template_version
    OrganizationSettings.objects.create(
        customer=customer, suppress_admin_invite_email=version.suppress_admin_invite_email
    )
    for package in packages:
        make_package(customer, package, status="provisioning")
    make_location(customer, confirmed_at=None, provisioned_at=None, country=customer.country)
    return customer


def order(customer: Customer, *, packages: tuple[str, ...] = PACKAGES) -> ProvisioningJob:
    """The onboarding job of a customer, as the create-customer service orders it."""
    with transaction.atomic():
        audit.record(action="customer.created", text="created", target=customer, customer=customer, by=SYSTEM)
        steps = onboarding_steps(packages, has_location=True, has_meetings=True)
        return enqueue(kind=ONBOARD_CUSTOMER, customer=customer, steps=steps, by=SYSTEM)


def make_due(job: ProvisioningJob) -> None:
    """Let waiting and leases be over."""
    past = Now() - timedelta(seconds=1)
    ProvisioningJob.objects.filter(pk=job.pk, state__in=[State.QUEUED, State.RETRY_WAIT]).update(next_run_at=past)
    ProvisioningJob.objects.filter(pk=job.pk, state=State.RUNNING).update(lease_until=past)


def run_to_end(job: ProvisioningJob, *, claims: int = 60) -> ProvisioningJob:
    """Claim and run until the job is finished, or `claims` are used up."""
    for _ in range(claims):
        make_due(job)
        if not run_job(job_id=job.pk):
            break
    job.refresh_from_db()
    return job


def states(job: ProvisioningJob) -> dict[str, str]:
    """Step (with its item) -> state."""
    return {str(step): step.state for step in job.steps.all()}


def effects(job: ProvisioningJob) -> list[str]:
    """What the cloud did for this job, in order: the steps' names and items."""
    rows = SimulatedEffect.objects.filter(key__startswith=str(job.public_id)).order_by("pk")
    return [key.split(":", 1)[1] for key in rows.values_list("key", flat=True)]


def broken_invariants() -> list[tuple[str, list[tuple[object, ...]]]]:
    """Every invariant that does not hold, with the rows that break it."""
    found = []
    for name, _, sql in INVARIANTS:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            rows = cursor.fetchall()
        if rows:
            found.append((name, rows))
    return found
