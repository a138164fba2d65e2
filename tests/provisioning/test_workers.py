"""Real workers: threads that want the same job, and Celery processes that are killed again and again."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
import redis
from django.conf import settings
from django.core import mail
from django.db import connection, connections

from config.embedded.urls import server_url
from provisioning.models import ProvisioningJob, SimulatedEffect, SimulatedFault
from provisioning.runner import run_job
from provisioning.sweeper import sweep
from tenancy.audit import verify_chain
from tenancy.models import AuditChain, AuditEvent, Customer
from tests.cast import make_cast
from tests.factories import make_partner
from tests.provisioning.helpers import broken_invariants, effects, make_ordered_customer, order

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
PROJECT = Path(__file__).resolve().parents[2]
CUSTOMERS = 12
KILLS = 3
EFFECTS_BETWEEN_KILLS = 8
DEADLINE_SECONDS = 90
CLOUD_EFFECTS = [
    "screening:0",
    "organisation:",
    "package:webex_calling",
    "package:attendant_console",
    "location:",
    "meeting_site:",
    "invite_administrator:",
]


def test_of_many_workers_one_runs_the_job() -> None:
    jobs = [order(make_ordered_customer(make_cast().north)), order(make_ordered_customer(make_partner()))]
    gate = threading.Barrier(8)
    won: list[int] = []

    def work(job: ProvisioningJob) -> None:
        gate.wait()
        try:
            if run_job(job_id=job.pk):
                won.append(job.pk)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=(jobs[n % 2],)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(won) == sorted(job.pk for job in jobs)
    assert [effects(job) for job in jobs] == [CLOUD_EFFECTS, CLOUD_EFFECTS]
    assert len(mail.outbox) == 2


def test_killing_celery_again_and_again_loses_and_doubles_nothing(tmp_path: Path) -> None:
    broker = redis.Redis.from_url(server_url(settings.REDIS_URL))
    broker.flushdb()
    partner = make_partner()
    for operation in ("enable_package", "create_location", "create_organisation"):
        SimulatedFault.objects.create(operation=operation, kind="answer_lost", remaining=3)
        SimulatedFault.objects.create(operation=operation, kind="unavailable", remaining=2)
    jobs = [order(make_ordered_customer(partner)) for _ in range(CUSTOMERS)]
    deadline = time.monotonic() + DEADLINE_SECONDS
    for kill in range(KILLS):
        with celery(tmp_path / f"{kill}.log"):
            wait_for(SimulatedEffect.objects.count() + EFFECTS_BETWEEN_KILLS, deadline)
            if kill == 1:
                broker.flushdb()
            if kill == 2:
                terminate_other_backends()
                wait_for(SimulatedEffect.objects.count() + EFFECTS_BETWEEN_KILLS, deadline)
    with celery(tmp_path / "last.log"):
        wait_for_all(deadline)
    assert_all_went_well(jobs)


def assert_all_went_well(jobs: list[ProvisioningJob]) -> None:
    assert set(ProvisioningJob.objects.values_list("state", flat=True)) == {"succeeded"}
    assert set(Customer.objects.values_list("status", flat=True)) == {"provisioned"}
    assert [effects(job) for job in jobs] == [CLOUD_EFFECTS] * CUSTOMERS
    ours = [str(job.public_id) for job in jobs]  # beside them each has sent the settings of its organisation
    done = AuditEvent.objects.filter(action="provisioning.step_done", target_id__in=ours).count()
    assert done == CUSTOMERS * (len(CLOUD_EFFECTS) + 1)
    assert [verify_chain(chain.tenant) for chain in AuditChain.objects.all()] == [""] * AuditChain.objects.count()
    assert broken_invariants() == []


@contextmanager
def celery(log: Path) -> Iterator[None]:
    """A real worker with two processes, killed as a whole at the end."""
    environ = os.environ | {
        "DJANGO_SETTINGS_MODULE": "config.settings_test",
        "DATABASE_URL": worker_database_url(),
        "PROVISIONING_LEASE_SECONDS": "2",
    }
    command = [
        sys.executable,
        "-m",
        "celery",
        "-A",
        "config.celery:app",
        "worker",
        "--concurrency",
        "2",
        "-l",
        "WARNING",
    ]
    with log.open("wb") as output:
        worker = subprocess.Popen(
            command, cwd=PROJECT, env=environ, stdout=output, stderr=output, start_new_session=True
        )
        try:
            yield
        finally:
            os.killpg(worker.pid, signal.SIGKILL)
            worker.wait()


def terminate_other_backends() -> None:
    """What a restart of PostgreSQL does to the workers."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def worker_database_url() -> str:
    parts = urlsplit(os.environ["DATABASE_URL"])
    return urlunsplit(parts._replace(path=f"/{connection.settings_dict['NAME']}"))


def wait_for(count: int, deadline: float) -> None:
    """Sweep, as beat would, until the cloud has done so much or everything is finished."""
    while SimulatedEffect.objects.count() < count and unfinished() and time.monotonic() < deadline:
        sweep()
        time.sleep(0.1)


def wait_for_all(deadline: float) -> None:
    while unfinished() and time.monotonic() < deadline:
        sweep()
        time.sleep(0.2)


def unfinished() -> bool:
    return ProvisioningJob.objects.exclude(state__in=["succeeded", "failed"]).exists()
