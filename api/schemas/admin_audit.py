"""The audit log (public specification: Admin Audit Events)."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, Field

from api.schemas.common import Heard, Skip, Spoken, Stamp
from api.schemas.subscribers import with_zone

Instant = Annotated[datetime, AfterValidator(with_zone)]


class AuditFilters(Heard):
    """Which events: at most a year of one organization. Categories may be one list with commas."""

    org_id: str = Field(min_length=1, max_length=300)
    from_: Instant = Field(alias="from")
    to: Instant
    actor_id: str | None = Field(default=None, max_length=300)
    max: int = Field(default=100, ge=1, le=200)
    offset: Skip = 0
    event_categories: list[str] = Field(default_factory=list)


class AuditData(Spoken):
    """What happened."""

    actor_org_name: str
    target_name: str
    event_description: str
    actor_name: str
    actor_email: str
    admin_roles: list[str]
    tracking_id: str
    target_type: str
    target_id: str
    event_category: str
    actor_user_agent: str
    actor_ip: str
    target_org_id: str
    action_text: str
    target_org_name: str
    error_message: str | None = None
    error_code: str | None = None


class SpokenAuditEvent(Spoken):
    """One deed."""

    id: str
    created: Stamp
    actor_id: str | None = None
    actor_org_id: str | None = None
    data: AuditData


class AuditItems(Spoken):
    """A page of deeds, the newest first."""

    items: list[SpokenAuditEvent]


class AuditCategories(Spoken):
    """Every category."""

    event_categories: list[str]
