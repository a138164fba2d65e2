"""Asking the DNS for TXT records. `settings.DOMAIN_RESOLVER` names the class that answers; by default nothing real is asked."""

from functools import cache
from typing import Protocol, cast

from django.conf import settings
from django.utils.module_loading import import_string

from controlhub.models import SimulatedTxtRecord


class Resolver(Protocol):
    """Reads TXT records of a domain."""

    def txt(self, name: str) -> list[str]:
        """The texts, in any order; none when the domain or the record does not exist."""


class SimulatedResolver:
    """Answers from the portal's own table."""

    def txt(self, name: str) -> list[str]:
        return list(SimulatedTxtRecord.objects.filter(name=name).values_list("value", flat=True))


@cache
def resolver() -> Resolver:
    """The resolver of this process."""
    return cast(Resolver, import_string(settings.DOMAIN_RESOLVER)())
