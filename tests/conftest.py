"""Fixtures shared by every test. The servers come from DATABASE_URL/REDIS_URL or the embedded plugin."""

from collections.abc import Callable, Iterator

import pytest
from django.core.cache import cache
from django.test import Client

from tenancy.actors import SYSTEM, Actor
from tests.cast import Cast, make_cast


@pytest.fixture
def cast(db: None) -> Cast:
    """The whole cast, freshly made (see tests/cast.py)."""
    return make_cast()


@pytest.fixture
def system() -> Actor:
    """The portal itself as an actor."""
    return SYSTEM


@pytest.fixture
def sign_in(cast: Cast) -> Callable[[str], Client]:
    """A browser signed in as a member of the cast, by name."""

    def as_(who: str) -> Client:
        client = Client()
        client.force_login(cast.admins[who])
        return client

    return as_


@pytest.fixture(autouse=True)
def _empty_cache() -> Iterator[None]:
    """Rate limits live in the cache: one test's sign-ins must not throttle the next."""
    yield
    cache.clear()
