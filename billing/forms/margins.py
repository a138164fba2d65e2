"""Input of the margin pages: which month, and a price that the partner asks of its customers."""

from typing import Any

from django import forms

from billing.forms.invoices import MonthField
from billing.forms.prices import DatedPriceForm
from billing.services.customer_prices import NewCustomerPrice
from tenancy.models import Customer, Partner
from tenancy.packages import PACKAGE_CHOICES


class MarginForm(forms.Form):
    """A month, and customers to look for."""

    month = MonthField(label="Month", required=False)
    q = forms.CharField(label="Customer", required=False)


class CustomerPriceForm(DatedPriceForm):
    """A price from a day on, for everybody or one customer."""

    item = forms.ChoiceField(label="Package", choices=[("", "Choose"), *PACKAGE_CHOICES])
    customer = forms.CharField(
        label="Customer's external ID",
        max_length=255,
        required=False,
        help_text="Empty: for every customer that has no price of its own.",
    )
    field_order = ["item", "price", "customer", "valid_from", "valid_until"]

    def __init__(self, *args: Any, partner: Partner, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["price"].label = "Price by the month"
        self.partner = partner

    def clean_customer(self) -> Customer | None:
        text = self.cleaned_data["customer"].strip()
        if not text:
            return None
        found: Customer | None = self.partner.customers.filter(external_id=text).first()
        if found is None:
            raise forms.ValidationError("You have no customer with this external ID.")
        return found

    def new_price(self) -> NewCustomerPrice:
        """What was typed."""
        return NewCustomerPrice(**self.cleaned_data)
