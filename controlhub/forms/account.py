"""The form of the account page."""

from typing import Any

from django import forms


class CompanyNameForm(forms.Form):
    """The organisation's name. `%` breaks Webex' own mails (domain.md 2.3)."""

    name = forms.CharField(max_length=120, label="Company name")

    def __init__(self, *args: Any, locked: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].disabled = locked

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if "%" in name:
            raise forms.ValidationError("A company name may not contain %.")
        return name
