"""What the customer pages accept: filters, the wizard's three pages, the reason for a switch."""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.forms import BoundField

from partnerhub.models import OnboardingTemplate
from partnerhub.queries.customers import (
    CustomerFilter,
    active_templates,
    email_is_taken,
    external_id_is_taken,
    suggest_external_id,
)
from tenancy.models import Customer
from tenancy.packages import CATALOGUE, PACKAGES, Package, missing_dependencies
from tenancy.places import (
    COUNTRIES,
    COUNTRY_NAMES,
    LOCALES,
    NO_POSTAL_CODE,
    POSTAL_PATTERNS,
    STATE_REQUIRED,
    STATES,
    clean_address,
    resolve_locale,
    time_zones,
    time_zones_in,
)
from tenancy.wizards import WizardContext

REASON_MAX = 200
LIMIT_MAX = 1_000_000
NOT_A_LIMIT = "A quantity limit is a whole number from 1."
ADDRESS_FIELDS = ("address_line1", "address_line2", "city", "state", "postal_code", "country")
STATE_LABELS = {"US": "State", "CA": "Province or territory", "AU": "State or territory"}
printable = RegexValidator(r"^[^\x00-\x1f\x7f]*\Z", "Remove line breaks and other control characters.")


class CustomerFilterForm(forms.Form):
    """Search and filters above the list."""

    q = forms.CharField(label="Search", required=False, max_length=100)
    status = forms.ChoiceField(label="Status", required=False, choices=[("", "All statuses"), *Customer.Status.choices])
    restricted = forms.ChoiceField(
        label="Restricted by Partner Mode",
        required=False,
        choices=[("", "Restricted or not"), ("on", "Restricted"), ("off", "Not restricted")],
    )
    indirect = forms.BooleanField(label="Include customers of indirect providers", required=False)

    def filters(self) -> CustomerFilter:
        """The filter as the queries take it. Only after `is_valid()`."""
        data = self.cleaned_data
        return CustomerFilter(data["q"], data["status"], data["restricted"], data["indirect"])


class RestrictedModeForm(forms.Form):
    """The switch with its reason."""

    on = forms.TypedChoiceField(
        choices=[("1", "On"), ("0", "Off")], coerce=lambda value: value == "1", widget=forms.HiddenInput
    )
    reason = forms.CharField(
        label="Reason",
        max_length=REASON_MAX,
        validators=[printable],
        help_text="Kept in the audit log.",
        error_messages={"required": "Enter a reason."},
        # The dialog would give the focus to its Close button, and Enter would then close it.
        widget=forms.TextInput(attrs={"autofocus": True, "autocomplete": "off"}),
    )


