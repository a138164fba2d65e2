"""Forms of the organisation's settings, one per section. `locked`: shown, disabled, and what is posted is ignored."""

from typing import Any

from django import forms

from controlhub.models import OrganizationSettings
from tenancy.places import LOCALES


class SettingsForm(forms.Form):
    """A section that its viewer may only read when `locked`."""

    def __init__(self, *args: Any, locked: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.disabled = locked


class DomainForm(SettingsForm):
    name = forms.CharField(max_length=253, label="Domain", help_text="For example example.com.")


class EmailSettingsForm(SettingsForm):
    suppress_admin_invite_email = forms.BooleanField(
        required=False,
        label="Suppress admin invite emails",
        help_text="New administrators are then told by you, not by mail.",
    )
    email_locale = forms.ChoiceField(
        required=False, label="Email locale", choices=[("", "The organization's language"), *LOCALES]
    )


class AuthenticationForm(SettingsForm):
    authentication = forms.ChoiceField(
        label="Authentication", choices=OrganizationSettings.Authentication.choices, widget=forms.RadioSelect
    )
    idp_entity_id = forms.CharField(
        required=False,
        max_length=200,
        label="IDP entity ID or IdP name",
        help_text="Entity ID of the SAML metadata, or the name under which the OpenID Connect provider is registered.",
    )


class AssistantForm(SettingsForm):
    on = forms.BooleanField(required=False, label="Webex Assistant")


class CallPriorityForm(SettingsForm):
    call_priority = forms.ChoiceField(
        label="App options call priority",
        choices=OrganizationSettings.CallPriority.choices,
        help_text="Which way to call the app offers first.",
    )


class CallingBehaviorForm(SettingsForm):
    calling_behavior = forms.ChoiceField(
        label="Calling behavior",
        choices=OrganizationSettings.CallingBehavior.choices,
        help_text="What opens when a user makes a call.",
    )


class CallRecordingForm(SettingsForm):
    call_recording = forms.ChoiceField(
        required=False,
        label="Call recording provider",
        choices=OrganizationSettings.CallRecording.choices,
        help_text="Who keeps recordings of calls.",
    )
