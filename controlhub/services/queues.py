"""Call queues: made, changed, deleted, and upgraded to Customer Assist (domain.md 13.1)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from controlhub.models import CallQueue, Location, PackageAssignment, QueueAgent, Subscriber, Workspace
from controlhub.queries.packages import CUSTOMER_ASSIST
from controlhub.services import extensions
from controlhub.services.calling_setup import require_calling
from controlhub.services.clock import database_now
from controlhub.services.constraints import named_errors
from controlhub.services.equipment_pushes import push_queue, push_queue_removal
from controlhub.services.numbers import LocationGone, put_number
from controlhub.services.readiness import require_ready
from tenancy import audit
from tenancy.access import authorize
from tenancy.actors import Actor
from tenancy.errors import DomainError
from tenancy.models import Customer
from tenancy.packages import PACKAGES
from tenancy.policy import Control

Agent = Subscriber | Workspace
Routing = CallQueue.Routing


class QueueNameTaken(DomainError):
    code = "queue_name_taken"

    def __init__(self, name: str) -> None:
        super().__init__(f"There is a call queue called {name} already.", field="name")


class QueueNameMissing(DomainError):
    code = "queue_name_missing"
    message = "The call queue needs a name that can be read."


class QueueGone(DomainError):
    code = "queue_gone"
    message = "Somebody has just deleted this call queue."


class NoWeightedRouting(DomainError):
    code = "no_weighted_routing"
    message = "Customer Assist knows no weighted routing. Choose another one."


class AgentsCannotCall(DomainError):
    code = "agents_cannot_call"

    def __init__(self, agents: Sequence[Agent]) -> None:
        super().__init__(f"Without a calling package: {names_of(agents)}.", field="agents")


class AgentsLackCustomerAssist(DomainError):
    """`agents` are those who cannot come along: users without the package, and workspaces."""

    code = "agents_lack_customer_assist"

    def __init__(self, agents: Sequence[Agent]) -> None:
        super().__init__(f"Without Customer Assist: {names_of(agents)}.", field="agents")
        self.agents = list(agents)


@dataclass(frozen=True)
class QueueFacts:
    """What a queue is to be. `number` as typed, of the location's inventory. Agents are in the order of top-down routing."""

    name: str
    location: Location
    extension: str
    number: str = ""
    routing: str = Routing.CIRCULAR
    agents: Sequence[Agent] = ()
    supervisors: Sequence[Subscriber] = ()


def names_of(agents: Sequence[Agent]) -> str:
    """The names, for a sentence."""
    return ", ".join(str(agent) for agent in agents)


@transaction.atomic
def create_queue(*, customer: Customer, facts: QueueFacts, by: Actor) -> CallQueue:
    """A new queue, not upgraded. Raises Forbidden, CustomerNotReady, QueueNameTaken, QueueNameMissing, ExtensionRefused,
    AgentsCannotCall, CallingNotSetUp, and for its number NumberInvalid, NumberUnknown, NumberElsewhere, NumberInUse."""
    authorize(by, Control.CALL_QUEUES, customer=customer)
    require_ready(customer)
    if facts.location.customer_id != customer.pk:
        raise ValueError("A call queue belongs to a location of its own customer.")
    require_calling(facts.location)
    queue = CallQueue(customer=customer, location=facts.location)
    changes = _apply(queue, facts)
    _record("created", queue, by, changes)
    push_queue(queue=queue, by=by)
    return queue


@transaction.atomic
def edit_queue(*, queue: CallQueue, facts: QueueFacts, by: Actor) -> CallQueue:
    """Change a queue; its location stays. Raises what `create_queue` raises, QueueGone, NoWeightedRouting,
    AgentsLackCustomerAssist."""
    authorize(by, Control.CALL_QUEUES, customer=queue.customer)
    require_ready(queue.customer)
    row = _locked(queue)
    changes = _apply(row, facts)
    if changes:
        _record("edited", row, by, changes)
        push_queue(queue=row, by=by)
    return row


