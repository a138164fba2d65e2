"""Fixtures shared by every test. The servers come from DATABASE_URL/REDIS_URL or the embedded plugin."""

import gc
import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from hypothesis import settings
from pytest_django.plugin import DjangoDbBlocker
from xdist.scheduler import LoadScopeScheduling

from tenancy.actors import SYSTEM, Actor
from tests.cast import Cast, make_cast

# Same examples on every run: a red suite is a change of ours, not luck. HYPOTHESIS_PROFILE=search looks for new ones.
settings.register_profile("portal", max_examples=60, deadline=None, derandomize=True, database=None)
settings.register_profile("search", max_examples=2000, deadline=None, database=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "portal"))

TRUNCATE_TRIGGERS = (
    "SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE NOT tgisinternal AND (tgtype & 32) > 0"
)


# Tests that start a whole portal, or Chromium: where they are, and the fixtures that say so.
LIVE = ("tests/browser/", "tests/config/test_embedded_stack.py", "tests/ui/test_gallery_in_browser.py")
LIVE_FIXTURES = {"portal", "browser"}


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Iterator[None]:
    """For workers: long tests come first, so that no worker ends alone.

    As a wrapper it comes after pytest-randomly's shuffle and before pytest-django puts tests that commit at the end.
    """
    for item in items:
        if LIVE_FIXTURES & set(getattr(item, "fixturenames", ())) and not item.nodeid.startswith(LIVE):
            raise pytest.UsageError(f"{item.nodeid} starts a portal or a browser, so its file belongs into LIVE.")
    items.sort(key=lambda item: not (item.get_closest_marker("slow") or item.nodeid.startswith("tests/sweeps/")))
    return (yield)


def pytest_collection_finish() -> None:
    """What is loaded by now lives until the end: a sixth of the sweeps' time went into looking for garbage in it."""
    gc.collect()
    gc.freeze()


class LiveTogether(LoadScopeScheduling):
    """Live tests go to one worker, first of all, one after the other; every other test to whichever worker is free.

    xdist's own groups write into the test's id, which pytest 9 no longer lets them: they do nothing, without a word.
    """

    def _split_scope(self, nodeid: str) -> str:
        return "live" if nodeid.startswith(LIVE) else nodeid


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Beside other workers, live tests go first on the processor, too: they wait for a portal and a browser, with time limits."""
    if "PYTEST_XDIST_WORKER" in os.environ and not item.nodeid.startswith(LIVE):
        os.setpriority(os.PRIO_PROCESS, 0, max(5, os.getpriority(os.PRIO_PROCESS, 0)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LiveTogether:
    return LiveTogether(config, log)


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
