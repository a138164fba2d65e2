"""Search in the list of indirect providers."""

from django import forms


class IndirectProviderFilterForm(forms.Form):
    """Anything it does not know is left out rather than refused."""

    q = forms.CharField(required=False, max_length=120)
