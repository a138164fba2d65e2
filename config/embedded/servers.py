"""The two servers, embedded unless DATABASE_URL or REDIS_URL names others, and the environment that points to them."""

import contextlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from config.embedded.binaries import server_account
from config.embedded.folder import (
    DataFolder,
    StackState,
    make_run_folder,
    postgres_sockets,
    remove_run_folder,
)
from config.embedded.postgres import PostgresServer
from config.embedded.process import SAME_ACCOUNT, ProcessId, stop_stranger
from config.embedded.supervisor import Supervisor
from config.embedded.valkey import ValkeyServer


@dataclass(frozen=True)
class Addresses:
    """Where the servers are. `is_new` says that the database was just made and is empty."""

    database_url: str
    redis_url: str
    is_new: bool = False


def external_addresses(environ: Mapping[str, str]) -> Addresses:
    """The servers the user brought; empty strings for those he did not."""
    return Addresses(environ.get("DATABASE_URL", ""), environ.get("REDIS_URL", ""))


def new_run_folder() -> Path:
    """A folder for sockets, within reach of whoever will run PostgreSQL, if anyone here does."""
    return make_run_folder(SAME_ACCOUNT if external_addresses(os.environ).database_url else server_account())


def start_servers(supervisor: Supervisor, run_folder: Path, *, throw_away: bool = False) -> Addresses:
    """Start the servers nobody brought, side by side, and wait until both answer."""
    given, folder = external_addresses(os.environ), supervisor.folder
    valkey = postgres = None
    if not given.redis_url:
        valkey = ValkeyServer(data=folder.valkey, sockets=run_folder / "valkey", throw_away=throw_away)
        supervisor.start(valkey)
    is_new = False
    if not given.database_url:
        data = folder.place_for_postgres(server_account())
        postgres = PostgresServer(data=data, sockets=postgres_sockets(run_folder), throw_away=throw_away)
        is_new = not postgres.exists
        supervisor.start(postgres)
    if postgres:
        postgres.wait_until_ready(check=supervisor.check)
        postgres.create_database()
    if valkey:
        valkey.wait_until_ready(check=supervisor.check)
    return Addresses(
        postgres.url if postgres else given.database_url, valkey.url if valkey else given.redis_url, is_new
    )


def portal_environment(folder: DataFolder, addresses: Addresses, *, url: str) -> dict[str, str]:
    """What the portal's settings read; what the user set stays as it is."""
    environ = dict(os.environ)
    environ |= {"DATABASE_URL": addresses.database_url, "REDIS_URL": addresses.redis_url}
    environ["PORTAL_DATA_DIR"] = str(folder.root)
    environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    environ.setdefault("BASE_URL", url)
    if not environ.get("SECRET_KEY"):
        environ["SECRET_KEY"] = folder.secret_key()
    return environ


def clean_up_after(state: StackState | None, folder: DataFolder) -> list[str]:
    """End what a killed supervisor left, latest first, and say what still ran. Call it with the lock held."""
    if state is None:
        return []
    ended = []
    for child in reversed(state.children):
        if child.process.is_alive():
            stop_stranger(child.process, polite=child.stop_signal, seconds=20)
            ended.append(child.name)
    remove_run_folder(Path(state.run_folder))
    folder.forget_state()
    return ended


@contextlib.contextmanager
def servers_for(folder: DataFolder, *, purpose: str, throw_away: bool = False) -> Iterator[Addresses]:
    """Servers for the length of one command; the lock keeps a starting portal from sharing their data."""
    lock = folder.acquire(purpose)
    supervisor = Supervisor(folder, say=lambda _: None)
    run_folder = None
    try:
        clean_up_after(folder.read_state(), folder)
        run_folder = new_run_folder()
        own = ProcessId.of(os.getpid())
        state = StackState(own.pid, own.started, str(run_folder))
        addresses = start_servers(supervisor, run_folder, throw_away=throw_away)
        state.children = [child.describe() for child in supervisor.children]
        folder.write_state(state)
        yield addresses
    finally:
        supervisor.stop_all()
        if run_folder:
            remove_run_folder(run_folder)
        folder.forget_state()
        folder.release(lock)
