"""`tempDownloadURL`: a link to a report's file that needs no token, because the link is the secret (domain.md 6.2).

It is bound to the token that asked for it. Whoever follows it gets the file for a quarter of an hour, as long as the report is
there, the token lives, and its owner may still read the partner's billing: all of that is looked up again each time.
"""

from django.conf import settings
from django.core import signing
from django.urls import reverse

from api.errors import ApiError, not_found
from billing.links import LIFETIME_SECONDS
from billing.models import BillingReport
from billing.queries.reports import completed_report
from tenancy.access import level
from tenancy.policy import Control, Level
from tenancy.tokens import Bearer, Scope, bearer_behind

SALT = "api.report-download"


def url_of(report: BillingReport, bearer: Bearer) -> str:
    """A fresh link for the holder of a token."""
    signature = signing.dumps([str(report.public_id), bearer.token.pk], salt=SALT)
    return f"{settings.BASE_URL}{reverse('api:report-file', args=[signature])}"


def report_behind(signature: str) -> BillingReport:
    """The report whose file a link opens. Raises 410 when its time is over, 404 when it opens nothing (any more)."""
    try:
        report_id, token_id = signing.loads(signature, salt=SALT, max_age=LIFETIME_SECONDS)
    except signing.SignatureExpired as error:
        raise ApiError(
            410, "This link was good for 15 minutes. Get the report again: the answer has a new one."
        ) from error
    except signing.BadSignature as error:
        raise not_found("file") from error
    report, bearer = completed_report(report_id), bearer_behind(token_id)
    if report is None or bearer is None or Scope.REPORTS_READ not in bearer.scopes:
        raise not_found("file")
    if level(bearer.actor, Control.PARTNER_BILLING, partner=report.partner) < Level.READ_ONLY:
        raise not_found("file")
    return report
