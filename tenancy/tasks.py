"""Tasks that fetch, call one function, and are done."""

from typing import Any

from celery import shared_task
from django.utils import timezone

from tenancy.drafts import purge_drafts


@shared_task(name="tenancy.purge_drafts")
def purge_drafts_task(**kwargs: Any) -> None:
    """Nightly: forget abandoned wizard drafts."""
    purge_drafts(now=timezone.now())
