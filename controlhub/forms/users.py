"""Forms about people: the list's filters, profile, number and extension, package."""

from collections.abc import Iterable, Mapping
from typing import Any, cast
from uuid import UUID

from django import forms
from django.db.models import QuerySet

from controlhub.forms.fields import offer, offer_rows
from controlhub.models import Location, PeopleSettings, PhoneNumber, Subscriber
from controlhub.queries.columns import COLUMNS
from controlhub.queries.packages import PackageOption
from controlhub.queries.users import ANY_ROLE, EXPIRED, MAIL_STOPPED, NO_NUMBER, NO_PACKAGE, ORDERS, REMINDED
from tenancy.packages import USER_PACKAGES
from tenancy.policy import CUSTOMER_ROLES, EXTERNAL_ROLES, Role

MISSING = [(NO_NUMBER, "Calls without a number"), (MAIL_STOPPED, "Mails are stopped")]
SORTS = [("", "Name, A to Z"), ("-name", "Name, Z to A"), ("email", "Email"), ("newest", "Newest first")]


class ColumnsForm(forms.Form):
    """Which columns beside the name the list shows."""

    columns = forms.MultipleChoiceField(
        required=False, choices=list(COLUMNS.items()), widget=forms.CheckboxSelectMultiple, label="Columns"
    )


class UserFilter(forms.Form):
    """Search and filters of the users list. A value that is not on offer counts as no filter: the URL may be old."""

    q = forms.CharField(required=False, max_length=100, label="Search by name or email")
    package = forms.ChoiceField(required=False)
    location = forms.ChoiceField(required=False)
    status = forms.ChoiceField(required=False)
    role = forms.ChoiceField(required=False)
    sort = forms.ChoiceField(required=False)

    def __init__(self, *args: Any, locations: Iterable[Location], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        packages = [(package.code, package.name) for package in USER_PACKAGES]
        offer(self, "package", [("", "All packages"), *packages, (NO_PACKAGE, "No package")])
        offer(self, "location", [("", "All locations"), *((str(o.public_id), o.name) for o in locations)])
        offer(self, "status", [("", "All statuses"), *Subscriber.Status.choices, *MISSING])
        roles = [(role.value, role.label) for role in Role if role in CUSTOMER_ROLES - EXTERNAL_ROLES]
        offer(self, "role", [("", "All roles"), (ANY_ROLE, "All administrators"), *roles])
        offer(self, "sort", SORTS)

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
            "role": values.get("role", ""),
        }

    @property
    def order(self) -> tuple[str, ...]:
        """The order of the list, for `page_of`."""
        self.is_valid()
        return ORDERS[self.cleaned_data.get("sort", "")]

    @property
    def narrows(self) -> bool:
        """Is anything filtered, so that an empty list means "nothing found" and not "nothing there"?"""
        return any(self.narrowed().values())


class ConsentFilter(forms.Form):
    """Search and filter of the pending consents. A value that is not on offer counts as no filter."""

    q = forms.CharField(required=False, max_length=100, label="Search by name or email")
    waiting = forms.ChoiceField(
        required=False,
        choices=[("", "All that wait"), (REMINDED, "Reminded already"), (EXPIRED, "Link has expired")],
    )

    def narrowed(self) -> dict[str, str]:
        """Keyword arguments for `consents_of`."""
        self.is_valid()
        return {"search": self.cleaned_data.get("q", ""), "waiting": self.cleaned_data.get("waiting", "")}

    @property
    def narrows(self) -> bool:
        """Is anything filtered?"""
        return any(self.narrowed().values())


