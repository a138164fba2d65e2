"""Offers every job that is due once more: the reason why a lost message, a dead worker or an empty Redis loses nothing."""

from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from provisioning.bell import bell
from provisioning.models import ProvisioningJob
from provisioning.runner import due, run_job

GRACE_SECONDS = 2
OFFER_AGAIN_SECONDS = 10
AT_ONCE = 200


@transaction.atomic
def take_offers(limit: int = AT_ONCE) -> list[int]:
    """Ids of due jobs that nobody was told about lately, oldest first; they count as offered from now on.

    Two sweepers at the same moment get different jobs (SKIP LOCKED), so a backlog does not flood the queue.
    """
    fresh = Q(state=ProvisioningJob.State.QUEUED, next_run_at__gt=Now() - timedelta(seconds=GRACE_SECONDS))
    quiet = Q(offered_at=None) | Q(offered_at__lt=Now() - timedelta(seconds=OFFER_AGAIN_SECONDS))
    jobs = ProvisioningJob.objects.filter(due(), quiet).exclude(fresh).order_by("next_run_at", "pk")
    ids = list(jobs.select_for_update(skip_locked=True).values_list("pk", flat=True)[:limit])
    ProvisioningJob.objects.filter(pk__in=ids).update(offered_at=Now())
    return ids


def sweep() -> int:
    """Ring for everything due. Returns how many jobs were offered; without a broker they are offered again soon."""
    ids = take_offers()
    bell.ring(ids)
    return len(ids)


def run_due(limit: int = AT_ONCE) -> int:
    """Run what is due right here, without any broker. Returns how many jobs were worked on."""
    ids = list(ProvisioningJob.objects.filter(due()).order_by("next_run_at", "pk").values_list("pk", flat=True)[:limit])
    return sum(run_job(job_id=job_id) for job_id in ids)
