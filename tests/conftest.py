"""Fixtures shared by every test. The servers come from DATABASE_URL/REDIS_URL or the embedded plugin."""

import os
from collections.abc import Callable, Iterator

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from hypothesis import settings
from pytest_django.plugin import DjangoDbBlocker

from tenancy.actors import SYSTEM, Actor
from tests.cast import Cast, make_cast

# Same examples on every run: a red suite is a change of ours, not luck. HYPOTHESIS_PROFILE=search looks for new ones.
settings.register_profile("portal", max_examples=60, deadline=None, derandomize=True, database=None)
settings.register_profile("search", max_examples=2000, deadline=None, database=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "portal"))

TRUNCATE_TRIGGERS = (
    "SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE NOT tgisinternal AND (tgtype & 32) > 0"
)


LIVE = {"portal", "browser"}  # fixtures that start a whole portal, or Chromium


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> Iterator[None]:
    """For workers: live tests follow each other on one of them, and long tests come first, so that neither ends alone.

    As a wrapper it comes after pytest-randomly's shuffle and before pytest-django puts tests that commit at the end.
    """
    for item in items:
        if LIVE & set(getattr(item, "fixturenames", ())) and config.pluginmanager.hasplugin("xdist"):
            item.add_marker(pytest.mark.xdist_group("live"))
    items.sort(key=lambda item: not (item.get_closest_marker("slow") or item.nodeid.startswith("tests/sweeps/")))
    return (yield)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    """Switch off the guards against TRUNCATE: that is how Django empties tables after a test that commits."""
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(TRUNCATE_TRIGGERS)
        for table, trigger in cursor.fetchall():
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER {trigger}")


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
