"""Tasks that fetch, call one function, and are done."""

from typing import Any

from celery import shared_task
from django.utils import timezone

from controlhub.services.consents import remind_of_consents


@shared_task(name="controlhub.remind_of_consents")
def remind_of_consents_task(**kwargs: Any) -> None:
    """Each hour: remind whoever has not answered for some days, once."""
    remind_of_consents(now=timezone.now())
