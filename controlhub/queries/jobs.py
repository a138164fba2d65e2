"""Which jobs the page of a thing shows: those under way, and those that have failed."""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import Exists, OuterRef

from controlhub.queries.overview import OPEN_STATES
from provisioning.models import ProvisioningJob, ProvisioningStep
from tenancy.models import Customer


def jobs_about(
    customer: Customer, *, item: UUID | None = None, steps: Iterable[str] = (), size: int = 3
) -> list[ProvisioningJob]:
    """Jobs of the customer that the viewer sees, with a step about the row of that public id, or one of these names."""
    about = ProvisioningStep.objects.filter(job=OuterRef("pk"))
    about = about.filter(item=str(item)) if item else about.filter(name__in=list(steps))
    states = [*OPEN_STATES, ProvisioningJob.State.FAILED]
    return list(customer.jobs.filter(Exists(about), state__in=states).order_by("-created_at", "-pk")[:size])
