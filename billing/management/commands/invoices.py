"""`manage.py invoices`: issue the months that are missing, as beat does every quarter of an hour."""

from argparse import ArgumentParser, ArgumentTypeError
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from billing import months
from billing.queries import clock
from billing.services.invoicing import Issuing, issue_missing_invoices, issue_partner
from tenancy.models import Partner


def month_of(text: str) -> date:
    """A month on the command line."""
    try:
        return months.parse(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is not a month, write it like 2026-03") from error


class Command(BaseCommand):
    help = "Issue every missing invoice whose month is over and closed. Safe to repeat; prints what it issued."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--month", type=month_of, metavar="YYYY-MM", help="the last month to issue")
        parser.add_argument("--partner", metavar="NAME", help="of this partner only")

    def handle(self, *args: Any, **options: Any) -> None:
        until = months.after(options["month"]) if options["month"] else clock.today()
        if until > clock.today():
            raise CommandError(f"{options['month']:%Y-%m} is not over (UTC).")
        done = [self._say(issuing) for issuing in self._issue(options["partner"], until)]
        self.stdout.write(f"Issued {sum(len(row.invoices) for row in done)} invoices for {len(done)} partners.")
        if parked := sum(bool(row.parked) for row in done):
            raise CommandError(f"{parked} partners are parked: see above.")

    def _issue(self, name: str | None, until: date) -> Any:
        if name is None:
            return issue_missing_invoices(until=until)
        partners = Partner.objects.filter(name=name, parent=None).order_by("pk")
        if not partners:
            raise CommandError(f"No top-level partner is called {name!r}. Sub-partners are on their parent's invoice.")
        return (issue_partner(partner=partner, until=until) for partner in partners)

    def _say(self, issuing: Issuing) -> Issuing:
        for invoice in issuing.invoices:
            self.stdout.write(
                f"{issuing.partner.name}: {invoice.label} for {invoice.month:%B %Y}, {invoice.total:,} {invoice.currency}"
            )
        if issuing.parked:
            self.stderr.write(f"{issuing.partner.name} is parked: {issuing.parked}")
        return issuing
