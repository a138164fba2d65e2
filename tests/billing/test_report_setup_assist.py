"""Setup Assist on reports: a line of its own, counted once, the same at every level, on the day on which it was ordered."""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest

from billing import files
from billing.models import BillingReport
from billing.queries import setup_assist
from billing.queries.setup_assist import SetupAssistUse, setup_assist_of
from billing.services import counting
from billing.services.reconciling import create_reconciliation, reconcile
from controlhub.models import SetupAssistOrder
from tests.billing.test_files import rows
from tests.cast import Cast
from tests.factories import make_location, make_price, make_setup_order

pytestmark = pytest.mark.django_db
Made = Callable[..., BillingReport]
Ago = Callable[..., datetime]
LEVELS = ("PARTNER", "CUSTOMER", "USER")
COLUMNS = ("SERVICE_NAME", "SKU", "DESCRIPTION", "CONSUMPTION_START_DATE", "CONSUMPTION_END_DATE", "QUANTITY")
EXPRESS = ("SETUP_ASSIST_EXPRESS", "DEMO-WHS-SA-EXP", "Wholesale Setup Assist Express Usage")
STANDARD = ("SETUP_ASSIST_STANDARD", "DEMO-WHS-SA-STD", "Wholesale Setup Assist Standard Usage")


@pytest.fixture
def ordered(used: Cast, ago: Ago) -> dict[str, SetupAssistOrder]:
    """Express for two locations, Standard for nine users; one cancelled, one too old, and others' own."""
    site = used.acme.locations.get()
    done = {"status": "completed", "completed_at": ago(0)}
    return {
        "first": make_setup_order(site, seats=5, ordered_at=ago(6, 23, 3599), **done),
        "second": make_setup_order(make_location(used.open_acme), seats=1, ordered_at=ago(4)),
        "standard": make_setup_order(make_location(used.acme, "Branch"), seats=9, ordered_at=ago(3, 12)),
        "cancelled": make_setup_order(site, ordered_at=ago(2), status="cancelled", cancelled_at=ago(2, 1)),
        "old": make_setup_order(site, ordered_at=ago(11), **done),
        "of the branch": make_setup_order(make_location(used.branch_customer), ordered_at=ago(2)),
        "of a stranger": make_setup_order(make_location(used.south_customer), ordered_at=ago(2)),
    }


def said(report: BillingReport) -> list[tuple[str, ...]]:
    found = [row for row in rows(report) if row["SERVICE_NAME"].startswith("SETUP_ASSIST")]
    return [tuple(row[name] for name in COLUMNS) for row in found]


def test_the_partner_has_one_line_for_each_service(ordered: dict[str, Any], used: Cast, made: Made, ago: Ago) -> None:
    assert said(made(used, "PARTNER")) == [
        (*EXPRESS, f"{ago(6):%F}", f"{ago(4):%F}", "2.000000"),
        (*STANDARD, f"{ago(3):%F}", f"{ago(3):%F}", "9.000000"),
    ]


@pytest.mark.parametrize("kind", ["CUSTOMER", "USER"])
def test_the_others_say_for_which_location(
    kind: str, ordered: dict[str, SetupAssistOrder], used: Cast, made: Made
) -> None:
    report = made(used, kind)
    found = {row["LOCATION_ID"]: row for row in rows(report) if row["SERVICE_NAME"].startswith("SETUP_ASSIST")}
    expected = {name: ordered[name] for name in ("first", "second", "standard")}
    assert len(found) == len(expected) == len(said(report))
    for row in found.values():
        assert {row.get(name, "") for name in ("SUBSCRIBER_ID", "USER_ID", "WORKSPACE_ID", "LICENSE_ID")} == {""}
        assert row["CUSTOMER_EXTERNAL_ID"] in {used.acme.external_id, used.open_acme.external_id}


def test_every_level_comes_to_the_same(ordered: dict[str, Any], used: Cast, made: Made) -> None:
    reports = [made(used, kind) for kind in LEVELS]
    units = [sum(Decimal(line[-1]) for line in said(report)) for report in reports]
    assert units == [report.total_units for report in reports] == [11] * 3
    assert [report.total_seconds for report in reports] == [864_027] * 3


def test_everybody_together(ordered: dict[str, Any], used: Cast, made: Made) -> None:
    report = made(used, "USER", with_sub_partners=True)
    assert (
        report.total_units == made(used, "USER").total_units + made(used, "USER", sub_partner=used.branch).total_units
    )


