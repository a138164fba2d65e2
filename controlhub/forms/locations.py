"""The form of a location: address by the country's rules, time zone, language, PSTN connection."""

from collections.abc import Iterable
from typing import Any

from django import forms

from controlhub.models import Location
from tenancy.places import CCP_PROVIDERS, COUNTRIES, LOCALES, clean_address, time_zones

ADDRESS = ("address_line1", "address_line2", "city", "state", "postal_code", "country")
WITH_PROVIDER = (Location.Pstn.NON_INTEGRATED_CCP, Location.Pstn.INTEGRATED_CCP)
LOCATION_LANGUAGES = [(code.lower(), name) for code, name in LOCALES]


class LocationForm(forms.Form):
    """Everything about a location. Fields in `locked` are shown disabled and ignore what is posted; `hidden` are absent."""

    name = forms.CharField(max_length=80, label="Location name")
    address_line1 = forms.CharField(max_length=50, label="Street address")
    address_line2 = forms.CharField(max_length=50, required=False, label="Suite, floor")
    city = forms.CharField(max_length=50)
    state = forms.CharField(max_length=50, required=False, label="State or province")
    postal_code = forms.CharField(max_length=20, required=False)
    country = forms.ChoiceField(choices=COUNTRIES, label="Country or region")
    time_zone = forms.ChoiceField()
    language = forms.ChoiceField(choices=LOCATION_LANGUAGES, help_text="Of e-mails and voice announcements.")
    emergency_location_identifier = forms.CharField(
        max_length=80, required=False, help_text="Sent along with emergency calls so that help finds the place."
    )
    pstn = forms.ChoiceField(required=False, label="PSTN connection", choices=Location.Pstn.choices)
    pstn_provider = forms.ChoiceField(required=False, label="Cloud connected provider")

    def __init__(
        self, *args: Any, locked: Iterable[str] = (), hidden: Iterable[str] = (), why_locked: str = "", **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["time_zone"].choices = [(name, name.replace("_", " ")) for name in time_zones()]
        self.fields["pstn_provider"].choices = [("", "None"), *((name, name) for name in CCP_PROVIDERS)]
        for name in hidden:
            del self.fields[name]
        for name in locked:
            if name in self.fields:
                self.fields[name].disabled = True
                self.fields[name].help_text = why_locked

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        for name, message in clean_address({key: values.get(key, "") for key in ADDRESS}).items():
            if name in self.fields and name not in self.errors:
                self.add_error(name, message)
        if "pstn_provider" in self.fields and not self.fields["pstn_provider"].disabled:
            self._check_provider(values)
        return values

    def _check_provider(self, values: dict[str, Any]) -> None:
        provider, country = values.get("pstn_provider", ""), values.get("country", "")
        if values.get("pstn") not in WITH_PROVIDER:
            values["pstn_provider"] = ""
        elif not provider:
            self.add_error("pstn_provider", "Choose the provider of this connection.")
        elif country and country not in CCP_PROVIDERS[provider]:
            self.add_error("pstn_provider", f"{provider} does not serve this location's country.")
