"""Logging: one JSON object a line (or readable text in DEBUG), secrets masked before anything is written."""

import logging.config
import re
from typing import Any

import structlog
from django.http import HttpRequest

SECRET_KEYS = re.compile(r"password|secret|token|authorization|cookie|signature", re.IGNORECASE)
# Access and refresh tokens, authorization codes and client secrets, wherever they stand.
BEARER = re.compile(r"\bws[prcs]_[\w-]{20,}")
SIGNED = re.compile(r"/(download|consent|attach|files)/[^/\s]+")


def mask_secrets(_logger: Any, _name: str, event: dict[str, Any]) -> dict[str, Any]:
    """Replace the value of every key that names a secret, tokens in any text, and the signature in a link."""
    masked = {
        key: "***" if SECRET_KEYS.search(key) and key != "event" else _said(value) for key, value in event.items()
    }
    return {key: _mask(value) if isinstance(value, str) else value for key, value in masked.items()}


def _said(value: Any) -> Any:
    """A request without its query: Django logs requests whole, and whoever sends a secret in an address would find it here."""
    return f"{value.method} {value.path}" if isinstance(value, HttpRequest) else value


def _mask(text: str) -> str:
    return BEARER.sub("***", SIGNED.sub(r"/\1/***", text))


SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.stdlib.ExtraAdder(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    mask_secrets,
]


def logging_config(*, level: str, json: bool) -> dict[str, Any]:
    """Configure structlog and the standard library to write alike; returns the dictionary used."""
    renderer = structlog.processors.JSONRenderer() if json else structlog.dev.ConsoleRenderer(colors=False)
    config: dict[str, Any] = {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "portal": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": SHARED,
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    structlog.processors.format_exc_info,
                    renderer,
                ],
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "portal"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "django.server": {"handlers": [], "propagate": True},
            # Its debug messages hold the tokens that it has just made.
            "oauthlib": {"level": "INFO"},
        },
    }
    logging.config.dictConfig(config)
    structlog.configure(
        processors=[*SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    return config
