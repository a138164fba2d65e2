"""Locations of a customer, and what each of them holds."""

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from controlhub.models import Location, PhoneNumber, Subscriber
from controlhub.models.numbers import UNASSIGNED
from tenancy.models import Customer

ORDER = ("name", "id")


def locations_of(customer: Customer, *, search: str = "", confirmed: bool | None = None) -> QuerySet[Location]:
    """Locations of `customer`, each with `user_count` and `number_count`. `search` looks at name, city and street."""
    locations = customer.locations.select_related("main_number", "emergency_callback_number").annotate(
        user_count=_count(Subscriber.objects.filter(location=OuterRef("pk"), deleted_at=None)),
        number_count=_count(PhoneNumber.objects.filter(location=OuterRef("pk"))),
    )
    for word in search.replace("\x00", "").split():
        locations = locations.filter(
            Q(name__icontains=word) | Q(city__icontains=word) | Q(address_line1__icontains=word)
        )
    if confirmed is not None:
        locations = locations.filter(confirmed_at__isnull=not confirmed)
    return locations


def location_choices(customer: Customer) -> list[Location]:
    """Every location by name, for filters and drop-downs (a customer has few)."""
    return list(customer.locations.order_by("name"))


def calling_locations(customer: Customer) -> QuerySet[Location]:
    """Where there may be numbers and call queues, by name."""
    return customer.locations.filter(calling_enabled_at__isnull=False).order_by("name")


def only_location(customer: Customer) -> Location | None:
    """The customer's location if there is exactly one: then nobody needs to choose."""
    locations = list(customer.locations.all()[:2])
    return locations[0] if len(locations) == 1 else None


def free_numbers(location: Location | None, *, size: int = 200) -> list[PhoneNumber]:
    """Active numbers of the location that belong to nobody yet, lowest first."""
    if location is None:
        return []
    free = location.numbers.filter(
        UNASSIGNED,
        state=PhoneNumber.State.ACTIVE,
        moving_to=None,
        main_of__isnull=True,
        emergency_callback_of__isnull=True,
    )
    return list(free.order_by("e164")[:size])


def speaking_numbers(location: Location, *, size: int = 200) -> list[PhoneNumber]:
    """What may be its main or emergency call-back number: active, and of nobody or of a call queue. Lowest first."""
    numbers = location.numbers.filter(
        state=PhoneNumber.State.ACTIVE, subscriber=None, workspace=None, moving_to=None
    ).select_related("queue")
    return list(numbers.order_by("e164")[:size])


def _count(rows: QuerySet) -> Coalesce:
    # A subquery each: two joins in one GROUP BY would multiply users by numbers.
    counted = rows.order_by().values("location").annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counted), 0)
