import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    # What had been applied before the migrations of 0.1.0 were put together.
    replaces = [
        ("provisioning", "0001_job_ledger"),
        ("provisioning", "0002_screening_and_simulated_cloud"),
    ]
    initial = True

    dependencies = [
        ("tenancy", "0002_integrations"),
    ]

    operations = [
        migrations.CreateModel(
            name="SimulatedEffect",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=200, unique=True)),
                ("operation", models.CharField(max_length=40)),
                ("payload", models.JSONField(default=dict)),
                ("result", models.JSONField(default=dict)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
        ),
        migrations.CreateModel(
            name="SimulatedFault",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("operation", models.CharField(max_length=40)),
                ("match", models.CharField(blank=True, max_length=120)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("busy", "429 with Retry-After"),
                            ("unavailable", "503, not executed"),
                            ("answer_lost", "Executed, answer lost"),
                            ("refused", "Refused for good"),
                            ("garbage", "An answer without meaning"),
                            ("match", "Screening: possible match"),
                        ],
                        max_length=12,
                    ),
                ),
                ("remaining", models.PositiveIntegerField(blank=True, null=True)),
                ("retry_after", models.PositiveIntegerField(default=1)),
                ("code", models.CharField(blank=True, max_length=64)),
                ("message", models.CharField(blank=True, max_length=400)),
            ],
        ),
        migrations.CreateModel(
            name="ProvisioningJob",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("kind", models.CharField(max_length=40)),
                ("payload", models.JSONField(default=dict)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("queued", "Queued"),
                            ("running", "Running"),
                            ("retry_wait", "Waiting"),
                            ("succeeded", "Done"),
                            ("failed", "Failed"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="queued",
                        max_length=12,
                    ),
                ),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("token", models.PositiveBigIntegerField(default=0)),
                ("lease_until", models.DateTimeField(blank=True, null=True)),
                ("next_run_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("offered_at", models.DateTimeField(blank=True, null=True)),
                ("error_code", models.CharField(blank=True, max_length=64)),
                ("error", models.TextField(blank=True)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                (
                    "customer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="jobs", to="tenancy.customer"
                    ),
                ),
                (
                    "partner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="jobs", to="tenancy.partner"
                    ),
                ),
                (
                    "requested_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("state__in", ["queued", "retry_wait"])),
                        fields=["next_run_at"],
                        name="job_due",
                    ),
                    models.Index(condition=models.Q(("state", "running")), fields=["lease_until"], name="job_lease"),
                    models.Index(fields=["customer", "-created_at"], name="job_customer"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("lease_until__isnull", False), ("state", "running")),
                            models.Q(models.Q(("state", "running"), _negated=True), ("lease_until", None)),
                            _connector="OR",
                        ),
                        name="job_lease_only_while_running",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("finished_at__isnull", False), ("state__in", ["succeeded", "failed", "cancelled"])
                            ),
                            models.Q(
                                models.Q(("state__in", ["succeeded", "failed", "cancelled"]), _negated=True),
                                ("finished_at", None),
                            ),
                            _connector="OR",
                        ),
                        name="job_finished_has_time",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ProvisioningStep",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.PositiveSmallIntegerField()),
                ("name", models.CharField(max_length=64)),
                ("item", models.CharField(blank=True, max_length=64)),
                ("title", models.CharField(max_length=120)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("pending", "Waiting"),
                            ("running", "Running"),
                            ("done", "Done"),
                            ("failed", "Failed"),
                            ("skipped", "Skipped"),
                        ],
                        default="pending",
                        max_length=8,
                    ),
                ),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("error_code", models.CharField(blank=True, max_length=64)),
                ("error", models.TextField(blank=True)),
                ("result", models.JSONField(default=dict)),
                ("started_at", models.DateTimeField(blank=True, null=True)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                (
                    "job",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="steps",
                        to="provisioning.provisioningjob",
                    ),
                ),
            ],
            options={
                "ordering": ["position"],
                "constraints": [
                    models.UniqueConstraint(
                        models.F("job"), models.F("name"), models.F("item"), name="step_once_per_job"
                    ),
                    models.UniqueConstraint(models.F("job"), models.F("position"), name="step_position_once"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Screening",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("clear", "Clear"),
                            ("possible_match", "Possible match"),
                            ("escalated", "With operations"),
                            ("cleared", "Cleared by operations"),
                            ("rejected", "Rejected by operations"),
                        ],
                        max_length=16,
                    ),
                ),
                ("checks", models.PositiveIntegerField(default=0)),
                ("matched_at", models.DateTimeField(blank=True, null=True)),
                ("decided_at", models.DateTimeField(blank=True, null=True)),
                ("note", models.CharField(blank=True, max_length=400)),
                (
                    "customer",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="screening", to="tenancy.customer"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("decided_at__isnull", False), ("state__in", ["cleared", "rejected"])),
                            models.Q(
                                models.Q(("state__in", ["cleared", "rejected"]), _negated=True), ("decided_at", None)
                            ),
                            _connector="OR",
                        ),
                        name="screening_decided_has_time",
                    )
                ],
            },
        ),
    ]
