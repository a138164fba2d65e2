"""The form of a location: address, time zone, language, PSTN connection."""

from collections.abc import Collection, Iterable
from typing import Any

from django import forms

from controlhub.forms.fields import offer
from controlhub.models import Location, PhoneNumber
from controlhub.pstn import CONNECTIONS
from tenancy.places import CCP_PROVIDERS, COUNTRIES, LOCALES, time_zones

PSTN = ("pstn", "pstn_provider")
# Hidden from customer admins while Restricted by Partner Mode is on (domain.md 8.3).
PARTNER_ONLY_PSTN = frozenset({Location.Pstn.LOCAL_GATEWAY, Location.Pstn.CISCO_PSTN})
LOCATION_LANGUAGES = [(code.lower(), name) for code, name in LOCALES]


class LocationForm(forms.Form):
    """Everything about a location; the service checks addresses by the country's rules.

    Fields in `locked` are shown disabled and ignore what is posted; fields in `hidden` are absent.
    """

    name = forms.CharField(max_length=80, label="Location name")
    address_line1 = forms.CharField(max_length=50, label="Street address")
    address_line2 = forms.CharField(max_length=50, required=False, label="Suite, floor")
    city = forms.CharField(max_length=50)
    state = forms.CharField(max_length=50, required=False, label="State or province")
    postal_code = forms.CharField(max_length=20, required=False)
    country = forms.ChoiceField(choices=COUNTRIES, label="Country or region")
    time_zone = forms.ChoiceField()
    language = forms.ChoiceField(choices=LOCATION_LANGUAGES, help_text="Of the app and its pages.")
    announcement_language = forms.ChoiceField(
        required=False, choices=[("", "As preferred"), *LOCATION_LANGUAGES], help_text="Of voice announcements."
    )
    emergency_location_identifier = forms.CharField(
        max_length=80, required=False, help_text="Sent along with emergency calls so that help finds the place."
    )
    calling = forms.BooleanField(
        required=False,
        initial=True,
        label="Set up calling",
        help_text="Numbers, extensions and call queues need it. It can be set up later, and is never taken away.",
    )
    pstn = forms.ChoiceField(required=False, label="PSTN connection", choices=Location.Pstn.choices)
    pstn_provider = forms.ChoiceField(required=False, label="Cloud connected provider")

    def __init__(
        self,
        *args: Any,
        locked: Iterable[str] = (),
        hidden: Iterable[str] = (),
        hidden_pstn: Collection[str] = (),
        why_locked: str = "",
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        shown = [
            choice for choice in Location.Pstn.choices if choice[0] not in set(hidden_pstn) - {self.initial.get("pstn")}
        ]
        offer(self, "pstn", shown)
        offer(self, "time_zone", [(name, name.replace("_", " ")) for name in time_zones()])
        offer(self, "pstn_provider", [("", "None"), *((name, name) for name in CCP_PROVIDERS)])
        for name in set(hidden):
            del self.fields[name]
        for name in locked:
            if name in self.fields:
                self.fields[name].disabled = True
                self.fields[name].help_text = why_locked

    def changed_values(self) -> dict[str, Any]:
        """What was entered, without what this actor may not change."""
        return {name: value for name, value in self.cleaned_data.items() if not self.fields[name].disabled}


class _ConnectionSelect(forms.RadioSelect):
    """Each connection with what it means."""

    def create_option(self, name: str, value: Any, label: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        return super().create_option(name, value, label, *args, **kwargs) | {
            "note": CONNECTIONS[str(value)].explanation
        }


class PstnForm(forms.Form):
    """The connection, its provider if it is in the cloud, its route if it is a Local Gateway; the service checks."""

    pstn = forms.ChoiceField(
        required=False, label="PSTN connection", choices=Location.Pstn.choices, widget=_ConnectionSelect
    )
    pstn_provider = forms.ChoiceField(
        required=False, label="Provider", help_text="Of a cloud connection. Only providers that serve the country."
    )
    pstn_route_type = forms.ChoiceField(required=False, choices=Location.RouteType.choices, label="Kind of route")
    pstn_route = forms.CharField(
        required=False, max_length=80, label="Trunk or route group", help_text="Of a Local Gateway, by its name."
    )

    def __init__(self, *args: Any, country: str, hidden: Collection[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        served = [name for name, countries in CCP_PROVIDERS.items() if country in countries]
        offer(self, "pstn_provider", [("", "None"), *((name, name) for name in served)])
        kept = set(hidden) - {self.initial.get("pstn")}
        offer(self, "pstn", [choice for choice in Location.Pstn.choices if choice[0] not in kept])


class RecordingForm(forms.Form):
    """Who records the calls of one location."""

    call_recording = forms.ChoiceField(
        required=False, label="Call recording", choices=Location.CallRecording.choices, widget=forms.RadioSelect
    )


class CallingSetupForm(forms.Form):
    """What calling needs of a location that has none yet."""

    announcement_language = forms.ChoiceField(choices=LOCATION_LANGUAGES, help_text="Of voice announcements.")


class CallingNumbersForm(forms.Form):
    """Main number and emergency call-back number, out of the location's active numbers of nobody or of a call queue."""

    main_number = forms.ChoiceField(
        required=False, help_text="What callers see, and what is dialled to reach the location."
    )
    emergency_callback_number = forms.ChoiceField(
        required=False, help_text="What an emergency service calls back when the caller has no number of his own."
    )

    def __init__(self, *args: Any, numbers: Iterable[PhoneNumber], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._numbers = {number.e164: number for number in numbers}
        for name in self.fields:
            offer(self, name, [("", "None"), *((e164, _label(number)) for e164, number in self._numbers.items())])

    def number(self, field: str) -> PhoneNumber | None:
        """The number chosen in `field`."""
        return self._numbers.get(self.cleaned_data[field])


class CallingLineForm(forms.Form):
    """What a group call shows, and what is dialled first for an outside line."""

    name = forms.CharField(
        required=False, max_length=80, label="Calling line name", help_text="Empty: the name of the organization."
    )
    outside_digit = forms.CharField(
        required=False,
        max_length=4,
        label="Outside dial digit",
        help_text="One to four digits, dialled before a number.",
    )
    enforce_outside_digit = forms.BooleanField(
        required=False,
        label="Calls to outside need the digit",
        help_text="Without it, numbers can be dialled either way.",
    )


def _label(number: PhoneNumber) -> str:
    return f"{number} (call queue {number.queue})" if number.queue else str(number)
