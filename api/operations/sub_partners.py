"""/wholesale/subPartners."""

from datetime import UTC, datetime, time
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router

from api.access import actor_of, partner_of, readable
from api.ids import partner_org_id
from api.operation import operation
from api.paging import page
from api.schemas.sub_partners import SubPartner, SubPartnerFilters, SubPartnerItems
from tenancy.models import Partner
from tenancy.policy import Control
from tenancy.tokens import Scope

router = Router(tags=["Wholesale sub-partners"])


@operation(
    router,
    "GET",
    "/wholesale/subPartners",
    scope=Scope.CUSTOMERS_READ,
    control=Control.PARTNER_INDIRECT_PROVIDERS,
    success={200: SubPartnerItems},
    summary="List Wholesale Sub-partners",
)
def list_sub_partners(request: HttpRequest, response: HttpResponse, filters: Query[SubPartnerFilters]) -> Any:
    """The partner's sub-partners, oldest first."""
    partner = partner_of(request)
    readable(request, Control.PARTNER_INDIRECT_PROVIDERS, partner)
    rows = Partner.objects.visible_to(actor_of(request)).filter(parent=partner)
    if filters.provisioning_state:
        rows = rows.filter(state=filters.provisioning_state)
    found = page(request, response, rows, order=("created_at", "id"), size=filters.max, offset=filters.offset)
    items = [_spoken(row) for row in found]
    return SubPartnerItems(items=items, sub_partners=items)


def _spoken(row: Partner) -> SubPartner:
    return SubPartner(
        org_id=partner_org_id(row),
        subscription_id=row.subscription_id,
        provisioning_state=row.state,
        created=row.created_at,
        billing_start_date=datetime.combine(row.billing_start_on, time(tzinfo=UTC)),
    )
