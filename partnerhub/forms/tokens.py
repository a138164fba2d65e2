"""The form that makes an API token."""

from django import forms

from tenancy.tokens import LONGEST_DAYS, NAME_LENGTH, SCOPES


class TokenForm(forms.Form):
    """What a token is for, what it may do, and for how long."""

    name = forms.CharField(
        label="Name",
        max_length=NAME_LENGTH,
        help_text="Which system uses it, for example: order desk.",
        error_messages={"required": "Say which system uses it."},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    days = forms.IntegerField(
        label="Valid for (days)", min_value=1, max_value=LONGEST_DAYS, initial=90, help_text="At most a year."
    )
    scope = forms.MultipleChoiceField(
        label="Scopes",
        choices=[(scope, scope) for scope in SCOPES],
        widget=forms.CheckboxSelectMultiple,
        help_text="A token never does more than you may do yourself, whatever its scopes.",
        error_messages={"required": "Choose at least one scope."},
    )
