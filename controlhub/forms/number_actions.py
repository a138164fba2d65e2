"""Forms of what is done to numbers of the inventory, one or many."""

from collections.abc import Iterable
from typing import Any

from django import forms

from controlhub.forms.fields import offer_rows
from controlhub.services.number_lists import parse_numbers

MOST_TYPED = 20_000


class ChosenNumbersForm(forms.Form):
    """Numbers of the inventory, ticked in the list or pasted: lines, commas, ranges. `cleaned_data["numbers"]`: E.164."""

    numbers = forms.CharField(
        label="Phone numbers",
        max_length=MOST_TYPED,
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false", "autocomplete": "off"}),
        help_text="One per line, or separated by commas. A range is written +12175550100-0109.",
    )

    def __init__(self, *args: Any, country: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.country = country

    def chosen(self) -> list[str]:
        """The numbers in E.164. Raises NumberErrors."""
        return parse_numbers(self.cleaned_data["numbers"], country=self.country)


class MoveNumbersForm(ChosenNumbersForm):
    """Chosen numbers, and where they go."""

    location: forms.ModelChoiceField = forms.ModelChoiceField(
        None, to_field_name="public_id", empty_label="Choose a location", label="New location"
    )

    def __init__(self, *args: Any, locations: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer_rows(self, "location", locations)


class AssignNumberForm(forms.Form):
    """Who gets the number: a user by email address, a workspace, or a call queue. One of them."""

    email = forms.EmailField(
        required=False,
        max_length=161,
        label="User's email address",
        help_text="A user of the number's location who calls.",
    )
    workspace: forms.ModelChoiceField = forms.ModelChoiceField(
        None, required=False, to_field_name="public_id", empty_label="No workspace"
    )

    queue: forms.ModelChoiceField = forms.ModelChoiceField(
        None, required=False, to_field_name="public_id", empty_label="No call queue", label="Call queue"
    )

    def __init__(self, *args: Any, workspaces: Any, queues: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer_rows(self, "workspace", workspaces)
        offer_rows(self, "queue", queues)

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if not self.errors and sum(bool(value) for value in values.values()) != 1:
            self.add_error("email", "Enter a user's email address, or choose a workspace or a call queue: one of them.")
        return values


def ticked(numbers: Iterable[str]) -> str:
    """Numbers ticked in the list, as the text of the form; more than fits is cut off and then refused by the form."""
    return "\n".join(numbers)[: MOST_TYPED + 1]