@transaction.atomic
def delete_queue(*, queue: CallQueue, by: Actor) -> None:
    """Delete a queue: its number is free again; its agents keep everything. Raises Forbidden, CustomerNotReady, QueueGone."""
    authorize(by, Control.CALL_QUEUES, customer=queue.customer)
    require_ready(queue.customer, ending=True)
    row = _locked(queue)
    changes = put_number(row, "")
    QueueAgent.objects.filter(queue=row).delete()
    row.supervisors.clear()
    row.deleted_at = database_now()
    row.save(update_fields=["deleted_at"])
    _record("deleted", row, by, {"extension": [row.extension, None]} | changes)
    push_queue_removal(queue=row, by=by)


@transaction.atomic
def upgrade_queue(*, queue: CallQueue, leave_behind: bool, by: Actor) -> CallQueue:
    """Upgrade to Customer Assist, for good: agents, supervisors and settings stay, weighted routing becomes top down.

    Agents without the package and workspaces cannot come along: they leave the queue if `leave_behind`, else
    AgentsLackCustomerAssist. Also raises Forbidden, CustomerNotReady, QueueGone. Upgrading twice is harmless.
    """
    authorize(by, Control.CALL_QUEUE_UPGRADE, customer=queue.customer)
    require_ready(queue.customer)
    row = _locked(queue)
    if row.assist:
        return row
    places = places_of(row)
    lacking = without_customer_assist(places)
    if lacking and not leave_behind:
        raise AgentsLackCustomerAssist([agent_of(place) for place in lacking])
    QueueAgent.objects.filter(pk__in=[place.pk for place in lacking]).delete()
    changes: dict[str, Any] = {"assist": [False, True]}
    if row.routing == Routing.WEIGHTED:
        changes["routing"] = [row.routing, Routing.TOP_DOWN.value]
        row.routing = Routing.TOP_DOWN
    if lacking:
        changes["left"] = [[str(place) for place in lacking], []]
    row.assist = True
    row.save(update_fields=["assist", "routing"])
    _record("upgraded", row, by, changes)
    push_queue(queue=row, by=by)
    return row


def _locked(queue: CallQueue) -> CallQueue:
    rows = CallQueue.objects.select_for_update(no_key=True, of=("self",)).select_related("customer", "location")
    row = rows.filter(pk=queue.pk, deleted_at=None).first()
    if row is None:
        raise QueueGone()
    return row


def agent_of(place: QueueAgent) -> Agent:
    """The user or workspace in that place of a queue."""
    return place.subscriber or place.workspace  # type: ignore[return-value]


def places_of(queue: CallQueue) -> list[QueueAgent]:
    """The agents in their order."""
    return list(queue.agents.select_related("subscriber", "workspace").order_by("position", "pk"))


def without_customer_assist(places: Sequence[QueueAgent]) -> list[QueueAgent]:
    """Those who cannot work in an upgraded queue: users without the package, and every workspace."""
    people = [place.subscriber_id for place in places if place.subscriber_id]
    holds = PackageAssignment.objects.filter(subscriber__in=people, package=CUSTOMER_ASSIST, ended_at=None)
    held = set(holds.values_list("subscriber", flat=True))
    return [place for place in places if place.subscriber_id not in held]


def _apply(queue: CallQueue, facts: QueueFacts) -> dict[str, Any]:
    name = " ".join(facts.name.split())
    if not name or not name.isprintable():
        raise QueueNameMissing(field="name")
    if queue.assist and facts.routing == Routing.WEIGHTED:
        raise NoWeightedRouting(field="routing")
    if not facts.extension or facts.extension != queue.extension:
        extensions.require_free(facts.extension, location=queue.location)
    values = {"name": name, "extension": facts.extension, "routing": facts.routing}
    changes = {key: [getattr(queue, key), new] for key, new in values.items() if getattr(queue, key) != new}
    _save(queue, values)
    changes |= put_number(queue, facts.number)
    return changes | _set_agents(queue, facts.agents) | _set_supervisors(queue, facts.supervisors)


