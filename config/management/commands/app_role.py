"""`manage.py app_role NAME`: what a database role needs to run the portal, and not what it takes to change closed usage.

Run it as the owner of the database, again after each migration. Triggers refuse to change what is closed to everybody, but
an owner could switch them off; a role that owns nothing cannot (docs/running.md).
"""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction
from psycopg import sql

from billing.models import DayClose, Invoice, InvoiceLine, PartnerUsageDay, UsageAdjustment, UsageCorrection, UsageDay
from controlhub.models import PackageAssignment
from tenancy.models import AuditEvent

INSERT_ONLY = (UsageDay, PartnerUsageDay, DayClose, UsageCorrection, UsageAdjustment, Invoice, InvoiceLine, AuditEvent)
GRANTS = (
    "GRANT USAGE ON SCHEMA public TO {role}",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}",
    "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}",
    "REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM {role}",
)
STANDING = "SELECT rolsuper, pg_has_role(rolname, current_user, 'MEMBER') FROM pg_roles WHERE rolname = %s"


class Command(BaseCommand):
    help = "Grant a database role what the portal needs, without the right to change closed usage, invoices or the audit log."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("role", help="an existing role that is neither the owner nor a superuser")

    @transaction.atomic
    def handle(self, *args: Any, role: str, **options: Any) -> None:
        self._check(role)
        for statement in GRANTS:
            self._run(statement, role)
        for model in INSERT_ONLY:
            self._run("REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM {role}", role, model._meta.db_table)
        intervals = PackageAssignment._meta.db_table
        self._run("REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM {role}", role, intervals)
        self._run("GRANT UPDATE (ended_at) ON {table} TO {role}", role, intervals)
        self.stdout.write(f"{role} can run the portal; closed usage, invoices and the audit log it can only add to.")

    def _check(self, role: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(STANDING, [role])
            found = cursor.fetchone()
        if found is None:
            raise CommandError(
                f"There is no role {role}. As an administrator of the server: CREATE ROLE {role} LOGIN …"
            )
        if any(found):
            raise CommandError(f"{role} is a superuser or has the owner's rights: nothing could be kept from it.")

    def _run(self, statement: str, role: str, table: str = "") -> None:
        names = {"role": sql.Identifier(role), "table": sql.Identifier(table)}
        with connection.cursor() as cursor:
            cursor.execute(sql.SQL(statement).format(**names))