def test_a_point_in_time_has_none(ordered: dict[str, Any], used: Cast, made: Made) -> None:
    assert said(made(used, "USER", category="POINT_IN_TIME")) == []


def test_nothing_before_the_billing_start(ordered: dict[str, Any], used: Cast, made: Made, ago: Ago) -> None:
    used.north.billing_start_on = ago(3).date()
    used.north.save(update_fields=["billing_start_on"])
    assert [line[0] for line in said(made(used, "USER"))] == ["SETUP_ASSIST_STANDARD"]


def test_the_price_book_names_it_by_the_day(ordered: dict[str, Any], used: Cast, made: Made, ago: Ago) -> None:
    item = "setup_assist_express"
    make_price(used.north, item, start=ago(9).date(), valid_until=ago(5).date(), sku="SA-OLD", description="Old")
    make_price(used.north, item, start=ago(5).date(), sku="SA-NEW", description="New")
    assert [line[1:] for line in said(made(used, "PARTNER"))][:2] == [
        ("SA-OLD", "Old", f"{ago(6):%F}", f"{ago(6):%F}", "1.000000"),
        ("SA-NEW", "New", f"{ago(4):%F}", f"{ago(4):%F}", "1.000000"),
    ]


def test_an_order_that_is_missed_stops_the_report(
    ordered: dict[str, Any], used: Cast, made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "setup_assist_of", lambda *args, **kwargs: [])
    report = made(used, "CUSTOMER")
    assert (report.status, report.error_code) == ("FAILED", "does_not_reconcile")
    assert "the report says 2 units, the ledger 0" in report.error


@pytest.mark.parametrize("kind", LEVELS)
def test_a_file_with_it_agrees_with_itself(kind: str, ordered: dict[str, Any], used: Cast, made: Made) -> None:
    report = made(used, kind)
    with files.report_path(report).open("rb") as file:
        row = create_reconciliation(report=report, file=file, file_name="v.csv", by=used.actor("partner_full"))
    reconcile(reconciliation_id=row.public_id)
    row.refresh_from_db()
    assert (row.status, row.differences.count()) == ("COMPLETED", 0)


def test_what_the_vendor_leaves_out_or_counts_otherwise_is_told(
    ordered: dict[str, Any], used: Cast, made: Made
) -> None:
    report = made(used, "CUSTOMER")
    text = files.report_path(report).read_text().replace("9.000000", "12.000000")
    kept = [line for line in text.splitlines() if "SETUP_ASSIST_EXPRESS" not in line]
    file = BytesIO("\n".join(kept).encode())
    row = create_reconciliation(report=report, file=file, file_name="v.csv", by=used.actor("partner_full"))
    reconcile(reconciliation_id=row.public_id)
    found = row.differences.order_by("position").values_list("customer_label", "service", "cause", "explanation")
    assert list(found) == [
        ("Acme Dental", "SETUP_ASSIST_EXPRESS", "not_billed", "The vendor's file has no line for it."),
        ("Acme Dental", "SETUP_ASSIST_STANDARD", "quantity", "The vendor counts 3 units more, over the same days."),
        ("Open Acme", "SETUP_ASSIST_EXPRESS", "not_billed", "The vendor's file has no line for it."),
    ]


class TestQuery:
    """What invoices call."""

    def test_says_each_order_once(self, ordered: dict[str, SetupAssistOrder], used: Cast, ago: Ago) -> None:
        found = list(setup_assist_of([used.north, used.branch], first=ago(6).date(), after=ago(2).date()))
        assert found == [
            SetupAssistUse(
                ordered["first"].pk, used.north.pk, setup_assist.EXPRESS, 1, ago(6).date(), "Acme Dental", "Headquarters"
            ),
            SetupAssistUse(
                ordered["second"].pk, used.north.pk, setup_assist.EXPRESS, 1, ago(4).date(), "Open Acme", "Headquarters"
            ),
            SetupAssistUse(
                ordered["standard"].pk, used.north.pk, setup_assist.STANDARD, 9, ago(3).date(), "Acme Dental", "Branch"
            ),
        ]  # fmt: skip

    def test_days_are_utc_days(self, used: Cast, ago: Ago) -> None:
        site = used.acme.locations.get()
        make_setup_order(site, ordered_at=ago(5, 23, 3599))
        day: date = ago(5).date()
        assert len(list(setup_assist_of([used.north], first=day, after=ago(4).date()))) == 1
        assert not list(setup_assist_of([used.north], first=ago(4).date(), after=ago(3).date()))
