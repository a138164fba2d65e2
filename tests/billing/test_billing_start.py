"""Nothing is billed before the billing start date; use before it is recorded all the same."""

import csv
import io
from collections.abc import Callable
from datetime import date, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from billing import files
from billing.models import BillingReport, UsageDay
from billing.queries.usage import use_by_package
from billing.services.closing import close_partner, next_day
from tests.cast import Cast
from tests.factories import make_assignment, make_subscriber

pytestmark = pytest.mark.django_db
DAY = 86_400


def starts_billing(cast: Cast, day: date) -> None:
    cast.north.billing_start_on = day
    cast.north.save(update_fields=["billing_start_on"])


@pytest.fixture
def trial(cast: Cast, ago: Callable[..., datetime], today: date) -> Cast:
    """Ten days of use, of which the last three are billed, and one user who left before."""
    starts_billing(cast, today - timedelta(days=3))
    make_assignment(make_subscriber(cast.acme), "webex_suite", start=ago(10))
    make_assignment(make_subscriber(cast.acme), "webex_calling", start=ago(10), end=ago(3))
    return cast


@pytest.mark.parametrize("kind", BillingReport.Type.values)
def test_reports_begin_with_the_billing_start(
    trial: Cast, made: Callable[..., BillingReport], today: date, kind: str
) -> None:
    report = made(trial, kind, days=10)
    (line,) = csv.DictReader(io.StringIO(files.report_path(report).read_text()))
    assert (report.status, report.total_seconds, line["QUANTITY"]) == ("COMPLETED", 3 * DAY, "3.000000")
    assert line["CONSUMPTION_START_DATE"] == f"{today - timedelta(days=3):%F}"


def test_a_period_before_it_is_empty(trial: Cast, today: date) -> None:
    close_partner(partner=trial.north, until=today - timedelta(days=1))
    last = today - timedelta(days=4)
    assert use_by_package(trial.north, first=last - timedelta(days=3), last=last) == []


def test_use_before_it_is_in_the_ledger(trial: Cast, today: date) -> None:
    close_partner(partner=trial.north, until=today - timedelta(days=1))
    assert UsageDay.objects.earliest("day").day == today - timedelta(days=10)


def test_days_since_an_earlier_start_are_caught_up(cast: Cast, ago: Callable[..., datetime], today: date) -> None:
    """A provider that is set up late is billed from its billing start all the same."""
    starts_billing(cast, today - timedelta(days=40))
    make_assignment(make_subscriber(cast.acme), "webex_suite", start=ago(2))
    assert close_partner(partner=cast.north, until=today - timedelta(days=1)).days == 40


def test_it_moves_until_it_is_reached(trial: Cast, today: date) -> None:
    close_partner(partner=trial.north, until=today - timedelta(days=4))
    assert next_day(trial.north) == today - timedelta(days=3)
    starts_billing(trial, today + timedelta(days=30))
    starts_billing(trial, today - timedelta(days=3))


@pytest.mark.parametrize("days", [-2, 2, -30, 30])
def test_it_stays_once_its_day_is_closed(trial: Cast, today: date, days: int) -> None:
    close_partner(partner=trial.north, until=today - timedelta(days=1))
    with pytest.raises(IntegrityError, match="cannot move"), transaction.atomic():
        starts_billing(trial, today + timedelta(days=days))


def test_it_does_not_move_over_closed_days(trial: Cast, today: date) -> None:
    close_partner(partner=trial.north, until=today - timedelta(days=4))
    with pytest.raises(IntegrityError, match="cannot move"), transaction.atomic():
        starts_billing(trial, today - timedelta(days=4))
