"""Filters of the list of invoices and of an invoice's lines, from the URL."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from django import forms

from billing import months
from billing.models import InvoiceLine
from billing.queries.invoices import InvoiceFilter
from tenancy.models import Partner

STATUSES = [("", "Drafts and issued"), ("draft", "Drafts"), ("issued", "Issued")]
KINDS = [("", "All kinds of lines"), *InvoiceLine.Kind.choices]

FIRST_YEAR, LAST_YEAR = 2000, 2200


class MonthField(forms.CharField):
    """A month as 2026-03: the browser's own picker, where it has one."""

    widget = forms.TextInput(attrs={"type": "month", "placeholder": "YYYY-MM", "size": 10})

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        if not text:
            return None
        try:
            month = months.parse(text)
        except ValueError as error:
            raise forms.ValidationError("Enter a month like 2026-03.") from error
        if not FIRST_YEAR <= month.year <= LAST_YEAR:
            raise forms.ValidationError(f"Enter a month of the years {FIRST_YEAR} to {LAST_YEAR}.")
        return month


class FamilyField(forms.ChoiceField):
    """One partner of the family by its public id; "" for all together."""

    def offer(self, partner: Partner, sub_partners: Sequence[Partner]) -> None:
        self.partners = {str(row.public_id): row for row in (partner, *sub_partners)}
        names = [(key, row.name) for key, row in self.partners.items()]
        self.choices = [("", f"{partner.name} and all indirect providers"), *names]


class FamilyForm(forms.Form):
    """A choice of one partner of the family, for those who have one."""

    of = FamilyField(
        label="Usage of", required=False, error_messages={"invalid_choice": "Choose one of your indirect providers."}
    )

    def __init__(self, data: Any, *, partner: Partner, sub_partners: Sequence[Partner]) -> None:
        super().__init__(data)
        self.whose: FamilyField = self.fields["of"]  # type: ignore[assignment]
        self.whose.offer(partner, sub_partners)
        if not sub_partners:
            del self.fields["of"]

    @property
    def chosen(self) -> Partner | None:
        return self.whose.partners[self.cleaned_data["of"]] if self.cleaned_data.get("of") else None

    @property
    def narrows(self) -> bool:
        """Is anything filtered, so that an empty list means "nothing found" and not "nothing there"?"""
        return any(value for name, value in self.data.items() if name in self.fields)


class InvoiceFilterForm(FamilyForm):
    """What the list shows."""

    month = MonthField(label="Month", required=False)
    status = forms.ChoiceField(label="Status", choices=STATUSES, required=False)

    def narrowed(self) -> InvoiceFilter:
        month: date | None = self.cleaned_data["month"]
        return InvoiceFilter(month, self.cleaned_data["status"], self.chosen)


class LineFilterForm(FamilyForm):
    """What an invoice's lines are narrowed to."""

    kind = forms.ChoiceField(label="Kind", choices=KINDS, required=False)
