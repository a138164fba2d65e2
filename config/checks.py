"""Start-up check: a URL without a declared control keeps the process from starting (design.md section 4)."""

from collections.abc import Iterator
from typing import Any

from django.core.checks import CheckMessage, Error
from django.urls import URLPattern, URLResolver, get_resolver

from tenancy.policy import Control


def every_url_declares_its_control(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """One error for each URL whose callback names no `Control`."""
    return [
        Error(
            f"The URL '{route}' declares no control.",
            hint="Give its view a `control`, or wrap it in tenancy.access.declare(control, view).",
            id="portal.E001",
        )
        for route, pattern in walk(get_resolver().url_patterns)
        if not isinstance(control_of(pattern), Control)
    ]


def control_of(pattern: URLPattern) -> Control | None:
    """The control that a URL's callback declares, or None."""
    callback = pattern.callback
    return getattr(callback, "control", None) or getattr(getattr(callback, "view_class", None), "control", None)


def walk(patterns: list[URLPattern | URLResolver], prefix: str = "/") -> Iterator[tuple[str, URLPattern]]:
    """Every URL of the process with its whole route."""
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from walk(pattern.url_patterns, route)
        else:
            yield route, pattern
