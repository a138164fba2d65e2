"""The job that ends a customer's wholesale services: packages, then the organisation is released (domain.md 2.8)."""

from collections.abc import Sequence

from django.db.models.functions import Now

from controlhub.jobs.packages import DISABLE_PACKAGE, PACKAGE_STEP, restart_disabling
from partnerhub.services.attaching import end_attachment
from provisioning.customer_status import set_customer_status
from provisioning.errors import PermanentError
from provisioning.gateway import gateway
from provisioning.models import ProvisioningJob, ProvisioningStep
from provisioning.registry import JobType, Result, StepContext, StepHandler
from tenancy import audit
from tenancy.actors import SYSTEM, Actor
from tenancy.models import Customer, RoleAssignment


def _release(context: StepContext) -> Result:
    customer = context.customer
    if customer.packages.filter(error__gt="").exists():
        raise PermanentError("packages_left", "Some packages could not be removed. Try those again first.")
    if customer.org_id is None:
        return {}
    return gateway().release_organisation(key=context.key, org_id=str(customer.org_id))


def _released(context: StepContext, result: Result) -> None:
    """From here on nobody sees the customer: its administrators have nothing to administer here any more."""
    customer = context.customer
    roles = RoleAssignment.objects.filter(customer=customer)
    emails = sorted(set(roles.values_list("admin__email", flat=True)))
    roles.delete()
    end_attachment(customer)
    customer.packages.all().delete()
    Customer.objects.filter(pk=customer.pk).update(deleted_at=Now())
    audit.record(
        action="customer.deleted",
        text=f"The wholesale services of {customer.name} have ended",
        target=customer,
        customer=customer,
        changes={"administrators": [emails, None]},
        by=SYSTEM,
    )


def _finished(job: ProvisioningJob, steps: Sequence[ProvisioningStep]) -> None:
    """What could not be removed leaves the customer failed, with a Retry; deleted is deleted."""
    if any(step.state == ProvisioningStep.State.FAILED for step in steps):
        set_customer_status(customer=job.customer, status=Customer.Status.ERROR, by=SYSTEM)


def _restarted(job: ProvisioningJob, steps: Sequence[ProvisioningStep], by: Actor) -> None:
    set_customer_status(customer=job.customer, status=Customer.Status.DELETING, by=by)
    restart_disabling(job, steps, by)


DELETION = JobType(
    title="Delete customer",
    steps={PACKAGE_STEP: DISABLE_PACKAGE, "release": StepHandler(_release, _released)},
    finished=_finished,
    restarted=_restarted,
)
