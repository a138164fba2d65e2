"""Who has which package from when to when, and how many a customer may have. The facts that billing reads.

Rules: domain.md 2.4 (what needs what), 4.1-4.3 (changing, limits), 2.2 (the administrator's level).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from controlhub.models import Location, PackageAssignment, Subscriber, Workspace
from controlhub.services import calling_data, pushes
from controlhub.services.administrators import floor_package
from controlhub.services.clock import whole_seconds
from controlhub.services.devices import release_devices
from controlhub.services.enabling import LimitBelowUsed, PackageInUse, disable_package, enable_package, set_limit
from controlhub.services.presence import require_present
from controlhub.services.queues import leave_queues
from controlhub.services.readiness import require_ready
from controlhub.services.seats import (
    AlreadyAssigned,
    LimitReached,
    NeedsCalling,
    PackageNotEnabled,
    Subject,
    UnknownPackage,
    catalogue_entry,
    end_intervals,
    lock_seats,
    open_assignments,
    open_interval,
    package_name,
    take_seats,
)
from controlhub.services.user_services import bring_all
from tenancy import audit
from tenancy.access import authorize
from tenancy.actors import Actor
from tenancy.errors import DomainError
from tenancy.packages import PACKAGES, Kind, Package
from tenancy.policy import Control

# One address for everything about packages.
__all__ = [
    "AlreadyAssigned",
    "LimitBelowUsed",
    "LimitReached",
    "NeedsCalling",
    "PackageInUse",
    "PackageNotEnabled",
    "UnknownPackage",
    "disable_package",
    "enable_package",
    "set_limit",
]


class WorkspaceOnly(DomainError):
    code = "workspace_only"

    def __init__(self, package: str) -> None:
        super().__init__(f"{package_name(package)} is for workspaces, not for users.", field="package")


class UsersOnly(DomainError):
    code = "users_only"

    def __init__(self, package: str) -> None:
        super().__init__(f"{package_name(package)} is for users, not for workspaces.", field="package")


class NotAssignable(DomainError):
    code = "not_assignable"

    def __init__(self, package: str) -> None:
        super().__init__(f"{package_name(package)} belongs to the whole organization, not to a user.", field="package")


class NoPackage(DomainError):
    code = "no_package"

    def __init__(self, subject: Subject) -> None:
        super().__init__(f"{subject} has no package.", field="package")


class NotInWebex(DomainError):
    """Webex refused to create the user; a package now would be billed and never arrive."""

    code = "person_missing"

    def __init__(self, subject: Subject) -> None:
        super().__init__(f"{subject} could not be created in Webex. Retry that first.", field="package")


class AdministratorDowngrade(DomainError):
    """Domain.md 2.2: the administrator keeps the level the organisation was created with."""

    code = "administrator_downgrade"

    def __init__(self, subject: Subject, floor: str) -> None:
        super().__init__(
            f"{subject} administers this organization and must keep at least {package_name(floor)}.", field="package"
        )


@transaction.atomic
def assign_package(
    *,
    subscriber: Subscriber | None = None,
    workspace: Workspace | None = None,
    package: str,
    by: Actor,
    number: str | None = None,
    extension: str | None = None,
    location: Location | None = None,
    at: datetime | None = None,
) -> PackageAssignment:
    """Give a package to exactly one subscriber or workspace: usage starts at `at` (default: now, the database's clock).

    Number (as typed), extension and location are for a user who starts calling; without them he keeps what he has.
    Raises Forbidden, CustomerNotReady, PackageNotEnabled, LimitReached, AlreadyAssigned, WorkspaceOnly, UsersOnly,
    NotInWebex, NeedsCalling, or what the calling data lacks; then nothing has changed.
    """
    subject = _one_subject(subscriber, workspace)
    customer = subject.customer
    authorize(by, Control.WORKSPACE_PACKAGE if workspace else Control.USER_PACKAGE, customer=customer)
    require_ready(customer)
    entry = catalogue_entry(package)
    held = _locked_assignments(subject)
    if isinstance(subject, Subscriber) and subject.status == Subscriber.Status.FAILED:
        raise NotInWebex(subject)
    _require_fit(subject, entry, held)
    facts = {}
    if isinstance(subject, Subscriber) and entry.kind is Kind.BASE and entry.calling:
        facts = calling_data.give(subject, number=number, extension=extension, location=location, by=by)
    take_seats(customer=customer, package=package)
    assignment = open_interval(subject=subject, package=package, at=whole_seconds(at))
    started = {"package": [None, package], "from": [None, assignment.started_at.isoformat()]}
    _record("assigned", subject, by, started | facts)
    if isinstance(subject, Subscriber):
        if assignment.is_base:
            bring_all(subject)
        pushes.push_package(subscriber=subject, package=package, by=by)
    return assignment


def _one_subject(subscriber: Subscriber | None, workspace: Workspace | None) -> Subject:
    subject = subscriber or workspace
    if subject is None or (subscriber and workspace):
        raise ValueError("A package goes to one subscriber or to one workspace.")
    return subject


def _locked_assignments(subject: Subject) -> list[PackageAssignment]:
    """What the subject has, once nobody else can change it: two changes at once happen one after the other."""
    if isinstance(subject, Subscriber):
        people = Subscriber.objects.select_for_update(no_key=True)
        subject.refresh_from_db(fields=["location", "extension", "admin", "status", "deleted_at"], from_queryset=people)
        require_present(subject)
    else:
        rooms = Workspace.objects.select_for_update(no_key=True)
        subject.refresh_from_db(fields=["location"], from_queryset=rooms)
    return open_assignments(subject)


def _require_fit(subject: Subject, package: Package, held: list[PackageAssignment]) -> None:
    if package.kind is Kind.CUSTOMER:
        raise NotAssignable(package.code)
    if isinstance(subject, Workspace) and not package.workspace_only:
        raise UsersOnly(package.code)
    if isinstance(subject, Subscriber) and package.workspace_only:
        raise WorkspaceOnly(package.code)
    base = next((row for row in held if row.is_base), None)
    if package.kind is Kind.ADD_ON and (base is None or base.package not in package.needs_any):
        raise NeedsCalling(package.code)
    if package.kind is Kind.BASE and base is not None:
        raise AlreadyAssigned(subject=subject, package=base.package)


@dataclass(frozen=True)
class _Change:
    """A change of base package as it is being made: what was, and what goes with it."""

    before: PackageAssignment
    after: Package
    lost_add_ons: list[PackageAssignment]

    @property
    def ended(self) -> list[PackageAssignment]:
        return [self.before, *self.lost_add_ons]


@transaction.atomic
def change_package(
    *,
    subscriber: Subscriber,
    package: str,
    by: Actor,
    number: str | None = None,
    extension: str | None = None,
    location: Location | None = None,
    at: datetime | None = None,
) -> PackageAssignment:
    """Move a user to another base package: the old interval ends in the second in which the new one starts.

    Number (as typed), extension and location count only when a user starts calling (domain.md 4.1). A user who stops
    calling gives number and extension back. Add-ons that the new package does not carry end with the old one.
    Raises what `assign_package` raises, and NoPackage, AdministratorDowngrade; then nothing has changed.
    """
    customer = subscriber.customer
    authorize(by, Control.USER_PACKAGE, customer=customer)
    require_ready(customer)
    change = _plan(subscriber, catalogue_entry(package))
    lock_seats(customer, [package, *(row.package for row in change.ended)])
    facts = _move_calling_data(subscriber, change, number=number, extension=extension, location=location, by=by)
    moment = whole_seconds(at)
    end_intervals(change.ended, at=moment)
    take_seats(customer=customer, package=package)
    assignment = open_interval(subject=subscriber, package=package, at=moment)
    bring_all(subscriber)
    facts |= _leave_queues(subscriber, package, by)
    ended = {"add_ons": [[row.package for row in change.lost_add_ons], []]} if change.lost_add_ons else {}
    changes = {"package": [change.before.package, package], "at": [None, moment.isoformat()]}
    _record("changed", subscriber, by, changes | facts | ended)
    pushes.push_package(subscriber=subscriber, package=package, by=by)
    return assignment


def _plan(subscriber: Subscriber, package: Package) -> _Change:
    held = _locked_assignments(subscriber)
    base = next((row for row in held if row.is_base), None)
    if base is None:
        raise NoPackage(subscriber)
    if base.package == package.code:
        raise AlreadyAssigned(subject=subscriber, package=package.code)
    if package.kind is not Kind.BASE:
        raise NotAssignable(package.code)
    if package.workspace_only:
        raise WorkspaceOnly(package.code)
    floor = floor_package(subscriber)
    if floor and package.level < PACKAGES[floor].level:
        raise AdministratorDowngrade(subscriber, floor)
    lost = [row for row in held if not row.is_base and package.code not in PACKAGES[row.package].needs_any]
    return _Change(before=base, after=package, lost_add_ons=lost)


def _move_calling_data(
    subscriber: Subscriber,
    change: _Change,
    *,
    number: str | None,
    extension: str | None,
    location: Location | None,
    by: Actor,
) -> dict[str, Any]:
    was_calling = PACKAGES[change.before.package].calling
    if change.after.calling and not was_calling:
        return calling_data.give(subscriber, number=number, extension=extension, location=location, by=by)
    if was_calling and not change.after.calling:
        return calling_data.take_away(subscriber) | _release_devices(subscriber, by)
    return {}


@transaction.atomic
def remove_package(
    *,
    subscriber: Subscriber | None = None,
    workspace: Workspace | None = None,
    package: str | None = None,
    by: Actor,
    at: datetime | None = None,
) -> list[PackageAssignment]:
    """Take everything away, or just the add-on `package`: usage stops at `at`, number and extension are given back.

    Returns the ended intervals. Raises Forbidden, CustomerNotReady, NoPackage, AdministratorDowngrade.
    """
    subject = _one_subject(subscriber, workspace)
    customer = subject.customer
    authorize(by, Control.WORKSPACE_PACKAGE if workspace else Control.USER_PACKAGE, customer=customer)
    require_ready(customer, ending=True)
    ended = _to_remove(subject, package)
    lock_seats(customer, [row.package for row in ended])
    everything = any(row.is_base for row in ended)
    facts = calling_data.take_away(subject) if everything and isinstance(subject, Subscriber) else {}
    facts |= _release_devices(subject, by) | _leave_queues(subject, "", by) if everything else {}
    moment = whole_seconds(at)
    end_intervals(ended, at=moment)
    codes = [row.package for row in ended]
    _record("removed", subject, by, {"package": [codes, None], "at": [None, moment.isoformat()]} | facts)
    if isinstance(subject, Subscriber):
        pushes.push_removal(subscriber=subject, packages=codes, by=by)
    return ended


def _release_devices(subject: Subject, by: Actor) -> dict[str, Any]:
    """A device without a line is no use: it goes with the calling package (domain.md 4.1)."""
    owner = {"subscriber": subject} if isinstance(subject, Subscriber) else {"workspace": subject}
    released = release_devices(**owner, by=by)
    return {"devices": [released, []]} if released else {}


def _leave_queues(subject: Subject, package: str, by: Actor) -> dict[str, Any]:
    """Who lacks what a call queue asks of its agents, leaves it (domain.md 4.2, 13.1)."""
    left = leave_queues(subject, package=package, by=by)
    return {"queues": [left, []]} if left else {}


def _to_remove(subject: Subject, package: str | None) -> list[PackageAssignment]:
    held = _locked_assignments(subject)
    chosen = [row for row in held if package in (None, row.package)]
    if not chosen:
        raise NoPackage(subject)
    if not any(row.is_base for row in chosen):
        return chosen
    floor = floor_package(subject) if isinstance(subject, Subscriber) else None
    if floor:
        raise AdministratorDowngrade(subject, floor)
    return held


def _record(verb: str, subject: Subject, by: Actor, changes: dict[str, Any]) -> None:
    before, after = changes["package"]
    names = [_names_of(before), _names_of(after)]
    text = {
        "assigned": f"{names[1]} assigned to {subject}",
        "changed": f"Package of {subject} changed from {names[0]} to {names[1]}",
        "removed": f"{names[0]} removed from {subject}",
    }
    audit.record(
        action=f"package.{verb}", text=text[verb], target=subject, customer=subject.customer, by=by, changes=changes
    )


def _names_of(codes: str | list[str] | None) -> str:
    return ", ".join(package_name(code) for code in ([codes] if isinstance(codes, str) else codes or []))
