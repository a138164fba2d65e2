"""What the Setup Assist team reports: `manage.py setup_assist [ORDER --advance]`."""

from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from controlhub.models import SetupAssistOrder
from partnerhub.services.setup_assist import advance_setup_assist
from tenancy.actors import SYSTEM
from tenancy.errors import DomainError


class Command(BaseCommand):
    """Without an order: what is open."""

    help = "Lists open Setup Assist orders; with an order's id, says that the team has begun or finished a phase."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("order", nargs="?", type=UUID, help="the order's public id")
        parser.add_argument("--advance", action="store_true", help="the team begins, or has finished a phase")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["order"] is None:
            self._list()
            return
        if not options["advance"]:
            raise CommandError("Say --advance.")
        order = SetupAssistOrder.objects.filter(public_id=options["order"]).first()
        if order is None:
            raise CommandError(f"There is no order {options['order']}.")
        try:
            row = advance_setup_assist(order=order, by=SYSTEM)
        except DomainError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{row}: {row.get_status_display()}, {row.phase} of {len(row.phases)} phases done.")

    def _list(self) -> None:
        orders = SetupAssistOrder.objects.filter(status__in=SetupAssistOrder.OPEN).select_related(
            "location", "customer"
        )
        for row in orders.order_by("go_live_on", "pk"):
            done = f"{row.phase}/{len(row.phases)}"
            self.stdout.write(
                f"{row.public_id}  {row.go_live_on:%F}  {row.status:11}  {done}  {row.customer.name}: {row}"
            )
        if not orders:
            self.stdout.write("Nothing is ordered.")
