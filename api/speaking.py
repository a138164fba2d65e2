"""Rows of the portal as the public API says them. Pure translation: what may be seen was decided before."""

from collections.abc import Iterable

from api import codes, ids
from api.queries import packages_now
from api.schemas.common import CodedError, spoken_address
from api.schemas.customers import PackageState, ResourceDetails, SpokenCustomer
from api.schemas.subscribers import SpokenSubscriber
from controlhub.models import CustomerPackage, Subscriber
from tenancy.models import Customer
from tenancy.opaque_ids import opaque_id
from tenancy.packages import PACKAGES


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


def subscriber(row: Subscriber) -> SpokenSubscriber:
    """A subscriber that came through `api.queries.subscribers_of`."""
    packages = packages_now(row)
    waiting = row.status == Subscriber.Status.PENDING_USER_MIGRATION
    return SpokenSubscriber(
        id=opaque_id(ids.SUBSCRIBER, row.public_id),
        person_id=None if waiting else opaque_id(ids.PERSON, row.person_id) or None,
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
