"""Putting a price into the line of its predecessors and successors: no gap nobody asked for, no overlap.

`history` is every price of the same thing. All of it runs inside the caller's transaction; should two people do it at once,
the exclusion constraint lets one through.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

from django.db.models import ProtectedError, Q, QuerySet

from billing.errors import PriceDatesClash, PriceInvoiced
from billing.models.prices import DatedPrice
from controlhub.services.constraints import named_errors

EXCLUSIONS = ("one_price_at_a_time", "one_customer_price_at_a_time")


@contextmanager
def guarded() -> Iterator[None]:
    """What the database refuses, by name."""
    clashes = dict.fromkeys(EXCLUSIONS, PriceDatesClash)
    try:
        with named_errors({**clashes, "invoiced_price_stays": PriceInvoiced}):
            yield
    except ProtectedError as error:  # Django looks for the lines of an invoice before the trigger can
        raise PriceInvoiced from error


def place(new: DatedPrice, history: QuerySet[Any]) -> DatedPrice | None:
    """Save `new`: the price before it ends on its first day, and without an end it holds until the next one begins.

    Returns the price that was ended, if any.
    """
    following = history.filter(valid_from__gte=new.valid_from).order_by("valid_from").first()
    if following and following.valid_from == new.valid_from:
        raise PriceDatesClash("There is a price from this day already. Remove it first, or choose another day.")
    if following and new.valid_until is None:
        new.valid_until = following.valid_from
    until_later = Q(valid_until=None) | Q(valid_until__gt=new.valid_from)
    before = history.filter(until_later, valid_from__lt=new.valid_from).first()
    with guarded():
        if before:
            _end(before, new.valid_from)
        new.save(force_insert=True)
    return before


def end(price: DatedPrice, *, on: date) -> None:
    """Let `price` end on a day, which is the first one without it."""
    if on <= price.valid_from:
        raise PriceDatesClash("A price ends after the day on which it begins.", field="valid_until")
    with guarded():
        _end(price, on)


def take_back(price: DatedPrice, history: QuerySet[Any]) -> None:
    """Remove a price; the one before it, if it ended on that day, holds in its place."""
    before = history.filter(valid_until=price.valid_from).first()
    with guarded():
        history.filter(pk=price.pk).delete()
        if before:
            _end(before, price.valid_until)


def _end(price: DatedPrice, until: date | None) -> None:
    price.valid_until = until
    price.save(update_fields=["valid_until"])
