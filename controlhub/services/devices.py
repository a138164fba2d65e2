"""Devices: added with a MAC, an activation code or SIP credentials; released with their owner (domain.md 13.3).

Codes and passwords leave the portal once, in the answer of the deed that made them; only a hash stays.
"""

import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256

from django.db import transaction

from controlhub.models import Device, DevicePolicy, Subscriber, Workspace
from controlhub.models.equipment import COLLABORATION, MANAGED_AS
from controlhub.services import seats
from controlhub.services.clock import database_now
from controlhub.services.constraints import named_errors
from controlhub.services.equipment_pushes import push_device, push_device_removal
from controlhub.services.organization_pushes import Section, push_organization
from controlhub.services.readiness import require_ready
from tenancy import audit
from tenancy.access import authorize
from tenancy.actors import Actor
from tenancy.errors import DomainError
from tenancy.models import Customer
from tenancy.packages import PACKAGES
from tenancy.policy import Control

CODE_LIVES = timedelta(days=7)
Management = Device.Management
Owner = Subscriber | Workspace


class MacInvalid(DomainError):
    code = "mac_invalid"
    message = "A MAC address has 12 hexadecimal digits, for example 00:11:22:AA:BB:CC."

    def __init__(self) -> None:
        super().__init__(field="mac")


class MacInUse(DomainError):
    code = "mac_in_use"
    message = "A device with this MAC address has been added already. Check the label, or delete that device first."

    def __init__(self) -> None:
        super().__init__(field="mac")


class ModelUnknown(DomainError):
    code = "model_unknown"
    message = "Choose a model from the list."

    def __init__(self) -> None:
        super().__init__(field="model")


class ThirdPartyOff(DomainError):
    code = "third_party_off"
    message = "Third-party phones are off for this organization. Your service provider can enable them."

    def __init__(self) -> None:
        super().__init__(field="model")


class OwnerCannotCall(DomainError):
    code = "owner_cannot_call"

    def __init__(self, owner: Owner) -> None:
        super().__init__(f"{owner} has no calling package, so a device would have no line.", field="owner")


class WrongForWorkspace(DomainError):
    code = "wrong_for_workspace"

    def __init__(self, workspace: Workspace, wants: Workspace.Supports) -> None:
        super().__init__(
            f"{workspace} does not take {wants.label.lower()}. Change its supported devices first.", field="model"
        )


class NotThatKind(DomainError):
    code = "not_that_kind"
    message = "This device has no credentials of that kind."


@dataclass(frozen=True)
class Secret:
    """What is shown once: an activation code, or a SIP user name and password."""

    code: str = ""
    username: str = ""
    password: str = ""


def normal_mac(text: str) -> str:
    """Twelve upper-case hexadecimal digits. Raises MacInvalid."""
    digits = re.sub(r"[\s:.-]", "", text).upper()
    if not re.fullmatch(r"[0-9A-F]{12}", digits) or digits in ("0" * 12, "F" * 12):
        raise MacInvalid()
    return digits


def digest(secret: str) -> str:
    """What is kept of a code or password. Both are long and random, so a plain hash cannot be guessed."""
    return sha256(secret.encode()).hexdigest()


@transaction.atomic
def add_device(
    *,
    model: str,
    by: Actor,
    subscriber: Subscriber | None = None,
    workspace: Workspace | None = None,
    mac: str = "",
) -> tuple[Device, Secret]:
    """Add a device for exactly one user or workspace with calling. Without a MAC, a Cisco device gets an activation code.

    Raises Forbidden, CustomerNotReady, ModelUnknown, ThirdPartyOff, OwnerCannotCall, WrongForWorkspace, MacInvalid,
    MacInUse.
    """
    owner = _one_owner(subscriber, workspace)
    customer = owner.customer
    authorize(by, Control.DEVICES, customer=customer)
    require_ready(customer)
    management = _management(customer, model)
    _authorize_kind(management, customer, by)
    _require_calling(owner)
    if workspace:
        _require_fit(model, workspace)
    device = Device(customer=customer, subscriber=subscriber, workspace=workspace, model=model, management=management)
    secret = _identify(device, mac)
    with named_errors({"controlhub_device_mac_key": MacInUse}):
        device.save(force_insert=True)
    audit.record(
        action="device.added",
        text=f"{device.model_name} added for {owner}",
        target=device,
        customer=customer,
        by=by,
        changes={"model": [None, device.model_name], "owner": [None, str(owner)], "mac": [None, device.mac_address]},
    )
    push_device(device=device, by=by)
    return device, secret


def _authorize_kind(management: str, customer: Customer, by: Actor) -> None:
    """SIP credentials are for some eyes only; what the partner manages (domain.md 13.3) is the partner's alone."""
    if management in (Management.CUSTOMER, Management.PARTNER):
        authorize(by, Control.DEVICE_CREDENTIALS, customer=customer)
    if management == Management.PARTNER:
        authorize(by, Control.DEVICE_THIRD_PARTY, customer=customer)


def _one_owner(subscriber: Subscriber | None, workspace: Workspace | None) -> Owner:
    """The owner, locked: he is not deleted while the device is added."""
    owner = subscriber or workspace
    if owner is None or (subscriber and workspace):
        raise ValueError("A device belongs to one user or to one workspace.")
    rows = type(owner)._base_manager.select_for_update(no_key=True)
    if not rows.filter(pk=owner.pk, deleted_at=None).values_list("pk", flat=True):
        raise OwnerCannotCall(owner)
    return owner


