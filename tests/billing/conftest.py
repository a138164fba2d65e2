"""Fixtures of the billing tests: recent history, and reports made without a worker."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings

from billing.models import BillingReport
from billing.queries import clock
from billing.services.making import make_report
from billing.services.reports import create_report
from tests.cast import Cast
from tests.factories import make_assignment, make_location, make_subscriber, make_workspace


@pytest.fixture(autouse=True)
def reports_dir(settings: LazySettings, tmp_path: Path) -> Path:
    """Report files go to a folder of their own."""
    settings.REPORTS_DIR = tmp_path / "reports"
    return settings.REPORTS_DIR


@pytest.fixture(autouse=True)
def _settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Yesterday can be closed in the first minute of a day, too: no test depends on when it runs."""
    monkeypatch.setattr(clock, "SETTLING_SECONDS", 0)


@pytest.fixture
def today(db: None) -> date:
    return clock.today()


@pytest.fixture
def ago(today: date) -> Callable[..., datetime]:
    """`ago(3, 12)`: three days ago at noon UTC."""

    def at(days: int, hour: int = 0, second: int = 0) -> datetime:
        return datetime.combine(today - timedelta(days=days), time(hour), tzinfo=UTC) + timedelta(seconds=second)

    return at


@pytest.fixture
def used(cast: Cast, today: date, ago: Callable[..., datetime]) -> Cast:
    """The cast with ten days of use: a person who changed packages at noon, a hall phone, and use in a sub-partner."""
    for partner in (cast.north, cast.branch, cast.south):
        partner.billing_start_on = today - timedelta(days=12)
        partner.save(update_fields=["billing_start_on"])
    place = make_location(cast.acme)
    person = make_subscriber(cast.acme, location=place, person_id=cast.acme.public_id)
    make_assignment(person, "webex_suite", start=ago(10), end=ago(8, 12))
    make_assignment(person, "webex_calling", start=ago(8, 12))
    make_assignment(make_workspace(place, "Hall"), "common_area_calling", start=ago(9, 6), end=ago(9, 6, 27))
    make_assignment(make_subscriber(cast.branch_customer), "webex_suite", start=ago(5))
    make_assignment(make_subscriber(cast.south_customer), "webex_suite", start=ago(5))
    return cast


@pytest.fixture
def made(today: date) -> Callable[..., BillingReport]:
    """`made(cast, "USER", days=10)`: order a report of the days up to yesterday and make its file at once."""

    def make(cast: Cast, kind: str, *, days: int = 10, **fields: Any) -> BillingReport:
        report = create_report(
            partner=cast.north,
            kind=kind,
            start_on=today - timedelta(days=days),
            end_on=today - timedelta(days=1),
            by=cast.actor("partner_full"),
            **fields,
        )
        make_report(report_id=report.public_id, until=today - timedelta(days=1))
        report.refresh_from_db()
        return report

    return make
