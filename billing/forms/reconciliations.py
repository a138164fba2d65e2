"""Input of the reconcile pages."""

from django import forms

from billing.services.reconciling import MOST_BYTES


class VendorFileForm(forms.Form):
    """The vendor's own file."""

    file = forms.FileField(
        label="Vendor's reconciliation file",
        help_text="CSV with the columns of a reconciliation report, of the same type and period as this report.",
        error_messages={"required": "Choose a file.", "empty": "This file is empty."},
        widget=forms.FileInput(attrs={"accept": ".csv,text/csv"}),
    )

    def clean_file(self) -> object:
        file = self.cleaned_data["file"]
        if file.size > MOST_BYTES:
            raise forms.ValidationError("This file is larger than 400 MB.")
        return file
