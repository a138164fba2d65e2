"""One worker at a time for one piece of work, without a lease: an advisory lock on the worker's own connection."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection


@contextmanager
def alone(work: uuid.UUID) -> Iterator[bool]:
    """Hold the lock of `work`, or say that somebody else does. If the worker dies, so does the connection, and it is free."""
    key = int.from_bytes(work.bytes[:8], "big", signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [key])
        (mine,) = cursor.fetchone()
        try:
            yield mine
        finally:
            if mine and not connection.needs_rollback:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [key])
