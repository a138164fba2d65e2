"""Reads that start from the actor."""

from django.db.models import Q, QuerySet

from tenancy.actors import Actor
from tenancy.models import Customer, Partner


def first_partner(actor: Actor) -> Partner | None:
    """The partner that the actor works for, if any: read with his roles, so this asks nothing."""
    held = [partner for partner in actor.partners if partner.pk in actor.partner_ids]
    return min(held, key=lambda partner: partner.pk, default=None)


def first_customer(actor: Actor) -> Customer | None:
    """The customer that the actor administers from the inside, if any."""
    return Customer.objects.filter(pk__in=actor.customer_ids).order_by("pk").first()


def partners_within(actor: Actor, partner_id: int) -> QuerySet[Partner]:
    """That partner and its indirect providers, as far as the actor works for them."""
    return Partner.objects.filter(Q(pk=partner_id) | Q(parent=partner_id), pk__in=actor.partner_ids).order_by("pk")


def customers_within(actor: Actor, partner_id: int) -> QuerySet[Customer]:
    """Customers of that partner and its indirect providers, as far as the actor administers them from the inside."""
    of_partner = Q(partner=partner_id) | Q(partner__parent=partner_id)
    return Customer.objects.filter(of_partner, pk__in=actor.customer_ids).order_by("pk")
