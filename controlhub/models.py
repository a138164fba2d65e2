"""Inside one customer: packages it may use, locations, numbers, people, rooms, and who had which package from when to when."""

import uuid
from typing import Any

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Func, Q
from django.db.models.functions import Lower, Upper
from django.utils import timezone

from controlhub.equipment import Device as Device
from controlhub.equipment import DevicePolicy as DevicePolicy
from controlhub.queues import CallQueue as CallQueue
from controlhub.queues import QueueAgent as QueueAgent
from controlhub.scope import InLocations, LocationsInScope
from tenancy.models import AdminUser, Customer, Partner, RoleAssignment
from tenancy.packages import PACKAGE_CHOICES


class CustomerPackage(models.Model):
    """A package enabled for a customer: its limit (none = unlimited) and how many assignments are open right now.

    `used` is maintained by a conditional update, so that forty parallel requests cannot pass a limit of ten.
    """

    class Status(models.TextChoices):
        PROVISIONING = "provisioning", "In progress"
        PROVISIONED = "provisioned", "Active"
        DELETING = "deleting", "Deleting"
        ERROR = "error", "Failed"

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="packages")
    package = models.CharField(max_length=32, choices=PACKAGE_CHOICES)
    limit = models.PositiveIntegerField(null=True, blank=True)
    used = models.PositiveIntegerField(default=0)
    status = models.CharField(max_length=12, choices=Status, default=Status.PROVISIONING)
    error_code = models.CharField(max_length=64, blank=True)
    error = models.TextField(blank=True)
    license_id = models.CharField(max_length=120, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint("customer", "package", name="package_once_per_customer"),
            models.CheckConstraint(condition=Q(limit=None) | Q(used__lte=F("limit")), name="package_used_within_limit"),
        ]

    def __str__(self) -> str:
        return self.get_package_display()


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
    main_number = models.ForeignKey("PhoneNumber", models.PROTECT, null=True, blank=True, related_name="main_of")
    emergency_callback_number = models.ForeignKey(
        "PhoneNumber", models.PROTECT, null=True, blank=True, related_name="emergency_callback_of"
    )
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
                condition=Q(deleted_at=None) | Q(is_headquarters=False), name="headquarters_not_deleted"
            ),
            models.UniqueConstraint(
                "customer", condition=Q(is_headquarters=True), name="one_headquarters_per_customer"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Subscriber(models.Model):
    """A person of the customer. What he may use stands in his package assignments; a deleted one keeps his history."""

    class Status(models.TextChoices):
        PROVISIONED = "provisioned", "Active"
        PENDING = "pending", "Invitation pending"
        PENDING_USER_MIGRATION = "pending_user_migration", "Consent pending"
        SUSPENDED = "suspended", "Suspended"
        FAILED = "failed", "Failed"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    person_id = models.UUIDField(null=True, unique=True, editable=False)
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="subscribers")
    first_name = models.CharField(max_length=30)
    last_name = models.CharField(max_length=30)
    email = models.EmailField(max_length=161)
    status = models.CharField(max_length=24, choices=Status, default=Status.PENDING)
    location = models.ForeignKey(Location, models.PROTECT, null=True, blank=True, related_name="subscribers")
    extension = models.CharField(max_length=6, blank=True)
    caller_id_number = models.ForeignKey("PhoneNumber", models.SET_NULL, null=True, blank=True, related_name="shown_by")
    caller_id_first_name = models.CharField(max_length=30, blank=True, default="", db_default="")
    caller_id_last_name = models.CharField(max_length=30, blank=True, default="", db_default="")
    error = models.TextField(blank=True)
    admin = models.ForeignKey(AdminUser, models.SET_NULL, null=True, blank=True, related_name="subscribers")
    created_at = models.DateTimeField(default=timezone.now)
    status_changed_at = models.DateTimeField(default=timezone.now)
    deleted_at = models.DateTimeField(null=True, blank=True)

    objects = InLocations()

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("email"), condition=Q(deleted_at=None), name="subscriber_email_once"),
            models.UniqueConstraint(
                "location",
                "extension",
                condition=~Q(extension="") & Q(deleted_at=None),
                name="extension_once_per_location",
            ),
            models.CheckConstraint(
                condition=Q(extension__regex=r"^([0-9]{2,6})?$"), name="extension_two_to_six_digits"
            ),
            models.CheckConstraint(condition=Q(email=Lower("email")), name="subscriber_email_lower"),
        ]
        indexes = [
            models.Index(
                fields=["customer", "last_name", "first_name", "id"],
                condition=Q(deleted_at=None),
                name="subscriber_list",
            ),
            models.Index(
                fields=["customer", "email", "id"], condition=Q(deleted_at=None), name="subscriber_list_email"
            ),
            models.Index(
                fields=["customer", "-created_at", "-id"], condition=Q(deleted_at=None), name="subscriber_list_newest"
            ),
            models.Index(
                fields=["customer", "-deleted_at", "-id"],
                condition=Q(deleted_at__isnull=False),
                name="subscriber_deleted",
            ),
            GinIndex(
                "customer_id",
                OpClass(Upper("first_name"), name="gin_trgm_ops"),
                OpClass(Upper("last_name"), name="gin_trgm_ops"),
                OpClass(Upper("email"), name="gin_trgm_ops"),
                name="subscriber_search",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.first_name} {self.last_name}"


class Workspace(models.Model):
    """A room or a hall phone: the only place for Common Area Calling. A deleted one keeps its history."""

    class Kind(models.TextChoices):
        NOT_SET = "notSet", "Not set"
        FOCUS = "focus", "Focus room"
        HUDDLE = "huddle", "Huddle room"
        MEETING_ROOM = "meetingRoom", "Meeting room"
        OPEN = "open", "Open space"
        DESK = "desk", "Desk"
        OTHER = "other", "Other"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="workspaces")
    location = models.ForeignKey(Location, models.PROTECT, related_name="workspaces")
    name = models.CharField(max_length=80)
    kind = models.CharField(max_length=12, choices=Kind, default=Kind.NOT_SET)
    capacity = models.PositiveSmallIntegerField(null=True, blank=True)
    extension = models.CharField(max_length=6, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    deleted_at = models.DateTimeField(null=True, blank=True)

    objects = InLocations()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "customer", Lower("name"), condition=Q(deleted_at=None), name="workspace_name_once_per_customer"
            ),
            models.UniqueConstraint(
                "location",
                "extension",
                condition=~Q(extension="") & Q(deleted_at=None),
                name="workspace_extension_once_per_location",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class PhoneNumber(models.Model):
    """A number in the inventory, in E.164. It exists at most once in the whole portal, so it can be active only once."""

    class State(models.TextChoices):
        ACTIVE = "ACTIVE", "Active"
        INACTIVE = "INACTIVE", "Inactive"

    class Kind(models.TextChoices):
        DID = "DID", "DID"
        TOLLFREE = "TOLLFREE", "Toll-free"
        MOBILE = "MOBILE", "Mobile"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    customer = models.ForeignKey(Customer, models.CASCADE, related_name="numbers")
    location = models.ForeignKey(Location, models.PROTECT, related_name="numbers")
    e164 = models.CharField(max_length=16, unique=True)
    state = models.CharField(max_length=8, choices=State, default=State.ACTIVE)
    kind = models.CharField(max_length=8, choices=Kind, default=Kind.DID, db_default="DID")
    moving_to = models.ForeignKey(Location, models.PROTECT, null=True, blank=True, related_name="arriving_numbers")
    subscriber = models.OneToOneField(Subscriber, models.PROTECT, null=True, blank=True, related_name="number")
    workspace = models.OneToOneField(Workspace, models.PROTECT, null=True, blank=True, related_name="number")
    created_at = models.DateTimeField(default=timezone.now)

    objects = InLocations()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(e164__regex=r"^\+[1-9][0-9]{6,14}$"), name="number_is_e164"),
            models.CheckConstraint(condition=Q(subscriber=None) | Q(workspace=None), name="number_has_one_owner"),
            models.CheckConstraint(
                condition=Q(moving_to=None) | Q(subscriber=None, workspace=None), name="moving_number_is_free"
            ),
        ]
        indexes = [models.Index(fields=["customer", "e164"], name="number_customer")]

    def __str__(self) -> str:
        return self.e164


