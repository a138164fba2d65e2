"""What day it is: by the database's clock, in UTC. Servers may disagree, the bill must not."""

from datetime import UTC, date, datetime, timedelta

from django.db import connection

# A request that began before midnight may still commit its change; a day closes once that can no longer happen.
SETTLING_SECONDS = 60


def today() -> date:
    """The current UTC day. Reports never include it."""
    return _day("clock_timestamp()")


def last_closable_day() -> date:
    """The last day that is over, and has been for a minute, by the database's clock and by our own.

    A day that closes too early cannot be opened again, and nobody could start anything in it; one that closes late is caught
    up. So one clock alone that is set wrong, wherever, closes nothing.
    """
    theirs = _day(f"clock_timestamp() - interval '{SETTLING_SECONDS} seconds' - interval '24 hours'")
    ours = datetime.now(UTC) - timedelta(days=1, seconds=SETTLING_SECONDS)
    return min(theirs, ours.date())


def _day(instant: str) -> date:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT (({instant}) AT TIME ZONE 'UTC')::date")
        return cursor.fetchone()[0]
