import uuid

import django.db.models.deletion
import django.db.models.functions.datetime
import django.db.models.functions.text
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    # What had been applied before the migrations of 0.1.0 were put together.
    replaces = [
        ("partnerhub", "0001_templates_and_origins"),
        ("partnerhub", "0002_identity_check"),
        ("partnerhub", "0003_inherit_organization_settings"),
    ]
    initial = True

    dependencies = [
        ("controlhub", "0001_tables"),
        ("tenancy", "0002_integrations"),
    ]

    operations = [
        migrations.CreateModel(
            name="OnboardingTemplate",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("name", models.CharField(max_length=80)),
                (
                    "state",
                    models.CharField(
                        choices=[("active", "Active"), ("retired", "Retired")], default="active", max_length=8
                    ),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "partner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="templates", to="tenancy.partner"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        models.F("partner"),
                        django.db.models.functions.text.Lower("name"),
                        name="template_name_once_per_partner",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="TemplateVersion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField()),
                ("country", models.CharField(max_length=2)),
                ("email_language", models.CharField(max_length=5)),
                ("subscription_id", models.CharField(max_length=40)),
                ("pstn_provider", models.CharField(blank=True, max_length=80)),
                (
                    "authentication",
                    models.CharField(
                        choices=[
                            ("webex", "Webex authentication"),
                            ("saml", "Partner authentication"),
                            ("oidc", "Partner authentication with OpenID Connect"),
                        ],
                        default="webex",
                        max_length=5,
                    ),
                ),
                ("idp_entity_id", models.CharField(blank=True, max_length=200)),
                ("admin_invite_emails_on_attach", models.BooleanField(default=True)),
                ("suppress_admin_invite_email", models.BooleanField(default=False)),
                ("disable_free_calling", models.BooleanField(default=False)),
                (
                    "meeting_dial_in",
                    models.CharField(
                        choices=[("cisco", "Cisco call-in numbers"), ("partner", "Partner-provided numbers")],
                        default="cisco",
                        max_length=8,
                    ),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "service_provider_admin",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "template",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="versions",
                        to="partnerhub.onboardingtemplate",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        models.F("template"), models.F("number"), name="template_version_number_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("authentication", "webex"), ("idp_entity_id", "")),
                            models.Q(
                                models.Q(("authentication", "webex"), _negated=True),
                                models.Q(("idp_entity_id", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="idp_only_with_partner_authentication",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CustomerOrigin",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("supported_location_declared_at", models.DateTimeField()),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "customer",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="origin", to="tenancy.customer"
                    ),
                ),
                (
                    "template_version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="customers",
                        to="partnerhub.templateversion",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="IdentityCheck",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("digest", models.CharField(max_length=64)),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                ("sent_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("expires_at", models.DateTimeField()),
                ("confirmed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "sent_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "subscriber",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="identity_checks",
                        to="controlhub.subscriber",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["subscriber", "-sent_at", "-id"], name="identity_check_newest")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("expires_at__gt", models.F("sent_at"))), name="identity_check_expires_later"
                    ),
                    models.CheckConstraint(condition=models.Q(("tries__lte", 5)), name="identity_check_few_tries"),
                ],
            },
        ),
        migrations.AddField(
            model_name="onboardingtemplate",
            name="current_version",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="partnerhub.templateversion",
            ),
        ),
    ]