class ProfileForm(forms.Form):
    """First and last name; which characters phones cannot show, the service knows."""

    first_name = forms.CharField(max_length=30, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    last_name = forms.CharField(max_length=30, widget=forms.TextInput(attrs={"autocomplete": "off"}))

    def __init__(self, *args: Any, locked: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.disabled = locked


class EmailForm(forms.Form):
    """Another address; what an address may look like, the service knows."""

    email = forms.CharField(
        max_length=161, label="Email", widget=forms.EmailInput(attrs={"autocomplete": "off"}),
        help_text="Webex sends an invitation to the new address.",
    )  # fmt: skip

    def __init__(self, *args: Any, locked: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].disabled = locked


class CallerIdForm(forms.Form):
    """What others see when the user calls. Empty means the user's own number and name."""

    number: forms.ModelChoiceField = forms.ModelChoiceField(
        None,
        required=False,
        to_field_name="public_id",
        label="Caller ID number",
        empty_label="The user's own number",
        error_messages={"invalid_choice": "Choose one of the numbers of this organization."},
    )
    caller_id_first_name = forms.CharField(required=False, max_length=30, label="Caller ID first name")
    caller_id_last_name = forms.CharField(required=False, max_length=30, label="Caller ID last name")

    def __init__(self, *args: Any, numbers: QuerySet, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer_rows(self, "number", numbers)


class ServicesForm(forms.Form):
    """The services that the user's packages bring, each on or off."""

    messaging = forms.BooleanField(required=False)
    meetings = forms.BooleanField(required=False)
    calling = forms.BooleanField(required=False)

    def __init__(self, *args: Any, included: Iterable[str], locked: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kept = set(included)
        for name in [name for name in self.fields if name not in kept]:
            del self.fields[name]
        for field in self.fields.values():
            field.disabled = locked


class AutomaticForm(forms.Form):
    """The package that new users get by themselves."""

    package = forms.ChoiceField(required=False, label="Package for new users")

    def __init__(self, *args: Any, packages: Iterable[tuple[str, str]], locked: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "package", [("", "Off: a package is chosen for each user"), *packages])
        self.fields["package"].disabled = locked


class DirectoryForm(forms.Form):
    """The directory that owns names and addresses."""

    directory = forms.ChoiceField(required=False, label="Directory")

    def __init__(self, *args: Any, locked: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "directory", [("", "Off: names and addresses are edited here"), *PeopleSettings.Directory.choices])
        self.fields["directory"].disabled = locked


class CallingForm(forms.Form):
    """Primary number and extension. A field below EDIT is shown disabled and ignores what is posted."""

    number = forms.ChoiceField(
        required=False, label="Phone number", help_text="Active numbers of this location that nobody has."
    )
    extension = forms.CharField(required=False, max_length=6, help_text="2 to 6 digits, once per location.")

    def __init__(self, *args: Any, numbers: Iterable[PhoneNumber], locked: Iterable[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "number", [("", "No number"), *((number.e164, number.e164) for number in numbers)])
        self.fields["extension"].widget.attrs |= {"inputmode": "numeric", "autocomplete": "off"}
        for name in locked:
            self.fields[name].disabled = True

    def changed_values(self) -> dict[str, str | None]:
        """What was entered; None for what this actor may not change."""
        return {name: None if self.fields[name].disabled else value for name, value in self.cleaned_data.items()}


class PackageChoices(forms.RadioSelect):
    """Radio cards: what a package holds, its meter, and why it cannot be chosen."""

    packages: Mapping[str, PackageOption] = {}

    def create_option(self, name: str, value: Any, label: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option = super().create_option(name, value, label, *args, **kwargs)
        package = self.packages[str(value)]
        if package.reason:
            option["attrs"]["disabled"] = True
        used = f"{package.used} of {package.limit} used." if package.limit is not None else f"{package.used} used."
        return option | {"note": f"{package.package.description} {package.reason or used}"}


class PackageForm(forms.Form):
    """The new package, and for somebody who starts calling the location, number and extension."""

    package = forms.ChoiceField(widget=PackageChoices, label="Package")
    location: forms.ModelChoiceField = forms.ModelChoiceField(
        None, to_field_name="public_id", empty_label="Choose a location"
    )
    number = forms.ChoiceField(
        required=False, label="Phone number", help_text="Active numbers of this location that nobody has."
    )
    extension = forms.CharField(
        required=False,
        max_length=6,
        help_text="2 to 6 digits. A calling user needs a number, an extension, or both.",
        # What is typed while the effect is fetched must not be exchanged with it.
        widget=forms.TextInput({"hx-preserve": "true"}),
    )

    def __init__(self, *args: Any, options: list[PackageOption], locked: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["package"]
        cast(PackageChoices, field.widget).packages = {option.package.code: option for option in options}
        offer(self, "package", [(option.package.code, option.package.name) for option in options])
        field.error_messages["invalid_choice"] = "Choose one of the packages of this organization."
        field.disabled = locked

    def ask_calling_data(self, locations: Any, numbers: Iterable[PhoneNumber]) -> None:
        """Offer these locations and free numbers to somebody who starts calling."""
        offer_rows(self, "location", locations)
        offer(self, "number", [("", "No number"), *((number.e164, number.e164) for number in numbers)])
        self.fields["extension"].widget.attrs |= {"inputmode": "numeric", "autocomplete": "off"}

    def drop_calling_data(self) -> None:
        """For a change that neither needs nor takes calling data."""
        for name in ("location", "number", "extension"):
            del self.fields[name]
