"""The whole portal as a user starts it, for tests that need a real web server, worker and beat."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from config.embedded.binaries import server_account
from config.embedded.folder import PROJECT, ChildState, DataFolder, StackState, make_run_folder, remove_run_folder

OURS = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "BASE_URL", "PORTAL_DATA_DIR", "DJANGO_SETTINGS_MODULE")


@contextlib.contextmanager
def temporary_data_folder() -> Iterator[Path]:
    """Within reach of the account root hands PostgreSQL to; pytest's own temporary folders are not, on purpose."""
    folder = make_run_folder(server_account())
    try:
        yield folder / "data"
    finally:
        remove_run_folder(folder)


def free_port() -> int:
    with socket.socket() as probe_socket:
        probe_socket.bind(("127.0.0.1", 0))
        return int(probe_socket.getsockname()[1])


def wait_for(condition: Callable[[], object], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


class Portal:
    """`manage.py` on one data folder and one port, without this test run's own servers in its environment.

    `environ` may be added to before `up`; `demo` says whether the demo data is loaded.
    """

    def __init__(self, data: Path, *, demo: bool) -> None:
        self.folder = DataFolder(data)
        self.port = free_port()
        self.environ = {name: value for name, value in os.environ.items() if name not in OURS}
        self.environ |= {"PORTAL_DATA_DIR": str(data), "PORTAL_DEMO": str(int(demo))}
        self.url = f"http://localhost:{self.port}"

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(PROJECT / "manage.py"), *arguments]
        return subprocess.run(command, check=False, env=self.environ, capture_output=True, text=True, timeout=120)

    def up(self) -> subprocess.CompletedProcess[str]:
        return self.manage("up", "--detach", "--port", str(self.port))

    @property
    def state(self) -> StackState:
        state = self.folder.read_state()
        assert state
        return state

    def child(self, name: str) -> ChildState:
        return next(child for child in self.state.children if child.name == name)

    def is_ready(self) -> bool:
        connection = HTTPConnection("localhost", self.port, timeout=5)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()

    def what_is_left(self) -> list[str]:
        """Files that only a running stack has."""
        return [name for name in ("lock", "state.json") if (self.folder.root / name).exists()]
