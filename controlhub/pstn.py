"""What each way of connecting a location to the PSTN brings and allows (domain.md 4.4, 13.5): data, not code."""

from dataclasses import dataclass

from controlhub.models import Location

Pstn = Location.Pstn


@dataclass(frozen=True)
class Connection:
    """`by_hand`: are numbers entered here, or does the carrier manage them? `services`: kinds of number it offers."""

    by_hand: bool
    services: tuple[str, ...] = ()
    needs_provider: bool = False
    takes_route: bool = False
    explanation: str = ""


_OWN_CARRIER = ("Geographic numbers", "Toll-free numbers", "Service numbers", "Non-geographic numbers")

CONNECTIONS: dict[str, Connection] = {
    Pstn.NONE: Connection(
        by_hand=True,
        explanation="Calls reach other locations only. Numbers can be prepared, but nobody outside can dial them.",
    ),
    Pstn.LOCAL_GATEWAY: Connection(
        by_hand=True,
        services=(*_OWN_CARRIER, "Mobile numbers"),
        takes_route=True,
        explanation="Calls leave through the customer's own gateway. Numbers are entered here by hand.",
    ),
    Pstn.NON_INTEGRATED_CCP: Connection(
        by_hand=True,
        services=_OWN_CARRIER,
        needs_provider=True,
        explanation="Calls leave through a provider's cloud. Numbers ordered from the provider are entered here by hand.",
    ),
    Pstn.INTEGRATED_CCP: Connection(
        by_hand=False,
        services=(*_OWN_CARRIER, "Mobile numbers", "Business texting"),
        needs_provider=True,
        explanation="The provider manages the numbers: they are added, activated and removed on the provider's side.",
    ),
    Pstn.CISCO_PSTN: Connection(
        by_hand=False,
        services=("Geographic numbers", "Toll-free numbers", "Contact center"),
        explanation="Numbers are ordered with the calling plan: they are added, activated and removed by the order.",
    ),
}
# Numbers of these come from the carrier; changing one here would corrupt the carrier's data.
FROM_THE_CARRIER = frozenset(code for code, connection in CONNECTIONS.items() if not connection.by_hand)


def connection_of(location: Location) -> Connection:
    """What the location's connection brings and allows."""
    return CONNECTIONS[location.pstn]
