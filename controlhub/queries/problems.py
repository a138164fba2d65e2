"""What of a customer needs somebody's attention now, and the way to mend it."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, Q
from django.urls import reverse
from django.utils import timezone

from controlhub.models import ConsentRequest, CustomerPackage, Location, Subscriber
from controlhub.queries.overview import some
from controlhub.queries.packages import PackageMeter
from controlhub.queries.support import open_rights
from controlhub.queries.users import MAIL_STOPPED, NO_NUMBER, narrowed_by_status
from tenancy.models import Customer, Partner, TemporaryRights
from tenancy.policy import Control, Level

ORDER = ("error", "warning", "info")


@dataclass(frozen=True)
class Way:
    """Where a problem is mended, for whoever has at least `need` of `control`."""

    url: str
    action: str
    control: Control
    need: Level = Level.READ_ONLY


@dataclass(frozen=True)
class Problem:
    """Something that does not work. `otherwise` says who mends it, to whom the way is closed or when there is none."""

    level: str
    title: str
    detail: str
    way: Way | None = None
    otherwise: str = ""


def problems(customer: Customer, meters: list[PackageMeter], places: list[Location]) -> list[Problem]:
    """The open problems, the worst first. Failed jobs are shown as cards beside them. Two queries."""
    found = [
        *_of_the_organisation(customer),
        *_of_packages(customer, meters),
        *_of_people(customer),
        *_of_rights(customer),
    ]
    if any(meter.package.calling for meter in meters):
        found += _of_numbers(customer, places)
    return sorted(found, key=lambda problem: ORDER.index(problem.level))


def _way(customer: Customer, name: str, action: str, control: Control, *, query: str = "", **fields: Any) -> Way:
    url = reverse(f"controlhub:{name}", args=[customer.public_id])
    return Way(url + (f"?{query}" if query else ""), action, control, **fields)


def _of_the_organisation(customer: Customer) -> list[Problem]:
    found = []
    if customer.status == Customer.Status.PENDING_RPL_REVIEW:
        found.append(
            Problem(
                "warning",
                "On hold for a compliance review",
                "The company is being checked against the lists of restricted parties. Nothing is set up until that is "
                "decided; it is checked again by itself, and operations look at it after three days.",
            )
        )
    if customer.partner.state == Partner.State.SUSPENDED:
        name = customer.partner.name
        detail = f"{name} is suspended: nothing can be added or changed, only taken away."
        found.append(Problem("error", "The service provider is suspended", detail, otherwise=f"Ask {name}."))
    return found


def _of_packages(customer: Customer, meters: list[PackageMeter]) -> list[Problem]:
    limits = Way(
        reverse("partnerhub:customer-packages", args=[customer.partner.public_id, customer.public_id]),
        "Change the limit in Partner Hub",
        Control.PARTNER_PROVISIONING,
        Level.EDIT,
    )
    failed = [
        Problem("error", f"{meter.package.name} could not be set up", meter.error or "Retry the failed step below.")
        for meter in meters
        if meter.status == CustomerPackage.Status.ERROR
    ]
    return failed + [
        Problem(
            "warning",
            f"{meter.package.name} is used up",
            f"All {meter.limit} are assigned.",
            limits,
            "More can be assigned once the service provider raises the limit.",
        )
        for meter in meters
        if meter.full and meter.counted
    ]


def _of_people(customer: Customer) -> list[Problem]:
    living = customer.subscribers.filter(deleted_at=None).order_by()
    expired = customer.consent_requests.filter(
        state=ConsentRequest.State.PENDING, sent_at__lt=timezone.now() - ConsentRequest.LINK_LIFETIME
    )
    rows = Customer.objects.annotate(
        failed=Exists(living.filter(status=Subscriber.Status.FAILED)),
        stopped=Exists(living.filter(narrowed_by_status(MAIL_STOPPED))),
        expired=Exists(expired.order_by()),
        unverified=Exists(customer.domains.filter(verified_at=None).order_by()),
    )
    facts = rows.get(pk=customer.pk)
    known = {
        "failed": Problem(
            "error",
            "Some users could not be created",
            "Each user's page says why; the failed job can be retried below.",
            _way(customer, "user-list", "Show these users", Control.USERS, query=f"status={Subscriber.Status.FAILED}"),
        ),
        "stopped": Problem(
            "warning",
            "Mails to some users are stopped",
            "A mail bounced, or was reported as spam.",
            _way(customer, "user-list", "Show these users", Control.USERS, query=f"status={MAIL_STOPPED}"),
        ),
        "expired": Problem(
            "warning",
            "Some people can no longer agree to their move",
            "The link of their mail has expired. Resend it, or delete the user.",
            _way(customer, "consent-list", "Pending consents", Control.USERS, query="waiting=expired"),
        ),
        "unverified": Problem(
            "info",
            "A domain waits to be verified",
            "Its DNS record has not been found yet.",
            _way(customer, "settings", "Organization settings", Control.ORG_DOMAIN),
        ),
    }
    return [problem for name, problem in known.items() if getattr(facts, name)]


def _of_rights(customer: Customer) -> list[Problem]:
    """What help desk asked for, and what it holds right now."""
    rights = list(open_rights(customer))
    waiting = [row for row in rights if row.state == TemporaryRights.State.REQUESTED]
    way = _way(customer, "support", "Support access", Control.ORG_SUPPORT_ACCESS)
    found = []
    if waiting:
        title = "Help desk asks for full rights" if len(waiting) == 1 else f"{len(waiting)} requests for full rights"
        found.append(Problem("warning", title, "A full administrator approves or refuses.", way))
    for row in rights:
        if row.state == TemporaryRights.State.APPROVED and row.expires_at:
            until = timezone.localtime(row.expires_at)
            found.append(Problem("info", f"{row.admin} has full rights", f"Until {until:%H:%M}, unless ended.", way))
    return found


def _of_numbers(customer: Customer, places: list[Location]) -> list[Problem]:
    used_up = [place.name for place in places if place.has_numbers and not place.has_free_number]  # type: ignore[attr-defined]
    found = []
    if used_up:
        found.append(
            Problem(
                "warning",
                "No phone number is free",
                f"All numbers are in use at {some(used_up)}.",
                _way(customer, "number-add", "Add numbers", Control.NUMBERS_MANAGE, need=Level.EDIT),
                "The service provider adds numbers.",
            )
        )
    calling = customer.subscribers.filter(Q(deleted_at=None) & narrowed_by_status(NO_NUMBER))
    if any(place.has_numbers for place in places) and calling.order_by().exists():  # type: ignore[attr-defined]
        found.append(
            Problem(
                "info",
                "Some calling users have no phone number",
                "They are reached by their extension only.",
                _way(customer, "user-list", "Show these users", Control.USERS, query=f"status={NO_NUMBER}"),
            )
        )
    return found
