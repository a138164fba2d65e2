"""The calling line of a location: the name that a group call shows, and the digit for an outside line."""

from typing import Any

from django.db import transaction

from controlhub.models import Location
from controlhub.services import pushes
from controlhub.services.calling_setup import require_calling
from controlhub.services.readiness import require_ready
from tenancy import audit
from tenancy.access import authorize
from tenancy.actors import Actor
from tenancy.errors import DomainError
from tenancy.policy import Control

NAME_LENGTH, MOST_DIGITS = 80, 4


class CallingLineNameInvalid(DomainError):
    code = "calling_line_name_invalid"
    message = f"A calling line name has at most {NAME_LENGTH} printable characters."


class OutsideDigitInvalid(DomainError):
    code = "outside_digit_invalid"
    message = f"An outside line is reached by 1 to {MOST_DIGITS} digits; without them nothing can be enforced."


@transaction.atomic
def set_calling_line(
    *, location: Location, name: str, outside_digit: str, enforce_outside_digit: bool, by: Actor
) -> Location:
    """Set all three; the same again changes nothing. An empty name shows the organization's.

    Raises Forbidden, CustomerNotReady, CallingNotSetUp, CallingLineNameInvalid, OutsideDigitInvalid.
    """
    authorize(by, Control.LOCATION_CALLING_SETUP, customer=location.customer)
    require_ready(location.customer)
    require_calling(location)
    values = {
        "calling_line_name": " ".join(name.split()),
        "outside_dial_digit": outside_digit.strip(),
        "enforce_outside_dial_digit": enforce_outside_digit,
    }
    _check(values)
    row = Location.objects.select_for_update(no_key=True).get(pk=location.pk)
    changes = {field: [getattr(row, field), value] for field, value in values.items() if getattr(row, field) != value}
    if not changes:
        return location
    for field, value in values.items():
        setattr(location, field, value)
    location.save(update_fields=list(values))
    audit.record(
        action="location.calling_line_changed",
        text=f"Calling line of {location} changed: {', '.join(changes)}",
        target=location,
        customer=location.customer,
        by=by,
        changes=changes,
    )
    pushes.push_location(location=location, by=by)
    return location


def _check(values: dict[str, Any]) -> None:
    name, digits = values["calling_line_name"], values["outside_dial_digit"]
    if len(name) > NAME_LENGTH or not name.isprintable():
        raise CallingLineNameInvalid(field="name")
    well_formed = digits == "" or (digits.isascii() and digits.isdigit() and len(digits) <= MOST_DIGITS)
    if not well_formed or (values["enforce_outside_dial_digit"] and not digits):
        raise OutsideDigitInvalid(field="outside_digit")
