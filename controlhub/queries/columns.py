"""The columns of the users list beside the name, and which of them an administrator wants to see."""

from dataclasses import dataclass

from django.db.models import OuterRef, Subquery, Value

from controlhub.models import ListColumns
from controlhub.queries.users import many_match
from tenancy.actors import Actor
from tenancy.models import AdminUser, Customer

USERS = "users"
COLUMNS = {
    "email": "Email",
    "package": "Package",
    "location": "Location",
    "number": "Number",
    "role": "Admin role",
    "status": "Status",
    "added": "Added",
}
AT_FIRST = ["email", "package", "location", "number", "role", "status"]


@dataclass(frozen=True)
class ListView:
    """How somebody looks at the list now: the columns, and whether the search finds few enough to be sorted."""

    columns: list[str]
    sort: bool


def list_view(actor: Actor, customer: Customer, search: str) -> ListView:
    """The columns that the actor has chosen, or those of a new list; and how to order the page. One query."""
    chosen = ListColumns.objects.filter(admin=OuterRef("pk"), kind=USERS).values("columns")
    many = many_match(customer, search) if search.split() else Value(value=True)
    row = AdminUser.objects.filter(pk=actor.admin_id or 0).values_list(Subquery(chosen), many).first() or (None, True)
    return ListView(_in_order(row[0]), sort=not row[1])


def columns_of(actor: Actor) -> list[str]:
    """The columns that the actor has chosen, in the list's order; those of a new list when nothing was chosen."""
    row = ListColumns.objects.filter(admin=actor.admin_id, kind=USERS).first()
    return _in_order(row.columns if row else None)


def _in_order(chosen: list[str] | None) -> list[str]:
    return [name for name in COLUMNS if name in (AT_FIRST if chosen is None else chosen)]
