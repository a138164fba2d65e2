"""How far a worker is with a report's file. Kept in the cache: it is worth nothing once the file is there.

A cache that is away shows no progress; the file is made without it.
"""

import time
from dataclasses import dataclass
from uuid import UUID

import structlog
from django.core.cache import cache
from redis.exceptions import RedisError

EVERY_SECONDS = 0.5
KEPT_SECONDS = 60
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Progress:
    """Lines written so far, of so many."""

    done: int
    total: int


class Counter:
    """Counts the lines of one file, and says so twice a second."""

    def __init__(self, report_id: UUID, total: int) -> None:
        self._key, self._total = _key(report_id), total
        self._next = 0.0

    def reached(self, done: int) -> None:
        """So many lines are written. Cheap to call for every line."""
        if (now := time.monotonic()) < self._next:
            return
        self._next = now + EVERY_SECONDS
        try:
            cache.set(self._key, [done, self._total], timeout=KEPT_SECONDS)
        except (RedisError, OSError) as error:
            log.warning("report_progress_unavailable", error=type(error).__name__)


def progress_of(report_id: UUID) -> Progress | None:
    """How far it is, or None: nobody has begun to write, or nobody can say."""
    try:
        found = cache.get(_key(report_id))
    except (RedisError, OSError) as error:
        log.warning("report_progress_unavailable", error=type(error).__name__)
        return None
    return Progress(*found) if found else None


def _key(report_id: UUID) -> str:
    return f"report-progress:{report_id}"
