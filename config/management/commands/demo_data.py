"""`manage.py demo_data`: the demo's story, and any number of tenants beside it.

Same seed, same story. Only for a portal without real customers: the demo accounts' password is public.
"""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config.demo.build import close_history, make_corrections, make_reports, tell_story
from config.demo.bulk import load_bulk
from config.demo.cast import LOGINS
from config.demo.prices import issue_invoices, make_customer_prices, make_prices
from config.demo.setup_assist import order_setup_assist
from tenancy.models import AdminUser, Partner


class Command(BaseCommand):
    help = "Load the demo's story once; with numbers, that many tenants more (by COPY, fast at any size)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--if-empty", action="store_true", help="Do nothing when the portal holds any data.")
        parser.add_argument("--partners", type=int, default=0, metavar="N")
        parser.add_argument("--customers", type=int, default=0, metavar="N")
        parser.add_argument("--subscribers", type=int, default=0, metavar="N")
        parser.add_argument("--seed", type=int, default=1)

    def handle(self, *args: Any, **options: Any) -> None:
        self._tell_story(options)
        if options["customers"] or options["subscribers"] or options["partners"]:
            self._load_bulk(options)

    def _tell_story(self, options: dict[str, Any]) -> None:
        if AdminUser.objects.filter(email=LOGINS[0].email).exists():
            self.stdout.write("The story is already told.")
        elif Partner.objects.exists():
            if not options["if_empty"]:
                raise CommandError("This portal holds data that is not the demo's. Demo accounts would endanger it.")
        else:
            demo = tell_story(seed=options["seed"])
            make_corrections(demo)
            order_setup_assist(demo)
            close_history(demo)
            make_prices(demo)
            make_customer_prices(demo)
            issue_invoices(demo)
            make_reports(demo)
            self.stdout.write(f"{len(demo.partners)} partners and {len(demo.customers)} customers, 90 days of history.")

    def _load_bulk(self, options: dict[str, Any]) -> None:
        partners, customers = max(1, options["partners"]), max(1, options["customers"])
        loaded = load_bulk(
            partners=partners, customers=customers, subscribers=options["subscribers"], seed=options["seed"]
        )
        self.stdout.write(
            f"{loaded.partners} partners, {loaded.customers} customers, {loaded.subscribers} subscribers more, "
            f"{loaded.seconds:.1f} s ({loaded.subscribers / max(loaded.seconds, 0.001):,.0f} subscribers a second)."
        )
