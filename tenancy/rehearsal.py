"""Do a deed and undo it: a precheck that can never disagree with the deed itself."""

from collections.abc import Callable

from django.db import transaction


class _Undo(Exception):
    """Ends a rehearsal that went well."""


def rehearse(deed: Callable[[], object]) -> None:
    """Run `deed` in a transaction that is rolled back. Raises what the deed raises; nothing stays, nothing is rung."""
    try:
        with transaction.atomic():
            deed()
            raise _Undo
    except _Undo:
        return
