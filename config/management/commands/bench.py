"""`manage.py bench SUBJECT`: measures, prints, and exits 1 when a promise is broken."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config.bench import api, billing, billing_words, users


class Command(BaseCommand):
    help = "Measure what the portal promises. Nothing that is built for it stays in the database."

    def add_arguments(self, parser: ArgumentParser) -> None:
        subjects = parser.add_subparsers(dest="subject", required=True)
        search = subjects.add_parser("users", help="Search the users of one customer: database time per page.")
        search.add_argument("--subscribers", type=int, default=100_000, metavar="N")

        nights = subjects.add_parser(
            "billing", help="Nights and month reports, at N subscribers and at ten times as many."
        )
        nights.add_argument("--subscribers", type=int, default=20_000, metavar="N")
        nights.add_argument("--changes", type=int, metavar="C", help="starts and ends a night; default and most: N / 5")

        api_calls = subjects.add_parser(
            "api", help="The API over HTTP from eight clients, beside the cheapest request."
        )
        api_calls.add_argument("--customers", type=int, default=1_000, metavar="N")
        api_calls.add_argument("--subscribers", type=int, default=20_000, metavar="N")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["subscribers"] < 100:
            raise CommandError("Measure with at least 100 users.")
        if options["subject"] == "api":
            self._api(options["customers"], options["subscribers"])
        elif options["subject"] == "users":
            self._users(options["subscribers"])
        else:
            self._billing(options["subscribers"], options["changes"] or billing.most_changes(options["subscribers"]))

    def _api(self, customers: int, subscribers: int) -> None:
        if customers < 20:
            raise CommandError("Measure with at least 20 customers.")
        try:
            cases, ready = api.measure(customers=customers, subscribers=subscribers)
        except api.BenchFailed as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"{api.CLIENTS} clients; {customers:,} customers were provisioned {ready:.0f} s after the first order\n"
        )
        self.stdout.write(
            f"{'call':24}{'calls':>8}{'per s':>9}{'p95 ms':>9}{'floor/s':>9}{'p95 ms':>9}{'ratio':>8}{'p95':>7}{'limit':>7}"
        )
        for case in cases:
            figures = f"{case.calls:8}{case.per_second:9.1f}{case.p95_ms:9.1f}{case.floor_per_second:9.1f}{case.floor_p95_ms:9.1f}"
            limit = f"{case.limit:7.1f}" if case.limit else "      -"
            self.stdout.write(f"{case.name:24}{figures}{case.ratio:8.2f}{case.p95_ratio:7.2f}{limit}")
        if broken := [case.name for case in cases if not case.kept]:
            raise CommandError(f"Above its limit: {', '.join(broken)}.")
        self.stdout.write("All within their limits.")

    def _users(self, subscribers: int) -> None:
        cases = users.measure(subscribers=subscribers)
        self.stdout.write(f"Users list of one customer with {subscribers:,} users; database time of a whole page\n")
        self.stdout.write(f"{'search':36}{'rows':>6}{'queries':>9}{'median ms':>11}{'worst ms':>10}")
        for case in cases:
            self.stdout.write(f"{case.name:36}{case.rows:6}{case.queries:9}{case.median_ms:11.1f}{case.worst_ms:10.1f}")
        slow = [case.name for case in cases if case.median_ms >= users.LIMIT_MS]
        if slow:
            raise CommandError(f"Not under {users.LIMIT_MS:.0f} ms: {', '.join(slow)}.")
        self.stdout.write(f"All under {users.LIMIT_MS:.0f} ms.")

    def _billing(self, subscribers: int, changes: int) -> None:
        if changes > billing.most_changes(subscribers):
            raise CommandError(f"At most {billing.most_changes(subscribers):,} changes a night.")
        measured = []
        for line in billing_words.HEAD:
            self.stdout.write(line)
        for found in billing.measure(subscribers=subscribers, changes=changes):
            measured.append(found)
            self.stdout.write(billing_words.row(found))
        verdicts = billing_words.verdicts(measured)
        for verdict in verdicts:
            self.stdout.write(verdict.text)
        if broken := [verdict.text for verdict in verdicts if not verdict.kept]:
            raise CommandError(f"{len(broken)} of {len(verdicts)} promises are broken.")
        self.stdout.write("All promises are kept.")
