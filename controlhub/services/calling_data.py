"""What a calling user has beside the package: a location, and a number or an extension (domain.md 5.9). Low level."""

from typing import Any

from controlhub.models import Location, PhoneNumber, Subscriber
from controlhub.services import extensions, numbers
from controlhub.services.calling_setup import require_calling
from controlhub.services.constraints import named_errors
from tenancy.actors import Actor


def require(subscriber: Subscriber) -> None:
    """Raises NeedsLocation or NeedsNumberOrExtension unless the subscriber can be called."""
    if subscriber.location is None:
        raise numbers.NeedsLocation()
    if not subscriber.extension and not PhoneNumber.objects.filter(subscriber=subscriber).exists():
        raise numbers.NeedsNumberOrExtension()


def give(
    subscriber: Subscriber, *, number: str | None, extension: str | None, location: Location | None, by: Actor
) -> dict[str, Any]:
    """Set what a user who starts calling needs; returns the changes as the audit log writes them."""
    place = location or subscriber.location or _only_location(subscriber)
    if place is None or place.customer_id != subscriber.customer_id:
        raise numbers.NeedsLocation()
    require_calling(place)
    changes: dict[str, Any] = {}
    if place != subscriber.location:
        changes["location"] = [str(subscriber.location or ""), str(place)]
        subscriber.location = place
    if extension and extension != subscriber.extension:
        extensions.require_free(extension, location=place, besides=subscriber)
        changes["extension"] = [subscriber.extension, extension]
        subscriber.extension = extension
    save_extension(subscriber, "location", "extension")
    changes |= _give_number(subscriber, number, place, by) if number else {}
    require(subscriber)
    return changes


def _give_number(subscriber: Subscriber, text: str, place: Location, by: Actor) -> dict[str, Any]:
    found = numbers.find_or_add(text, location=place, by=by)
    if found.subscriber_id == subscriber.pk:
        return {}
    before = numbers.give_back(subscriber)
    numbers.claim(found, subscriber=subscriber)
    return {"number": [before, found.e164]}


def take_away(subscriber: Subscriber) -> dict[str, Any]:
    """Return number and extension; returns the changes as the audit log writes them."""
    changes: dict[str, Any] = {}
    number = numbers.give_back(subscriber)
    if number:
        changes["number"] = [number, None]
    if subscriber.extension:
        changes["extension"] = [subscriber.extension, ""]
        subscriber.extension = ""
        subscriber.save(update_fields=["extension"])
    return changes


def save_extension(subscriber: Subscriber, *fields: str) -> None:
    """Save these fields; an extension that somebody took meanwhile is refused by name."""
    with named_errors({extensions.TAKEN: extensions.in_use}):
        subscriber.save(update_fields=list(fields))


def _only_location(subscriber: Subscriber) -> Location | None:
    places = list(Location.objects.filter(customer=subscriber.customer_id)[:2])
    return places[0] if len(places) == 1 else None
