"""The runner without Celery: claims, leases, fencing, tries, waits, poison."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, transaction
from django.db.models.functions import Now

from provisioning import registry, runner
from provisioning.errors import Fenced, PermanentError, RetryableError, WaitUntil
from provisioning.models import ProvisioningJob
from provisioning.queue import NewStep, NothingToRetry, enqueue, retry_job
from provisioning.registry import JobType, StepContext, StepHandler
from provisioning.runner import MAX_SILENT_CLAIMS, MAX_TRIES, Run, backoff_seconds, claim, run_job
from tenancy.actors import SYSTEM
from tenancy.errors import DomainError, Forbidden
from tenancy.models import AuditEvent
from tests.cast import Cast
from tests.provisioning.helpers import make_due, run_to_end, states

pytestmark = pytest.mark.django_db


class Probe:
    """A kind of job whose steps do what the test says, and write down what happened."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.trouble: dict[str, list[BaseException]] = {}

    def call(self, context: StepContext) -> dict[str, Any]:
        self.log.append(f"call {context.item}")
        if self.trouble.get(context.item):
            raise self.trouble[context.item].pop(0)
        return {"answer": context.item}

    def apply(self, context: StepContext, result: dict[str, Any]) -> None:
        self.log.append(f"apply {result['answer']}")

    def failed(self, context: StepContext, error: PermanentError) -> None:
        self.log.append(f"failed {context.item} {error.code}")

    def finished(self, job: ProvisioningJob, steps: Any) -> None:
        self.log.append("finished")

    def restarted(self, job: ProvisioningJob, steps: Any, by: Any) -> None:
        self.log.append("restarted " + " ".join(step.item for step in steps))


@pytest.fixture
def probe(monkeypatch: pytest.MonkeyPatch) -> Iterator[Probe]:
    made = Probe()
    steps = {
        "part": StepHandler(made.call, made.apply, made.failed),
        "base": StepHandler(made.call, made.apply, made.failed, critical=True),
    }
    kind = JobType("Probe", steps, made.finished, made.restarted)
    monkeypatch.setattr(registry, "_kinds", registry.registered_kinds() | {"probe": kind})
    return made


def order(cast: Cast, *items: str, base: str = "") -> ProvisioningJob:
    steps = [NewStep("base", f"Base {base}", base)] if base else []
    steps += [NewStep("part", f"Part {item}", item) for item in items]
    with transaction.atomic():
        return enqueue(kind="probe", customer=cast.acme, steps=steps, by=SYSTEM)


def test_steps_run_in_order_once(cast: Cast, probe: Probe) -> None:
    job = order(cast, "a", "b")
    assert run_job(job_id=job.pk) is True
    job.refresh_from_db()
    assert (job.state, job.lease_until, job.error) == ("succeeded", None, "")
    assert probe.log == ["call a", "apply a", "call b", "apply b", "finished"]
    assert run_job(job_id=job.pk) is False
    assert len(probe.log) == 5


def test_a_job_belongs_to_its_deed(cast: Cast, probe: Probe, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError), transaction.atomic():
        enqueue(kind="probe", customer=cast.acme, steps=[], by=SYSTEM)
    with pytest.raises(ValueError), transaction.atomic():
        enqueue(kind="probe", customer=cast.acme, steps=[NewStep("unheard", "of")], by=SYSTEM)
    with pytest.raises(KeyError), transaction.atomic():
        enqueue(kind="unheard", customer=cast.acme, steps=[NewStep("part", "a")], by=SYSTEM)
    assert ProvisioningJob.objects.count() == 0


def test_only_one_claim_wins(cast: Cast, probe: Probe) -> None:
    job = order(cast, "a")
    first = claim(job.pk)
    assert first is not None
    assert (first.token, first.attempts, first.state) == (1, 1, "running")
    assert claim(job.pk) is None


def test_a_silent_worker_loses_its_claim(cast: Cast, probe: Probe) -> None:
    job = order(cast, "a")
    claim(job.pk)
    make_due(job)
    second = claim(job.pk)
    assert second is not None
    assert (second.token, second.attempts) == (2, 2)


