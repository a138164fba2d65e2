"""Setup Assist as billing sees it: what was ordered on which day, counted once (domain.md 6.5, 11).

Express counts one for the location, Standard one for each user that the location had. An order that was cancelled was never billed.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from billing.items import EXPRESS, STANDARD
from controlhub.models import SetupAssistOrder
from tenancy.models import Partner


@dataclass(frozen=True)
class SetupAssistUse:
    """One order: `units` of `item` on `day`. The price of that day is for one unit (PriceBookEntry, items.ITEMS)."""

    order_id: int
    partner_id: int
    item: str
    units: int
    day: date
    customer_name: str
    location_name: str


def setup_assist_of(partners: Iterable[Partner], *, first: date, after: date) -> Iterator[SetupAssistUse]:
    """Orders of these partners that are billed on the days from `first` up to, not including, `after`; oldest first."""
    orders = SetupAssistOrder.objects.filter(
        partner__in=list(partners), ordered_at__gte=_midnight(first), ordered_at__lt=_midnight(after)
    ).exclude(status=SetupAssistOrder.Status.CANCELLED)
    for order in orders.select_related("customer", "location").order_by("ordered_at", "pk"):
        express = order.kind == SetupAssistOrder.Kind.EXPRESS
        yield SetupAssistUse(
            order_id=order.pk,
            partner_id=order.partner_id,
            item=EXPRESS if express else STANDARD,
            units=1 if express else order.seats,
            day=order.ordered_at.astimezone(UTC).date(),
            customer_name=order.customer.name,
            location_name=order.location.name,
        )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=UTC)
