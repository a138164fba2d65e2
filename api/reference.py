"""The description as a page shows it: operations by tag, with their parameters, body fields and answers in plain words."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from http.client import responses
from typing import Any

from api import codes
from api.description import description

DEEPEST = 4
_LIMITS = {
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minimum": "from {}",
    "maximum": "to {}",
    "minItems": "at least {}",
    "maxItems": "at most {}",
}


@dataclass(frozen=True)
class Field:
    """A parameter, or a field of a body; `name` is dotted where it lies deeper."""

    name: str
    kind: str
    required: bool
    note: str


@dataclass(frozen=True)
class Entry:
    """One operation."""

    anchor: str
    method: str
    path: str
    summary: str
    text: str
    scope: str
    parameters: list[Field]
    body: list[Field]
    answers: list[tuple[str, str]]


@cache
def entries() -> dict[str, list[Entry]]:
    """Every operation, by tag, in the order of the description."""
    document = description()
    found: dict[str, list[Entry]] = {}
    for path, methods in document["paths"].items():
        for method, details in methods.items():
            found.setdefault(details["tags"][0], []).append(_entry(document, path, method, details))
    return found


@dataclass(frozen=True)
class Number:
    """A number of an error, the HTTP status that it comes with, and what it means in a few words."""

    number: int
    status: int
    meaning: str


def numbers() -> list[Number]:
    """Our own numbers of errors, in their order. Webex's own keep the meaning they have there."""
    of_status = [Number(number, status, responses[status]) for status, number in codes.OF_STATUS.items()]
    of_rules = [Number(n, codes.status_of_rule(word), word.replace("_", " ")) for word, n in codes.OF_RULE.items()]
    return sorted([*of_status, *of_rules], key=lambda row: row.number)


def _entry(document: dict[str, Any], path: str, method: str, details: dict[str, Any]) -> Entry:
    content = details.get("requestBody", {}).get("content", {}).get("application/json", {})
    return Entry(
        anchor=details["operationId"].lower().replace(" ", "-"),
        method=method.upper(),
        path=f"/v1{path}",
        summary=details["summary"],
        text=details.get("description", ""),
        scope=details["security"][0]["BearerToken"][0],
        parameters=[_parameter(parameter) for parameter in details["parameters"]],
        body=list(_fields(document, content["schema"])) if content else [],
        answers=[(str(status), responses[int(status)]) for status in details["responses"]],
    )


def _parameter(parameter: dict[str, Any]) -> Field:
    schema = parameter["schema"]
    where = "" if parameter["in"] == "query" else f" ({parameter['in']})"
    return Field(parameter["name"] + where, _kind(schema), parameter["required"], _note(schema))


def _fields(document: dict[str, Any], schema: dict[str, Any], prefix: str = "", depth: int = 0) -> Iterator[Field]:
    schema = _resolved(document, schema)
    for name, inner in schema.get("properties", {}).items():
        plain = _resolved(document, inner)
        required = name in schema.get("required", ())
        yield Field(prefix + name, _kind(plain), required, _note(plain))
        if depth < DEEPEST:
            yield from _fields(document, plain, f"{prefix}{name}.", depth + 1)


def _resolved(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """Behind a reference, and past the null that an optional field may be."""
    for option in schema.get("anyOf", ()):
        if option.get("type") != "null":
            return _resolved(document, {**schema, **option, "anyOf": ()})
    reference = schema.get("$ref", "")
    if not reference:
        return schema
    return dict(document["components"]["schemas"][reference.rsplit("/", 1)[-1]])


def _kind(schema: dict[str, Any]) -> str:
    options = [option for option in schema.get("anyOf", ()) if option.get("type") != "null"]
    if options:
        return _kind(options[0])
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    return str(schema.get("format") or schema.get("type") or "object")


def _note(schema: dict[str, Any]) -> str:
    options = [option for option in schema.get("anyOf", ()) if option.get("type") != "null"]
    inner = {**schema, **(options[0] if options else {})}
    words = [text.format(inner[name]) for name, text in _LIMITS.items() if name in inner]
    choices = inner.get("enum") or inner.get("items", {}).get("enum") or ()
    if choices:
        words.append("one of " + ", ".join(map(str, choices)))
    if inner.get("default") not in (None, "", [], {}):
        words.append(f"default {inner['default']}")
    return "; ".join(words)
