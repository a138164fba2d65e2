"""What "Set up customer" and "Add users" offer: locations, packages with what is left, free numbers."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from controlhub.models import CustomerPackage, Location, Subscriber
from controlhub.models.numbers import UNASSIGNED
from provisioning.models import ProvisioningJob
from tenancy.models import Customer
from tenancy.packages import USER_PACKAGES, Package

MOST_SUGGESTIONS = 100


@dataclass(frozen=True)
class PackageOffer:
    """A package that a new user could have. `reason` says why it cannot be chosen; empty when it can."""

    package: Package
    limit: int | None
    used: int
    reason: str

    @property
    def label(self) -> str:
        """Name, and what is left or why it cannot be chosen."""
        if self.reason:
            return f"{self.package.name} – {self.reason}"
        return self.package.name if self.limit is None else f"{self.package.name} ({self.limit - self.used} left)"


def package_offers(customer: Customer) -> list[PackageOffer]:
    """The base packages of the customer, in the order of the catalogue."""
    rows = {row.package: row for row in customer.packages.all()}
    return [_offer(package, rows[package.code]) for package in USER_PACKAGES if package.code in rows]


def _offer(package: Package, row: CustomerPackage) -> PackageOffer:
    reason = ""
    if row.status != CustomerPackage.Status.PROVISIONED:
        reason = f"not ready: {row.get_status_display().lower()}"
    elif row.limit is not None and row.used >= row.limit:
        reason = f"limit reached ({row.used}/{row.limit})"
    return PackageOffer(package, row.limit, row.used, reason)


def locations_of(customer: Customer) -> list[Location]:
    """All locations, the headquarters first."""
    return list(customer.locations.order_by("-is_headquarters", "name", "pk"))


def free_numbers(customer: Customer) -> dict[int, list[str]]:
    """Unassigned numbers in E.164 by location id, at most a hundred in all: suggestions, not the inventory."""
    rows = customer.numbers.filter(UNASSIGNED, main_of=None).order_by("e164")
    found: dict[int, list[str]] = defaultdict(list)
    for location, e164 in rows.values_list("location_id", "e164")[:MOST_SUGGESTIONS]:
        found[location].append(e164)
    return found


def people_of_job(job: ProvisioningJob) -> list[Subscriber]:
    """The users that a job creates, in its order, with location, number and first package (`first_packages`)."""
    items = [UUID(step.item) for step in job.steps.all() if step.name in ("create_person", "claim_person")]
    people = job.customer.subscribers.filter(public_id__in=items).select_related("location", "number")
    by_item = {person.public_id: person for person in people.prefetch_related("assignments")}
    return [by_item[item] for item in items if item in by_item]


def sites_of_job(job: ProvisioningJob) -> Sequence[Location]:
    """The locations that a job creates."""
    items = [step.item for step in job.steps.all() if step.name == "create_location"]
    return list(job.customer.locations.filter(public_id__in=items).order_by("name"))
