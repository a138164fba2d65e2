"""Input of the billing pages."""

from datetime import date, timedelta
from typing import Any

from django import forms

from billing.models import BillingReport
from tenancy.models import Partner

TYPE_NOTES = {
    "PARTNER": "One line per package: what the invoice shows.",
    "CUSTOMER": "One line per customer, location and package.",
    "USER": "One line per user or workspace, location and package.",
}


class TypeSelect(forms.RadioSelect):
    """Radio cards that say what each type holds."""

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        return super().create_option(name, value, *args, **kwargs) | {"note": TYPE_NOTES.get(str(value), "")}


class DayInput(forms.DateInput):
    """The browser's own date picker."""

    input_type = "date"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs, format="%Y-%m-%d")


class ProviderField(forms.ModelChoiceField):
    """An indirect provider by its public id. Whatever else arrives is no provider, and gets the same answer."""

    default_error_messages = {"invalid_choice": "Choose one of your indirect providers."}

    def to_python(self, value: Any) -> Any:
        try:
            return super().to_python(value)
        except forms.ValidationError as error:
            raise forms.ValidationError(self.error_messages["invalid_choice"], code="invalid_choice") from error


class ReportForm(forms.Form):
    """Which report. Whether the period is possible is the service's decision; the picker only helps."""

    type = forms.ChoiceField(
        label="Type", choices=BillingReport.Type.choices, widget=TypeSelect, initial=BillingReport.Type.CUSTOMER
    )
    sub_partner = ProviderField(
        label="Usage of",
        queryset=Partner.objects.none(),
        to_field_name="public_id",
        required=False,
        help_text="A report is about your own customers, or about those of one indirect provider.",
    )
    start_on = forms.DateField(label="First day", widget=DayInput, help_text="Days are UTC days, both included.")
    end_on = forms.DateField(label="Last day", widget=DayInput)

    def __init__(self, *args: Any, partner: Partner, earliest: date, latest: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("start_on", "end_on"):
            self.fields[name].widget.attrs |= {"min": f"{earliest:%F}", "max": f"{latest:%F}"}
        providers = partner.sub_partners.order_by("name")
        if providers.exists():
            self.fields["sub_partner"].queryset = providers  # type: ignore[attr-defined]
            self.fields["sub_partner"].empty_label = f"{partner.name} (own customers)"  # type: ignore[attr-defined]
        else:
            del self.fields["sub_partner"]


def preset_period(name: str, *, today: date) -> tuple[date, date]:
    """First and last day of a preset; on the first of a month "this month so far" is the whole last month."""
    latest = today - timedelta(days=1)
    this_month = latest.replace(day=1)
    if name == "this-month":
        return this_month, latest
    last = today.replace(day=1) - timedelta(days=1)
    return last.replace(day=1), last
