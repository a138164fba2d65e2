"""The real stack in a temporary data folder: one start, then what happens to it."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.embedded.folder import PROJECT
from tests.live_portal import Portal, temporary_data_folder, wait_for

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def portal() -> Iterator[Portal]:
    with temporary_data_folder() as data:
        portal = Portal(data, demo=False)
        started = portal.up()
        assert started.returncode == 0, started.stdout + started.stderr
        yield portal
        portal.manage("down")


@pytest.fixture
def running(portal: Portal) -> Portal:
    """The stack, started again when the test before ended it."""
    if portal.folder.read_state() is None:
        assert portal.up().returncode == 0
    wait_for(portal.is_ready)
    return portal


def test_a_second_up_says_that_one_is_running(running: Portal) -> None:
    second = running.up()

    assert second.returncode == 1
    assert f"already running at http://localhost:{running.port}" in second.stdout
    assert running.is_ready()


def test_no_server_listens_on_a_port(running: Portal) -> None:
    listeners = subprocess.run(["ss", "-tlnpH"], check=False, capture_output=True, text=True).stdout
    if not listeners:
        pytest.skip("ss cannot be asked here")

    ours = {f"pid={running.child(name).pid}," for name in ("postgresql", "valkey")}
    assert [line for line in listeners.splitlines() if any(pid in line for pid in ours)] == []


def test_commands_use_the_running_servers(running: Portal) -> None:
    shown = running.manage("showmigrations", "--plan")

    assert shown.returncode == 0, shown.stderr
    assert "[X]  tenancy.0001" in shown.stdout
    assert running.is_ready()


def test_the_portal_connects_as_an_ordinary_role(running: Portal) -> None:
    sql = "SELECT current_user, rolsuper, rolcreatedb, rolbypassrls FROM pg_roles WHERE rolname = current_user"
    code = f"from django.db import connection as c; u = c.cursor(); u.execute({sql!r}); print(u.fetchone())"

    shown = running.manage("shell", "--no-imports", "-c", code)

    assert shown.stdout.strip() == "('portal', False, False, False)", shown.stderr


@pytest.mark.parametrize("name", ["postgresql", "valkey", "web", "worker", "beat"])
def test_a_killed_process_comes_back(running: Portal, name: str) -> None:
    before = running.child(name)
    os.kill(before.pid, signal.SIGKILL)

    wait_for(lambda: running.child(name).restarts == before.restarts + 1)
    wait_for(running.is_ready)
    assert running.child(name).pid != before.pid
    assert running.child(name).process.is_alive()


def test_a_killed_supervisor_takes_all_with_it_and_the_next_up_recovers(running: Portal) -> None:
    before = running.state
    os.kill(before.pid, signal.SIGKILL)
    wait_for(lambda: not any(child.process.is_alive() for child in before.children))

    started = running.up()

    assert started.returncode == 0, started.stdout
    assert not Path(before.run_folder).exists()
    wait_for(running.is_ready)


def test_down_leaves_nothing_running_and_nothing_behind(running: Portal) -> None:
    before = running.state

    stopped = running.manage("down")

    names = "beat, worker, web, postgresql, valkey"
    assert stopped.stdout == f"Stopped the portal at http://localhost:{running.port}: {names}.\n"
    assert [child.name for child in before.children if child.process.is_alive()] == []
    assert running.what_is_left() == []
    assert not Path(before.run_folder).exists()
    assert running.manage("status").returncode == 3


def test_ctrl_c_stops_it_like_down(portal: Portal) -> None:
    portal.manage("down")
    command = [sys.executable, str(PROJECT / "manage.py"), "up", "--port", str(portal.port)]
    with subprocess.Popen(command, env=portal.environ, stdout=subprocess.PIPE, text=True) as foreground:
        assert foreground.stdout
        while not re.match("The portal is ready", foreground.stdout.readline()):
            assert foreground.poll() is None
        before = portal.state
        foreground.send_signal(signal.SIGINT)
        said = foreground.stdout.read()

    assert foreground.returncode == 0
    assert said.endswith("Stopping ...\nStopped beat, worker, web, postgresql, valkey.\n")
    assert [child.name for child in before.children if child.process.is_alive()] == []
    assert portal.what_is_left() == []


def test_a_command_without_a_running_stack_gets_servers_for_itself(portal: Portal) -> None:
    portal.manage("down")

    shown = portal.manage("showmigrations", "--plan")

    assert "[X]  tenancy.0001" in shown.stdout, shown.stderr
    assert portal.what_is_left() == []