class TsTzRange(Func):
    """`tstzrange(start, end)`: half-open, as PostgreSQL's default."""

    function = "TSTZRANGE"
    output_field = DateTimeRangeField()


class NumberOwnership(models.Model):
    """Who had a number from when to when. Written by a trigger (migration 0006), so that no door can forget it.

    The number is kept as text: it outlives its row in the inventory. Append-only; an open row can only be ended, once.
    """

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="number_ownerships")
    location = models.ForeignKey(Location, models.PROTECT, related_name="+")
    e164 = models.CharField(max_length=16)
    subscriber = models.ForeignKey(Subscriber, models.PROTECT, null=True, blank=True, related_name="number_ownerships")
    workspace = models.ForeignKey(Workspace, models.PROTECT, null=True, blank=True, related_name="number_ownerships")
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = InLocations()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(ended_at__gte=F("started_at")), name="ownership_ends_later"
            ),
            ExclusionConstraint(
                name="one_owner_at_a_time",
                expressions=[
                    ("e164", RangeOperators.EQUAL),
                    (TsTzRange("started_at", "ended_at"), RangeOperators.OVERLAPS),
                ],
            ),
        ]
        indexes = [models.Index(fields=["customer", "e164", "started_at"], name="ownership_of_number")]

    def __str__(self) -> str:
        return f"{self.e164} {self.started_at:%F %T}"


