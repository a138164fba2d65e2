"""Reads about support access."""

from django.db.models import Q, QuerySet
from django.utils import timezone

from tenancy.actors import Actor
from tenancy.models import Customer, TemporaryRights

State = TemporaryRights.State


def open_rights(customer: Customer) -> QuerySet[TemporaryRights]:
    """Requests that wait for an answer, and rights that are lent right now; oldest first."""
    waiting, lent = Q(state=State.REQUESTED), Q(state=State.APPROVED, expires_at__gt=timezone.now())
    return customer.temporary_rights.filter(waiting | lent).select_related("admin").order_by("requested_at", "pk")


def own_rights(customer: Customer, actor: Actor) -> TemporaryRights | None:
    """What the actor himself has asked for or holds."""
    return open_rights(customer).filter(admin=actor.admin).first()
