"""Forms of the number inventory."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django import forms

from controlhub.forms.fields import offer, offer_rows
from controlhub.models import Location, PhoneNumber
from controlhub.queries.numbers import ASSIGNED, FREE, PEOPLE, PLACE, QUEUE


class NumberFilter(forms.Form):
    """Search and filters of the numbers list. A value that is not on offer counts as no filter."""

    q = forms.CharField(required=False, max_length=100, label="Search by number or owner")
    state = forms.ChoiceField(required=False, choices=[("", "All states"), *PhoneNumber.State.choices])
    owner = forms.ChoiceField(
        required=False,
        choices=[
            ("", "Assigned or not"),
            (ASSIGNED, "Assigned"),
            (PEOPLE, "To users"),
            (PLACE, "To workspaces"),
            (QUEUE, "To call queues"),
            (FREE, "Not assigned"),
        ],
    )
    kind = forms.ChoiceField(required=False, choices=[("", "All types"), *PhoneNumber.Kind.choices])
    location = forms.ChoiceField(required=False)

    def __init__(self, *args: Any, locations: Iterable[Location], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "location", [("", "All locations"), *((str(o.public_id), o.name) for o in locations)])

    def narrowed(self) -> dict[str, Any]:
        """Keyword arguments for `numbers_of`."""
        self.is_valid()
        values = self.cleaned_data
        location = values.get("location")
        return {
            "search": values.get("q", ""),
            "state": values.get("state", ""),
            "kind": values.get("kind", ""),
            "owner": values.get("owner", ""),
            "location": UUID(location) if location else None,
        }

    @property
    def narrows(self) -> bool:
        """Is anything filtered?"""
        return any(self.narrowed().values())


class SearchForm(forms.Form):
    """One search box."""

    q = forms.CharField(required=False, max_length=100)

    def words(self) -> str:
        """What is searched for; empty for anything that is no search."""
        self.is_valid()
        return self.cleaned_data.get("q", "")


class NumbersForm(forms.Form):
    """Numbers to add to a location: pasted, one or many, ranges too."""

    location: forms.ModelChoiceField = forms.ModelChoiceField(
        None, to_field_name="public_id", empty_label="Choose a location"
    )
    numbers = forms.CharField(
        label="Phone numbers",
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false", "autocomplete": "off"}),
        help_text="One per line, or separated by commas. A range is written +12175550100-0109. "
        "Numbers without a country code are read as numbers of the location's country.",
    )

    kind = forms.ChoiceField(
        required=False,
        label="Type",
        choices=[("", "By the number itself"), *PhoneNumber.Kind.choices],
        help_text="Mobile numbers: at most 20 at a time; they become active when they are assigned.",
    )
    active = forms.BooleanField(required=False, initial=True, label="Active at once")

    def __init__(self, *args: Any, locations: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer_rows(self, "location", locations)
