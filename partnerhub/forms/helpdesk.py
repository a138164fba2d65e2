"""What the help desk pages accept."""

from django import forms

from partnerhub.queries.helpdesk import LEAST_CHARACTERS


class SearchForm(forms.Form):
    """One box for everything."""

    q = forms.CharField(
        label="Search",
        required=False,
        max_length=120,
        min_length=LEAST_CHARACTERS,
        error_messages={"min_length": f"Type at least {LEAST_CHARACTERS} characters."},
    )


class CodeForm(forms.Form):
    """The code as the user reads it back."""

    code = forms.RegexField(
        r"^\s*[0-9]{6}\s*\Z",
        label="Code that the user reads back",
        error_messages={"required": "Enter the code.", "invalid": "A code has six digits."},
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off", "maxlength": 8}),
    )
