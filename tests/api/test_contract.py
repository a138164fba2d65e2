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


# Why the public description is not followed to the letter.
PARDONS: dict[str, Pardon] = {
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
