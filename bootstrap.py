"""Builds the virtual environment the portal runs in, from the hash-locked requirements. Standard library only.

The environment is rebuilt when, and only when, a lock file changed since it was last built. The installer is uv, itself
pinned by hash in requirements-tools.lock; pip is used when uv cannot be had. Both read the package indexes, certificates
and proxies this machine's pip is configured with.

PORTAL_BOOTSTRAP=0 switches all this off, for images in which the requirements were installed at build time.

On its own:  python3 bootstrap.py runtime|dev    build that environment
             python3 bootstrap.py uv ARGS        run the pinned uv with this machine's package indexes
"""

import ast
import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

PROJECT = Path(__file__).resolve().parent
VENV = PROJECT / ".venv"
TOOLS = PROJECT / ".tools"
STAMP = VENV / ".portal-stamp.json"
LOCKS = {"runtime": PROJECT / "requirements.lock", "dev": PROJECT / "requirements-dev.lock"}
TOOLS_LOCK = PROJECT / "requirements-tools.lock"

# pip's setting -> uv's variable. uv reads neither pip.conf nor PIP_*.
UV_SETTINGS = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "no-index": "UV_NO_INDEX",
    "cert": "SSL_CERT_FILE",
    "trusted-host": "UV_INSECURE_HOST",
    "proxy": "ALL_PROXY",
}


class BootstrapError(Exception):
    """The environment could not be built; the message says what to do about it."""


def run_in_environment(argv: Sequence[str]) -> None:
    """Continue `argv` under .venv's interpreter, building it first when it is missing or out of date."""
    # Set in some images; it would double the time every process takes to start.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    if os.environ.get("PORTAL_BOOTSTRAP") == "0":
        return
    try:
        ensure("dev" if argv[1:2] == ["test"] else "runtime")
    except BootstrapError as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit("Interrupted; the next start goes on from here.")
    if Path(sys.prefix).resolve() != VENV:
        sys.stdout.flush()
        python = str(venv_python())
        os.execv(python, [python, *argv])


def ensure(wanted: str) -> None:
    """Build the environment unless it is up to date already. Two at once: the second waits and finds it done."""
    if not is_current(wanted):
        with only_one_at_a_time():
            if not is_current(wanted):
                build(wanted)


def venv_python() -> Path:
    return VENV / "bin" / "python"


def digest(lock: Path) -> str:
    return hashlib.sha256(lock.read_bytes()).hexdigest()


def read_stamp() -> dict[str, str]:
    try:
        stamp = json.loads(STAMP.read_text())
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def is_current(wanted: str) -> bool:
    """The dev environment holds everything the runtime one does, so it serves both."""
    return os.access(venv_python(), os.X_OK) and read_stamp().get(wanted) == digest(LOCKS[wanted])


@contextlib.contextmanager
def only_one_at_a_time() -> Iterator[None]:
    try:
        TOOLS.mkdir(exist_ok=True)
        handle = open(TOOLS / "bootstrap.lock", "w")  # noqa: SIM115 - closed below; only opening it may fail here
    except OSError as error:
        raise BootstrapError(f"cannot write in {PROJECT} ({error.strerror}); run it from a copy you own.") from error
    with handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def build(wanted: str) -> None:
    kind = "dev" if wanted == "dev" or "dev" in read_stamp() else "runtime"
    started = time.monotonic()
    print(f"Preparing the Python environment ({LOCKS[kind].name}) ...", flush=True)
    python = base_python()
    uv = find_uv(python)
    STAMP.unlink(missing_ok=True)
    if uv is None or not install_with_uv(uv, python, LOCKS[kind]):
        install_with_pip(python, LOCKS[kind])
    built = {"runtime": digest(LOCKS["runtime"])} | ({"dev": digest(LOCKS["dev"])} if kind == "dev" else {})
    STAMP.write_text(json.dumps(built))
    print(f"Environment ready in {time.monotonic() - started:.1f} s.", flush=True)


def base_python() -> str:
    """The interpreter outside any virtual environment: it outlives a rebuild, and is the one that has pip."""
    return str(getattr(sys, "_base_executable", sys.executable))