class AddressForm(forms.Form):
    """Address fields whose labels, choices and rules follow the country."""

    country = forms.ChoiceField(
        label="Country or region",
        choices=[("", "Choose a country or region"), *COUNTRIES],
        widget=forms.Select(attrs={"autocomplete": "country"}),
    )
    address_line1 = forms.CharField(label="Street address", max_length=50, validators=[printable])
    address_line2 = forms.CharField(label="Address line 2", max_length=50, required=False, validators=[printable])
    city = forms.CharField(label="City", max_length=50, validators=[printable])
    state = forms.CharField(label="State or province", max_length=50, required=False, validators=[printable])
    postal_code = forms.CharField(label="Postal code", max_length=20, required=False, validators=[printable])

    def __init__(self, data: Any = None, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        country = self.chosen_country()
        state, postal_code = self.fields["state"], self.fields["postal_code"]
        state.label = STATE_LABELS.get(country, state.label)
        state.required = country in STATE_REQUIRED
        postal_code.required = country in COUNTRY_NAMES and country not in NO_POSTAL_CODE
        if country in STATES:
            state.widget = forms.Select(choices=[("", "Choose"), *((code, code) for code in sorted(STATES[country]))])
        if country in POSTAL_PATTERNS:
            postal_code.help_text = f"For example {POSTAL_PATTERNS[country][1]}"

    def chosen_country(self) -> str:
        """The country that the fields are shown for: as typed, else the one filled in for a start."""
        if self.is_bound:
            return self.data.get("country", "")
        return self.initial.get("country") or ""

    def follow_country(self) -> None:
        """Another country was just chosen: show its fields, and complain about none that nobody has reached yet."""
        self.errors.clear()

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        data["postal_code"] = data.get("postal_code", "").upper()
        if data.get("country") in STATES:
            data["state"] = data.get("state", "").upper()
        for field, message in clean_address({name: data.get(name, "") for name in ADDRESS_FIELDS}).items():
            if not self.has_error(field):
                self.add_error(field, message)
        return data | {"country_name": COUNTRY_NAMES.get(data.get("country", ""), "")}


class CustomerInfoForm(AddressForm):
    """Page 1: who the customer is and where its invoices go."""

    # The order of the page, so that the error summary reads from top to bottom.
    field_order = ("template", "name", "admin_email", "external_id")

    template = forms.ModelChoiceField(
        OnboardingTemplate.objects.none(),
        label="Onboarding template",
        to_field_name="public_id",
        empty_label="Choose a template",
        help_text="Brings the defaults: language, sign-in, calling provider.",
    )
    name = forms.CharField(
        label="Company name",
        max_length=120,
        validators=[printable, RegexValidator("%", "Leave out the %% sign.", inverse_match=True)],
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    admin_email = forms.EmailField(
        label="Administrator email",
        max_length=161,
        help_text="This person gets the invitation and administers the organization.",
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    external_id = forms.CharField(
        label="External customer ID",
        max_length=64,
        validators=[printable],
        help_text="Your own id for this customer; it appears in billing reports.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    supported_location = forms.BooleanField(
        label="The customer is in a supported location",
        help_text="You declare this for the country of the billing address.",
        error_messages={"required": "Confirm that the customer is in a supported location."},
    )

    def __init__(self, data: Any = None, *, context: WizardContext) -> None:
        self.partner = context.partner
        templates = active_templates(context.partner)
        initial: dict[str, Any] = {"country": context.partner.country}
        if data is None:
            only = list(templates[:2])
            initial |= {"external_id": suggest_external_id(context.partner)}
            initial |= {"template": only[0].public_id} if len(only) == 1 else {}
        super().__init__(data, initial=initial)
        self.fields["template"].queryset = templates  # type: ignore[attr-defined]

    def clean_external_id(self) -> str:
        external_id = self.cleaned_data["external_id"]
        if external_id_is_taken(self.partner, external_id):
            raise forms.ValidationError("Another customer already has this external customer ID.")
        return external_id

    def clean_admin_email(self) -> str:
        email = self.cleaned_data["admin_email"].lower()
        if email_is_taken(email):
            raise forms.ValidationError(
                "This email address already belongs to an existing user (code 10022). Use another one."
            )
        return email


class PackagesForm(forms.Form):
    """Page 2: packages and add-ons, each with an optional quantity limit."""

    def __init__(self, data: Any = None, *, context: WizardContext | None) -> None:
        super().__init__(data)
        for package in CATALOGUE:
            self.fields[f"package_{package.code}"] = forms.BooleanField(
                label=package.name, required=False, help_text=_package_hint(package)
            )
            if package.limitable:
                self.fields[f"limit_{package.code}"] = forms.IntegerField(
                    label=f"Quantity limit of {package.name}",
                    required=False,
                    min_value=1,
                    max_value=LIMIT_MAX,
                    error_messages={"min_value": NOT_A_LIMIT, "invalid": NOT_A_LIMIT},
                    widget=forms.NumberInput(attrs={"placeholder": "No limit"}),
                )

    def rows(self) -> Iterator[tuple[BoundField, BoundField | None]]:
        """Each package's check box, with its limit if it can have one."""
        for package in CATALOGUE:
            yield self[f"package_{package.code}"], self[f"limit_{package.code}"] if package.limitable else None

    def clean(self) -> dict[str, Any]:
        """`packages`: code to limit (None: unlimited). A limit beside a package that is not chosen means nothing."""
        data = super().clean() or self.cleaned_data
        chosen = {package.code for package in CATALOGUE if data.get(f"package_{package.code}")}
        for package in CATALOGUE:
            if package.code not in chosen:
                self.errors.pop(f"limit_{package.code}", None)
        for code, needs in missing_dependencies(chosen).items():
            self.add_error(f"package_{code}", f"{PACKAGES[code].name} needs at least one of: {_names(needs)}.")
        if not chosen:
            raise forms.ValidationError("Choose at least one package.")
        return {"packages": {code: data.get(f"limit_{code}") for code in PACKAGES if code in chosen}}


def _package_hint(package: Package) -> str:
    return (
        f"{package.description} Needs one of: {_names(package.needs_any)}."
        if package.needs_any
        else package.description
    )


def _names(codes: frozenset[str]) -> str:
    return ", ".join(package.name for package in CATALOGUE if package.code in codes)


class HeadquartersForm(AddressForm):
    """Page 3, with calling packages only: the first location, filled in from the billing address."""

    field_order = ("location_name",)

    location_name = forms.CharField(
        label="Location name", max_length=80, validators=[printable], initial="Headquarters"
    )
    time_zone = forms.ChoiceField(label="Time zone")
    language = forms.ChoiceField(label="Announcement language", choices=LOCALES)

    def __init__(self, data: Any = None, *, context: WizardContext) -> None:
        info = context.answers.get("info", {})
        super().__init__(data, initial={name: info.get(name, "") for name in ADDRESS_FIELDS})
        nearby = time_zones_in(self.chosen_country())
        self.fields["time_zone"].choices = _time_zone_choices(self.chosen_country(), nearby)  # type: ignore[attr-defined]
        self.initial["time_zone"] = nearby[0] if nearby else context.partner.time_zone
        if "template" in info:
            version = info["template"].current_version
            self.initial["language"] = resolve_locale(version.email_language[:2], self.chosen_country())

    def follow_country(self) -> None:
        super().follow_country()
        nearby = time_zones_in(self.chosen_country())
        if nearby and self.data.get("time_zone") not in nearby:
            self.data = dict(self.data.items()) | {"time_zone": nearby[0]}

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        return data | {"language_name": dict(LOCALES).get(data.get("language", ""), "")}


def _time_zone_choices(country: str, nearby: tuple[str, ...]) -> list[Any]:
    rest = [(name, name) for name in time_zones() if name not in nearby]
    first = [(COUNTRY_NAMES[country], [(name, name) for name in nearby])] if nearby and country in COUNTRY_NAMES else []
    return [*first, ("All time zones", rest)]
