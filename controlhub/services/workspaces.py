"""Rooms and hall phones: made, corrected and deleted. With Common Area Calling they are called and billed (domain.md 2.4)."""

from dataclasses import dataclass
from typing import Any

from django.db import transaction

from controlhub.models import Location, PackageAssignment, Workspace
from controlhub.services import extensions, seats
from controlhub.services.calling_setup import require_calling
from controlhub.services.clock import database_now
from controlhub.services.constraints import named_errors
from controlhub.services.devices import release_devices
from controlhub.services.equipment_pushes import push_workspace
from controlhub.services.numbers import LocationGone, NeedsNumberOrExtension, put_number
from controlhub.services.queues import leave_queues
from controlhub.services.readiness import require_ready
from tenancy import audit
from tenancy.access import authorize
from tenancy.actors import Actor
from tenancy.errors import DomainError
from tenancy.models import Customer
from tenancy.policy import Control

PACKAGE = "common_area_calling"
NAME_LENGTH = 80
PLAIN = ("name", "kind", "supported_devices", "capacity", "extension")


class WorkspaceNameTaken(DomainError):
    code = "workspace_name_taken"

    def __init__(self, name: str) -> None:
        super().__init__(f"There is a workspace called {name} already.", field="name")


class WorkspaceNameMissing(DomainError):
    code = "workspace_name_missing"
    message = "The workspace needs a name that can be read."


class WorkspaceGone(DomainError):
    code = "workspace_gone"
    message = "Somebody has just deleted this workspace."


class DevicesInTheWay(DomainError):
    code = "devices_in_the_way"
    message = "This workspace has devices of the other kind. Delete them first."


class NeedsCommonAreaCalling(DomainError):
    code = "needs_common_area_calling"
    message = "A number or extension needs the Common Area Calling package."


@dataclass(frozen=True)
class WorkspaceFacts:
    """What a workspace is to be. `package` is empty or Common Area Calling; `number` as typed, of the location's inventory."""

    name: str
    location: Location
    kind: str = Workspace.Kind.NOT_SET
    supported_devices: str = Workspace.Supports.PHONES
    capacity: int | None = None
    package: str = ""
    number: str = ""
    extension: str = ""


@transaction.atomic
def create_workspace(*, customer: Customer, facts: WorkspaceFacts, by: Actor) -> Workspace:
    """A new workspace; with the package its usage starts now.

    Raises Forbidden, CustomerNotReady, WorkspaceNameTaken, WorkspaceNameMissing, ExtensionRefused, NumberInUse,
    NumberUnknown, NumberElsewhere, NeedsNumberOrExtension, NeedsCommonAreaCalling, CallingNotSetUp, DevicesInTheWay,
    PackageNotEnabled, LimitReached.
    """
    authorize(by, Control.WORKSPACES, customer=customer)
    require_ready(customer)
    if facts.location.customer_id != customer.pk:
        raise ValueError("A workspace stands at a location of its own customer.")
    workspace = Workspace(customer=customer, location=facts.location, name="")
    changes = _apply(workspace, facts, by=by)
    audit.record(
        action="workspace.created",
        text=f"Workspace {workspace} created at {workspace.location}",
        target=workspace,
        customer=customer,
        by=by,
        changes={"location": [None, str(workspace.location)]} | changes,
    )
    push_workspace(workspace=workspace, by=by)
    return workspace


@transaction.atomic
def edit_workspace(*, workspace: Workspace, facts: WorkspaceFacts, by: Actor) -> Workspace:
    """Correct a workspace, give or take its package. Its location stays. Raises what `create_workspace` raises."""
    customer = workspace.customer
    authorize(by, Control.WORKSPACES, customer=customer)
    require_ready(customer)
    row = _locked(workspace)
    changes = _apply(row, facts, by=by)
    if changes:
        audit.record(
            action="workspace.edited",
            text=f"Workspace {row} changed",
            target=row,
            customer=customer,
            by=by,
            changes=changes,
        )
        push_workspace(workspace=row, by=by)
    return row


