"""From a service's refusal to the field it is about."""

from django import forms

from controlhub.services.locations import LocationErrors
from controlhub.services.number_lists import NumberErrors
from controlhub.services.pstn import ConnectionWrong
from tenancy.errors import DomainError, Forbidden


def show_refusal(form: forms.BaseForm, error: DomainError) -> None:
    """Put the sentence beside its field, or above the form. Forbidden is no mistake in a field: it becomes the 403."""
    if isinstance(error, Forbidden):
        raise error
    if isinstance(error, NumberErrors):
        for line in error.errors:
            form.add_error("numbers", f"Line {line.line}{f', {line.text}' if line.text else ''}: {line.message}")
        return
    several = error.errors if isinstance(error, LocationErrors | ConnectionWrong) else None
    errors = several or {error.field or "": str(error)}
    for field, message in errors.items():
        form.add_error(field if field in form.fields else None, message)