class PackageAssignment(models.Model):
    """A subject (subscriber or workspace) had a package from `started_at` until `ended_at`, exclusive, UTC, whole seconds.

    Starting and ending one is the only thing that makes or stops usage. Partner, location and customer are written down
    as they were, so that a later move never changes the past. Never deleted.
    """

    partner = models.ForeignKey(Partner, models.PROTECT, related_name="assignments")
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="assignments")
    location = models.ForeignKey(Location, models.PROTECT, null=True, blank=True, related_name="assignments")
    subscriber = models.ForeignKey(Subscriber, models.PROTECT, null=True, blank=True, related_name="assignments")
    workspace = models.ForeignKey(Workspace, models.PROTECT, null=True, blank=True, related_name="assignments")
    package = models.CharField(max_length=32, choices=PACKAGE_CHOICES)
    is_base = models.BooleanField(default=True)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = InLocations()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(subscriber__isnull=False, workspace=None) | Q(subscriber=None, workspace__isnull=False),
                name="assignment_has_one_subject",
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(ended_at__gte=F("started_at")), name="assignment_ends_later"
            ),
            ExclusionConstraint(
                name="one_base_package_at_a_time",
                expressions=[
                    ("subscriber", RangeOperators.EQUAL),
                    (TsTzRange("started_at", "ended_at"), RangeOperators.OVERLAPS),
                ],
                condition=Q(is_base=True, subscriber__isnull=False),
            ),
            ExclusionConstraint(
                name="one_workspace_package_at_a_time",
                expressions=[
                    ("workspace", RangeOperators.EQUAL),
                    (TsTzRange("started_at", "ended_at"), RangeOperators.OVERLAPS),
                ],
                condition=Q(is_base=True, workspace__isnull=False),
            ),
            ExclusionConstraint(
                name="one_add_on_of_a_kind_at_a_time",
                expressions=[
                    ("subscriber", RangeOperators.EQUAL),
                    ("package", RangeOperators.EQUAL),
                    (TsTzRange("started_at", "ended_at"), RangeOperators.OVERLAPS),
                ],
                condition=Q(is_base=False),
            ),
        ]
        indexes = [
            models.Index(fields=["partner", "started_at"], name="assignment_started"),
            models.Index(fields=["partner", "ended_at"], condition=Q(ended_at__isnull=False), name="assignment_ended"),
            models.Index(fields=["subscriber"], condition=Q(ended_at=None), name="assignment_open"),
            models.Index(fields=["customer", "package"], condition=Q(ended_at=None), name="assignment_open_customer"),
        ]

    def __str__(self) -> str:
        return f"{self.package} {self.started_at:%F %T}"


