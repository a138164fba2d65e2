"""Starting, restarting and stopping processes, with harmless ones in the portal's place."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from config.embedded.folder import DataFolder
from config.embedded.postgres import ServerDidNotStart
from config.embedded.process import LOG_LIMIT_BYTES, SAME_ACCOUNT, ProcessId, rotate, tail
from config.embedded.supervisor import StopRequested, Supervisor

PROJECT = Path(__file__).resolve().parents[2]


class Fake:
    """A process that runs `script` in a shell."""

    account = SAME_ACCOUNT
    cwd = Path("/")
    stop_signal: int = signal.SIGTERM
    environ = {"PATH": "/usr/bin:/bin"}

    def __init__(self, name: str, script: str = "exec sleep 60", *, stop_seconds: float = 2.0) -> None:
        self.name = name
        self.stop_seconds = stop_seconds
        self.prepared = 0
        self._script = script

    def command(self) -> list[str]:
        return ["/bin/sh", "-c", self._script]

    def prepare(self) -> None:
        self.prepared += 1


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def supervisor(tmp_path: Path, said: list[str]) -> Iterator[Supervisor]:
    folder = DataFolder(tmp_path)
    folder.create()
    supervisor = Supervisor(folder, say=said.append)
    yield supervisor
    supervisor.stop_all()


def wait_for(condition: Callable[[], object], seconds: float = 5.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def test_stops_in_reverse_order_and_leaves_no_process(supervisor: Supervisor) -> None:
    pids = [supervisor.start(Fake(name)).process.pid for name in ("database", "web")]

    assert supervisor.stop_all() == ["web", "database"]
    assert [ProcessId.of(pid).started for pid in pids] == [0, 0]


def test_what_a_child_started_ends_with_it(supervisor: Supervisor, tmp_path: Path) -> None:
    note = tmp_path / "pid"
    supervisor.start(Fake("web", f"sleep 60 & echo $! > {note}; wait"))
    wait_for(lambda: note.exists() and note.read_text())

    supervisor.stop_all()

    wait_for(lambda: not ProcessId.of(int(note.read_text())).started)


def test_a_child_that_ignores_the_polite_signal_is_killed(supervisor: Supervisor) -> None:
    child = supervisor.start(Fake("stubborn", "trap '' TERM; while :; do sleep 0.01; done", stop_seconds=0.1))
    time.sleep(0.05)

    supervisor.stop_all()

    assert child.process.returncode == -signal.SIGKILL


def test_a_child_that_died_is_restarted_after_a_growing_delay(supervisor: Supervisor, said: list[str]) -> None:
    service = Fake("worker")
    child = supervisor.start(service)
    first = child.process.pid
    child.process.kill()
    child.process.wait()

    assert supervisor.tend() is True
    assert (child.process.pid, supervisor.tend()) == (first, False)
    assert child.due is not None
    child.due -= 1  # as if the delay had passed
    assert supervisor.tend() is True

    assert child.process.pid != first
    assert (child.restarts, service.prepared, child.delay) == (1, 2, 1.0)
    assert said == [f"worker ended with code -9; restarting in 0.5 s. Log: {child.log}"]


def test_a_child_that_lived_long_restarts_quickly_again(supervisor: Supervisor) -> None:
    child = supervisor.start(Fake("worker", "exit 1"))
    child.process.wait()
    child.delay, child.since = 30.0, child.since - 61

    supervisor.tend()

    assert child.delay == 1.0


def test_a_start_that_fails_is_tried_again(supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch) -> None:
    service = Fake("valkey", "exit 1")
    child = supervisor.start(service)
    child.process.wait()
    supervisor.tend()

    def full_disk() -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(service, "prepare", full_disk)
    child.due = 0.0
    supervisor.tend()

    assert child.due > time.monotonic()
    assert child.restarts == 0


def test_a_deaf_process_is_ended_and_comes_back(supervisor: Supervisor, said: list[str]) -> None:
    child = supervisor.start(Fake("worker"))

    supervisor.restart("worker", "no canary")
    supervisor.tend()

    assert said[0] == "worker: no canary; restarting it."
    assert child.due is not None


def test_a_death_while_starting_is_reported_with_the_log(supervisor: Supervisor) -> None:
    child = supervisor.start(Fake("web", "echo no such module; exit 3"))
    child.process.wait()

    with pytest.raises(ServerDidNotStart, match=r"(?s)web ended with code 3\..*no such module"):
        supervisor.check()


def test_a_preparation_that_fails_is_reported_with_the_log(supervisor: Supervisor) -> None:
    with pytest.raises(ServerDidNotStart, match=r"(?s)prepare failed with code 4\..*table exists"):
        supervisor.run_to_end(Fake("prepare", "echo table exists; exit 4"))

    assert supervisor.children == []


def test_a_signal_stops_a_start_in_the_middle(supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch) -> None:
    previous = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    supervisor.listen_for_signals()
    os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(StopRequested):
        supervisor.run_to_end(Fake("prepare"))

    for number, handler in previous.items():
        signal.signal(number, handler)


def test_children_die_with_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    program = f"""
import os, signal, time
from pathlib import Path
from config.embedded.process import spawn
child = spawn(["/bin/sleep", "60"], log=Path("{tmp_path}/log"), environ={{}}, cwd=Path("/"))
Path("{note}").write_text(str(child.pid))
os.kill(os.getpid(), signal.SIGKILL)
"""

    subprocess.run([sys.executable, "-c", program], check=False, cwd=PROJECT)

    wait_for(lambda: not ProcessId.of(int(note.read_text())).started)


def test_a_process_is_told_from_a_later_one_with_its_number() -> None:
    own = ProcessId.of(os.getpid())

    assert own.is_alive()
    assert not ProcessId(own.pid, own.started + 1).is_alive()
    assert not ProcessId(own.pid, 0).is_alive()


def test_a_big_log_is_put_aside_under_its_writer(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    with open(log, "ab") as writer:
        writer.truncate(LOG_LIMIT_BYTES + 1)
        rotate(log)
        writer.write(b"after")

    assert log.read_bytes() == b"after"
    assert (tmp_path / "web.log.1").stat().st_size == LOG_LIMIT_BYTES + 1


def test_a_small_log_is_left_alone(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    log.write_bytes(b"line\n")

    rotate(log)

    assert [path.name for path in tmp_path.iterdir()] == ["web.log"]


def test_the_end_of_a_log_is_shown(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    log.write_text("".join(f"line {number}\n" for number in range(5000)))

    assert tail(log, lines=2) == "line 4998\nline 4999"
    assert tail(tmp_path / "none.log") == ""