def _management(customer: Customer, model: str) -> str:
    if model not in MANAGED_AS:
        raise ModelUnknown()
    if MANAGED_AS[model] == Management.THIRD_PARTY and not third_party_enabled(customer):
        raise ThirdPartyOff()
    return MANAGED_AS[model]


def third_party_enabled(customer: Customer) -> bool:
    """May the customer add third-party phones?"""
    return DevicePolicy.objects.filter(customer=customer, third_party_enabled=True).exists()


def _require_calling(owner: Owner) -> None:
    if not any(row.is_base and PACKAGES[row.package].calling for row in seats.open_assignments(owner)):
        raise OwnerCannotCall(owner)


def _require_fit(model: str, workspace: Workspace) -> None:
    wants = Workspace.Supports.COLLABORATION if model in COLLABORATION else Workspace.Supports.PHONES
    if Workspace.objects.filter(pk=workspace.pk).exclude(supported_devices=wants).exists():
        raise WrongForWorkspace(workspace, wants)


def _identify(device: Device, mac: str) -> Secret:
    """Give the device what Webex knows it by: a MAC, a code, or SIP credentials."""
    if device.is_sip:
        return _new_credentials(device)
    if mac.strip() or device.management == Management.THIRD_PARTY:
        device.mac = normal_mac(mac)
        return Secret()
    return _new_code(device)


def _new_code(device: Device) -> Secret:
    code = "".join(secrets.choice("0123456789") for _ in range(16))
    device.code_hash, device.code_expires_at = digest(code), database_now() + CODE_LIVES
    device.status, device.error = Device.Status.ACTIVATING, ""
    return Secret(code=code)


def _new_credentials(device: Device) -> Secret:
    password = secrets.token_urlsafe(24)
    device.sip_username = device.sip_username or f"sip{secrets.token_hex(8)}"
    device.sip_secret_hash = digest(password)
    return Secret(username=device.sip_username, password=password)


@transaction.atomic
def renew_secret(*, device: Device, by: Actor) -> Secret:
    """A new activation code or SIP password; the one before stops working.

    Raises Forbidden, CustomerNotReady, NotThatKind (the device is known by its MAC, or is gone).
    """
    customer = device.customer
    authorize(by, Control.DEVICES, customer=customer)
    require_ready(customer)
    row = Device.objects.select_for_update(no_key=True).filter(pk=device.pk).first()
    if row is None or not (row.is_sip or row.code_hash):
        raise NotThatKind()
    _authorize_kind(row.management, customer, by)
    secret = _new_credentials(row) if row.is_sip else _new_code(row)
    row.save(update_fields=["code_hash", "code_expires_at", "status", "error", "sip_username", "sip_secret_hash"])
    audit.record(
        action="device.secret_renewed",
        text=f"New {'SIP credentials' if row.is_sip else 'activation code'} for {row}",
        target=row,
        customer=customer,
        by=by,
    )
    push_device(device=row, by=by)
    return secret


@transaction.atomic
def delete_device(*, device: Device, by: Actor) -> None:
    """Delete a device; Webex resets it to factory settings when it is online. Raises Forbidden, CustomerNotReady."""
    authorize(by, Control.DEVICES, customer=device.customer)
    if device.management == Management.PARTNER:
        authorize(by, Control.DEVICE_THIRD_PARTY, customer=device.customer)
    require_ready(device.customer)
    audit.record(
        action="device.deleted",
        text=f"{device} deleted",
        target=device,
        customer=device.customer,
        by=by,
        changes={"mac": [device.mac_address, None]},
    )
    remove_devices([device], by=by)


def release_devices(
    *, subscriber: Subscriber | None = None, workspace: Workspace | None = None, by: Actor
) -> list[str]:
    """Low level: delete the devices of a user or workspace that goes or stops calling. Returns their names for the audit.

    Call it in the transaction of the deed, with the owner locked.
    """
    owner = {"subscriber": subscriber} if subscriber else {"workspace": workspace}
    devices = list(Device.objects.filter(**owner).select_related("customer", "subscriber", "workspace"))
    remove_devices(devices, by=by)
    return [" ".join(filter(None, (device.model_name, device.mac_address))) for device in devices]


def remove_devices(devices: Iterable[Device], *, by: Actor) -> int:
    """Low level: delete devices here and, by a job each, in Webex; returns how many."""
    count = 0
    for device in devices:
        push_device_removal(device=device, by=by)
        Device.objects.filter(pk=device.pk).delete()
        count += 1
    return count


@transaction.atomic
def set_third_party(*, customer: Customer, enabled: bool, by: Actor) -> None:
    """Switch third-party phones on or off for a customer; existing ones stay. Only the service provider. Raises Forbidden."""
    authorize(by, Control.DEVICE_THIRD_PARTY, customer=customer)
    before = third_party_enabled(customer)
    if before == enabled:
        return
    DevicePolicy.objects.update_or_create(customer=customer, defaults={"third_party_enabled": enabled})
    audit.record(
        action="device.third_party_switched",
        text=f"Third-party phones switched {'on' if enabled else 'off'} for {customer}",
        target=customer,
        customer=customer,
        by=by,
        changes={"third_party_enabled": [before, enabled]},
    )
    push_organization(customer=customer, section=Section.THIRD_PARTY_DEVICES, by=by)
