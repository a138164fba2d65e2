"""Subscribers for the users list, the user page and the CSV export."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet, Value
from django.db.models.functions import Concat

from controlhub.models import ConsentRequest, PackageAssignment, Subscriber
from tenancy.models import AuditEvent, Customer, Mailbox, RoleAssignment
from tenancy.packages import PACKAGES

ORDER = ("last_name", "first_name", "id")
ORDERS = {
    "": ORDER,
    "-name": ("-last_name", "-first_name", "-id"),
    "email": ("email", "id"),
    "newest": ("-created_at", "-id"),
}
DELETED_ORDER = ("-deleted_at", "-id")
ANY_ROLE = "any"
NO_PACKAGE = "none"
# Narrowings of the list that stand beside the statuses.
NO_NUMBER, MAIL_STOPPED = "no_number", "mail_stopped"
CALLING_CODES = [code for code, package in PACKAGES.items() if package.calling]
TRIGRAM = 3
# So many matches are found along the list's own index before they could be sorted.
MANY_MATCHES = 10_000


def users_of(
    customer: Customer,
    *,
    search: str = "",
    package: str = "",
    location: UUID | None = None,
    status: str = "",
    role: str = "",
) -> QuerySet[Subscriber]:
    """Subscribers of `customer`, narrowed, each with the facts of `with_facts`.

    `search`: every word must occur in the first name, last name or e-mail; one of up to two characters at the start.
    `package`: a code, or NO_PACKAGE. `status`: a status, NO_NUMBER or MAIL_STOPPED. `role`: a customer role, or ANY_ROLE.
    """
    users = with_facts(matching(customer.subscribers.filter(deleted_at=None), search), customer)
    if package:
        users = users.filter(_has_package(package))
    if location:
        users = users.filter(location__public_id=location)
    if status:
        users = users.filter(narrowed_by_status(status))
    if role:
        users = users.filter(_has_role(customer, role))
    return users


def many_match(customer: Customer, search: str) -> Exists:
    """Does the search find so many that walking the list beats sorting them? To annotate any query with."""
    found = matching(customer.subscribers.filter(deleted_at=None), search).order_by()
    return Exists(found[MANY_MATCHES : MANY_MATCHES + 1])


def page_order(order: Sequence[str], *, sort: bool) -> tuple[dict[str, Concat], tuple[str, ...]]:
    """How to order what a search finds: annotations for the queryset, and the order for `page_of`.

    Left alone, PostgreSQL walks the list in its order until a page is full. That is best when a word is in every row, and
    slow when the few rows that match stand together far down. With `sort` those are fetched by the search index, then
    sorted: an expression instead of the column keeps it from walking. Cursors are the same either way.
    """
    first, descending = order[0].lstrip("-"), order[0].startswith("-")
    if not sort or first not in ("last_name", "email"):
        return {}, tuple(order)
    return {"sorted_by": Concat(first, Value(""))}, ("-sorted_by" if descending else "sorted_by", *order[1:])


def deleted_users_of(customer: Customer, *, search: str = "") -> QuerySet[Subscriber]:
    """Users that were deleted. Their history stays."""
    return matching(customer.subscribers.filter(deleted_at__isnull=False), search).select_related("location")


REMINDED, EXPIRED = "reminded", "expired"


def consents_of(customer: Customer, *, now: datetime, search: str = "", waiting: str = "") -> QuerySet[ConsentRequest]:
    """Requests that nobody has answered yet, of users that the viewer sees. `waiting`: REMINDED, EXPIRED, or all."""
    requests = customer.consent_requests.filter(state=ConsentRequest.State.PENDING).select_related("subscriber")
    if search:
        requests = requests.filter(subscriber__in=matching(customer.subscribers.filter(deleted_at=None), search))
    if waiting == REMINDED:
        requests = requests.filter(round__gt=1)
    if waiting == EXPIRED:
        requests = requests.filter(sent_at__lt=now - ConsentRequest.LINK_LIFETIME)
    return requests


def matching(users: QuerySet[Subscriber], search: str) -> QuerySet[Subscriber]:
    """Those in whose name or e-mail every word of the search occurs."""
    for word in search.replace("\x00", "").split():
        # One or two letters have no trigram to look up; as a beginning they have.
        how = "icontains" if len(word) > TRIGRAM - 1 else "istartswith"
        users = users.filter(
            Q(**{f"first_name__{how}": word}) | Q(**{f"last_name__{how}": word}) | Q(**{f"email__{how}": word})
        )
    return users


def with_facts(users: QuerySet[Subscriber], customer: Customer) -> QuerySet[Subscriber]:
    """The same subscribers with number, location and admin account loaded, `open_assignments` (base package first, then
    add-ons), and `admin.customer_roles` (roles held at this customer). Three queries whatever the size."""
    open_ones = PackageAssignment.objects.filter(ended_at=None).order_by("-is_base", "package")
    roles = RoleAssignment.objects.filter(customer=customer).order_by("role")
    return users.select_related("location", "number", "admin", "caller_id_number").prefetch_related(
        Prefetch("assignments", queryset=open_ones, to_attr="open_assignments"),
        Prefetch("admin__role_assignments", queryset=roles, to_attr="customer_roles"),
    )


def current_package(subscriber: Subscriber) -> str:
    """The code of the base package that the subscriber has now, or an empty string."""
    return subscriber.assignments.filter(is_base=True, ended_at=None).values_list("package", flat=True).first() or ""


def package_history(subscriber: Subscriber, *, size: int = 50) -> list[PackageAssignment]:
    """The newest intervals of the subscriber with their location, newest first."""
    return list(subscriber.assignments.select_related("location").order_by("-started_at", "-id")[:size])


@dataclass(frozen=True)
class Services:
    """Services of a user: what packages bring, or what he can use right now."""

    messaging: bool = False
    meetings: bool = False
    calling: bool = False


def included_services(held: Iterable[PackageAssignment]) -> Services:
    """What these packages bring. Every package with meetings has messaging, and no other (domain.md 2.4)."""
    packages = [PACKAGES[row.package] for row in held]
    together = any(package.meetings for package in packages)
    return Services(messaging=together, meetings=together, calling=any(package.calling for package in packages))


def services_of(subscriber: Subscriber, held: Iterable[PackageAssignment]) -> Services:
    """What the open assignments `held` bring and nobody switched off. A deactivated user can use nothing."""
    if subscriber.status == Subscriber.Status.SUSPENDED:
        return Services()
    included = included_services(held)
    return Services(
        messaging=included.messaging and not subscriber.messaging_off,
        meetings=included.meetings and not subscriber.meetings_off,
        calling=included.calling and not subscriber.calling_off,
    )


def events_about(subscriber: Subscriber, *, size: int = 10) -> list[AuditEvent]:
    """The newest audit events whose target is this subscriber."""
    events = subscriber.customer.audit_events.filter(target_type="subscriber", target_id=str(subscriber.public_id))
    return list(events.order_by("-created_at", "-id")[:size])


def _has_package(package: str) -> Q:
    open_base = PackageAssignment.objects.filter(subscriber=OuterRef("pk"), is_base=True, ended_at=None)
    if package == NO_PACKAGE:
        return ~Q(Exists(open_base))
    return Q(Exists(open_base.filter(package=package)))


def narrowed_by_status(status: str) -> Q:
    """A status, or what is missing: a number to somebody who calls, or a way to reach him by mail."""
    if status == NO_NUMBER:
        calls = PackageAssignment.objects.filter(subscriber=OuterRef("pk"), ended_at=None, package__in=CALLING_CODES)
        return Q(number=None) & Q(Exists(calls))
    if status == MAIL_STOPPED:
        return Q(email__in=Mailbox.objects.exclude(stopped_for="").values("email"))
    return Q(status=status)


def _has_role(customer: Customer, role: str) -> Q:
    held = RoleAssignment.objects.filter(customer=customer, admin=OuterRef("admin"))
    return Q(Exists(held if role == ANY_ROLE else held.filter(role=role)))
