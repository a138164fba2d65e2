"""The filter above the audit log. Dates are days of the viewer's time zone."""

from datetime import date, datetime, time, timedelta

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils import timezone

from tenancy.audit_log import CATEGORIES, Narrowing

# Beyond these, "the day after" or the change of time zone leaves the calendar.
DAYS = (MinValueValidator(date(2000, 1, 1)), MaxValueValidator(date(9000, 1, 1)))


class DayInput(forms.DateInput):
    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class AuditFilter(forms.Form):
    """Every field is optional; a wrong one gets its message and narrows nothing."""

    q = forms.CharField(label="Search the text", max_length=100, required=False)
    category = forms.ChoiceField(
        label="Category",
        required=False,
        choices=[("", "All categories"), *sorted(CATEGORIES.items(), key=lambda row: row[1])],
    )
    actor = forms.CharField(label="Actor", max_length=161, required=False)
    target = forms.CharField(label="Target", max_length=200, required=False)
    since = forms.DateField(label="From", required=False, widget=DayInput, validators=DAYS)
    until = forms.DateField(label="To", required=False, widget=DayInput, validators=DAYS)
    visitors = forms.BooleanField(label="Only who was in Control Hub", required=False)

    def clean(self) -> dict[str, object]:
        values = super().clean() or {}
        since, until = values.get("since"), values.get("until")
        if since and until and until < since:
            self.add_error("until", "This day is before the first one.")
            values.pop("until", None)
        return values

    def narrowing(self) -> Narrowing:
        """What the valid fields ask for."""
        self.is_valid()
        values = self.cleaned_data
        return Narrowing(
            category=values.get("category", ""),
            actor=values.get("actor", "").strip(),
            target=values.get("target", "").strip(),
            text=values.get("q", "").strip(),
            since=_midnight(values.get("since")),
            until=_midnight(values.get("until"), days=1),
            only_visitors=values.get("visitors", False),
        )


def _midnight(day: object, *, days: int = 0) -> datetime | None:
    if not day:
        return None
    return timezone.make_aware(datetime.combine(day + timedelta(days=days), time.min))  # type: ignore[operator, arg-type]