def test_a_woken_zombie_changes_nothing(cast: Cast, probe: Probe) -> None:
    job = order(cast, "a", "b")
    zombie = claim(job.pk)
    assert zombie is not None
    run_to_end(job)
    before = (states(job), list(probe.log), AuditEvent.objects.count())
    with pytest.raises(Fenced):
        Run(zombie).go()
    assert (states(job), list(probe.log), AuditEvent.objects.count()) == before


def test_a_zombie_in_the_middle_of_its_call_commits_nothing(cast: Cast, probe: Probe) -> None:
    job = order(cast, "a")
    real_call = probe.call

    def slow(context: StepContext) -> dict[str, Any]:
        ProvisioningJob.objects.filter(pk=job.pk).update(token=99)  # somebody else claims it meanwhile
        return real_call(context)

    registry._kinds["probe"] = JobType("Probe", {"part": StepHandler(slow, probe.apply, probe.failed)}, probe.finished)
    assert run_job(job_id=job.pk) is True
    assert (probe.log, states(job)) == (["call a"], {"part a": "running"})


def test_retryable_trouble_waits_longer_each_time_then_fails(cast: Cast, probe: Probe) -> None:
    probe.trouble["a"] = [RetryableError("Busy.") for _ in range(9)]
    job = order(cast, "a", "b")
    for tries in range(1, MAX_TRIES):
        make_due(job)
        run_job(job_id=job.pk)
        job.refresh_from_db()
        assert (job.state, job.steps.get(item="a").attempts, job.attempts) == ("retry_wait", tries, 0)
        assert run_job(job_id=job.pk) is False
    run_to_end(job)
    step = job.steps.get(item="a")
    assert (step.state, step.error_code, step.attempts) == ("failed", "unavailable", MAX_TRIES)
    assert step.error == "Busy. This was tried 5 times; try it again later."
    assert probe.log == ["call a"] * MAX_TRIES + ["failed a unavailable", "call b", "apply b", "finished"]
    assert job.state == "failed"


def test_back_off_doubles_and_obeys_retry_after() -> None:
    for tries, low, high in [(1, 1, 3), (2, 2, 6), (3, 4, 12), (4, 8, 24), (20, 150, 450)]:
        assert low <= backoff_seconds(tries) <= high
    assert 100 <= backoff_seconds(1, after=100) <= 120


def test_waiting_costs_no_try(cast: Cast, probe: Probe) -> None:
    probe.trouble["a"] = [WaitUntil(seconds=600, reason="Not yet.") for _ in range(20)]
    job = run_to_end(order(cast, "a"))
    assert job.state == "succeeded"
    assert probe.log == ["call a"] * 21 + ["apply a", "finished"]


def test_a_failed_part_stops_nobody_else(cast: Cast, probe: Probe) -> None:
    probe.trouble["a"] = [PermanentError("no", "Never.")]
    job = run_to_end(order(cast, "a", "b"))
    assert (states(job), job.state, job.error) == ({"part a": "failed", "part b": "done"}, "failed", "Never.")
    assert probe.log == ["call a", "failed a no", "call b", "apply b", "finished"]


def test_a_failed_base_skips_the_rest(cast: Cast, probe: Probe) -> None:
    probe.trouble["x"] = [PermanentError("no", "Never.")]
    job = run_to_end(order(cast, "a", base="x"))
    assert states(job) == {"base x": "failed", "part a": "skipped"}
    assert probe.log == ["call x", "failed x no", "finished"]


def test_a_rule_that_says_no_is_a_failure_with_its_words(cast: Cast, probe: Probe) -> None:
    probe.trouble["a"] = [DomainError("The limit is reached.")]
    step = run_to_end(order(cast, "a")).steps.get()
    assert (step.state, step.error_code, step.error) == ("failed", "rule", "The limit is reached.")


def test_anything_unknown_fails_loudly(cast: Cast, probe: Probe, caplog: pytest.LogCaptureFixture) -> None:
    probe.trouble["a"] = [ZeroDivisionError("oops")]
    step = run_to_end(order(cast, "a")).steps.get()
    assert (step.state, step.error_code) == ("failed", "unexpected")
    assert "ZeroDivisionError: oops" in step.result["trace"]
    assert "oops" not in step.error


