"""The demo's story as data: three service providers, fifteen small businesses, each in a state of life worth looking at."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class PartnerStory:
    """A service provider; with `parent` it is a sub-partner."""

    name: str
    country: str
    subscription: str
    support_email: str
    parent: str = ""
    currency: str = "USD"


@dataclass(frozen=True)
class Place:
    """A site: address, IANA time zone, language, and a pattern of fictitious numbers (None: extensions only)."""

    name: str
    line1: str
    city: str
    state: str
    postal_code: str
    country: str
    time_zone: str
    language: str
    numbers: str | None = None


@dataclass(frozen=True)
class CustomerStory:
    """A customer. `packages` maps a code to (limit or None, users); `mood` is the state of life to show."""

    name: str
    partner: str
    external_id: str
    domain: str
    locale: str
    places: tuple[Place, ...]
    packages: dict[str, tuple[int | None, int]]
    mood: str = "provisioned"
    restricted: bool = True
    rooms: tuple[str, ...] = ()
    failed: dict[str, str] = field(default_factory=dict)


PARTNERS = (
    PartnerStory("Northwind Voice", "US", "Sub104077", "support@northwind.example.com"),
    PartnerStory("Harborlink", "US", "Sub104077", "support@harborlink.example.com", parent="Northwind Voice"),
    PartnerStory("Meridian Connect", "DE", "Sub220415", "support@meridian.example.com", currency="EUR"),
)


def _hq(
    line1: str, city: str, state: str, code: str, country: str, zone: str, language: str, numbers: str | None = None
) -> Place:
    return Place("Headquarters", line1, city, state, code, country, zone, language, numbers)


CUSTOMERS = (
    CustomerStory(
        "Acme Dental Group",
        "Northwind Voice",
        "NW-1001",
        "acmedental.example.com",
        "en_US",
        (
            _hq(
                "200 Lake Street", "Chicago", "IL", "60601", "US", "America/Chicago", "en_us", numbers="+13125550{:03d}"
            ),
            Place(
                "Evanston Branch",
                "18 Church Street",
                "Evanston",
                "IL",
                "60201",
                "US",
                "America/Chicago",
                "en_us",
                "+18475550{:03d}",
            ),
        ),
        {
            "webex_calling": (20, 14),
            "webex_suite": (None, 5),
            "webex_meetings": (10, 3),
            "common_area_calling": (None, 2),
        },
        rooms=("Reception", "Waiting Room"),
    ),
    CustomerStory(
        "Bluebird Logistics",
        "Northwind Voice",
        "NW-1002",
        "bluebird.example.com",
        "en_US",
        (
            _hq(
                "77 Harbor Drive",
                "Seattle",
                "WA",
                "98101",
                "US",
                "America/Los_Angeles",
                "en_us",
                numbers="+12065550{:03d}",
            ),
            Place(
                "Tacoma Depot",
                "5 Dock Road",
                "Tacoma",
                "WA",
                "98402",
                "US",
                "America/Los_Angeles",
                "en_us",
                "+12535550{:03d}",
            ),
        ),
        {"webex_calling": (None, 22), "webex_voice": (12, 12), "attendant_console": (5, 0)},
        restricted=False,
    ),
    CustomerStory(
        "Cedar & Stone Architects",
        "Northwind Voice",
        "NW-1003",
        "cedarstone.example.com",
        "en_CA",
        (
            _hq(
                "9 Maple Avenue",
                "Toronto",
                "ON",
                "M5V 2T6",
                "CA",
                "America/Toronto",
                "en_ca",
                numbers="+14165550{:03d}",
            ),
        ),
        {"webex_suite": (15, 9), "webex_meetings": (None, 2)},
    ),
    CustomerStory(
        "Delta Cooperative Bakery",
        "Northwind Voice",
        "NW-1004",
        "deltabakery.example.com",
        "en_GB",
        (_hq("31 Mill Lane", "London", "", "SE1 9GF", "GB", "Europe/London", "en_gb", numbers="+442079460{:03d}"),),
        {"webex_calling": (None, 6), "cx_essentials": (5, 0)},
        mood="provisioned_with_errors",
        failed={
            "cx_essentials": "Customer Assist is not offered in this region yet. Choose another package or retry later."
        },
    ),
    CustomerStory(
        "Evergreen Schools",
        "Northwind Voice",
        "NW-1005",
        "evergreen.example.com",
        "en_US",
        (_hq("400 Campus Way", "Portland", "OR", "97201", "US", "America/Los_Angeles", "en_us"),),
        {"webex_calling_standard": (60, 0), "common_area_calling": (20, 0)},
        mood="provisioning",
    ),
    CustomerStory(
        "Falcon Sanctioned Trading",
        "Northwind Voice",
        "NW-1006",
        "falcon.example.com",
        "en_US",
        (_hq("12 Customs Quay", "Miami", "FL", "33101", "US", "America/New_York", "en_us"),),
        {"webex_calling": (10, 0)},
        mood="pending_rpl_review",
    ),
    CustomerStory(
        "Granite Hotel",
        "Northwind Voice",
        "NW-1007",
        "granitehotel.example.com",
        "en_AU",
        (_hq("1 Cliff Parade", "Sydney", "NSW", "2000", "AU", "Australia/Sydney", "en_au", numbers="+61255501{:03d}"),),
        {"webex_voice": (30, 11), "common_area_calling": (40, 6), "webex_suite": (None, 2)},
        rooms=("Lobby", "Bar", "Pool", "Kitchen", "Lift A", "Lift B"),
        restricted=False,
    ),
    CustomerStory(
        "Hanami Design Studio",
        "Northwind Voice",
        "NW-1008",
        "hanami.example.com",
        "ja_JP",
        (_hq("4-2 Sakura-dori", "Kyoto", "", "600-8001", "JP", "Asia/Tokyo", "ja_jp"),),
        {"webex_calling": (8, 7)},
    ),
    CustomerStory(
        "Juniper & Partners Solicitors with a Remarkably Long Registered Company Name",
        "Northwind Voice",
        "NW-1009",
        "juniper.example.com",
        "en_US",
        (
            _hq(
                "88 Court Square", "Boston", "MA", "02108", "US", "America/New_York", "en_us", numbers="+16175550{:03d}"
            ),
        ),
        {"webex_suite": (6, 6), "webex_calling": (10, 4)},
    ),
    CustomerStory(
        "Kestrel Marine",
        "Harborlink",
        "HL-501",
        "kestrel.example.com",
        "en_US",
        (
            _hq(
                "3 Wharf Street",
                "Portland",
                "ME",
                "04101",
                "US",
                "America/New_York",
                "en_us",
                numbers="+12075550{:03d}",
            ),
        ),
        {"webex_calling": (None, 8), "webex_meetings": (None, 1)},
    ),
    CustomerStory(
        "Lumen Bakery",
        "Harborlink",
        "HL-502",
        "lumen.example.com",
        "fr_CA",
        (
            _hq(
                "15 Rue du Moulin",
                "Montréal",
                "QC",
                "H2Y 1C6",
                "CA",
                "America/Toronto",
                "fr_ca",
                numbers="+15145550{:03d}",
            ),
        ),
        {"webex_voice": (5, 5)},
    ),
    CustomerStory(
        "Mistral Vélo",
        "Meridian Connect",
        "MC-01",
        "mistralvelo.example.com",
        "fr_FR",
        (_hq("6 Quai du Vent", "Marseille", "", "13001", "FR", "Europe/Paris", "fr_fr", numbers="+33199000{:03d}"),),
        {"webex_calling": (None, 9), "webex_suite": (4, 3)},
    ),
    CustomerStory(
        "Nordlicht Praxis",
        "Meridian Connect",
        "MC-02",
        "nordlicht.example.com",
        "de_DE",
        (_hq("Lindenweg 4", "Berlin", "", "10115", "DE", "Europe/Berlin", "de_de", numbers="+493023125{:03d}"),),
        {"webex_suite": (None, 6), "attendant_console": (2, 0)},
        restricted=False,
    ),
    CustomerStory(
        "Olive Grove Clinic",
        "Meridian Connect",
        "MC-03",
        "olivegrove.example.com",
        "es_ES",
        (_hq("Calle del Olivo 12", "Valencia", "", "46001", "ES", "Europe/Madrid", "es_es"),),
        {"webex_calling_standard": (25, 13)},
    ),
)
