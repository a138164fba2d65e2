"""Seats and intervals: the low-level moves that services and jobs share. No authorisation, no audit here.

A seat is one open assignment; `CustomerPackage.used` counts them. Taking one is a conditional update, so that forty
parallel requests never pass a limit of ten (reliability-security.md 0.6).
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db.models import F, Q

from controlhub.models import CustomerPackage, PackageAssignment, Subscriber, Workspace
from controlhub.services.constraints import named_errors
from tenancy.errors import DomainError
from tenancy.models import Customer
from tenancy.packages import PACKAGES, Kind, Package

Subject = Subscriber | Workspace


class LimitReached(DomainError):
    """Invariant 5 of domain.md 15: seat k+1 of limit k fails without side effects, by every door."""

    code = "limit_reached"

    def __init__(self, *, package: str, limit: int, used: int, asked: int) -> None:
        super().__init__(limit_sentence(package=package, limit=limit, used=used, asked=asked), field="package")
        self.package, self.limit, self.used, self.asked = package, limit, used, asked


class PackageNotEnabled(DomainError):
    code = "package_not_enabled"

    def __init__(self, *, package: str, status: str | None) -> None:
        name = package_name(package)
        text = {
            None: f"{name} is not enabled for this customer. Your service provider can enable it.",
            CustomerPackage.Status.PROVISIONING: f"{name} is still being enabled. Try again in a moment.",
            CustomerPackage.Status.ERROR: f"{name} could not be enabled. Retry its provisioning first.",
            CustomerPackage.Status.DELETING: f"{name} is being removed from this customer.",
        }
        super().__init__(text[status], field="package")  # type: ignore[index]
        self.package, self.status = package, status


class AlreadyAssigned(DomainError):
    code = "already_assigned"

    def __init__(self, *, subject: Subject, package: str) -> None:
        super().__init__(f"{subject} has {package_name(package)} already.", field="package")
        self.package = package


class IntervalTooEarly(DomainError):
    code = "interval_too_early"
    message = "A package cannot end before it started."


class DayClosed(DomainError):
    """Whoever bills has closed the day (UTC); what is closed never changes."""

    code = "day_closed"
    message = "The usage of that day is closed. Make the change from today on."


class UnknownPackage(DomainError):
    code = "unknown_package"
    message = "There is no such package."


class NeedsCalling(DomainError):
    """An add-on without the package it stands on (domain.md 2.4)."""

    code = "needs_calling"

    def __init__(self, package: str) -> None:
        hosts = ", ".join(package_name(code) for code in sorted(PACKAGES[package].needs_any))
        super().__init__(f"{package_name(package)} needs one of: {hosts}.", field="package")


def package_name(package: str) -> str:
    """The package's name as people know it; an unknown code stands for itself."""
    return PACKAGES[package].name if package in PACKAGES else package


def catalogue_entry(code: str) -> Package:
    """The package of a code. Raises UnknownPackage."""
    if code not in PACKAGES:
        raise UnknownPackage(field="package")
    return PACKAGES[code]


def limit_sentence(*, package: str, limit: int, used: int, asked: int) -> str:
    """Which package, its limit, how many are used, how many were asked for, and who can help."""
    return (
        f"{package_name(package)}: limit {limit}, {used} used, {asked} asked for. "
        "Your service provider can raise the limit."
    )


def lock_seats(customer: Customer, packages: Iterable[str]) -> None:
    """Lock several packages' counters in one order, so that two changes in opposite directions cannot deadlock."""
    rows = CustomerPackage.objects.select_for_update(no_key=True).filter(customer=customer, package__in=set(packages))
    list(rows.order_by("pk").values_list("pk", flat=True))


def take_seats(*, customer: Customer, package: str, count: int = 1) -> None:
    """Count `count` more open assignments. Raises PackageNotEnabled or LimitReached and then changes nothing."""
    rows = CustomerPackage.objects.filter(customer=customer, package=package)
    room = Q(limit=None) | Q(limit__gte=F("used") + count)
    if rows.filter(room, status=CustomerPackage.Status.PROVISIONED).update(used=F("used") + count):
        return
    row = rows.first()
    if row is None or row.status != CustomerPackage.Status.PROVISIONED:
        raise PackageNotEnabled(package=package, status=row.status if row else None)
    raise LimitReached(package=package, limit=row.limit or 0, used=row.used, asked=count)


def open_interval(*, subject: Subject, package: str, at: datetime) -> PackageAssignment:
    """Start usage at `at`. The seat must have been taken. Raises AlreadyAssigned when an interval overlaps."""
    return open_intervals([(subject, package)], at=at)[0]


def open_intervals(
    rows: Sequence[tuple[Subject, str]], *, at: datetime, savepoint: bool = True
) -> list[PackageAssignment]:
    """Start usage of several subjects at the same second, in one insert (`savepoint`: see `named_errors`)."""
    assignments = [_interval(subject, package, at) for subject, package in rows]
    subject, package = rows[0]
    overlap = AlreadyAssigned(subject=subject, package=package)
    with named_errors(
        {
            "one_base_package_at_a_time": lambda: overlap,
            "one_workspace_package_at_a_time": lambda: overlap,
            "one_add_on_of_a_kind_at_a_time": lambda: overlap,
            "closed_day_stays": DayClosed,
        },
        savepoint=savepoint,
    ):
        return PackageAssignment.objects.bulk_create(assignments)


def _interval(subject: Subject, package: str, at: datetime) -> PackageAssignment:
    who = {"subscriber": subject} if isinstance(subject, Subscriber) else {"workspace": subject}
    return PackageAssignment(
        partner=subject.customer.partner,
        customer=subject.customer,
        location=subject.location,
        package=package,
        is_base=PACKAGES[package].kind is Kind.BASE,
        started_at=at,
        **who,
    )


def open_assignments(subject: Subject) -> list[PackageAssignment]:
    """What the subject has right now, the base package first."""
    rows = subject.assignments.filter(ended_at=None).order_by("-is_base", "package")
    return list(rows)


def end_intervals(assignments: Sequence[PackageAssignment], *, at: datetime, keep_seats: bool = False) -> None:
    """Stop usage at `at` (the first second that no longer counts) and give the seats back, unless they are kept.

    An interval that somebody else ended meanwhile stays as it is. Raises IntervalTooEarly.
    """
    for assignment in assignments:
        with named_errors({"assignment_ends_later": IntervalTooEarly, "closed_day_stays": DayClosed}):
            ended = PackageAssignment.objects.filter(pk=assignment.pk, ended_at=None).update(ended_at=at)
        if ended:
            assignment.ended_at = at
            if not keep_seats:
                return_seat(customer=assignment.customer, package=assignment.package)


def return_seat(*, customer: Customer, package: str) -> None:
    """Count one seat less: of an interval that has ended, or of one that was only kept for somebody."""
    CustomerPackage.objects.filter(customer=customer, package=package).update(used=F("used") - 1)
