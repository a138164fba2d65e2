"""The number inventory of a customer, and its workspaces."""

from uuid import UUID

from django.db.models import Prefetch, Q, QuerySet

from controlhub.models import Location, PackageAssignment, PhoneNumber, Workspace
from tenancy.models import Customer

ORDER = ("e164", "id")
WORKSPACE_ORDER = ("name", "id")
ASSIGNED, FREE = "assigned", "free"


def numbers_of(
    customer: Customer, *, search: str = "", state: str = "", owner: str = "", location: UUID | None = None
) -> QuerySet[PhoneNumber]:
    """Numbers of `customer` with owner and location loaded. `owner`: ASSIGNED, FREE or empty; `search`: digits of the
    number, or a part of the owner's name."""
    numbers = customer.numbers.select_related("location__main_number", "subscriber", "workspace")
    if search := search.replace("\x00", "").strip():
        numbers = numbers.filter(_matches(search))
    if state:
        numbers = numbers.filter(state=state)
    if owner in (ASSIGNED, FREE):
        nobody = Q(subscriber=None, workspace=None)
        numbers = numbers.filter(nobody if owner == FREE else ~nobody)
    if location:
        numbers = numbers.filter(location__public_id=location)
    return numbers


def workspaces_of(customer: Customer, *, search: str = "") -> QuerySet[Workspace]:
    """Workspaces of `customer` with location, number and `open_base` (list of the current package, none or one)."""
    open_base = PackageAssignment.objects.filter(is_base=True, ended_at=None)
    workspaces = customer.workspaces.filter(deleted_at=None).select_related("location", "number")
    for word in search.replace("\x00", "").split():
        workspaces = workspaces.filter(Q(name__icontains=word) | Q(location__name__icontains=word))
    return workspaces.prefetch_related(Prefetch("assignments", queryset=open_base, to_attr="open_base"))


def free_numbers_of(customer: Customer, *, location: Location | None = None, size: int = 100) -> list[PhoneNumber]:
    """Numbers that nobody has, of one location or of all, lowest first: suggestions for a field where one is typed."""
    free = customer.numbers.filter(subscriber=None, workspace=None, main_of__isnull=True).select_related("location")
    if location:
        free = free.filter(location=location)
    return list(free.order_by("e164")[:size])


def _matches(search: str) -> Q:
    names = Q(subscriber__first_name__icontains=search) | Q(subscriber__last_name__icontains=search)
    digits = "".join(character for character in search if character.isdigit())
    by_name = names | Q(workspace__name__icontains=search)
    return by_name | Q(e164__contains=digits) if digits else by_name