@transaction.atomic
def delete_workspace(*, workspace: Workspace, by: Actor) -> None:
    """Delete a workspace: its package ends now and its number is free again; history and billing stay.

    Raises Forbidden, CustomerNotReady.
    """
    customer = workspace.customer
    authorize(by, Control.WORKSPACES, customer=customer)
    require_ready(customer, ending=True)
    row = _locked(workspace)
    changes = _stop_calling(row, by=by)
    row.deleted_at = database_now()
    row.save(update_fields=["deleted_at"])
    audit.record(
        action="workspace.deleted",
        text=f"Workspace {row} deleted",
        target=row,
        customer=customer,
        by=by,
        changes=changes,
    )
    push_workspace(workspace=row, by=by)


def _locked(workspace: Workspace) -> Workspace:
    rows = Workspace.objects.select_for_update(no_key=True, of=("self",)).select_related("customer", "location")
    row = rows.filter(pk=workspace.pk, deleted_at=None).first()
    if row is None:
        raise WorkspaceGone()
    return row


def _apply(workspace: Workspace, facts: WorkspaceFacts, *, by: Actor) -> dict[str, Any]:
    """Make the row what `facts` say; returns the changes as the audit log writes them."""
    name = " ".join(facts.name.split())
    if not name or not name.isprintable():
        raise WorkspaceNameMissing(field="name")
    calling = facts.package == PACKAGE
    if not calling and (facts.number or facts.extension):
        raise NeedsCommonAreaCalling(field="package")
    if facts.extension and facts.extension != workspace.extension:
        extensions.require_free(facts.extension, location=workspace.location)
    stopped = _stop_calling(workspace, by=by) if workspace.pk and not calling else {}
    values = {field: getattr(facts, field) for field in PLAIN} | {"name": name}
    if workspace.supported_devices != facts.supported_devices and _has_devices(workspace):
        raise DevicesInTheWay(field="supported_devices")
    changes = {key: [getattr(workspace, key), new] for key, new in values.items() if getattr(workspace, key) != new}
    _save(workspace, values)
    return changes | stopped | (_start_calling(workspace, facts, by=by) if calling else {})


def _has_devices(workspace: Workspace) -> bool:
    return workspace.pk is not None and workspace.devices.exists()


def _save(workspace: Workspace, values: dict[str, Any]) -> None:
    for key, value in values.items():
        setattr(workspace, key, value)
    errors = {
        "workspace_name_once_per_customer": lambda: WorkspaceNameTaken(values["name"]),
        "location_lives": LocationGone,
        extensions.TAKEN: extensions.in_use,
    }
    with named_errors(errors):
        if workspace.pk:
            workspace.save(update_fields=list(PLAIN))
        else:
            workspace.save(force_insert=True)


def _start_calling(workspace: Workspace, facts: WorkspaceFacts, *, by: Actor) -> dict[str, Any]:
    require_calling(workspace.location)
    changes = put_number(workspace, facts.number)
    if not workspace.extension and not facts.number:
        raise NeedsNumberOrExtension()
    if _open_package(workspace):
        return changes
    authorize(by, Control.WORKSPACE_PACKAGE, customer=workspace.customer)
    seats.take_seats(customer=workspace.customer, package=PACKAGE)
    assignment = seats.open_interval(subject=workspace, package=PACKAGE, at=database_now())
    return changes | {"package": [None, PACKAGE], "from": [None, assignment.started_at.isoformat()]}


def _stop_calling(workspace: Workspace, *, by: Actor) -> dict[str, Any]:
    """End the package, give the number back, delete the devices, leave the queues; the extension goes with the row."""
    changes = put_number(workspace, "")
    devices = release_devices(workspace=workspace, by=by)
    changes |= {"devices": [devices, []]} if devices else {}
    queues = leave_queues(workspace, package="", by=by)
    changes |= {"queues": [queues, []]} if queues else {}
    held = _open_package(workspace)
    if not held:
        return changes
    authorize(by, Control.WORKSPACE_PACKAGE, customer=workspace.customer)
    seats.lock_seats(workspace.customer, [row.package for row in held])
    moment = database_now()
    seats.end_intervals(held, at=moment)
    return changes | {"package": [PACKAGE, None], "at": [None, moment.isoformat()]}


def _open_package(workspace: Workspace) -> list[PackageAssignment]:
    return seats.open_assignments(workspace)
