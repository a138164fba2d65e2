"""What has to happen for a new customer, as the steps of its provisioning job (domain.md 2.2)."""

from collections.abc import Iterable

from provisioning.queue import NewStep
from tenancy.packages import CATALOGUE

ONBOARD_CUSTOMER = "onboard_customer"


def onboarding_steps(packages: Iterable[str], has_location: bool, has_meetings: bool) -> list[NewStep]:
    """The steps in their order: screening first, nothing before the organisation, packages one by one.

    Packages follow the catalogue, so that an add-on comes after the package it needs.
    """
    wanted = set(packages)
    steps = [
        NewStep("screening", "Compliance screening"),
        NewStep("organisation", "Create the organization"),
        *(
            NewStep("package", f"Enable {package.name}", package.code)
            for package in CATALOGUE
            if package.code in wanted
        ),
    ]
    if has_location:
        steps.append(NewStep("location", "Create the headquarters location"))
    if has_meetings:
        steps.append(NewStep("meeting_site", "Set up the meeting site"))
    return [
        *steps,
        NewStep("invite_administrator", "Appoint the administrator"),
        NewStep("invitation_mail", "Send the invitation"),
    ]
