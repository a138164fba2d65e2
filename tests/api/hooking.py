"""Deeds that webhooks hear of, and what became of them."""

from collections.abc import Callable
from datetime import timedelta

from django.db import transaction
from django.db.models.functions import Now

from tenancy import audit
from tenancy.actors import SYSTEM
from tenancy.models import Customer, Webhook, WebhookDelivery

SECRET = "a secret of many characters"
State = WebhookDelivery.State
Hook = Callable[..., Webhook]


def deed(customer: Customer, action: str = "customer.renamed") -> None:
    """Something happens to the customer."""
    with transaction.atomic():
        audit.record(action=action, text="a deed", target=customer, customer=customer, by=SYSTEM)


def events(webhook: Webhook | None = None) -> list[str]:
    """What was written down for the webhook, or for all, oldest first."""
    rows = webhook.deliveries.all() if webhook else WebhookDelivery.objects.all()
    return [f"{row.resource}.{row.event}" for row in rows.order_by("pk")]


def all_due() -> None:
    """Let waiting, pauses and leases be over."""
    WebhookDelivery.objects.filter(state=State.WAITING).update(due_at=Now() - timedelta(seconds=1))
    Webhook.objects.update(paused_until=None)
