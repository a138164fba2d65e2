"""What the overview and the account page of a customer tell: set-up checklist, jobs, recent changes."""

from dataclasses import dataclass

from django.db.models import Case, Exists, OuterRef, QuerySet, When
from django.urls import reverse

from controlhub.models import Location, PhoneNumber
from controlhub.models.numbers import UNASSIGNED
from controlhub.queries.packages import PackageMeter
from provisioning.models import ProvisioningJob
from tenancy.audit_log import NO_CHANGES
from tenancy.models import AuditEvent, Customer
from tenancy.packages import Kind
from tenancy.policy import Control

OPEN_STATES = ("queued", "running", "retry_wait")
FAILED = ProvisioningJob.State.FAILED
NOT_NEEDED = "Not needed without a calling package."


@dataclass(frozen=True)
class ChecklistItem:
    """One step of setting up a customer. The order is the order in which things depend on each other."""

    title: str
    done: bool
    detail: str
    url: str
    action: str
    control: Control


def places_of(customer: Customer) -> list[Location]:
    """The customer's locations by name, each with `has_numbers` and `has_free_number`."""
    numbers = PhoneNumber.objects.filter(location=OuterRef("pk"))
    places = customer.locations.annotate(
        has_numbers=Exists(numbers), has_free_number=Exists(numbers.filter(UNASSIGNED, moving_to=None))
    )
    return list(places.order_by("name"))


def checklist(customer: Customer, meters: list[PackageMeter], places: list[Location]) -> list[ChecklistItem]:
    """Locations, PSTN, numbers, users: in that order, because moving users to a corrected location later is costly."""
    calling = any(meter.package.calling for meter in meters)
    steps = [
        ("Confirm locations", _confirmed(places, calling), "location-list", "Locations", Control.LOCATIONS),
        ("Connect to the PSTN", _connected(places, calling), "location-list", "Locations", Control.LOCATIONS),
        ("Add phone numbers", _numbered(places, calling), "number-list", "Numbers", Control.NUMBERS),
        ("Add users", _populated(meters), "user-list", "Users", Control.USERS),
    ]
    return [
        ChecklistItem(title, done, detail, reverse(f"controlhub:{page}", args=[customer.public_id]), action, control)
        for title, (done, detail), page, action, control in steps
    ]


def _confirmed(places: list[Location], calling: bool) -> tuple[bool, str]:
    waiting = [place.name for place in places if place.confirmed_at is None]
    if waiting:
        return False, f"To be confirmed: {some(waiting)}."
    if not places:
        return (False, "There is no location yet.") if calling else (True, NOT_NEEDED)
    return True, "Confirmed." if len(places) == 1 else f"All {len(places)} are confirmed."


def _connected(places: list[Location], calling: bool) -> tuple[bool, str]:
    if not calling:
        return True, NOT_NEEDED
    if not places:
        return False, "Needs a location first."
    callers = [place for place in places if place.calling_enabled_at]
    if not callers:
        return False, "No location is set up for calling yet."
    waiting = [place.name for place in callers if not place.pstn]
    return not waiting, f"Not connected: {some(waiting)}." if waiting else "Every location is connected."


def _numbered(places: list[Location], calling: bool) -> tuple[bool, str]:
    if not calling:
        return True, NOT_NEEDED
    if not any(place.has_numbers for place in places):  # type: ignore[attr-defined]
        return False, "There are no numbers yet."
    free = any(place.has_free_number for place in places)  # type: ignore[attr-defined]
    return True, "Some numbers are free." if free else "All numbers are in use."


def _populated(meters: list[PackageMeter]) -> tuple[bool, str]:
    users = sum(meter.used for meter in meters if meter.package.kind is Kind.BASE and not meter.package.workspace_only)
    return users > 0, f"Users with a package: {users}." if users else "Nobody has a package yet."


def some(names: list[str]) -> str:
    """The first few names."""
    return ", ".join(names[:3]) + (" and more" if len(names) > 3 else "")


def jobs_to_show(customer: Customer, *, size: int = 4) -> list[ProvisioningJob]:
    """Jobs that have failed, then those that still run; newest first."""
    jobs = customer.jobs.filter(state__in=[*OPEN_STATES, FAILED])
    return list(jobs.order_by(Case(When(state=FAILED, then=0), default=1), "-created_at", "-pk")[:size])


def recent_events(customer: Customer, *, size: int = 8) -> list[AuditEvent]:
    """The newest changes in this customer."""
    return list(customer.audit_events.exclude(category__in=NO_CHANGES).order_by("-created_at", "-id")[:size])


def recent_launches(customer: Customer, *, size: int = 10) -> QuerySet[AuditEvent]:
    """Who opened this customer's Control Hub from the partner's side, newest first, with the launch itself."""
    launches = customer.audit_events.filter(action="launch.started").select_related("launch")
    return launches.order_by("-created_at", "-id")[:size]
