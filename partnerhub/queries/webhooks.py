"""What the pages about webhooks read."""

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet

from tenancy.actors import Actor
from tenancy.models import Customer, Partner, Webhook
from tenancy.paging import Slice, page_of
from tenancy.webhooks import deliveries_of

ORDER = ("-happened_at", "-id")


def customers_to_hear_of(partner: Partner, *, actor: Actor) -> QuerySet[Customer]:
    """Customers that a webhook of the partner may be narrowed to."""
    return Customer.objects.visible_to(actor).filter(partner=partner)


def webhooks_given_up(partner: Partner, *, limit: int = 3) -> list[Webhook]:
    """Webhooks that were switched off because their targets did not answer: somebody should look at them."""
    return list(partner.webhooks.filter(off_for=Webhook.Reason.FAILING).order_by("-created_at", "-id")[:limit])


def deliveries_by_page(webhook: Webhook, asked: Mapping[str, str], cursors: Mapping[str, Any]) -> Slice:
    """One page of the delivery log, newest event first."""
    return page_of(deliveries_of(webhook, **asked), order=ORDER, **cursors)
