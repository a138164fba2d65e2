"""Signed download links: for one report of one partner, for one person, for a quarter of an hour.

The link alone opens nothing: whoever follows it must be signed in as that person and still hold the right (ReportDownload).
"""

from django.core import signing

from billing.models import BillingReport
from tenancy.actors import Actor

LIFETIME_SECONDS = 15 * 60
SALT = "billing.report-download"


class LinkExpired(Exception):
    """It was a good link, but its time is over."""


class LinkInvalid(Exception):
    """Altered, or made for something or somebody else."""


def sign(report: BillingReport, *, by: Actor) -> str:
    """The signature that goes into the download URL."""
    return signing.dumps(_bound_to(report, by), salt=SALT)


def verify(signature: str, report: BillingReport, *, by: Actor) -> None:
    """Raise LinkExpired or LinkInvalid unless `signature` was made for this report and this person, just now."""
    try:
        bound_to = signing.loads(signature, salt=SALT, max_age=LIFETIME_SECONDS)
    except signing.SignatureExpired as error:
        raise LinkExpired from error
    except signing.BadSignature as error:
        raise LinkInvalid from error
    if bound_to != _bound_to(report, by):
        raise LinkInvalid


def _bound_to(report: BillingReport, by: Actor) -> list[object]:
    return [str(report.public_id), report.partner_id, by.admin_id]
