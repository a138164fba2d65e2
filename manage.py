#!/usr/bin/env python3
"""The portal's one command: `up`, `down`, `status`, `test`, and every Django management command.

Standard library only: on a bare machine it builds `.venv` from the hash-locked requirements first (see bootstrap.py),
then runs again under that interpreter.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - this line is what such an interpreter gets to see
    sys.exit(
        "The portal needs Python 3.11 or newer; this is Python {}.{} ({}).\n"
        "Run it again with a newer one, for example: python3.11 manage.py up".format(
            *sys.version_info[:2], sys.executable
        )
    )

import bootstrap


def main() -> None:
    bootstrap.run_in_environment(sys.argv)
    from config.embedded.cli import main as run  # noqa: PLC0415 - packages are importable only from here on

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
