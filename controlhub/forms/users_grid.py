"""The pages "Users" and "Numbers": up to 25 people at once, every cell with its own error (domain.md 3.1, 3.2)."""

import hashlib
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from django import forms
from django.http import QueryDict

from controlhub.forms.fields import offer
from controlhub.forms.grid import Grid, Problem
from controlhub.models import Location
from controlhub.queries.setup import PackageOffer, free_numbers, locations_of, package_offers
from controlhub.services.directory import automatic_package, with_automatic_package
from controlhub.services.extensions import extensions_in_use, free_extensions
from controlhub.services.locations import LocationFacts
from controlhub.services.new_subscribers import LABELS, MOST_USERS, NAME_LENGTH, NewSubscriber, problems_with, tidy
from tenancy.access import level
from tenancy.models import Customer
from tenancy.policy import Control, Level
from tenancy.wizards import WizardContext


def _text(label: str, **attrs: str | int) -> forms.CharField:
    widget = forms.TextInput(attrs={"autocomplete": "off", **attrs})
    return forms.CharField(required=False, label=label, widget=widget)


class SelectWidget(forms.Select):
    """A drop-down in which a package that cannot be chosen is shown, but disabled.

    Its name makes Django's `widget_type` "select", which is how <c-field> knows a drop-down.
    """

    refused: frozenset[str] = frozenset()

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option = super().create_option(name, value, *args, **kwargs)
        if str(value) in self.refused:
            option["attrs"]["disabled"] = True
        return option


