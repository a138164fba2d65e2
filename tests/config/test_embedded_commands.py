"""What `manage.py` understands and says, without starting anything."""

import os
import socket
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg.conninfo import make_conninfo

from billing.models import ParkedPartner
from config.embedded import commands
from config.embedded.cli import default_data_folder, parser, running_addresses, side_by_side
from config.embedded.folder import PROJECT, ChildState, DataFolder, StackState
from config.embedded.process import ProcessId
from config.embedded.servers import Addresses, portal_environment
from config.embedded.stack import Options, PortTaken, is_deaf, require_free_port
from tests.factories import make_partner


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


@pytest.fixture
def running(tmp_path: Path) -> DataFolder:
    """A data folder whose stack runs: this very process poses as the supervisor."""
    folder = DataFolder(tmp_path)
    folder.create()
    own = ProcessId.of(os.getpid())
    child = ChildState("web", own.pid, own.started, 15, "/logs/web.log")
    folder.write_state(
        StackState(own.pid, own.started, "/run/x", "http://localhost:8123", "pg", "redis", ready=True, children=[child])
    )
    return folder


def test_up_has_defaults_for_everything() -> None:
    arguments = parser().parse_args(["up"])

    assert (arguments.port, arguments.host, arguments.detach) == (8000, "127.0.0.1", False)
    assert arguments.data == default_data_folder()


