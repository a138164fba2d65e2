"""Our description of the API beside the public ones: whatever differs is listed here with its reason, and nothing else does."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.http import JsonResponse

from api.description import description
from tests.api.contract import Facts, broken, operations, public

Key = tuple[str, str]
Difference = tuple[Key, tuple[str, str]]
Pardon = Callable[[Key, tuple[str, str], Any, Any], bool]


def _never_answered(key: Key, fact: tuple[str, str], theirs: Any, ours: Any) -> bool:
    return fact in ((status, "status") for status in ("410", "428", "502", "504"))


def _numbers_in_a_query(key: Key, fact: tuple[str, str], theirs: Any, ours: Any) -> bool:
    return fact[0].startswith("query ") and fact[1] == "type" and (theirs, ours) == ("string", "number")


def _contact_centre(key: Key, fact: tuple[str, str], theirs: Any, ours: Any) -> bool:
    newer = {"cx_standard_agent", "cx_premium_agent", "cx_voice_ports", "cx_ai_assistant", "webex_ai_agent"}
    return fact[1] == "words" and ours is not None and theirs - newer <= ours <= theirs | {"attendant_console"}


def _precheck_info(key: Key, fact: tuple[str, str], theirs: Any, ours: Any) -> bool:
    return key[1].endswith("/validate") and fact[0].startswith("200.info")


def _profile(key: Key, fact: tuple[str, str], theirs: Any, ours: Any) -> bool:
    kept_elsewhere = (
        "nickName avatar department manager managerId title addresses lastModified timezone lastActivity siteUrls "
        "sipAddresses xmppFederationJid"
    )
    place, _, field = fact[0].partition(".")
    name = field.removeprefix("items[].").split("[")[0].split(".")[0]
    return key[1].startswith("/people") and (ours is None or place == "body") and name in kept_elsewhere.split()


def _work_numbers(key: Key, fact: tuple[str, str], theirs: Any, ours: Any) -> bool:
    return key[1].startswith("/people") and fact in (
        ("body.phoneNumbers[].type", "words"),
        ("body.phoneNumbers[].value", "required"),
    )


def _no_download(key: Key, fact: tuple[str, str], theirs: Any, ours: Any) -> bool:
    return fact[0] == "200 header Content-Disposition"


# Operations of the public description that are not served, and why.
NOT_SERVED = {
    ("DELETE", "/organizations/{}"): "an organization outlives its wholesale services (domain.md 2.8)",
    ("GET", "/partner/tags"): "the portal has no tags",
    ("POST", "/partner/tags/organizations/{}/assignTags"): "the portal has no tags",
    ("GET", "/partner/tags/organizations/{}"): "the portal has no tags",
    ("GET", "/partner/tags/organizations"): "the portal has no tags",
}

# Why the public description is not followed to the letter.
PARDONS: dict[str, Pardon] = {
    "a person's profile is kept elsewhere: given, it is refused instead of lost": _profile,
    "a number needs a value, and what was read (with the extension) can be sent back": _work_numbers,
    "the audit log is a JSON answer, not a download": _no_download,
    "Gone, Precondition Required and the gateway's own errors are never answered": _never_answered,
    "max and offset are numbers, which a query string spells as words": _numbers_in_a_query,
    "contact-centre packages of 2026 are not sold here (domain.md 2.4); Attendant Console is allowed where the prose says so": (
        _contact_centre
    ),
    "the schema says that info is an object, its own example and every client that it is a list": _precheck_info,
}


def differences(theirs: dict[Key, Facts], ours: dict[Key, Facts]) -> Iterator[tuple[Difference, Any, Any]]:
    """Facts of the public description that ours lacks or says otherwise."""
    for key, facts in theirs.items():
        mine = ours.get(key, {})
        for fact, value in facts.items():
            if mine.get(fact) != value:
                yield (key, fact), value, mine.get(fact)


def of_ours() -> dict[Key, Facts]:
    return operations(json.loads(json.dumps(description())))


def unpardoned(name: str) -> list[str]:
    found = differences(operations(public(name)), of_ours())
    return [
        f"{' '.join(key)}: {' '.join(fact)} is {theirs!r} in public, {ours!r} here"
        for (key, fact), theirs, ours in found
        if not any(pardon(key, fact, theirs, ours) for pardon in PARDONS.values())
    ]


def test_the_wholesale_operations_are_as_the_public_description_says() -> None:
    assert unpardoned("webex-wholesale") == []


def test_the_admin_operations_are_as_the_public_description_says() -> None:
    theirs, ours = operations(public("webex-admin-subset")), of_ours()
    assert {key for key in theirs if key not in ours} == set(NOT_SERVED)
    served = {key: facts for key, facts in theirs.items() if key in ours}
    found = differences(served, ours)
    assert [
        (key, fact, was, now)
        for (key, fact), was, now in found
        if not any(pardon(key, fact, was, now) for pardon in PARDONS.values())
    ] == []


@pytest.mark.parametrize("reason", PARDONS)
def test_every_pardon_is_needed(reason: str) -> None:
    theirs = operations(public("webex-wholesale")) | operations(public("webex-admin-subset"))
    ours = of_ours()
    both = {key: facts for key, facts in theirs.items() if key in ours}
    assert [found for found, was, now in differences(both, ours) if PARDONS[reason](*found, was, now)]


def test_a_difference_is_found() -> None:
    changed = of_ours()
    key = ("GET", "/wholesale/subscribers/{}")
    changed[key] = {fact: value for fact, value in changed[key].items() if fact != ("200.email", "type")}
    found = [
        fact for (where, fact), _, _ in differences(operations(public("webex-wholesale")), changed) if where == key
    ]
    assert ("200.email", "type") in found


def test_an_answer_that_is_not_described_is_found() -> None:
    bad = JsonResponse({"items": [{"id": 5}]}, status=200)
    found = broken("GET", "/wholesale/customers", bad)
    assert [text for text in found if "trackingId" in text], found
    assert [text for text in found if '"orgId"' in text or "required" in text], found
    assert broken("GET", "/wholesale/customers", JsonResponse({}, status=418)) == [
        "get /wholesale/customers: 418 is not described"
    ]
