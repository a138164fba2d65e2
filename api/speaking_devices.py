"""Devices as the public API says them."""

from api import ids
from api.people import person_id
from api.schemas.devices import SpokenDevice
from api.speaking_places import location_id, org_id
from controlhub.models import Device
from controlhub.models.equipment import COLLABORATION, DEVICE_MODELS
from tenancy.models import Customer
from tenancy.opaque_ids import opaque_id

Status, Management = Device.Status, Device.Management
# What the public API calls each state; several of ours may be one of its.
STATUSES = {
    "connected": (Status.ONLINE,),
    "disconnected": (Status.OFFLINE, Status.FAILED),
    "activating": (Status.ACTIVATING,),
    "unknown": (),
}
_SPOKEN = {ours: theirs for theirs, all_ours in STATUSES.items() for ours in all_ours}
_MANAGED_BY = {
    Management.CISCO: "CISCO",
    Management.THIRD_PARTY: "CISCO",
    Management.CUSTOMER: "CUSTOMER",
    Management.PARTNER: "PARTNER",
}
# Webex has two names for a model: with and without this.
_PREFIX = "dms "


def model_of(name: str) -> str:
    """The model that a client names, by its name or by ours; an unknown name stays as it is, and is refused later."""
    wanted = name.strip().lower().removeprefix(_PREFIX)
    names = {text.lower(): code for code, text in DEVICE_MODELS.items()}
    return names.get(wanted, wanted)


def device(row: Device, customer: Customer) -> SpokenDevice:
    """A device that came with its owner."""
    owner = row.subscriber or row.workspace
    return SpokenDevice(
        id=opaque_id(ids.DEVICE, row.public_id),
        display_name=row.model_name,
        person_id=person_id(row.subscriber) if row.subscriber else None,
        workspace_id=opaque_id(ids.WORKSPACE, row.workspace.public_id) if row.workspace else None,
        org_id=org_id(customer),
        capabilities=[],
        permissions=[],
        connection_status=_SPOKEN[Status(row.status)],
        product=row.model_name,
        type="roomdesk" if row.model in COLLABORATION else "phone",
        mac=row.mac_address or None,
        serial=row.serial or None,
        location_id=location_id(owner.location) if owner else None,
        error_codes=[row.error] if row.error else [],
        sip_user_name=row.sip_username or None,
        managed_by=_MANAGED_BY[Management(row.management)],
        created=row.created_at,
    )
