"""Gives the tests servers of their own: a throw-away PostgreSQL cluster and Valkey on unix sockets.

Loaded with `-p tests.embedded_plugin`, early enough for pytest-django to see the addresses. With DATABASE_URL and
REDIS_URL set, those servers are used and nothing is started.
"""

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.embedded.binaries import CannotRun
from config.embedded.folder import DataFolder, remove_run_folder
from config.embedded.postgres import ServerDidNotStart
from config.embedded.servers import external_addresses, new_run_folder, portal_environment, servers_for

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
    os.environ.update(portal_environment(folder, addresses, url=TEST_URL))


def pytest_unconfigure() -> None:
    _running.close()


@contextlib.contextmanager
def _temporary_folder() -> Iterator[Path]:
    folder = new_run_folder()
    try:
        yield folder / "data"
    finally:
        remove_run_folder(folder)
