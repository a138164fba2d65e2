"""Rows of the portal as the public API says them. Pure translation: what may be seen was decided before."""

from collections.abc import Iterable
from typing import Any

from api import codes, ids
from api.queries import packages_now
from api.schemas.billing_reports import ListedReport, OrderedReport, ReportProblem, SpokenReport
from api.schemas.common import CodedError, Info, spoken_address
from api.schemas.customers import PackageState, ResourceDetails, SpokenCustomer
from api.schemas.subscribers import SpokenSubscriber
from billing.models import BillingReport
from controlhub.models import CustomerPackage, Subscriber
from partnerhub.services.attaching import AttachPlan, Rights
from tenancy.models import Customer
from tenancy.opaque_ids import opaque_id
from tenancy.packages import PACKAGES

KEPT = (
    "Its name, sign-in, settings and administrators stay as they are; the first user that you add does not become an "
    "administrator. Restricted by Partner Mode is off."
)


def customer(row: Customer, *, licenses: bool = False) -> SpokenCustomer:
    """A customer that came with its packages prefetched."""
    states = sorted(row.packages.all(), key=lambda package: list(PACKAGES).index(package.package))
    return SpokenCustomer(
        id=opaque_id(ids.CUSTOMER, row.public_id),
        org_id=opaque_id(ids.ORGANIZATION, row.org_id) or None,
        external_id=row.external_id,
        address=spoken_address(row),
        status=row.status,
        packages=[state.package for state in states],
        resource_details=ResourceDetails(packages=[_package(row, state, licenses=licenses) for state in states]),
        errors=_errors(states) or None,
    )


def attach_plan(plan: AttachPlan) -> list[Info]:
    """What attaching an organisation means, as good news of a precheck."""
    how = "automatically, and nobody is notified"
    if plan.with_consent:
        how = "once one of its administrators, who are asked by mail, has approved"
    decision = Info(
        info_code=codes.ATTACH_WITH_CONSENT if plan.with_consent else codes.ATTACH_AUTOMATIC,
        description=f"{plan.organisation.name} is attached {how}: it has {plan.reason.label}.",
    )
    rights = f"Your rights in it: {plan.rights.label}."
    if plan.rights is Rights.LIMITED:
        rights += " It has active licenses; ask its administrators for full administration."
    return [
        decision,
        Info(info_code=codes.ATTACH_RIGHTS, description=rights),
        Info(info_code=codes.ATTACH_KEEPS, description=KEPT),
    ]


def subscriber(row: Subscriber) -> SpokenSubscriber:
    """A subscriber that came through `api.queries.subscribers_of`."""
    return subscriber_with(row, packages_now(row))


def subscriber_with(row: Subscriber, packages: list[str]) -> SpokenSubscriber:
    """A subscriber whose packages are known: base package first, then add-ons."""
    waiting = row.status == Subscriber.Status.PENDING_USER_MIGRATION
    return SpokenSubscriber(
        id=opaque_id(ids.SUBSCRIBER, row.public_id),
        # Before Webex has made the person: the subscriber's own, which every operation takes for him from then on, too.
        person_id=None if waiting else opaque_id(ids.PERSON, row.person_id or row.public_id),
        email=row.email,
        customer_id=opaque_id(ids.CUSTOMER, row.customer.public_id),
        external_customer_id=row.customer.external_id,
        package=packages[0] if packages else None,
        packages=packages,
        status="pending_user_migration" if waiting else "provisioned",
        errors=[CodedError(error_code=codes.GENERAL, description=row.error)] if row.error else None,
        created=row.created_at,
        last_status_change=row.status_changed_at,
    )


def ordered_report(row: BillingReport, *, internal: bool | None = None) -> OrderedReport:
    """A report that was just ordered."""
    return OrderedReport(**_named_report(row), internal=internal)


def listed_report(row: BillingReport) -> ListedReport:
    """A report in a list."""
    return ListedReport(**_named_report(row), status=row.status)


def report(row: BillingReport, download_url: str | None) -> SpokenReport:
    """A whole report, with the link to its file if there is one."""
    problems = [ReportProblem(code=codes.number_of(row.error_code), description=row.error)] if row.error_code else None
    return SpokenReport(
        **_named_report(row),
        created=row.created_at,
        created_by=opaque_id(ids.PERSON, row.created_by.public_id) if row.created_by else None,
        status=row.status,
        tempDownloadURL=download_url,
        errors=problems,
    )


def _named_report(row: BillingReport) -> dict[str, Any]:
    return {
        "id": opaque_id(ids.REPORT, row.public_id),
        "billing_start_date": row.start_on,
        "billing_end_date": row.end_on,
        "type": row.type,
        "category": row.category,
    }


def license_id(customer: Customer, state: CustomerPackage) -> str:
    """The public id of a licence: the organization, and Webex's own key of the package (domain.md 0.4)."""
    return opaque_id(ids.LICENSE, f"{customer.org_id}:{state.license_id}")


def _package(row: Customer, state: CustomerPackage, *, licenses: bool) -> PackageState:
    problems = _errors([state])
    warnings = [problem for problem in problems if problem.error_code == codes.IN_MAINTENANCE]
    errors = [problem for problem in problems if problem.error_code != codes.IN_MAINTENANCE]
    return PackageState(
        name=state.package,
        status=state.status,
        warnings=warnings or None,
        errors=errors or None,
        license_ids=[license_id(row, state)] if licenses and state.license_id else None,
    )


def _errors(states: Iterable[CustomerPackage]) -> list[CodedError]:
    return [
        CodedError(error_code=codes.number_of(state.error_code), description=state.error)
        for state in states
        if state.error
    ]
