"""Reads about indirect providers (sub-partners)."""

from django.db.models import QuerySet
from django.db.models.functions import Lower

from tenancy.models import Partner

LIST_ORDER = ("sort_name", "id")


def indirect_providers_of(partner: Partner, *, search: str = "") -> QuerySet[Partner]:
    """The partner's sub-partners for keyset pages. Their number of customers is maintained (`customer_count`)."""
    sub_partners = partner.sub_partners.annotate(sort_name=Lower("name"))
    return sub_partners.filter(name__icontains=search) if search else sub_partners
