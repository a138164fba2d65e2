"""Tasks that fetch, call one function, and are done. Each may be lost, doubled or late without harm."""

from datetime import timedelta
from typing import Any

from celery import shared_task
from django.utils import timezone

from api import delivering, idempotency
from tenancy.webhooks import purge_deliveries

LOG_DAYS = timedelta(days=30)


@shared_task(name="api.deliver_webhooks")
def deliver_webhooks(**kwargs: Any) -> None:
    """Every two seconds: deliver what webhooks are owed, unless another worker is at it."""
    delivering.deliver_due()


@shared_task(name="api.purge")
def purge(**kwargs: Any) -> None:
    """Nightly: forget answers kept for Idempotency-Keys, and webhook deliveries, after thirty days."""
    idempotency.purge()
    purge_deliveries(before=timezone.now() - LOG_DAYS)
