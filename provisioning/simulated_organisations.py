"""Organisations that the simulated Webex cloud has always had: invented, so that attaching can be tried (docs/api.md).

One for each way in which attaching may go (domain.md section 9.1).
"""

from typing import Any
from uuid import UUID

_NONE: dict[str, Any] = {
    "exists": True,
    "users": 12,
    "verified_domain": False,
    "claimed_domain": False,
    "licences": "none",
    "trial": False,
}


def _organisation(name: str, *administrators: str, **facts: Any) -> dict[str, Any]:
    return _NONE | {"name": name, "administrators": list(administrators)} | facts


def _uuid(number: int) -> UUID:
    return UUID(f"0a77ac40-0000-4000-8000-{number:012d}")


SMALL, LICENSED, NINETY_NINE, HUNDRED, VERIFIED, CLAIMED, TRIAL = (_uuid(number) for number in range(1, 8))
ORGANISATIONS: dict[UUID, dict[str, Any]] = {
    SMALL: _organisation("Pine Street Florist", "fern@pinestreet.example.com"),
    LICENSED: _organisation("Maple Dental", "molly@maple.example.com", users=24, licences="active"),
    NINETY_NINE: _organisation("Canal Row Cycles", "cyril@canalrow.example.com", users=99, licences="suspended"),
    HUNDRED: _organisation("Harvest Foods", "hana@harvest.example.com", "hugh@harvest.example.com", users=100),
    VERIFIED: _organisation("Lakeside Law", "lara@lakeside.example.com", verified_domain=True),
    CLAIMED: _organisation("Summit Clinics", "sven@summit.example.com", verified_domain=True, claimed_domain=True),
    TRIAL: _organisation("Orchard Bakery", "olga@orchard.example.com", users=5, licences="active", trial=True),
}
