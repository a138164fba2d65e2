"""The number inventory of a customer, and its workspaces."""

from uuid import UUID

from django.db.models import Prefetch, Q, QuerySet

from controlhub.models import Location, NumberOwnership, PackageAssignment, PhoneNumber, Subscriber, Workspace
from controlhub.models.numbers import UNASSIGNED
from tenancy.models import Customer

ORDER = ("e164", "id")
WORKSPACE_ORDER = ("name", "id")
ASSIGNED, FREE = "assigned", "free"
PEOPLE, PLACE, QUEUE = "people", "place", "queue"
_OWNERS = {
    FREE: UNASSIGNED,
    ASSIGNED: ~UNASSIGNED,
    PEOPLE: Q(subscriber__isnull=False),
    PLACE: Q(workspace__isnull=False),
    QUEUE: Q(queue__isnull=False),
}


def numbers_of(
    customer: Customer,
    *,
    search: str = "",
    state: str = "",
    kind: str = "",
    owner: str = "",
    location: UUID | None = None,
) -> QuerySet[PhoneNumber]:
    """Numbers of `customer` with owner and location loaded. `owner`: ASSIGNED, FREE, PEOPLE, PLACE, QUEUE or
    empty; `search`: digits of the number, or a part of the owner's name."""
    numbers = customer.numbers.select_related("location__main_number", "subscriber", "workspace", "queue", "moving_to")
    if search := search.replace("\x00", "").strip():
        numbers = numbers.filter(_matches(search))
    if state:
        numbers = numbers.filter(state=state)
    if kind:
        numbers = numbers.filter(kind=kind)
    if owner in _OWNERS:
        numbers = numbers.filter(_OWNERS[owner])
    if location:
        numbers = numbers.filter(location__public_id=location)
    return numbers


def history_of(number: PhoneNumber, *, size: int = 50) -> list[NumberOwnership]:
    """Who has had the number at this customer, the newest first."""
    rows = number.customer.number_ownerships.filter(e164=number.e164).select_related(
        "subscriber", "workspace", "queue", "location"
    )
    return list(rows.order_by("-started_at", "-pk")[:size])


def people_by_email(customer: Customer, email: str) -> QuerySet[Subscriber]:
    """The user with that address: none or one."""
    people = customer.subscribers.filter(deleted_at=None, email=email.strip().lower())
    return people.select_related("location", "customer__partner")


def workspaces_of(customer: Customer, *, search: str = "") -> QuerySet[Workspace]:
    """Workspaces of `customer` with location, number and `open_base` (list of the current package, none or one)."""
    open_base = PackageAssignment.objects.filter(is_base=True, ended_at=None)
    workspaces = customer.workspaces.filter(deleted_at=None).select_related("location", "number")
    for word in search.replace("\x00", "").split():
        workspaces = workspaces.filter(Q(name__icontains=word) | Q(location__name__icontains=word))
    return workspaces.prefetch_related(Prefetch("assignments", queryset=open_base, to_attr="open_base"))


def free_numbers_of(
    customer: Customer, *, location: Location | None = None, main: bool = False, size: int = 100
) -> list[PhoneNumber]:
    """Numbers that nobody has, of one location or of all, lowest first: suggestions for a field where one is typed.

    `main`: also those that speak for a location, which a call queue may answer.
    """
    free = customer.numbers.filter(UNASSIGNED, moving_to=None).select_related("location")
    if not main:
        free = free.filter(main_of__isnull=True, emergency_callback_of__isnull=True)
    if location:
        free = free.filter(location=location)
    return list(free.order_by("e164")[:size])


def _matches(search: str) -> Q:
    names = Q(subscriber__first_name__icontains=search) | Q(subscriber__last_name__icontains=search)
    digits = "".join(character for character in search if character.isdigit())
    by_name = names | Q(workspace__name__icontains=search) | Q(queue__name__icontains=search)
    return by_name | Q(e164__contains=digits) if digits else by_name
