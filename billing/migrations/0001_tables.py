import uuid
from decimal import Decimal

import django.contrib.postgres.constraints
import django.db.models.deletion
import django.db.models.functions.comparison
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

import billing.models.prices


class Migration(migrations.Migration):
    # What had been applied before the migrations of 0.1.0 were put together.
    replaces = [
        ("billing", "0001_usage_and_reports"),
        ("billing", "0003_usage_corrections"),
        ("billing", "0006_reconciliations"),
        ("billing", "0007_prices_and_invoices"),
        ("billing", "0010_report_scope_and_totals"),
        ("billing", "0011_report_workbooks"),
        ("billing", "0013_setup_assist_on_invoices"),
    ]
    initial = True

    dependencies = [
        ("controlhub", "0001_tables"),
        ("tenancy", "0002_integrations"),
    ]

    operations = [
        migrations.CreateModel(
            name="BillingReport",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("with_sub_partners", models.BooleanField(db_default=False, default=False)),
                (
                    "category",
                    models.CharField(
                        choices=[("RECONCILIATION", "Reconciliation"), ("POINT_IN_TIME", "Point in time")],
                        db_default="RECONCILIATION",
                        default="RECONCILIATION",
                        max_length=14,
                    ),
                ),
                (
                    "type",
                    models.CharField(
                        choices=[("PARTNER", "Partner"), ("CUSTOMER", "Customer"), ("USER", "User")], max_length=8
                    ),
                ),
                ("start_on", models.DateField()),
                ("end_on", models.DateField()),
                (
                    "status",
                    models.CharField(
                        choices=[("IN_PROGRESS", "In progress"), ("COMPLETED", "Completed"), ("FAILED", "Failed")],
                        default="IN_PROGRESS",
                        max_length=12,
                    ),
                ),
                ("error_code", models.CharField(blank=True, max_length=40)),
                ("error", models.CharField(blank=True, max_length=300)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("finished_at", models.DateTimeField(null=True)),
                ("as_of", models.DateTimeField(null=True)),
                ("row_count", models.PositiveBigIntegerField(null=True)),
                ("total_seconds", models.BigIntegerField(null=True)),
                ("adjustment_seconds", models.BigIntegerField(null=True)),
                ("total_units", models.PositiveBigIntegerField(null=True)),
                ("size", models.PositiveBigIntegerField(null=True)),
                ("sha256", models.CharField(blank=True, max_length=64)),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
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
                    "partner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="billing_reports",
                        to="tenancy.partner",
                    ),
                ),
                (
                    "sub_partner",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenancy.partner",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["partner", "-created_at", "-id"], name="report_list"),
                    models.Index(
                        condition=models.Q(("status", "IN_PROGRESS")), fields=["created_at"], name="report_open"
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        models.F("partner"),
                        django.db.models.functions.comparison.Coalesce("sub_partner", 0),
                        models.F("with_sub_partners"),
                        models.F("category"),
                        models.F("type"),
                        models.F("start_on"),
                        models.F("end_on"),
                        condition=models.Q(("status", "COMPLETED")),
                        name="report_completed_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("end_on__gte", models.F("start_on"))), name="report_ends_later"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("sub_partner", None), ("with_sub_partners", False), _connector="OR"),
                        name="report_has_one_scope",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("status", "COMPLETED"), _negated=True),
                            models.Q(
                                ("finished_at__isnull", False),
                                ("row_count__isnull", False),
                                ("sha256__regex", "^[0-9a-f]{64}$"),
                                ("total_units__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="report_completed_has_file",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("status", "COMPLETED"), _negated=True),
                            models.Q(
                                ("adjustment_seconds__isnull", False),
                                ("as_of", None),
                                ("category", "RECONCILIATION"),
                                ("total_seconds__isnull", False),
                            ),
                            models.Q(
                                ("adjustment_seconds", None),
                                ("as_of__isnull", False),
                                ("category", "POINT_IN_TIME"),
                                ("total_seconds", None),
                            ),
                            _connector="OR",
                        ),
                        name="report_completed_has_totals",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="BillingAccount",
            fields=[
                (
                    "partner",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="billing_account",
                        serialize=False,
                        to="tenancy.partner",
                    ),
                ),
                ("starts_on", models.DateField()),
                ("billed_until", models.DateField()),
                ("last_number", models.PositiveIntegerField(default=0)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("billed_until__gte", models.F("starts_on"))),
                        name="billed_from_its_start_on",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="CustomerPrice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("price", models.DecimalField(decimal_places=4, max_digits=12)),
                ("valid_from", models.DateField()),
                ("valid_until", models.DateField(blank=True, null=True)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "item",
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
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenancy.customer",
                    ),
                ),
                (
                    "partner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="customer_prices",
                        to="tenancy.partner",
                    ),
                ),
            ],
            options={
                "constraints": [
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        expressions=[
                            ("partner", "="),
                            (django.db.models.functions.comparison.Coalesce("customer", 0), "="),
                            ("item", "="),
                            (billing.models.prices.DateRange("valid_from", "valid_until"), "&&"),
                        ],
                        name="one_customer_price_at_a_time",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("price__gte", Decimal("0"))), name="customer_price_not_negative"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("valid_until", None), ("valid_until__gt", models.F("valid_from")), _connector="OR"
                        ),
                        name="customer_price_ends_later",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="DayClose",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField()),
                ("changes", models.PositiveBigIntegerField()),
                ("checksum", models.CharField(max_length=64)),
                ("closed_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "partner",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenancy.partner",
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(models.F("partner"), models.F("day"), name="day_closed_once")],
            },
        ),
        migrations.CreateModel(
            name="Invoice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("number", models.PositiveIntegerField()),
                ("month", models.DateField()),
                ("currency", models.CharField(max_length=3)),
                ("partner_name", models.CharField(max_length=120)),
                ("subscription_id", models.CharField(max_length=40)),
                ("total", models.DecimalField(decimal_places=2, max_digits=16)),
                ("line_count", models.PositiveIntegerField()),
                ("sha256", models.CharField(max_length=64)),
                ("issued_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "partner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="invoices", to="tenancy.partner"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(models.F("partner"), models.F("number"), name="invoice_number_once"),
                    models.UniqueConstraint(models.F("partner"), models.F("month"), name="invoice_month_once"),
                    models.CheckConstraint(condition=models.Q(("month__day", 1)), name="invoice_month_is_a_first"),
                    models.CheckConstraint(
                        condition=models.Q(("line_count__gte", 1), ("number__gte", 1)),
                        name="invoice_has_number_and_lines",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ParkedPartner",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField()),
                ("reason", models.TextField()),
                ("parked_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "partner",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="parked_billing", to="tenancy.partner"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="PartnerUsageDay",
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
                ("day", models.DateField()),
                ("open_count", models.BigIntegerField()),
                ("shift", models.BigIntegerField()),
                (
                    "partner",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenancy.partner",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        models.F("partner"), models.F("package"), models.F("day"), name="partner_usage_day_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("open_count__gte", 0)), name="partner_usage_never_below_zero"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PriceBookEntry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("price", models.DecimalField(decimal_places=4, max_digits=12)),
                ("valid_from", models.DateField()),
                ("valid_until", models.DateField(blank=True, null=True)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "item",
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
                            ("setup_assist_express", "Setup Assist Express"),
                            ("setup_assist_standard", "Setup Assist Standard"),
                        ],
                        max_length=32,
                    ),
                ),
                ("sku", models.CharField(max_length=40)),
                ("description", models.CharField(max_length=120)),
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
                    "partner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="price_book", to="tenancy.partner"
                    ),
                ),
            ],
            options={
                "constraints": [
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        expressions=[
                            ("partner", "="),
                            ("item", "="),
                            (billing.models.prices.DateRange("valid_from", "valid_until"), "&&"),
                        ],
                        name="one_price_at_a_time",
                    ),
                    models.CheckConstraint(condition=models.Q(("price__gte", Decimal("0"))), name="price_not_negative"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("valid_until", None), ("valid_until__gt", models.F("valid_from")), _connector="OR"
                        ),
                        name="price_ends_later",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("sku", ""), _negated=True), models.Q(("description", ""), _negated=True)
                        ),
                        name="price_has_sku",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Reconciliation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("file_name", models.CharField(max_length=200)),
                (
                    "status",
                    models.CharField(
                        choices=[("IN_PROGRESS", "In progress"), ("COMPLETED", "Completed"), ("FAILED", "Failed")],
                        default="IN_PROGRESS",
                        max_length=12,
                    ),
                ),
                ("error", models.CharField(blank=True, max_length=300)),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("finished_at", models.DateTimeField(null=True)),
                ("our_lines", models.PositiveBigIntegerField(null=True)),
                ("vendor_lines", models.PositiveBigIntegerField(null=True)),
                ("agreeing", models.PositiveBigIntegerField(null=True)),
                ("differing", models.PositiveBigIntegerField(null=True)),
                ("our_quantity", models.DecimalField(decimal_places=6, max_digits=20, null=True)),
                ("vendor_quantity", models.DecimalField(decimal_places=6, max_digits=20, null=True)),
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
                    "report",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="reconciliations",
                        to="billing.billingreport",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["report", "-created_at", "-id"], name="reconciliation_list"),
                    models.Index(
                        condition=models.Q(("status", "IN_PROGRESS")), fields=["created_at"], name="reconciliation_open"
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("status", "COMPLETED"), _negated=True),
                            models.Q(("differing__isnull", False), ("finished_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="reconciliation_completed_has_figures",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Difference",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.PositiveIntegerField()),
                (
                    "cause",
                    models.CharField(
                        choices=[
                            ("unknown_customer", "Customer unknown here"),
                            ("unknown_subject", "User or workspace unknown here"),
                            ("not_assigned", "Not assigned here"),
                            ("not_billed", "Not in the vendor's file"),
                            ("other_package", "Billed as another package"),
                            ("twice", "Counted more than once"),
                            ("adjustment", "Adjustments left out"),
                            ("whole_days", "Whole days instead of parts"),
                            ("other_start", "Other first day"),
                            ("other_end", "Other last day"),
                            ("quantity", "Other quantity"),
                        ],
                        max_length=20,
                    ),
                ),
                ("service", models.CharField(max_length=80)),
                ("customer_label", models.CharField(max_length=200)),
                ("subject_label", models.CharField(blank=True, max_length=200)),
                ("our_quantity", models.DecimalField(decimal_places=6, max_digits=20, null=True)),
                ("vendor_quantity", models.DecimalField(decimal_places=6, max_digits=20, null=True)),
                ("explanation", models.CharField(max_length=300)),
                (
                    "customer",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenancy.customer",
                    ),
                ),
                (
                    "subscriber",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="controlhub.subscriber",
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="controlhub.workspace",
                    ),
                ),
                (
                    "reconciliation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="differences",
                        to="billing.reconciliation",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["reconciliation", "cause", "position"], name="difference_cause")],
                "constraints": [
                    models.UniqueConstraint(
                        models.F("reconciliation"), models.F("position"), name="difference_position_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("our_quantity__isnull", False), ("vendor_quantity__isnull", False), _connector="OR"
                        ),
                        name="difference_has_a_side",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="UsageCorrection",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("started_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                ("reason", models.CharField(max_length=300)),
                ("made_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "assignment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="corrections",
                        to="controlhub.packageassignment",
                    ),
                ),
                (
                    "made_by",
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
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenancy.partner",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["partner", "-made_at", "-id"], name="correction_list")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("reason", ""), _negated=True), name="correction_has_reason"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("ended_at", None), ("ended_at__gte", models.F("started_at")), _connector="OR"
                        ),
                        name="correction_ends_later",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="UsageAdjustment",
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
                ("about_on", models.DateField()),
                ("seconds", models.IntegerField()),
                ("made_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "made_on",
                    models.GeneratedField(
                        db_persist=True,
                        expression=models.Func("made_at", template="(%(expressions)s AT TIME ZONE 'UTC')::date"),
                        output_field=models.DateField(),
                    ),
                ),
                (
                    "customer",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenancy.customer",
                    ),
                ),
                (
                    "location",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="controlhub.location",
                    ),
                ),
                (
                    "partner",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenancy.partner",
                    ),
                ),
                (
                    "subscriber",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="controlhub.subscriber",
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="controlhub.workspace",
                    ),
                ),
                (
                    "correction",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="adjustments",
                        to="billing.usagecorrection",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["partner", "made_on", "customer"], name="adjustment_made"),
                    models.Index(
                        condition=models.Q(("subscriber__isnull", False)),
                        fields=["subscriber", "about_on"],
                        name="adjustment_subscriber",
                    ),
                    models.Index(
                        condition=models.Q(("workspace__isnull", False)),
                        fields=["workspace", "about_on"],
                        name="adjustment_workspace",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(models.F("correction"), models.F("about_on"), name="adjusted_once_a_day"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("seconds", 0), _negated=True), ("seconds__range", (-86400, 86400))
                        ),
                        name="adjustment_within_a_day",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("about_on__lte", models.F("made_on"))), name="adjustment_about_the_past"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("subscriber__isnull", False), ("workspace", None)),
                            models.Q(("subscriber", None), ("workspace__isnull", False)),
                            _connector="OR",
                        ),
                        name="adjustment_has_one_subject",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="InvoiceLine",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.PositiveIntegerField()),
                (
                    "kind",
                    models.CharField(
                        choices=[("usage", "Usage"), ("setup_assist", "Setup Assist"), ("adjustment", "Adjustment")],
                        max_length=12,
                    ),
                ),
                ("partner_name", models.CharField(max_length=120)),
                (
                    "item",
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
                            ("setup_assist_express", "Setup Assist Express"),
                            ("setup_assist_standard", "Setup Assist Standard"),
                        ],
                        max_length=32,
                    ),
                ),
                ("sku", models.CharField(max_length=40)),
                ("description", models.CharField(max_length=120)),
                ("about", models.CharField(blank=True, max_length=300)),
                ("first_on", models.DateField()),
                ("last_on", models.DateField()),
                ("seconds", models.BigIntegerField()),
                ("units", models.PositiveIntegerField(db_default=0, default=0)),
                ("price", models.DecimalField(decimal_places=4, max_digits=12)),
                ("amount", models.DecimalField(decimal_places=2, max_digits=16)),
                (
                    "invoice",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="lines", to="billing.invoice"
                    ),
                ),
                (
                    "partner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="tenancy.partner"
                    ),
                ),
                (
                    "setup_order",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="invoice_line",
                        to="controlhub.setupassistorder",
                    ),
                ),
                (
                    "entry",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="invoice_lines",
                        to="billing.pricebookentry",
                    ),
                ),
                (
                    "adjustment",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="invoice_line",
                        to="billing.usageadjustment",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["partner", "invoice"], name="invoice_line_partner")],
                "constraints": [
                    models.UniqueConstraint(
                        models.F("invoice"), models.F("position"), name="invoice_line_position_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("last_on__gte", models.F("first_on"))), name="invoice_line_ends_later"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("adjustment", None),
                                ("kind", "usage"),
                                ("seconds__gt", 0),
                                ("setup_order", None),
                                ("units", 0),
                            ),
                            models.Q(
                                ("adjustment__isnull", False),
                                ("kind", "adjustment"),
                                ("setup_order", None),
                                ("units", 0),
                            ),
                            models.Q(
                                ("adjustment", None),
                                ("kind", "setup_assist"),
                                ("seconds", 0),
                                ("setup_order__isnull", False),
                                ("units__gt", 0),
                            ),
                            _connector="OR",
                        ),
                        name="invoice_line_has_its_quantity",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="UsageDay",
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
                ("day", models.DateField()),
                ("open_count", models.BigIntegerField()),
                ("shift", models.BigIntegerField()),
                (
                    "customer",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenancy.customer",
                    ),
                ),
                (
                    "location",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="controlhub.location",
                    ),
                ),
                (
                    "partner",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenancy.partner",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        models.F("partner"),
                        models.F("customer"),
                        models.F("package"),
                        django.db.models.functions.comparison.Coalesce("location", 0),
                        models.F("day"),
                        name="usage_day_once",
                    ),
                    models.CheckConstraint(condition=models.Q(("open_count__gte", 0)), name="usage_never_below_zero"),
                ],
            },
        ),
        migrations.CreateModel(
            name="ReportWorkbook",
            fields=[
                (
                    "report",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="workbook",
                        serialize=False,
                        to="billing.billingreport",
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[("IN_PROGRESS", "In progress"), ("COMPLETED", "Completed"), ("FAILED", "Failed")],
                        default="IN_PROGRESS",
                        max_length=12,
                    ),
                ),
                ("error", models.CharField(blank=True, max_length=300)),
                ("asked_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("size", models.PositiveBigIntegerField(null=True)),
                ("sha256", models.CharField(blank=True, max_length=64)),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("status", "IN_PROGRESS")), fields=["asked_at"], name="workbook_open"
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("status", "COMPLETED"), _negated=True),
                            models.Q(("sha256__regex", "^[0-9a-f]{64}$"), ("size__isnull", False)),
                            _connector="OR",
                        ),
                        name="workbook_completed_has_file",
                    )
                ],
            },
        ),
    ]
