"""The order form of Setup Assist (domain.md 11): only what the portal does not know already."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from django import forms
from django.core.validators import RegexValidator

from controlhub.models import SetupAssistOrder
from partnerhub.queries.setup_assist import Site
from partnerhub.services.setup_assist import SetupRequest

PHONE = RegexValidator(r"^\+?[0-9][0-9 ()./-]{4,28}$", "Enter a phone number such as +1 217 555 0100.")


class SiteSelect(forms.RadioSelect):
    """Radio cards that say what each location would get, or why it cannot be chosen."""

    sites: Sequence[Site] = ()

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option = super().create_option(name, value, *args, **kwargs)
        site = next(site for site in self.sites if str(site.location.public_id) == str(value))
        if site.why_not:
            option["attrs"]["disabled"] = True
        return option | {"note": site.note}


class SetupAssistForm(forms.Form):
    """Starred fields are mandatory. Whether the day is possible is the service's decision; the picker only helps."""

    location = forms.ChoiceField(label="Location", widget=SiteSelect, error_messages={"required": "Choose a location."})
    go_live_on = forms.DateField(
        label="Go live",
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
        error_messages={"required": "Choose the day on which the location goes live."},
    )
    contact_name = forms.CharField(
        label="Contact at the customer",
        max_length=120,
        help_text="Whom the team talks to about the location.",
        error_messages={"required": "Name somebody whom the team can talk to."},
    )
    contact_email = forms.EmailField(
        label="Contact's email", max_length=161, error_messages={"required": "Enter the contact's email."}
    )
    contact_phone = forms.CharField(
        label="Contact's phone",
        max_length=30,
        validators=[PHONE],
        widget=forms.TextInput({"type": "tel"}),
        error_messages={"required": "Enter the contact's phone number."},
    )
    porting = forms.BooleanField(label="Numbers are ported from another carrier", required=False)
    devices = forms.CharField(
        label="Devices", max_length=300, required=False, help_text="For example: 12 desk phones, 2 meeting rooms."
    )
    notes = forms.CharField(
        label="Notes for the team", max_length=2000, required=False, widget=forms.Textarea({"rows": 4})
    )
    copy_to_me = forms.BooleanField(label="Send me a copy of my responses", required=False)

    def __init__(self, *args: Any, sites: Sequence[Site], earliest: date | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.sites = {str(site.location.public_id): site for site in sites}
        location: forms.ChoiceField = self.fields["location"]  # type: ignore[assignment]
        location.widget.sites = sites
        location.choices = [(key, site.location.name) for key, site in self.sites.items()]
        if earliest:
            self.fields["go_live_on"].widget.attrs["min"] = f"{earliest:%F}"
            self.fields[
                "go_live_on"
            ].help_text = f"{earliest:%-d %B %Y} at the earliest: the team needs six business days."

    @property
    def possible(self) -> bool:
        """Can it be ordered for any location?"""
        return any(not site.why_not for site in self.sites.values())

    def request(self) -> SetupRequest:
        """What the service takes, once the form is valid."""
        data = self.cleaned_data
        return SetupRequest(**{**data, "location": self.sites[data["location"]].location})


class SetupAssistFilter(forms.Form):
    """The filter of the list, from the URL."""

    status = forms.ChoiceField(
        label="Status", choices=[("", "All statuses"), *SetupAssistOrder.Status.choices], required=False
    )
