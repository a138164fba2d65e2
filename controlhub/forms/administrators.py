"""Forms about administrators: which roles, which locations, who."""

from typing import Any

from django import forms

from controlhub.forms.fields import offer, offer_rows
from controlhub.models import Subscriber
from controlhub.services.admin_roles import OWN_ROLES
from tenancy.models import Customer
from tenancy.policy import CUSTOMER_ROLES, EXTERNAL_ROLES, Role

NOTES = {
    Role.CUSTOMER_FULL: "Everything, except what Restricted by Partner Mode keeps for the service provider.",
    Role.CUSTOMER_READONLY: "Sees everything and changes nothing.",
    Role.CUSTOMER_SUPPORT: "The overview, and what provisioning reports.",
    Role.CUSTOMER_USER_DEVICE: "Users, their packages, workspaces and devices.",
    Role.CUSTOMER_DEVICE: "Workspaces and devices.",
    Role.CUSTOMER_LOCATION: "Only the locations chosen below. Cannot be combined with another role.",
    Role.CUSTOMER_COMPLIANCE: "The audit log.",
}
MOST_ADDRESSES = 25


class RoleChoices(forms.CheckboxSelectMultiple):
    """Check cards with a sentence about each role."""

    def create_option(self, name: str, value: Any, label: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option = super().create_option(name, value, label, *args, **kwargs)
        return option | {"note": NOTES.get(Role(str(value)), "")}


class RolesForm(forms.Form):
    """Roles, and the locations of a location administrator. Nothing chosen means: no administrator any more."""

    roles = forms.MultipleChoiceField(
        required=False, choices=[(role.value, role.label) for role in OWN_ROLES], widget=RoleChoices
    )
    locations: forms.ModelMultipleChoiceField = forms.ModelMultipleChoiceField(
        None,
        required=False,
        to_field_name="public_id",
        widget=forms.CheckboxSelectMultiple,
        help_text="For a location administrator: 1 to 5 locations.",
    )

    def __init__(self, *args: Any, customer: Customer, locked: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer_rows(self, "locations", customer.locations.order_by("name"))
        for field in self.fields.values():
            field.disabled = locked

    def chosen(self) -> dict[str, Any]:
        """Keyword arguments for the services."""
        values = self.cleaned_data
        return {"roles": [Role(role) for role in values["roles"]], "locations": list(values["locations"])}


class ExternalRolesForm(forms.Form):
    """The one role of an external administrator."""

    role = forms.ChoiceField(
        choices=[(role.value, role.label) for role in sorted(EXTERNAL_ROLES)], widget=forms.RadioSelect
    )

    def __init__(self, *args: Any, locked: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].disabled = locked


class NewExternalForm(ExternalRolesForm):
    """Whom to invite from another organization."""

    email = forms.EmailField(max_length=161, widget=forms.EmailInput(attrs={"autocomplete": "off"}))
    field_order = ("email", "role")


class NewAdministratorsForm(RolesForm):
    """Which users of the customer get the roles."""

    emails = forms.CharField(
        label="Users",
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false", "autocomplete": "off"}),
        help_text="Email addresses of users of this organization, one per line. "
        "At most 5 location administrators at a time.",
    )
    field_order = ("emails", "roles", "locations")

    def __init__(self, *args: Any, customer: Customer, **kwargs: Any) -> None:
        super().__init__(*args, customer=customer, **kwargs)
        self.customer = customer

    def clean_emails(self) -> list[Subscriber]:
        """The users of these addresses, in the order in which they were typed."""
        text: str = self.cleaned_data["emails"]
        addresses = list(dict.fromkeys(text.lower().replace(",", " ").replace(";", " ").split()))
        if len(addresses) > MOST_ADDRESSES:
            raise forms.ValidationError(f"Enter at most {MOST_ADDRESSES} addresses at a time.")
        people = self.customer.subscribers.filter(email__in=addresses, deleted_at=None)
        known = {person.email: person for person in people}
        missing = [address for address in addresses if address not in known]
        if missing:
            raise forms.ValidationError(f"Not a user of this organization: {', '.join(missing)[:300]}.")
        return [known[address] for address in addresses]


class AdminFilter(forms.Form):
    """Search and role filter of the administrators list. A value that is not on offer counts as no filter."""

    q = forms.CharField(required=False, max_length=100)
    role = forms.ChoiceField(required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        roles = [(role.value, role.label) for role in Role if role in CUSTOMER_ROLES]
        offer(self, "role", [("", "All roles"), *roles])

    def narrowed(self) -> dict[str, str]:
        """Keyword arguments for `administrators_of`."""
        self.is_valid()
        return {"search": self.cleaned_data.get("q", ""), "role": self.cleaned_data.get("role", "")}

    @property
    def narrows(self) -> bool:
        """Is anything filtered?"""
        return any(self.narrowed().values())
