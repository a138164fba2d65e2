"""What has to happen for a new customer, as the steps of its provisioning job (domain.md 2.2, 9.2)."""

from collections.abc import Iterable

from provisioning.queue import NewStep
from tenancy.packages import CATALOGUE

ONBOARD_CUSTOMER = "onboard_customer"
SCREENING = NewStep("screening", "Compliance screening")


def onboarding_steps(packages: Iterable[str], has_location: bool, has_meetings: bool) -> list[NewStep]:
    """The steps in their order: screening first, nothing before the organisation, packages one by one."""
    return [
        SCREENING,
        NewStep("organisation", "Create the organization"),
        *_services(packages, has_location, has_meetings),
        NewStep("invite_administrator", "Appoint the administrator"),
        NewStep("invitation_mail", "Send the invitation"),
    ]


def attaching_steps(
    packages: Iterable[str], has_location: bool, has_meetings: bool, *, with_consent: bool
) -> list[NewStep]:
    """The same for an organisation that exists: it is attached, not created, and keeps its administrators."""
    return [
        SCREENING,
        *([NewStep("consent", "Consent of the organization's administrators")] if with_consent else []),
        NewStep("attach", "Attach the organization"),
        *_services(packages, has_location, has_meetings),
        NewStep("administrators", "Keep the organization's administrators"),
    ]


def _services(packages: Iterable[str], has_location: bool, has_meetings: bool) -> list[NewStep]:
    """Packages follow the catalogue, so that an add-on comes after the package it needs."""
    wanted = set(packages)
    steps = [NewStep("package", f"Enable {p.name}", p.code) for p in CATALOGUE if p.code in wanted]
    if has_location:
        steps.append(NewStep("location", "Create the headquarters location"))
    if has_meetings:
        steps.append(NewStep("meeting_site", "Set up the meeting site"))
    return steps
