"""/devices: listed, added by MAC address or activation code, deleted."""

from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from ninja import Query, Router, Status

from api import ids, speaking_devices
from api.access import readable
from api.errors import ApiError
from api.inside import holder_of, organization_of, viewer_of
from api.operation import operation
from api.operations.calling_locations import PAGES
from api.paging import page
from api.people import is_person, person_of
from api.schemas.common import InOrganization
from api.schemas.devices import (
    ActivationCode,
    DeviceFilters,
    DeviceItems,
    ForOwner,
    NewActivationCode,
    NewDevice,
    SpokenDevice,
)
from controlhub.models import Device
from controlhub.models.equipment import COLLABORATION
from controlhub.queries.devices import ORDER, devices_of
from controlhub.services.devices import MacInvalid, add_device, delete_device, normal_mac
from tenancy.models import Customer
from tenancy.opaque_ids import parse_opaque_id
from tenancy.policy import Control
from tenancy.tokens import Scope

router = Router(tags=["Devices"])


@operation(
    router,
    "GET",
    "/devices",
    scope=Scope.DEVICES_READ,
    control=Control.DEVICES,
    success={200: DeviceItems},
    summary="List Devices",
)
def list_devices(request: HttpRequest, response: HttpResponse, filters: Query[DeviceFilters]) -> Any:
    """Devices of an organization."""
    customer = organization_of(request, filters.org_id)
    readable(request, Control.DEVICES, customer)
    rows = _filtered(customer, filters)
    found = page(request, response, rows, order=ORDER, size=filters.max, offset=filters.start, names=PAGES)
    return DeviceItems(items=[speaking_devices.device(row, customer) for row in found])


def _filtered(customer: Customer, filters: DeviceFilters) -> QuerySet[Device]:
    rows = devices_of(customer).select_related("subscriber__location", "workspace__location")
    if filters.person_id is not None:
        rows = rows.filter(is_person(filters.person_id, "subscriber__"))
    if filters.workspace_id is not None:
        rows = rows.filter(workspace__public_id=parse_opaque_id(ids.WORKSPACE, filters.workspace_id) or ids.NOBODY)
    if filters.location_id is not None:
        place = parse_opaque_id(ids.LOCATION, filters.location_id) or ids.NOBODY
        rows = rows.filter(Q(subscriber__location__public_id=place) | Q(workspace__location__public_id=place))
    if filters.type:
        room = Q(model__in=COLLABORATION)
        rows = rows.filter(room if filters.type == "roomdesk" else ~room)
    if filters.connection_status:
        rows = rows.filter(status__in=speaking_devices.STATUSES[filters.connection_status])
    return _by_words(rows, filters)


def _by_words(rows: QuerySet[Device], filters: DeviceFilters) -> QuerySet[Device]:
    if filters.product is not None:
        rows = rows.filter(model=speaking_devices.model_of(filters.product))
    if filters.display_name is not None:
        rows = rows.filter(model=speaking_devices.model_of(filters.display_name))
    if filters.serial is not None:
        rows = rows.filter(serial=filters.serial)
    return rows.filter(mac=_mac(filters.mac)) if filters.mac is not None else rows


def _mac(text: str) -> str:
    """As stored; what is no MAC address matches nothing."""
    try:
        return normal_mac(text)
    except MacInvalid:
        return "?"


def device_of(request: HttpRequest, device_id: str, org_id: str | None) -> Device:
    """The device behind a public id, or 404; its customer is entered."""
    holds = Q(devices__public_id=ids.uuid_in(ids.DEVICE, device_id, what="device"))
    customer = holder_of(request, org_id, holds, what="device")
    row: Device = ids.by_id(devices_of(customer), ids.DEVICE, device_id, what="device")
    row.customer = customer
    return row


@operation(
    router,
    "GET",
    "/devices/{deviceId}",
    scope=Scope.DEVICES_READ,
    control=Control.DEVICES,
    success={200: SpokenDevice},
    summary="Get Device Details",
)
def get_device(request: HttpRequest, deviceId: str, query: Query[InOrganization]) -> Any:  # noqa: N803
    """One device."""
    row = device_of(request, deviceId, query.org_id)
    readable(request, Control.DEVICES, row.customer)
    return speaking_devices.device(row, row.customer)


@operation(
    router,
    "POST",
    "/devices",
    scope=Scope.DEVICES_WRITE,
    control=Control.DEVICES,
    success={200: SpokenDevice},
    summary="Create a Device by MAC Address",
)
def add_phone(request: HttpRequest, query: Query[InOrganization], payload: NewDevice) -> Any:
    """Add a phone for a person or a workspace with calling."""
    customer, owner = _owner(request, query.org_id, payload)
    model = speaking_devices.model_of(payload.model)
    row, _ = add_device(model=model, mac=payload.mac, by=viewer_of(customer), **owner)
    return speaking_devices.device(row, customer)


@operation(
    router,
    "POST",
    "/devices/activationCode",
    scope=Scope.DEVICES_WRITE,
    control=Control.DEVICES,
    success={200: ActivationCode},
    summary="Create a Device Activation Code",
)
def add_activation_code(request: HttpRequest, query: Query[InOrganization], payload: NewActivationCode) -> Any:
    """Add a device that signs in with a code. The code is shown once."""
    customer, owner = _owner(request, query.org_id, payload)
    row, secret = add_device(model=speaking_devices.model_of(payload.model), by=viewer_of(customer), **owner)
    if not secret.code or row.code_expires_at is None:
        raise ApiError(400, "model: this model has no activation code.")
    return ActivationCode(code=secret.code, expiry_time=row.code_expires_at)


def _owner(request: HttpRequest, org_id: str | None, payload: ForOwner) -> tuple[Customer, dict[str, Any]]:
    """The customer, entered, and whose device it becomes, as `add_device` takes it."""
    if payload.person_id:
        customer, person = person_of(request, payload.person_id, org_id)
        return customer, {"subscriber": person}
    value = ids.uuid_in(ids.WORKSPACE, payload.workspace_id or "", what="workspace")
    customer = holder_of(request, org_id, Q(workspaces__public_id=value), what="workspace")
    rooms = customer.workspaces.filter(deleted_at=None).select_related("location")
    room = ids.by_id(rooms, ids.WORKSPACE, payload.workspace_id or "", what="workspace")
    room.customer = customer
    return customer, {"workspace": room}


@operation(
    router,
    "DELETE",
    "/devices/{deviceId}",
    scope=Scope.DEVICES_WRITE,
    control=Control.DEVICES,
    success={204: None},
    summary="Delete a Device",
)
def remove_device(request: HttpRequest, deviceId: str, query: Query[InOrganization]) -> Any:  # noqa: N803
    """Delete a device; Webex resets it when it is online."""
    row = device_of(request, deviceId, query.org_id)
    delete_device(device=row, by=viewer_of(row.customer))
    return Status(204, None)
