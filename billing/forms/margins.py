"""Input of the margin pages: which month, and a price that the partner asks of its customers."""

from typing import Any

from django import forms

from billing.forms.invoices import MonthField
from billing.forms.prices import ISO
from billing.forms.reports import DayInput
from billing.models.prices import PRICE_DECIMALS, PRICE_DIGITS
from billing.services.customer_prices import NewCustomerPrice
from tenancy.models import Customer, Partner
from tenancy.packages import PACKAGE_CHOICES


class MarginForm(forms.Form):
    """A month, and customers to look for."""

    month = MonthField(label="Month", required=False)
    q = forms.CharField(label="Customer", required=False)


class CustomerPriceForm(forms.Form):
    """A price from a day on, for everybody or one customer."""

    item = forms.ChoiceField(label="Package", choices=[("", "Choose"), *PACKAGE_CHOICES])
    price = forms.DecimalField(
        label="Price by the month",
        min_value=0,
        max_digits=PRICE_DIGITS,
        decimal_places=PRICE_DECIMALS,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )
    customer = forms.CharField(
        label="Customer's external ID",
        max_length=255,
        required=False,
        help_text="Empty: for every customer that has no price of its own.",
    )
    valid_from = forms.DateField(
        label="Valid from",
        widget=DayInput,
        input_formats=ISO,
        help_text="The first UTC day. The price before it ends there.",
    )
    valid_until = forms.DateField(
        label="Valid until",
        widget=DayInput,
        input_formats=ISO,
        required=False,
        help_text="The first day without it. Empty: until another price begins.",
    )

    def __init__(self, *args: Any, partner: Partner, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.partner = partner

    def clean_customer(self) -> Customer | None:
        text = self.cleaned_data["customer"].strip()
        if not text:
            return None
        found: Customer | None = self.partner.customers.filter(external_id=text).first()
        if found is None:
            raise forms.ValidationError("You have no customer with this external ID.")
        return found

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        first, until = data.get("valid_from"), data.get("valid_until")
        if first and until and until <= first:
            self.add_error("valid_until", "A price ends after the day on which it begins.")
        return data

    def new_price(self) -> NewCustomerPrice:
        """What was typed."""
        return NewCustomerPrice(**self.cleaned_data)
