"""`up`, `down` and `status`."""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

from config.embedded.binaries import CannotRun
from config.embedded.folder import PROJECT, DataFolder, FolderInUse, StackState
from config.embedded.notes import parked_partners
from config.embedded.process import rotate, tail
from config.embedded.servers import clean_up_after
from config.embedded.stack import Options, PortTaken, Stack, require_free_port

EXIT_FAILED = 1
EXIT_PORT_TAKEN = 2
EXIT_NOTHING_RUNS = 3
PURPOSE = "the portal"
# Longer than all processes' patience together.
DOWN_SECONDS = 120.0


def say(text: str) -> None:
    """Print at once. A reader that went away (`| head`, a closed terminal) must not end the portal."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def up(arguments: argparse.Namespace) -> int:
    folder, options = DataFolder(arguments.data), Options(arguments.host, arguments.port)
    try:
        lock = folder.acquire(PURPOSE)
    except FolderInUse as error:
        return _already_in_use(folder, error)
    except CannotRun as error:
        say(str(error))
        return EXIT_FAILED
    try:
        require_free_port(options.host, options.port)
    except PortTaken as error:
        folder.release(lock)
        say(str(error))
        return EXIT_PORT_TAKEN
    if arguments.detach:
        folder.release(lock)
        return _up_detached(folder, options)
    started = time.monotonic()
    try:
        stack = Stack(folder, options, say=say)
        return stack.run(lock, on_ready=lambda info: say(welcome(stack.state, info, time.monotonic() - started)))
    except CannotRun as error:
        say(str(error))
        return EXIT_FAILED


def _already_in_use(folder: DataFolder, error: FolderInUse) -> int:
    state = folder.read_state()
    if error.holder == PURPOSE and state:
        say(f"The portal is already running at {state.url} (process {state.pid}, data in {folder.root}).")
        say("Stop it:  python3 manage.py down      See it:  python3 manage.py status")
    else:
        say(f"{error} Wait for it to end, or choose another folder with --data.")
    return EXIT_FAILED


def _up_detached(folder: DataFolder, options: Options) -> int:
    log = folder.log("supervisor")
    rotate(log)
    arguments = ["--host", options.host, "--port", str(options.port), "--data", str(folder.root)]
    with open(log, "ab") as output:
        start = output.tell()
        supervisor = subprocess.Popen(
            [sys.executable, str(PROJECT / "manage.py"), "up", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    while supervisor.poll() is None and not _is_ready(folder, supervisor.pid):
        time.sleep(0.05)
    _print_from(log, start)
    if supervisor.poll() is None:
        return 0
    return supervisor.returncode or EXIT_FAILED


def _is_ready(folder: DataFolder, pid: int) -> bool:
    state = folder.read_state()
    if not (state and state.pid == pid and state.ready):
        return False
    # The welcome is written right after the state says ready.
    return "Stop:" in tail(folder.log("supervisor"))


def _print_from(log: Path, start: int) -> None:
    with open(log, "rb") as handle:
        handle.seek(start)
        say(handle.read().decode(errors="replace").rstrip())


def welcome(state: StackState, demo_info: Path, seconds: float) -> str:
    lines = [f"The portal is ready at {state.url}  ({seconds:.1f} s)"]
    logins = json.loads(demo_info.read_text())["logins"] if demo_info.exists() else []
    if logins:
        width = max(len(login["email"]) for login in logins)
        lines += ["", "  Demo logins"]
        lines += [f"  {login['role']:<20} {login['email']:<{width}}  {login['password']}" for login in logins]
    lines += ["", f"  Logs: {Path(state.children[0].log).parent}", "  Stop: Ctrl-C, or python3 manage.py down"]
    return "\n".join(lines)


def down(arguments: argparse.Namespace) -> int:
    folder = DataFolder(arguments.data)
    state = folder.read_state()
    try:
        lock = folder.acquire("manage.py down")
    except FolderInUse as error:
        return _stop(folder, state, error)
    ended = clean_up_after(state, folder)
    folder.release(lock)
    say(f"The supervisor was gone; stopped what it left: {', '.join(ended)}." if ended else "Nothing is running.")
    return 0


def _stop(folder: DataFolder, state: StackState | None, error: FolderInUse) -> int:
    if error.holder != PURPOSE or state is None:
        say(f"{error} Nothing was stopped.")
        return EXIT_FAILED
    names = [child.name for child in reversed(state.children)]
    state.process.terminate()
    deadline = time.monotonic() + DOWN_SECONDS
    while state.process.is_alive() and time.monotonic() < deadline:
        time.sleep(0.05)
    if state.process.is_alive():
        say(f"Process {state.pid} has not ended after {DOWN_SECONDS:.0f} s; see {folder.log('supervisor')}.")
        return EXIT_FAILED
    say(f"Stopped the portal at {state.url}: {', '.join(names)}.")
    return 0


def status(arguments: argparse.Namespace) -> int:
    folder = DataFolder(arguments.data)
    state = folder.read_state()
    if state is None or not state.process.is_alive():
        say(f"Nothing is running on {folder.root}.")
        return EXIT_NOTHING_RUNS
    word = "ready" if state.ready else "starting, or servers for one command"
    say(f"{state.url or 'no web server'}  {word}; supervisor {state.pid}, up {age(state.process.age_seconds())}")
    for child in state.children:
        alive = child.process.is_alive()
        facts = f"pid {child.pid:<7} up {age(child.process.age_seconds()):<8}" if alive else f"{'down, restarting':<23}"
        say(f"  {child.name:<12} {facts} restarts {child.restarts:<3} {child.log}")
    embedded = {child.name for child in state.children}
    for name, url in (("postgresql", state.database_url), ("valkey", state.redis_url)):
        if name not in embedded and url:
            say(f"  {name:<12} external")
    for note in parked_partners(state.database_url):
        say(note)
    return 0


def age(seconds: float) -> str:
    minutes, hours = int(seconds) // 60, int(seconds) // 3600
    if hours:
        return f"{hours} h {minutes % 60} m"
    return f"{minutes} m {int(seconds) % 60} s" if minutes else f"{int(seconds)} s"
