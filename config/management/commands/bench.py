"""`manage.py bench users --subscribers 100000`: measures, prints, and exits 1 when a promise is broken."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config.bench import users


class Command(BaseCommand):
    help = "Measure what the portal promises. Nothing that is built for it stays in the database."

    def add_arguments(self, parser: ArgumentParser) -> None:
        subjects = parser.add_subparsers(dest="subject", required=True)
        search = subjects.add_parser("users", help="Search the users of one customer: database time per page.")
        search.add_argument("--subscribers", type=int, default=100_000, metavar="N")

    def handle(self, *args: Any, **options: Any) -> None:
        self._users(options["subscribers"])

    def _users(self, subscribers: int) -> None:
        if subscribers < 100:
            raise CommandError("Measure with at least 100 users.")
        cases = users.measure(subscribers=subscribers)
        self.stdout.write(f"Users list of one customer with {subscribers:,} users; database time of a whole page\n")
        self.stdout.write(f"{'search':36}{'rows':>6}{'queries':>9}{'median ms':>11}{'worst ms':>10}")
        for case in cases:
            self.stdout.write(f"{case.name:36}{case.rows:6}{case.queries:9}{case.median_ms:11.1f}{case.worst_ms:10.1f}")
        slow = [case.name for case in cases if case.median_ms >= users.LIMIT_MS]
        if slow:
            raise CommandError(f"Not under {users.LIMIT_MS:.0f} ms: {', '.join(slow)}.")
        self.stdout.write(f"All under {users.LIMIT_MS:.0f} ms.")
