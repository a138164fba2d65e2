"""Whoever needs Webex's answer runs the job himself, or waits for the worker that has been quicker."""

import threading
import time
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models.functions import Now

from api.waiting import State, finish
from provisioning.models import ProvisioningJob
from tests.cast import Cast, make_cast
from tests.factories import make_customer

LONG = timedelta(minutes=5)


@pytest.fixture
def job(transactional_db: None) -> ProvisioningJob:
    cast: Cast = make_cast()
    customer = make_customer(cast.north)
    return ProvisioningJob.objects.create(
        kind="create_subscribers", partner=cast.north, customer=customer, state="queued"
    )


def test_nobody_has_it_so_it_is_run_here(job: ProvisioningJob) -> None:
    finish(job)
    job.refresh_from_db()
    assert job.state == State.SUCCEEDED


def test_a_worker_has_it_so_it_is_waited_for(job: ProvisioningJob) -> None:
    lease = {"state": State.RUNNING, "lease_until": Now() + LONG}
    ProvisioningJob.objects.filter(pk=job.pk).update(**lease)

    def worker() -> None:
        time.sleep(0.2)
        ProvisioningJob.objects.filter(pk=job.pk).update(state=State.SUCCEEDED, lease_until=None, finished_at=Now())
        connection.close()

    thread = threading.Thread(target=worker)
    thread.start()
    finish(job)
    assert job.state == State.SUCCEEDED
    thread.join()


def test_what_has_to_wait_is_not_waited_for(job: ProvisioningJob) -> None:
    ProvisioningJob.objects.filter(pk=job.pk).update(state=State.RETRY_WAIT, next_run_at=Now() + LONG)
    started = time.monotonic()
    finish(job)
    assert time.monotonic() - started < 1
