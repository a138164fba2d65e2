"""The clock of intervals: the database's, in whole seconds."""

from datetime import UTC, datetime

from django.db import connection


def database_now() -> datetime:
    """The time right now (not of the transaction's start), UTC, whole seconds.

    Servers may disagree about the time; the intervals of one subject must not. Read it after the subject is locked.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT date_trunc('second', clock_timestamp())")
        return cursor.fetchone()[0].astimezone(UTC)


def whole_seconds(at: datetime | None) -> datetime:
    """`at` without its fraction, or the time right now. Raises ValueError for a time without a zone."""
    if at is None:
        return database_now()
    if at.tzinfo is None:
        raise ValueError("A time without a zone says nothing.")
    return at.astimezone(UTC).replace(microsecond=0)