@pytest.mark.parametrize("port", ["0", "65536", "-1", "http", "80.5"])
def test_a_port_that_is_none_is_refused(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parser().parse_args(["up", f"--port={port}"])

    assert ended.value.code == 2
    assert "is not a port; use a number from 1 to 65535" in capsys.readouterr().err


def test_a_taken_port_is_named_and_a_free_one_offered(taken_port: int) -> None:
    with pytest.raises(PortTaken) as refused:
        require_free_port("127.0.0.1", taken_port)

    first, second = str(refused.value).splitlines()
    assert first == f"Port {taken_port} is in use by another program."
    offered = int(second.removeprefix("Start on another one:  python3 manage.py up --port "))
    require_free_port("127.0.0.1", offered)


def test_up_on_a_taken_port_leaves_nothing_behind(
    taken_port: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = commands.up(parser().parse_args(["up", "--port", str(taken_port), "--data", str(tmp_path / "var")]))

    assert code == 2
    assert f"Port {taken_port} is in use" in capsys.readouterr().out
    assert [path.name for path in (tmp_path / "var").iterdir()] == ["log"]


def test_a_second_up_says_where_the_first_one_runs(running: DataFolder, capsys: pytest.CaptureFixture[str]) -> None:
    lock = running.acquire(commands.PURPOSE)

    code = commands.up(parser().parse_args(["up", "--data", str(running.root)]))

    running.release(lock)
    assert code == 1
    assert "already running at http://localhost:8123" in capsys.readouterr().out


def test_up_while_a_command_uses_the_folder_says_which(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = DataFolder(tmp_path)
    lock = folder.acquire("manage.py shell (process 7)")

    code = commands.up(parser().parse_args(["up", "--data", str(tmp_path)]))

    folder.release(lock)
    assert code == 1
    assert "in use by manage.py shell (process 7)" in capsys.readouterr().out


def test_status_and_down_with_nothing_running(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = commands.status(parser().parse_args(["status", "--data", str(tmp_path)]))
    down = commands.down(parser().parse_args(["down", "--data", str(tmp_path)]))

    assert (status, down) == (3, 0)
    assert capsys.readouterr().out == f"Nothing is running on {tmp_path}.\nNothing is running.\n"


def test_status_lists_processes_and_their_logs(running: DataFolder, capsys: pytest.CaptureFixture[str]) -> None:
    code = commands.status(parser().parse_args(["status", "--data", str(running.root)]))

    first, web, *others = capsys.readouterr().out.splitlines()
    assert code == 0
    assert first.startswith(f"http://localhost:8123  ready; supervisor {os.getpid()}, up ")
    assert web.split()[:3] == ["web", "pid", str(os.getpid())]
    assert web.endswith("restarts 0   /logs/web.log")
    assert [line.split() for line in others] == [["postgresql", "external"], ["valkey", "external"]]


def server_of(connection: BaseDatabaseWrapper) -> dict[str, Any]:
    names = ("host", "port", "user", "password", "dbname")
    return {name: value for name, value in connection.get_connection_params().items() if name in names}


@pytest.mark.django_db(transaction=True)
def test_status_names_who_is_parked(running: DataFolder, capsys: pytest.CaptureFixture[str]) -> None:
    north = make_partner("Northwind")
    ParkedPartner.objects.create(partner=north, day=date(2026, 3, 1), reason="the ledger says 1")
    state = running.read_state()
    assert state
    state.database_url = make_conninfo(**server_of(connection))
    running.write_state(state)

    commands.status(parser().parse_args(["status", "--data", str(running.root)]))

    assert (
        capsys.readouterr().out.splitlines()[-1] == "Usage of Northwind is parked since 2026-03-01: the ledger says 1"
    )


def test_commands_find_the_running_servers(running: DataFolder) -> None:
    assert running_addresses(running) == Addresses("pg", "redis")


def test_a_state_whose_supervisor_died_offers_no_servers(running: DataFolder) -> None:
    state = running.read_state()
    assert state
    state.started += 1  # the number was given to another process since
    running.write_state(state)

    assert running_addresses(running) is None


def test_what_the_user_set_stays_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "mine")
    monkeypatch.setenv("BASE_URL", "https://portal.example.com")

    environ = portal_environment(DataFolder(tmp_path), Addresses("pg", "redis"), url="http://localhost:8000")

    names = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "BASE_URL", "PORTAL_DATA_DIR")
    assert [environ[name] for name in names] == ["pg", "redis", "mine", "https://portal.example.com", str(tmp_path)]


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://localhost:8000"),
        ("0.0.0.0", "http://localhost:8000"),  # noqa: S104
        ("10.0.0.1", "http://10.0.0.1:8000"),
    ],
)
def test_the_url_is_one_a_browser_can_open(host: str, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BASE_URL", raising=False)

    assert Options(host, 8000).url == url


@pytest.mark.parametrize(
    ("answer", "worker_age", "deaf"),
    [
        ({"canary_age_seconds": 5}, 300.0, False),
        ({"canary_age_seconds": 61}, 300.0, True),
        ({"canary_age_seconds": 61}, 30.0, False),
        ({"canary_age_seconds": None}, 300.0, True),
        ({"canary_age_seconds": None}, 30.0, False),
        ({}, 300.0, False),
    ],
)
def test_a_worker_without_a_fresh_canary_is_deaf(answer: dict[str, int], worker_age: float, deaf: bool) -> None:
    assert is_deaf(answer, worker_age=worker_age) is deaf


@pytest.mark.parametrize(("seconds", "words"), [(5.9, "5 s"), (125, "2 m 5 s"), (7265, "2 h 1 m")])
def test_ages_are_in_words(seconds: float, words: str) -> None:
    assert commands.age(seconds) == words


THREE = ["-n", "3"]


@pytest.mark.parametrize(
    ("arguments", "added"),
    [
        ("", THREE),
        ("-q -m slow", THREE),
        ("tests/sweeps", THREE),
        ("tests/config tests/config/test_cache.py", THREE),
        ("-n 4", []),
        ("-n0", []),
        ("-q tests/config/test_cache.py", []),
        ("tests/config/test_cache.py::test_values_come_back_as_they_went_in tests/config/test_logs.py", []),
        ("--pdb", []),
        ("-p no:xdist", []),
    ],
)
def test_tests_run_side_by_side_unless_they_are_few_or_watched(
    arguments: str, added: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(PROJECT)
    assert side_by_side(arguments.split(), cores=2) == added


def test_one_core_runs_one_test_at_a_time() -> None:
    assert side_by_side(["-q"], cores=1) == []
