"""Run before the portal's processes start: migrate, load the demo data once, note the demo logins.

One process for all three, because starting Django costs more than the work on a warm start.
Usage: python -m config.embedded.prepare FILE   (FILE receives the line `demo_info --json` prints)
"""

import io
import os
import sys
from pathlib import Path

import django
from django.core.management import CommandError, call_command


def main(demo_info: Path) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    call_command("migrate", interactive=False, verbosity=1)
    if os.environ.get("PORTAL_DEMO", "1") == "0":
        return
    call_command("demo_data", "--if-empty")
    output = io.StringIO()
    try:
        call_command("demo_info", "--json", stdout=output)
    except CommandError as error:
        print(error)  # real data, no demo logins
    else:
        demo_info.write_text(output.getvalue())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
