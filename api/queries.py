"""Subscribers as the API lists them: a partner's, by time."""

from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, Q, QuerySet, Subquery

from controlhub.models import ConsentRequest, PackageAssignment, Subscriber
from tenancy.actors import Actor
from tenancy.models import Customer, Partner

PENDING_CONSENT = Subscriber.Status.PENDING_USER_MIGRATION
# In the same statement as the subscriber: a page of a hundred probes two indexes a hundred times, and is one answer.
_HELD = (
    PackageAssignment.objects.filter(subscriber=OuterRef("pk"), ended_at=None)
    .order_by("-is_base", "package")
    .values("package")
)
_KEPT = ConsentRequest.objects.filter(subscriber=OuterRef("pk"), state=ConsentRequest.State.PENDING).values("package")[
    :1
]

# What `speaking.subscriber` reads.
_SPOKEN = [
    *("public_id", "person_id", "email", "status", "error", "created_at", "status_changed_at"),
    *("customer__public_id", "customer__external_id"),
]


def subscribers_of(partner: Partner, *, actor: Actor) -> QuerySet[Subscriber]:
    """Living subscribers of the partner's customers that the actor may see, each with what it has right now."""
    rows = Subscriber.objects.filter(partner=partner, deleted_at=None)
    if partner.pk not in actor.all_customers_partner_ids and partner.parent_id not in actor.parent_partner_ids:
        # Somebody who sees only assigned customers; everybody else is spared the join.
        rows = rows.filter(customer__in=Customer.objects.visible_to(actor).filter(partner=partner))
    return rows.select_related("customer").annotate(held=ArraySubquery(_HELD), kept=Subquery(_KEPT))


def spoken_subscribers(partner: Partner, *, actor: Actor) -> QuerySet[Subscriber]:
    """As `subscribers_of`, with what the API says of them and nothing else: half of the time is spent on columns."""
    return subscribers_of(partner, actor=actor).only(*_SPOKEN)


def with_status(rows: QuerySet[Subscriber], status: str) -> QuerySet[Subscriber]:
    """The public API knows two states of a subscriber: waiting for the owner's consent, or not."""
    waiting = Q(status=PENDING_CONSENT)
    return rows.filter(waiting if status == PENDING_CONSENT else ~waiting)


def packages_now(row: Any) -> list[str]:
    """Base package first, then add-ons; for somebody who is asked for consent, the package that is kept for him."""
    return row.held or ([row.kept] if row.kept else [])