class LocationAdminScope(models.Model):
    """A location that a location administrator administers. `slot` keeps him at five (domain.md 7.4)."""

    MOST = 5

    role_assignment = models.ForeignKey(RoleAssignment, models.CASCADE, related_name="location_scopes")
    location = models.ForeignKey(Location, models.CASCADE, related_name="admin_scopes")
    slot = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint("role_assignment", "location", name="location_scope_once"),
            models.UniqueConstraint("role_assignment", "slot", name="location_scope_slot_once"),
            models.CheckConstraint(condition=Q(slot__gte=1, slot__lte=5), name="location_scope_at_most_five"),
        ]

    def __str__(self) -> str:
        return f"{self.role_assignment_id}@{self.location_id}"


class ConsentRequest(models.Model):
    """Somebody who owns a free account is asked whether the customer may take it over (domain.md 5.8).

    Until he agrees, nothing is used: the package, number and extension are only kept for him. `CustomerPackage.used`
    counts the kept seat (invariant I10). `round` grows with each mail, so that only the newest link works.
    """

    class State(models.TextChoices):
        PENDING = "pending", "Waiting for consent"
        ACCEPTED = "accepted", "Agreed"
        CANCELLED = "cancelled", "Cancelled"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="consent_requests")
    subscriber = models.ForeignKey(Subscriber, models.PROTECT, related_name="consent_requests")
    package = models.CharField(max_length=32, choices=PACKAGE_CHOICES)
    state = models.CharField(max_length=12, choices=State, default=State.PENDING)
    round = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)

    objects = InLocations("subscriber__location")

    class Meta:
        constraints = [
            models.UniqueConstraint("subscriber", condition=Q(state="pending"), name="one_open_consent_per_subscriber"),
            models.CheckConstraint(
                condition=Q(state="pending", decided_at=None) | (~Q(state="pending") & Q(decided_at__isnull=False)),
                name="consent_decided_has_time",
            ),
        ]
        indexes = [
            models.Index(fields=["customer", "created_at", "id"], condition=Q(state="pending"), name="consent_open"),
        ]

    def __str__(self) -> str:
        return f"{self.subscriber_id} {self.state}"


class PeopleSettings(models.Model):
    """How people get into a customer by themselves: automatic licences, and a directory that owns names and addresses.

    No row means: both off.
    """

    class Directory(models.TextChoices):
        ENTRA_ID = "entra_id", "Microsoft Entra ID"
        OKTA = "okta", "Okta"
        ACTIVE_DIRECTORY = "active_directory", "Active Directory"
        SCIM = "scim", "Another directory (SCIM)"

    customer = models.OneToOneField(Customer, models.CASCADE, related_name="people_settings")
    auto_package = models.CharField(max_length=32, choices=PACKAGE_CHOICES, blank=True)
    auto_changed_at = models.DateTimeField(null=True, blank=True)
    auto_changed_by = models.ForeignKey(AdminUser, models.SET_NULL, null=True, blank=True, related_name="+")
    directory = models.CharField(max_length=20, choices=Directory, blank=True)
    directory_changed_at = models.DateTimeField(null=True, blank=True)
    directory_changed_by = models.ForeignKey(AdminUser, models.SET_NULL, null=True, blank=True, related_name="+")

    def __str__(self) -> str:
        return f"{self.customer_id} {self.auto_package} {self.directory}".strip()


