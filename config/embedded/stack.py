"""The whole portal under one supervisor: what `manage.py up` runs."""

import errno
import json
import os
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any, TextIO
from urllib.parse import urlsplit

from config.embedded import services
from config.embedded.folder import DataFolder, StackState, remove_run_folder
from config.embedded.postgres import ServerDidNotStart
from config.embedded.process import ProcessId, rotate, tail
from config.embedded.servers import clean_up_after, new_run_folder, portal_environment, start_servers
from config.embedded.supervisor import StopRequested, Supervisor

LOOPBACK = ("127.0.0.1", "::1")
# Listening on every interface: where the supervisor itself asks.
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - only when the user says --host
READY_SECONDS = 120.0
TICK_SECONDS = 0.25
PROBE_SECONDS = 10.0
# Beat rings a canary task every 10 s and the worker writes the time down; this old means deaf (pattern P14).
CANARY_LIMIT_SECONDS = 60.0


class PortTaken(Exception):
    """Another program listens there already, or this user may not."""


@dataclass(frozen=True)
class Options:
    host: str
    port: int

    @property
    def url(self) -> str:
        """`localhost` rather than 127.0.0.1: browsers grant it what otherwise needs TLS, such as security keys."""
        name = "localhost" if self.host in (*LOOPBACK, *EVERYWHERE) else self.host
        return os.environ.get("BASE_URL") or f"http://{name}:{self.port}"


def require_free_port(host: str, port: int) -> None:
    """Raise PortTaken with a port to try instead."""
    problem = _why_not(host, port)
    if problem is None:
        return
    reason = "in use by another program" if problem == errno.EADDRINUSE else f"not available ({os.strerror(problem)})"
    other = next((p for p in range(max(port, 1024) + 1, 65536) if _why_not(host, p) is None), None)
    hint = f"\nStart on another one:  python3 manage.py up --port {other}" if other else ""
    raise PortTaken(f"Port {port} is {reason}.{hint}")


def _why_not(host: str, port: int) -> int | None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen(1)
        except OSError as error:
            return error.errno or errno.EADDRNOTAVAIL
    return None


class Stack:
    """`run` starts everything, keeps it running until told to stop, and leaves nothing behind."""

    def __init__(self, folder: DataFolder, options: Options, *, say: Callable[[str], None]) -> None:
        self.folder = folder
        self.options = options
        self.say = say
        self.supervisor = Supervisor(folder, say=say)
        own = ProcessId.of(os.getpid())
        self.state = StackState(own.pid, own.started, run_folder="", url=options.url)

    def run(self, lock: TextIO, *, on_ready: Callable[[Path], None]) -> int:
        """Return the exit code. `lock` is the data folder's, held; it is released at the end."""
        self.supervisor.listen_for_signals()
        try:
            self._start()
            on_ready(self._demo_info)
            self._keep()
        except StopRequested:
            self.say("Stopping ...")
            return 0
        except ServerDidNotStart as error:
            self.say(f"The portal did not start.\n{error}")
            return 1
        finally:
            self._clean_up(lock)
        return 0

    @property
    def _demo_info(self) -> Path:
        return Path(self.state.run_folder) / "demo-info.json"

    def _start(self) -> None:
        if ended := clean_up_after(self.folder.read_state(), self.folder):
            self.say(f"Ended what an earlier start left running: {', '.join(ended)}.")
        self.state.run_folder = str(new_run_folder())
        self._note()
        addresses = start_servers(self.supervisor, Path(self.state.run_folder))
        self.state.database_url, self.state.redis_url = addresses.database_url, addresses.redis_url
        self._note()
        environ = portal_environment(self.folder, addresses, url=self.options.url)
        self.supervisor.run_to_end(services.preparation(environ=environ, demo_info=self._demo_info))
        self.supervisor.start(services.web(environ=environ, host=self.options.host, port=self.options.port))
        self.supervisor.start(services.worker(environ=environ))
        self.supervisor.start(services.beat(environ=environ, schedule=self.folder.beat_schedule))
        self._note()
        self._wait_until_ready()
        self.state.ready = True
        self._note()

    def _note(self) -> None:
        self.state.children = [child.describe() for child in self.supervisor.children]
        self.folder.write_state(self.state)

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while probe(self.options)[0] != 200:
            self.supervisor.check()
            if time.monotonic() > deadline:
                log = self.folder.log("web")
                raise ServerDidNotStart(f"/readyz did not answer 200 in {READY_SECONDS:.0f} s. {log}:\n{tail(log)}")
            time.sleep(0.1)

    def _keep(self) -> None:
        next_probe = time.monotonic() + PROBE_SECONDS
        while True:
            self.supervisor.raise_if_stopped()
            changed = self.supervisor.tend()
            if time.monotonic() >= next_probe:
                changed = self._restart_the_deaf() or changed
                self._rotate_logs()
                next_probe = time.monotonic() + PROBE_SECONDS
            if changed:
                self._note()
            time.sleep(TICK_SECONDS)

    def _rotate_logs(self) -> None:
        for log in [self.folder.log("supervisor"), *(child.log for child in self.supervisor.children)]:
            rotate(log)

    def _restart_the_deaf(self) -> bool:
        status, answer = probe(self.options)
        if status is None or not is_deaf(answer, worker_age=self.supervisor.age("worker")):
            return False
        for name in ("worker", "beat"):
            self.supervisor.restart(name, f"no canary for over {CANARY_LIMIT_SECONDS:.0f} s")
        return True

    def _clean_up(self, lock: TextIO) -> None:
        stopped = self.supervisor.stop_all()
        if self.state.run_folder:
            remove_run_folder(Path(self.state.run_folder))
        self.folder.forget_state()
        self.folder.release(lock)
        if stopped:
            self.say(f"Stopped {', '.join(stopped)}.")


def is_deaf(answer: dict[str, Any], *, worker_age: float) -> bool:
    """Whether the queue is dead although the worker lives. A worker gets as long to sing its first canary."""
    if "canary_age_seconds" not in answer or worker_age <= CANARY_LIMIT_SECONDS:
        return False
    age = answer["canary_age_seconds"]
    return age is None or age > CANARY_LIMIT_SECONDS


def probe(options: Options) -> tuple[int | None, dict[str, Any]]:
    """Ask /readyz for its status and its JSON; no status when nobody answers."""
    host = EVERYWHERE.get(options.host, options.host)
    connection = HTTPConnection(host, options.port, timeout=5)
    try:
        connection.request("GET", "/readyz", headers={"Host": urlsplit(options.url).netloc})
        response = connection.getresponse()
        answer = json.loads(response.read())
    except ValueError:
        return response.status, {}
    except (OSError, HTTPException):
        return None, {}
    finally:
        connection.close()
    return response.status, answer if isinstance(answer, dict) else {}
