"""May anything be changed inside this customer yet?"""

from django.db.models import QuerySet

from tenancy.errors import DomainError
from tenancy.models import Customer, Partner

READY = frozenset({Customer.Status.PROVISIONED, Customer.Status.PROVISIONED_WITH_ERRORS, Customer.Status.UPDATING})

_WHY_NOT = {
    Customer.Status.PROVISIONING: "{name} is still being set up. Try again when it is active.",
    Customer.Status.PENDING_RPL_REVIEW: "{name} is on hold for a compliance review. Nothing can be changed until it ends.",
    Customer.Status.DELETING: "{name} is being deleted. Nothing can be changed any more.",
    Customer.Status.ERROR: "Setting up {name} failed. Retry its provisioning first.",
}
SUSPENDED = "The service provider of {name} is suspended: nothing can be added or changed, only taken away."


class CustomerNotReady(DomainError):
    """The customer's state forbids the change (invariant I13: no interval while on hold)."""

    code = "customer_not_ready"


def why_not_ready(customer: Customer, *, ending: bool = False) -> str:
    """A sentence that says why nothing can be changed now, or an empty string. Reads the rows afresh.

    `ending`: something is only taken away, which a suspended partner may still do (domain.md 2.5).
    """
    return _why_not(customer, Customer.objects.all(), ending=ending)


def _why_not(customer: Customer, rows: QuerySet[Customer], *, ending: bool) -> str:
    status, state = rows.values_list("status", "partner__state").get(pk=customer.pk)
    if status not in READY:
        return _WHY_NOT[Customer.Status(status)].format(name=customer.name)
    if state == Partner.State.SUSPENDED and not ending:
        return SUSPENDED.format(name=customer.name)
    return ""


def require_ready(customer: Customer, *, ending: bool = False) -> None:
    """Raises CustomerNotReady unless people and packages of the customer may be changed (`ending`: taken away)."""
    _require(why_not_ready(customer, ending=ending))


def lock_ready(customer: Customer) -> None:
    """As `require_ready`, and nobody else creates people or changes the status until the transaction ends."""
    _require(_why_not(customer, Customer.objects.select_for_update(no_key=True, of=("self",)), ending=False))


def _require(no_reason: str) -> None:
    if no_reason:
        raise CustomerNotReady(no_reason)
