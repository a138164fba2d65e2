"""Remembering how somebody wants to look at a list. A taste, not a deed: it leaves no audit event."""

from collections.abc import Sequence

from controlhub.models import ListColumns
from controlhub.queries.columns import COLUMNS, USERS
from tenancy.access import authorize
from tenancy.actors import Actor
from tenancy.models import Customer
from tenancy.policy import Control, Level


def choose_columns(*, customer: Customer, columns: Sequence[str], by: Actor) -> None:
    """Remember the columns of the users list for `by`, in every customer. Whoever may read the list may choose."""
    authorize(by, Control.USERS, customer=customer, need=Level.READ_ONLY)
    chosen = [name for name in COLUMNS if name in columns]
    ListColumns.objects.update_or_create(admin=by.admin, kind=USERS, defaults={"columns": chosen})