def test_a_lost_database_is_not_the_steps_fault(cast: Cast, probe: Probe) -> None:
    probe.trouble["a"] = [OperationalError("gone")]
    job = order(cast, "a")
    with pytest.raises(OperationalError):
        run_job(job_id=job.pk)
    assert run_to_end(job).state == "succeeded"


def test_a_job_that_kills_its_worker_stops_after_a_few(cast: Cast, probe: Probe) -> None:
    probe.trouble["a"] = [SystemExit() for _ in range(99)]
    job = order(cast, "a", "b")
    for _ in range(MAX_SILENT_CLAIMS):
        make_due(job)
        with pytest.raises(SystemExit):
            run_job(job_id=job.pk)
    run_to_end(job)
    assert probe.log == ["call a"] * MAX_SILENT_CLAIMS + ["failed a crashed", "call b", "apply b", "finished"]
    assert (job.state, states(job)) == ("failed", {"part a": "failed", "part b": "done"})


def test_a_job_that_cannot_even_fail_is_given_up(cast: Cast, probe: Probe, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setitem(registry._kinds, "probe", JobType("Probe", {"part": StepHandler(probe.call)}, broken))
    job = order(cast, "a")
    for _ in range(2 * MAX_SILENT_CLAIMS + 1):
        make_due(job)
        with pytest.raises(ZeroDivisionError):
            run_job(job_id=job.pk)
    run_to_end(job)
    assert (job.state, job.error_code) == ("failed", "crashed")


def test_a_kind_of_an_older_version_fails_with_words(cast: Cast, probe: Probe) -> None:
    job = order(cast, "a")
    ProvisioningJob.objects.filter(pk=job.pk).update(kind="forgotten")
    run_job(job_id=job.pk)
    job.refresh_from_db()
    assert (job.state, job.error_code) == ("failed", "unknown_kind")


def test_retry_repeats_what_failed_and_is_audited(cast: Cast, probe: Probe) -> None:
    probe.trouble["b"] = [PermanentError("no", "Never.")]
    job = run_to_end(order(cast, "a", "b"))
    retry_job(job=job, by=cast.actor("partner_full"))
    assert run_to_end(job).state == "succeeded"
    assert probe.log[-4:] == ["restarted b", "call b", "apply b", "finished"]
    event = AuditEvent.objects.get(action="job.retried")
    assert (event.actor, event.text) == (cast.admins["partner_full"], "Paula Full tried again: Part b")


@pytest.mark.parametrize("who", ["partner_readonly", "helpdesk", "customer_readonly", "other_partner_full"])
def test_retry_needs_the_right(cast: Cast, probe: Probe, who: str) -> None:
    probe.trouble["a"] = [PermanentError("no", "Never.")]
    job = run_to_end(order(cast, "a"))
    with pytest.raises(Forbidden):
        retry_job(job=job, by=cast.actor(who))
    job.refresh_from_db()
    assert (job.state, AuditEvent.objects.filter(action="job.retried").count()) == ("failed", 0)


def test_there_is_nothing_to_retry_in_a_good_job(cast: Cast, probe: Probe) -> None:
    job = run_to_end(order(cast, "a"))
    with pytest.raises(NothingToRetry):
        retry_job(job=job, by=SYSTEM)


def test_times_are_the_databases(cast: Cast, probe: Probe, time_machine: Any) -> None:
    time_machine.move_to("2001-01-01")
    job = order(cast, "a")
    assert run_job(job_id=job.pk) is True
    job.refresh_from_db()
    assert ProvisioningJob.objects.filter(pk=job.pk, finished_at__gt=Now() - timedelta(minutes=1)).exists()


def test_a_long_job_lets_others_have_a_turn(cast: Cast, probe: Probe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "TURN_SECONDS", 0)
    job = order(cast, "a", "b")
    run_job(job_id=job.pk)
    job.refresh_from_db()
    assert (job.state, states(job)) == ("queued", {"part a": "done", "part b": "pending"})
    run_job(job_id=job.pk)
    job.refresh_from_db()
    assert (job.state, probe.log) == ("succeeded", ["call a", "apply a", "call b", "apply b", "finished"])
