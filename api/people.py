"""Who is behind a person's public id.

Webex gives a person his id when it creates him. Until then the portal's own id stands for it, and goes on to work later:
so the answer of a creation names a person whom the next request finds.
"""

from typing import Any

from django.db.models import Q
from django.http import HttpRequest

from api import ids
from api.inside import holder_of
from controlhub.models import Subscriber
from controlhub.queries.users import with_facts
from tenancy.models import Customer
from tenancy.opaque_ids import opaque_id, parse_opaque_id

WAITING = Subscriber.Status.PENDING_USER_MIGRATION


def person_id(row: Subscriber) -> str:
    """The public id of a person."""
    known = row.person_id is not None and row.status != WAITING
    return opaque_id(ids.PERSON, row.person_id if known else row.public_id)


def is_person(text: str, path: str = "") -> Q:
    """The condition that a subscriber, found along `path`, has this public id. Nonsense is nobody."""
    value = parse_opaque_id(ids.PERSON, text) or ids.NOBODY
    return Q(**{f"{path}person_id": value}) | Q(**{f"{path}public_id": value})


def people_of(customer: Customer) -> Any:
    """Living people of a customer, as its viewer sees them, with what the API says of them."""
    return with_facts(customer.subscribers.filter(deleted_at=None), customer)


def person_of(request: HttpRequest, text: str, org_id: str | None = None) -> tuple[Customer, Subscriber]:
    """The person behind a public id with the customer, entered; 404 for a stranger's."""
    holds = is_person(text, "subscribers__") & Q(subscribers__deleted_at=None)
    customer = holder_of(request, org_id, holds, what="person")
    row: Subscriber = ids.one(people_of(customer).filter(is_person(text)), what="person")
    row.customer = customer
    return customer, row
