"""What the pages about webhooks accept."""

from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.db.models import QuerySet

from tenancy.egress import LONGEST_URL
from tenancy.models import Customer, Event, Resource, Webhook, WebhookDelivery
from tenancy.webhooks import NAME_LENGTH

printable = RegexValidator(r"^[^\x00-\x1f\x7f]*\Z", "Remove line breaks and other control characters.")
PLAIN = {"autocomplete": "off"}


class WebhookForm(forms.Form):
    """Where to send, and what it is called. Also for changing a webhook: what it hears of stays."""

    name = forms.CharField(
        label="Name",
        max_length=NAME_LENGTH,
        validators=[printable],
        help_text="Which system hears of it, for example: order desk.",
        error_messages={"required": "Say which system hears of it."},
        widget=forms.TextInput(attrs=PLAIN),
    )
    target_url = forms.CharField(
        label="Target URL",
        max_length=LONGEST_URL,
        help_text="An https address on the Internet. Events are posted to it as JSON.",
        error_messages={"required": "Enter the address that events are sent to."},
        widget=forms.URLInput(attrs=PLAIN | {"placeholder": "https://hooks.example.com/webex"}),
    )


class NewWebhookForm(WebhookForm):
    """A webhook to be. `customers` are those that its events may be narrowed to."""

    resource = forms.ChoiceField(label="About", choices=Resource.choices)
    event = forms.ChoiceField(label="Events", choices=Event.choices)
    customer = forms.CharField(
        label="Only one customer",
        required=False,
        max_length=64,
        validators=[printable],
        help_text="Its external ID. Leave empty to hear of all customers.",
        widget=forms.TextInput(attrs=PLAIN),
    )

    def __init__(self, *args: Any, customers: QuerySet[Customer], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._customers = customers

    def clean_customer(self) -> Customer | None:
        external_id = self.cleaned_data["customer"].strip()
        if not external_id:
            return None
        customer = self._customers.filter(external_id=external_id).first()
        if customer is None:
            raise forms.ValidationError("There is no customer with this external ID.")
        return customer


class SwitchForm(forms.Form):
    """On or off."""

    status = forms.ChoiceField(choices=Webhook.Status.choices)


EVENTS = [
    (f"{resource.value}.{event.value}", f"{resource.label}: {event.label.lower()}")
    for resource in Resource
    for event in Event
    if resource is not Resource.ALL and event is not Event.ALL and (resource, event) != (Resource.JOBS, Event.DELETED)
]


class DeliveryFilterForm(forms.Form):
    """What of the delivery log is shown."""

    state = forms.ChoiceField(
        label="State", required=False, choices=[("", "All states"), *WebhookDelivery.State.choices]
    )
    event = forms.ChoiceField(label="Event", required=False, choices=[("", "All events"), ("test", "Test"), *EVENTS])

    def asked(self) -> dict[str, str]:
        """The filters that are valid; others are ignored, as on every list."""
        self.is_valid()
        return {name: self.cleaned_data.get(name) or "" for name in self.fields}
