"""Compliance hold: who is held, what ends it, and what does not (domain.md section 10)."""

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db.models.functions import Now

from provisioning.models import ProvisioningJob, Screening, SimulatedFault
from provisioning.queue import retry_job
from provisioning.runner import run_job
from provisioning.screening import NotOnHold, ScreeningRejected, clear_screening, reject_screening
from tenancy.actors import SYSTEM
from tenancy.errors import Forbidden
from tenancy.models import AuditEvent, Customer
from tests.cast import Cast
from tests.provisioning.helpers import (
    broken_invariants,
    effects,
    make_due,
    make_ordered_customer,
    order,
    run_to_end,
    states,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def held(cast: Cast) -> Customer:
    """A customer whose name is on the list, after its first check."""
    customer = make_ordered_customer(cast.north, name="Sanctioned Trading Company")
    run_job(job_id=order(customer).pk)
    customer.refresh_from_db()
    return customer


def job_of(customer: Customer) -> ProvisioningJob:
    return ProvisioningJob.objects.get(customer=customer, kind="onboard_customer")


def actions(customer: Customer) -> list[str]:
    return list(AuditEvent.objects.filter(customer=customer).order_by("number").values_list("action", flat=True))


def test_a_possible_match_is_held_and_has_nothing(held: Customer, settings: Any) -> None:
    job = job_of(held)
    assert (held.status, held.screening.state, job.state) == ("pending_rpl_review", "possible_match", "retry_wait")
    assert effects(job) == ["screening:0"]
    assert set(held.packages.values_list("status", flat=True)) == {"provisioning"}
    assert broken_invariants() == []
    soon = Now() + timedelta(seconds=settings.SCREENING_RECHECK_SECONDS - 60)
    assert ProvisioningJob.objects.filter(pk=job.pk, next_run_at__gt=soon).exists()


def test_later_checks_are_calls_of_their_own(held: Customer) -> None:
    job = job_of(held)
    for _ in range(2):
        make_due(job)
        run_job(job_id=job.pk)
    held.screening.refresh_from_db()
    assert (effects(job), held.screening.checks) == (["screening:0", "screening:1", "screening:2"], 3)
    assert actions(held).count("customer.status_changed") == 1


def test_a_later_check_that_is_clear_ends_the_hold(cast: Cast) -> None:
    SimulatedFault.objects.create(operation="screen", kind="match", match="Harmless", remaining=2)
    customer = make_ordered_customer(cast.north, name="Harmless Ltd")
    job = run_to_end(order(customer))
    customer.refresh_from_db()
    assert (job.state, customer.status, customer.screening.state) == ("succeeded", "provisioned", "clear")
    changes = AuditEvent.objects.filter(customer=customer, action="customer.status_changed").order_by("number")
    assert [event.changes["status"] for event in changes] == [
        ["provisioning", "pending_rpl_review"],
        ["pending_rpl_review", "provisioning"],
        ["provisioning", "provisioned"],
    ]


def test_after_72_hours_operations_decide(held: Customer, settings: Any) -> None:
    job = job_of(held)
    Screening.objects.update(matched_at=Now() - timedelta(seconds=settings.SCREENING_ESCALATE_SECONDS))
    make_due(job)
    run_job(job_id=job.pk)
    held.screening.refresh_from_db()
    assert held.screening.state == "escalated"
    for _ in range(3):
        make_due(job)
        run_job(job_id=job.pk)
    assert actions(held).count("screening.escalated") == 1
    assert effects(job) == ["screening:0", "screening:1"]
    clear_screening(customer=held, note="Different company.", by=SYSTEM)
    assert run_to_end(job).state == "succeeded"
    held.refresh_from_db()
    assert held.status == "provisioned"


def test_operations_can_clear(held: Customer) -> None:
    clear_screening(customer=held, note="A namesake.", by=SYSTEM)
    job = job_of(held)
    assert run_job(job_id=job.pk) is True
    held.refresh_from_db()
    assert (job_of(held).state, held.status) == ("succeeded", "provisioned")
    assert (held.screening.state, held.screening.note) == ("cleared", "A namesake.")
    assert "screening.cleared" in actions(held)


def test_operations_can_reject_and_retry_is_no_way_around(held: Customer, cast: Cast) -> None:
    reject_screening(customer=held, note="On the list.", by=SYSTEM)
    job = run_to_end(job_of(held))
    held.refresh_from_db()
    assert (job.state, job.error_code, held.status) == ("failed", "screening_rejected", "error")
    assert states(job)["organisation"] == "skipped"
    with pytest.raises(ScreeningRejected):
        retry_job(job=job, by=cast.actor("partner_full"))
    held.refresh_from_db()
    assert (held.status, held.org_id, effects(job)) == ("error", None, ["screening:0"])
    assert broken_invariants() == []


@pytest.mark.parametrize("who", ["partner_full", "customer_full"])
def test_only_operations_decide(held: Customer, cast: Cast, who: str) -> None:
    with pytest.raises(Forbidden):
        clear_screening(customer=held, note="Please.", by=cast.actor(who))
    held.screening.refresh_from_db()
    assert held.screening.state == "possible_match"


def test_a_decision_needs_a_hold(cast: Cast) -> None:
    with pytest.raises(NotOnHold):
        clear_screening(customer=cast.acme, note="", by=SYSTEM)


def test_a_rename_does_not_end_a_hold(held: Customer) -> None:
    reject_screening(customer=held, note="", by=SYSTEM)
    Customer.objects.filter(pk=held.pk).update(name="Perfectly Fine Ltd")
    assert run_to_end(job_of(held)).error_code == "screening_rejected"


def test_when_screening_does_not_block_the_customer_is_flagged(cast: Cast, settings: Any) -> None:
    settings.SCREENING_BLOCKS = False
    customer = make_ordered_customer(cast.north, name="Embargo Exports")
    job = run_to_end(order(customer))
    customer.refresh_from_db()
    assert (job.state, customer.status, customer.screening.state) == ("succeeded", "provisioned", "possible_match")
    assert "screening.flagged" in actions(customer)


def test_command_lists_and_decides(held: Customer) -> None:
    out = StringIO()
    call_command("screening", stdout=out)
    assert f"{held.public_id}  Possible match" in out.getvalue()
    call_command("screening", str(held.public_id), "--clear", "--note", "Fine.", stdout=out)
    assert "Sanctioned Trading Company: cleared." in out.getvalue()
    with pytest.raises(CommandError):
        call_command("screening", str(held.public_id), "--reject", stdout=out)
    with pytest.raises(CommandError):
        call_command("screening", str(held.public_id), stdout=out)