def _save(queue: CallQueue, values: dict[str, Any]) -> None:
    for key, value in values.items():
        setattr(queue, key, value)
    errors = {
        "queue_name_once_per_customer": lambda: QueueNameTaken(values["name"]),
        extensions.TAKEN: extensions.in_use,
        "location_lives": LocationGone,
    }
    with named_errors(errors):
        if queue.pk:
            queue.save(update_fields=list(values))
        else:
            queue.save(force_insert=True)


def _set_agents(queue: CallQueue, agents: Sequence[Agent]) -> dict[str, Any]:
    before = places_of(queue)
    _require_fit(queue, agents)
    if [agent_of(place) for place in before] == list(agents):
        return {}
    queue.agents.all().delete()
    QueueAgent.objects.bulk_create(
        QueueAgent(
            queue=queue,
            subscriber=agent if isinstance(agent, Subscriber) else None,
            workspace=agent if isinstance(agent, Workspace) else None,
            position=position,
        )
        for position, agent in enumerate(agents)
    )
    return {"agents": [[str(place) for place in before], [str(agent) for agent in agents]]}


def _require_fit(queue: CallQueue, agents: Sequence[Agent]) -> None:
    """Every agent is locked and can take calls; of an upgraded queue, with Customer Assist."""
    people = [agent.pk for agent in agents if isinstance(agent, Subscriber)]
    rooms = [agent.pk for agent in agents if isinstance(agent, Workspace)]
    list(Subscriber.objects.select_for_update(no_key=True).filter(pk__in=people).order_by("pk").values_list("pk"))
    list(Workspace.objects.select_for_update(no_key=True).filter(pk__in=rooms).order_by("pk").values_list("pk"))
    open_base = PackageAssignment.objects.filter(customer=queue.customer_id, is_base=True, ended_at=None)
    of_people = dict(open_base.filter(subscriber__in=people).values_list("subscriber", "package"))
    of_rooms = dict(open_base.filter(workspace__in=rooms).values_list("workspace", "package"))
    held = [(agent, (of_people if isinstance(agent, Subscriber) else of_rooms).get(agent.pk, "")) for agent in agents]
    dumb = [agent for agent, package in held if not (package and PACKAGES[package].calling)]
    if dumb:
        raise AgentsCannotCall(dumb)
    lacking = [agent for agent, package in held if package != CUSTOMER_ASSIST]
    if queue.assist and lacking:
        raise AgentsLackCustomerAssist(lacking)


def _set_supervisors(queue: CallQueue, supervisors: Sequence[Subscriber]) -> dict[str, Any]:
    before = sorted(queue.supervisors.all(), key=lambda person: person.pk)
    after = sorted(supervisors, key=lambda person: person.pk)
    if before == after:
        return {}
    queue.supervisors.set(after)
    return {"supervisors": [[str(person) for person in before], [str(person) for person in after]]}


def leave_queues(agent: Agent, *, package: str, by: Actor) -> list[str]:
    """Low level: an agent whose package is now `package` (or none: "") leaves the queues that ask for more.

    Call it in the transaction of the deed, with the agent locked. Returns the names of the queues left.
    """
    who = {"subscriber": agent} if isinstance(agent, Subscriber) else {"workspace": agent}
    places = QueueAgent.objects.filter(**who).select_related("queue__customer").order_by("queue__name", "pk")
    calls = bool(package) and PACKAGES[package].calling
    lost = [place for place in places if not calls or (place.queue.assist and package != CUSTOMER_ASSIST)]
    for place in lost:
        place.delete()
        push_queue(queue=place.queue, by=by)
    return [place.queue.name for place in lost]


def _record(verb: str, queue: CallQueue, by: Actor, changes: dict[str, Any]) -> None:
    audit.record(
        action=f"queue.{verb}",
        text=f"Call queue {queue} {verb}",
        target=queue,
        customer=queue.customer,
        by=by,
        changes=changes,
    )
