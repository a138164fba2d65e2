"""One PostgreSQL cluster on a unix socket: made, started and stopped by us, never on a port.

The portal connects as `portal`, an ordinary role that owns its database. Authentication is `peer`: the operating system
vouches for the user, so there is no password to leak, and only the account that started the stack gets in.
"""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
from psycopg import sql

from config.embedded.binaries import own_account_name, postgres_programs, server_account
from config.embedded.process import ProcessId, stop_stranger
from config.embedded.urls import embedded_database_url

ROLE = DATABASE = "portal"
SUPERUSER = "postgres"
# Unix socket addresses are at most 107 bytes; PostgreSQL adds `/.s.PGSQL.5432` and makes a lock file beside it.
LONGEST_FOLDER = 107 - len("/.s.PGSQL.5432.lock")
ENVIRONMENT = {"LANG": "C.UTF-8", "PATH": "/usr/bin:/bin", "TZ": "UTC"}


class ServerDidNotStart(Exception):
    """A server exited, or did not answer in time; its log says why."""


class PostgresServer:
    """A cluster in `data`, listening in `sockets` only.

    `throw_away` trades durability for speed (tests); the role may then create databases, as Django's test runner must, and roles.
    """

    name = "postgresql"
    # "Fast" shutdown: disconnect everyone, write everything, leave.
    stop_signal: int = signal.SIGINT
    stop_seconds = 30.0

    def __init__(self, *, data: Path, sockets: Path, throw_away: bool = False) -> None:
        self.data = data
        self.sockets = sockets
        self.throw_away = throw_away
        self.account = server_account()
        self.programs = postgres_programs(self.account)
        self.cwd = Path("/")

    @property
    def url(self) -> str:
        return embedded_database_url(self.sockets, role=ROLE, database=DATABASE)

    @property
    def environ(self) -> dict[str, str]:
        return ENVIRONMENT

    def command(self) -> list[str]:
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.sockets),
            "unix_socket_permissions": "0700" if self.account.uid is None else "0777",
            "max_connections": "100",
            "shared_buffers": "128MB",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "jit": "off",
            "log_line_prefix": "%m [%p] ",
            # A lost server should be noticed by the next statement, not by an idle transaction that holds locks.
            "idle_in_transaction_session_timeout": "10min",
        }
        if self.throw_away:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum": "off"}
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return [str(self.programs / "postgres"), "-D", str(self.data), *options]

    @property
    def exists(self) -> bool:
        return (self.data / "PG_VERSION").exists()

    def prepare(self) -> None:
        """Make the cluster when there is none, and let its owner in."""
        self._own(self.sockets)
        if not self.exists:
            self._initialise()
        self._write_access_rules()
        self._end_leftover()

    def _own(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.account.uid is not None:
            os.chown(folder, self.account.uid, self.account.gid or 0)
        folder.chmod(0o700)

    def _initialise(self) -> None:
        """Make the cluster beside its place and move it there whole: a start that was cut short leaves no half of one."""
        unfinished = self.data.with_name(f"{self.data.name}.new")
        shutil.rmtree(unfinished, ignore_errors=True)
        self._own(unfinished)
        self._run(self._initdb_command(unfinished))
        unfinished.rename(self.data)

    def _initdb_command(self, folder: Path) -> list[str]:
        command = [str(self.programs / "initdb"), "-D", str(folder), "-U", SUPERUSER, "--auth=peer", "-E", "UTF8"]
        if self._major_version() >= 17:
            command += ["--locale-provider=builtin", "--locale=C.UTF-8", "--builtin-locale=C.UTF-8"]
        else:
            command += ["--locale=C.UTF-8"]
        if self.throw_away:
            command.append("--no-sync")
        return command

    def _major_version(self) -> int:
        printed = self._run([str(self.programs / "postgres"), "--version"])
        return int(printed.split()[2].split(".")[0])

    def _run(self, command: list[str]) -> str:
        done = subprocess.run(
            command,
            check=False,
            env=ENVIRONMENT,
            cwd="/",
            capture_output=True,
            text=True,
            **self.account.popen_options(),
        )
        if done.returncode:
            raise ServerDidNotStart(f"{command[0]} failed:\n{done.stdout}{done.stderr}".rstrip())
        return str(done.stdout)

    def _write_access_rules(self) -> None:
        """Rewritten on every start: the user who starts the stack is the one who may connect."""
        self._write("pg_hba.conf", "local all all peer map=portal\n")
        roles = (SUPERUSER, ROLE)
        self._write("pg_ident.conf", "".join(f'portal "{own_account_name()}" {role}\n' for role in roles))

    def _write(self, name: str, text: str) -> None:
        path = self.data / name
        path.write_text(text)
        if self.account.uid is not None:
            os.chown(path, self.account.uid, self.account.gid or 0)

    def _end_leftover(self) -> None:
        """A postmaster whose supervisor was killed may still be writing: two must never share the data."""
        pid_file = self.data / "postmaster.pid"
        try:
            pid = int(pid_file.read_text().split("\n", 1)[0])
            serves_us = Path(f"/proc/{pid}/cwd").resolve() == self.data.resolve()
        except (OSError, ValueError):
            return
        if serves_us:
            stop_stranger(ProcessId.of(pid), polite=self.stop_signal, seconds=self.stop_seconds)

    def wait_until_ready(self, *, check: Callable[[], None], seconds: float = 60.0) -> None:
        """Wait for an answer; `check` is called in between and raises when waiting has become pointless."""
        deadline = time.monotonic() + seconds
        while not self.answers():
            check()
            if time.monotonic() > deadline:
                raise ServerDidNotStart(f"PostgreSQL did not answer within {seconds:.0f} s.")
            time.sleep(0.05)

    def answers(self) -> bool:
        try:
            with self._connect():
                return True
        except psycopg.OperationalError:
            return False

    def _connect(self) -> psycopg.Connection:
        return psycopg.connect(
            host=str(self.sockets), dbname="postgres", user=SUPERUSER, autocommit=True, connect_timeout=5
        )

    def create_database(self) -> None:
        """The role and the database it owns; an owner may install the trusted extensions the migrations ask for."""
        with self._connect() as connection:
            if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [ROLE]).fetchone():
                rights = sql.SQL("CREATEDB CREATEROLE" if self.throw_away else "NOCREATEDB")
                connection.execute(sql.SQL("CREATE ROLE {} LOGIN {}").format(sql.Identifier(ROLE), rights))
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                create = sql.SQL("CREATE DATABASE {} OWNER {}")
                connection.execute(create.format(sql.Identifier(DATABASE), sql.Identifier(ROLE)))
