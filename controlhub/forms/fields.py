"""What a form narrows to its customer: choices and rows on offer."""

from collections.abc import Iterable
from typing import cast

from django import forms
from django.db.models import QuerySet


def offer(form: forms.BaseForm, field: str, choices: Iterable[tuple[str, str]]) -> None:
    """Offer these (value, label) choices in a drop-down or radio field."""
    cast(forms.ChoiceField, form.fields[field]).choices = list(choices)


def offer_rows(form: forms.BaseForm, field: str, rows: QuerySet) -> None:
    """Offer these rows in a model field."""
    cast(forms.ModelChoiceField, form.fields[field]).queryset = rows


def lock(form: forms.BaseForm, *, unless: bool) -> None:
    """Show every field disabled, for a viewer who may only read; what is posted in one is ignored."""
    for field in form.fields.values():
        field.disabled = not unless
