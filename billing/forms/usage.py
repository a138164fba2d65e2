"""Which days the pages of usage are about."""

from datetime import date
from typing import Any

from django import forms

from billing.forms.reports import DayInput
from tenancy.packages import PACKAGE_CHOICES


class RangeForm(forms.Form):
    """First and last day, both included, of closed days."""

    first = forms.DateField(label="First day", widget=DayInput)
    last = forms.DateField(label="Last day", widget=DayInput)

    def __init__(self, *args: Any, earliest: date, latest: date | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.earliest, self.latest = earliest, latest or earliest
        for name in ("first", "last"):
            self.fields[name].widget.attrs |= {"min": f"{earliest:%F}", "max": f"{self.latest:%F}"}

    def clean_first(self) -> date:
        first: date = self.cleaned_data["first"]
        if first < self.earliest:
            raise forms.ValidationError(f"Usage is kept from {self.earliest:%-d %b %Y} on.")
        return first

    def clean_last(self) -> date:
        last: date = self.cleaned_data["last"]
        if last > self.latest:
            raise forms.ValidationError(f"Usage is closed until {self.latest:%-d %b %Y}.")
        return last

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get("first") and data.get("last") and data["first"] > data["last"]:
            self.add_error("last", "The last day is before the first day.")
        return data


class WhyForm(RangeForm):
    """The days, and one package if only that one is asked about."""

    package = forms.ChoiceField(label="Package", required=False, choices=[("", "All packages"), *PACKAGE_CHOICES])
