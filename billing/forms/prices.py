"""Input of the price book: one price, the day it ends, and a file of many."""

import csv
import io
from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.core.validators import RegexValidator

from billing.forms.reports import DayInput
from billing.items import ITEM_CHOICES
from billing.models.prices import PRICE_DECIMALS, PRICE_DIGITS
from billing.queries.prices import CSV_HEADER
from billing.services.prices import NewPrice

# Not 3/4/26: half the world reads it as another day.
ISO = ["%Y-%m-%d"]
MOST_BYTES, MOST_ROWS = 256 * 1024, 1_000
printable = RegexValidator(r"^[^\x00-\x1f\x7f]*\Z", "Remove line breaks and other control characters.")


class DatedPriceForm(forms.Form):
    """An amount from a day on, perhaps until another."""

    price = forms.DecimalField(
        label="Price",
        min_value=0,
        max_digits=PRICE_DIGITS,
        decimal_places=PRICE_DECIMALS,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )
    valid_from = forms.DateField(
        label="Valid from",
        widget=DayInput,
        input_formats=ISO,
        help_text="The first UTC day. The price before it ends there.",
    )
    valid_until = forms.DateField(
        label="Valid until",
        widget=DayInput,
        input_formats=ISO,
        required=False,
        help_text="The first day without it. Empty: until another price begins.",
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        first, until = data.get("valid_from"), data.get("valid_until")
        if first and until and until <= first:
            self.add_error("valid_until", "A price ends after the day on which it begins.")
        return data


class PriceForm(DatedPriceForm):
    """A transfer price, and perhaps another SKU, from a day on."""

    item = forms.ChoiceField(label="Package or service", choices=[("", "Choose"), *ITEM_CHOICES])
    sku = forms.CharField(
        label="SKU", max_length=40, required=False, validators=[printable], help_text="Empty: as before."
    )
    description = forms.CharField(
        max_length=120,
        required=False,
        validators=[printable],
        help_text="What reports and invoices say. Empty: as before.",
    )
    field_order = ["item", "price", "valid_from", "valid_until", "sku", "description"]

    def new_price(self) -> NewPrice:
        """What was typed."""
        return NewPrice(**self.cleaned_data)


class EndPriceForm(forms.Form):
    """The first day without a price."""

    valid_until = forms.DateField(
        label="Valid until",
        widget=DayInput,
        input_formats=ISO,
        help_text="The first UTC day without this price. Use from then on has none.",
    )


class PriceFileForm(forms.Form):
    """A CSV file of prices. `rows` holds what is right, `bad_lines` what is wrong, line by line."""

    file = forms.FileField(
        label="CSV file",
        widget=forms.FileInput(attrs={"accept": ".csv,text/csv"}),
        help_text=f"Columns: {', '.join(CSV_HEADER)}. Only ITEM, PRICE and VALID_FROM must be filled in.",
    )

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.currency = currency
        self.rows: list[tuple[int, NewPrice]] = []
        self.bad_lines: list[tuple[int, str]] = []

    def clean_file(self) -> UploadedFile:
        file = self.cleaned_data["file"]
        if file.size > MOST_BYTES:
            raise forms.ValidationError(f"The file is larger than {MOST_BYTES // 1024} KB.")
        try:
            text = file.read().decode("utf-8-sig")
            reader = csv.DictReader(io.StringIO(text), strict=True)
            self._read(reader)
        except UnicodeDecodeError as error:
            raise forms.ValidationError("The file is not UTF-8 text. Save it as CSV UTF-8.") from error
        except csv.Error as error:
            raise forms.ValidationError(f"The file is not valid CSV: {error}.") from error
        if not self.rows and not self.bad_lines:
            raise forms.ValidationError("The file has no prices.")
        if self.bad_lines:
            raise forms.ValidationError("Nothing was imported: some lines are wrong.")
        return file

    def _read(self, reader: "csv.DictReader[str]") -> None:
        needed = {"ITEM", "PRICE", "VALID_FROM"}
        if missing := needed - set(reader.fieldnames or ()):
            raise forms.ValidationError(f"The first line has no column {', '.join(sorted(missing))}.")
        for row in reader:
            if len(self.rows) + len(self.bad_lines) >= MOST_ROWS:
                raise forms.ValidationError(f"The file has more than {MOST_ROWS:,} prices.")
            if any((value or "").strip() for name, value in row.items() if name):
                self._read_row(reader.line_num, row)

    def _read_row(self, line: int, row: Mapping[str | Any, Any]) -> None:
        cells = {name: (row.get(name) or "").strip() for name in CSV_HEADER}
        # What the export guards against formulas comes back as it was.
        form = PriceForm({name.lower(): cells[name].removeprefix("'") for name in CSV_HEADER})
        faults = [
            f"{form.fields[name].label or name}: {error}" for name, errors in form.errors.items() for error in errors
        ]
        if cells["CURRENCY"] not in ("", self.currency):
            faults.append(f"Currency: this subscription is paid in {self.currency}.")
        if None in row:
            faults.append("This line has more cells than the first one.")
        if faults:
            self.bad_lines.append((line, " ".join(faults)))
        else:
            self.rows.append((line, form.new_price()))
