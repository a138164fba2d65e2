"""Addresses, languages and dial-in numbers per country."""

import uuid
import zoneinfo

import pytest

from tenancy.opaque_ids import opaque_id, parse_opaque_id
from tenancy.places import (
    CCP_PROVIDERS,
    COUNTRY_NAMES,
    clean_address,
    dial_in_for,
    meeting_site_locale,
    resolve_locale,
    time_zones,
)


def address(**fields: str) -> dict[str, str]:
    return {"address_line1": "1 Main Street", "city": "Town", "state": "", "postal_code": "", "country": "US"} | fields


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"state": "IL", "postal_code": "62701"}, []),
        ({"state": "il", "postal_code": "62701-1234"}, []),
        ({"postal_code": "62701"}, ["state"]),
        ({"state": "Illinois", "postal_code": "62701"}, ["state"]),
        ({"state": "IL"}, ["postal_code"]),
        ({"state": "IL", "postal_code": "SW1A 1AA"}, ["postal_code"]),
        ({"country": "GB", "postal_code": "sw1a 1aa"}, []),
        ({"country": "GB"}, ["postal_code"]),
        ({"country": "DE", "postal_code": "10115"}, []),
        ({"country": "HK"}, []),
        ({"country": "XX"}, ["country"]),
        ({"country": "DE", "postal_code": "10115", "city": " ", "address_line1": ""}, ["address_line1", "city"]),
    ],
)
def test_address_rules_differ_per_country(fields: dict[str, str], wrong: list[str]) -> None:
    assert sorted(clean_address(address(**fields))) == wrong


@pytest.mark.parametrize(
    ("language", "country", "locale"),
    [
        ("es", "CO", "es_CO"),
        ("es", "DE", "es_ES"),
        ("en", "GB", "en_GB"),
        ("xx", "US", "en_US"),
        ("de_DE", "US", "de_DE"),
    ],
)
def test_two_letters_are_combined_with_the_country(language: str, country: str, locale: str) -> None:
    assert resolve_locale(language, country) == locale


def test_some_languages_have_no_meeting_site() -> None:
    assert [meeting_site_locale(code) for code in ("es_CO", "pt_PT", "es_MX", "zz")] == [
        "en_US",
        "en_US",
        "es_MX",
        "en_US",
    ]


def test_dial_in_follows_the_country() -> None:
    assert [dial_in_for(code) for code in ("US", "SG", "NZ", "GB", "DE", "BR")] == [
        "+1",
        "+65",
        "+61",
        "+44",
        "+49",
        "+1",
    ]


def test_time_zones_are_real_and_providers_cover_real_countries() -> None:
    assert {"UTC", "America/New_York", "Europe/Berlin"} <= set(time_zones())
    assert "US/Eastern" not in time_zones()
    assert all(zoneinfo.ZoneInfo(name) for name in time_zones())
    assert {country for countries in CCP_PROVIDERS.values() for country in countries} <= set(COUNTRY_NAMES)


def test_opaque_ids_round_trip_and_reject_everything_else() -> None:
    value = uuid.UUID("f5b36187-c8dd-4727-8b2f-f9c447f29046")
    text = opaque_id("ORGANIZATION", value)
    assert text == "Y2lzY29zcGFyazovL3VzL09SR0FOSVpBVElPTi9mNWIzNjE4Ny1jOGRkLTQ3MjctOGIyZi1mOWM0NDdmMjkwNDY"
    assert parse_opaque_id("ORGANIZATION", text) == value
    assert [parse_opaque_id("PEOPLE", text), parse_opaque_id("ORGANIZATION", "x"), opaque_id("PEOPLE", None)] == [
        None,
        None,
        "",
    ]
