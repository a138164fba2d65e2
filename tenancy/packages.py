"""The package catalogue as plain data: codes of the public Wholesale API, what each includes, what it needs.

Source: domain.md section 2.4 (Wholesale guide and public API specification).
"""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a package is to a subject: exactly one BASE at a time; ADD_ON beside it; CUSTOMER belongs to the organisation."""

    BASE = "base"
    ADD_ON = "add_on"
    CUSTOMER = "customer"


@dataclass(frozen=True)
class Package:
    """One thing a partner can sell. `level` orders base packages for the rule that forbids downgrading an administrator."""

    code: str
    name: str
    description: str
    kind: Kind = Kind.BASE
    calling: bool = False
    meetings: bool = False
    workspace_only: bool = False
    limitable: bool = True
    level: int = 0
    needs_any: frozenset[str] = frozenset()


_PLAN_HOSTS = frozenset(
    {"common_area_calling", "webex_calling", "webex_suite", "webex_voice", "cx_essentials", "webex_calling_standard"}
)

CATALOGUE: tuple[Package, ...] = (
    Package(
        "webex_calling",
        "Webex Calling",
        "Advanced calling, the app, messaging and basic meetings.",
        calling=True,
        meetings=True,
        level=30,
    ),
    Package(
        "webex_calling_standard",
        "Webex Calling Standard",
        "Calling on one device or on the soft client, not on both.",
        calling=True,
        level=20,
    ),
    Package(
        "webex_suite",
        "Webex Suite",
        "Everything: calling, messaging and meetings with up to 1,000 people.",
        calling=True,
        meetings=True,
        level=40,
    ),
    Package(
        "webex_meetings",
        "Webex Meetings",
        "Messaging and meetings with up to 1,000 people, no calling seat.",
        meetings=True,
        level=10,
    ),
    Package(
        "webex_voice", "Webex Voice", "Calling on a phone or the soft client, nothing else.", calling=True, level=15
    ),
    Package(
        "cx_essentials",
        "Customer Assist",
        "Professional calling with contact-centre basics.",
        calling=True,
        meetings=True,
        level=35,
    ),
    Package(
        "common_area_calling",
        "Common Area Calling",
        "Basic phone features for workspaces and hall phones.",
        calling=True,
        workspace_only=True,
    ),
    Package(
        "attendant_console",
        "Attendant Console",
        "Operator console on top of a calling package.",
        kind=Kind.ADD_ON,
        needs_any=frozenset({"webex_calling", "webex_suite", "cx_essentials", "webex_voice"}),
    ),
    Package(
        "cisco_calling_plan",
        "Cisco Calling Plan",
        "Telephone numbers and minutes for the organisation.",
        kind=Kind.CUSTOMER,
        limitable=False,
        needs_any=_PLAN_HOSTS,
    ),
)

PACKAGES: dict[str, Package] = {package.code: package for package in CATALOGUE}
PACKAGE_CHOICES = [(package.code, package.name) for package in CATALOGUE]
USER_PACKAGES = tuple(p for p in CATALOGUE if p.kind is Kind.BASE and not p.workspace_only)


def missing_dependencies(codes: set[str]) -> dict[str, frozenset[str]]:
    """Packages of `codes` whose prerequisite is absent, with what would satisfy each. Empty when all is well."""
    return {
        code: PACKAGES[code].needs_any
        for code in sorted(codes)
        if PACKAGES[code].needs_any and not PACKAGES[code].needs_any & codes
    }


def needs_calling(codes: set[str]) -> bool:
    """True when one of the packages makes calls, so that a headquarters location is required."""
    return any(PACKAGES[code].calling for code in codes)
