"""What has to happen when a customer's wholesale services end, as the steps of a job (domain.md 2.8)."""

from collections.abc import Collection

from provisioning.queue import NewStep
from tenancy.packages import CATALOGUE

DELETE_CUSTOMER = "delete_customer"


def deletion_steps(packages: Collection[str], *, in_webex: bool) -> list[NewStep]:
    """Packages one by one, add-ons first; the organisation is released last. Without one in Webex only the end is left."""
    steps = [
        NewStep("package", f"Remove {package.name}", package.code)
        for package in reversed(CATALOGUE)
        if package.code in packages and in_webex
    ]
    return [*steps, NewStep("release", "Release the organization")]
