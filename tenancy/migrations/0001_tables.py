import uuid

import django.contrib.postgres.indexes
import django.db.models.deletion
import django.db.models.functions.datetime
import django.db.models.functions.text
import django.utils.timezone
from django.conf import settings
from django.contrib.postgres.operations import BtreeGinExtension, BtreeGistExtension, TrigramExtension
from django.db import migrations, models

import tenancy.policy


class Migration(migrations.Migration):
    # What had been applied before the migrations of 0.1.0 were put together.
    replaces = [
        ("tenancy", "0001_tenants_and_people"),
        ("tenancy", "0004_more_roles"),
        ("tenancy", "0005_launch_entry_and_rights"),
        ("tenancy", "0006_audit_target"),
        ("tenancy", "0007_customer_deleted_at"),
        ("tenancy", "0008_search_by_meeting_site"),
        ("tenancy", "0009_partner_currency"),
        ("tenancy", "0010_mailboxes"),
        ("tenancy", "0011_failed_sign_ins"),
        ("tenancy", "0013_stopped_mailboxes"),
    ]
    initial = True

    dependencies = []

    operations = [
        BtreeGistExtension(),
        BtreeGinExtension(),
        TrigramExtension(),
        migrations.CreateModel(
            name="AuditChain",
            fields=[
                ("tenant", models.CharField(max_length=40, primary_key=True, serialize=False)),
                ("length", models.PositiveBigIntegerField(default=0)),
                (
                    "head",
                    models.CharField(
                        default="0000000000000000000000000000000000000000000000000000000000000000", max_length=64
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Partner",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("name", models.CharField(max_length=120)),
                ("subscription_id", models.CharField(max_length=40)),
                (
                    "currency",
                    models.CharField(
                        choices=[
                            ("AUD", "AUD"),
                            ("CAD", "CAD"),
                            ("CHF", "CHF"),
                            ("EUR", "EUR"),
                            ("GBP", "GBP"),
                            ("USD", "USD"),
                        ],
                        db_default="USD",
                        default="USD",
                        max_length=3,
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[("active", "Active"), ("suspended", "Suspended")], default="active", max_length=12
                    ),
                ),
                ("country", models.CharField(max_length=2)),
                ("time_zone", models.CharField(default="UTC", max_length=64)),
                ("support_email", models.EmailField(blank=True, max_length=254)),
                ("support_phone", models.CharField(blank=True, max_length=16)),
                ("billing_start_on", models.DateField()),
                ("customer_count", models.PositiveIntegerField(default=0)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "parent",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="sub_partners",
                        to="tenancy.partner",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("parent", models.F("id")), _negated=True), name="partner_not_own_parent"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("country", django.db.models.functions.text.Upper("country"))),
                        name="partner_country_upper",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Customer",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("org_id", models.UUIDField(editable=False, null=True, unique=True)),
                ("name", models.CharField(max_length=120)),
                ("external_id", models.CharField(max_length=64)),
                ("primary_email", models.EmailField(max_length=161)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("provisioning", "In progress"),
                            ("provisioned", "Active"),
                            ("provisioned_with_errors", "Action needed"),
                            ("updating", "Updating"),
                            ("deleting", "Deleting"),
                            ("error", "Failed"),
                            ("pending_rpl_review", "Compliance review"),
                        ],
                        default="provisioning",
                        max_length=24,
                    ),
                ),
                ("restricted", models.BooleanField(default=True)),
                ("helpdesk_allowed", models.BooleanField(default=True)),
                ("address_line1", models.CharField(max_length=50)),
                ("address_line2", models.CharField(blank=True, max_length=50)),
                ("city", models.CharField(max_length=50)),
                ("state", models.CharField(blank=True, max_length=50)),
                ("postal_code", models.CharField(blank=True, max_length=20)),
                ("country", models.CharField(max_length=2)),
                ("language", models.CharField(max_length=5)),
                ("time_zone", models.CharField(default="UTC", max_length=64)),
                ("meeting_site", models.CharField(blank=True, max_length=80)),
                ("sip_domain", models.CharField(blank=True, max_length=120)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("status_changed_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("deleted_at", models.DateTimeField(blank=True, null=True)),
                (
                    "partner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="customers", to="tenancy.partner"
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["partner", "name", "id"], name="customer_partner_name"),
                    models.Index(fields=["partner", "status", "name", "id"], name="customer_partner_status"),
                    django.contrib.postgres.indexes.GinIndex(
                        models.F("partner_id"),
                        django.contrib.postgres.indexes.OpClass(
                            django.db.models.functions.text.Upper("name"), name="gin_trgm_ops"
                        ),
                        django.contrib.postgres.indexes.OpClass(
                            django.db.models.functions.text.Upper("external_id"), name="gin_trgm_ops"
                        ),
                        django.contrib.postgres.indexes.OpClass(
                            django.db.models.functions.text.Upper("primary_email"), name="gin_trgm_ops"
                        ),
                        django.contrib.postgres.indexes.OpClass(
                            django.db.models.functions.text.Upper("meeting_site"), name="gin_trgm_ops"
                        ),
                        name="customer_search",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        models.F("partner"),
                        models.F("external_id"),
                        condition=models.Q(("deleted_at", None)),
                        name="customer_external_id_once_per_partner",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("external_id", ""), _negated=True), name="customer_has_external_id"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("name__contains", "%"), _negated=True), name="customer_name_without_percent"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("status", "provisioned"), _negated=True),
                            ("org_id__isnull", False),
                            _connector="OR",
                        ),
                        name="customer_provisioned_has_org",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="AdminUser",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("password", models.CharField(max_length=128, verbose_name="password")),
                ("last_login", models.DateTimeField(blank=True, null=True, verbose_name="last login")),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("email", models.EmailField(max_length=161, unique=True)),
                ("full_name", models.CharField(blank=True, max_length=120)),
                ("time_zone", models.CharField(default="UTC", max_length=64)),
                ("is_active", models.BooleanField(default=True)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("email", django.db.models.functions.text.Lower("email"))),
                        name="admin_email_lower",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="CrossLaunch",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("started_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("expires_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                ("code_digest", models.CharField(blank=True, db_default="", default="", max_length=64)),
                ("opener_digest", models.CharField(blank=True, db_default="", default="", max_length=64)),
                ("code_expires_at", models.DateTimeField(blank=True, null=True)),
                ("entered_at", models.DateTimeField(blank=True, null=True)),
                (
                    "admin",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="cross_launches",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "customer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="cross_launches",
                        to="tenancy.customer",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        models.F("admin"),
                        models.F("customer"),
                        condition=models.Q(("ended_at__isnull", True)),
                        name="launch_open_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("expires_at__gt", models.F("started_at"))), name="launch_expires_later"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("entered_at", None), ("code_digest", ""), _connector="OR"),
                        name="launch_code_used_once",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CustomerAssignment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "admin",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="customer_assignments",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "customer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="assigned_admins",
                        to="tenancy.customer",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(models.F("admin"), models.F("customer"), name="customer_assigned_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="FailedSignIn",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("email", models.CharField(max_length=320, unique=True)),
                ("count", models.PositiveIntegerField(default=1)),
                ("first_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("last_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("ip", models.GenericIPAddressField(null=True)),
                ("user_agent", models.CharField(blank=True, max_length=200)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("email", django.db.models.functions.text.Lower("email"))),
                        name="failed_sign_in_email_lower",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Mailbox",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("email", models.EmailField(max_length=161, unique=True)),
                ("last_kind", models.CharField(blank=True, max_length=40)),
                (
                    "last_status",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("sent", "Sent"),
                            ("failed", "The mail server did not take it"),
                            ("stopped", "Not sent: mails to this address are stopped"),
                            ("bounced", "Bounced"),
                            ("complained", "Reported as spam"),
                        ],
                        max_length=12,
                    ),
                ),
                ("last_at", models.DateTimeField(blank=True, null=True)),
                (
                    "stopped_for",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "Mails are sent"),
                            ("bounced", "A mail bounced"),
                            ("complained", "A mail was reported as spam"),
                        ],
                        default="",
                        max_length=12,
                    ),
                ),
                ("stopped_at", models.DateTimeField(blank=True, null=True)),
                (
                    "last_customer",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="tenancy.customer",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "mailboxes",
                "indexes": [
                    models.Index(
                        condition=models.Q(("stopped_for", ""), _negated=True), fields=["email"], name="mailbox_stopped"
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("email", django.db.models.functions.text.Lower("email"))),
                        name="mailbox_email_lower",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("stopped_at", None), ("stopped_for", "")),
                            models.Q(models.Q(("stopped_for", ""), _negated=True), ("stopped_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="mailbox_stopped_since",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="AuditEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("tenant", models.CharField(max_length=40)),
                ("number", models.PositiveBigIntegerField()),
                ("previous_hash", models.CharField(max_length=64)),
                ("hash", models.CharField(max_length=64)),
                ("created_at", models.DateTimeField()),
                ("action", models.CharField(max_length=64)),
                ("category", models.CharField(max_length=32)),
                ("text", models.CharField(max_length=400)),
                ("actor_name", models.CharField(max_length=120)),
                ("actor_email", models.CharField(blank=True, max_length=161)),
                ("actor_org_name", models.CharField(max_length=120)),
                ("actor_roles", models.JSONField(default=list)),
                ("actor_ip", models.GenericIPAddressField(null=True)),
                ("actor_user_agent", models.CharField(blank=True, max_length=200)),
                ("door", models.CharField(max_length=12)),
                ("target_type", models.CharField(max_length=40)),
                ("target_id", models.CharField(max_length=64)),
                ("target_name", models.CharField(max_length=200)),
                ("changes", models.JSONField(default=dict)),
                ("tracking_id", models.CharField(blank=True, max_length=64)),
                (
                    "actor",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "launch",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenancy.crosslaunch",
                    ),
                ),
                (
                    "customer",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="audit_events",
                        to="tenancy.customer",
                    ),
                ),
                (
                    "partner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="audit_events", to="tenancy.partner"
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["partner", "-created_at", "-id"], name="audit_partner_time"),
                    models.Index(fields=["customer", "-created_at", "-id"], name="audit_customer_time"),
                    models.Index(fields=["customer", "target_id", "-created_at", "-id"], name="audit_customer_target"),
                ],
                "constraints": [
                    models.UniqueConstraint(models.F("tenant"), models.F("number"), name="audit_number_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="RoleAssignment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("partner_wholesale", "Partner full administrator with Webex for Wholesale"),
                            ("partner_full", "Partner full administrator"),
                            ("partner_admin", "Partner administrator"),
                            ("partner_readonly", "Partner read-only administrator"),
                            ("helpdesk_basic", "Help desk administrator (basic)"),
                            ("helpdesk_advanced", "Help desk administrator (advanced)"),
                            ("customer_full", "Full administrator"),
                            ("customer_readonly", "Read-only administrator"),
                            ("customer_support", "Support administrator"),
                            ("customer_user_device", "User and device administrator"),
                            ("customer_device", "Device administrator"),
                            ("customer_location", "Location administrator"),
                            ("customer_compliance", "Compliance officer"),
                            ("external_full", "External full administrator"),
                            ("external_readonly", "External read-only administrator"),
                        ],
                        max_length=24,
                    ),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "admin",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="role_assignments",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "customer",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="role_assignments",
                        to="tenancy.customer",
                    ),
                ),
                (
                    "partner",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="role_assignments",
                        to="tenancy.partner",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["customer", "role"], name="role_customer")],
                "constraints": [
                    models.UniqueConstraint(
                        models.F("admin"),
                        models.F("role"),
                        models.F("partner"),
                        models.F("customer"),
                        name="role_once",
                        nulls_distinct=False,
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("customer__isnull", False),
                                ("partner__isnull", True),
                                (
                                    "role__in",
                                    [
                                        tenancy.policy.Role["CUSTOMER_COMPLIANCE"],
                                        tenancy.policy.Role["CUSTOMER_DEVICE"],
                                        tenancy.policy.Role["CUSTOMER_FULL"],
                                        tenancy.policy.Role["CUSTOMER_LOCATION"],
                                        tenancy.policy.Role["CUSTOMER_READONLY"],
                                        tenancy.policy.Role["CUSTOMER_SUPPORT"],
                                        tenancy.policy.Role["CUSTOMER_USER_DEVICE"],
                                        tenancy.policy.Role["EXTERNAL_FULL"],
                                        tenancy.policy.Role["EXTERNAL_READONLY"],
                                    ],
                                ),
                            ),
                            models.Q(
                                models.Q(
                                    (
                                        "role__in",
                                        [
                                            tenancy.policy.Role["CUSTOMER_COMPLIANCE"],
                                            tenancy.policy.Role["CUSTOMER_DEVICE"],
                                            tenancy.policy.Role["CUSTOMER_FULL"],
                                            tenancy.policy.Role["CUSTOMER_LOCATION"],
                                            tenancy.policy.Role["CUSTOMER_READONLY"],
                                            tenancy.policy.Role["CUSTOMER_SUPPORT"],
                                            tenancy.policy.Role["CUSTOMER_USER_DEVICE"],
                                            tenancy.policy.Role["EXTERNAL_FULL"],
                                            tenancy.policy.Role["EXTERNAL_READONLY"],
                                        ],
                                    ),
                                    _negated=True,
                                ),
                                ("customer__isnull", True),
                                ("partner__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="role_fits_its_organisation",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="TemporaryRights",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("reason", models.CharField(max_length=200)),
                ("minutes", models.PositiveSmallIntegerField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("requested", "Waiting for an answer"),
                            ("approved", "Approved"),
                            ("refused", "Refused"),
                            ("ended", "Ended"),
                        ],
                        default="requested",
                        max_length=10,
                    ),
                ),
                ("requested_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("decided_at", models.DateTimeField(blank=True, null=True)),
                ("expires_at", models.DateTimeField(blank=True, null=True)),
                (
                    "admin",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="temporary_rights",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "customer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="temporary_rights",
                        to="tenancy.customer",
                    ),
                ),
                (
                    "decided_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        models.F("admin"),
                        models.F("customer"),
                        condition=models.Q(("state__in", ["requested", "approved"])),
                        name="temporary_rights_open_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("minutes__gte", 5), ("minutes__lte", 60)),
                        name="temporary_rights_an_hour_at_most",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "approved"), _negated=True),
                            models.Q(
                                ("decided_at__isnull", False),
                                ("decided_by__isnull", False),
                                ("expires_at__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="temporary_rights_approved_by_somebody",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("decided_by", None),
                            models.Q(("decided_by", models.F("admin")), _negated=True),
                            ("state", "ended"),
                            _connector="OR",
                        ),
                        name="temporary_rights_not_by_oneself",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="WizardDraft",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("kind", models.CharField(max_length=40)),
                ("data", models.JSONField(default=dict)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("submitted_at", models.DateTimeField(blank=True, null=True)),
                ("result_url", models.CharField(blank=True, max_length=300)),
                (
                    "customer",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="drafts",
                        to="tenancy.customer",
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="drafts", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "partner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="drafts", to="tenancy.partner"
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["owner", "kind", "-updated_at"], name="draft_owner_kind")],
            },
        ),
    ]
