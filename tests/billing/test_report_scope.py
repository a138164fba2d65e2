"""A report about the partner itself, one sub-partner, or all of them: whose lines, and what has to be closed for it."""

from collections.abc import Callable
from datetime import date, datetime, timedelta

import pytest

from billing.errors import NotASubPartner, ReportExists
from billing.models import BillingReport, DayClose, UsageDay
from billing.services.making import make_report
from billing.services.reports import create_report
from tenancy.opaque_ids import opaque_id
from tests.billing.test_files import rows
from tests.cast import Cast
from tests.factories import make_assignment, make_partner, make_subscriber

pytestmark = pytest.mark.django_db
Made = Callable[..., BillingReport]


@pytest.mark.parametrize("kind", ["PARTNER", "CUSTOMER", "USER"])
def test_all_is_own_and_every_sub_partner_line_by_line(kind: str, used: Cast, made: Made) -> None:
    make_partner("Aaa Reseller", parent=used.north)  # has used nothing
    everybody = made(used, kind, with_sub_partners=True)
    own, branch = made(used, kind), made(used, kind, sub_partner=used.branch)
    assert rows(everybody) == rows(own) + rows(branch)
    assert everybody.total_seconds == own.total_seconds + branch.total_seconds == 864_027 + 5 * 86_400


def test_each_line_names_whose_it_is(used: Cast, made: Made) -> None:
    used.branch.subscription_id = "Sub777"
    used.branch.save(update_fields=["subscription_id"])
    found = rows(made(used, "PARTNER", with_sub_partners=True))
    names = ("PARTNER_NAME", "PARTNER_ORG_ID", "SUBSCRIPTION_ID")
    north = ("Northwind Voice", opaque_id("ORGANIZATION", used.north.public_id), used.north.subscription_id)
    branch = ("Branch Reseller", opaque_id("ORGANIZATION", used.branch.public_id), "Sub777")
    assert [tuple(row[name] for name in names) for row in found] == [north, north, north, branch]


def test_each_is_billed_from_its_own_start(used: Cast, made: Made, today: date) -> None:
    used.branch.billing_start_on = today - timedelta(days=2)
    used.branch.save(update_fields=["billing_start_on"])
    assert made(used, "USER", with_sub_partners=True).total_seconds == 864_027 + 2 * 86_400


def test_days_of_everybody_are_closed_for_it(used: Cast, made: Made, today: date) -> None:
    assert made(used, "USER", with_sub_partners=True).status == "COMPLETED"
    closed = DayClose.objects.filter(day=today - timedelta(days=1)).values_list("partner", flat=True)
    assert set(closed) == {used.north.pk, used.branch.pk}


def test_one_that_is_parked_stops_it_and_is_named(used: Cast, made: Made, today: date) -> None:
    UsageDay.objects.create(
        partner=used.branch,
        customer=used.branch_customer,
        package="webex_suite",
        day=today - timedelta(days=20),
        open_count=3,
        shift=0,
    )
    report = made(used, "USER", with_sub_partners=True)
    assert (report.status, report.error_code) == ("FAILED", "usage_on_hold")
    assert report.error.startswith("Usage of Branch Reseller is under review since")
    assert made(used, "USER").status == "COMPLETED"


def test_a_completed_one_stands_only_in_its_own_way(used: Cast, made: Made) -> None:
    scopes = [{}, {"sub_partner": used.branch}, {"with_sub_partners": True}]
    made_once = [made(used, "USER", **scope) for scope in scopes]
    assert {report.status for report in made_once} == {"COMPLETED"}
    for scope in scopes:
        with pytest.raises(ReportExists):
            made(used, "USER", **scope)
    assert made(used, "USER", category="POINT_IN_TIME").status == "COMPLETED"


def test_one_provider_and_all_of_them_is_nonsense(used: Cast, made: Made) -> None:
    with pytest.raises(NotASubPartner):
        made(used, "USER", sub_partner=used.branch, with_sub_partners=True)
    assert not BillingReport.objects.exists()


def test_a_sub_partner_reports_about_itself(used: Cast, today: date) -> None:
    days = {"start_on": today - timedelta(days=5), "end_on": today - timedelta(days=1)}
    by = used.actor("subpartner_full")
    report = create_report(partner=used.branch, kind="USER", with_sub_partners=True, by=by, **days)
    make_report(report_id=report.public_id, until=today - timedelta(days=1))
    assert {row["PARTNER_NAME"] for row in rows(report)} == {"Branch Reseller"}


def test_strangers_use_is_never_in_it(used: Cast, made: Made, ago: Callable[..., datetime]) -> None:
    make_assignment(make_subscriber(used.south_customer), "webex_voice", start=ago(3))
    services = {row["SERVICE_NAME"] for row in rows(made(used, "USER", with_sub_partners=True))}
    assert services == {"COMMON_AREA_CALLING", "WEBEX_CALLING", "WEBEX_SUITE"}
