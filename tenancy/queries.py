"""Reads that start from the actor."""

from tenancy.actors import Actor
from tenancy.models import Customer, Partner


def first_partner(actor: Actor) -> Partner | None:
    """The partner that the actor works for, if any."""
    return Partner.objects.filter(pk__in=actor.partner_ids).order_by("pk").first()


def first_customer(actor: Actor) -> Customer | None:
    """The customer that the actor administers from the inside, if any."""
    return Customer.objects.filter(pk__in=actor.customer_ids).order_by("pk").first()
