"""Countries, addresses, languages, time zones, dial-in numbers and PSTN providers: data, not code.

Sources: domain.md 5.10 (address rules: own table, the vendor's is not public), 13.7 (languages), 13.8 (dial-in), 13.9.
"""

import importlib.resources
import re
import zoneinfo
from collections.abc import Mapping
from functools import cache

COUNTRIES: list[tuple[str, str]] = [
    ("AE", "United Arab Emirates"), ("AR", "Argentina"), ("AT", "Austria"), ("AU", "Australia"), ("BE", "Belgium"),
    ("BG", "Bulgaria"), ("BR", "Brazil"), ("CA", "Canada"), ("CH", "Switzerland"), ("CL", "Chile"), ("CO", "Colombia"),
    ("CY", "Cyprus"), ("CZ", "Czechia"), ("DE", "Germany"), ("DK", "Denmark"), ("EE", "Estonia"), ("ES", "Spain"),
    ("FI", "Finland"), ("FR", "France"), ("GB", "United Kingdom"), ("GR", "Greece"), ("HK", "Hong Kong"),
    ("HR", "Croatia"), ("HU", "Hungary"), ("ID", "Indonesia"), ("IE", "Ireland"), ("IL", "Israel"), ("IN", "India"),
    ("IS", "Iceland"), ("IT", "Italy"), ("JP", "Japan"), ("KR", "South Korea"), ("LT", "Lithuania"),
    ("LU", "Luxembourg"), ("LV", "Latvia"), ("MT", "Malta"), ("MX", "Mexico"), ("MY", "Malaysia"),
    ("NL", "Netherlands"), ("NO", "Norway"), ("NZ", "New Zealand"), ("PE", "Peru"), ("PH", "Philippines"),
    ("PL", "Poland"), ("PT", "Portugal"), ("RO", "Romania"), ("SA", "Saudi Arabia"), ("SE", "Sweden"),
    ("SG", "Singapore"), ("SI", "Slovenia"), ("SK", "Slovakia"), ("TH", "Thailand"), ("TR", "Türkiye"),
    ("TW", "Taiwan"), ("US", "United States"), ("VN", "Vietnam"), ("ZA", "South Africa"),
]  # fmt: skip
COUNTRIES.sort(key=lambda row: row[1])
COUNTRY_NAMES = dict(COUNTRIES)

STATE_REQUIRED = frozenset({"US", "CA", "AU", "BR", "MX", "IN"})
NO_POSTAL_CODE = frozenset({"AE", "HK"})
STATES: dict[str, frozenset[str]] = {
    "US": frozenset(
        "AL AK AZ AR CA CO CT DE DC FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH OK OR "
        "PA RI SC SD TN TX UT VT VA WA WV WI WY PR".split()
    ),
    "CA": frozenset("AB BC MB NB NL NS NT NU ON PE QC SK YT".split()),
    "AU": frozenset("ACT NSW NT QLD SA TAS VIC WA".split()),
}
POSTAL_PATTERNS: dict[str, tuple[str, str]] = {
    "US": (r"\d{5}(-\d{4})?", "12345 or 12345-6789"),
    "CA": (r"[A-Z]\d[A-Z] ?\d[A-Z]\d", "K1A 0B1"),
    "GB": (r"[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}", "SW1A 1AA"),
    "DE": (r"\d{5}", "10115"),
    "FR": (r"\d{5}", "75001"),
    "ES": (r"\d{5}", "28001"),
    "IT": (r"\d{5}", "00118"),
    "MX": (r"\d{5}", "01000"),
    "AT": (r"\d{4}", "1010"),
    "AU": (r"\d{4}", "2000"),
    "BE": (r"\d{4}", "1000"),
    "CH": (r"\d{4}", "8001"),
    "DK": (r"\d{4}", "1050"),
    "NO": (r"\d{4}", "0150"),
    "NL": (r"\d{4} ?[A-Z]{2}", "1011 AB"),
    "SE": (r"\d{3} ?\d{2}", "111 22"),
    "PL": (r"\d{2}-\d{3}", "00-001"),
    "PT": (r"\d{4}-\d{3}", "1000-001"),
    "BR": (r"\d{5}-?\d{3}", "01000-000"),
    "IN": (r"\d{6}", "110001"),
    "JP": (r"\d{3}-?\d{4}", "100-0001"),
    "SG": (r"\d{6}", "018956"),
}

LOCALES: list[tuple[str, str]] = [
    ("en_US", "English (United States)"), ("en_GB", "English (United Kingdom)"), ("en_AU", "English (Australia)"),
    ("en_CA", "English (Canada)"), ("fr_FR", "French (France)"), ("fr_CA", "French (Canada)"),
    ("es_ES", "Spanish (Spain)"), ("es_CO", "Spanish (Colombia)"), ("es_MX", "Spanish (Mexico)"),
    ("pt_PT", "Portuguese (Portugal)"), ("pt_BR", "Portuguese (Brazil)"), ("zh_CN", "Chinese (Simplified)"),
    ("zh_TW", "Chinese (Traditional)"), ("cs_CZ", "Czech"), ("da_DK", "Danish"), ("de_DE", "German"),
    ("hu_HU", "Hungarian"), ("id_ID", "Indonesian"), ("it_IT", "Italian"), ("ja_JP", "Japanese"), ("ko_KR", "Korean"),
    ("nl_NL", "Dutch"), ("nb_NO", "Norwegian"), ("pl_PL", "Polish"), ("ru_RU", "Russian"), ("ro_RO", "Romanian"),
    ("sv_SE", "Swedish"), ("ar_SA", "Arabic"), ("tr_TR", "Turkish"),
]  # fmt: skip
_LOCALE_CODES = {code for code, _ in LOCALES}
_DEFAULTS = {"en": "en_US", "fr": "fr_FR", "es": "es_ES", "pt": "pt_PT", "zh": "zh_CN"} | {
    code[:2]: code for code, _ in LOCALES if code[:2] not in {"en", "fr", "es", "pt", "zh"}
}
MEETING_SITE_IN_ENGLISH = frozenset({"es_CO", "id_ID", "nb_NO", "pt_PT"})

