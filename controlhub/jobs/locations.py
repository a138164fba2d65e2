"""Locations in the Webex cloud: created, changed, deleted."""

from django.db.models.functions import Now

from controlhub.jobs.telling import Facts, tell
from controlhub.models import Location
from provisioning.errors import PermanentError
from provisioning.gateway import gateway
from provisioning.registry import JobType, Result, StepContext, StepHandler
from tenancy.places import CCP_PROVIDERS, COUNTRY_NAMES

ADDRESS_FIELDS = ("address_line1", "address_line2", "city", "state", "postal_code", "country")


def create_in_cloud(context: StepContext, location: Location, *, pstn_provider: str) -> Result:
    """Create `location` with its calls going out through `pstn_provider` (empty: not connected yet).

    The provider must cover the location's country (domain.md 1.5), else the step fails until the connection is changed.
    """
    if pstn_provider and location.country not in CCP_PROVIDERS.get(pstn_provider, frozenset()):
        country = COUNTRY_NAMES.get(location.country, location.country)
        raise PermanentError(
            "pstn_not_in_country",
            f"{pstn_provider} does not serve {country}. Choose another PSTN connection on the location's page, then try again.",
        )
    address = {name: getattr(location, name) for name in ADDRESS_FIELDS}
    return gateway().create_location(
        key=context.key,
        org_id=str(context.customer.org_id),
        name=location.name,
        address=address,
        pstn_provider=pstn_provider,
        calling=location.calling_enabled_at is not None,
    )


def mark_created(location: Location, *, pstn_provider: str) -> None:
    """The location exists now; it takes over the provider unless a connection was chosen by hand."""
    changes: dict[str, object] = {"provisioned_at": Now()}
    if pstn_provider and not location.pstn:
        changes |= {"pstn": Location.Pstn.INTEGRATED_CCP, "pstn_provider": pstn_provider}
    Location.objects.filter(pk=location.pk).update(**changes)


# What Webex is told of a location.
_TOLD = [*ADDRESS_FIELDS, "name", "time_zone", "language", "emergency_location_identifier"]
_TOLD += ["pstn", "pstn_provider", "pstn_route_type", "pstn_route", "call_recording"]
_TOLD += ["calling_line_name", "outside_dial_digit", "enforce_outside_dial_digit"]


def _row(context: StepContext) -> Location:
    return Location.everything.select_related("main_number", "emergency_callback_number").get(
        customer=context.customer, public_id=context.item
    )


def _update(context: StepContext) -> Result:
    return tell(context, lambda: _facts(context), gateway().update_location)


def _facts(context: StepContext) -> Facts | None:
    location = _row(context)
    if location.deleted_at:
        return None
    facts = {name: getattr(location, name) for name in _TOLD}
    facts["announcement_language"] = location.announcement_language or location.language
    facts["calling"] = location.calling_enabled_at is not None
    facts["main_number"] = str(location.main_number or "")
    facts["emergency_callback_number"] = str(location.emergency_callback_number or "")
    return {"org_id": str(context.customer.org_id), "location": context.item, "facts": facts}


def _delete(context: StepContext) -> Result:
    return gateway().delete_location(key=context.key, org_id=str(context.customer.org_id), location=context.item)


JOB_TYPES = {
    "change_location": JobType(
        "Change location", {"update_location": StepHandler(_update), "delete_location": StepHandler(_delete)}
    ),
}
