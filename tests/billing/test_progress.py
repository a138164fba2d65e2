"""How far a file is: counted line by line, told through the cache, and gone without harm."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from redis.exceptions import ConnectionError as RedisGone

from billing import progress
from billing.models import BillingReport
from billing.progress import Counter, Progress, progress_of
from billing.services.making import make_report
from tests.cast import Cast
from tests.factories import make_report as make_report_row

pytestmark = pytest.mark.django_db
SignIn = Callable[[str], Client]


def test_every_line_is_counted(used: Cast, made: Callable[..., BillingReport], monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Any] = []
    monkeypatch.setattr(progress, "EVERY_SECONDS", 0)
    monkeypatch.setattr(cache, "set", lambda key, value, timeout: told.append(value))
    report = made(used, "USER")
    assert told == [[done, 3] for done in range(4)]
    assert report.status == "COMPLETED"


def test_a_line_soon_after_another_costs_nothing(cast: Cast) -> None:
    report = make_report_row(cast.north)
    counter = Counter(report.public_id, 100)
    for done in range(50):
        counter.reached(done)
    assert progress_of(report.public_id) == Progress(0, 100)


def test_the_card_shows_it_and_the_list_polls(sign_in: SignIn, cast: Cast) -> None:
    report = make_report_row(cast.north, attempts=1)
    client = sign_in("partner_full")
    page = reverse("billing:report-detail", args=[cast.north.public_id, report.public_id])
    assert "Usage is being added up" in client.get(page).content.decode()
    Counter(report.public_id, 1_000_000).reached(120_000)
    card = client.get(page, headers={"HX-Request": "true", "HX-Target": "report"}).content.decode()
    assert "120,000 of 1,000,000 lines written" in card
    assert '<progress max="1000000" value="120000"' in card
    assert 'hx-trigger="every 2s"' in card


def test_without_a_cache_the_file_is_made_and_the_page_shown(
    sign_in: SignIn, used: Cast, today: date, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*args: Any, **kwargs: Any) -> None:
        raise RedisGone

    client = sign_in("partner_full")
    days = {"start_on": today - timedelta(days=2), "end_on": today - timedelta(days=1)}
    report = make_report_row(used.north, **days)
    monkeypatch.setattr(cache, "set", gone)
    monkeypatch.setattr(cache, "get", gone)
    assert progress_of(report.public_id) is None
    make_report(report_id=report.public_id, until=today - timedelta(days=1))
    report.refresh_from_db()
    assert report.status == "COMPLETED"
    page = client.get(reverse("billing:report-detail", args=[used.north.public_id, report.public_id]))
    assert page.status_code == 200
