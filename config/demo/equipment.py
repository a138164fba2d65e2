"""Phones of a demo customer, and a call queue where there are enough people for one."""

from config.demo.state import Demo
from controlhub.models import CallQueue, Device, Location, PhoneNumber, QueueAgent, Subscriber, Workspace
from controlhub.models.equipment import MANAGED_AS
from tenancy.models import Customer
from tenancy.packages import PACKAGES

CALLING = [code for code, package in PACKAGES.items() if package.calling]
PHONES = ("cisco-8845", "cisco-9861", "cisco-6821", "cisco-9841")
TEAM, EXTENSION = 3, "7000"


def equip(demo: Demo, customer: Customer) -> None:
    """A phone for the first callers and every room; a queue at the first caller's location if he has a team there."""
    open_base = {"assignments__is_base": True, "assignments__ended_at": None, "assignments__package__in": CALLING}
    people = customer.subscribers.filter(deleted_at=None, location__isnull=False, **open_base)
    callers = list(people.select_related("location").order_by("pk"))
    for model, person in zip(PHONES, callers, strict=False):
        _make_phone(demo, model, person)
    for room in customer.workspaces.order_by("pk"):
        _make_phone(demo, "cisco-7841", room)
    place = callers[0].location if callers else None
    team = [person for person in callers if person.location == place]
    if place and len(team) >= TEAM:
        _make_queue(demo, place, team[:TEAM])


def _make_phone(demo: Demo, model: str, owner: Subscriber | Workspace) -> None:
    who = {"subscriber": owner} if isinstance(owner, Subscriber) else {"workspace": owner}
    identity = demo.identity()
    Device.objects.create(
        public_id=identity,
        customer=owner.customer,
        model=model,
        management=MANAGED_AS[model],
        status=Device.Status.OFFLINE if identity.int % 5 == 0 else Device.Status.ONLINE,
        mac=f"02{identity.hex[:10].upper()}",  # 02: an address that no maker uses
        serial=f"SIM{identity.hex[10:18].upper()}",
        created_at=owner.created_at,
        **who,
    )


def _make_queue(demo: Demo, place: Location, team: list[Subscriber]) -> None:
    queue = CallQueue.objects.create(
        public_id=demo.identity(),
        customer=place.customer,
        location=place,
        name="Front desk",
        extension=EXTENSION,
        routing=CallQueue.Routing.WEIGHTED,
        created_at=team[-1].created_at,
    )
    # Somebody answers the main number.
    PhoneNumber.objects.filter(main_of=place).update(queue=queue)
    queue.supervisors.add(team[0])
    QueueAgent.objects.bulk_create(
        QueueAgent(queue=queue, subscriber=person, position=position) for position, person in enumerate(team)
    )
