"""Runs jobs without Redis and Celery: `manage.py run_jobs [--forever]`. For outages of the broker of any length."""

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from provisioning.sweeper import run_due

PAUSE_SECONDS = 2


class Command(BaseCommand):
    """Safe beside running workers: a job is claimed by one process at a time."""

    help = "Runs every provisioning job that is due, right here, without a broker."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--forever", action="store_true", help="go on until interrupted")

    def handle(self, *args: Any, **options: Any) -> None:
        done = run_due()
        while options["forever"]:
            time.sleep(PAUSE_SECONDS)
            done += run_due()
        self.stdout.write(f"{done} jobs worked on.")
