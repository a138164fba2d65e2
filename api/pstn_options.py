"""Ways to connect a location to the PSTN, each with a public id made from what it is."""

import uuid
from dataclasses import dataclass

from api import ids
from api.schemas.telephony import PstnOption
from controlhub.models import Location
from controlhub.pstn import CONNECTIONS
from controlhub.services.pstn import PARTNER_ONLY
from tenancy.access import level
from tenancy.actors import Actor
from tenancy.opaque_ids import opaque_id, parse_opaque_id
from tenancy.places import CCP_PROVIDERS
from tenancy.policy import Control, Level

Pstn = Location.Pstn
_SPACE = uuid.UUID("b8f1f1d2-5a34-4b6e-8a0e-6d2a7c9e0f35")
_SERVICES = {
    "Geographic numbers": "GEOGRAPHIC_NUMBERS",
    "Toll-free numbers": "TOLLFREE_NUMBERS",
    "Service numbers": "SERVICE_NUMBERS",
    "Non-geographic numbers": "NON_GEOGRAPHIC_NUMBERS",
    "Mobile numbers": "MOBILE_NUMBERS",
    "Business texting": "BUSINESS_TEXTING",
    "Contact center": "CONTACT_CENTER",
}


@dataclass(frozen=True)
class Option:
    """A kind of connection, and its provider where it has one."""

    pstn: str
    provider: str = ""

    @property
    def key(self) -> uuid.UUID:
        return uuid.uuid5(_SPACE, f"{self.pstn}:{self.provider}")


def options_for(location: Location, actor: Actor) -> list[Option]:
    """Every connection that the location could have, without what restricted mode hides (domain.md 8.3)."""
    gateway = level(actor, Control.LOCATION_PSTN_LOCAL_GATEWAY, customer=location.customer)
    kinds = [pstn for pstn in CONNECTIONS if pstn and (gateway is not Level.HIDDEN or pstn not in PARTNER_ONLY)]
    return [Option(pstn, provider) for pstn in kinds for provider in _providers(pstn, location.country)]


def option_behind(text: str, options: list[Option]) -> Option | None:
    """The one of `options` that a public id names."""
    value = parse_opaque_id(ids.CONNECTION, text)
    return next((option for option in options if option.key == value), None)


def spoken(option: Option, location: Location | None = None) -> PstnOption:
    """The option, with the route of the location that uses it."""
    return PstnOption(
        id=opaque_id(ids.CONNECTION, option.key),
        display_name=option.provider or Pstn(option.pstn).label,
        pstn_connection_type=option.pstn,
        pstn_services=[_SERVICES[name] for name in CONNECTIONS[option.pstn].services],
        route_type=(location.pstn_route_type or None) if location else None,
        route_id=(location.pstn_route or None) if location else None,
    )


def present(location: Location) -> PstnOption:
    """How the location is connected now; an empty answer when it is not."""
    return spoken(Option(location.pstn, location.pstn_provider), location) if location.pstn else PstnOption()


def _providers(pstn: str, country: str) -> list[str]:
    if not CONNECTIONS[pstn].needs_provider:
        return [""]
    return [name for name, countries in CCP_PROVIDERS.items() if country in countries]
