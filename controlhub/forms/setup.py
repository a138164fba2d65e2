"""The page "Locations" of "Set up customer": confirm what exists, add branches (domain.md 3.1)."""

from collections.abc import Iterator
from typing import Any, cast

from django import forms
from django.http import QueryDict

from controlhub.forms.grid import Grid, Problem
from controlhub.forms.locations import PSTN, LocationForm
from controlhub.models import Location
from controlhub.queries.setup import locations_of
from controlhub.services.locations import LocationFacts, problems_with_location
from tenancy.models import Customer
from tenancy.wizards import WizardContext

CONFIRM = "This address is right: help finds the place in an emergency"


class BranchRow(LocationForm):
    """A new location. Which address is right is the service's business."""

    def __init__(self, *args: Any, like: dict[str, str], **kwargs: Any) -> None:
        super().__init__(*args, hidden=(*PSTN, "calling", "emergency_location_identifier"), **kwargs)
        self.initial.update(like)
        for field in self.fields.values():
            field.required = False
        for name in ("name", "address_line1", "address_line2", "city", "state", "postal_code"):
            self.fields[name].widget.attrs["autocomplete"] = "off"
        self.fields["language"].help_text = ""

    def facts(self) -> LocationFacts:
        """The row as the service wants it."""
        values: dict[str, Any] = {name: self.cleaned_data.get(name) or "" for name in self.fields}
        return LocationFacts(**values)


class ConfirmForm(forms.Form):
    """A box per location whose address nobody has confirmed yet."""

    def __init__(self, data: QueryDict | None, *, locations: list[Location]) -> None:
        super().__init__(data, use_required_attribute=False)
        for location in locations:
            self.fields[f"confirm-{location.public_id}"] = forms.BooleanField(
                label=CONFIRM,
                error_messages={"required": f"Confirm the address of {location.name}, or correct it first."},
            )


class LocationsPage(Grid):
    """`cleaned_data`: `confirm` (existing locations whose box was ticked) and `add` (LocationFacts of new ones)."""

    row_class = BranchRow
    prefix = "branch"
    telling = ("name", "address_line1", "address_line2", "city", "postal_code")
    row_name = "New location"
    most = 10
    rows_at_first = 0

    def __init__(self, data: QueryDict | None, *, context: WizardContext) -> None:
        self.customer = cast(Customer, context.customer)
        self.existing = locations_of(self.customer)
        self.unconfirmed = [location for location in self.existing if location.confirmed_at is None]
        self.confirm_form = ConfirmForm(data, locations=self.unconfirmed)
        super().__init__(data)

    def row_kwargs(self) -> dict[str, Any]:
        like = self.existing[0] if self.existing else self.customer
        language = like.language.lower()
        values = {"country": like.country, "time_zone": like.time_zone, "language": language}
        return super().row_kwargs() | {"like": values}

    def sites(self) -> list[tuple[Location, Any]]:
        """Existing locations, each with its box (None when it is confirmed already)."""
        boxes = {name: self.confirm_form[name] for name in self.confirm_form.fields}
        return [(site, boxes.get(f"confirm-{site.public_id}")) for site in self.existing]

    def is_valid(self) -> bool:
        return super().is_valid() and self.confirm_form.is_valid()

    def clean(self) -> None:
        if len(self.filled) > self.most:
            self.add_error(None, f"Add at most {self.most} locations at a time.")
        taken = {location.name.lower() for location in self.existing}
        added = []
        for row in cast(list[BranchRow], self.filled):
            facts = row.facts()
            name = facts.tidy()["name"].lower()
            if name in taken:
                row.add_error("name", f"There is a location called {facts.name} already.")
            taken.add(name)
            for field, message in problems_with_location(facts).items():
                if field not in row.errors:
                    row.add_error(field, message)
            added.append(facts)
        self.cleaned_data = {"confirm": self.unconfirmed, "add": added}

    def quiet(self) -> None:
        super().quiet()
        self.confirm_form.errors.clear()

    def problems(self) -> Iterator[Problem]:
        yield from super().problems()
        for name, errors in self.confirm_form.errors.items():
            for error in errors:
                yield Problem(self.confirm_form[name].id_for_label, str(error))
