"""The worker dies between any two statements: nothing is lost, nothing is doubled, and the control shows that we would see it.

A "crash" raises out of the runner right before or after one statement of one job, as SIGKILL would stop it there. The
transaction under way rolls back, the claim's lease runs out, and another worker goes on.
"""

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.core import mail
from django.db import connection

from controlhub.jobs import packages
from partnerhub.jobs import onboarding
from provisioning import screening
from provisioning.models import ProvisioningJob, SimulatedEffect, SimulatedFault
from provisioning.runner import run_job
from provisioning.simulated import SimulatedWebex
from tenancy.models import AuditEvent, Customer, RoleAssignment
from tests.cast import Cast
from tests.provisioning.helpers import broken_invariants, effects, make_ordered_customer, order, run_to_end, states

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
EVERY = int(os.environ.get("CRASH_EVERY", "7"))  # 1 dies at every single statement (a minute); 7 is for every day
CLOUD_EFFECTS = [
    "screening:0",
    "organisation:",
    "package:webex_calling",
    "location:",
    "meeting_site:",
    "invite_administrator:",
]


class Killed(BaseException):
    """Stands for SIGKILL: nothing in the runner may catch it."""


class Executioner:
    """Counts the statements of a run and kills it at one of them, before or after it was executed."""

    def __init__(self, at: int | None, *, after: bool = False) -> None:
        self.at, self.after, self.count = at, after, 0

    def __call__(self, execute: Callable[..., Any], *args: Any) -> Any:
        self.count += 1
        mine = self.count == self.at
        if mine and not self.after:
            raise Killed
        result = execute(*args)
        if mine:
            raise Killed
        return result

    @contextmanager
    def watching(self) -> Iterator[None]:
        with connection.execute_wrapper(self):
            yield


class ForgetfulWebex(SimulatedWebex):
    """The positive control: a cloud that ignores the key, so that every repetition has an effect of its own."""

    def _call(self, operation: str, key: str, payload: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
        return super()._call(operation, f"{key}!{uuid.uuid4()}", payload, answer)


def use_cloud(monkeypatch: pytest.MonkeyPatch, cloud: SimulatedWebex) -> None:
    for module in (onboarding, packages, screening):
        monkeypatch.setattr(module, "gateway", lambda: cloud)
    monkeypatch.setattr("controlhub.jobs.locations.gateway", lambda: cloud)


def crash_once(job: ProvisioningJob, executioner: Executioner) -> bool:
    """Run until the executioner strikes; False when the job ended before."""
    try:
        with executioner.watching():
            run_job(job_id=job.pk)
    except Killed:
        return True
    return False


def ordered(cast: Cast) -> ProvisioningJob:
    return order(make_ordered_customer(cast.north, packages=("webex_calling",)), packages=("webex_calling",))


def facts(job: ProvisioningJob) -> dict[str, Any]:
    """Everything that must be there exactly once after a recovery."""
    customer = Customer.objects.get(pk=job.customer_id)
    events = AuditEvent.objects.filter(customer=customer).order_by("number")
    return {
        "states": set(states(job).values()),
        "job": job.state,
        "customer": customer.status,
        "effects": effects(job),
        "events": list(events.values_list("action", flat=True)),
        "roles": RoleAssignment.objects.filter(customer=customer).count(),
    }


def number_of_statements(cast: Cast) -> tuple[int, dict[str, Any]]:
    """How many statements a run without trouble has, and what it leaves behind."""
    counter = Executioner(at=None)
    job = ordered(cast)
    crash_once(job, counter)
    job.refresh_from_db()
    return counter.count, facts(job)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_dying_at_any_statement_loses_and_doubles_nothing(cast: Cast, after: bool) -> None:
    total, good = number_of_statements(cast)
    assert total > 100
    assert good["effects"] == CLOUD_EFFECTS
    for at in range(1 + after, total + 1, EVERY):
        mail.outbox.clear()
        job = ordered(cast)
        assert crash_once(job, Executioner(at, after=after)), at
        run_to_end(job)
        assert facts(job) == good, at
        assert 1 <= len(mail.outbox) <= 2
    assert broken_invariants() == []


def test_dying_while_a_customer_fails_leaves_it_failed(cast: Cast) -> None:
    SimulatedFault.objects.create(operation="create_organisation", kind="refused", message="No.")
    total, good = number_of_statements(cast)
    assert (good["customer"], good["states"], good["effects"]) == (
        "error",
        {"done", "failed", "skipped"},
        CLOUD_EFFECTS[:1],
    )
    for at in range(1, total + 1):
        job = ordered(cast)
        assert crash_once(job, Executioner(at)), at
        run_to_end(job)
        assert facts(job) == good, at
    assert broken_invariants() == []


def test_dying_again_and_again_loses_and_doubles_nothing(cast: Cast) -> None:
    _, good = number_of_statements(cast)
    SimulatedFault.objects.create(operation="enable_package", kind="answer_lost", remaining=2)
    job = ordered(cast)
    at, crashes = 15, 0  # far enough for one step to commit now and then: that is progress, so it is not given up
    while crash_once(job, Executioner(at)):
        crashes += 1
        ProvisioningJob.objects.filter(pk=job.pk, state="running").update(lease_until="2020-01-01T00:00Z")
        ProvisioningJob.objects.filter(pk=job.pk, state="retry_wait").update(next_run_at="2020-01-01T00:00Z")
        at += 5
    run_to_end(job)
    assert crashes >= 3
    assert facts(job) == good
    assert broken_invariants() == []


def test_control_a_cloud_that_ignores_keys_shows_doubles(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    total, _ = number_of_statements(cast)
    use_cloud(monkeypatch, ForgetfulWebex())
    broken = 0
    for at in range(1, total + 1, 3 * EVERY):
        job = ordered(cast)
        crash_once(job, Executioner(at))
        run_to_end(job)
        broken += SimulatedEffect.objects.filter(key__startswith=str(job.public_id)).count() > len(CLOUD_EFFECTS)
    assert broken > 0
    assert [name for name, _ in broken_invariants()] == ["I3"]
