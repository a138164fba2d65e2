"""Enabling packages of an organisation, one step each, so that one that fails does not stop the others."""

from collections.abc import Sequence

from django.db.models import QuerySet

from controlhub.jobs.status import settle_customer
from controlhub.models import CustomerPackage
from provisioning.errors import PermanentError
from provisioning.gateway import gateway
from provisioning.models import ProvisioningJob, ProvisioningStep
from provisioning.registry import Result, StepContext, StepHandler
from tenancy.actors import Actor
from tenancy.models import Customer
from tenancy.packages import PACKAGES

Status = CustomerPackage.Status
PACKAGE_STEP = "package"
NOT_STARTED = "Not started, because a step before it failed."


def _enable(context: StepContext) -> Result:
    package = PACKAGES[context.item]
    enabled = set(context.customer.packages.filter(status=Status.PROVISIONED).values_list("package", flat=True))
    if package.needs_any and not package.needs_any & enabled:
        names = ", ".join(sorted(PACKAGES[code].name for code in package.needs_any))
        raise PermanentError(
            "prerequisite_missing", f"{package.name} needs one of: {names}. Enable one of them, then try again."
        )
    return gateway().enable_package(key=context.key, org_id=str(context.customer.org_id), package=package.code)


def _enabled(context: StepContext, result: Result) -> None:
    _row(context).update(status=Status.PROVISIONED, license_id=result["license_id"], error_code="", error="")


def _not_enabled(context: StepContext, error: PermanentError) -> None:
    _row(context).update(status=Status.ERROR, error_code=error.code, error=str(error))


def _row(context: StepContext) -> QuerySet[CustomerPackage]:
    return context.customer.packages.filter(package=context.item)


ENABLE_PACKAGE = StepHandler(call=_enable, apply=_enabled, failed=_not_enabled)


def fail_skipped_packages(customer: Customer, steps: Sequence[ProvisioningStep]) -> None:
    """Packages whose step was skipped did not arrive either, and say so, unless they say a better reason already."""
    skipped = [step for step in steps if step.state == ProvisioningStep.State.SKIPPED]
    _of_steps(customer, skipped).exclude(status=Status.ERROR).update(
        status=Status.ERROR, error_code="not_started", error=NOT_STARTED
    )


def restart_packages(customer: Customer, steps: Sequence[ProvisioningStep]) -> None:
    """Packages of steps that are tried again are in progress once more."""
    _of_steps(customer, steps).update(status=Status.PROVISIONING, error_code="", error="")


def _of_steps(customer: Customer, steps: Sequence[ProvisioningStep]) -> QuerySet[CustomerPackage]:
    return customer.packages.filter(package__in=[step.item for step in steps if step.name == PACKAGE_STEP])


def _disable(context: StepContext) -> Result:
    return gateway().disable_package(key=context.key, org_id=str(context.customer.org_id), package=context.item)


def _disabled(context: StepContext, result: Result) -> None:
    _row(context).filter(status=Status.DELETING, used=0).delete()


DISABLE_PACKAGE = StepHandler(call=_disable, apply=_disabled, failed=_not_enabled)


def finish_packages(job: ProvisioningJob, steps: Sequence[ProvisioningStep]) -> None:
    """The customer's status follows from its packages."""
    settle_customer(job.customer)


def restart_enabling(job: ProvisioningJob, steps: Sequence[ProvisioningStep], by: Actor) -> None:
    """Before a retry: the packages are in progress again."""
    restart_packages(job.customer, steps)


def restart_disabling(job: ProvisioningJob, steps: Sequence[ProvisioningStep], by: Actor) -> None:
    """Before a retry: the packages are being removed again."""
    _of_steps(job.customer, steps).update(status=Status.DELETING, error_code="", error="")
