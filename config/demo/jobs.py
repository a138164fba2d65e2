"""The onboarding job of each demo customer, as the runner would have left it."""

from datetime import datetime, timedelta

from django.utils import timezone

from config.demo.story import CustomerStory
from controlhub.models import Location
from partnerhub.services.onboarding import ONBOARD_CUSTOMER, onboarding_steps
from provisioning.models import ProvisioningJob, ProvisioningStep, Screening
from provisioning.queries import WAITING_CODE
from provisioning.queue import NewStep
from provisioning.screening import HELD
from tenancy.models import Customer
from tenancy.packages import PACKAGES, needs_calling

MAINTENANCE = "Calling services are in maintenance, provisioning has not started."
STEP = timedelta(seconds=2)
# At which step the job waits, and why. Held by screening: nothing is done yet. In maintenance: the organisation is made.
WAITS = {"pending_rpl_review": (0, WAITING_CODE, HELD), "provisioning": (2, "2560", MAINTENANCE)}
State, StepState = ProvisioningJob.State, ProvisioningStep.State


def make_onboarding_job(customer: Customer, story: CustomerStory, *, at: datetime) -> ProvisioningJob:
    """The job with its steps: all done, one package failed, waiting for maintenance, or held by screening."""
    wanted = onboarding_steps(story.packages, _has_location(customer, story), _has_meetings(story))
    end = at + STEP * len(wanted)
    job = ProvisioningJob.objects.create(
        kind=ONBOARD_CUSTOMER,
        partner=customer.partner,
        customer=customer,
        created_at=at,
        attempts=1,
        token=1,
        **_job_columns(story, end),
    )
    for position, step in enumerate(wanted):
        _make_step(job, story, position, step, at=at + STEP * position)
    _screen(customer, story, at)
    return job


def _has_location(customer: Customer, story: CustomerStory) -> bool:
    return needs_calling(set(story.packages)) and Location.objects.filter(customer=customer).exists()


def _has_meetings(story: CustomerStory) -> bool:
    return any(PACKAGES[code].meetings for code in story.packages)


def _job_columns(story: CustomerStory, end: datetime) -> dict[str, object]:
    if story.mood == "provisioning":
        soon = timezone.now() + timedelta(hours=6)
        return {"state": State.RETRY_WAIT, "next_run_at": soon, "error_code": "2560", "error": MAINTENANCE}
    if story.mood == "pending_rpl_review":
        return {"state": State.RETRY_WAIT, "next_run_at": timezone.now() + timedelta(hours=1)}
    if story.failed:
        return {"state": State.FAILED, "finished_at": end, "error": next(iter(story.failed.values()))}
    return {"state": State.SUCCEEDED, "finished_at": end}


def _make_step(job: ProvisioningJob, story: CustomerStory, position: int, step: NewStep, *, at: datetime) -> None:
    failed = step.name == "package" and step.item in story.failed
    waits_at, code, why = WAITS.get(story.mood, (position + 1, "", ""))
    waiting = position >= waits_at
    if failed:
        code, why = "not_offered", story.failed[step.item]
    state = StepState.FAILED if failed else StepState.PENDING if waiting else StepState.DONE
    ProvisioningStep.objects.create(
        job=job,
        position=position,
        name=step.name,
        item=step.item,
        title=step.title,
        state=state,
        attempts=0 if waiting else 1,
        error_code=code if failed or position == waits_at else "",
        error=why if failed or position == waits_at else "",
        started_at=None if waiting else at,
        finished_at=None if waiting else at + STEP,
    )


def _screen(customer: Customer, story: CustomerStory, at: datetime) -> None:
    held = story.mood == "pending_rpl_review"
    Screening.objects.create(
        customer=customer,
        state=Screening.State.POSSIBLE_MATCH if held else Screening.State.CLEAR,
        checks=1,
        matched_at=at if held else None,
    )
