"""Billing overview, usage day by day, top customers, and why a quantity is what it is."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from billing.charts import HEIGHT, bar_chart
from billing.models import BillingReport, ParkedPartner
from billing.queries.trend import Period, top_customers, use_by_day, use_by_month
from billing.queries.usage import use_by_package
from billing.services.adjusting import Span, correct_usage
from billing.services.closing import close_partner
from controlhub.models import PackageAssignment
from tests.cast import Cast
from tests.factories import make_assignment, make_subscriber

pytestmark = pytest.mark.django_db
SignIn = Callable[[str], Client]
PAGES = ("overview", "usage-history", "top-customers")


@pytest.fixture
def closed(used: Cast, today: date) -> Cast:
    """Ten days of use, closed until yesterday."""
    for partner in (used.north, used.branch, used.south):
        close_partner(partner=partner, until=today - timedelta(days=1))
    return used


def url(name: str, cast: Cast, *args: object) -> str:
    return reverse(f"billing:{name}", args=[cast.north.public_id, *args])


def text(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return response.content.decode()


def test_months_and_days_add_up_to_the_ledger(closed: Cast, today: date) -> None:
    first, last = today - timedelta(days=12), today - timedelta(days=1)
    whole = {use.package: use.seconds for use in use_by_package(closed.north, first=first, last=last)}
    by_day = use_by_day(closed.north, first=first, last=last)
    assert [period.first for period in by_day] == [first + timedelta(days=n) for n in range(12)]
    by_month = use_by_month(closed.north, months=13, closed=last)
    for periods in (by_day, by_month):
        summed: dict[str, int] = {}
        for period in periods:
            for package, seconds in period.seconds.items():
                summed[package] = summed.get(package, 0) + seconds
        assert summed == whole
    assert len(by_month) == 13


def test_a_day_is_what_happened_on_it(closed: Cast, today: date) -> None:
    """The change of package at noon, eight days ago: half a day of each."""
    day = today - timedelta(days=8)
    [period] = use_by_day(closed.north, first=day, last=day)
    assert period == Period(day, day, {"webex_suite": 43_200, "webex_calling": 43_200})


def test_nothing_counts_before_the_billing_start_date(closed: Cast, today: date) -> None:
    closed.north.billing_start_on = today - timedelta(days=8)
    day = today - timedelta(days=9)
    [before] = use_by_day(closed.north, first=day, last=day)
    assert before.seconds == {}


def test_adjustments_count_in_the_month_in_which_they_were_made(closed: Cast, today: date) -> None:
    suite = PackageAssignment.objects.get(package="webex_suite", customer=closed.acme)
    assert suite.ended_at is not None
    truth = Span(suite.started_at, suite.ended_at - timedelta(hours=6))
    correct_usage(assignment=suite, truth=truth, reason="Left at six.", by=closed.actor("partner_full"))
    month = use_by_month(closed.north, months=1, closed=today.replace(day=1) + timedelta(days=0))[-1]
    assert month.adjusted == {"webex_suite": -21_600}


def test_the_customers_that_used_most_come_first(closed: Cast, today: date) -> None:
    make_assignment(make_subscriber(closed.open_acme), "webex_suite", start=datetime.now(UTC).replace(microsecond=0))
    rows = top_customers(closed.north, first=today - timedelta(days=12), last=today - timedelta(days=1))
    seconds = 2 * 86_400 + 43_200 + 7 * 86_400 + 43_200 + 27
    assert [(row.name, row.seconds) for row in rows] == [("Acme Dental", seconds)]


def test_bars_are_as_high_as_what_they_say() -> None:
    half, whole = (
        Period(date(2026, m, 1), date(2026, m, 2), {"webex_suite": s}) for m, s in ((1, 43_200), (2, 86_400))
    )
    chart = bar_chart([half, whole])
    heights = [[block.height for block in bar.blocks] for bar in chart.bars]
    assert (heights, chart.top) == ([[(HEIGHT - 4) // 2], [HEIGHT - 4]], Decimal(1))
    assert bar_chart([]).bars == []


def test_the_overview_tells_the_month_and_what_is_parked(closed: Cast, today: date, sign_in: SignIn) -> None:
    page = text(sign_in("partner_full"), url("overview", closed))
    assert "Days used by month" in page
    assert "stay open" not in page
    ParkedPartner.objects.create(partner=closed.north, day=today, reason="secret figures")
    page = text(sign_in("partner_full"), url("overview", closed))
    assert ("stay open" in page, "secret figures" in page) == (True, False)


def test_before_the_first_night_there_is_nothing_to_show(cast: Cast, sign_in: SignIn) -> None:
    assert "No usage yet" in text(sign_in("partner_full"), url("overview", cast))
    assert "No usage in these days" in text(sign_in("partner_full"), url("usage-history", cast))


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("first=2001-01-01&last=2001-02-01", "Usage is kept from"),
        ("first=tomorrow&last=2026-01-01", "Enter a valid date."),
        ("first={yesterday}&last={before}", "The last day is before the first day."),
    ],
)
def test_days_that_cannot_be_are_said_beside_the_field(
    closed: Cast, today: date, sign_in: SignIn, query: str, error: str
) -> None:
    days = {"yesterday": today - timedelta(days=1), "before": today - timedelta(days=2)}
    response = sign_in("partner_full").get(f"{url('usage-history', closed)}?{query.format(**days)}")
    assert (response.status_code, error in response.content.decode()) == (422, True)


class TestWhy:
    """The intervals behind a quantity are the quantity."""

    def why(self, cast: Cast, query: str = "") -> str:
        return url("why", cast, cast.acme.public_id) + query

    def test_it_adds_up_to_the_report(
        self, closed: Cast, today: date, made: Callable[..., BillingReport], sign_in: SignIn
    ) -> None:
        report = made(closed, "CUSTOMER")
        response = sign_in("partner_full").get(self.why(closed, f"?first={report.start_on}&last={report.end_on}"))
        sums = {row["name"]: row["seconds"] for row in response.context["sums"]}
        assert sums == {
            "Webex Suite": 2 * 86_400 + 43_200,
            "Webex Calling": 7 * 86_400 + 43_200,
            "Common Area Calling": 27,
        }
        assert sum(sums.values()) == report.total_seconds

    def test_one_user_one_package_one_day(self, closed: Cast, today: date, sign_in: SignIn) -> None:
        person = closed.acme.subscribers.get()
        day = today - timedelta(days=8)
        query = f"?first={day}&last={day}&subscriber={person.public_id}&package=webex_suite"
        response = sign_in("partner_full").get(self.why(closed, query))
        assert [(row["name"], row["seconds"]) for row in response.context["sums"]] == [("Webex Suite", 43_200)]
        assert [row.seconds for row in response.context["page"].items] == [43_200]

    def test_an_adjustment_is_shown_where_it_was_made(self, closed: Cast, today: date, sign_in: SignIn) -> None:
        suite = PackageAssignment.objects.get(package="webex_suite", customer=closed.acme)
        assert suite.ended_at is not None
        truth = Span(suite.started_at, suite.ended_at - timedelta(hours=6))
        correct_usage(assignment=suite, truth=truth, reason="Left at six.", by=closed.actor("partner_full"))
        response = sign_in("partner_full").get(self.why(closed, f"?first={today - timedelta(days=10)}&last={today}"))
        assert response.status_code == 422  # today is not over
        yesterday = today - timedelta(days=1)
        page = sign_in("partner_full").get(self.why(closed, f"?first={yesterday}&last={yesterday}"))
        assert page.context["adjustments"] == []

    def test_strangers_find_nothing_and_readers_correct_nothing(self, closed: Cast, sign_in: SignIn) -> None:
        assert sign_in("other_partner_full").get(self.why(closed)).status_code == 404
        assert sign_in("partner_admin").get(self.why(closed)).status_code == 403
        south = url("why", closed, closed.south_customer.public_id)
        assert sign_in("partner_full").get(south).status_code == 404
        assert "Correct<span" not in text(sign_in("partner_readonly"), self.why(closed))
        assert "Correct<span" in text(sign_in("partner_full"), self.why(closed))

    @pytest.mark.parametrize("query", ["?subscriber=nonsense", "?workspace=00000000-0000-4000-8000-000000000000"])
    def test_nobody_is_404(self, closed: Cast, sign_in: SignIn, query: str) -> None:
        assert sign_in("partner_full").get(self.why(closed, query)).status_code == 404


@pytest.mark.parametrize("name", PAGES)
def test_the_pages_ask_little(
    closed: Cast, sign_in: SignIn, name: str, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client = sign_in("partner_full")
    with django_assert_max_num_queries(12):
        client.get(url(name, closed))


@pytest.mark.parametrize(("who", "status"), [("partner_readonly", 200), ("helpdesk", 403), ("customer_full", 404)])
def test_who_sees_billing(closed: Cast, sign_in: SignIn, who: str, status: int) -> None:
    assert [sign_in(who).get(url(name, closed)).status_code for name in PAGES] == [status] * 3
