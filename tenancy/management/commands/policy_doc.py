"""`manage.py policy_doc`: write docs/policy.md from the policy table."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from tenancy.policy_doc import policy_markdown

POLICY_PAGE = Path(__file__).resolve().parents[3] / "docs" / "policy.md"


class Command(BaseCommand):
    help = "Write docs/policy.md from tenancy/policy.py."

    def handle(self, *args: Any, **options: Any) -> None:
        POLICY_PAGE.write_text(policy_markdown(), encoding="utf-8")
        self.stdout.write(f"Wrote {POLICY_PAGE}")
