"""`manage.py rollup`: close the days that are missing, as beat does every quarter of an hour."""

from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from billing.queries import clock
from billing.services.closing import Closing, close_missing_days


class Command(BaseCommand):
    help = "Close the missing days of every partner, in order. Safe to repeat; prints what it closed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        until = parser.add_mutually_exclusive_group()
        until.add_argument("--day", type=date.fromisoformat, metavar="YYYY-MM-DD", help="close up to this day")
        until.add_argument("--catch-up", action="store_true", help="close up to yesterday (UTC); the default")

    def handle(self, *args: Any, **options: Any) -> None:
        until, latest = options["day"], clock.last_closable_day()
        if until and until > latest:
            raise CommandError(f"{until:%F} cannot be closed yet: the last day that is over is {latest:%F} (UTC).")
        closings = [self._say(closing) for closing in close_missing_days(until=until or latest)]
        days, changes = sum(c.days for c in closings), sum(c.changes for c in closings)
        self.stdout.write(f"Closed {days} days with {changes} changes for {len(closings)} partners.")
        if parked := sum(bool(closing.parked) for closing in closings):
            raise CommandError(f"{parked} partners are parked: their usage does not add up.")
        if postponed := sum(bool(closing.postponed) for closing in closings):
            raise CommandError(f"{postponed} partners are left for the next run.")

    def _say(self, closing: Closing) -> Closing:
        if closing.days or closing.parked:
            self.stdout.write(f"{closing.partner.name}: {closing.days} days, {closing.changes} changes")
        if closing.parked:
            self.stderr.write(f"{closing.partner.name} is parked: {closing.parked}")
        if closing.postponed:
            self.stderr.write(f"{closing.partner.name} is left for the next run: {closing.postponed}")
        return closing
