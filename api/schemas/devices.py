"""Devices (public specification: Devices)."""

from typing import Annotated

from pydantic import Field, model_validator

from api.schemas.common import Count, Heard, InOrganization, Skip, Spoken, Stamp, Unkept, words
from controlhub.models.equipment import DEVICE_MODELS

ConnectionStatus = Annotated[str, *words(["connected", "disconnected", "activating", "unknown"])]
Model = Annotated[str, Field(min_length=1, max_length=60, description=f"One of {', '.join(DEVICE_MODELS.values())}.")]
ProductType = Annotated[str, *words(["phone", "roomdesk"])]


class DeviceFilters(InOrganization):
    """Exact matches, combined with AND."""

    person_id: str | None = None
    workspace_id: str | None = None
    location_id: str | None = None
    display_name: str | None = None
    product: str | None = None
    type: ProductType | None = None
    connection_status: ConnectionStatus | None = None
    serial: str | None = None
    mac: str | None = None
    max: Count = 100
    start: Skip = 0


class SpokenDevice(Spoken):
    """A phone or room device."""

    id: str
    display_name: str
    person_id: str | None = None
    workspace_id: str | None = None
    org_id: str
    capabilities: list[str]
    permissions: list[str]
    connection_status: ConnectionStatus
    product: str
    type: ProductType
    mac: str | None = None
    serial: str | None = None
    location_id: str | None = None
    error_codes: list[str]
    sip_user_name: str | None = None
    managed_by: str
    created: Stamp


class DeviceItems(Spoken):
    """A page of devices, by model."""

    items: list[SpokenDevice]


class ForOwner(Heard):
    """Exactly one owner."""

    person_id: str | None = Field(default=None, max_length=300)
    workspace_id: str | None = Field(default=None, max_length=300)

    @model_validator(mode="after")
    def _one_owner(self) -> "ForOwner":
        if bool(self.person_id) is bool(self.workspace_id):
            raise ValueError("give either personId or workspaceId, one of the two")
        return self


class NewDevice(ForOwner):
    """POST /devices: a phone by its MAC address."""

    mac: str = Field(min_length=12, max_length=40)
    model: Model
    password: Unkept = None


class NewActivationCode(ForOwner):
    """POST /devices/activationCode."""

    model: Model


class ActivationCode(Spoken):
    """A code, shown once."""

    code: str
    expiry_time: Stamp
