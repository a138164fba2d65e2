"""Subscribers as the API lists them: a partner's, by time."""

from typing import Any

from django.db.models import Prefetch, Q, QuerySet

from controlhub.models import ConsentRequest, PackageAssignment, Subscriber
from tenancy.actors import Actor
from tenancy.models import Customer, Partner

PENDING_CONSENT = Subscriber.Status.PENDING_USER_MIGRATION


def subscribers_of(partner: Partner, *, actor: Actor) -> QuerySet[Subscriber]:
    """Living subscribers of the partner's customers that the actor may see, each with what it has right now."""
    rows = Subscriber.objects.filter(partner=partner, deleted_at=None)
    if partner.pk not in actor.all_customers_partner_ids and partner.parent_id not in actor.parent_partner_ids:
        # Somebody who sees only assigned customers; everybody else is spared the join.
        rows = rows.filter(customer__in=Customer.objects.visible_to(actor).filter(partner=partner))
    return rows.select_related("customer").prefetch_related(
        Prefetch("assignments", PackageAssignment.objects.filter(ended_at=None), to_attr="open_now"),
        Prefetch(
            "consent_requests", ConsentRequest.objects.filter(state=ConsentRequest.State.PENDING), to_attr="asked_now"
        ),
    )


def with_status(rows: QuerySet[Subscriber], status: str) -> QuerySet[Subscriber]:
    """The public API knows two states of a subscriber: waiting for the owner's consent, or not."""
    waiting = Q(status=PENDING_CONSENT)
    return rows.filter(waiting if status == PENDING_CONSENT else ~waiting)


def packages_now(row: Any) -> list[str]:
    """Base package first, then add-ons; for somebody who is asked for consent, the package that is kept for him."""
    held = sorted(row.open_now, key=lambda assignment: (not assignment.is_base, assignment.package))
    return [assignment.package for assignment in held] or [request.package for request in row.asked_now]
