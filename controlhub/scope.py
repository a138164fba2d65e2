"""What a location administrator gets of a customer: the rows of his locations (domain.md 7.4), by a manager."""

from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Q, QuerySet

from tenancy.actors import Actor
from tenancy.models import Customer
from tenancy.narrowing import NarrowedManager
from tenancy.policy import Role


class InLocations(NarrowedManager):
    """The manager of everything that belongs to a location.

    `paths` lead from a row to its location ("location" when none are given); one of them must match.
    """

    def __init__(self, *paths: str) -> None:
        super().__init__()
        self.paths = paths or ("location",)

    def narrow(self, rows: QuerySet[Any], viewer: Actor, customer: Customer) -> QuerySet[Any]:
        # Django makes related managers without arguments: the paths are those of the model's own manager.
        paths: tuple[str, ...] = rows.model._default_manager.paths
        mine = locations_in_scope(viewer, customer)
        return rows.filter(reduce(or_, (Q(**{f"{path}__in": mine}) for path in paths)))


class LocationsInScope(InLocations):
    """The manager of locations themselves."""

    def __init__(self) -> None:
        super().__init__("pk")


def locations_in_scope(viewer: Actor, customer: Customer) -> QuerySet[Any]:
    """Ids of the locations assigned to a location administrator, as a subquery: read afresh by every query that uses it."""
    roles = customer.role_assignments.filter(admin=viewer.admin_id, role=Role.CUSTOMER_LOCATION)
    return roles.filter(location_scopes__isnull=False).values("location_scopes__location")
