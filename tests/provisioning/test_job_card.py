"""The job card: who sees it, what it says, when it stops asking, and Retry."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from provisioning.models import ProvisioningJob, SimulatedFault
from provisioning.queries import latest_job, progress_of
from provisioning.runner import run_job
from tenancy.models import AuditEvent, Customer, RoleAssignment
from tenancy.policy import Role
from tests.cast import Cast
from tests.launching import launch
from tests.provisioning.helpers import make_ordered_customer, order, run_to_end

pytestmark = pytest.mark.django_db
HTMX = {"HTTP_HX_REQUEST": "true"}
SignIn = Callable[[str], Client]


@pytest.fixture
def customer(cast: Cast) -> Customer:
    customer = make_ordered_customer(cast.north, name="Carded Company")
    RoleAssignment.objects.create(admin=cast.admins["customer_full"], role=Role.CUSTOMER_FULL, customer=customer)
    return customer


@pytest.fixture
def job(customer: Customer) -> ProvisioningJob:
    return order(customer)


@pytest.fixture
def failed_job(job: ProvisioningJob) -> ProvisioningJob:
    SimulatedFault.objects.create(
        operation="enable_package",
        match="attendant_console",
        kind="refused",
        message="No licence left. Order one, then retry.",
        remaining=1,
    )
    return run_to_end(job)


def card(job: ProvisioningJob) -> str:
    return reverse("provisioning:job-card", args=[job.public_id])


def retry(job: ProvisioningJob) -> str:
    return reverse("provisioning:job-retry", args=[job.public_id])


@pytest.mark.parametrize("who", ["partner_full", "partner_plain", "partner_readonly", "helpdesk", "customer_full"])
def test_its_own_people_see_it(job: ProvisioningJob, sign_in: SignIn, who: str) -> None:
    page = sign_in(who).get(card(job))
    assert page.status_code == 200
    assert "Create the organization" in page.content.decode()
    assert "<nav" in page.content.decode()


@pytest.mark.parametrize("who", ["other_partner_full", "customer_restricted", "subpartner_full", "partner_admin"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_strangers_get_404(failed_job: ProvisioningJob, sign_in: SignIn, who: str, method: str) -> None:
    client = sign_in(who)
    answer = client.get(card(failed_job)) if method == "get" else client.post(retry(failed_job))
    assert answer.status_code == 404
    failed_job.refresh_from_db()
    assert failed_job.state == "failed"


def test_an_open_card_polls_and_a_finished_one_does_not(job: ProvisioningJob, sign_in: SignIn) -> None:
    client = sign_in("partner_full")
    assert 'hx-trigger="every 2s"' in client.get(card(job), **HTMX).content.decode()
    run_to_end(job)
    answer = client.get(card(job), **HTMX)
    text = answer.content.decode()
    assert "hx-trigger" not in text
    assert "<html" not in text
    assert "All steps are done." in text
    assert "job-finished" in answer.headers["HX-Trigger"]


def test_nothing_new_is_204_and_news_ride_with_the_status(job: ProvisioningJob, sign_in: SignIn) -> None:
    client = sign_in("partner_full")
    seen = progress_of(latest_job(job.customer)).fingerprint
    assert client.get(card(job), {"seen": seen}, **HTMX).status_code == 204
    run_job(job_id=job.pk)
    answer = client.get(card(job), {"seen": seen}, **HTMX)
    text = answer.content.decode()
    assert answer.status_code == 200
    assert text.count('hx-swap-oob="innerHTML"') == 1
    assert "card__head" not in text


def test_progress_and_failures_in_words(failed_job: ProvisioningJob, sign_in: SignIn) -> None:
    text = sign_in("partner_full").get(card(failed_job)).content.decode()
    assert "7 of 8 steps done, 1 failed. Retry repeats only what failed." in text
    assert "No licence left. Order one, then retry." in text
    assert "Retry what failed" in text


def test_on_hold_in_words(cast: Cast, sign_in: SignIn) -> None:
    customer = make_ordered_customer(cast.north, name="Sanctioned Trading")
    job = order(customer)
    run_job(job_id=job.pk)
    text = sign_in("partner_full").get(card(job)).content.decode()
    assert "On hold at step 1 of 8: Compliance screening." in text
    assert "Compliance review. Nothing is needed from you" in text


def test_retry_by_htmx_gives_the_card_back(failed_job: ProvisioningJob, sign_in: SignIn) -> None:
    answer = sign_in("partner_full").post(retry(failed_job), **HTMX)
    assert answer.status_code == 200
    assert 'hx-trigger="every 2s"' in answer.content.decode()
    failed_job.refresh_from_db()
    assert failed_job.state == "queued"


def test_retry_without_htmx_leads_back(failed_job: ProvisioningJob, sign_in: SignIn) -> None:
    answer = sign_in("customer_full").post(retry(failed_job))
    assert (answer.status_code, answer.headers["Location"]) == (302, card(failed_job))


def test_a_second_retry_says_that_there_is_nothing_to_do(failed_job: ProvisioningJob, sign_in: SignIn) -> None:
    client = sign_in("partner_full")
    client.post(retry(failed_job))
    answer = client.post(retry(failed_job), **HTMX)
    assert answer.status_code == 422
    assert "nothing to try again" in answer.content.decode()
    assert AuditEvent.objects.filter(action="job.retried").count() == 1


@pytest.mark.parametrize("who", ["partner_readonly", "helpdesk"])
def test_readers_may_not_retry(failed_job: ProvisioningJob, sign_in: SignIn, who: str) -> None:
    client = sign_in(who)
    assert "Your role may not retry this." in client.get(card(failed_job)).content.decode()
    assert client.post(retry(failed_job)).status_code == 403
    failed_job.refresh_from_db()
    assert failed_job.state == "failed"


def test_in_a_launched_session_the_card_is_in_control_hub_and_audited_so(
    failed_job: ProvisioningJob, cast: Cast, sign_in: SignIn
) -> None:
    failed_job.customer.refresh_from_db()
    client = sign_in("partner_full")
    started = launch(client, customer=failed_job.customer, by=cast.actor("partner_full"))
    ids = [failed_job.customer.public_id, failed_job.public_id]
    assert "Control Hub" in client.get(reverse("controlhub:job-card", args=ids)).content.decode()
    client.post(reverse("controlhub:job-retry", args=ids))
    event = AuditEvent.objects.get(action="job.retried")
    assert (event.launch, event.actor) == (started, cast.admins["partner_full"])


def test_the_card_needs_few_queries(
    job: ProvisioningJob, sign_in: SignIn, django_assert_max_num_queries: Callable
) -> None:
    client = sign_in("partner_full")
    with django_assert_max_num_queries(12):
        client.get(card(job))
