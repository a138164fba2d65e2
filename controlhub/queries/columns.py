"""The columns of the users list beside the name, and which of them an administrator wants to see."""

from controlhub.models import ListColumns
from tenancy.actors import Actor

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


def columns_of(actor: Actor) -> list[str]:
    """The columns that the actor has chosen, in the list's order; those of a new list when nothing was chosen."""
    row = ListColumns.objects.filter(admin=actor.admin_id, kind=USERS).first()
    chosen = AT_FIRST if row is None else row.columns
    return [name for name in COLUMNS if name in chosen]