def succeeds(command: Sequence[str], *, environ: Mapping[str, str] | None = None) -> bool:
    """Run quietly; on failure show what it said, because the next attempt may hide the reason."""
    try:
        done = subprocess.run(
            command, check=False, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
    except OSError as error:
        print(f"{command[0]}: {error}", file=sys.stderr)
        return False
    if done.returncode:
        print(done.stdout, file=sys.stderr)
    return done.returncode == 0


def has_module(python: str, module: str) -> bool:
    return subprocess.run([python, "-c", f"import {module}"], check=False, capture_output=True).returncode == 0


def pip_settings(python: str) -> dict[str, str]:
    """What pip on this machine is configured with, the environment's word over the files'."""
    if not has_module(python, "pip"):
        return {}
    listed = subprocess.run([python, "-m", "pip", "config", "list"], check=False, capture_output=True, text=True)
    return parse_pip_settings(listed.stdout)


def parse_pip_settings(listing: str) -> dict[str, str]:
    """Read `pip config list`: lines of `section.name='value'`, where `install` beats `global` and `:env:` beats both."""
    rank = {"global": 0, "install": 1, ":env:": 2}
    found: dict[str, tuple[int, str]] = {}
    for line in listing.splitlines():
        key, _, value = line.partition("=")
        section, _, name = key.partition(".")
        if section in rank and rank[section] >= found.get(name, (-1, ""))[0]:
            found[name] = (rank[section], str(ast.literal_eval(value)))
    return {name: value for name, (_, value) in found.items()}


def uv_environment(settings: Mapping[str, str], environ: Mapping[str, str]) -> dict[str, str]:
    """`environ` plus pip's settings in uv's words; a variable that is already set for uv wins."""
    translated = {}
    for name, variable in UV_SETTINGS.items():
        if settings.get(name):
            separator = "," if name == "find-links" else " "
            translated[variable] = separator.join(settings[name].split())
    # pip looks in all indexes and takes the best match; uv by default stops at the first that knows the name.
    # Every file is checked against a hash, so a planted package is refused either way.
    translated["UV_INDEX_STRATEGY"] = "unsafe-best-match"
    return translated | dict(environ)


def find_uv(python: str) -> str | None:
    """The pinned uv, installed into .tools when it is not there yet; else one on PATH; else None."""
    pinned, stamp = TOOLS / "uv" / "bin" / "uv", TOOLS / "uv" / "stamp"
    if pinned.exists() and stamp.exists() and stamp.read_text() == digest(TOOLS_LOCK):
        return str(pinned)
    shutil.rmtree(TOOLS / "uv", ignore_errors=True)
    installer = pip_for_tools(python)
    arguments = ["install", "--quiet", "--require-hashes", "--no-deps", "--target", str(TOOLS / "uv")]
    if installer and succeeds([*installer, *arguments, "-r", str(TOOLS_LOCK)]):
        stamp.write_text(digest(TOOLS_LOCK))
        return str(pinned)
    return shutil.which("uv")


def pip_for_tools(python: str) -> list[str] | None:
    """A pip that can install into .tools: the interpreter's own, or one made by ensurepip."""
    if has_module(python, "pip"):
        return [python, "-m", "pip"]
    if has_module(python, "ensurepip") and succeeds([python, "-m", "venv", "--clear", str(TOOLS / "pip")]):
        return [str(TOOLS / "pip" / "bin" / "python"), "-m", "pip"]
    return None


def install_with_uv(uv: str, python: str, lock: Path) -> bool:
    environ = uv_environment(pip_settings(python), os.environ)
    environ["VIRTUAL_ENV"] = str(VENV)
    make = [uv, "venv", "--quiet", "--clear", "--python", python, str(VENV)]
    if not is_usable(VENV) and not succeeds(make, environ=environ):
        return False
    return succeeds([uv, "pip", "sync", "--quiet", "--require-hashes", str(lock)], environ=environ)


def is_usable(venv: Path) -> bool:
    """A virtual environment is dead once the interpreter it points to was removed or upgraded past 3.11."""
    python = venv / "bin" / "python"
    check = "import os, sys, sysconfig; sys.exit(not os.path.isdir(sysconfig.get_path('purelib')))"
    return python.exists() and subprocess.run([python, "-c", check], check=False, capture_output=True).returncode == 0


def install_with_pip(python: str, lock: Path) -> None:
    installer = pip_for_tools(python)
    if installer is None:
        raise BootstrapError(
            "this Python can neither run pip nor make one, and uv is not installed.\n"
            "On Debian or Ubuntu: apt-get install python3-venv   (or python3-pip)"
        )
    print("uv is not available; installing with pip, which takes about three times as long.", flush=True)
    if not is_usable(VENV) and not succeeds([python, "-m", "venv", "--clear", "--without-pip", str(VENV)]):
        raise BootstrapError(f"cannot create {VENV}; the reason is above.")
    command = [*installer, "--python", str(venv_python()), "install", "--quiet", "--require-hashes", "-r", str(lock)]
    if not succeeds(command):
        raise BootstrapError(
            "the packages could not be installed; the reason is above. If this machine reaches packages through a mirror "
            "or a proxy, configure pip for it (pip config set global.index-url ...) and try again."
        )


def main(arguments: Sequence[str]) -> int:
    if list(arguments) in (["runtime"], ["dev"]):
        ensure(arguments[0])
        return 0
    if arguments[:1] == ["uv"]:
        TOOLS.mkdir(exist_ok=True)
        python = base_python()
        uv = find_uv(python)
        if uv is None:
            raise BootstrapError("uv could not be installed; the reason is above.")
        return subprocess.run(
            [uv, *arguments[1:]], check=False, env=uv_environment(pip_settings(python), os.environ)
        ).returncode
    raise BootstrapError("use: python3 bootstrap.py runtime | dev | uv ARGS")


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except BootstrapError as problem:
        sys.exit(f"error: {problem}")
