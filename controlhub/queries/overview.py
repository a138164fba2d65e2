"""What the overview and the account page of a customer tell: set-up checklist, open problems, jobs, recent changes."""

from dataclasses import dataclass

from django.db.models import QuerySet
from django.urls import reverse

from controlhub.models import CustomerPackage, Location, Subscriber
from controlhub.models.numbers import UNASSIGNED
from controlhub.queries.packages import PackageMeter
from controlhub.queries.support import waiting_requests
from provisioning.models import ProvisioningJob
from tenancy.audit_log import NO_CHANGES
from tenancy.models import AuditEvent, Customer
from tenancy.packages import Kind

OPEN_STATES = ("queued", "running", "retry_wait")


@dataclass(frozen=True)
class ChecklistItem:
    """One step of setting up a customer. The order is the order in which things depend on each other."""

    title: str
    done: bool
    detail: str
    url: str
    action: str


@dataclass(frozen=True)
class Problem:
    """Something that does not work, and the way to mend it. `url` may be empty: then only others can act."""

    level: str
    title: str
    detail: str
    url: str = ""
    action: str = ""


def checklist(customer: Customer, meters: list[PackageMeter]) -> list[ChecklistItem]:
    """Locations, PSTN, numbers, users: in that order, because moving users to a corrected location later is costly."""
    locations = list(customer.locations.order_by("name"))
    calling = any(meter.package.calling for meter in meters)
    users = sum(meter.used for meter in meters if meter.package.kind is Kind.BASE and not meter.package.workspace_only)
    return [
        _locations_item(customer, locations),
        _pstn_item(customer, locations, calling=calling),
        _numbers_item(customer, calling=calling),
        ChecklistItem(
            "Add users",
            done=users > 0,
            detail=f"Users with a package: {users}." if users else "Nobody has a package yet.",
            url=reverse("controlhub:user-list", args=[customer.public_id]),
            action="Users",
        ),
    ]


def problems(customer: Customer, meters: list[PackageMeter]) -> list[Problem]:
    """What needs somebody's attention now, the worst first. Failed jobs are shown as cards beside it."""
    found = [
        Problem("error", f"{meter.package.name} could not be set up", meter.error or "Retry the failed step below.")
        for meter in meters
        if meter.status == CustomerPackage.Status.ERROR
    ]
    if customer.status == Customer.Status.PENDING_RPL_REVIEW:
        found.insert(0, _compliance_hold())
    if waiting := waiting_requests(customer):
        found.append(_rights_asked(customer, waiting))
    if customer.subscribers.filter(status=Subscriber.Status.FAILED, deleted_at=None).exists():
        found.append(_failed_users(customer))
    found += [
        Problem(
            "warning",
            f"{meter.package.name} is used up",
            f"All {meter.limit} are assigned. More can be assigned once the service provider raises the limit.",
        )
        for meter in meters
        if meter.full and meter.counted
    ]
    return found


def jobs_to_show(customer: Customer, *, size: int = 3) -> list[ProvisioningJob]:
    """Jobs that still run or have failed, newest first."""
    states = [*OPEN_STATES, ProvisioningJob.State.FAILED]
    return list(customer.jobs.filter(state__in=states).order_by("-created_at")[:size])


def recent_events(customer: Customer, *, size: int = 8) -> list[AuditEvent]:
    """The newest changes in this customer."""
    return list(customer.audit_events.exclude(category__in=NO_CHANGES).order_by("-created_at", "-id")[:size])


def recent_launches(customer: Customer, *, size: int = 10) -> QuerySet[AuditEvent]:
    """Who opened this customer's Control Hub from the partner's side, newest first, with the launch itself."""
    launches = customer.audit_events.filter(action="launch.started").select_related("launch")
    return launches.order_by("-created_at", "-id")[:size]


def _compliance_hold() -> Problem:
    return Problem(
        "warning",
        "On hold for a compliance review",
        "The company is being checked against the lists of restricted parties. Nothing is set up until that is decided; "
        "it is checked again by itself, and operations look at it after three days.",
    )


def _rights_asked(customer: Customer, waiting: int) -> Problem:
    title = "Help desk asks for full rights" if waiting == 1 else f"{waiting} requests for full rights"
    url = reverse("controlhub:support", args=[customer.public_id])
    return Problem("warning", title, "A full administrator approves or refuses.", url, "Support access")


def _failed_users(customer: Customer) -> Problem:
    url = reverse("controlhub:user-list", args=[customer.public_id]) + f"?status={Subscriber.Status.FAILED}"
    return Problem("error", "Some users could not be created", "Each user's page says why.", url, "Show these users")


def _locations_item(customer: Customer, locations: list[Location]) -> ChecklistItem:
    waiting = [location.name for location in locations if location.confirmed_at is None]
    url = reverse("controlhub:location-list", args=[customer.public_id])
    if not locations:
        return ChecklistItem(
            "Confirm locations", done=False, detail="There is no location yet.", url=url, action="Locations"
        )
    detail = f"To be confirmed: {_some(waiting)}." if waiting else f"All {len(locations)} are confirmed."
    return ChecklistItem("Confirm locations", done=not waiting, detail=detail, url=url, action="Locations")


def _pstn_item(customer: Customer, locations: list[Location], *, calling: bool) -> ChecklistItem:
    title, url = "Connect to the PSTN", reverse("controlhub:location-list", args=[customer.public_id])
    if not calling:
        return ChecklistItem(
            title, done=True, detail="Not needed without a calling package.", url=url, action="Locations"
        )
    if not locations:
        return ChecklistItem(title, done=False, detail="Needs a location first.", url=url, action="Locations")
    waiting = [location.name for location in locations if not location.pstn]
    detail = f"Not connected: {_some(waiting)}." if waiting else "Every location is connected."
    return ChecklistItem(title, done=not waiting, detail=detail, url=url, action="Locations")


def _numbers_item(customer: Customer, *, calling: bool) -> ChecklistItem:
    title, url = "Add phone numbers", reverse("controlhub:number-list", args=[customer.public_id])
    if not calling:
        return ChecklistItem(
            title, done=True, detail="Not needed without a calling package.", url=url, action="Numbers"
        )
    free = customer.numbers.filter(UNASSIGNED).exists()
    done = free or customer.numbers.exists()
    detail = "Some numbers are free." if free else "All numbers are in use." if done else "There are no numbers yet."
    return ChecklistItem(title, done=done, detail=detail, url=url, action="Numbers")


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (" and more" if len(names) > 3 else "")
