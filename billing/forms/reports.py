"""Input of the billing pages."""

from datetime import date, timedelta
from typing import Any

from django import forms

from billing.models import BillingReport
from billing.queries.reports import SORTS, ReportFilter
from tenancy.models import Partner

OWN, ALL = "own", "all"
CATEGORY_NOTES = {
    "RECONCILIATION": "What was used in a period, day by day: what the invoice is made of.",
    "POINT_IN_TIME": "What is assigned at the moment the report is made: how many, not how long.",
}
TYPE_NOTES = {
    "PARTNER": "One line per package.",
    "CUSTOMER": "One line per customer, location and package.",
    "USER": "One line per user or workspace, location and package.",
}
SORT_NAMES = {
    "": "Newest first",
    "created": "Oldest first",
    "-start": "First day, latest first",
    "start": "First day, earliest first",
    "-end": "Last day, latest first",
    "end": "Last day, earliest first",
    "status": "Status",
    "id": "Report ID",
}


class NotedSelect(forms.RadioSelect):
    """Radio cards that say what each choice holds."""

    def __init__(self, notes: dict[str, str]) -> None:
        super().__init__()
        self.notes = notes

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        return super().create_option(name, value, *args, **kwargs) | {"note": self.notes.get(str(value), "")}


class DayInput(forms.DateInput):
    """The browser's own date picker."""

    input_type = "date"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs, format="%Y-%m-%d")


class UsageOfField(forms.ChoiceField):
    """Whose usage: the partner's own, everybody's, or one indirect provider's by its public id."""

    default_error_messages = {"invalid_choice": "Choose one of your indirect providers."}

    def offer(self, partner: Partner, *before: tuple[str, str]) -> bool:
        """Offer the partner's providers. False when it has none, so that there is nothing to choose."""
        self.providers = {str(provider.public_id): provider for provider in partner.sub_partners.order_by("name")}
        everybody = (ALL, f"{partner.name} and all indirect providers")
        one_each = [(key, provider.name) for key, provider in self.providers.items()]
        self.choices = [*before, (OWN, f"{partner.name} (own customers)"), everybody, *one_each]
        return bool(self.providers)

    def scope(self, value: str) -> dict[str, Any]:
        """A choice as the fields of a report."""
        return {"sub_partner": self.providers.get(value), "with_sub_partners": value == ALL}


def usage_of(report: BillingReport) -> str:
    """The choice that a report was made with."""
    if report.with_sub_partners:
        return ALL
    return str(report.sub_partner.public_id) if report.sub_partner else OWN


class ReportForm(forms.Form):
    """Which report. Whether the period is possible is the service's decision; the picker only helps."""

    category = forms.ChoiceField(
        label="Category",
        choices=BillingReport.Category.choices,
        widget=NotedSelect(CATEGORY_NOTES),
        initial=BillingReport.Category.RECONCILIATION,
    )
    type = forms.ChoiceField(
        label="Type",
        choices=BillingReport.Type.choices,
        widget=NotedSelect(TYPE_NOTES),
        initial=BillingReport.Type.CUSTOMER,
    )
    usage_of = UsageOfField(
        label="Usage of",
        initial=OWN,
        help_text="Your own customers', one indirect provider's, or everybody's: then each line says whose it is.",
    )
    start_on = forms.DateField(
        label="First day", widget=DayInput, required=False, help_text="Days are UTC days, both included."
    )
    end_on = forms.DateField(label="Last day", widget=DayInput, required=False)

    def __init__(self, *args: Any, partner: Partner, earliest: date, latest: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("start_on", "end_on"):
            self.fields[name].widget.attrs |= {"min": f"{earliest:%F}", "max": f"{latest:%F}"}
        self.whose: UsageOfField = self.fields["usage_of"]  # type: ignore[assignment]
        if not self.whose.offer(partner):
            del self.fields["usage_of"]

    @property
    def is_point_in_time(self) -> bool:
        """Is a report chosen that has no period?"""
        return self["category"].value() == BillingReport.Category.POINT_IN_TIME

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or self.cleaned_data
        for name in ("start_on", "end_on"):
            if self.is_point_in_time:
                values[name] = None
                self.errors.pop(name, None)
            elif name not in self.errors and not values.get(name):
                self.add_error(name, "Enter a date.")
        return values

    def scope(self) -> dict[str, Any]:
        """Whose usage, as keyword arguments of `create_report`."""
        return self.whose.scope(self.cleaned_data.get("usage_of", OWN))


class ReportFilterForm(forms.Form):
    """Exact filters and the order of the list, from the URL."""

    start_on = forms.DateField(label="First day", widget=DayInput, required=False)
    end_on = forms.DateField(label="Last day", widget=DayInput, required=False)
    category = forms.ChoiceField(
        label="Category", choices=[("", "All categories"), *BillingReport.Category.choices], required=False
    )
    type = forms.ChoiceField(label="Type", choices=[("", "All types"), *BillingReport.Type.choices], required=False)
    status = forms.ChoiceField(
        label="Status", choices=[("", "All statuses"), *BillingReport.Status.choices], required=False
    )
    usage_of = UsageOfField(label="Usage of", required=False)
    sort = forms.ChoiceField(label="Sort by", choices=list(SORT_NAMES.items()), required=False)

    def __init__(self, data: Any, *, partner: Partner) -> None:
        super().__init__(data)
        self.whose: UsageOfField = self.fields["usage_of"]  # type: ignore[assignment]
        if not self.whose.offer(partner, ("", "Usage of anybody")):
            del self.fields["usage_of"]

    def narrowed(self) -> ReportFilter:
        """For `reports_of`, once the form is valid."""
        values = {
            name: value
            for name in ("start_on", "end_on", "category", "type", "status")
            if (value := self.cleaned_data[name])
        }
        if whose := self.cleaned_data.get("usage_of"):
            values |= self.whose.scope(whose)
        return ReportFilter(values, SORTS[self.cleaned_data["sort"]])

    @property
    def narrows(self) -> bool:
        """Is anything filtered, so that an empty list means "nothing found" and not "nothing there"?"""
        return any(value for name, value in self.data.items() if name in self.fields and name != "sort")


def preset_period(name: str, *, today: date) -> tuple[date, date]:
    """First and last day of a preset; on the first of a month "this month so far" is the whole last month."""
    latest = today - timedelta(days=1)
    this_month = latest.replace(day=1)
    if name == "this-month":
        return this_month, latest
    last = today.replace(day=1) - timedelta(days=1)
    return last.replace(day=1), last
