"""Telling webhooks: an outbox row for each one that listens, in the transaction of the deed.

`audit.record` calls this for every deed, so no service has to think of it; what changes without a deed of anybody (a job that
ends, a user whom Webex has taken, a report that is made) is announced where it is written down. Nobody listening costs
one look at an index, in a query that is asked anyway.
"""

import uuid

from django.db import connection, transaction

from tenancy.models import Customer, Event, Partner, Resource

# What of the audit log is heard: by the noun of the action, what it is about. Everything else is nobody's event.
_HEARD: dict[str, dict[str, Resource]] = {
    "customer": {"customer": Resource.CUSTOMERS},
    "package": {"customerpackage": Resource.CUSTOMERS, "subscriber": Resource.SUBSCRIBERS},
    "subscriber": {"subscriber": Resource.SUBSCRIBERS},
    "consent": {"subscriber": Resource.SUBSCRIBERS},
    "billing_report": {"billingreport": Resource.REPORTS},
    "job": {"provisioningjob": Resource.JOBS},
}
_EVENTS = {"created": Event.CREATED, "create": Event.CREATED, "deleted": Event.DELETED, "delete": Event.DELETED}

IS_HEARD = "EXISTS (SELECT 1 FROM tenancy_webhook WHERE partner_id = %s AND status = 'active')"
_ANNOUNCE = """
INSERT INTO tenancy_webhookdelivery (public_id, webhook_id, resource, event, target_id, customer_id, state, attempts, error)
SELECT gen_random_uuid(), id, %(resource)s, %(event)s, %(target)s, %(customer)s, 'waiting', 0, '' FROM tenancy_webhook
WHERE partner_id = %(partner)s AND status = 'active'
    AND resource IN (%(resource)s, 'all') AND event IN (%(event)s, 'all')
    AND (customer_id IS NULL OR customer_id = %(customer)s)
"""


def heard(action: str, target_type: str) -> tuple[Resource, Event] | None:
    """The resource and event that an audited action is, or None."""
    noun, _, verb = action.partition(".")
    resource = _HEARD.get(noun, {}).get(target_type)
    if resource is None:
        return None
    # Only the thing itself is created or deleted by its verb: a package that goes changes its owner.
    event = _EVENTS.get(verb, Event.UPDATED) if noun != "package" else Event.UPDATED
    return resource, event


def announce(
    *,
    resource: Resource,
    event: Event,
    target_id: uuid.UUID | str,
    partner: Partner | int,
    customer: Customer | int | None = None,
) -> None:
    """Write a row for each active webhook of the partner that listens for this. Must run in the deed's transaction."""
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("An event belongs into the transaction of its deed.")
    values = {
        "resource": resource.value,
        "event": event.value,
        "target": target_id,
        "partner": partner.pk if isinstance(partner, Partner) else partner,
        "customer": customer.pk if isinstance(customer, Customer) else customer,
    }
    with connection.cursor() as cursor:
        cursor.execute(_ANNOUNCE, values)
