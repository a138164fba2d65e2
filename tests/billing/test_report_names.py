"""SKU and description of report lines: the price book's, day by day, and a total that is the same however often they change."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

import pytest

from billing.models import BillingReport
from billing.queries.corrections import Span
from billing.services.adjusting import correct_usage
from controlhub.models import PackageAssignment
from tests.billing.test_files import rows
from tests.cast import Cast
from tests.factories import make_price

pytestmark = pytest.mark.django_db
Made = Callable[..., BillingReport]
Ago = Callable[..., datetime]
COLUMNS = ("SERVICE_NAME", "SKU", "DESCRIPTION", "CONSUMPTION_START_DATE", "CONSUMPTION_END_DATE", "QUANTITY")


def said(report: BillingReport, service: str) -> list[tuple[str, ...]]:
    return [tuple(row[name] for name in COLUMNS) for row in rows(report) if row["SERVICE_NAME"] == service]


@pytest.mark.parametrize("kind", ["PARTNER", "CUSTOMER", "USER"])
def test_a_line_has_the_sku_of_its_days(kind: str, used: Cast, made: Made, ago: Ago) -> None:
    middle = ago(4).date()
    make_price(used.north, "webex_calling", start=ago(20).date(), valid_until=middle, sku="OLD-1", description="Old")
    make_price(used.north, "webex_calling", start=middle, sku="NEW-1", description="New")
    make_price(used.south, "webex_calling", start=ago(20).date(), sku="SOUTH-1", description="Not ours")
    report = made(used, kind)
    assert said(report, "WEBEX_CALLING") == [
        ("WEBEX_CALLING", "OLD-1", "Old", f"{ago(8):%F}", f"{ago(5):%F}", "3.500000"),
        ("WEBEX_CALLING", "NEW-1", "New", f"{middle}", f"{report.end_on}", "4.000000"),
    ]
    assert [line[1] for line in said(report, "WEBEX_SUITE")] == ["DEMO-WHS-SUITE"]
    assert report.total_seconds == 864_027


def test_another_price_alone_cuts_nothing(used: Cast, made: Made, ago: Ago) -> None:
    names = {"sku": "ONE", "description": "One"}
    make_price(used.north, "webex_calling", "10", start=ago(20).date(), valid_until=ago(4).date(), **names)
    make_price(used.north, "webex_calling", "12", start=ago(4).date(), **names)
    assert [line[1] for line in said(made(used, "USER"), "WEBEX_CALLING")] == ["ONE"]


def test_names_outlive_their_price_and_begin_with_it(used: Cast, made: Made, ago: Ago) -> None:
    make_price(
        used.north, "webex_calling", start=ago(6).date(), valid_until=ago(5).date(), sku="ONCE", description="Once"
    )
    found = said(made(used, "USER"), "WEBEX_CALLING")
    assert [(line[1], line[5]) for line in found] == [("DEMO-WHS-CALLING", "1.500000"), ("ONCE", "6.000000")]


def test_an_adjustment_has_the_names_of_the_day_it_is_about(used: Cast, made: Made, ago: Ago) -> None:
    make_price(used.north, "webex_suite", start=ago(8).date(), sku="NEW", description="=New")
    suite = PackageAssignment.objects.get(customer=used.acme, package="webex_suite")
    truth = Span(suite.started_at, ago(9, 18))
    correct_usage(assignment=suite, truth=truth, reason="Wrong", by=used.actor("partner_full"), at=ago(3, 12))
    lines = [(*line[1:4], line[5]) for line in said(made(used, "CUSTOMER"), "WEBEX_SUITE")]
    assert lines == [
        ("DEMO-WHS-SUITE", "Wholesale Webex Suite", f"{ago(10):%F}", "2.000000"),
        ("NEW", "'=New", f"{ago(8):%F}", "0.500000"),  # what somebody typed is no formula
        ("DEMO-WHS-SUITE", "Adjustment: Wholesale Webex Suite", f"{ago(9):%F}", "-0.250000"),
        ("NEW", "Adjustment: =New", f"{ago(8):%F}", "-0.500000"),
    ]


def test_a_point_in_time_has_the_names_of_that_day(used: Cast, made: Made, ago: Ago) -> None:
    make_price(used.north, "webex_calling", start=ago(20).date(), valid_until=ago(0).date(), sku="OLD")
    make_price(used.north, "webex_calling", start=ago(0).date(), sku="NOW")
    report = made(used, "CUSTOMER", category="POINT_IN_TIME")
    assert [line[1] for line in said(report, "WEBEX_CALLING")] == ["NOW"]


def test_however_often_names_change_the_levels_agree(used: Cast, made: Made, ago: Ago) -> None:
    for day in range(9, 0, -1):
        until = {"valid_until": ago(day - 1).date()}
        for package in ("webex_calling", "webex_suite"):
            make_price(used.north, package, start=ago(day).date(), sku=f"{package}-{day}", **until)
    reports = {kind: made(used, kind) for kind in ("PARTNER", "CUSTOMER", "USER")}
    seconds = {
        kind: sum(round(Decimal(row["QUANTITY"]) * 86_400) for row in rows(report)) for kind, report in reports.items()
    }
    assert (
        seconds == dict.fromkeys(reports, 864_027) == {kind: report.total_seconds for kind, report in reports.items()}
    )
    assert {report.row_count for report in reports.values()} == {1 + 8 + 3}


@pytest.mark.parametrize("name", ["-2", "@x", "+1+1", "\t="])
def test_no_sku_is_a_formula(name: str, used: Cast, made: Made, ago: Ago) -> None:
    make_price(used.north, "webex_calling", start=ago(20).date(), sku=name)
    assert [line[1] for line in said(made(used, "USER", days=3), "WEBEX_CALLING")] == [f"'{name}"]
