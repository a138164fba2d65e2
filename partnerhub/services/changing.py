"""Change what a customer has, and end its wholesale services (domain.md 2.8; public API: PUT and DELETE customer)."""

from collections.abc import Collection, Mapping
from dataclasses import asdict
from typing import Any

from django.db import transaction
from django.db.models import F

from controlhub.models import CustomerPackage
from controlhub.services import pushes
from controlhub.services.constraints import named_errors
from controlhub.services.enabling import disable_package, enable_package, set_limit
from controlhub.services.ending import end_everything
from controlhub.services.readiness import READY, CustomerNotReady, lock_ready
from partnerhub.services.customers import (
    Address,
    ExternalIdInUse,
    Headquarters,
    LocationNeeded,
    check_columns,
    check_packages,
    save_headquarters,
)
from partnerhub.services.deletion import DELETE_CUSTOMER, deletion_steps
from partnerhub.services.suspension import require_active
from provisioning.customer_status import set_customer_status
from provisioning.queue import cancel_jobs, enqueue
from tenancy import audit
from tenancy.access import authorize
from tenancy.actors import Actor
from tenancy.models import Customer, Partner
from tenancy.packages import PACKAGES, needs_calling
from tenancy.policy import Control

Status = Customer.Status


@transaction.atomic
def update_customer(
    *,
    customer: Customer,
    packages: Collection[str],
    limits: Mapping[str, int | None] | None = None,
    external_id: str | None = None,
    address: Address | None = None,
    location: Headquarters | None = None,
    by: Actor,
) -> Customer:
    """Replace the whole list of packages; change the limits that are named, and external ID and address when given.

    A package that is missing is taken away, unless somebody has it. `location`: the headquarters, for a customer that
    starts calling. Webex follows in jobs. Raises Forbidden, PartnerSuspended, CustomerNotReady, NoPackage,
    MissingDependency, InvalidLimit, LimitBelowUsed, PackageInUse, LocationNeeded, ExternalIdInUse, InvalidCustomer.
    """
    authorize(by, Control.PARTNER_PROVISIONING, customer=customer)
    require_active(customer.partner)
    lock_ready(customer)
    wanted = {code: (limits or {}).get(code) for code in packages}
    check_packages(wanted)
    _change_facts(customer, external_id, address, by)
    moved = _start_calling(customer, set(wanted), location, by)
    moved |= _change_packages(customer, wanted, limits or {}, by)
    if moved:
        set_customer_status(customer=customer, status=Status.UPDATING, by=by)
    return customer


def _change_facts(customer: Customer, external_id: str | None, address: Address | None, by: Actor) -> None:
    values: dict[str, Any] = asdict(address) if address else {}
    if external_id is not None:
        values["external_id"] = external_id.strip()
    changes = {name: [getattr(customer, name), value] for name, value in values.items()}
    changes = {name: change for name, change in changes.items() if change[0] != change[1]}
    if not changes:
        return
    for name, (_before, after) in changes.items():
        setattr(customer, name, after)
    kept = Address(**{name: getattr(customer, name) for name in Address.__dataclass_fields__})
    check_columns(customer, kept, exclude={"partner", "org_id"})
    with named_errors({"customer_external_id_once_per_partner": lambda: ExternalIdInUse(field="external_id")}):
        customer.save(update_fields=list(changes))
    text = f"{by.name} changed {customer.name}"
    audit.record(action="customer.changed", text=text, target=customer, customer=customer, changes=changes, by=by)


def _start_calling(customer: Customer, wanted: set[str], location: Headquarters | None, by: Actor) -> bool:
    """The first location, when a customer without one starts calling. A customer that has one keeps it as it is."""
    if not needs_calling(wanted) or customer.locations.exists():
        return False
    if location is None:
        raise LocationNeeded(field="location")
    row = save_headquarters(customer, location)
    pushes.push_new(customer=customer, subscribers=[], locations=[row], by=by)
    return True


def _change_packages(
    customer: Customer, wanted: Mapping[str, int | None], limits: Mapping[str, int | None], by: Actor
) -> bool:
    """Enable before disabling, in the catalogue's order: an add-on always finds the package it stands on."""
    held = {row.package: row for row in CustomerPackage.objects.filter(customer=customer)}
    added = [code for code in PACKAGES if code in wanted and code not in held]
    removed = [code for code in reversed(PACKAGES) if code in held and code not in wanted]
    for code in added:
        enable_package(customer=customer, package=code, limit=wanted[code], by=by)
    for code in held.keys() & limits.keys() & wanted.keys():
        if held[code].limit != limits[code]:
            set_limit(customer=customer, package=code, limit=limits[code], by=by)
    removed = [code for code in removed if held[code].status != CustomerPackage.Status.DELETING]
    for code in removed:
        disable_package(customer=customer, package=code, by=by)
    return bool(added or removed)


@transaction.atomic
def delete_customer(*, customer: Customer, by: Actor) -> None:
    """End the wholesale services: usage stops now, packages go in a job, then nobody sees the customer any more.

    The organisation and its people stay in Webex. A suspended partner may do it too (domain.md 2.5).
    Raises Forbidden, CustomerNotReady (also while it is being deleted already).
    """
    authorize(by, Control.PARTNER_CUSTOMER_CREATE, partner=customer.partner)
    authorize(by, Control.PARTNER_PROVISIONING, customer=customer)
    status = Customer.objects.select_for_update(no_key=True).get(pk=customer.pk).status
    if status not in READY | {Status.ERROR}:
        raise CustomerNotReady(f"{customer.name} is {Status(status).label.lower()}. Delete it when that is done.")
    cancel_jobs(customer)
    counts = end_everything(customer=customer, by=by)
    codes = list(customer.packages.values_list("package", flat=True))
    customer.packages.update(status=CustomerPackage.Status.DELETING, error_code="", error="")
    audit.record(
        action="customer.deletion_ordered",
        text=f"{by.name} ended the wholesale services of {customer.name}",
        target=customer,
        customer=customer,
        changes={"ended": [counts, None], "packages": [codes, None]},
        by=by,
    )
    set_customer_status(customer=customer, status=Status.DELETING, by=by)
    steps = deletion_steps(codes, in_webex=customer.org_id is not None)
    enqueue(kind=DELETE_CUSTOMER, customer=customer, steps=steps, by=by)
    Partner.objects.filter(pk=customer.partner_id, customer_count__gt=0).update(customer_count=F("customer_count") - 1)
