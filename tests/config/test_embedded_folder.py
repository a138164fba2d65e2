"""The data folder: one user at a time, private where it must be, and sockets with names that fit."""

import stat
from pathlib import Path

import pytest

from config.embedded import folder as module
from config.embedded.folder import (
    ChildState,
    DataFolder,
    FolderInUse,
    StackState,
    fits_socket,
    make_run_folder,
    remove_run_folder,
)
from config.embedded.process import SAME_ACCOUNT


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    return DataFolder(tmp_path / "var")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_second_to_ask_learns_who_holds_the_folder(folder: DataFolder) -> None:
    lock = folder.acquire("the portal")

    with pytest.raises(FolderInUse) as refused:
        folder.acquire("manage.py shell")

    assert refused.value.holder == "the portal"
    folder.release(lock)


def test_a_released_folder_can_be_taken_again_and_keeps_no_lock(folder: DataFolder) -> None:
    folder.release(folder.acquire("the portal"))
    assert not (folder.root / "lock").exists()

    folder.release(folder.acquire("manage.py shell"))


def test_a_lock_left_by_a_killed_process_does_not_hold(folder: DataFolder) -> None:
    folder.acquire("the portal").close()  # what the kernel does to a killed process

    folder.release(folder.acquire("manage.py up"))


def test_state_is_read_back_whole_and_is_private(folder: DataFolder) -> None:
    child = ChildState("web", 12, 3456, 15, "/var/log/web.log", restarts=2)
    state = StackState(
        11, 3455, "/run/x", "http://localhost:8000", "postgres://", "unix://", ready=True, children=[child]
    )
    folder.create()

    folder.write_state(state)

    assert folder.read_state() == state
    assert mode(folder.root / "state.json") == 0o600


@pytest.mark.parametrize("text", ["", "{", '{"pid": 1}', '{"children": [{"pid": 1}]}'])
def test_a_state_that_cannot_be_understood_counts_as_none(folder: DataFolder, text: str) -> None:
    folder.create()
    (folder.root / "state.json").write_text(text)

    assert folder.read_state() is None


def test_the_secret_key_is_made_once_and_private(folder: DataFolder) -> None:
    folder.create()

    first, second = folder.secret_key(), folder.secret_key()

    assert first == second
    assert len(first) >= 50
    assert mode(folder.root / "secret_key") == 0o600
    assert sorted(path.name for path in folder.root.iterdir()) == ["log", "secret_key"]


def test_logs_are_private(folder: DataFolder) -> None:
    folder.create()

    assert mode(folder.logs) == 0o700


def test_socket_names_are_limited_to_107_bytes() -> None:
    longest = 107 - len("/pg/.s.PGSQL.5432.lock")

    assert fits_socket(Path("/" + "a" * (longest - 1)))
    assert not fits_socket(Path("/" + "a" * longest))
    assert not fits_socket(Path("/" + "é" * (longest - 1)))


def test_a_temporary_folder_with_a_long_name_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    long = tmp_path / ("x" * 100)
    long.mkdir()
    monkeypatch.setattr(module.tempfile, "gettempdir", lambda: str(long))
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)

    made = make_run_folder(SAME_ACCOUNT)

    assert (made.parent, mode(made)) == (Path("/tmp"), 0o700)  # noqa: S108
    assert list(long.iterdir()) == []
    remove_run_folder(made)
    assert not made.exists()


def test_only_our_own_run_folders_are_removed(tmp_path: Path) -> None:
    remove_run_folder(tmp_path)

    assert tmp_path.exists()
