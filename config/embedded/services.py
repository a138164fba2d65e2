"""The portal's own processes as the supervisor runs them: web, worker, beat, and the preparation before them."""

import signal
import sys
from collections.abc import Mapping
from pathlib import Path

from config.embedded.folder import PROJECT
from config.embedded.process import SAME_ACCOUNT

WEB_PROCESSES = 2
# Each thread may hold one database connection; the pool per process is as large.
WEB_THREADS = 8
WORKER_PROCESSES = 2
TASKS_PER_WORKER_PROCESS = 500


class PortalProcess:
    """A Python module run in the project folder with the stack's environment."""

    account = SAME_ACCOUNT
    cwd = PROJECT
    stop_signal: int = signal.SIGTERM

    def __init__(self, name: str, arguments: list[str], *, environ: Mapping[str, str], stop_seconds: float) -> None:
        self.name = name
        self.environ = environ
        self.stop_seconds = stop_seconds
        self._arguments = arguments

    def command(self) -> list[str]:
        return [sys.executable, "-m", *self._arguments]

    def prepare(self) -> None:
        """Nothing to clear: these keep no state of their own."""


def preparation(*, environ: Mapping[str, str], demo_info: Path) -> PortalProcess:
    return PortalProcess("prepare", ["config.embedded.prepare", str(demo_info)], environ=environ, stop_seconds=10)


def web(*, environ: Mapping[str, str], host: str, port: int) -> PortalProcess:
    arguments = [
        *("granian", "--interface", "wsgi", "config.wsgi:application"),
        *("--host", host, "--port", str(port), "--no-ws"),
        *("--workers", str(WEB_PROCESSES), "--blocking-threads", str(WEB_THREADS)),
        *("--respawn-failed-workers", "--workers-kill-timeout", "10"),
    ]
    pooled = {**environ, "DB_POOL": "1", "DB_POOL_SIZE": str(WEB_THREADS)}
    return PortalProcess("web", arguments, environ=pooled, stop_seconds=15)


def worker(*, environ: Mapping[str, str]) -> PortalProcess:
    arguments = [
        *("celery", "-A", "config.celery:app", "worker", "--pool", "prefork", "--concurrency", str(WORKER_PROCESSES)),
        *("--max-tasks-per-child", str(TASKS_PER_WORKER_PROCESS), "--without-gossip", "--without-mingle"),
        *("--hostname", "portal@localhost", "--loglevel", "INFO"),
    ]
    # A warm stop lets running steps finish. Cutting one short is safe (it is claimed again), only slower.
    return PortalProcess("worker", arguments, environ=environ, stop_seconds=20)


def beat(*, environ: Mapping[str, str], schedule: Path) -> PortalProcess:
    arguments = [
        *("celery", "-A", "config.celery:app", "beat", "--schedule", str(schedule), "--pidfile", ""),
        *("--loglevel", "INFO"),
    ]
    return PortalProcess("beat", arguments, environ=environ, stop_seconds=5)
