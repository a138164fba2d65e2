"""Who signed in and out, and who tried in vain, in the audit log of every organization he has a role in (domain.md 7.8).

Failures are only counted when they happen, in a row per address, and become one event a minute later, or when the person
signs in after all. So a stranger learns nothing from how long an answer takes, and can neither flood a log nor hold its chain.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q

from tenancy import audit
from tenancy.actors import Actor
from tenancy.models import AdminUser, Customer, FailedSignIn, Partner

QUIET = timedelta(minutes=1)
LONGEST = timedelta(minutes=5)
EMAIL_MAX = 320


@transaction.atomic
def record_sign_in(*, by: Actor) -> None:
    """Somebody signed in; what had failed with his address before stands in front of it."""
    if by.admin is None:
        return
    for failed in _taken([by.email]):
        _record_failure(by.admin, failed)
    _record("succeeded", f"{by.name} signed in", by.admin, by)


@transaction.atomic
def record_sign_out(*, by: Actor, why: str = "") -> None:
    """Somebody signed out, or his session ended by itself: `why` says so."""
    if by.admin:
        _record("ended", f"The session of {by.name} ended {why}" if why else f"{by.name} signed out", by.admin, by)


def count_failure(*, email: str, ip: str | None, user_agent: str, now: datetime) -> None:
    """Count a try that failed. The same work for an address that nobody has."""
    facts = {"last_at": now, "ip": ip, "user_agent": user_agent[:200]}
    FailedSignIn.objects.update_or_create(
        email=email.strip().lower()[:EMAIL_MAX],
        defaults=facts | {"count": F("count") + 1},
        create_defaults=facts | {"first_at": now},
    )


def record_failures(*, now: datetime) -> int:
    """Turn tries that have paused, or have gone on for minutes, into events; forget those with nobody's address.

    Returns how many became events.
    """
    due = FailedSignIn.objects.filter(Q(last_at__lte=now - QUIET) | Q(first_at__lte=now - LONGEST))
    return sum(_settle(email) for email in list(due.values_list("email", flat=True)))


@transaction.atomic
def _settle(email: str) -> int:
    admin = AdminUser.objects.filter(email=email).first()
    taken = _taken([email])
    if admin is None:
        return 0
    for failed in taken:
        _record_failure(admin, failed)
    return len(taken)


def _taken(emails: Iterable[str]) -> list[FailedSignIn]:
    """The counts of these addresses, which start from nothing again."""
    rows = list(FailedSignIn.objects.select_for_update().filter(email__in=emails))
    FailedSignIn.objects.filter(pk__in=[row.pk for row in rows]).delete()
    return rows


def _record_failure(admin: AdminUser, failed: FailedSignIn) -> None:
    by = Actor(admin=None, door="sign_in", org_name="Unknown person", ip=failed.ip, user_agent=failed.user_agent)
    first, last = failed.first_at, failed.last_at
    often = f", {failed.count} times from {first:%H:%M:%S} to {last:%H:%M:%S} UTC" if failed.count > 1 else ""
    changes = {"tries": [None, failed.count], "first": [None, first.isoformat()], "last": [None, last.isoformat()]}
    _record("failed", f"Failed sign-in as {admin.email}{often}", admin, by, changes)


def _record(verb: str, text: str, admin: AdminUser, by: Actor, changes: dict[str, Any] | None = None) -> None:
    for where in _organizations(admin):
        audit.record(action=f"sign_in.{verb}", text=text, target=admin, by=by, changes=changes, **where)


def _organizations(admin: AdminUser) -> Iterator[dict[str, Any]]:
    """Where somebody has a role, always in the same order: chains are locked one after the other."""
    for customer in Customer.objects.filter(role_assignments__admin=admin).distinct().order_by("pk"):
        yield {"customer": customer}
    for partner in Partner.objects.filter(role_assignments__admin=admin).distinct().order_by("pk"):
        yield {"partner": partner}
