import uuid

import django.contrib.postgres.constraints
import django.contrib.postgres.indexes
import django.db.models.deletion
import django.db.models.functions.datetime
import django.db.models.functions.text
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import controlhub.models.ranges


class Migration(migrations.Migration):
    # What had been applied before the migrations of 0.1.0 were put together.
    replaces = [
        ("controlhub", "0001_customer_facts"),
        ("controlhub", "0003_subscriber_failure"),
        ("controlhub", "0004_location_scope"),
        ("controlhub", "0005_places_and_numbers"),
        ("controlhub", "0006_number_history"),
        ("controlhub", "0007_workspace_kinds"),
        ("controlhub", "0008_people"),
        ("controlhub", "0009_devices"),
        ("controlhub", "0010_call_queues"),
        ("controlhub", "0011_organization_settings"),
        ("controlhub", "0012_first_administrator"),
        ("controlhub", "0013_user_services_and_recording"),
        ("controlhub", "0014_subscriber_partner"),
        ("controlhub", "0015_queue_numbers_and_extensions"),
        ("controlhub", "0016_location_calling"),
        ("controlhub", "0017_workspace_devices"),
        ("controlhub", "0018_calling_line"),
        ("controlhub", "0019_setup_assist"),
    ]
    initial = True

    dependencies = [
        ("tenancy", "0002_integrations"),
    ]

    operations = [
        migrations.CreateModel(
            name="SimulatedTxtRecord",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=253)),
                ("value", models.CharField(max_length=255)),
            ],
        ),
        migrations.CreateModel(
            name="DevicePolicy",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("third_party_enabled", models.BooleanField(default=False)),
                (
                    "customer",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="device_policy", to="tenancy.customer"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Location",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("name", models.CharField(max_length=80)),
                ("is_headquarters", models.BooleanField(default=False)),
                ("address_line1", models.CharField(max_length=50)),
                ("address_line2", models.CharField(blank=True, max_length=50)),
                ("city", models.CharField(max_length=50)),
                ("state", models.CharField(blank=True, max_length=50)),
                ("postal_code", models.CharField(blank=True, max_length=20)),
                ("country", models.CharField(max_length=2)),
                ("time_zone", models.CharField(max_length=64)),
                ("language", models.CharField(max_length=5)),
                ("announcement_language", models.CharField(blank=True, db_default="", default="", max_length=5)),
                ("emergency_location_identifier", models.CharField(blank=True, max_length=80)),
                (
                    "pstn",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "Not connected"),
                            ("LOCAL_GATEWAY", "Premises-based (Local Gateway)"),
                            ("NON_INTEGRATED_CCP", "Cloud connected, non-integrated"),
                            ("INTEGRATED_CCP", "Cloud connected, integrated"),
                            ("CISCO_PSTN", "Cisco Calling Plan"),
                        ],
                        default="",
                        max_length=20,
                    ),
                ),
                ("pstn_provider", models.CharField(blank=True, max_length=80)),
                (
                    "pstn_route_type",
                    models.CharField(
                        blank=True,
                        choices=[("", "None"), ("TRUNK", "Trunk"), ("ROUTE_GROUP", "Route group")],
                        db_default="",
                        default="",
                        max_length=12,
                    ),
                ),
                ("pstn_route", models.CharField(blank=True, db_default="", default="", max_length=80)),
                (
                    "call_recording",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "As in the organization's calling settings"),
                            ("off", "No call recording"),
                            ("webex", "Webex"),
                            ("third_party", "Third-party recorder"),
                        ],
                        db_default="",
                        default="",
                        max_length=12,
                    ),
                ),
                ("calling_line_name", models.CharField(blank=True, db_default="", default="", max_length=80)),
                ("outside_dial_digit", models.CharField(blank=True, db_default="", default="", max_length=4)),
                ("enforce_outside_dial_digit", models.BooleanField(db_default=False, default=False)),
                ("calling_enabled_at", models.DateTimeField(blank=True, default=django.utils.timezone.now, null=True)),
                ("confirmed_at", models.DateTimeField(blank=True, null=True)),
                ("provisioned_at", models.DateTimeField(blank=True, null=True)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("deleted_at", models.DateTimeField(blank=True, null=True)),
                (
                    "customer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="locations", to="tenancy.customer"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        models.F("customer"),
                        django.db.models.functions.text.Lower("name"),
                        condition=models.Q(("deleted_at", None)),
                        name="location_name_once_per_customer",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("pstn_route", ""), ("pstn_route_type", "")),
                            models.Q(
                                ("pstn", "LOCAL_GATEWAY"),
                                models.Q(("pstn_route", ""), _negated=True),
                                models.Q(("pstn_route_type", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="route_of_a_local_gateway",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("outside_dial_digit__regex", "^[0-9]{0,4}$")),
                        name="outside_dial_digit_is_digits",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("enforce_outside_dial_digit", False),
                            models.Q(("outside_dial_digit", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="only_a_dial_digit_is_enforced",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("deleted_at", None), ("is_headquarters", False), _connector="OR"),
                        name="headquarters_not_deleted",
                    ),
                    models.UniqueConstraint(
                        models.F("customer"),
                        condition=models.Q(("is_headquarters", True)),
                        name="one_headquarters_per_customer",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CallQueue",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("name", models.CharField(max_length=80)),
                ("extension", models.CharField(max_length=6)),
                (
                    "routing",
                    models.CharField(
                        choices=[
                            ("circular", "Circular"),
                            ("top_down", "Top down"),
                            ("simultaneous", "Simultaneous"),
                            ("uniform", "Uniform"),
                            ("weighted", "Weighted"),
                        ],
                        default="circular",
                        max_length=12,
                    ),
                ),
                ("assist", models.BooleanField(default=False)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("deleted_at", models.DateTimeField(blank=True, null=True)),
                (
                    "customer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="call_queues", to="tenancy.customer"
                    ),
                ),
                (
                    "location",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="call_queues",
                        to="controlhub.location",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        models.F("customer"),
                        django.db.models.functions.text.Lower("name"),
                        condition=models.Q(("deleted_at", None)),
                        name="queue_name_once_per_customer",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("extension__regex", "^[0-9]{2,6}$")),
                        name="queue_extension_two_to_six_digits",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("assist", False), models.Q(("routing", "weighted"), _negated=True), _connector="OR"
                        ),
                        name="customer_assist_is_never_weighted",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PeopleSettings",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "auto_package",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("webex_calling", "Webex Calling"),
                            ("webex_calling_standard", "Webex Calling Standard"),
                            ("webex_suite", "Webex Suite"),
                            ("webex_meetings", "Webex Meetings"),
                            ("webex_voice", "Webex Voice"),
                            ("cx_essentials", "Customer Assist"),
                            ("common_area_calling", "Common Area Calling"),
                            ("attendant_console", "Attendant Console"),
                            ("cisco_calling_plan", "Cisco Calling Plan"),
                        ],
                        max_length=32,
                    ),
                ),
                ("auto_changed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "directory",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("entra_id", "Microsoft Entra ID"),
                            ("okta", "Okta"),
                            ("active_directory", "Active Directory"),
                            ("scim", "Another directory (SCIM)"),
                        ],
                        max_length=20,
                    ),
                ),
                ("directory_changed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "auto_changed_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "customer",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="people_settings",
                        to="tenancy.customer",
                    ),
                ),
                (
                    "directory_changed_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Workspace",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("name", models.CharField(max_length=80)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("notSet", "Not set"),
                            ("focus", "Focus room"),
                            ("huddle", "Huddle room"),
                            ("meetingRoom", "Meeting room"),
                            ("open", "Open space"),
                            ("desk", "Desk"),
                            ("other", "Other"),
                        ],
                        default="notSet",
                        max_length=12,
                    ),
                ),
                (
                    "supported_devices",
                    models.CharField(
                        choices=[("phones", "Phones"), ("collaborationDevices", "Collaboration devices")],
                        default="phones",
                        max_length=20,
                    ),
                ),
                ("capacity", models.PositiveSmallIntegerField(blank=True, null=True)),
                ("extension", models.CharField(blank=True, max_length=6)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("deleted_at", models.DateTimeField(blank=True, null=True)),
                (
                    "customer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="workspaces", to="tenancy.customer"
                    ),
                ),
                (
                    "location",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="workspaces", to="controlhub.location"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        models.F("customer"),
                        django.db.models.functions.text.Lower("name"),
                        condition=models.Q(("deleted_at", None)),
                        name="workspace_name_once_per_customer",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="PhoneNumber",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("e164", models.CharField(max_length=16, unique=True)),
                (
                    "state",
                    models.CharField(
                        choices=[("ACTIVE", "Active"), ("INACTIVE", "Inactive")], default="ACTIVE", max_length=8
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("DID", "DID"), ("TOLLFREE", "Toll-free"), ("MOBILE", "Mobile")],
                        db_default="DID",
                        default="DID",
                        max_length=8,
                    ),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "customer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="numbers", to="tenancy.customer"
                    ),
                ),
                (
                    "location",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="numbers", to="controlhub.location"
                    ),
                ),
                (
                    "moving_to",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="arriving_numbers",
                        to="controlhub.location",
                    ),
                ),
                (
                    "queue",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="number",
                        to="controlhub.callqueue",
                    ),
                ),
                (
                    "workspace",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="number",
                        to="controlhub.workspace",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["customer", "e164"], name="number_customer")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("e164__regex", "^\\+[1-9][0-9]{6,14}$")), name="number_is_e164"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="SetupAssistOrder",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("kind", models.CharField(choices=[("express", "Express"), ("standard", "Standard")], max_length=8)),
                ("seats", models.PositiveIntegerField()),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("requested", "Requested"),
                            ("in_progress", "In progress"),
                            ("completed", "Completed"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="requested",
                        max_length=12,
                    ),
                ),
                ("phase", models.PositiveSmallIntegerField(default=0)),
                ("go_live_on", models.DateField()),
                ("contact_name", models.CharField(max_length=120)),
                ("contact_email", models.EmailField(max_length=161)),
                ("contact_phone", models.CharField(max_length=30)),
                ("porting", models.BooleanField(default=False)),
                ("devices", models.CharField(blank=True, max_length=300)),
                ("notes", models.CharField(blank=True, max_length=2000)),
                ("ordered_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("completed_at", models.DateTimeField(blank=True, null=True)),
                ("cancelled_at", models.DateTimeField(blank=True, null=True)),
                (
                    "customer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="setup_assist_orders",
                        to="tenancy.customer",
                    ),
                ),
                (
                    "location",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="setup_assist_orders",
                        to="controlhub.location",
                    ),
                ),
                (
                    "ordered_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "partner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="setup_assist_orders",
                        to="tenancy.partner",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["partner", "-ordered_at", "-id"], name="setup_assist_list")],
                "constraints": [
                    models.UniqueConstraint(
                        models.F("location"),
                        condition=models.Q(("status__in", ["requested", "in_progress"])),
                        name="one_setup_assist_at_a_time",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("kind", "express"), ("seats__range", (1, 5))),
                            models.Q(("kind", "standard"), ("seats__gt", 5)),
                            _connector="OR",
                        ),
                        name="setup_assist_kind_by_seats",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("completed_at__isnull", False), ("status", "completed")),
                            models.Q(models.Q(("status", "completed"), _negated=True), ("completed_at", None)),
                            _connector="OR",
                        ),
                        name="setup_assist_completed_at",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("cancelled_at__isnull", False), ("status", "cancelled")),
                            models.Q(models.Q(("status", "cancelled"), _negated=True), ("cancelled_at", None)),
                            _connector="OR",
                        ),
                        name="setup_assist_cancelled_at",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("kind", "express"), ("phase__lte", 2)),
                            models.Q(("kind", "standard"), ("phase__lte", 8)),
                            _connector="OR",
                        ),
                        name="setup_assist_phase_exists",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Subscriber",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("person_id", models.UUIDField(editable=False, null=True, unique=True)),
                ("first_name", models.CharField(max_length=30)),
                ("last_name", models.CharField(max_length=30)),
                ("email", models.EmailField(max_length=161)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("provisioned", "Active"),
                            ("pending", "Invitation pending"),
                            ("pending_user_migration", "Consent pending"),
                            ("suspended", "Suspended"),
                            ("failed", "Failed"),
                        ],
                        default="pending",
                        max_length=24,
                    ),
                ),
                ("extension", models.CharField(blank=True, max_length=6)),
                ("caller_id_first_name", models.CharField(blank=True, db_default="", default="", max_length=30)),
                ("caller_id_last_name", models.CharField(blank=True, db_default="", default="", max_length=30)),
                ("messaging_off", models.BooleanField(db_default=False, default=False)),
                ("meetings_off", models.BooleanField(db_default=False, default=False)),
                ("calling_off", models.BooleanField(db_default=False, default=False)),
                ("error", models.TextField(blank=True)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("status_changed_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("deleted_at", models.DateTimeField(blank=True, null=True)),
                (
                    "admin",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="subscribers",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "caller_id_number",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="shown_by",
                        to="controlhub.phonenumber",
                    ),
                ),
                (
                    "customer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="subscribers", to="tenancy.customer"
                    ),
                ),
                (
                    "location",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="subscribers",
                        to="controlhub.location",
                    ),
                ),
                (
                    "partner",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="subscribers",
                        to="tenancy.partner",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("deleted_at", None)),
                        fields=["customer", "last_name", "first_name", "id"],
                        name="subscriber_list",
                    ),
                    models.Index(
                        condition=models.Q(("deleted_at", None)),
                        fields=["customer", "email", "id"],
                        name="subscriber_list_email",
                    ),
                    models.Index(
                        condition=models.Q(("deleted_at", None)),
                        fields=["customer", "-created_at", "-id"],
                        name="subscriber_list_newest",
                    ),
                    models.Index(
                        condition=models.Q(("deleted_at", None)),
                        fields=["partner", "created_at", "id"],
                        name="subscriber_partner_created",
                    ),
                    models.Index(
                        condition=models.Q(("deleted_at", None)),
                        fields=["partner", "status_changed_at", "id"],
                        name="subscriber_partner_changed",
                    ),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", False)),
                        fields=["customer", "-deleted_at", "-id"],
                        name="subscriber_deleted",
                    ),
                    django.contrib.postgres.indexes.GinIndex(
                        models.F("customer_id"),
                        django.contrib.postgres.indexes.OpClass(
                            django.db.models.functions.text.Upper("first_name"), name="gin_trgm_ops"
                        ),
                        django.contrib.postgres.indexes.OpClass(
                            django.db.models.functions.text.Upper("last_name"), name="gin_trgm_ops"
                        ),
                        django.contrib.postgres.indexes.OpClass(
                            django.db.models.functions.text.Upper("email"), name="gin_trgm_ops"
                        ),
                        name="subscriber_search",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        django.db.models.functions.text.Lower("email"),
                        condition=models.Q(("deleted_at", None)),
                        name="subscriber_email_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("extension__regex", "^([0-9]{2,6})?$")), name="extension_two_to_six_digits"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("email", django.db.models.functions.text.Lower("email"))),
                        name="subscriber_email_lower",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="FirstAdministrator",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "package",
                    models.CharField(
                        choices=[
                            ("webex_calling", "Webex Calling"),
                            ("webex_calling_standard", "Webex Calling Standard"),
                            ("webex_suite", "Webex Suite"),
                            ("webex_meetings", "Webex Meetings"),
                            ("webex_voice", "Webex Voice"),
                            ("cx_essentials", "Customer Assist"),
                            ("common_area_calling", "Common Area Calling"),
                            ("attendant_console", "Attendant Console"),
                            ("cisco_calling_plan", "Cisco Calling Plan"),
                        ],
                        max_length=32,
                    ),
                ),
                (
                    "customer",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="first_administrator",
                        to="tenancy.customer",
                    ),
                ),
                (
                    "subscriber",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="first_place",
                        to="controlhub.subscriber",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ConsentRequest",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                (
                    "package",
                    models.CharField(
                        choices=[
                            ("webex_calling", "Webex Calling"),
                            ("webex_calling_standard", "Webex Calling Standard"),
                            ("webex_suite", "Webex Suite"),
                            ("webex_meetings", "Webex Meetings"),
                            ("webex_voice", "Webex Voice"),
                            ("cx_essentials", "Customer Assist"),
                            ("common_area_calling", "Common Area Calling"),
                            ("attendant_console", "Attendant Console"),
                            ("cisco_calling_plan", "Cisco Calling Plan"),
                        ],
                        max_length=32,
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("pending", "Waiting for consent"),
                            ("accepted", "Agreed"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="pending",
                        max_length=12,
                    ),
                ),
                ("round", models.PositiveSmallIntegerField(default=0)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("sent_at", models.DateTimeField(blank=True, null=True)),
                ("decided_at", models.DateTimeField(blank=True, null=True)),
                (
                    "customer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="consent_requests",
                        to="tenancy.customer",
                    ),
                ),
                (
                    "subscriber",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="consent_requests",
                        to="controlhub.subscriber",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "pending")),
                        fields=["customer", "created_at", "id"],
                        name="consent_open",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        models.F("subscriber"),
                        condition=models.Q(("state", "pending")),
                        name="one_open_consent_per_subscriber",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("decided_at", None), ("state", "pending")),
                            models.Q(models.Q(("state", "pending"), _negated=True), ("decided_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="consent_decided_has_time",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="QueueAgent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.PositiveIntegerField()),
                (
                    "queue",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="agents", to="controlhub.callqueue"
                    ),
                ),
                (
                    "subscriber",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="queue_places",
                        to="controlhub.subscriber",
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="queue_places",
                        to="controlhub.workspace",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("subscriber__isnull", False), ("workspace", None)),
                            models.Q(("subscriber", None), ("workspace__isnull", False)),
                            _connector="OR",
                        ),
                        name="agent_is_one_owner",
                    ),
                    models.UniqueConstraint(models.F("queue"), models.F("subscriber"), name="agent_once_per_queue"),
                    models.UniqueConstraint(
                        models.F("queue"), models.F("workspace"), name="workspace_agent_once_per_queue"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PackageAssignment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "package",
                    models.CharField(
                        choices=[
                            ("webex_calling", "Webex Calling"),
                            ("webex_calling_standard", "Webex Calling Standard"),
                            ("webex_suite", "Webex Suite"),
                            ("webex_meetings", "Webex Meetings"),
                            ("webex_voice", "Webex Voice"),
                            ("cx_essentials", "Customer Assist"),
                            ("common_area_calling", "Common Area Calling"),
                            ("attendant_console", "Attendant Console"),
                            ("cisco_calling_plan", "Cisco Calling Plan"),
                        ],
                        max_length=32,
                    ),
                ),
                ("is_base", models.BooleanField(default=True)),
                ("started_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                (
                    "customer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="assignments", to="tenancy.customer"
                    ),
                ),
                (
                    "location",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="assignments",
                        to="controlhub.location",
                    ),
                ),
                (
                    "partner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="assignments", to="tenancy.partner"
                    ),
                ),
                (
                    "subscriber",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="assignments",
                        to="controlhub.subscriber",
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="assignments",
                        to="controlhub.workspace",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["partner", "started_at"], name="assignment_started"),
                    models.Index(
                        condition=models.Q(("ended_at__isnull", False)),
                        fields=["partner", "ended_at"],
                        name="assignment_ended",
                    ),
                    models.Index(condition=models.Q(("ended_at", None)), fields=["subscriber"], name="assignment_open"),
                    models.Index(
                        condition=models.Q(("ended_at", None)),
                        fields=["customer", "package"],
                        name="assignment_open_customer",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("subscriber__isnull", False), ("workspace", None)),
                            models.Q(("subscriber", None), ("workspace__isnull", False)),
                            _connector="OR",
                        ),
                        name="assignment_has_one_subject",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("ended_at", None), ("ended_at__gte", models.F("started_at")), _connector="OR"
                        ),
                        name="assignment_ends_later",
                    ),
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        condition=models.Q(("is_base", True), ("subscriber__isnull", False)),
                        expressions=[
                            ("subscriber", "="),
                            (controlhub.models.ranges.TsTzRange("started_at", "ended_at"), "&&"),
                        ],
                        name="one_base_package_at_a_time",
                    ),
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        condition=models.Q(("is_base", True), ("workspace__isnull", False)),
                        expressions=[
                            ("workspace", "="),
                            (controlhub.models.ranges.TsTzRange("started_at", "ended_at"), "&&"),
                        ],
                        name="one_workspace_package_at_a_time",
                    ),
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        condition=models.Q(("is_base", False)),
                        expressions=[
                            ("subscriber", "="),
                            ("package", "="),
                            (controlhub.models.ranges.TsTzRange("started_at", "ended_at"), "&&"),
                        ],
                        name="one_add_on_of_a_kind_at_a_time",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="NumberOwnership",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("e164", models.CharField(max_length=16)),
                ("started_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                (
                    "customer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="number_ownerships",
                        to="tenancy.customer",
                    ),
                ),
                (
                    "location",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="controlhub.location"
                    ),
                ),
                (
                    "queue",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="number_ownerships",
                        to="controlhub.callqueue",
                    ),
                ),
                (
                    "subscriber",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="number_ownerships",
                        to="controlhub.subscriber",
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="number_ownerships",
                        to="controlhub.workspace",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["customer", "e164", "started_at"], name="ownership_of_number")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("ended_at", None), ("ended_at__gte", models.F("started_at")), _connector="OR"
                        ),
                        name="ownership_ends_later",
                    ),
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        expressions=[
                            ("e164", "="),
                            (controlhub.models.ranges.TsTzRange("started_at", "ended_at"), "&&"),
                        ],
                        name="one_owner_at_a_time",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Extension",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("digits", models.CharField(max_length=6)),
                (
                    "queue",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="controlhub.callqueue",
                    ),
                ),
                (
                    "location",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="extensions", to="controlhub.location"
                    ),
                ),
                (
                    "subscriber",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="controlhub.subscriber",
                    ),
                ),
                (
                    "workspace",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="controlhub.workspace",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        models.F("location"), models.F("digits"), name="extension_once_per_location"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("queue", None), ("subscriber__isnull", False), ("workspace", None)),
                            models.Q(("queue", None), ("subscriber", None), ("workspace__isnull", False)),
                            models.Q(("queue__isnull", False), ("subscriber", None), ("workspace", None)),
                            _connector="OR",
                        ),
                        name="extension_has_one_owner",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Device",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("model", models.CharField(max_length=40)),
                (
                    "management",
                    models.CharField(
                        choices=[
                            ("cisco", "Managed by Cisco"),
                            ("third_party", "Third party, managed by Cisco"),
                            ("customer", "Customer-managed SIP"),
                            ("partner", "Partner-managed SIP"),
                        ],
                        max_length=12,
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("activating", "Activating"),
                            ("online", "Online"),
                            ("offline", "Offline"),
                            ("failed", "Failed"),
                        ],
                        default="activating",
                        max_length=10,
                    ),
                ),
                ("mac", models.CharField(blank=True, max_length=12, null=True, unique=True)),
                ("serial", models.CharField(blank=True, max_length=40)),
                ("code_hash", models.CharField(blank=True, max_length=64)),
                ("code_expires_at", models.DateTimeField(blank=True, null=True)),
                ("sip_username", models.CharField(blank=True, max_length=40)),
                ("sip_secret_hash", models.CharField(blank=True, max_length=64)),
                ("error", models.TextField(blank=True)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "customer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="devices", to="tenancy.customer"
                    ),
                ),
                (
                    "subscriber",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="devices",
                        to="controlhub.subscriber",
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="devices",
                        to="controlhub.workspace",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["customer", "model", "id"], name="device_list"),
                    models.Index(django.db.models.functions.text.Upper("serial"), name="device_serial"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("subscriber__isnull", False), ("workspace", None)),
                            models.Q(("subscriber", None), ("workspace__isnull", False)),
                            _connector="OR",
                        ),
                        name="device_has_one_owner",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("mac", None), ("mac__regex", "^[0-9A-F]{12}$"), _connector="OR"),
                        name="mac_is_normal",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("code_expires_at", None), ("code_hash", "")),
                            models.Q(models.Q(("code_hash", ""), _negated=True), ("code_expires_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="code_expires",
                    ),
                    models.UniqueConstraint(
                        models.F("sip_username"),
                        condition=models.Q(("sip_username", ""), _negated=True),
                        name="sip_username_once",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CustomerPackage",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "package",
                    models.CharField(
                        choices=[
                            ("webex_calling", "Webex Calling"),
                            ("webex_calling_standard", "Webex Calling Standard"),
                            ("webex_suite", "Webex Suite"),
                            ("webex_meetings", "Webex Meetings"),
                            ("webex_voice", "Webex Voice"),
                            ("cx_essentials", "Customer Assist"),
                            ("common_area_calling", "Common Area Calling"),
                            ("attendant_console", "Attendant Console"),
                            ("cisco_calling_plan", "Cisco Calling Plan"),
                        ],
                        max_length=32,
                    ),
                ),
                ("limit", models.PositiveIntegerField(blank=True, null=True)),
                ("used", models.PositiveIntegerField(default=0)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("provisioning", "In progress"),
                            ("provisioned", "Active"),
                            ("deleting", "Deleting"),
                            ("error", "Failed"),
                        ],
                        default="provisioning",
                        max_length=12,
                    ),
                ),
                ("error_code", models.CharField(blank=True, max_length=64)),
                ("error", models.TextField(blank=True)),
                ("license_id", models.CharField(blank=True, max_length=120)),
                (
                    "customer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="packages", to="tenancy.customer"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        models.F("customer"), models.F("package"), name="package_once_per_customer"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("limit", None), ("used__lte", models.F("limit")), _connector="OR"),
                        name="package_used_within_limit",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ListColumns",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=20)),
                ("columns", models.JSONField(default=list)),
                (
                    "admin",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="list_columns",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(models.F("admin"), models.F("kind"), name="columns_once_per_list")
                ],
            },
        ),
        migrations.CreateModel(
            name="LocationAdminScope",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("slot", models.PositiveSmallIntegerField()),
                (
                    "location",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="admin_scopes",
                        to="controlhub.location",
                    ),
                ),
                (
                    "role_assignment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="location_scopes",
                        to="tenancy.roleassignment",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        models.F("role_assignment"), models.F("location"), name="location_scope_once"
                    ),
                    models.UniqueConstraint(
                        models.F("role_assignment"), models.F("slot"), name="location_scope_slot_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("slot__gte", 1), ("slot__lte", 5)), name="location_scope_at_most_five"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="OrganizationDomain",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("name", models.CharField(max_length=253)),
                ("token", models.UUIDField(default=uuid.uuid4, editable=False)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("verified_at", models.DateTimeField(blank=True, null=True)),
                ("claimed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "customer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="domains", to="tenancy.customer"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(models.F("customer"), models.F("name"), name="domain_once_per_customer"),
                    models.UniqueConstraint(
                        models.F("name"), condition=models.Q(("claimed_at__isnull", False)), name="domain_claimed_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("name", django.db.models.functions.text.Lower("name"))), name="domain_lower"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("claimed_at", None), ("verified_at__isnull", False), _connector="OR"),
                        name="domain_verified_before_claimed",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="OrganizationSettings",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("suppress_admin_invite_email", models.BooleanField(default=False)),
                ("email_locale", models.CharField(blank=True, max_length=5)),
                (
                    "authentication",
                    models.CharField(
                        choices=[
                            ("webex", "Webex authentication"),
                            ("saml", "SAML single sign-on"),
                            ("oidc", "OpenID Connect single sign-on"),
                        ],
                        default="webex",
                        max_length=5,
                    ),
                ),
                ("idp_entity_id", models.CharField(blank=True, max_length=200)),
                ("assistant", models.BooleanField(default=True)),
                (
                    "call_priority",
                    models.CharField(
                        choices=[
                            ("work_number", "Work number first"),
                            ("webex_app", "Webex app first"),
                            ("mobile", "Mobile number first"),
                        ],
                        default="work_number",
                        max_length=12,
                    ),
                ),
                (
                    "calling_behavior",
                    models.CharField(
                        choices=[
                            ("NATIVE_WEBEX_TEAMS_CALLING", "Calling in the Webex app"),
                            ("CALL_WITH_APP_REGISTERED_FOR_WEBEXCALLTEL", "Open the Webex Calling app"),
                            ("CALL_WITH_APP_REGISTERED_FOR_TEL", "Open a third-party app"),
                        ],
                        default="NATIVE_WEBEX_TEAMS_CALLING",
                        max_length=48,
                    ),
                ),
                (
                    "call_recording",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "No call recording"),
                            ("webex", "Webex"),
                            ("third_party", "Third-party recorder"),
                        ],
                        default="",
                        max_length=12,
                    ),
                ),
                (
                    "customer",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="organization_settings",
                        to="tenancy.customer",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("authentication", "webex"), ("idp_entity_id", "")),
                            models.Q(
                                models.Q(("authentication", "webex"), _negated=True),
                                models.Q(("idp_entity_id", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="organization_idp_only_with_single_sign_on",
                    )
                ],
            },
        ),
        migrations.AddField(
            model_name="location",
            name="emergency_callback_number",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="emergency_callback_of",
                to="controlhub.phonenumber",
            ),
        ),
        migrations.AddField(
            model_name="location",
            name="main_number",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="main_of",
                to="controlhub.phonenumber",
            ),
        ),
        migrations.AddField(
            model_name="phonenumber",
            name="subscriber",
            field=models.OneToOneField(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="number",
                to="controlhub.subscriber",
            ),
        ),
        migrations.AddField(
            model_name="callqueue",
            name="supervisors",
            field=models.ManyToManyField(blank=True, related_name="supervised_queues", to="controlhub.subscriber"),
        ),
        migrations.AddConstraint(
            model_name="phonenumber",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("subscriber", None), ("workspace", None)),
                    models.Q(("queue", None), ("subscriber", None)),
                    models.Q(("queue", None), ("workspace", None)),
                    _connector="OR",
                ),
                name="number_has_one_owner",
            ),
        ),
        migrations.AddConstraint(
            model_name="phonenumber",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("moving_to", None),
                    models.Q(("queue", None), ("subscriber", None), ("workspace", None)),
                    _connector="OR",
                ),
                name="moving_number_is_free",
            ),
        ),
    ]
