"""Sites of the customer."""

import uuid
from typing import Any

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone

from controlhub.scope import LocationsInScope
from tenancy.models import Customer


class LivingLocations(LocationsInScope):
    """Locations that have not been deleted. History and bills still reach a deleted one, through their own rows."""

    def get_queryset(self) -> models.QuerySet[Any]:
        return super().get_queryset().filter(deleted_at=None)


class Location(models.Model):
    """A site of the customer. Emergency calls depend on its address; calls leave through its PSTN connection."""

    class Pstn(models.TextChoices):
        NONE = "", "Not connected"
        LOCAL_GATEWAY = "LOCAL_GATEWAY", "Premises-based (Local Gateway)"
        NON_INTEGRATED_CCP = "NON_INTEGRATED_CCP", "Cloud connected, non-integrated"
        INTEGRATED_CCP = "INTEGRATED_CCP", "Cloud connected, integrated"
        CISCO_PSTN = "CISCO_PSTN", "Cisco Calling Plan"

    class RouteType(models.TextChoices):
        NONE = "", "None"
        TRUNK = "TRUNK", "Trunk"
        ROUTE_GROUP = "ROUTE_GROUP", "Route group"

    class CallRecording(models.TextChoices):
        AS_ORGANIZATION = "", "As in the organization's calling settings"
        OFF = "off", "No call recording"
        WEBEX = "webex", "Webex"
        THIRD_PARTY = "third_party", "Third-party recorder"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    customer = models.ForeignKey(Customer, models.CASCADE, related_name="locations")
    name = models.CharField(max_length=80)
    is_headquarters = models.BooleanField(default=False)
    address_line1 = models.CharField(max_length=50)
    address_line2 = models.CharField(max_length=50, blank=True)
    city = models.CharField(max_length=50)
    state = models.CharField(max_length=50, blank=True)
    postal_code = models.CharField(max_length=20, blank=True)
    country = models.CharField(max_length=2)
    time_zone = models.CharField(max_length=64)
    language = models.CharField(max_length=5)
    announcement_language = models.CharField(max_length=5, blank=True, db_default="", default="")
    emergency_location_identifier = models.CharField(max_length=80, blank=True)
    pstn = models.CharField(max_length=20, choices=Pstn, default=Pstn.NONE, blank=True)
    pstn_provider = models.CharField(max_length=80, blank=True)
    pstn_route_type = models.CharField(max_length=12, choices=RouteType, blank=True, db_default="", default="")
    pstn_route = models.CharField(max_length=80, blank=True, db_default="", default="")
    call_recording = models.CharField(max_length=12, choices=CallRecording, blank=True, db_default="", default="")
    main_number = models.ForeignKey("PhoneNumber", models.PROTECT, null=True, blank=True, related_name="main_of")
    emergency_callback_number = models.ForeignKey(
        "PhoneNumber", models.PROTECT, null=True, blank=True, related_name="emergency_callback_of"
    )
    # What is shown of a group call, and what is dialled first for an outside line (public API: callingLineId, outsideDialDigit).
    calling_line_name = models.CharField(max_length=80, blank=True, db_default="", default="")
    outside_dial_digit = models.CharField(max_length=4, blank=True, db_default="", default="")
    enforce_outside_dial_digit = models.BooleanField(default=False, db_default=False)
    calling_enabled_at = models.DateTimeField(null=True, blank=True, default=timezone.now)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    provisioned_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    deleted_at = models.DateTimeField(null=True, blank=True)

    objects = LivingLocations()
    everything = models.Manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "customer", Lower("name"), condition=Q(deleted_at=None), name="location_name_once_per_customer"
            ),
            models.CheckConstraint(
                condition=Q(pstn_route="", pstn_route_type="")
                | (Q(pstn="LOCAL_GATEWAY") & ~Q(pstn_route="") & ~Q(pstn_route_type="")),
                name="route_of_a_local_gateway",
            ),
            models.CheckConstraint(
                condition=Q(outside_dial_digit__regex=r"^[0-9]{0,4}$"), name="outside_dial_digit_is_digits"
            ),
            models.CheckConstraint(
                condition=Q(enforce_outside_dial_digit=False) | ~Q(outside_dial_digit=""),
                name="only_a_dial_digit_is_enforced",
            ),
            models.CheckConstraint(
                condition=Q(deleted_at=None) | Q(is_headquarters=False), name="headquarters_not_deleted"
            ),
            models.UniqueConstraint(
                "customer", condition=Q(is_headquarters=True), name="one_headquarters_per_customer"
            ),
        ]

    def __str__(self) -> str:
        return self.name
