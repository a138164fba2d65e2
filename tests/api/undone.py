"""One request at a time, taken back: every one meets the same rows."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction


class Undo(Exception):
    """Takes back what one request did."""


@contextmanager
def undone() -> Iterator[None]:
    """Whatever is written within is gone afterwards."""
    try:
        with transaction.atomic():
            yield
            raise Undo
    except Undo:
        pass
