"""The one way in which a customer's status changes: written down, timed, audited."""

from django.db.models.functions import Now

from tenancy import audit
from tenancy.actors import Actor
from tenancy.models import Customer


def set_customer_status(*, customer: Customer, status: Customer.Status, by: Actor) -> bool:
    """Move the customer to `status`; False when it is there already. Must run inside a transaction."""
    before = Customer.objects.select_for_update().only("status").get(pk=customer.pk).status
    if before == status:
        return False
    Customer.objects.filter(pk=customer.pk).update(status=status, status_changed_at=Now())
    customer.status = status
    audit.record(
        action="customer.status_changed",
        text=f"{customer.name} went from {Customer.Status(before).label} to {status.label}",
        target=customer,
        customer=customer,
        changes={"status": [before, status.value]},
        by=by,
    )
    return True
