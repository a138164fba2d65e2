"""A user who moves is billed at each location for exactly the seconds that he was there, and never twice."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from billing import report_sql
from billing.services.closing import close_missing_days
from controlhub.services.packages import assign_package
from controlhub.services.seats import DayClosed
from controlhub.services.subscriber_moves import move_subscriber
from tenancy.actors import SYSTEM
from tests.factories import make_customer, make_location, make_package, make_partner, make_subscriber

pytestmark = pytest.mark.django_db
DAY = 86_400
START = datetime(2026, 3, 1, tzinfo=UTC)


def seconds(kind: str, partner: int) -> list[tuple[Any, ...]]:
    """(location if the report tells it, first day, last day, seconds) of each line, for the four days."""
    bounds = {
        "partner": partner,
        "first": START.date(),
        "after": START.date() + timedelta(days=4),
        "packages": ["webex_calling"],
    }
    with connection.cursor() as cursor:
        cursor.execute(report_sql.CORE[kind], bounds)
        rows = cursor.fetchall()
    return sorted((*([] if kind == "PARTNER" else [row[1]]), *row[-3:]) for row in rows)


def test_every_report_says_where_the_user_was_to_the_second() -> None:
    partner = make_partner(billing_start_on=START.date())
    customer = make_customer(partner)
    hq, branch = make_location(customer), make_location(customer, "Branch")
    make_package(customer, "webex_calling", limit=1)
    ada = make_subscriber(customer, location=hq, extension="2100")
    assign_package(subscriber=ada, package="webex_calling", by=SYSTEM, at=START)
    there, back = START + timedelta(days=1, hours=12, seconds=1), START + timedelta(days=2, seconds=7)
    move_subscriber(subscriber=ada, target=branch, by=SYSTEM, at=there)
    move_subscriber(subscriber=ada, target=hq, by=SYSTEM, at=back)
    list(close_missing_days(until=START.date() + timedelta(days=3)))
    first, second, third = (START.date() + timedelta(days=n) for n in range(3))
    away = int((back - there).total_seconds())
    expected = [(hq.pk, first, START.date() + timedelta(days=3), 4 * DAY - away), (branch.pk, second, third, away)]
    assert seconds("CUSTOMER", partner.pk) == sorted(expected)
    assert seconds("USER", partner.pk) == sorted(expected)
    assert seconds("PARTNER", partner.pk) == [(first, START.date() + timedelta(days=3), 4 * DAY)]
    with pytest.raises(DayClosed):
        move_subscriber(subscriber=ada, target=branch, by=SYSTEM, at=START + timedelta(days=3))
