"""Tasks that fetch, call one function, and are done. Each may be lost, doubled or late without harm."""

import time
from typing import Any

from celery import shared_task
from django.core.cache import cache

from provisioning import runner, sweeper

CANARY_SECONDS = 300


@shared_task(name="provisioning.run_job")
def run_job(*, job_id: int, **kwargs: Any) -> None:
    """Somebody rang: go on with this job, if it is due."""
    runner.run_job(job_id=job_id)


@shared_task(name="provisioning.sweep_jobs")
def sweep_jobs(**kwargs: Any) -> None:
    """Every few seconds: ring again for what is due."""
    sweeper.sweep()


@shared_task(name="provisioning.canary")
def canary(**kwargs: Any) -> None:
    """Sings into the cache. `/readyz` reads its age: a worker that runs but is deaf stops singing (pattern P14)."""
    cache.set("canary", int(time.time()), CANARY_SECONDS)
