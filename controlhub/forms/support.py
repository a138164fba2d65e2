"""What the support access page accepts."""

from django import forms
from django.core.validators import RegexValidator

from controlhub.services.support import LEAST_MINUTES, MOST_MINUTES, REASON_MAX

printable = RegexValidator(r"^[^\x00-\x1f\x7f]*\Z", "Remove line breaks and other control characters.")


class RightsForm(forms.Form):
    """A request for full rights."""

    reason = forms.CharField(
        label="Reason",
        max_length=REASON_MAX,
        validators=[printable],
        help_text="The customer's administrators read it, and it is kept in the audit log.",
        error_messages={"required": "Enter a reason."},
    )
    minutes = forms.IntegerField(
        label="Minutes",
        min_value=LEAST_MINUTES,
        max_value=MOST_MINUTES,
        initial=30,
        help_text=f"{LEAST_MINUTES} to {MOST_MINUTES}, from the moment it is approved.",
    )


class AccessForm(forms.Form):
    """The switch."""

    allowed = forms.TypedChoiceField(
        choices=[("1", "Allow"), ("0", "Forbid")], coerce=lambda value: value == "1", widget=forms.HiddenInput
    )


class DecisionForm(forms.Form):
    """The answer to a request."""

    answer = forms.ChoiceField(choices=[("approve", "Approve"), ("refuse", "Refuse"), ("end", "End")])