class ListColumns(models.Model):
    """Which columns of a list one administrator wants to see, wherever he looks at it."""

    admin = models.ForeignKey(AdminUser, models.CASCADE, related_name="list_columns")
    kind = models.CharField(max_length=20)
    columns = models.JSONField(default=list)

    class Meta:
        constraints = [models.UniqueConstraint("admin", "kind", name="columns_once_per_list")]

    def __str__(self) -> str:
        return f"{self.admin_id} {self.kind}"


class OrganizationSettings(models.Model):
    """What an organisation chose for its mails, sign-in, assistant and calls. No row means: what the fields default to."""

    class Authentication(models.TextChoices):
        WEBEX = "webex", "Webex authentication"
        SAML = "saml", "SAML single sign-on"
        OIDC = "oidc", "OpenID Connect single sign-on"

    class CallPriority(models.TextChoices):
        WORK_NUMBER = "work_number", "Work number first"
        WEBEX_APP = "webex_app", "Webex app first"
        MOBILE = "mobile", "Mobile number first"

    class CallingBehavior(models.TextChoices):
        """Values of the public People API."""

        WEBEX = "NATIVE_WEBEX_TEAMS_CALLING", "Calling in the Webex app"
        WEBEX_CALLING_APP = "CALL_WITH_APP_REGISTERED_FOR_WEBEXCALLTEL", "Open the Webex Calling app"
        THIRD_PARTY = "CALL_WITH_APP_REGISTERED_FOR_TEL", "Open a third-party app"

    class CallRecording(models.TextChoices):
        OFF = "", "No call recording"
        WEBEX = "webex", "Webex"
        THIRD_PARTY = "third_party", "Third-party recorder"

    customer = models.OneToOneField(Customer, models.CASCADE, related_name="organization_settings")
    suppress_admin_invite_email = models.BooleanField(default=False)
    email_locale = models.CharField(max_length=5, blank=True)
    authentication = models.CharField(max_length=5, choices=Authentication, default=Authentication.WEBEX)
    idp_entity_id = models.CharField(max_length=200, blank=True)
    assistant = models.BooleanField(default=True)
    call_priority = models.CharField(max_length=12, choices=CallPriority, default=CallPriority.WORK_NUMBER)
    calling_behavior = models.CharField(max_length=48, choices=CallingBehavior, default=CallingBehavior.WEBEX)
    call_recording = models.CharField(max_length=12, choices=CallRecording, default=CallRecording.OFF, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(authentication="webex", idp_entity_id="")
                | (~Q(authentication="webex") & ~Q(idp_entity_id="")),
                name="organization_idp_only_with_single_sign_on",
            ),
        ]

    def __str__(self) -> str:
        return f"Settings of {self.customer_id}"


class OrganizationDomain(models.Model):
    """A mail domain of the organisation: added, then verified by a DNS TXT record, then claimed.

    Several organisations may verify a domain, one in the whole portal may claim it.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    customer = models.ForeignKey(Customer, models.CASCADE, related_name="domains")
    name = models.CharField(max_length=253)
    token = models.UUIDField(default=uuid.uuid4, editable=False)
    created_at = models.DateTimeField(default=timezone.now)
    verified_at = models.DateTimeField(null=True, blank=True)
    claimed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint("customer", "name", name="domain_once_per_customer"),
            models.UniqueConstraint("name", condition=Q(claimed_at__isnull=False), name="domain_claimed_once"),
            models.CheckConstraint(condition=Q(name=Lower("name")), name="domain_lower"),
            models.CheckConstraint(
                condition=Q(claimed_at=None) | Q(verified_at__isnull=False), name="domain_verified_before_claimed"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def txt_record(self) -> str:
        """What the DNS of the domain must say."""
        return f"webex-domain-verification={self.token}"


class SimulatedTxtRecord(models.Model):
    """A TXT record of the simulated DNS (controlhub.dns), for the demo and tests."""

    name = models.CharField(max_length=253)
    value = models.CharField(max_length=255)

    def __str__(self) -> str:
        return f"{self.name} TXT {self.value}"
