"""Number and extension of a user, changed together."""

from django.db import transaction

from controlhub.models import Subscriber
from controlhub.services.subscribers import set_extension, set_primary_number
from tenancy.actors import Actor


@transaction.atomic
def change_calling_data(*, subscriber: Subscriber, number: str | None, extension: str | None, by: Actor) -> Subscriber:
    """Set number and extension; None leaves one as it is, an empty text takes it away. Each leaves its own event.

    Raises what `set_primary_number` and `set_extension` raise; then nothing has changed.
    """
    # What is given comes before what is taken away: a calling user is never without both.
    if number:
        set_primary_number(subscriber=subscriber, number=number, by=by)
    if extension is not None:
        set_extension(subscriber=subscriber, extension=extension, by=by)
    if number == "":
        set_primary_number(subscriber=subscriber, number=None, by=by)
    return subscriber
