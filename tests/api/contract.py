"""Reads OpenAPI documents as lists of facts that can be compared: parameters, fields, types, words, statuses, headers.

A fact is `(place, aspect): value`, for example `("body address.country", "type"): "string"`. The public documents are 3.0, ours
is 3.1; both are brought to the same words.
"""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
from django.http import HttpResponse

from api.description import description

PUBLIC = Path(__file__).parent / "public"
METHODS = ("get", "post", "put", "patch", "delete")
Facts = dict[tuple[str, str], Any]
Json = Mapping[str, Any]


def public(name: str) -> dict[str, Any]:
    """One of the public documents."""
    document: dict[str, Any] = json.loads((PUBLIC / f"{name}.openapi.json").read_text())
    return document


def operations(document: Json) -> dict[tuple[str, str], Facts]:
    """The facts of each operation by method and path; the names of path parameters do not count."""
    return {
        (method.upper(), _nameless(path)): dict(_facts(document, methods[method]))
        for path, methods in document["paths"].items()
        for method in METHODS
        if method in methods
    }


def _nameless(path: str) -> str:
    return "/".join("{}" if part.startswith("{") else part for part in path.split("/"))


def _facts(document: Json, operation: Json) -> Iterator[tuple[tuple[str, str], Any]]:
    for parameter in operation.get("parameters", []):
        if parameter["in"] != "path":
            place = f"{parameter['in']} {parameter['name']}"
            yield (place, "required"), bool(parameter.get("required"))
            yield from _of_value(document, place, parameter["schema"])
    body = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if body:
        yield from _of_schema(document, "body", body["schema"])
    for status, response in operation["responses"].items():
        yield (status, "status"), True
        if status < "300":
            yield from _of_answer(document, status, response)


def _of_answer(document: Json, status: str, response: Json) -> Iterator[tuple[tuple[str, str], Any]]:
    for name in response.get("headers", {}):
        yield (f"{status} header {name}", "header"), True
    content = response.get("content", {}).get("application/json")
    if content and content["schema"]:
        yield from _of_schema(document, status, content["schema"])


def _of_schema(document: Json, place: str, schema: Json, depth: int = 0) -> Iterator[tuple[tuple[str, str], Any]]:
    """The fields of an object, or of the objects in a list, at every depth."""
    schema = resolved(document, schema)
    if "items" in schema:
        yield from _of_schema(document, f"{place}[]", schema["items"], depth)
    for name, field in schema.get("properties", {}).items():
        inner = f"{place}.{name}"
        if place.startswith("body"):
            yield (inner, "required"), name in schema.get("required", ())
        yield from _of_value(document, inner, field)
        if depth < 8:
            yield from _of_schema(document, inner, field, depth + 1)


def _of_value(document: Json, place: str, schema: Json) -> Iterator[tuple[tuple[str, str], Any]]:
    schema = resolved(document, schema)
    kind = schema.get("type", "object" if "properties" in schema else None)
    yield (place, "type"), "number" if kind == "integer" else kind
    if "enum" in schema:
        yield (place, "words"), frozenset(schema["enum"])


def resolved(document: Json, schema: Json) -> Json:
    """The schema without references, and without the `null` that an optional value may be."""
    if "$ref" in schema:
        target: Any = document
        for step in schema["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        return resolved(document, target)
    if "anyOf" in schema:
        meant = [choice for choice in schema["anyOf"] if choice.get("type") != "null"]
        rest = {name: value for name, value in schema.items() if name != "anyOf"}
        return {**rest, **resolved(document, meant[0])} if len(meant) == 1 else schema
    if len(schema.get("allOf", ())) == 1:
        return {**schema, **resolved(document, schema["allOf"][0])}
    return schema


# -- Answers -------------------------------------------------------------------------------------------------------------
@cache
def _ours() -> dict[str, Any]:
    text: dict[str, Any] = json.loads(json.dumps(description()))
    return text


@cache
def _validator(path: str, method: str, status: str) -> jsonschema_rs.Draft202012Validator | None:
    schema = _ours()["paths"][path][method]["responses"][status].get("content", {}).get("application/json", {})
    if not schema.get("schema"):
        return None
    return jsonschema_rs.Draft202012Validator({**schema["schema"], "components": _ours()["components"]})


def _described(path: str, method: str) -> str | None:
    """The path of the description that a URL belongs to. A word goes before a parameter."""
    parts = path.strip("/").split("/")
    for template in sorted(_ours()["paths"], key=lambda known: known.count("{")):
        known = template.strip("/").split("/")
        fits = len(known) == len(parts) and all(a.startswith("{") or a == b for a, b in zip(known, parts, strict=True))
        if fits and method in _ours()["paths"][template]:
            return str(template)
    return None


def broken(method: str, path: str, response: HttpResponse) -> list[str]:
    """What an answer of ours does not keep of our own description; nothing for a URL that is not described."""
    template = _described(path.partition("?")[0], method.lower())
    if template is None:
        return []
    status, method = str(response.status_code), method.lower()
    answers = _ours()["paths"][template][method]["responses"]
    if status not in answers:
        return [f"{method} {template}: {status} is not described"]
    missing = [name for name in answers[status].get("headers", {}) if name not in {*response.headers, "Link"}]
    return [f"{method} {template} {status}: {what}" for what in [*missing, *_of_body(template, method, response)]]


def _of_body(template: str, method: str, response: HttpResponse) -> list[str]:
    validator = _validator(template, method, str(response.status_code))
    if validator is None:
        return ["has a body that is not described"] if response.content else []
    return [error.message for error in validator.iter_errors(json.loads(response.content))]
