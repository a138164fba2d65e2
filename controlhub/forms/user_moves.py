"""Forms of moving users to another location: one with everything chosen, many by a rule."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.db.models import QuerySet

from controlhub.forms.fields import offer, offer_rows
from controlhub.models import PhoneNumber, Subscriber
from controlhub.services.subscriber_moves import Rule, Rules

KEEP, NONE = "keep", "none"
NUMBER_RULES = [
    (Rule.KEEP, "Numbers move along. A user whose number cannot move is not moved."),
    (Rule.NEXT, "Numbers are released, and replaced by the next free ones of the new location."),
    (Rule.NONE, "Numbers are released. Users keep their extensions only."),
]
EXTENSION_RULES = [
    (Rule.KEEP, "Extensions stay. A user whose extension is taken there is not moved."),
    (Rule.NEXT, "Extensions stay. Where one is taken, the next free one is given."),
    (Rule.NONE, "Extensions are given up. Users keep their numbers only."),
]


def _locations() -> forms.ModelChoiceField:
    return forms.ModelChoiceField(
        None, to_field_name="public_id", empty_label="Choose a location", label="New location"
    )


class UserMoveForm(forms.Form):
    """Where to, with which number and extension. A number typed by hand goes before the one that is chosen."""

    location = _locations()
    number = forms.ChoiceField(required=False, label="Phone number")
    other_number = forms.CharField(
        required=False,
        max_length=40,
        label="Another number",
        help_text="Instead of the choice above, for example +12175550100. A number that is new is added to the location.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "tel"}),
    )
    extension = forms.CharField(
        required=False,
        max_length=6,
        help_text="2 to 6 digits, once per location. Left as it is, it stays; emptied, it is given up.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "numeric"}),
    )

    def __init__(
        self,
        *args: Any,
        subscriber: Subscriber,
        locations: QuerySet,
        free: Iterable[PhoneNumber],
        may_add: bool,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        held = getattr(subscriber, "number", None)
        kept = [(KEEP, f"Keep {held.e164}: it moves along")] if held else []
        offer_rows(self, "location", locations)
        offer(self, "number", [*kept, (NONE, "No number"), *((number.e164, number.e164) for number in free)])
        self.fields["number"].initial = KEEP if held else NONE
        self.fields["number"].error_messages["invalid_choice"] = "Choose one of the free numbers of the new location."
        self.fields["extension"].initial = subscriber.extension
        self.subscriber = subscriber
        if not may_add:
            del self.fields["other_number"]

    def wish(self) -> dict[str, Any]:
        """Keyword arguments for `move_subscriber`: None keeps, an empty text takes away."""
        values = self.cleaned_data
        chosen = {KEEP: None, NONE: ""}.get(values["number"], values["number"])
        extension = values["extension"]
        return {
            "target": values["location"],
            "number": values.get("other_number") or chosen,
            "extension": None if extension == self.subscriber.extension else extension,
        }


class UsersMoveForm(forms.Form):
    """Where several users go, and by which rules they get numbers and extensions."""

    location = _locations()
    numbers = forms.ChoiceField(
        choices=NUMBER_RULES, initial=Rule.KEEP, widget=forms.RadioSelect, label="Phone numbers"
    )
    extensions = forms.ChoiceField(choices=EXTENSION_RULES, initial=Rule.KEEP, widget=forms.RadioSelect)

    def __init__(self, *args: Any, locations: QuerySet, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer_rows(self, "location", locations)

    def wish(self) -> dict[str, Any]:
        """Keyword arguments for `move_subscribers`."""
        values = self.cleaned_data
        return {"target": values["location"], "rules": Rules(Rule(values["numbers"]), Rule(values["extensions"]))}
