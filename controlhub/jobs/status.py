"""What a customer's status is once nothing is under way any more (domain.md 2.5, invariant I12)."""

from controlhub.models import CustomerPackage
from provisioning.customer_status import set_customer_status
from provisioning.models import ProvisioningStep
from tenancy.actors import SYSTEM
from tenancy.models import Customer

# Steps that make up the organisation; a user who could not be created is that user's trouble, not the organisation's.
ORGANISATION_STEPS = (
    "screening",
    "organisation",
    "consent",
    "attach",
    "location",
    "meeting_site",
    "invite_administrator",
    "invitation_mail",
    "administrators",
)
Status = Customer.Status
UNDER_WAY = (CustomerPackage.Status.PROVISIONING, CustomerPackage.Status.DELETING)


def settle_customer(customer: Customer) -> None:
    """Move the customer to provisioned, provisioned_with_errors or error, by what its rows say."""
    set_customer_status(customer=customer, status=settled_status(customer), by=SYSTEM)


def settled_status(customer: Customer) -> Customer.Status:
    """Error without an organisation; updating while a package comes or goes; action needed while something has failed."""
    if customer.org_id is None:
        return Status.ERROR
    if customer.packages.filter(status__in=UNDER_WAY).exists():
        return Status.UPDATING
    failed = customer.packages.filter(status=CustomerPackage.Status.ERROR).exists()
    steps = ProvisioningStep.objects.filter(
        job__customer=customer, name__in=ORGANISATION_STEPS, state=ProvisioningStep.State.FAILED
    )
    return Status.PROVISIONED_WITH_ERRORS if failed or steps.exists() else Status.PROVISIONED
