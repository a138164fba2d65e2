"""Calling at a location: set up when the service provider creates it, or later by the service provider (domain.md 8.2).

It is never taken away again, so whoever has once seen it may rely on it.
"""

from django.db import transaction

from controlhub.models import Location
from controlhub.services import pushes
from controlhub.services.clock import database_now
from controlhub.services.readiness import require_ready
from tenancy import audit
from tenancy.access import authorize
from tenancy.actors import Actor
from tenancy.errors import DomainError
from tenancy.places import LOCALES
from tenancy.policy import Control

LANGUAGES = frozenset(code.lower() for code, _ in LOCALES)


class CallingNotSetUp(DomainError):
    code = "calling_not_set_up"

    def __init__(self, location: Location) -> None:
        super().__init__(
            f"Calling is not set up at {location.name} yet. The service provider does that.", field="location"
        )


class LanguageUnknown(DomainError):
    code = "language_unknown"
    message = "Choose a language from the list."


def require_calling(location: Location) -> None:
    """Raises CallingNotSetUp where nobody can have a number or an extension yet."""
    if location.calling_enabled_at is None:
        raise CallingNotSetUp(location)


@transaction.atomic
def enable_calling(*, location: Location, announcement_language: str, by: Actor) -> Location:
    """Set up calling at a location that was created without it. Twice is harmless.

    Raises Forbidden, CustomerNotReady, LanguageUnknown.
    """
    customer = location.customer
    authorize(by, Control.LOCATION_CALLING_SETUP, customer=customer)
    require_ready(customer)
    if announcement_language not in LANGUAGES:
        raise LanguageUnknown(field="announcement_language")
    row = Location.objects.select_for_update(no_key=True).get(pk=location.pk)
    if row.calling_enabled_at:
        return row
    before, row.announcement_language = row.announcement_language, announcement_language
    row.calling_enabled_at = database_now()
    row.save(update_fields=["announcement_language", "calling_enabled_at"])
    audit.record(
        action="location.calling_enabled",
        text=f"Calling set up at {row}",
        target=row,
        customer=customer,
        by=by,
        changes={"calling": [False, True], "announcement_language": [before, announcement_language]},
    )
    pushes.push_location(location=row, by=by)
    return row
