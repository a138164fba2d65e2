"""Invoices as they were issued: frozen. A draft is no row, it is computed whenever somebody looks (billing.queries.drafts)."""

import uuid
from decimal import Decimal

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from billing import months
from billing.items import ITEM_CHOICES, ITEMS
from billing.models.adjustments import UsageAdjustment
from billing.models.ledger import SECONDS_PER_DAY
from billing.models.prices import PRICE_DECIMALS, PRICE_DIGITS, PriceBookEntry
from controlhub.models import SetupAssistOrder
from tenancy.models import Partner

AMOUNT_DIGITS, AMOUNT_DECIMALS = 16, 2


class BillingAccount(models.Model):
    """How far a partner's use is billed, and at which number its invoices are. The row is locked while an invoice is issued.

    Everything used from `starts_on` until `billed_until`, exclusive, is on an invoice: the partner's own, or its parent's.
    """

    partner = models.OneToOneField(Partner, models.PROTECT, primary_key=True, related_name="billing_account")
    starts_on = models.DateField()
    billed_until = models.DateField()
    last_number = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(billed_until__gte=F("starts_on")), name="billed_from_its_start_on"),
        ]

    def __str__(self) -> str:
        return f"{self.partner_id} until {self.billed_until:%F}"


class Invoice(models.Model):
    """One month of a top-level partner, its sub-partners included, in arrears. Issued once, never changed (trigger)."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="invoices")
    number = models.PositiveIntegerField()
    month = models.DateField()
    currency = models.CharField(max_length=3)
    partner_name = models.CharField(max_length=120)
    subscription_id = models.CharField(max_length=40)
    total = models.DecimalField(max_digits=AMOUNT_DIGITS, decimal_places=AMOUNT_DECIMALS)
    line_count = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    issued_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint("partner", "number", name="invoice_number_once"),
            models.UniqueConstraint("partner", "month", name="invoice_month_once"),
            models.CheckConstraint(condition=Q(month__day=1), name="invoice_month_is_a_first"),
            models.CheckConstraint(condition=Q(number__gte=1, line_count__gte=1), name="invoice_has_number_and_lines"),
        ]

    def __str__(self) -> str:
        return f"Invoice {self.label}"

    @property
    def label(self) -> str:
        """The number as it is printed: the year billed, then a count that never has a gap, over the years too."""
        return f"{self.month:%Y}-{self.number:06d}"


class InvoiceLine(models.Model):
    """One amount, rounded once: seconds times monthly price over the seconds of that month; of Setup Assist units times price.

    Names are as they were.
    """

    class Kind(models.TextChoices):
        USAGE = "usage", "Usage"
        SETUP_ASSIST = "setup_assist", "Setup Assist"
        ADJUSTMENT = "adjustment", "Adjustment"

    invoice = models.ForeignKey(Invoice, models.PROTECT, related_name="lines")
    position = models.PositiveIntegerField()
    kind = models.CharField(max_length=12, choices=Kind)
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="+")
    partner_name = models.CharField(max_length=120)
    item = models.CharField(max_length=32, choices=ITEM_CHOICES)
    sku = models.CharField(max_length=40)
    description = models.CharField(max_length=120)
    about = models.CharField(max_length=300, blank=True)
    first_on = models.DateField()
    last_on = models.DateField()
    seconds = models.BigIntegerField()
    units = models.PositiveIntegerField(default=0, db_default=0)
    price = models.DecimalField(max_digits=PRICE_DIGITS, decimal_places=PRICE_DECIMALS)
    amount = models.DecimalField(max_digits=AMOUNT_DIGITS, decimal_places=AMOUNT_DECIMALS)
    entry = models.ForeignKey(PriceBookEntry, models.PROTECT, related_name="invoice_lines")
    adjustment = models.OneToOneField(UsageAdjustment, models.PROTECT, null=True, related_name="invoice_line")
    setup_order = models.OneToOneField(SetupAssistOrder, models.PROTECT, null=True, related_name="invoice_line")

    class Meta:
        constraints = [
            models.UniqueConstraint("invoice", "position", name="invoice_line_position_once"),
            models.CheckConstraint(condition=Q(last_on__gte=F("first_on")), name="invoice_line_ends_later"),
            models.CheckConstraint(
                condition=Q(kind="usage", seconds__gt=0, units=0, adjustment=None, setup_order=None)
                | Q(kind="adjustment", units=0, adjustment__isnull=False, setup_order=None)
                | Q(kind="setup_assist", seconds=0, units__gt=0, adjustment=None, setup_order__isnull=False),
                name="invoice_line_has_its_quantity",
            ),
        ]
        indexes = [models.Index(fields=["partner", "invoice"], name="invoice_line_partner")]

    def __str__(self) -> str:
        return f"{self.invoice_id}#{self.position} {self.name}"

    @property
    def name(self) -> str:
        """What was used, in the portal's own words."""
        return ITEMS[self.item].name

    @property
    def quantity(self) -> Decimal:
        """The quantity as people read it, days of use or units; the truth is `seconds` or `units`."""
        return Decimal(self.units) if self.units else Decimal(self.seconds) / SECONDS_PER_DAY

    @property
    def unit(self) -> str:
        """What the price is for one of: month, location, user."""
        return ITEMS[self.item].unit

    @property
    def days_in_month(self) -> int:
        """By how many days the monthly price is divided."""
        return months.days_in(self.first_on)