_DIAL_IN_REGIONS: list[tuple[str, frozenset[str]]] = [
    ("+1", frozenset({"US", "CA"})),
    ("+65", frozenset({"SG", "HK", "ID", "JP", "KR", "MY", "PH", "TH", "TW", "VN", "IN"})),
    ("+61", frozenset({"AU", "NZ"})),
    ("+44", frozenset({"GB", "IE", "AE", "SA", "ZA", "IL", "TR"})),
    (
        "+49",
        frozenset(
            {
                "DE",
                "AT",
                "CH",
                "FR",
                "ES",
                "IT",
                "NL",
                "BE",
                "PL",
                "PT",
                "SE",
                "NO",
                "DK",
                "FI",
                "CZ",
                "HU",
                "RO",
                "LU",
                "GR",
            }
        ),
    ),
]
DEFAULT_DIAL_IN = "+1"
# Where an organisation's data live, by the same regions (domain.md 2.1: residency follows the customer; places are ours).
_DATA_REGIONS = {"+1": "North America", "+65": "Asia Pacific", "+61": "Australia", "+44": "Europe", "+49": "Europe"}

CCP_PROVIDERS: dict[str, frozenset[str]] = {
    "Northern Carrier": frozenset({"US", "CA"}),
    "Atlantic Voice": frozenset({"GB", "IE", "DE", "FR", "NL", "ES"}),
    "Pacific Lines": frozenset({"AU", "NZ", "SG", "JP"}),
}


def resolve_locale(language: str, country: str) -> str:
    """A full locale from `xx` or `xx_YY`: two letters are combined with the country, else the language's default.

    Unknown languages fall back to en_US (domain.md 13.7).
    """
    if language in _LOCALE_CODES:
        return language
    combined = f"{language[:2].lower()}_{country.upper()}"
    return combined if combined in _LOCALE_CODES else _DEFAULTS.get(language[:2].lower(), "en_US")


def meeting_site_locale(locale: str) -> str:
    """The locale of a meeting site: some languages exist for people but not for sites."""
    return "en_US" if locale in MEETING_SITE_IN_ENGLISH or locale not in _LOCALE_CODES else locale


def dial_in_for(country: str) -> str:
    """Country code of the default dial-in number of meeting sites (domain.md 13.8)."""
    return next((prefix for prefix, countries in _DIAL_IN_REGIONS if country in countries), DEFAULT_DIAL_IN)


def data_region_for(country: str) -> str:
    """The region in which the data of an organisation of that country are kept."""
    return _DATA_REGIONS[dial_in_for(country)]


@cache
def time_zones() -> tuple[str, ...]:
    """Canonical IANA names, "Area/City" and UTC; deprecated links and abbreviations are left out."""
    left_out = ("Etc/", "SystemV/", "US/", "Canada/", "Brazil/", "Chile/", "Mexico/", "posix/", "right/")
    names = {n for n in zoneinfo.available_timezones() if "/" in n and not n.startswith(left_out)}
    return ("UTC", *sorted(names))


@cache
def time_zones_in(country: str) -> tuple[str, ...]:
    """Time zones of a country, the most used first, as the IANA data lists them; empty for an unknown country."""
    table = importlib.resources.files("tzdata").joinpath("zoneinfo", "zone.tab").read_text(encoding="utf-8")
    rows = (line.split("\t") for line in table.splitlines() if not line.startswith("#"))
    return tuple(row[2].strip() for row in rows if row[0] == country)


def clean_address(address: Mapping[str, str]) -> dict[str, str]:
    """What is wrong with an address, by field; empty when it is fine.

    Keys: address_line1, address_line2, city, state, postal_code, country. Rules differ per country.
    """
    errors: dict[str, str] = {}
    country = address.get("country", "")
    if country not in COUNTRY_NAMES:
        errors["country"] = "Choose a country or region from the list."
    for name, label in (("address_line1", "Street address"), ("city", "City")):
        if not address.get(name, "").strip():
            errors[name] = f"{label} is missing."
    return errors | _state_error(address, country) | _postal_error(address, country)


def _state_error(address: Mapping[str, str], country: str) -> dict[str, str]:
    state = address.get("state", "").strip().upper()
    if country in STATE_REQUIRED and not state:
        return {"state": f"A state or province is needed for {COUNTRY_NAMES[country]}."}
    if state and country in STATES and state not in STATES[country]:
        return {
            "state": f"Use the official abbreviation for {COUNTRY_NAMES[country]}, for example {sorted(STATES[country])[0]}."
        }
    return {}


def _postal_error(address: Mapping[str, str], country: str) -> dict[str, str]:
    code = address.get("postal_code", "").strip().upper()
    if country not in COUNTRY_NAMES or country in NO_POSTAL_CODE:
        return {}
    if not code:
        return {"postal_code": f"A postal code is needed for {COUNTRY_NAMES[country]}."}
    pattern, example = POSTAL_PATTERNS.get(country, (r"[A-Z0-9 -]{3,10}", "12345"))
    if not re.fullmatch(pattern, code):
        return {"postal_code": f"This is not a postal code of {COUNTRY_NAMES[country]}. Example: {example}."}
    return {}
