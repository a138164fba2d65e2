"""One Valkey server on a unix socket: the broker's queues and the cache. Never on a port."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import redis

from config.embedded.binaries import valkey_program
from config.embedded.postgres import ServerDidNotStart
from config.embedded.process import SAME_ACCOUNT
from config.embedded.urls import embedded_redis_url


class ValkeyServer:
    """A server that keeps its append-only file in `data` and listens in `sockets` only."""

    name = "valkey"
    stop_signal: int = signal.SIGTERM
    stop_seconds = 10.0
    account = SAME_ACCOUNT

    def __init__(self, *, data: Path, sockets: Path, throw_away: bool = False) -> None:
        self.data = data
        self.socket = sockets / "valkey.sock"
        self.throw_away = throw_away
        self.program = valkey_program()
        self.cwd = data

    @property
    def url(self) -> str:
        return embedded_redis_url(self.socket)

    @property
    def environ(self) -> dict[str, str]:
        return dict(os.environ)

    def command(self) -> list[str]:
        settings = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self.data),
            # Queues must survive a restart; snapshots on top of the append-only file would only double the writing.
            "appendonly": "no" if self.throw_away else "yes",
            "save": "",
            # Evicting a queue would lose messages silently; running full is noticed.
            "maxmemory-policy": "noeviction",
            "daemonize": "no",
        }
        return [str(self.program), *(word for name, value in settings.items() for word in (f"--{name}", value))]

    def prepare(self) -> None:
        """Make the folders and remove the socket of a server that was killed."""
        for folder in (self.socket.parent, self.data):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.socket.unlink(missing_ok=True)

    def wait_until_ready(self, *, check: Callable[[], None], seconds: float = 30.0) -> None:
        """Wait for an answer; `check` is called in between and raises when waiting has become pointless."""
        deadline = time.monotonic() + seconds
        while not self.answers():
            check()
            if time.monotonic() > deadline:
                raise ServerDidNotStart(f"Valkey did not answer within {seconds:.0f} s.")
            time.sleep(0.05)

    def answers(self) -> bool:
        """A server that is still reading its append-only file answers "loading", which is not yet."""
        client = redis.Redis(unix_socket_path=str(self.socket), socket_timeout=2, socket_connect_timeout=2)
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False
        finally:
            client.close()
