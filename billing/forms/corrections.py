"""Input of a usage correction: when something truly was, in UTC, because that is what billing days are."""

from datetime import UTC, datetime
from typing import Any

from django import forms
from django.utils import timezone

from billing.queries.corrections import Span
from controlhub.models import PackageAssignment


class UtcInput(forms.DateTimeInput):
    """The browser's own picker of date and time, to the second."""

    input_type = "datetime-local"

    def __init__(self) -> None:
        super().__init__({"step": "1"}, format="%Y-%m-%dT%H:%M:%S")


class UtcField(forms.DateTimeField):
    """An instant typed and shown in UTC, whatever the viewer's time zone."""

    widget = UtcInput

    def to_python(self, value: Any) -> datetime | None:
        with timezone.override(UTC):
            return super().to_python(value)

    def prepare_value(self, value: Any) -> Any:
        with timezone.override(UTC):
            return super().prepare_value(value)


class CorrectionForm(forms.Form):
    """When the package truly was there, and why that is known only now."""

    started_at = UtcField(label="Started (UTC)")
    ended_at = UtcField(label="Ended (UTC)", help_text="The first second that no longer counts.")
    never = forms.BooleanField(
        label="It never was", required=False, help_text="Assigned by mistake: none of it counts."
    )
    reason = forms.CharField(
        max_length=300,
        widget=forms.Textarea({"rows": 3}),
        help_text="Shown with the adjustment, and in the audit log.",
    )

    def __init__(self, data: Any = None, *, assignment: PackageAssignment, known: Span) -> None:
        super().__init__(data, initial={"started_at": known.start, "ended_at": known.end, "never": known.is_never})
        self.assignment = assignment
        if assignment.ended_at is None:
            # What still runs is ended in Control Hub: billing has no end of it to correct.
            del self.fields["ended_at"], self.fields["never"]

    def truth(self) -> Span:
        """What the form says. Call it when it is valid."""
        start = self.cleaned_data["started_at"]
        if self.cleaned_data.get("never"):
            return Span(self.assignment.started_at, self.assignment.started_at)
        return Span(start, self.cleaned_data.get("ended_at"))
