"""Phones and room devices of a customer."""

import uuid

from django.db import models
from django.db.models import Q
from django.db.models.functions import Upper
from django.utils import timezone

from controlhub.scope import InLocations
from tenancy.models import Customer


class DevicePolicy(models.Model):
    """What a customer may add: third-party phones are off for new wholesale organisations until enabled (domain.md 13.3)."""

    customer = models.OneToOneField(Customer, models.CASCADE, related_name="device_policy")
    third_party_enabled = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"{self.customer}: third party {'on' if self.third_party_enabled else 'off'}"


class Device(models.Model):
    """A phone or room device of one user or workspace.

    Codes and SIP passwords are kept as a hash only: they are shown once, when they are made.
    """

    class Management(models.TextChoices):
        CISCO = "cisco", "Managed by Cisco"
        THIRD_PARTY = "third_party", "Third party, managed by Cisco"
        CUSTOMER = "customer", "Customer-managed SIP"
        PARTNER = "partner", "Partner-managed SIP"

    class Status(models.TextChoices):
        ACTIVATING = "activating", "Activating"
        ONLINE = "online", "Online"
        OFFLINE = "offline", "Offline"
        FAILED = "failed", "Failed"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="devices")
    subscriber = models.ForeignKey(
        "controlhub.Subscriber", models.PROTECT, null=True, blank=True, related_name="devices"
    )
    workspace = models.ForeignKey("controlhub.Workspace", models.PROTECT, null=True, blank=True, related_name="devices")
    model = models.CharField(max_length=40)
    management = models.CharField(max_length=12, choices=Management)
    status = models.CharField(max_length=10, choices=Status, default=Status.ACTIVATING)
    mac = models.CharField(max_length=12, null=True, blank=True, unique=True)  # null, because unique and many have none
    serial = models.CharField(max_length=40, blank=True)
    code_hash = models.CharField(max_length=64, blank=True)
    code_expires_at = models.DateTimeField(null=True, blank=True)
    sip_username = models.CharField(max_length=40, blank=True)
    sip_secret_hash = models.CharField(max_length=64, blank=True)
    error = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    objects = InLocations("subscriber__location", "workspace__location")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(subscriber__isnull=False, workspace=None) | Q(subscriber=None, workspace__isnull=False),
                name="device_has_one_owner",
            ),
            models.CheckConstraint(condition=Q(mac=None) | Q(mac__regex=r"^[0-9A-F]{12}$"), name="mac_is_normal"),
            models.CheckConstraint(
                condition=Q(code_hash="", code_expires_at=None) | (~Q(code_hash="") & Q(code_expires_at__isnull=False)),
                name="code_expires",
            ),
            models.UniqueConstraint("sip_username", condition=~Q(sip_username=""), name="sip_username_once"),
        ]
        indexes = [
            models.Index(fields=["customer", "model", "id"], name="device_list"),
            models.Index(Upper("serial"), name="device_serial"),
        ]

    def __str__(self) -> str:
        return f"{self.model_name} of {self.owner}"

    @property
    def owner(self) -> models.Model:
        """The user or workspace it belongs to."""
        return self.subscriber or self.workspace  # type: ignore[return-value]

    @property
    def model_name(self) -> str:
        """The model as people know it."""
        return DEVICE_MODELS.get(self.model, self.model)

    @property
    def is_sip(self) -> bool:
        """Does it sign in with SIP credentials of its own?"""
        return self.management in (Device.Management.CUSTOMER, Device.Management.PARTNER)

    @property
    def mac_address(self) -> str:
        """The MAC as people write it, with colons."""
        return ":".join(self.mac[at : at + 2] for at in range(0, 12, 2)) if self.mac else ""


CATALOGUE: dict[str, dict[str, str]] = {
    Device.Management.CISCO: {
        "cisco-6821": "Cisco 6821",
        "cisco-7841": "Cisco 7841",
        "cisco-8845": "Cisco 8845",
        "cisco-8861": "Cisco 8861",
        "cisco-8865": "Cisco 8865",
        "cisco-9841": "Cisco 9841",
        "cisco-9861": "Cisco 9861",
        "cisco-desk": "Cisco Desk",
        "cisco-room-bar": "Cisco Room Bar",
        "cisco-board": "Cisco Board",
    },
    Device.Management.THIRD_PARTY: {
        "poly-edge-e220": "Poly Edge E220",
        "poly-vvx-450": "Poly VVX 450",
        "yealink-t33g": "Yealink T33G",
        "yealink-t54w": "Yealink T54W",
    },
    Device.Management.CUSTOMER: {"generic-sip": "Generic SIP device"},
    Device.Management.PARTNER: {
        "partner-sip-phone": "Partner-managed phone",
        "partner-sip-gateway": "Partner-managed gateway",
    },
}
# Room and desk devices; everything else is a phone.
COLLABORATION = frozenset({"cisco-desk", "cisco-room-bar", "cisco-board"})
DEVICE_MODELS = {code: name for models_ in CATALOGUE.values() for code, name in models_.items()}
MANAGED_AS = {code: management for management, models_ in CATALOGUE.items() for code in models_}
