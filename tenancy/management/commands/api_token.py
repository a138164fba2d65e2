"""`manage.py api_token EMAIL [--scope S ...] [--days N] [--name TEXT]`: a bearer token, alone on the last line."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from tenancy.actors import SYSTEM
from tenancy.errors import DomainError
from tenancy.models import AdminUser
from tenancy.tokens import LONGEST_DAYS, SCOPES, create_token


class Command(BaseCommand):
    help = "Make an API token for an account and print it once, alone on the last line."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--scope", action="append", metavar="S", help=f"One of {', '.join(SCOPES)}; default: all.")
        parser.add_argument(
            "--days", type=int, default=LONGEST_DAYS, metavar="N", help="How long it lives; default: a year."
        )
        parser.add_argument("--name", default="", help="Which system uses it, for the list in Partner Hub.")

    def handle(self, *args: Any, **options: Any) -> None:
        admin = AdminUser.objects.filter(email=options["email"].strip().lower(), is_active=True).first()
        if admin is None:
            raise CommandError(f"There is no active account with the e-mail {options['email']}.")
        try:
            token = create_token(
                admin=admin,
                scopes=options["scope"] or SCOPES,
                name=options["name"],
                days=options["days"],
                by=SYSTEM,
            )
        except DomainError as error:
            raise CommandError(str(error)) from error
        self.stderr.write(f"Token for {admin.email}. It is shown only this once and lives for {options['days']} days.")
        self.stdout.write(token)
