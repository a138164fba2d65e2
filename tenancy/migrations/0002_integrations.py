import uuid

import django.db.models.deletion
import django.db.models.functions.datetime
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    # What had been applied before the migrations of 0.1.0 were put together.
    replaces = [
        ("tenancy", "0003_api_token"),
        ("tenancy", "0012_token_name"),
        ("tenancy", "0014_webhooks"),
        ("tenancy", "0015_integrations"),
        ("tenancy", "0016_webhooks_of_integrations"),
    ]
    dependencies = [
        ("allauth_idp_oidc", "0003_client_allow_uri_wildcards"),
        ("tenancy", "0001_tables"),
    ]

    operations = [
        migrations.CreateModel(
            name="Integration",
            fields=[
                (
                    "client_ptr",
                    models.OneToOneField(
                        auto_created=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        parent_link=True,
                        primary_key=True,
                        serialize=False,
                        to="allauth_idp_oidc.client",
                    ),
                ),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("secret_set_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("revoked_at", models.DateTimeField(blank=True, null=True)),
                (
                    "admin",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "partner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="tenancy.partner"
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["partner"], name="integration_partner")],
            },
            bases=("allauth_idp_oidc.client",),
        ),
        migrations.CreateModel(
            name="Authorization",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("scopes", models.JSONField(default=list)),
                ("redirect_uri", models.CharField(max_length=500)),
                ("code_digest", models.CharField(max_length=64, unique=True)),
                ("code_challenge", models.CharField(blank=True, max_length=128)),
                ("code_expires_at", models.DateTimeField()),
                ("code_used_at", models.DateTimeField(blank=True, null=True)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("revoked_at", models.DateTimeField(blank=True, null=True)),
                (
                    "admin",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="authorizations",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "integration",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="authorizations",
                        to="tenancy.integration",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["admin", "-created_at", "-id"], name="authorization_list")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("code_expires_at__gt", models.F("created_at"))), name="code_expires_later"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("code_used_at__isnull", True),
                            ("code_used_at__lte", models.F("code_expires_at")),
                            _connector="OR",
                        ),
                        name="code_used_in_time",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ApiToken",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("name", models.CharField(blank=True, db_default="", default="", max_length=80)),
                ("digest", models.CharField(max_length=64, unique=True)),
                ("scopes", models.JSONField(default=list)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("expires_at", models.DateTimeField()),
                ("last_used_at", models.DateTimeField(blank=True, null=True)),
                ("revoked_at", models.DateTimeField(blank=True, null=True)),
                (
                    "admin",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="api_tokens",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "authorization",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="tokens",
                        to="tenancy.authorization",
                    ),
                ),
                (
                    "integration",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="tokens",
                        to="tenancy.integration",
                    ),
                ),
                (
                    "within",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="tenancy.partner",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["admin", "-created_at", "-id"], name="token_list")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("expires_at__gt", models.F("created_at"))), name="token_expires_later"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("authorization__isnull", True), ("integration__isnull", True), ("within__isnull", True)
                            ),
                            models.Q(("integration__isnull", False), ("within__isnull", False)),
                            _connector="OR",
                        ),
                        name="token_of_integration_is_narrow",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="RefreshToken",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("digest", models.CharField(max_length=64, unique=True)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("expires_at", models.DateTimeField()),
                ("used_at", models.DateTimeField(blank=True, null=True)),
                (
                    "authorization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="refresh_tokens",
                        to="tenancy.authorization",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("expires_at__gt", models.F("created_at"))),
                        name="refresh_token_expires_later",
                    ),
                    models.UniqueConstraint(
                        models.F("authorization"),
                        condition=models.Q(("used_at__isnull", True)),
                        name="one_refresh_token_at_a_time",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Webhook",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("name", models.CharField(max_length=80)),
                ("target_url", models.CharField(max_length=500)),
                (
                    "resource",
                    models.CharField(
                        choices=[
                            ("all", "Everything"),
                            ("wholesaleCustomers", "Customers"),
                            ("wholesaleSubscribers", "Users"),
                            ("wholesaleBillingReports", "Billing reports"),
                            ("jobs", "Provisioning jobs"),
                        ],
                        max_length=24,
                    ),
                ),
                (
                    "event",
                    models.CharField(
                        choices=[
                            ("all", "Everything"),
                            ("created", "Created"),
                            ("updated", "Updated"),
                            ("deleted", "Deleted"),
                        ],
                        max_length=8,
                    ),
                ),
                ("secret", models.TextField(blank=True)),
                (
                    "status",
                    models.CharField(
                        choices=[("active", "Active"), ("inactive", "Switched off")], default="active", max_length=8
                    ),
                ),
                (
                    "off_for",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "–"),
                            ("person", "Switched off by an administrator"),
                            ("failing", "Switched off because it did not answer for days"),
                        ],
                        default="",
                        max_length=8,
                    ),
                ),
                ("failing_since", models.DateTimeField(blank=True, null=True)),
                ("paused_until", models.DateTimeField(blank=True, null=True)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "customer",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="webhooks",
                        to="tenancy.customer",
                    ),
                ),
                (
                    "integration",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="webhooks",
                        to="tenancy.integration",
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="webhooks",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "partner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="webhooks", to="tenancy.partner"
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("status", "active")), fields=["partner"], name="webhook_listening"
                    ),
                    models.Index(fields=["partner", "-created_at", "-id"], name="webhook_list"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "resource__in",
                                [
                                    "all",
                                    "wholesaleCustomers",
                                    "wholesaleSubscribers",
                                    "wholesaleBillingReports",
                                    "jobs",
                                ],
                            )
                        ),
                        name="webhook_resource_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("event__in", ["all", "created", "updated", "deleted"])),
                        name="webhook_event_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("off_for", ""), ("status", "active")),
                            models.Q(("off_for__in", ["person", "failing"]), ("status", "inactive")),
                            _connector="OR",
                        ),
                        name="webhook_off_has_reason",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("name", ""), _negated=True), models.Q(("target_url", ""), _negated=True)
                        ),
                        name="webhook_has_name_and_target",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="WebhookDelivery",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                (
                    "resource",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("all", "Everything"),
                            ("wholesaleCustomers", "Customers"),
                            ("wholesaleSubscribers", "Users"),
                            ("wholesaleBillingReports", "Billing reports"),
                            ("jobs", "Provisioning jobs"),
                        ],
                        max_length=24,
                    ),
                ),
                (
                    "event",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("all", "Everything"),
                            ("created", "Created"),
                            ("updated", "Updated"),
                            ("deleted", "Deleted"),
                        ],
                        max_length=8,
                    ),
                ),
                ("target_id", models.UUIDField(blank=True, null=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("delivered", "Delivered"),
                            ("failed", "Failed"),
                            ("withheld", "Withheld"),
                        ],
                        default="waiting",
                        max_length=9,
                    ),
                ),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("happened_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("due_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                ("answer", models.PositiveSmallIntegerField(blank=True, null=True)),
                ("error", models.CharField(blank=True, max_length=200)),
                ("tries", models.JSONField(db_default=models.Value([], models.JSONField()), default=list)),
                ("replay_of", models.UUIDField(blank=True, null=True)),
                (
                    "customer",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="tenancy.customer",
                    ),
                ),
                (
                    "webhook",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="deliveries", to="tenancy.webhook"
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "waiting")),
                        fields=["webhook", "due_at", "id"],
                        name="delivery_due",
                    ),
                    models.Index(fields=["webhook", "-happened_at", "-id"], name="delivery_log"),
                    models.Index(fields=["webhook", "state", "-happened_at", "-id"], name="delivery_log_state"),
                    models.Index(
                        models.F("finished_at"), condition=models.Q(("finished_at__isnull", False)), name="delivery_age"
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("finished_at", None), ("state", "waiting")),
                            models.Q(models.Q(("state", "waiting"), _negated=True), ("finished_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="delivery_finished_has_time",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("event", ""), ("resource", ""), ("target_id", None)),
                            models.Q(
                                models.Q(("resource", ""), _negated=True),
                                models.Q(("event", ""), _negated=True),
                                ("target_id__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="delivery_has_target_or_is_test",
                    ),
                ],
            },
        ),
    ]
