"""Starting and stopping child processes so that none outlives its supervisor.

Every child leads its own process group (Ctrl-C reaches the supervisor only, which then stops them in order) and is
signalled by the kernel when the supervisor dies, even by SIGKILL.
"""

import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PR_SET_PDEATHSIG = 1
LOG_LIMIT_BYTES = 10 * 1024 * 1024
_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class Account:
    """The system account a server runs under; None as uid means the supervisor's own."""

    name: str
    uid: int | None = None
    gid: int | None = None

    def popen_options(self) -> dict[str, Any]:
        """What makes subprocess run a program as this account, without the supervisor's groups."""
        return {} if self.uid is None else {"user": self.uid, "group": self.gid, "extra_groups": []}


@dataclass(frozen=True)
class ProcessId:
    """A process that cannot be mistaken for a later one that was given the same number."""

    pid: int
    started: int

    @classmethod
    def of(cls, pid: int) -> "ProcessId":
        return cls(pid, _start_ticks(pid))

    def is_alive(self) -> bool:
        return _start_ticks(self.pid) == self.started != 0

    def terminate(self) -> None:
        if self.is_alive():
            os.kill(self.pid, signal.SIGTERM)

    def age_seconds(self) -> float:
        uptime = float(Path("/proc/uptime").read_text().split()[0])
        return max(0.0, uptime - self.started / os.sysconf("SC_CLK_TCK"))


# The supervisor's own account.
SAME_ACCOUNT = Account("")


def _start_ticks(pid: int) -> int:
    """Clock ticks after boot at which the process started; 0 when there is none, or only its unreaped remains."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return 0 if fields[0] in ("Z", "X") else int(fields[19])


def spawn(
    command: Sequence[str],
    *,
    log: Path,
    environ: Mapping[str, str],
    cwd: Path,
    account: Account = SAME_ACCOUNT,
    death_signal: int = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    """Start `command` with its output appended to `log`. Call it from the main thread: the kernel watches that one."""
    with open(log, "ab") as output:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(environ),
            cwd=cwd,
            start_new_session=True,
            preexec_fn=_die_with_parent(os.getpid(), death_signal),
            **account.popen_options(),
        )


def _die_with_parent(parent: int, death_signal: int) -> Callable[[], None]:
    def prepare_child() -> None:
        _libc.prctl(PR_SET_PDEATHSIG, death_signal)
        if os.getppid() != parent:
            os._exit(1)  # the supervisor died between fork and prctl

    return prepare_child


def rotate(log: Path) -> None:
    """Keep one older file. The process may be writing: it appends, so emptying its file under it is safe."""
    if log.exists() and log.stat().st_size > LOG_LIMIT_BYTES:
        shutil.copyfile(log, log.with_suffix(".log.1"))
        os.truncate(log, 0)


def signal_group(pid: int, number: int) -> None:
    """Signal a whole group; one that is gone, or whose number belongs to a stranger by now, is left alone."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def stop(child: subprocess.Popen[bytes], *, polite: int, seconds: float) -> None:
    """Ask with `polite`, wait up to `seconds`, then end the child and whatever it started."""
    if child.poll() is None:
        try:
            child.send_signal(polite)
            child.wait(seconds)
        except subprocess.TimeoutExpired:
            pass
    signal_group(child.pid, signal.SIGKILL)
    child.wait()


def stop_stranger(process: ProcessId, *, polite: int, seconds: float) -> None:
    """Like `stop`, for a process left over from an earlier supervisor."""
    deadline = time.monotonic() + seconds
    if process.is_alive():
        os.kill(process.pid, polite)
    while process.is_alive() and time.monotonic() < deadline:
        time.sleep(0.05)
    if process.is_alive():
        signal_group(process.pid, signal.SIGKILL)


def tail(log: Path, lines: int = 20) -> str:
    try:
        with open(log, "rb") as handle:
            handle.seek(max(0, log.stat().st_size - 20_000))
            return "\n".join(handle.read().decode(errors="replace").splitlines()[-lines:])
    except FileNotFoundError:
        return ""
