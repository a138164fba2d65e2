"""A queued step asks again whether the person who ordered it still may (reliability-security.md 2.1, cases 4 and 6; ADR 0008)."""

import pytest

from controlhub.models import CustomerPackage
from controlhub.services.subscribers import create_subscribers
from provisioning.models import ProvisioningJob
from provisioning.queue import retry_job
from tenancy.actors import SYSTEM
from tenancy.models import AdminUser, Customer
from tests.cast import Cast
from tests.controlhub.scene import make_scene, new_user
from tests.provisioning.helpers import effects, run_to_end, states


@pytest.fixture
def job(cast: Cast) -> ProvisioningJob:
    """Carla, who administers an unrestricted customer, has added a user; nothing has run yet."""
    scene = make_scene(cast.actor("partner_full"), cast.open_acme)
    _, job = create_subscribers(
        customer=cast.open_acme,
        users=[new_user(scene, "Ada", "webex_meetings")],
        by=cast.actor("customer_full").inside(cast.open_acme),
    )
    return job


def withdraw(cast: Cast, how: str) -> None:
    carla = cast.admins["customer_full"]
    if how == "role":
        carla.role_assignments.all().delete()
    elif how == "smaller role":
        carla.role_assignments.update(role="customer_readonly")
    elif how == "account":
        AdminUser.objects.filter(pk=carla.pk).update(is_active=False)
    else:
        Customer.objects.filter(pk=cast.open_acme.pk).update(restricted=True)


def seats(customer: Customer) -> int:
    return CustomerPackage.objects.get(customer=customer, package="webex_meetings").used


def test_with_the_right_it_runs(cast: Cast, job: ProvisioningJob) -> None:
    run_to_end(job)
    assert (job.state, bool(effects(job))) == ("succeeded", True)


@pytest.mark.parametrize("how", ["role", "smaller role", "account", "restricted mode"])
def test_without_it_nothing_reaches_the_cloud_and_the_seat_is_given_back(
    cast: Cast, job: ProvisioningJob, how: str
) -> None:
    withdraw(cast, how)
    run_to_end(job)
    assert (job.state, job.error_code, effects(job)) == ("failed", "not_allowed_any_more", [])
    assert seats(cast.open_acme) == 0


def test_somebody_who_may_tries_it_again_under_his_own_name(cast: Cast, job: ProvisioningJob) -> None:
    withdraw(cast, "role")
    run_to_end(job)
    retry_job(job=job, by=cast.actor("partner_full"))
    run_to_end(job)
    assert (job.state, job.requested_by) == ("succeeded", cast.admins["partner_full"])
    assert set(states(job).values()) == {"done"}
    assert seats(cast.open_acme) == 1


def test_what_the_portal_orders_itself_needs_nobody(cast: Cast, job: ProvisioningJob) -> None:
    ProvisioningJob.objects.filter(pk=job.pk).update(requested_by=SYSTEM.admin)
    withdraw(cast, "role")
    assert run_to_end(job).state == "succeeded"
