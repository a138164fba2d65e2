"""What things cost, from when to when: what the partner pays (price book), and what it asks of its own customers."""

import uuid
from datetime import date, timedelta
from decimal import Decimal

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q
from django.db.models.functions import Coalesce, Now

from billing.items import ITEM_CHOICES, ITEMS, Item
from tenancy.models import AdminUser, Customer, Partner
from tenancy.packages import PACKAGE_CHOICES

PRICE_DIGITS, PRICE_DECIMALS = 12, 4


class DateRange(Func):
    """`daterange(from, until)`: half-open, endless without `until`."""

    function = "DATERANGE"
    output_field = DateRangeField()


class DatedPrice(models.Model):
    """A price that holds from `valid_from` until the day before `valid_until`; without that, until further notice."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    price = models.DecimalField(max_digits=PRICE_DIGITS, decimal_places=PRICE_DECIMALS)
    valid_from = models.DateField()
    valid_until = models.DateField(null=True, blank=True)
    created_by = models.ForeignKey(AdminUser, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        abstract = True

    @property
    def last_on(self) -> date | None:
        """The last day on which it holds."""
        return self.valid_until - timedelta(days=1) if self.valid_until else None

    def covers(self, day: date) -> bool:
        """Is this the price on that day?"""
        return self.valid_from <= day and (self.valid_until is None or day < self.valid_until)


class PriceBookEntry(DatedPrice):
    """The transfer price of an item for one partner's subscription, in its currency. A sub-partner has entries of its own.

    Once it is on an invoice a trigger lets it only be ended, after the last day invoiced with it (docs/adr/0019).
    """

    partner = models.ForeignKey(Partner, models.PROTECT, related_name="price_book")
    item = models.CharField(max_length=32, choices=ITEM_CHOICES)
    sku = models.CharField(max_length=40)
    description = models.CharField(max_length=120)

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="one_price_at_a_time",
                expressions=[
                    ("partner", RangeOperators.EQUAL),
                    ("item", RangeOperators.EQUAL),
                    (DateRange("valid_from", "valid_until"), RangeOperators.OVERLAPS),
                ],
            ),
            models.CheckConstraint(condition=Q(price__gte=Decimal(0)), name="price_not_negative"),
            models.CheckConstraint(
                condition=Q(valid_until=None) | Q(valid_until__gt=F("valid_from")), name="price_ends_later"
            ),
            models.CheckConstraint(condition=~Q(sku="") & ~Q(description=""), name="price_has_sku"),
        ]

    def __str__(self) -> str:
        return f"{self.what.name} from {self.valid_from:%F}"

    @property
    def what(self) -> Item:
        """The item it is the price of."""
        return ITEMS[self.item]


class CustomerPrice(DatedPrice):
    """What the partner asks of its customers for a package, by the month; `customer` set: of this one only. For the margin."""

    partner = models.ForeignKey(Partner, models.PROTECT, related_name="customer_prices")
    customer = models.ForeignKey(Customer, models.PROTECT, null=True, blank=True, related_name="+")
    item = models.CharField(max_length=32, choices=PACKAGE_CHOICES)

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="one_customer_price_at_a_time",
                expressions=[
                    ("partner", RangeOperators.EQUAL),
                    (Coalesce("customer", 0), RangeOperators.EQUAL),
                    ("item", RangeOperators.EQUAL),
                    (DateRange("valid_from", "valid_until"), RangeOperators.OVERLAPS),
                ],
            ),
            models.CheckConstraint(condition=Q(price__gte=Decimal(0)), name="customer_price_not_negative"),
            models.CheckConstraint(
                condition=Q(valid_until=None) | Q(valid_until__gt=F("valid_from")), name="customer_price_ends_later"
            ),
        ]

    def __str__(self) -> str:
        return f"{ITEMS[self.item].name} from {self.valid_from:%F}"
