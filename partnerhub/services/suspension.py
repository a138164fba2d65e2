"""A suspended partner may look and take away, but neither create nor change (domain.md 2.5)."""

from tenancy.errors import DomainError
from tenancy.models import Partner


class PartnerSuspended(DomainError):
    code = "partner_suspended"
    message = "This partner is suspended: what exists may be looked at and deleted, but nothing created or changed."


def require_active(partner: Partner) -> None:
    """Raises PartnerSuspended. Reads the row afresh."""
    if not Partner.objects.filter(pk=partner.pk, state=Partner.State.ACTIVE).exists():
        raise PartnerSuspended()
