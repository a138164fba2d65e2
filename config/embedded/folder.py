"""The data folder (`var/` unless told otherwise): what is kept between starts, who uses it now, and what runs.

pg/ valkey/     the servers' data (`pg` is a link to /var/lib when PostgreSQL's account cannot reach the project)
log/            one log per process
secret_key      made once, readable by the owner only
lock            held while the stack, or one command with servers of its own, runs
state.json      what runs: processes, addresses, since when
"""

import contextlib
import fcntl
import json
import os
import secrets
import shutil
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TextIO

from config.embedded.binaries import ROOT_FOLDER, CannotRun, can_reach
from config.embedded.postgres import LONGEST_FOLDER
from config.embedded.process import Account, ProcessId

PROJECT = Path(__file__).resolve().parent.parent.parent
RUN_FOLDER_PREFIX = "wholesale-portal-"


class FolderInUse(Exception):
    """Someone holds the lock; `holder` is what they said they do."""

    def __init__(self, holder: str) -> None:
        super().__init__(f"The data folder is in use by {holder or 'another process'}.")
        self.holder = holder


@dataclass
class ChildState:
    name: str
    pid: int
    started: int
    stop_signal: int
    log: str
    restarts: int = 0

    @property
    def process(self) -> ProcessId:
        return ProcessId(self.pid, self.started)


@dataclass
class StackState:
    """What a running stack tells other commands. Addresses are empty until the servers answer."""

    pid: int
    started: int
    run_folder: str
    url: str = ""
    database_url: str = ""
    redis_url: str = ""
    ready: bool = False
    children: list[ChildState] = field(default_factory=list)

    @property
    def process(self) -> ProcessId:
        return ProcessId(self.pid, self.started)


class DataFolder:
    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        self.logs = self.root / "log"
        self.postgres = self.root / "pg"
        self.valkey = self.root / "valkey"
        self.beat_schedule = self.root / "beat-schedule"
        self._lock = self.root / "lock"
        self._state = self.root / "state.json"

    def create(self) -> None:
        """Make the folder, or raise CannotRun. Logs are private: they may hold mails and names."""
        reason = "" if not self.root.exists() or os.access(self.root, os.W_OK) else "it belongs to another user"
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            self.logs.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            reason = error.strerror or str(error)
        if reason:
            raise CannotRun(f"Cannot write in {self.root}: {reason}. Choose another folder with --data.")

    def secret_key(self) -> str:
        """The key of this installation's sessions and signatures; the first caller makes it."""
        path = self.root / "secret_key"
        if not path.exists():
            draft = path.with_name(f"secret_key.{os.getpid()}")
            _write_private(draft, secrets.token_urlsafe(50))
            with contextlib.suppress(FileExistsError):
                os.link(draft, path)  # unlike a rename, this lets the first of two win
            draft.unlink()
        return path.read_text()

    def log(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    def place_for_postgres(self, account: Account) -> Path:
        """The cluster's folder; below /var/lib, with a link to it, when `account` cannot reach this one."""
        self._require_owner(account)
        if self.postgres.is_symlink():
            return self.postgres.resolve()
        self.postgres.mkdir(mode=0o700, exist_ok=True)
        if account.uid is None:
            return self.postgres
        os.chown(self.postgres, account.uid, account.gid or 0)
        if can_reach(account, self.postgres):
            return self.postgres
        self.postgres.rmdir()
        outside = ROOT_FOLDER / f"data-{secrets.token_hex(4)}" / "pg"
        outside.parent.mkdir(parents=True)
        ROOT_FOLDER.chmod(0o755)
        self.postgres.symlink_to(outside)
        return outside

    def _require_owner(self, account: Account) -> None:
        expected = os.geteuid() if account.uid is None else account.uid
        if self.postgres.exists() and self.postgres.stat().st_uid != expected:
            raise CannotRun(
                f"The database in {self.postgres} was made by another user (id {self.postgres.stat().st_uid}). "
                "Run as that user, or choose another folder with --data."
            )

    # -- who uses it ---------------------------------------------------------------------------------------------------
    def acquire(self, purpose: str) -> TextIO:
        """Take the lock, or raise FolderInUse. The kernel releases it when the process ends, however that happens."""
        self.create()
        while True:
            handle = open(self._lock, "a+")  # noqa: SIM115 - stays open for as long as the lock is held
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                handle.seek(0)
                holder = handle.read()
                handle.close()
                raise FolderInUse(holder) from None
            if self._is_current(handle):
                handle.truncate(0)
                handle.write(purpose)
                handle.flush()
                return handle
            handle.close()  # its previous holder removed the file between our open and our lock

    def _is_current(self, handle: TextIO) -> bool:
        try:
            return os.path.samestat(os.fstat(handle.fileno()), os.stat(self._lock))
        except FileNotFoundError:
            return False

    def release(self, handle: TextIO) -> None:
        self._lock.unlink(missing_ok=True)
        handle.close()

    # -- what runs -----------------------------------------------------------------------------------------------------
    def read_state(self) -> StackState | None:
        try:
            raw = json.loads(self._state.read_text())
            return StackState(**raw | {"children": [ChildState(**child) for child in raw["children"]]})
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (ValueError, TypeError, KeyError):
            return None  # written by another version, or cut short by a full disk: nothing that can be trusted

    def write_state(self, state: StackState) -> None:
        unfinished = self._state.with_suffix(".new")
        _write_private(unfinished, json.dumps(asdict(state), indent=1))  # DATABASE_URL may hold a password
        unfinished.replace(self._state)

    def forget_state(self) -> None:
        self._state.unlink(missing_ok=True)


def _write_private(path: Path, text: str) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as handle:
        handle.write(text)


def make_run_folder(account: Account) -> Path:
    """A private folder for sockets: short enough for their addresses, and within reach of PostgreSQL's account."""
    candidates = [tempfile.gettempdir(), "/tmp", "/var/tmp"]  # noqa: S108 - mkdtemp picks an unguessable name
    if account.uid is None and os.environ.get("XDG_RUNTIME_DIR"):
        candidates.insert(0, os.environ["XDG_RUNTIME_DIR"])
    for base in candidates:
        if not os.access(base, os.W_OK) or not can_reach(account, Path(base)):
            continue
        folder = Path(tempfile.mkdtemp(prefix=RUN_FOLDER_PREFIX, dir=base))
        if fits_socket(folder):
            folder.chmod(0o700 if account.uid is None else 0o711)
            return folder
        folder.rmdir()
    raise CannotRun(
        f"No folder for unix sockets: {', '.join(candidates)} are not writable, or their names are too long."
    )


def fits_socket(run_folder: Path) -> bool:
    return len(os.fsencode(postgres_sockets(run_folder))) <= LONGEST_FOLDER


def postgres_sockets(run_folder: Path) -> Path:
    return run_folder / "pg"


def remove_run_folder(folder: Path) -> None:
    """Remove what `make_run_folder` made, and refuse anything else a state file might name."""
    if folder.name.startswith(RUN_FOLDER_PREFIX):
        shutil.rmtree(folder, ignore_errors=True)
