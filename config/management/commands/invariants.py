"""`manage.py invariants`: everything that must always hold, asked of the database. Exit 1 and the rows that break one."""

from argparse import ArgumentParser
from importlib import import_module
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from tenancy.audit import verify_chain
from tenancy.models import AuditChain

APPS = ("tenancy", "provisioning", "controlhub", "partnerhub", "billing")
SHOWN_ROWS = 20


def all_invariants() -> list[tuple[str, str, str]]:
    """(id, what must hold, SQL returning the rows that break it) of every app, in the order of the ids."""
    found = [row for app in APPS for row in import_module(f"{app}.invariants").INVARIANTS]
    return sorted(found, key=lambda row: (row[0][0], int("".join(c for c in row[0] if c.isdigit()) or 0), row[0]))


class Command(BaseCommand):
    help = "Check that nothing was lost, doubled or changed; exit 1 and print the rows that break a rule."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--verify-hashes", action="store_true", help="Also recompute the hash of every audit event."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        broken = [self._check(*row) for row in all_invariants()]
        if options["verify_hashes"]:
            broken.append(self._verify_hashes())
        if any(broken):
            raise CommandError(f"{sum(broken)} of {len(broken)} invariants are broken.")
        self.stdout.write(f"All {len(broken)} invariants hold.")

    def _check(self, key: str, what: str, sql: str) -> bool:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            rows = cursor.fetchmany(SHOWN_ROWS)
        self.stdout.write(f"{'BROKEN' if rows else 'ok':7}{key:5}{what}")
        for row in rows:
            self.stdout.write(f"       {row}")
        return bool(rows)

    def _verify_hashes(self) -> bool:
        found = [text for tenant in AuditChain.objects.values_list("pk", flat=True) if (text := verify_chain(tenant))]
        self.stdout.write(f"{'BROKEN' if found else 'ok':7}{'I11c':5}every audit event hashes to what it says")
        for text in found[:SHOWN_ROWS]:
            self.stdout.write(f"       {text}")
        return bool(found)