class UserRow(forms.Form):
    """One person. The rules are the service's; here fields only exist."""

    first_name = _text("First name", maxlength=NAME_LENGTH)
    last_name = _text("Last name", maxlength=NAME_LENGTH)
    email = forms.CharField(
        required=False, label="Email", widget=forms.EmailInput(attrs={"autocomplete": "off", "maxlength": 161})
    )
    package = forms.ChoiceField(required=False, label="Package", widget=SelectWidget)
    location = forms.ChoiceField(required=False, label="Location")

    def __init__(
        self, *args: Any, offers: list[PackageOffer], places: Mapping[str, Location], automatic: str, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        cast(SelectWidget, self.fields["package"].widget).refused = frozenset(
            o.package.code for o in offers if o.reason
        )
        offer(self, "package", [("", "Choose"), *((o.package.code, o.label) for o in offers)])
        offer(self, "location", [("", "None"), *((key, place.name) for key, place in places.items())])
        choosable = [o.package.code for o in offers if not o.reason]
        only = choosable[0] if len(choosable) == 1 else ""
        first = {"package": automatic if automatic in choosable else only, "location": next(iter(places), "")}
        self.initial = {**first, **self.initial}

    def typed(self, places: Mapping[str, Location]) -> NewSubscriber:
        """The row as the service wants it."""
        values = self.cleaned_data
        return NewSubscriber(
            first_name=values.get("first_name", ""),
            last_name=values.get("last_name", ""),
            email=values.get("email", ""),
            package=values.get("package", ""),
            location=places.get(values.get("location", "")),
        )


def places_of(context: WizardContext) -> dict[str, Location]:
    """Locations on offer by the value of their option: those of the customer, and those typed on the page before.

    The latter are rows that do not exist yet: never saved from here, named to the service by their name.
    """
    customer = cast(Customer, context.customer)
    places = {str(location.public_id): location for location in locations_of(customer)}
    for number, facts in enumerate(context.answers.get("locations", {}).get("add", [])):
        places[f"new-{number}"] = _planned(customer, facts)
    return places


def _planned(customer: Customer, facts: LocationFacts) -> Location:
    return Location(customer=customer, **facts.tidy())


def _kept(data: QueryDict | None) -> dict[str, str]:
    """Package and location of the run before ("Add more users"): the start of every blank row."""
    typed = data if data is not None else QueryDict()
    kept = {name: str(typed.get(f"kept-{name}", "")) for name in ("package", "location")}
    return {name: value for name, value in kept.items() if value}


class UsersGrid(Grid):
    """Who is to be created. `cleaned_data["users"]` is a list of NewSubscriber, without numbers yet."""

    row_class = UserRow
    prefix = "users"
    telling = ("first_name", "last_name", "email")
    most = MOST_USERS

    def __init__(self, data: QueryDict | None, *, context: WizardContext) -> None:
        self.context = context
        self.customer = cast(Customer, context.customer)
        self.places = places_of(context)
        self.offers = package_offers(self.customer)
        self.automatic = automatic_package(self.customer)
        self.kept = _kept(data)
        super().__init__(data)

    def row_kwargs(self) -> dict[str, Any]:
        row = {"offers": self.offers, "places": self.places, "automatic": self.automatic, "initial": dict(self.kept)}
        return super().row_kwargs() | row

    def clean(self) -> None:
        if not self.filled:
            self.add_error(None, "Add at least one user.")
        if len(self.filled) > self.most:
            self.add_error(None, f"Add at most {self.most} users at a time. There are {len(self.filled)} rows.")
        typed = [tidy(cast(UserRow, row).typed(self.places), locations={}) for row in self.filled]
        users = with_automatic_package(self.customer, typed)
        for error in problems_with(customer=self.customer, users=users, by=self.context.actor, calling_data=False):
            row = self.filled[error.row]
            if error.field not in row.errors:
                row.add_error(error.field, error.message)
        self.cleaned_data = {"users": users}


class NumberRow(forms.Form):
    """Number and extension of one calling user."""

    number = _text("Phone number", inputmode="tel", maxlength=30)
    extension = _text("Extension", inputmode="numeric", maxlength=6)

    def __init__(self, *args: Any, user: NewSubscriber, numbers_id: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        if numbers_id:
            self.fields["number"].widget.attrs["list"] = numbers_id


class NumbersForm:
    """Numbers for the calling users of the page before. `cleaned_data["users"]`: all users, now with numbers.

    Rows are named after the person's e-mail, so that a row dropped on the page before cannot shift the others' numbers.
    Fields are suggestions until the page is stored: the next free extension of each location.
    """

    def __init__(self, data: QueryDict | None, *, context: WizardContext) -> None:
        self.context = context
        self.customer = cast(Customer, context.customer)
        self.users: list[NewSubscriber] = context.answers.get("users", {}).get("users", [])
        self.is_bound = data is not None
        self.problems_of_page: list[str] = []
        self.cleaned_data: dict[str, Any] = {}
        self.may_add = level(context.actor, Control.NUMBERS_MANAGE, customer=self.customer) is Level.EDIT
        self._free = free_numbers(self.customer)
        self._values = self._starting_values(data)
        self.rows = {index: self._row(index, data) for index, user in enumerate(self.users) if user.calling}
        self._checked = False

    @property
    def suggestions(self) -> dict[str, list[str]]:
        """Free numbers by the id of their list, one list per location."""
        return {f"free-{location}": numbers for location, numbers in self._free.items()}

    def _row(self, index: int, data: QueryDict | None) -> NumberRow:
        user = self.users[index]
        numbers_id = (
            f"free-{user.location.pk}" if isinstance(user.location, Location) and user.location.pk in self._free else ""
        )
        prefix = _prefix(user)
        typed = {f"{prefix}-{name}": value for name, value in self._values[index].items()}
        known = data is not None and f"{prefix}-extension" in data
        bound = {"data": typed} if known else {"initial": self._values[index]}
        return NumberRow(prefix=prefix, user=user, numbers_id=numbers_id, **bound)

    def _starting_values(self, data: QueryDict | None) -> dict[int, dict[str, str]]:
        """What was typed, else suggestions. `fill` in the data: free numbers for whoever has none yet."""
        values: dict[int, dict[str, str]] = {}
        typed = data if data is not None else QueryDict()
        for index, user in enumerate(self.users):
            values[index] = {name: typed.get(f"{_prefix(user)}-{name}", "") for name in ("number", "extension")}
        self._suggest_extensions(values, typed)
        if "fill" in typed:
            self._suggest_numbers(values)
        return values

    def _suggest_extensions(self, values: dict[int, dict[str, str]], typed: QueryDict) -> None:
        in_use = extensions_in_use([u.location for u in self.users if isinstance(u.location, Location)])
        taken: dict[str, set[str]] = defaultdict(set)
        for index, user in enumerate(self.users):
            taken[str(user.location)].add(values[index]["extension"])
        for index, user in enumerate(self.users):
            if not user.calling or f"{_prefix(user)}-extension" in typed or not isinstance(user.location, Location):
                continue
            used = taken[str(user.location)] | {ext for place, ext in in_use if place == user.location.pk}
            found = free_extensions(taken=used, country=user.location.country, count=1)
            values[index]["extension"] = found[0] if found else ""
            taken[str(user.location)].update(found)

    def _suggest_numbers(self, values: dict[int, dict[str, str]]) -> None:
        typed = {value["number"] for value in values.values()}
        left = {place: [n for n in numbers if n not in typed] for place, numbers in self._free.items()}
        for index, user in enumerate(self.users):
            pool = left.get(user.location.pk, []) if isinstance(user.location, Location) and user.location.pk else []
            if user.calling and not values[index]["number"] and pool:
                values[index]["number"] = pool.pop(0)

    def is_valid(self) -> bool:
        """Are all rows right? Rows that were never shown make the page open again, without an error."""
        if not self.is_bound:
            return False
        if not self._checked:
            self._checked = True
            self._check()
        return not self.problems_of_page and all(row.is_bound and not row.errors for row in self.rows.values())

    def _check(self) -> None:
        users = [
            tidy(replace(user, **(self._values[index] if user.calling else {})), locations={})
            for index, user in enumerate(self.users)
        ]
        for error in problems_with(customer=self.customer, users=users, by=self.context.actor):
            row = self.rows.get(error.row)
            if row is None or error.field not in row.fields:
                continue  # the page before says so
            if row.is_bound:
                row.add_error(error.field, error.message)
        self.cleaned_data = {"users": users}

    def add_error(self, field: str | None, error: Any) -> None:
        """An error of the page as a whole."""
        self.problems_of_page.append(str(error))

    def quiet(self) -> None:
        """Show the page without complaint."""
        self.problems_of_page = []
        for row in self.rows.values():
            row.errors.clear()

    def problems(self) -> list[Problem]:
        """Everything that is wrong, for the summary of errors on top of the page."""
        self.is_valid()
        rows = [
            Problem(row[name].id_for_label, f"{row.user.first_name} {row.user.last_name}, {LABELS[name]}: {error}")
            for row in self.rows.values()
            for name, errors in row.errors.items()
            for error in errors
        ]
        return [Problem("", text) for text in self.problems_of_page] + rows


def _prefix(user: NewSubscriber) -> str:
    return "n" + hashlib.sha256(user.email.encode()).hexdigest()[:12]
