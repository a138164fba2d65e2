"""What the mail provider reports about an address: `manage.py mail_report ADDRESS --bounced|--complained`.

A real provider calls back; whatever takes that call runs this. In the demo it is run by hand.
"""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from controlhub.services.mailing import report_undeliverable
from tenancy.actors import SYSTEM
from tenancy.models import Mailbox


class Command(BaseCommand):
    """Without an address: who gets no mails, since when and why."""

    help = "Lists addresses whose mails are stopped; with an address, stops its mails."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("address", nargs="?", help="the mail address that the provider reports")
        reason = parser.add_mutually_exclusive_group()
        reason.add_argument("--bounced", dest="reason", action="store_const", const=Mailbox.Reason.BOUNCED)
        reason.add_argument("--complained", dest="reason", action="store_const", const=Mailbox.Reason.COMPLAINED)
        parser.set_defaults(reason=Mailbox.Reason.BOUNCED)

    def handle(self, *args: Any, **options: Any) -> None:
        if options["address"] is None:
            self._list()
            return
        new = report_undeliverable(email=options["address"], reason=options["reason"], by=SYSTEM)
        self.stdout.write(f"Mails to {options['address']} {'are stopped' if new else 'were stopped already'}.")

    def _list(self) -> None:
        stopped = Mailbox.objects.exclude(stopped_for="").order_by("stopped_at")
        for box in stopped:
            self.stdout.write(f"{box.stopped_at:%F %R}  {box.get_stopped_for_display():30}  {box.email}")
        if not stopped:
            self.stdout.write("Mails go to everybody.")
