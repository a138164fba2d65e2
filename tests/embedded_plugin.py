"""Gives the tests servers of their own: a throw-away PostgreSQL cluster and Valkey on unix sockets.

Loaded with `-p tests.embedded_plugin`, early enough for pytest-django to see the addresses. With DATABASE_URL and
REDIS_URL set, those servers are used and nothing is started.

Workers of a parallel run inherit the addresses of the process that started them, so all use the same servers. Each has a
database of its own (pytest-django's doing), and here gets its own Redis databases and data folder: a test that empties
the cache, a queue or a folder must not empty its neighbour's.
"""

import contextlib
import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from config.embedded.binaries import CannotRun
from config.embedded.folder import DataFolder, remove_run_folder
from config.embedded.postgres import ServerDidNotStart
from config.embedded.servers import Addresses, external_addresses, new_run_folder, portal_environment, servers_for
from config.embedded.urls import server_url

TEST_URL = "http://testserver"
_running = contextlib.ExitStack()


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests() -> None:
    # Otherwise a termination would skip pytest_unconfigure and leave the temporary folders.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    folder = DataFolder(_running.enter_context(_temporary_folder()))
    try:
        folder.create()
        addresses = external_addresses(os.environ)
        if not (addresses.database_url and addresses.redis_url):
            addresses = _running.enter_context(servers_for(folder, purpose="the tests", throw_away=True))
    except (CannotRun, ServerDidNotStart) as error:
        _running.close()
        raise pytest.UsageError(f"No servers to test with: {error}") from error
    os.environ.update(portal_environment(folder, _of_this_worker(addresses), url=TEST_URL))


def pytest_unconfigure() -> None:
    _running.close()


def _of_this_worker(addresses: Addresses) -> Addresses:
    """Two Redis databases a worker (broker and cache), counted from the one that REDIS_URL names."""
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    return replace(addresses, redis_url=server_url(addresses.redis_url, further=2 * number))


@contextlib.contextmanager
def _temporary_folder() -> Iterator[Path]:
    folder = new_run_folder()
    try:
        yield folder / "data"
    finally:
        remove_run_folder(folder)
