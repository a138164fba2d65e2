"""The list of reports: exact filters, orders, pages, and its own export."""

import csv
import io
import uuid
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from billing.models import BillingReport
from billing.queries.reports import EXPORT_HEADER
from tenancy.opaque_ids import opaque_id
from tests.cast import Cast
from tests.factories import make_report

pytestmark = pytest.mark.django_db
SignIn = Callable[[str], Client]
JANUARY = {"start_on": date(2026, 1, 1), "end_on": date(2026, 1, 31)}


@pytest.fixture
def reports(cast: Cast) -> dict[str, BillingReport]:
    """One that differs from the first in each thing that can be filtered."""
    return {
        "plain": make_report(cast.north, type="USER", **JANUARY),
        "partner type": make_report(cast.north, type="PARTNER", **JANUARY),
        "inside": make_report(cast.north, type="USER", start_on=date(2026, 1, 2), end_on=date(2026, 1, 30)),
        "same start": make_report(cast.north, type="USER", start_on=date(2026, 1, 1), end_on=date(2026, 1, 30)),
        "allocation": make_report(cast.north, type="USER", category="POINT_IN_TIME", **JANUARY),
        "failed": make_report(cast.north, type="USER", status="FAILED", error_code="gave_up", **JANUARY),
        "branch": make_report(cast.north, type="USER", sub_partner=cast.branch, **JANUARY),
        "everybody": make_report(cast.north, type="USER", with_sub_partners=True, **JANUARY),
    }


@pytest.fixture
def get(sign_in: SignIn, cast: Cast) -> Callable[..., Any]:
    client = sign_in("partner_full")

    def do(name: str = "report-list", **query: Any) -> Any:
        return client.get(reverse(f"billing:{name}", args=[cast.north.public_id]), query)

    return do


def names(response: Any, reports: dict[str, BillingReport]) -> set[str]:
    shown = {report.pk for report in response.context["page"].items}
    return {name for name, report in reports.items() if report.pk in shown}


EVERY = {"plain", "partner type", "inside", "same start", "allocation", "failed", "branch", "everybody"}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, EVERY),
        ({"start_on": "2026-01-01"}, EVERY - {"inside"}),
        ({"end_on": "2026-01-30"}, {"inside", "same start"}),
        ({"start_on": "2026-01-01", "end_on": "2026-01-31"}, EVERY - {"inside", "same start"}),
        ({"start_on": "2026-01-05"}, set()),  # inside a period is not its start
        ({"type": "PARTNER"}, {"partner type"}),
        ({"category": "POINT_IN_TIME"}, {"allocation"}),
        ({"status": "FAILED"}, {"failed"}),
        ({"usage_of": "own"}, EVERY - {"branch", "everybody"}),
        ({"usage_of": "all"}, {"everybody"}),
        ({"type": "USER", "status": "IN_PROGRESS", "category": "RECONCILIATION", "usage_of": "own"},
         {"plain", "inside", "same start"}),
    ],
)  # fmt: skip
def test_filters_match_exactly(
    query: dict[str, str], found: set[str], get: Callable[..., Any], reports: dict[str, BillingReport]
) -> None:
    assert names(get(**query), reports) == found


def test_filters_by_indirect_provider(get: Callable[..., Any], reports: dict[str, BillingReport], cast: Cast) -> None:
    assert names(get(usage_of=cast.branch.public_id), reports) == {"branch"}


@pytest.mark.parametrize(
    "query",
    [{"start_on": "yesterday"}, {"type": "EVERYTHING"}, {"status": "x"}, {"usage_of": str(uuid.UUID(int=1))}],
)
def test_a_filter_that_is_none_is_told(
    query: dict[str, str], get: Callable[..., Any], reports: dict[str, BillingReport]
) -> None:
    response = get(**query)
    assert (response.status_code, response.context["page"].items) == (422, [])
    assert response.context["filter_form"].errors.keys() == query.keys()
    assert get("report-export", **query).status_code == 302


def test_nothing_found_is_not_nothing_there(get: Callable[..., Any], cast: Cast) -> None:
    assert "No reports found" in get(status="FAILED").content.decode()
    assert "No reports yet" in get(sort="id").content.decode()


KEYS: dict[str, Callable[[BillingReport], Any]] = {
    "created": lambda report: report.created_at,
    "start": lambda report: report.start_on,
    "end": lambda report: report.end_on,
    "status": lambda report: report.status,
    "id": lambda report: report.public_id,
}


@pytest.mark.parametrize("sort", ["", "created", "-start", "start", "-end", "end", "status", "id"])
def test_every_order_pages_through_each_report_once(
    sort: str, get: Callable[..., Any], cast: Cast, today: date
) -> None:
    BillingReport.objects.bulk_create(
        BillingReport(
            partner=cast.north,
            type="USER",
            start_on=today - timedelta(days=n % 7 + 9),
            end_on=today - timedelta(days=n % 5 + 1),
            status=("FAILED", "IN_PROGRESS")[n % 2],
        )
        for n in range(60)
    )
    first = get(sort=sort, type="USER")
    second = first.client.get(first.context["next_url"])
    back = first.client.get(second.context["previous_url"])
    seen = [report for page in (first, second) for report in page.context["page"].items]
    assert (len(first.context["page"].items), len(seen), len({report.pk for report in seen})) == (50, 60, 60)
    assert [report.pk for report in back.context["page"].items] == [report.pk for report in seen[:50]]
    assert "type=USER" in first.context["next_url"]
    key = KEYS[sort.removeprefix("-") or "created"]
    assert [key(report) for report in seen] == sorted(map(key, seen), reverse=sort.startswith("-") or not sort)


def test_the_export_holds_what_the_list_shows(
    get: Callable[..., Any], reports: dict[str, BillingReport], cast: Cast
) -> None:
    response = get("report-export", usage_of="all")
    header, *rows = csv.reader(io.StringIO(b"".join(response.streaming_content).decode()))
    report = reports["everybody"]
    assert header == list(EXPORT_HEADER)
    assert [row[:8] for row in rows] == [
        [
            opaque_id("BILLING_REPORT", report.public_id), "RECONCILIATION", "USER", "2026-01-01", "2026-01-31",
            "Northwind Voice and its indirect providers", "IN_PROGRESS", "",
        ]
    ]  # fmt: skip
    assert response["Cache-Control"] == "no-store"
