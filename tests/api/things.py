"""Public ids of what a tenant of the sweeps' world has, by the parameter of a path that takes them."""

from api import ids
from tenancy.opaque_ids import opaque_id
from tests.sweeps.world import Tenant

KINDS = {
    "customerId": (ids.CUSTOMER, "customer"),
    "subscriberId": (ids.SUBSCRIBER, "subscriber"),
    "id": (ids.REPORT, "report"),
    "locationId": (ids.LOCATION, "location"),
    "deviceId": (ids.DEVICE, "device"),
    "webhookId": (ids.WEBHOOK, "webhook"),
}


def ids_of(tenant: Tenant) -> dict[str, str]:
    """An id for each parameter of a path."""
    of_rows = {name: opaque_id(kind, tenant.ids[key]) for name, (kind, key) in KINDS.items()}
    return of_rows | {"orgId": opaque_id(ids.ORGANIZATION, tenant.customer.org_id)}


def known_in(path: str, tenant: Tenant) -> dict[str, str]:
    """Those of the ids that a path takes."""
    return {name: text for name, text in ids_of(tenant).items() if f"{{{name}}}" in path}
