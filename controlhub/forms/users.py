"""Forms about people: the list's filters, profile, number and extension, package."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django import forms

from controlhub.models import Location, PhoneNumber, Subscriber
from controlhub.queries.packages import PackageOption
from controlhub.queries.users import NO_PACKAGE
from tenancy.packages import USER_PACKAGES

FORBIDDEN_IN_NAMES = frozenset('%#<>\\/"')


class UserFilter(forms.Form):
    """Search and filters of the users list. A value that is not on offer counts as no filter: the URL may be old."""

    q = forms.CharField(required=False, max_length=100, label="Search by name or email")
    package = forms.ChoiceField(required=False)
    location = forms.ChoiceField(required=False)
    status = forms.ChoiceField(required=False)

    def __init__(self, *args: Any, locations: Iterable[Location], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        packages = [(package.code, package.name) for package in USER_PACKAGES]
        self.fields["package"].choices = [("", "All packages"), *packages, (NO_PACKAGE, "No package")]
        self.fields["location"].choices = [("", "All locations"), *((str(o.public_id), o.name) for o in locations)]
        self.fields["status"].choices = [("", "All statuses"), *Subscriber.Status.choices]

    def narrowed(self) -> dict[str, Any]:
        """Keyword arguments for `users_of`."""
        self.is_valid()
        values = self.cleaned_data
        location = values.get("location")
        return {
            "search": values.get("q", ""),
            "package": values.get("package", ""),
            "location": UUID(location) if location else None,
            "status": values.get("status", ""),
        }

    @property
    def narrows(self) -> bool:
        """Is anything filtered, so that an empty list means "nothing found" and not "nothing there"?"""
        return any(self.narrowed().values())


class ProfileForm(forms.Form):
    """First and last name (domain.md 3.2: at most 30 characters, some characters upset phones)."""

    first_name = forms.CharField(max_length=30, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    last_name = forms.CharField(max_length=30, widget=forms.TextInput(attrs={"autocomplete": "off"}))

    def clean_first_name(self) -> str:
        return self._name("first_name")

    def clean_last_name(self) -> str:
        return self._name("last_name")

    def _name(self, field: str) -> str:
        name: str = self.cleaned_data[field]
        if found := sorted(FORBIDDEN_IN_NAMES & set(name)):
            raise forms.ValidationError(f"Leave out {' '.join(found)}: phones cannot show it.")
        return name


class CallingForm(forms.Form):
    """Primary number and extension. A field below EDIT is shown disabled and ignores what is posted."""

    number = forms.ChoiceField(
        required=False, label="Phone number", help_text="Active numbers of this location that nobody has."
    )
    extension = forms.CharField(required=False, max_length=6, help_text="2 to 6 digits, once per location.")

    def __init__(self, *args: Any, numbers: Iterable[PhoneNumber], locked: Iterable[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["number"].choices = [("", "No number"), *((number.e164, number.e164) for number in numbers)]
        self.fields["extension"].widget.attrs |= {"inputmode": "numeric", "autocomplete": "off"}
        for name in locked:
            self.fields[name].disabled = True


class PackageChoices(forms.RadioSelect):
    """Radio cards: what a package holds, its meter, and why it cannot be chosen."""

    options: dict[str, PackageOption] = {}

    def create_option(self, name: str, value: Any, label: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option = super().create_option(name, value, label, *args, **kwargs)
        package = self.options[str(value)]
        if package.reason:
            option["attrs"]["disabled"] = True
        used = f"{package.used} of {package.limit} used." if package.limit is not None else f"{package.used} used."
        return option | {"note": f"{package.package.description} {package.reason or used}"}


class PackageForm(forms.Form):
    """The new package, and for somebody who starts calling the location, number and extension."""

    package = forms.ChoiceField(widget=PackageChoices, label="Package")
    location = forms.ModelChoiceField(
        Location.objects.none(), to_field_name="public_id", empty_label="Choose a location"
    )
    number = forms.ChoiceField(
        required=False, label="Phone number", help_text="Active numbers of this location that nobody has."
    )
    extension = forms.CharField(
        required=False, max_length=6, help_text="2 to 6 digits. A calling user needs a number, an extension, or both."
    )

    def __init__(
        self,
        *args: Any,
        options: list[PackageOption],
        locations: Any,
        numbers: Iterable[PhoneNumber],
        asks_calling_data: bool,
        locked: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        package = self.fields["package"]
        package.widget.options = {option.package.code: option for option in options}
        package.choices = [(option.package.code, option.package.name) for option in options]
        package.error_messages["invalid_choice"] = "Choose one of the packages of this organization."
        package.disabled = locked
        self._set_calling_fields(locations, numbers, asks_calling_data)

    def _set_calling_fields(self, locations: Any, numbers: Iterable[PhoneNumber], asks_calling_data: bool) -> None:
        if not asks_calling_data:
            for name in ("location", "number", "extension"):
                del self.fields[name]
            return
        self.fields["location"].queryset = locations
        self.fields["number"].choices = [("", "No number"), *((number.e164, number.e164) for number in numbers)]
        self.fields["extension"].widget.attrs |= {"inputmode": "numeric", "autocomplete": "off"}
