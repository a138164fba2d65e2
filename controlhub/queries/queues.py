"""The call queues of a customer, and who may work in one."""

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from controlhub.models import CallQueue, PackageAssignment, Subscriber, Workspace
from controlhub.queries.devices import CALLING
from tenancy.models import AuditEvent, Customer

ORDER = ("name", "id")
MOST_AGENTS = 200


def queues_of(customer: Customer, *, search: str = "") -> QuerySet[CallQueue]:
    """Call queues of `customer` with location, number and `agent_count`.

    `search`: parts of name, extension, number or location.
    """
    queues = customer.call_queues.filter(deleted_at=None).select_related("location", "number")
    for word in search.replace("\x00", "").split():
        dialled = Q(extension__contains=word) | Q(number__e164__contains=word)
        queues = queues.filter(Q(name__icontains=word) | dialled | Q(location__name__icontains=word))
    return queues.annotate(agent_count=Count("agents"))


def possible_agents(customer: Customer, *, queue: CallQueue | None) -> tuple[list[Subscriber], list[Workspace]]:
    """Who may be an agent, by name: users and workspaces that call; of an upgraded queue only users with the package.

    The first ones by name, and whoever is one already.
    """
    assist = bool(queue and queue.assist)
    packages = ["cx_essentials"] if assist else CALLING
    rooms = customer.workspaces.filter(Exists(_holds(packages).filter(workspace=OuterRef("pk"))), deleted_at=None)
    rooms = rooms.order_by("name", "pk")
    people = _callers(customer, packages)
    return (
        _first_and(people, people.filter(queue_places__queue=queue)),
        [] if assist else _first_and(rooms, rooms.filter(queue_places__queue=queue)),
    )


def possible_supervisors(customer: Customer, *, queue: CallQueue | None) -> list[Subscriber]:
    """Who may supervise: the first users that call, by name, and whoever does already."""
    people = customer.subscribers.filter(deleted_at=None, supervised_queues=queue)
    return _first_and(_callers(customer, CALLING), people)


def _holds(packages: list[str]) -> QuerySet[PackageAssignment]:
    return PackageAssignment.objects.filter(is_base=True, ended_at=None, package__in=packages)


def _callers(customer: Customer, packages: list[str]) -> QuerySet[Subscriber]:
    people = customer.subscribers.filter(Exists(_holds(packages).filter(subscriber=OuterRef("pk"))), deleted_at=None)
    return people.order_by("last_name", "first_name", "pk")


def _first_and(rows: QuerySet, current: QuerySet) -> list:
    """Some rows for a list to choose from, without losing those that are chosen."""
    first = list(rows[:MOST_AGENTS])
    known = {row.pk for row in first}
    return first + [row for row in current if row.pk not in known]


def queue_events(queue: CallQueue, *, size: int = 10) -> list[AuditEvent]:
    """The newest audit events whose target is this queue."""
    events = queue.customer.audit_events.filter(target_type="callqueue", target_id=str(queue.public_id))
    return list(events.order_by("-created_at", "-id")[:size])
