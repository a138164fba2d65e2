"""When the environment is rebuilt, and how pip's settings reach uv."""

import fcntl
import json
from pathlib import Path

import pytest

import bootstrap


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project folder whose environment is built and current, for both kinds."""
    venv = tmp_path / ".venv"
    (venv / "bin").mkdir(parents=True)
    (venv / "bin" / "python").write_text("#!/bin/sh\n")
    (venv / "bin" / "python").chmod(0o755)
    locks = {"runtime": tmp_path / "requirements.lock", "dev": tmp_path / "requirements-dev.lock"}
    for kind, lock in locks.items():
        lock.write_text(f"{kind}==1\n")
    monkeypatch.setattr(bootstrap, "VENV", venv)
    monkeypatch.setattr(bootstrap, "TOOLS", tmp_path / ".tools")
    monkeypatch.setattr(bootstrap, "STAMP", venv / "stamp")
    monkeypatch.setattr(bootstrap, "LOCKS", locks)
    bootstrap.STAMP.write_text(json.dumps({kind: bootstrap.digest(lock) for kind, lock in locks.items()}))
    return tmp_path


def test_an_environment_with_the_same_locks_is_current(project: Path) -> None:
    assert (bootstrap.is_current("runtime"), bootstrap.is_current("dev")) == (True, True)


def test_a_changed_lock_makes_its_own_kind_stale(project: Path) -> None:
    (project / "requirements-dev.lock").write_text("dev==2\n")

    assert (bootstrap.is_current("runtime"), bootstrap.is_current("dev")) == (True, False)


def test_a_runtime_environment_does_not_serve_the_tests(project: Path) -> None:
    bootstrap.STAMP.write_text(json.dumps({"runtime": bootstrap.digest(bootstrap.LOCKS["runtime"])}))

    assert (bootstrap.is_current("runtime"), bootstrap.is_current("dev")) == (True, False)


@pytest.mark.parametrize("stamp", ["", "not json", "[]"])
def test_an_unreadable_stamp_means_rebuild(project: Path, stamp: str) -> None:
    bootstrap.STAMP.write_text(stamp)

    assert not bootstrap.is_current("runtime")


def test_a_removed_interpreter_means_rebuild(project: Path) -> None:
    (project / ".venv" / "bin" / "python").unlink()

    assert not bootstrap.is_current("runtime")


def test_rebuilding_a_dev_environment_for_runtime_keeps_the_dev_tools(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed: list[Path] = []
    monkeypatch.setattr(bootstrap, "find_uv", lambda python: "uv")
    monkeypatch.setattr(bootstrap, "install_with_uv", lambda uv, python, lock: installed.append(lock) or True)
    (project / "requirements.lock").write_text("runtime==2\n")

    bootstrap.ensure("runtime")

    assert installed == [project / "requirements-dev.lock"]
    assert (bootstrap.is_current("runtime"), bootstrap.is_current("dev")) == (True, True)


def test_a_failed_build_leaves_no_stamp(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(python: str, lock: Path) -> None:
        raise bootstrap.BootstrapError("no packages")

    monkeypatch.setattr(bootstrap, "find_uv", lambda python: None)
    monkeypatch.setattr(bootstrap, "install_with_pip", fail)
    (project / "requirements.lock").write_text("runtime==2\n")

    with pytest.raises(bootstrap.BootstrapError, match="no packages"):
        bootstrap.ensure("runtime")

    assert bootstrap.read_stamp() == {}


def test_two_at_once_take_turns(project: Path) -> None:
    lock = project / ".tools" / "bootstrap.lock"
    with bootstrap.only_one_at_a_time(), open(lock) as second, pytest.raises(BlockingIOError):
        fcntl.flock(second, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_pip_settings_of_the_environment_win_over_the_files() -> None:
    listing = """\
:env:.find-links='/wheels'
global.find-links='/other'
global.index-url='https://packages.example.com/simple'
install.index-url='https://install.example.com/simple'
freeze.timeout='10'
"""

    assert bootstrap.parse_pip_settings(listing) == {
        "find-links": "/wheels",
        "index-url": "https://install.example.com/simple",
    }


def test_uv_is_told_what_pip_knows() -> None:
    settings = {"extra-index-url": "file:///a\nfile:///b", "find-links": "/x /y", "cert": "/ca.pem", "timeout": "9"}

    assert bootstrap.uv_environment(settings, {"HOME": "/home/me"}) == {
        "UV_INDEX": "file:///a file:///b",
        "UV_FIND_LINKS": "/x,/y",
        "SSL_CERT_FILE": "/ca.pem",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        "HOME": "/home/me",
    }


def test_a_variable_set_for_uv_itself_stays() -> None:
    environ = bootstrap.uv_environment(
        {"index-url": "https://pip.example.com"}, {"UV_DEFAULT_INDEX": "https://uv.example.com"}
    )

    assert environ["UV_DEFAULT_INDEX"] == "https://uv.example.com"
