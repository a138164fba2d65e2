"""The call queues of a customer, and who may work in one."""

from collections.abc import Collection, Sequence
from functools import reduce
from operator import or_
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from controlhub.models import CallQueue, PackageAssignment, Subscriber, Workspace
from controlhub.queries.devices import CALLING
from controlhub.queries.packages import CUSTOMER_ASSIST
from tenancy.models import AuditEvent, Customer

ORDER = ("name", "id")
MOST_AGENTS = 50
PERSON = ("first_name", "last_name", "email")


def queues_of(customer: Customer, *, search: str = "") -> QuerySet[CallQueue]:
    """Call queues of `customer` with location, number and `agent_count`.

    `search`: parts of name, extension, number or location.
    """
    queues = customer.call_queues.filter(deleted_at=None).select_related("location", "number")
    for word in search.replace("\x00", "").split():
        dialled = Q(extension__contains=word) | Q(number__e164__contains=word)
        queues = queues.filter(Q(name__icontains=word) | dialled | Q(location__name__icontains=word))
    return queues.annotate(agent_count=Count("agents"))


def possible_agents(
    customer: Customer, *, assist: bool, search: str = "", chosen: Collection[UUID] = ()
) -> tuple[list[Subscriber], list[Workspace]]:
    """Who may be an agent, by name: users and workspaces that call; of an upgraded queue only users with the package.

    The first ones that match `search` (parts of name or email), and those that are chosen already (public ids).
    """
    people = _first_and_chosen(
        _callers(customer, [CUSTOMER_ASSIST] if assist else CALLING), _words(search, PERSON), chosen
    )
    if assist:
        return people, []
    rooms = customer.workspaces.filter(Exists(_holds(CALLING).filter(workspace=OuterRef("pk"))), deleted_at=None)
    return people, _first_and_chosen(rooms.order_by("name", "pk"), _words(search, ("name",)), chosen)


def possible_supervisors(
    customer: Customer, *, search: str = "", chosen: Collection[UUID] = (), queue: CallQueue | None = None
) -> list[Subscriber]:
    """Who may supervise: the first users that call and match, those that are chosen, and whoever does already."""
    may = Q(pk__in=_callers(customer, CALLING).values("pk"))
    if queue:
        may |= Q(pk__in=queue.supervisors.values("pk"))
    people = customer.subscribers.filter(may, deleted_at=None).order_by("last_name", "first_name", "pk")
    return _first_and_chosen(people, _words(search, PERSON), chosen)


def _holds(packages: list[str]) -> QuerySet[PackageAssignment]:
    return PackageAssignment.objects.filter(is_base=True, ended_at=None, package__in=packages)


def _callers(customer: Customer, packages: list[str]) -> QuerySet[Subscriber]:
    people = customer.subscribers.filter(Exists(_holds(packages).filter(subscriber=OuterRef("pk"))), deleted_at=None)
    return people.order_by("last_name", "first_name", "pk")


def _words(search: str, fields: Sequence[str]) -> Q:
    found = Q()
    for word in search.replace("\x00", "").split():
        found &= reduce(or_, (Q(**{f"{field}__icontains": word}) for field in fields))
    return found


def _first_and_chosen(rows: QuerySet, matching: Q, chosen: Collection[UUID]) -> list:
    """Some rows for a list to choose from, without losing those that are chosen."""
    first = list(rows.filter(matching)[:MOST_AGENTS])
    known = {row.public_id for row in first}
    lost = [key for key in chosen if key not in known]
    return [*first, *rows.filter(public_id__in=lost)] if lost else first


def queue_events(queue: CallQueue, *, size: int = 10) -> list[AuditEvent]:
    """The newest audit events whose target is this queue."""
    events = queue.customer.audit_events.filter(target_type="callqueue", target_id=str(queue.public_id))
    return list(events.order_by("-created_at", "-id")[:size])
