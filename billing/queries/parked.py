"""Partners whose days do not close until somebody has looked at them."""

from django.db.models import Q, QuerySet

from billing.models import ParkedPartner
from tenancy.models import Partner


def parked_partners() -> QuerySet[ParkedPartner]:
    """All of them, for whoever runs the portal."""
    return ParkedPartner.objects.select_related("partner").order_by("parked_at", "pk")


def parked_for(partner: Partner) -> QuerySet[ParkedPartner]:
    """The partner itself and its indirect providers, whose usage it pays for."""
    return parked_partners().filter(Q(partner=partner) | Q(partner__parent=partner))
