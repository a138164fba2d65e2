"""Closing days: the missing ones of each partner, in order, each in a transaction of its own.

The question is never "was yesterday closed?" but "which days are missing?", so that a lost night, two beats or a crash
between two days change nothing. The clock is read by the caller: `until` is the last day that may close.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import structlog
from django.db import DataError, IntegrityError, OperationalError, connection, transaction

from billing import ledger_sql
from billing.errors import DayDoesNotAddUp
from billing.models import DayClose, ParkedPartner
from tenancy.models import Partner

ONE_DAY = timedelta(days=1)
# Writers hold a partner's lock until they commit. One that forgot to must not keep the days of all others open.
LOCK_PATIENCE = "10s"
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Closing:
    """What one run did for one partner. `parked` says why its next day does not close until somebody has looked at it,
    `postponed` why the rest is left to the next run; usually both are empty."""

    partner: Partner
    days: int = 0
    changes: int = 0
    parked: str = ""
    postponed: str = ""


def midnight(day: date) -> datetime:
    """The instant at which a UTC day begins."""
    return datetime.combine(day, time.min, tzinfo=UTC)


def close_missing_days(*, until: date) -> Iterator[Closing]:
    """Close every missing day up to `until`, partner by partner. Whatever is wrong with one, the others go on."""
    for partner in Partner.objects.order_by("pk"):
        yield close_partner(partner=partner, until=until)


def close_partner(*, partner: Partner, until: date) -> Closing:
    """Close the missing days of one partner up to `until`. Harmless to repeat, and to run twice at once."""
    days = changes = 0
    while True:
        day = next_day(partner)
        if day > until:
            return Closing(partner, days, changes)
        try:
            closed = _close_next(partner, until)
        except (DayDoesNotAddUp, IntegrityError, DataError) as error:
            return Closing(partner, days, changes, parked=_park(partner, day, str(error)))
        except OperationalError as error:
            if not connection.is_usable():
                raise  # the server is gone, for everybody
            log.warning("billing_partner_postponed", partner=partner.pk, day=f"{day:%F}", reason=str(error))
            return Closing(partner, days, changes, postponed=f"{day:%F}: {error}")
        days, changes = days + closed[0], changes + closed[1]


def next_day(partner: Partner) -> date:
    """The first day of the partner that is not closed yet."""
    return _value(ledger_sql.NEXT_DAY, partner=partner.pk)


def _close_next(partner: Partner, until: date) -> tuple[int, int]:
    """Close the next day, or the whole run of days on which nothing changed. Returns (days, changes)."""
    with transaction.atomic():
        # Alone from here on: writers of assignments and other closers wait, and we see all they have committed.
        _value(ledger_sql.LOCK_PARTNER, partner=partner.pk, patience=LOCK_PATIENCE)
        day = next_day(partner)
        if day > until:
            return 0, 0
        change = _value(ledger_sql.NEXT_CHANGE, partner=partner.pk, day=day, opens=midnight(day))
        if change == day:
            result = 1, _close_one(partner, day)
        else:
            last = min(until, change - ONE_DAY) if change else until
            _execute(ledger_sql.CLOSE_EMPTY_DAYS, partner=partner.pk, day=day, last=last)
            result = (last - day).days + 1, 0
        ParkedPartner.objects.filter(partner=partner).delete()
    return result


def _close_one(partner: Partner, day: date) -> int:
    bounds = {"partner": partner.pk, "day": day, "opens": midnight(day), "closes": midnight(day + ONE_DAY)}
    changes, checksum = _execute(ledger_sql.CLOSE_DAY, **bounds)[0]
    if disagreements := _execute(ledger_sql.CHECK_DAY, **bounds):
        raise DayDoesNotAddUp(day, [reason for (reason,) in disagreements])
    DayClose.objects.create(partner=partner, day=day, changes=changes, checksum=checksum)
    return changes


def _park(partner: Partner, day: date, reason: str) -> str:
    log.error("billing_day_not_closed", partner=partner.pk, day=f"{day:%F}", reason=reason)
    ParkedPartner.objects.update_or_create(partner=partner, defaults={"day": day, "reason": reason})
    return f"{day:%F}: {reason}"


def _execute(sql: str, **parameters: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall() if cursor.description else []


def _value(sql: str, **parameters: Any) -> Any:
    return _execute(sql, **parameters)[0][0]
