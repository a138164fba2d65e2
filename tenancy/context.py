"""What every page template may rely on."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from tenancy.models import Partner
from tenancy.navigation import nav_items


def portal(request: HttpRequest) -> dict[str, Any]:
    """Hub name, organisation, navigation, cross-launch bar and restricted banner of the page's scope (see access.py)."""
    values: dict[str, Any] = {
        "portal_version": settings.PORTAL_VERSION,
        "tracking_id": getattr(request, "tracking_id", ""),
    }
    scope = getattr(request, "portal_scope", None)
    if scope is None:
        return values
    organisation = scope.customer or scope.partner
    return values | {
        "actor": scope.actor,
        "partner": scope.partner or scope.customer.partner,
        "parent_partner": _parent(scope),
        "customer": scope.customer,
        "hub_name": scope.hub_name,
        "org_name": organisation.name,
        "nav_items": nav_items(scope, request.path),
        "launch": scope.actor.launch,
        "restricted_banner": bool(scope.customer and scope.customer.restricted and not scope.actor.launch),
    }


def _parent(scope: Any) -> Partner | None:
    """The viewer's own partner, when he looks into one of its indirect providers."""
    visiting = scope.partner and scope.partner.parent_id in scope.actor.parent_partner_ids
    return scope.partner.parent if visiting else None
