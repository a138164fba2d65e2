"""The form of a workspace."""

from collections.abc import Iterable
from typing import Any

from django import forms

from controlhub.forms.fields import offer, offer_rows
from controlhub.models import Workspace
from controlhub.queries.packages import PackageMeter

MOST_PEOPLE = 10_000


class WorkspaceForm(forms.Form):
    """Name, location, kind, capacity, and what makes it reachable. Fields in `locked` are shown disabled."""

    name = forms.CharField(max_length=80)
    location: forms.ModelChoiceField = forms.ModelChoiceField(
        None, to_field_name="public_id", empty_label="Choose a location"
    )
    kind = forms.ChoiceField(choices=Workspace.Kind.choices, label="Type")
    capacity = forms.IntegerField(
        required=False, min_value=1, max_value=MOST_PEOPLE, help_text="How many people fit in."
    )
    supported_devices = forms.ChoiceField(
        choices=Workspace.Supports.choices, help_text="A workspace has the one or the other, never both."
    )
    package = forms.ChoiceField(required=False)
    number = forms.CharField(
        required=False,
        max_length=30,
        label="Phone number",
        help_text="A number of the location's inventory that is free.",
    )
    extension = forms.CharField(
        required=False, max_length=6, help_text="2 to 6 digits. Calling needs a number, an extension, or both."
    )

    def __init__(
        self,
        *args: Any,
        locations: Any,
        meter: PackageMeter | None,
        locked: Iterable[str] = (),
        why_locked: str = "",
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        offer_rows(self, "location", locations)
        offer(self, "package", [("", "None"), ("common_area_calling", "Common Area Calling")])
        self.fields["package"].help_text = why_locked or _usage(meter)
        self.fields["extension"].widget.attrs |= {"inputmode": "numeric", "autocomplete": "off"}
        self.fields["number"].widget.attrs |= {"inputmode": "tel", "autocomplete": "off", "list": "free-numbers"}
        for name in locked:
            self.fields[name].disabled = True


def _usage(meter: PackageMeter | None) -> str:
    if meter is None:
        return "Common Area Calling is not enabled for this organization."
    used = f"{meter.used} of {meter.limit} used" if meter.limit is not None else f"{meter.used} used"
    return f"{used}. Billing follows the assignment to the second."
