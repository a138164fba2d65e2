"""What a customer may have at all: packages enabled with a limit, limits changed, packages taken away (domain.md 4.3)."""

from django.db import transaction

from controlhub.models import CustomerPackage
from controlhub.services import pushes
from controlhub.services.constraints import named_errors
from controlhub.services.readiness import require_ready
from controlhub.services.seats import NeedsCalling, PackageNotEnabled, catalogue_entry, package_name
from tenancy import audit
from tenancy.access import authorize
from tenancy.actors import Actor
from tenancy.errors import DomainError
from tenancy.models import Customer
from tenancy.packages import Package, missing_dependencies
from tenancy.policy import Control


class AlreadyEnabled(DomainError):
    code = "already_enabled"

    def __init__(self, package: str) -> None:
        super().__init__(f"{package_name(package)} is enabled already.", field="package")


class PackageInUse(DomainError):
    code = "package_in_use"

    def __init__(self, package: str, used: int) -> None:
        who = "1 user or workspace has" if used == 1 else f"{used} users or workspaces have"
        super().__init__(f"{who} {package_name(package)}. Remove or change it there first.", field="package")


class LimitBelowUsed(DomainError):
    code = "limit_below_used"

    def __init__(self, package: str, used: int) -> None:
        super().__init__(f"{package_name(package)}: {used} are in use, so the limit cannot be lower.", field="limit")


class NoLimitForThis(DomainError):
    code = "no_limit_for_this"

    def __init__(self, package: str) -> None:
        super().__init__(f"{package_name(package)} has no limit: it is not counted.", field="limit")


@transaction.atomic
def enable_package(*, customer: Customer, package: str, limit: int | None = None, by: Actor) -> CustomerPackage:
    """Sell one more package to the customer, with a limit or without. Webex enables it in a job.

    Raises Forbidden, CustomerNotReady, UnknownPackage, AlreadyEnabled, NeedsCalling, NoLimitForThis.
    """
    authorize(by, Control.PARTNER_PROVISIONING, customer=customer)
    require_ready(customer)
    _check_limit(catalogue_entry(package), limit)
    enabled = set(customer.packages.values_list("package", flat=True))
    if package in missing_dependencies(enabled | {package}):
        raise NeedsCalling(package)
    with named_errors({"package_once_per_customer": lambda: AlreadyEnabled(package)}):
        row = CustomerPackage.objects.create(customer=customer, package=package, limit=limit)
    audit.record(
        action="package.enabled",
        text=f"{row} enabled" + (f" with limit {limit}" if limit is not None else ""),
        target=row,
        customer=customer,
        by=by,
        changes={"package": [None, package], "limit": [None, limit]},
    )
    pushes.push_enabling(customer=customer, package=package, by=by)
    return row


def _check_limit(package: Package, limit: int | None) -> None:
    if limit is not None and not package.limitable:
        raise NoLimitForThis(package.code)


@transaction.atomic
def set_limit(*, customer: Customer, package: str, limit: int | None, by: Actor) -> CustomerPackage:
    """Change how many may have a package; None means as many as are wanted. Never below what is in use.

    Raises Forbidden, PackageNotEnabled, LimitBelowUsed, NoLimitForThis.
    """
    authorize(by, Control.PARTNER_PROVISIONING, customer=customer)
    _check_limit(catalogue_entry(package), limit)
    row = CustomerPackage.objects.select_for_update().filter(customer=customer, package=package).first()
    if row is None:
        raise PackageNotEnabled(package=package, status=None)
    if limit is not None and limit < row.used:
        raise LimitBelowUsed(package, row.used)
    before, row.limit = row.limit, limit
    row.save(update_fields=["limit"])
    words = [str(value) if value is not None else "none" for value in (before, limit)]
    audit.record(
        action="package.limit_changed",
        text=f"Limit of {row} changed from {words[0]} to {words[1]}",
        target=row,
        customer=customer,
        by=by,
        changes={"limit": [before, limit]},
    )
    return row


@transaction.atomic
def disable_package(*, customer: Customer, package: str, by: Actor) -> CustomerPackage:
    """Stop selling a package to the customer. Refused while anybody has it, or while another package needs it.

    Raises Forbidden, PackageNotEnabled, PackageInUse, NeedsCalling. Webex disables it in a job.
    """
    authorize(by, Control.PARTNER_PROVISIONING, customer=customer)
    rows = {row.package: row for row in CustomerPackage.objects.select_for_update().filter(customer=customer)}
    row = rows.get(package)
    if row is None or row.status == CustomerPackage.Status.DELETING:
        raise PackageNotEnabled(package=package, status=row.status if row else None)
    if row.used:
        raise PackageInUse(package, row.used)
    orphans = missing_dependencies(set(rows) - {package})
    if orphans:
        raise NeedsCalling(next(iter(orphans)))
    row.status = CustomerPackage.Status.DELETING
    row.save(update_fields=["status"])
    audit.record(
        action="package.disabled",
        text=f"{row} disabled",
        target=row,
        customer=customer,
        by=by,
        changes={"package": [package, None]},
    )
    pushes.push_disabling(customer=customer, package=package, by=by)
    return row
