"""What `manage.py` runs once its environment stands: our own commands, the tests, or Django's."""

import argparse
import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

import django
from django.core.management import call_command, execute_from_command_line

from config.embedded import commands
from config.embedded.binaries import CannotRun
from config.embedded.folder import PROJECT, DataFolder, FolderInUse
from config.embedded.postgres import ServerDidNotStart
from config.embedded.servers import Addresses, external_addresses, portal_environment, servers_for

DEFAULT_PORT = 8000
# These read code, not data: they get addresses at which nobody answers.
WITHOUT_SERVERS = {"check", "collectstatic", "compilemessages", "diffsettings", "help", "makemessages", "version"}
# A debugger, or output as it comes, needs pytest in one process.
ALONE = {"--pdb", "--trace", "-s", "--capture=no", "--collect-only", "--co", "no:xdist"}
NOBODY = Addresses("postgres://portal@/portal?host=/nonexistent", "unix:///nonexistent/valkey.sock?db=0")


def main(argv: Sequence[str]) -> int:
    command = argv[0] if argv else "help"
    if command == "test":
        run_tests(argv[1:])
    if command in ("up", "down", "status"):
        arguments = parser().parse_args(argv)
        return int(arguments.run(arguments))
    return run_django(argv)


def default_data_folder() -> Path:
    return Path(os.environ.get("PORTAL_DATA_DIR") or PROJECT / "var")


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="manage.py")
    subparsers = top.add_subparsers(required=True)
    up = subparsers.add_parser("up", help="start the whole portal")
    up.add_argument("--port", type=port_number, default=DEFAULT_PORT, help="web port (default: %(default)s)")
    up.add_argument(
        "--host", default="127.0.0.1", help="address to listen on (default: %(default)s, this machine only)"
    )
    up.add_argument(
        "--detach", action="store_true", help="return once the portal is ready; it runs on in the background"
    )
    up.set_defaults(run=commands.up)
    down = subparsers.add_parser("down", help="stop it")
    down.set_defaults(run=commands.down)
    status = subparsers.add_parser("status", help="say what runs; exit code 3 when nothing does")
    status.set_defaults(run=commands.status)
    for each in (up, down, status):
        each.add_argument("--data", type=Path, default=default_data_folder(), help="data folder (default: %(default)s)")
    return top


def port_number(text: str) -> int:
    if not (text.isdecimal() and 1 <= int(text) <= 65535):
        raise argparse.ArgumentTypeError(f"{text!r} is not a port; use a number from 1 to 65535")
    return int(text)


def run_tests(arguments: Sequence[str]) -> None:
    """Become pytest; the plugin starts throw-away servers unless DATABASE_URL and REDIS_URL name some."""
    os.chdir(PROJECT)
    sys.stdout.flush()
    command = [sys.executable, "-m", "pytest", *arguments, *side_by_side(arguments, cores=len(os.sched_getaffinity(0)))]
    os.execv(sys.executable, command)


def side_by_side(arguments: Sequence[str], *, cores: int) -> list[str]:
    """What makes pytest use three workers: not for a few files, where more databases cost more than they save.

    Three on two cores: one spends most of its time waiting for a browser.
    """
    if any(word in ALONE or word.startswith(("-n", "--numprocesses")) for word in arguments):
        return []
    named = [path for path in (Path(word.partition("::")[0]) for word in arguments) if path.exists()]
    only_files = bool(named) and all(path.is_file() for path in named)
    return [] if cores < 2 or only_files else ["-n", "3"]


def run_django(argv: Sequence[str]) -> int:
    """Run a Django command on the running stack's servers, on the user's, or on servers started just for it."""
    folder = DataFolder(default_data_folder())
    command = argv[0] if argv else "help"
    try:
        folder.create()
        addresses = _addresses_at_hand(folder, command)
        if addresses:
            _execute(folder, addresses, argv)
            return 0
        signal.signal(signal.SIGTERM, _leave)
        with servers_for(folder, purpose=f"manage.py {command} (process {os.getpid()})") as addresses:
            _execute(folder, addresses, argv)
    except FolderInUse as error:
        print(f"{error} With the portal running (manage.py up), commands can run side by side.", file=sys.stderr)
        return commands.EXIT_FAILED
    except (CannotRun, ServerDidNotStart) as error:
        print(error, file=sys.stderr)
        return commands.EXIT_FAILED
    return 0


def _leave(number: int, frame: FrameType | None) -> None:
    """Let SIGTERM unwind, as Ctrl-C does, so that the servers are stopped and not killed."""
    raise SystemExit(128 + number)


def _addresses_at_hand(folder: DataFolder, command: str) -> Addresses | None:
    given = external_addresses(os.environ)
    if given.database_url and given.redis_url:
        return given
    running = running_addresses(folder)
    if running:
        return running
    return NOBODY if command in WITHOUT_SERVERS or command.startswith("-") else None


def running_addresses(folder: DataFolder, *, patience: float = 30.0) -> Addresses | None:
    """The running stack's servers; waits while it is still starting them."""
    deadline = time.monotonic() + patience
    while True:
        state = folder.read_state()
        if state is None or not state.process.is_alive() or not state.url:
            return None
        if state.database_url:
            return Addresses(state.database_url, state.redis_url)
        if time.monotonic() > deadline:
            return None
        time.sleep(0.1)


def _execute(folder: DataFolder, addresses: Addresses, argv: Sequence[str]) -> None:
    state = folder.read_state()
    url = state.url if state and state.url else f"http://localhost:{DEFAULT_PORT}"
    os.environ.update(portal_environment(folder, addresses, url=url))
    if addresses.is_new and argv[:1] != ["migrate"]:
        migrate_new_database()
    execute_from_command_line(["manage.py", *argv])


def migrate_new_database() -> None:
    """A command that comes before the first `up` finds the tables it expects."""
    django.setup()
    call_command("migrate", verbosity=0, interactive=False)
