"""The doorbell may be silent, the queue flushed, the worker dead: the sweeper finds everything that is due."""

import socket
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import transaction
from django.db.models.functions import Now
from kombu import pools
from kombu.exceptions import OperationalError
from redis.connection import AbstractConnection

from provisioning import bell as bells
from provisioning import queue, runner, sweeper, tasks
from provisioning.bell import Bell
from provisioning.models import ProvisioningJob
from tenancy.actors import SYSTEM
from tests.cast import Cast
from tests.provisioning.helpers import make_due, make_ordered_customer, order

pytestmark = pytest.mark.django_db


@pytest.fixture
def job(cast: Cast) -> ProvisioningJob:
    return order(make_ordered_customer(cast.north))


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Ids for which the bell was rung, in order; nothing is published."""
    ids: list[int] = []
    monkeypatch.setattr(Bell, "_publish", lambda self, job_ids: ids.extend(job_ids))
    return ids


def age(job: ProvisioningJob, seconds: int, **values: object) -> None:
    past = Now() - timedelta(seconds=seconds)
    ProvisioningJob.objects.filter(pk=job.pk).update(next_run_at=past, **values)


def test_the_bell_rings_after_the_commit(
    cast: Cast, rung: list[int], django_capture_on_commit_callbacks: object
) -> None:
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        job = order(make_ordered_customer(cast.north))
        assert rung == []
    assert rung == [job.pk]


def test_a_broker_that_is_down_fails_no_request(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: object
) -> None:
    def down(self: Bell, job_ids: list[int]) -> None:
        raise OperationalError("down")

    monkeypatch.setattr(Bell, "_publish", down)
    monkeypatch.setattr(queue, "bell", Bell())
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        job = order(make_ordered_customer(cast.north))
    assert ProvisioningJob.objects.get(pk=job.pk).state == "queued"


def test_after_a_failure_the_bell_is_quiet_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[list[int]] = []

    def down(self: Bell, job_ids: list[int]) -> None:
        tried.append(job_ids)
        raise OperationalError("down")

    monkeypatch.setattr(Bell, "_publish", down)
    bell = Bell()
    assert [bell.ring([1]), bell.ring([2])] == [False, False]
    assert tried == [[1]]
    monkeypatch.setattr(bells, "QUIET_SECONDS", 0)
    bell._quiet_until = 0
    bell.ring([3])
    bell.ring([4])
    assert tried == [[1], [3], [4]]


def test_a_fresh_job_is_left_to_its_own_bell(job: ProvisioningJob) -> None:
    assert sweeper.take_offers() == []


def test_a_queued_job_without_an_answer_is_offered_once_in_a_while(job: ProvisioningJob, rung: list[int]) -> None:
    age(job, 3)
    assert [sweeper.sweep(), sweeper.sweep()] == [1, 0]
    age(job, 3, offered_at=Now() - timedelta(seconds=sweeper.OFFER_AGAIN_SECONDS + 1))
    assert sweeper.sweep() == 1
    assert rung == [job.pk, job.pk]


def test_a_job_whose_wait_is_over_is_offered(job: ProvisioningJob) -> None:
    age(job, 1, state="retry_wait")
    assert sweeper.take_offers() == [job.pk]


def test_a_job_whose_wait_is_not_over_is_left_alone(job: ProvisioningJob) -> None:
    age(job, -60, state="retry_wait")
    assert sweeper.take_offers() == []


def test_a_job_whose_worker_went_silent_is_offered(job: ProvisioningJob) -> None:
    runner.claim(job.pk)
    assert sweeper.take_offers() == []
    make_due(job)
    assert sweeper.take_offers() == [job.pk]


def test_jobs_run_without_any_broker(job: ProvisioningJob) -> None:
    out = StringIO()
    call_command("run_jobs", stdout=out)
    job.refresh_from_db()
    assert (job.state, out.getvalue()) == ("succeeded", "1 jobs worked on.\n")


def test_tasks_only_call(job: ProvisioningJob, rung: list[int]) -> None:
    age(job, 3)
    tasks.sweep_jobs()
    assert rung == [job.pk]
    tasks.run_job(job_id=job.pk)
    job.refresh_from_db()
    assert job.state == "succeeded"


def test_the_canary_sings(db: None) -> None:
    tasks.canary()
    from_cache = tasks.cache.get("canary")
    assert isinstance(from_cache, int)


def test_a_rolled_back_order_leaves_no_job_and_rings_nobody(cast: Cast, rung: list[int]) -> None:
    customer = make_ordered_customer(cast.north)
    with transaction.atomic():
        order(customer)
        transaction.set_rollback(True)
    assert (ProvisioningJob.objects.count(), rung) == (0, [])


def test_an_order_outside_a_transaction_is_refused(monkeypatch: pytest.MonkeyPatch, cast: Cast) -> None:
    class NoTransaction:
        in_atomic_block = False

    monkeypatch.setattr(queue.transaction, "get_connection", NoTransaction)
    with pytest.raises(RuntimeError):
        queue.enqueue(kind="onboard_customer", customer=cast.acme, steps=[queue.NewStep("screening", "x")], by=SYSTEM)


def test_every_thread_rings_the_portals_own_broker() -> None:
    found: list[str] = []
    thread = threading.Thread(target=lambda: found.append(bells.current_app.main))
    thread.start()
    thread.join()
    assert found == ["portal"]


@pytest.fixture
def frozen_broker(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A broker that takes connections and never answers, as a stopped Redis does."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(50)
        address = f"redis://127.0.0.1:{listener.getsockname()[1]}/0"
        monkeypatch.setitem(bells.current_app.conf, "broker_write_url", address)
        yield


def test_a_frozen_broker_costs_one_request_a_moment_and_the_next_nothing(frozen_broker: None) -> None:
    bell = Bell()
    started = time.monotonic()
    assert bell.ring([1]) is False
    first = time.monotonic()
    assert [bell.ring([n]) for n in range(50)] == [False] * 50
    assert first - started < 1.5
    assert time.monotonic() - first < 0.1


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[AbstractConnection]:
    """Connections to Redis that this process opens from here on."""
    found: list[AbstractConnection] = []
    greet = AbstractConnection.on_connect_check_health

    def opening(self: AbstractConnection, *arguments: Any, **options: Any) -> None:
        found.append(self)
        greet(self, *arguments, **options)

    monkeypatch.setattr(AbstractConnection, "on_connect_check_health", opening)
    pools.reset()
    return found


def test_the_bell_keeps_its_connection(opened: list[AbstractConnection]) -> None:
    bell = Bell()
    assert bell.ring([0])
    first = len(opened)
    assert [bell.ring([0]) for _ in range(20)] == [True] * 20
    assert (first > 0, len(opened)) == (True, first)


def test_the_bell_rings_again_after_the_broker_has_hung_up(opened: list[AbstractConnection]) -> None:
    bell = Bell()
    assert bell.ring([0])
    first = len(opened)
    for connection in opened:
        if connection._sock:
            connection._sock.shutdown(socket.SHUT_RDWR)
    assert bell.ring([0])
    assert len(opened) > first
