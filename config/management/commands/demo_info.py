"""`manage.py demo_info [--json]`: where the demo portal is and who can sign in."""

import json
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from config.demo.cast import LOGINS, PASSWORD
from partnerhub.models import OnboardingTemplate
from tenancy.models import AdminUser


class Command(BaseCommand):
    help = "Print the URL, the demo logins and a Provisioning ID. --json: one line for programs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        if not AdminUser.objects.filter(email=LOGINS[0].email).exists():
            raise CommandError("There is no demo data here. Load it with: python3 manage.py demo_data")
        template = OnboardingTemplate.objects.filter(partner__name=LOGINS[0].at).order_by("pk").first()
        info = {
            "url": settings.BASE_URL,
            "logins": [{"role": row.role, "email": row.email, "password": PASSWORD} for row in LOGINS],
            "provisioningId": template.provisioning_id if template else "",
        }
        if options["json"]:
            self.stdout.write(json.dumps(info))
            return
        self.stdout.write(f"{info['url']}\n")
        for row in LOGINS:
            self.stdout.write(f"  {row.role:20}{row.email:36}{PASSWORD}")
        self.stdout.write(f"\nProvisioning ID: {info['provisioningId']}")
