"""The devices of a customer, and who may get one."""

from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from controlhub.models import Device, PackageAssignment, Subscriber, Workspace
from controlhub.models.equipment import DEVICE_MODELS
from tenancy.models import AuditEvent, Customer
from tenancy.packages import PACKAGES

ORDER = ("model", "id")
CALLING = [code for code, package in PACKAGES.items() if package.calling]
MOST_OWNERS = 200


def devices_of(
    customer: Customer,
    *,
    search: str = "",
    management: str = "",
    status: str = "",
    subscriber: UUID | None = None,
    workspace: UUID | None = None,
) -> QuerySet[Device]:
    """Devices of `customer` with their owner. `search`: every word is a part of MAC, serial, SIP user, model or owner."""
    devices = customer.devices.select_related("subscriber", "workspace")
    for word in search.replace("\x00", "").split():
        devices = devices.filter(_matches(word))
    exact = {
        "management": management,
        "status": status,
        "subscriber__public_id": subscriber,
        "workspace__public_id": workspace,
    }
    return devices.filter(**{key: value for key, value in exact.items() if value})


def _matches(word: str) -> Q:
    owner = Q(subscriber__first_name__icontains=word) | Q(subscriber__last_name__icontains=word)
    found = owner | Q(workspace__name__icontains=word) | Q(serial__icontains=word) | Q(sip_username__icontains=word)
    digits = "".join(character for character in word if character not in ":-.").upper()
    models = [code for code, name in DEVICE_MODELS.items() if word.lower() in name.lower()]
    return found | Q(model__in=models) | (Q(mac__contains=digits) if digits else Q(pk=None))


def possible_owners(customer: Customer, *, search: str = "") -> tuple[list[Subscriber], list[Workspace]]:
    """Users and workspaces with a calling package, the first ones by name: who may get a device."""
    calls = PackageAssignment.objects.filter(is_base=True, ended_at=None, package__in=CALLING)
    people = customer.subscribers.filter(Exists(calls.filter(subscriber=OuterRef("pk"))), deleted_at=None)
    rooms = customer.workspaces.filter(Exists(calls.filter(workspace=OuterRef("pk"))), deleted_at=None)
    for word in search.replace("\x00", "").split():
        people = people.filter(Q(first_name__icontains=word) | Q(last_name__icontains=word) | Q(email__icontains=word))
        rooms = rooms.filter(name__icontains=word)
    return (
        list(people.order_by("last_name", "first_name", "pk")[:MOST_OWNERS]),
        list(rooms.order_by("name", "pk")[:MOST_OWNERS]),
    )


def device_events(device: Device, *, size: int = 10) -> list[AuditEvent]:
    """The newest audit events whose target is this device."""
    events = device.customer.audit_events.filter(target_type="device", target_id=str(device.public_id))
    return list(events.order_by("-created_at", "-id")[:size])
