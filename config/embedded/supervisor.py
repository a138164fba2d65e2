"""Runs a list of processes: starts them, restarts those that die, stops them in reverse order.

One thread, no threads' hazards: signals only set a flag, and every wait looks at it.
"""

import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Protocol

from config.embedded.folder import ChildState, DataFolder
from config.embedded.postgres import ServerDidNotStart
from config.embedded.process import Account, ProcessId, rotate, signal_group, spawn, stop, tail

FIRST_DELAY_SECONDS = 0.5
LONGEST_DELAY_SECONDS = 30.0
# A process that lived this long was healthy: its next death starts with a short delay again.
HEALTHY_SECONDS = 60.0


class Service(Protocol):
    """Something that runs as one process (which may have children of its own)."""

    name: str
    stop_signal: int
    stop_seconds: float
    account: Account
    cwd: Path

    @property
    def environ(self) -> Mapping[str, str]: ...

    def command(self) -> list[str]: ...

    def prepare(self) -> None:
        """Called before every start, so it also clears what a crash left behind."""
        ...


class StopRequested(Exception):
    """The user, or the system, asked the stack to end."""


@dataclass
class Child:
    service: Service
    process: subprocess.Popen[bytes]
    log: Path
    since: float
    restarts: int = 0
    delay: float = FIRST_DELAY_SECONDS
    due: float | None = field(default=None)

    def describe(self) -> ChildState:
        identity = ProcessId.of(self.process.pid)
        return ChildState(
            name=self.service.name,
            pid=identity.pid,
            started=identity.started,
            stop_signal=int(self.service.stop_signal),
            log=str(self.log),
            restarts=self.restarts,
        )


class Supervisor:
    def __init__(self, folder: DataFolder, *, say: Callable[[str], None]) -> None:
        self.folder = folder
        self.children: list[Child] = []
        self._say = say
        self._signals = 0

    # -- signals -------------------------------------------------------------------------------------------------------
    def listen_for_signals(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._signals += 1

    def raise_if_stopped(self) -> None:
        if self._signals:
            raise StopRequested

    # -- starting ------------------------------------------------------------------------------------------------------
    def start(self, service: Service) -> Child:
        service.prepare()
        log = self.folder.log(service.name)
        rotate(log)
        child = Child(service, self._spawn(service, log), log, time.monotonic())
        self.children.append(child)
        return child

    def _spawn(self, service: Service, log: Path) -> subprocess.Popen[bytes]:
        return spawn(
            service.command(),
            log=log,
            environ=service.environ,
            cwd=service.cwd,
            account=service.account,
            death_signal=service.stop_signal,
        )

    def check(self) -> None:
        """While starting, a death is final and reported; later, `tend` restarts."""
        self.raise_if_stopped()
        for child in self.children:
            code = child.process.poll()
            if code is not None:
                raise ServerDidNotStart(f"{child.service.name} ended with code {code}. {child.log}:\n{tail(child.log)}")

    def run_to_end(self, service: Service) -> None:
        """Run a process that should finish, such as the migrations; raise with the end of its log when it fails."""
        child = self.start(service)
        self.children.remove(child)
        try:
            while child.process.poll() is None:
                self.check()
                time.sleep(0.02)
        finally:
            stop(child.process, polite=service.stop_signal, seconds=service.stop_seconds)
        if child.process.returncode:
            raise ServerDidNotStart(
                f"{service.name} failed with code {child.process.returncode}. {child.log}:\n{tail(child.log)}"
            )

    # -- keeping -------------------------------------------------------------------------------------------------------
    def tend(self) -> bool:
        """Note who died and restart whose time has come. Returns whether anything changed."""
        now = time.monotonic()
        changed = False
        for child in self.children:
            if child.due is None and child.process.poll() is not None:
                self._schedule(child, now)
                changed = True
            elif child.due is not None and now >= child.due:
                self._restart(child, now)
                changed = True
        return changed

    def _schedule(self, child: Child, now: float) -> None:
        # The leader is gone; what it started must not keep the port or the queue.
        signal_group(child.process.pid, signal.SIGKILL)
        if now - child.since > HEALTHY_SECONDS:
            child.delay = FIRST_DELAY_SECONDS
        child.due = now + child.delay
        code = child.process.returncode
        self._say(f"{child.service.name} ended with code {code}; restarting in {child.delay:g} s. Log: {child.log}")
        child.delay = min(child.delay * 2, LONGEST_DELAY_SECONDS)

    def _restart(self, child: Child, now: float) -> None:
        try:
            child.service.prepare()
            child.process = self._spawn(child.service, child.log)
        except OSError as error:  # a full disk, no more processes: worth another try
            child.due = now + child.delay
            child.delay = min(child.delay * 2, LONGEST_DELAY_SECONDS)
            self._say(f"{child.service.name} could not be started ({error}); trying again.")
            return
        child.since, child.due = now, None
        child.restarts += 1

    def restart(self, name: str, reason: str) -> None:
        """End a process that lives but does no work; `tend` brings it back."""
        for child in self.children:
            if child.service.name == name and child.due is None:
                self._say(f"{name}: {reason}; restarting it.")
                stop(child.process, polite=child.service.stop_signal, seconds=child.service.stop_seconds)

    def age(self, name: str) -> float:
        """Seconds since the named process was last started."""
        return next(time.monotonic() - child.since for child in self.children if child.service.name == name)

    # -- stopping ------------------------------------------------------------------------------------------------------
    def stop_all(self) -> list[str]:
        """Stop in reverse order of starting; a second signal shortens the patience. Returns the names."""
        asked = self._signals
        stopped = []
        while self.children:
            child = self.children.pop()
            patience = child.service.stop_seconds if self._signals <= max(asked, 1) else 1.0
            stop(child.process, polite=child.service.stop_signal, seconds=patience)
            stopped.append(child.service.name)
        return stopped
