"""Wait for Webex where an answer must name what it makes: a person has his id from there."""

import time

from provisioning.models import ProvisioningJob
from provisioning.runner import run_job

LONGEST_SECONDS = 10.0
_PAUSE_SECONDS = 0.05
State = ProvisioningJob.State


def finish(job: ProvisioningJob) -> None:
    """Run a job now, or wait while a worker does: its bell has rung, so either may be the first.

    Returns when the job is done, has to wait for its next try, or takes too long: then the answer goes out as things stand.
    """
    stop_at = time.monotonic() + LONGEST_SECONDS
    while not run_job(job_id=job.pk) and time.monotonic() < stop_at:
        job.refresh_from_db(fields=["state"])
        if job.state != State.RUNNING:
            return
        time.sleep(_PAUSE_SECONDS)
