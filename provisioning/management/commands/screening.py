"""What operations decide about customers on compliance hold: `manage.py screening [CUSTOMER --clear|--reject --note TEXT]`."""

from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from provisioning.models import Screening
from provisioning.screening import ON_HOLD, clear_screening, reject_screening
from tenancy.actors import SYSTEM
from tenancy.errors import DomainError
from tenancy.models import Customer


class Command(BaseCommand):
    """Without a customer: who is on hold since when."""

    help = "Lists customers on compliance hold; with a customer's id, decides about one."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("customer", nargs="?", type=UUID, help="the customer's public id")
        decision = parser.add_mutually_exclusive_group()
        decision.add_argument("--clear", action="store_true", help="let the customer pass")
        decision.add_argument("--reject", action="store_true", help="refuse the customer")
        parser.add_argument("--note", default="", help="why; kept with the decision")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["customer"] is None:
            self._list()
            return
        if not (options["clear"] or options["reject"]):
            raise CommandError("Say --clear or --reject.")
        customer = Customer.objects.filter(public_id=options["customer"]).first()
        if customer is None:
            raise CommandError(f"There is no customer {options['customer']}.")
        decide = clear_screening if options["clear"] else reject_screening
        try:
            decide(customer=customer, note=options["note"], by=SYSTEM)
        except DomainError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{customer.name}: {'cleared' if options['clear'] else 'rejected'}.")

    def _list(self) -> None:
        held = Screening.objects.filter(state__in=ON_HOLD).select_related("customer").order_by("matched_at")
        for row in held:
            self.stdout.write(
                f"{row.customer.public_id}  {row.get_state_display():16}  since {row.matched_at:%F %R}  {row.customer.name}"
            )
        if not held:
            self.stdout.write("Nobody is on hold.")
