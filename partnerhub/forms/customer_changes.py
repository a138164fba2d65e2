"""Forms of a customer's packages, and of its end."""

from typing import Any

from django import forms

from controlhub.models import CustomerPackage
from partnerhub.forms.customers import PackagesForm
from tenancy.models import Customer


class CustomerPackagesForm(PackagesForm):
    """Packages and limits of a customer that exists: filled in with what it has."""

    def __init__(self, data: Any = None, *, customer: Customer) -> None:
        super().__init__(data, context=None)
        self.held = {row.package: row for row in customer.packages.all()}
        if data is None:
            self.initial = self._initial()

    def _initial(self) -> dict[str, Any]:
        kept = [row for row in self.held.values() if row.status != CustomerPackage.Status.DELETING]
        boxes = {f"package_{row.package}": True for row in kept}
        return boxes | {f"limit_{row.package}": row.limit for row in kept}

    def used(self) -> list[tuple[Any, Any, int]]:
        """Each package's check box and limit, with how many have it now."""
        return [
            (box, limit, self.held[code].used if (code := box.name.removeprefix("package_")) in self.held else 0)
            for box, limit in self.rows()
        ]


class DeleteCustomerForm(forms.Form):
    """To delete, type the external ID: a click alone must not end the service of a whole company."""

    external_id = forms.CharField(
        label="External customer ID",
        max_length=64,
        error_messages={"required": "Type the external customer ID."},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, data: Any = None, *, customer: Customer) -> None:
        super().__init__(data)
        self.customer = customer
        self.fields["external_id"].help_text = f"Type {customer.external_id} to confirm."

    def clean_external_id(self) -> str:
        text: str = self.cleaned_data["external_id"].strip()
        if text != self.customer.external_id:
            raise forms.ValidationError("This is not the external customer ID of this customer.")
        return text
