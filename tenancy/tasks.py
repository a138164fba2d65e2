"""Tasks that fetch, call one function, and are done."""

from typing import Any

from celery import shared_task
from django.utils import timezone

from tenancy.authorizations import purge_authorizations
from tenancy.drafts import purge_drafts
from tenancy.sign_in import record_failures


@shared_task(name="tenancy.purge_drafts")
def purge_drafts_task(**kwargs: Any) -> None:
    """Nightly: forget abandoned wizard drafts."""
    purge_drafts(now=timezone.now())


@shared_task(name="tenancy.purge_authorizations")
def purge_authorizations_task(**kwargs: Any) -> None:
    """Nightly: forget what integrations were allowed and got long ago."""
    purge_authorizations(now=timezone.now())


@shared_task(name="tenancy.record_failed_sign_ins")
def record_failed_sign_ins_task(**kwargs: Any) -> None:
    """Each minute: failed sign-ins become events."""
    record_failures(now=timezone.now())
