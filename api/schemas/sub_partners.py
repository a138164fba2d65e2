"""Sub-partners ("indirect providers"), as the public API says them."""

from typing import Annotated

from pydantic import Field

from api.schemas.common import Heard, Spoken, Stamp, words
from tenancy.models import Partner

ProvisioningState = Annotated[str, *words(Partner.State.values)]


class SubPartnerFilters(Heard):
    """Exact matches."""

    provisioning_state: ProvisioningState | None = None
    max: int = Field(default=100, ge=1, le=1000)
    offset: int = Field(default=0, ge=0, le=1_000_000_000)


class SubPartner(Spoken):
    """One sub-partner."""

    org_id: str
    subscription_id: str
    provisioning_state: ProvisioningState
    created: Stamp
    billing_start_date: Stamp


class SubPartnerItems(Spoken):
    """A page of sub-partners. The public specification names the list twice, `items` and `subPartners`: both are there."""

    items: list[SubPartner]
    sub_partners: list[SubPartner]
