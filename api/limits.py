"""How many requests a token may send a minute, counted in the cache and said in the headers of every answer.

A cache that is away limits nobody: the API goes on without it.
"""

import time
from dataclasses import dataclass

import structlog
from django.conf import settings
from django.core.cache import cache
from redis.exceptions import RedisError

from tenancy.tokens import Bearer

WINDOW_SECONDS = 60
logger = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Allowance:
    """What is left of the current minute; `reset` is in seconds."""

    limit: int
    remaining: int
    reset: int
    exceeded: bool = False

    @property
    def headers(self) -> dict[str, str]:
        return {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(self.remaining),
            "RateLimit-Reset": str(self.reset),
        }


def spend(bearer: Bearer) -> Allowance:
    """Count one request of whoever holds the token."""
    return spend_of(f"api-rate:{bearer.who}", settings.API_REQUESTS_PER_MINUTE)


def spend_of(who: str, limit: int) -> Allowance:
    """Count one request of whoever this is; `limit` is per minute."""
    now = int(time.time())
    reset = WINDOW_SECONDS - now % WINDOW_SECONDS
    try:
        used = _count(f"{who}:{now // WINDOW_SECONDS}")
    except (RedisError, OSError) as error:
        logger.warning("rate_limit_unavailable", error=type(error).__name__)
        used = 0
    return Allowance(limit, max(limit - used, 0), reset, exceeded=used > limit)


def _count(key: str) -> int:
    try:
        return cache.incr(key)
    except ValueError:
        # Nobody has counted in this minute yet. Of two who add at once, one wins and the other counts on top.
        cache.add(key, 0, timeout=2 * WINDOW_SECONDS)
        return cache.incr(key)
