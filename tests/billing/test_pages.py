"""The billing pages: who sees what, what bad input gets, links that die, and a query budget."""

import re
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from billing import files, links
from billing.forms.reports import preset_period
from billing.models import BillingReport, ParkedPartner
from tenancy.models import RoleAssignment
from tests.cast import Cast

pytestmark = pytest.mark.django_db
SignIn = Callable[[str], Client]


@pytest.fixture
def report(used: Cast, made: Callable[..., BillingReport]) -> BillingReport:
    return made(used, "USER")


def url(name: str, cast: Cast, *args: object) -> str:
    return reverse(f"billing:{name}", args=[cast.north.public_id, *args])


def download_url(report: BillingReport, cast: Cast, who: str) -> str:
    return url("report-download", cast, report.public_id, links.sign(report, by=cast.actor(who)))


def text(response: object) -> str:
    return response.content.decode()  # type: ignore[attr-defined]


READERS = ["partner_full", "partner_plain", "partner_readonly"]
NOT_ALLOWED = ["partner_admin", "helpdesk"]
STRANGERS = ["other_partner_full", "customer_full", "subpartner_full"]


def every_page(cast: Cast, report: BillingReport) -> list[str]:
    own = report.public_id
    return [url("report-list", cast), url("usage-card", cast), url("report-detail", cast, own)]


@pytest.mark.parametrize("who", READERS)
def test_readers_read(who: str, sign_in: SignIn, report: BillingReport, used: Cast) -> None:
    client = sign_in(who)
    assert [client.get(page).status_code for page in every_page(used, report)] == [200, 200, 200]
    response = client.get(download_url(report, used, who))
    assert b"".join(response.streaming_content) == files.report_path(report).read_bytes()
    assert (response["Cache-Control"], response["Referrer-Policy"]) == ("no-store", "no-referrer")
    assert response["Content-Disposition"] == f'attachment; filename="{report.file_stem}.csv"'


@pytest.mark.parametrize(("who", "status"), [*((who, 403) for who in NOT_ALLOWED), *((who, 404) for who in STRANGERS)])
def test_others_do_not(who: str, status: int, sign_in: SignIn, report: BillingReport, used: Cast) -> None:
    client = sign_in(who)
    pages = [*every_page(used, report), url("report-create", used), download_url(report, used, who)]
    posts = [url("report-create", used), url("report-delete", used, report.public_id)]
    assert {client.get(page).status_code for page in pages} == {status}
    assert {client.post(page).status_code for page in posts} == {status}
    assert list(BillingReport.objects.all()) == [report]


def test_a_reader_can_neither_create_nor_delete(sign_in: SignIn, report: BillingReport, used: Cast) -> None:
    client = sign_in("partner_readonly")
    page = text(client.get(url("report-detail", used, report.public_id)))
    assert "Delete" not in page
    assert "Create report" not in text(client.get(url("report-list", used)))
    assert client.get(url("report-create", used)).status_code == 403
    assert client.post(url("report-create", used), {}).status_code == 403
    assert client.post(url("report-delete", used, report.public_id)).status_code == 403
    assert list(BillingReport.objects.all()) == [report]


def test_a_report_of_another_partner_is_not_found(sign_in: SignIn, report: BillingReport, used: Cast) -> None:
    elsewhere = reverse("billing:report-detail", args=[used.south.public_id, report.public_id])
    assert sign_in("other_partner_full").get(elsewhere).status_code == 404


def test_create_goes_to_the_new_report(sign_in: SignIn, cast: Cast, today: date) -> None:
    days = {"start_on": f"{today - timedelta(days=9):%F}", "end_on": f"{today - timedelta(days=1):%F}"}
    response = sign_in("partner_full").post(
        url("report-create", cast),
        {"category": "RECONCILIATION", "type": "USER", "usage_of": cast.branch.public_id, **days},
    )
    report = BillingReport.objects.get()
    assert (response.status_code, response["Location"]) == (302, url("report-detail", cast, report.public_id))
    assert (report.type, report.sub_partner, report.created_by) == ("USER", cast.branch, cast.admins["partner_full"])


@pytest.mark.parametrize(
    ("typed", "complaint"),
    [
        ({"end_on": "2999-01-01"}, "today is not over"),
        ({"start_on": "1999-01-01"}, "five years back"),
        ({"start_on": "31.12.2025"}, "Enter a valid date"),
        ({"start_on": ""}, "Enter a date"),
        ({"category": "EVERYTHING"}, "not one of the available choices"),
        ({"type": "EVERYTHING"}, "not one of the available choices"),
        ({"usage_of": "x' OR 1=1"}, "Choose one of your indirect providers"),
        ({"start_on": "0000-00-00"}, "Enter a valid date"),
        ({"start_on": "2025-01-01\x00"}, "Enter a valid date"),
        ({}, "A completed report for this period and type exists"),
    ],
)
def test_bad_input_is_told_and_kept(
    typed: dict[str, str], complaint: str, sign_in: SignIn, report: BillingReport, used: Cast
) -> None:
    good = {
        "category": "RECONCILIATION",
        "type": "USER",
        "usage_of": "own",
        "start_on": f"{report.start_on:%F}",
        "end_on": f"{report.end_on:%F}",
    }
    response = sign_in("partner_full").post(url("report-create", used), good | typed)
    page = text(response)
    assert (response.status_code, complaint in page) == (422, True)
    assert f'value="{(good | typed)["end_on"]}"' in page
    assert list(BillingReport.objects.all()) == [report]


def test_a_point_in_time_needs_no_days(sign_in: SignIn, cast: Cast, today: date) -> None:
    client = sign_in("partner_full")
    headers = {"HX-Request": "true", "HX-Target": "report-form"}
    form = text(client.get(url("report-create", cast), {"category": "POINT_IN_TIME", "start_on": "x"}, headers=headers))
    assert ('name="start_on"' in form, "the moment at which it is made" in form) == (False, True)
    data = {"category": "POINT_IN_TIME", "type": "USER", "usage_of": "all", "start_on": "1999-01-01"}
    response = client.post(url("report-create", cast), data)
    report = BillingReport.objects.get()
    assert response.status_code == 302
    assert (report.category, report.with_sub_partners, report.sub_partner) == ("POINT_IN_TIME", True, None)
    assert (report.start_on, report.end_on) == (today, today)


def test_somebody_elses_provider_cannot_be_chosen(sign_in: SignIn, cast: Cast, today: date) -> None:
    yesterday = f"{today - timedelta(days=1):%F}"
    data = {"category": "RECONCILIATION", "type": "USER", "start_on": yesterday, "end_on": yesterday}
    data |= {"usage_of": str(cast.south.public_id)}
    response = sign_in("partner_full").post(url("report-create", cast), data)
    assert (response.status_code, BillingReport.objects.count()) == (422, 0)
    assert "Southern" not in text(response)


def test_a_preset_fills_the_dates_and_keeps_the_type(sign_in: SignIn, cast: Cast, today: date) -> None:
    client = sign_in("partner_full")
    response = client.get(
        url("report-create", cast), {"preset": "last-month", "type": "PARTNER"}, headers={"HX-Request": "true"}
    )
    first, last = preset_period("last-month", today=today)
    page = text(response)
    assert "<html" not in page
    assert f'value="{first:%F}"' in page
    assert f'value="{last:%F}"' in page
    assert re.findall(r'value="(\w+)"[^>]* checked', page) == ["RECONCILIATION", "PARTNER"]


@pytest.mark.parametrize(
    ("today", "preset", "period"),
    [
        (date(2026, 3, 15), "last-month", (date(2026, 2, 1), date(2026, 2, 28))),
        (date(2024, 3, 1), "last-month", (date(2024, 2, 1), date(2024, 2, 29))),
        (date(2026, 3, 15), "this-month", (date(2026, 3, 1), date(2026, 3, 14))),
        (date(2026, 3, 1), "this-month", (date(2026, 2, 1), date(2026, 2, 28))),
        (date(2026, 1, 1), "last-month", (date(2025, 12, 1), date(2025, 12, 31))),
    ],
)
def test_presets(today: date, preset: str, period: tuple[date, date]) -> None:
    assert preset_period(preset, today=today) == period


def test_an_altered_link_is_not_found(sign_in: SignIn, report: BillingReport, used: Cast) -> None:
    client = sign_in("partner_full")
    signature = links.sign(report, by=used.actor("partner_full"))
    changed = [
        signature[:n] + ("A" if signature[n] != "A" else "B") + signature[n + 1 :] for n in range(len(signature))
    ]
    # The last character of each base64 part carries bits that are not used; no other byte may change.
    statuses = [client.get(url("report-download", used, report.public_id, bad)).status_code for bad in changed[::7]]
    assert set(statuses) == {404}


def test_a_link_works_for_its_person_and_report_only(
    sign_in: SignIn, report: BillingReport, used: Cast, made: Callable[..., BillingReport]
) -> None:
    other = made(used, "PARTNER")
    assert sign_in("partner_readonly").get(download_url(report, used, "partner_full")).status_code == 404
    crossed = url("report-download", used, other.public_id, links.sign(report, by=used.actor("partner_full")))
    assert sign_in("partner_full").get(crossed).status_code == 404


def test_a_link_dies_after_a_quarter_of_an_hour(sign_in: SignIn, report: BillingReport, used: Cast) -> None:
    client = sign_in("partner_full")
    with time_machine.travel(timezone.now() - timedelta(minutes=15, seconds=2), tick=False):
        link = download_url(report, used, "partner_full")
    response = client.get(link, follow=True)
    assert response.redirect_chain == [(url("report-detail", used, report.public_id), 302)]
    assert "more than 15 minutes old" in text(response)


def test_a_link_dies_with_the_report(sign_in: SignIn, report: BillingReport, used: Cast) -> None:
    client = sign_in("partner_full")
    link = download_url(report, used, "partner_full")
    response = client.post(url("report-delete", used, report.public_id), follow=True)
    assert "no longer work" in text(response)
    assert client.get(link).status_code == 404


def test_a_link_dies_with_the_right(sign_in: SignIn, report: BillingReport, used: Cast) -> None:
    client = sign_in("partner_full")
    link = download_url(report, used, "partner_full")
    RoleAssignment.objects.filter(admin=used.admins["partner_full"]).update(role="helpdesk_basic")
    assert client.get(link).status_code == 403


def test_a_missing_file_is_told_not_a_crash(sign_in: SignIn, report: BillingReport, used: Cast) -> None:
    Path(files.report_path(report)).unlink()
    response = sign_in("partner_full").get(download_url(report, used, "partner_full"), follow=True)
    assert "The file is missing" in text(response)


def test_an_unfinished_report_has_no_file_and_asks_for_itself(
    sign_in: SignIn, report: BillingReport, used: Cast
) -> None:
    BillingReport.objects.update(status="IN_PROGRESS")
    client = sign_in("partner_full")
    detail = url("report-detail", used, report.public_id)
    assert 'hx-trigger="every 2s"' in text(client.get(detail))
    row = text(client.get(detail, headers={"HX-Request": "true", "HX-Target": f"report-{report.public_id}"}))
    assert row.strip().startswith("<tr")
    assert 'hx-trigger="every 2s"' in row
    assert client.get(download_url(report, used, "partner_full")).status_code == 404


def test_a_finished_row_stops_asking(sign_in: SignIn, report: BillingReport, used: Cast) -> None:
    client = sign_in("partner_full")
    headers = {"HX-Request": "true", "HX-Target": f"report-{report.public_id}"}
    assert "hx-trigger" not in text(client.get(url("report-detail", used, report.public_id), headers=headers))
    headers["HX-Target"] = "report"
    assert "hx-trigger" not in text(client.get(url("report-detail", used, report.public_id), headers=headers))


def test_an_empty_list_says_what_to_do(sign_in: SignIn, cast: Cast) -> None:
    assert "Create the first report" in text(sign_in("partner_full").get(url("report-list", cast)))
    assert "Create the first report" not in text(sign_in("partner_readonly").get(url("report-list", cast)))


@pytest.mark.parametrize("rows", [1, 3])
def test_the_list_asks_as_often_for_three_rows_as_for_one(
    rows: int, sign_in: SignIn, cast: Cast, today: date, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for n in range(rows):
        BillingReport.objects.create(
            partner=cast.north,
            sub_partner=cast.branch,
            created_by=cast.admins["partner_full"],
            type="USER",
            start_on=today - timedelta(days=n + 1),
            end_on=today,
        )
    client = sign_in("partner_full")
    with django_assert_num_queries(11):
        client.get(url("report-list", cast))


def test_the_card_shows_the_month_so_far(sign_in: SignIn, report: BillingReport, used: Cast, today: date) -> None:
    page = text(sign_in("partner_full").get(url("usage-card", used), headers={"HX-Request": "true"}))
    assert "<html" not in page
    assert f"Days used in {today - timedelta(days=1):%B}" in page
    assert "Webex Calling" in page
    assert f"{today - timedelta(days=1):%Y} (UTC)" in page


def test_the_card_before_the_first_night(sign_in: SignIn, cast: Cast) -> None:
    assert "The first day closes after midnight" in text(sign_in("partner_full").get(url("usage-card", cast)))


def test_who_is_parked_is_said_on_every_billing_page(sign_in: SignIn, used: Cast, today: date) -> None:
    for partner in (used.branch, used.south):
        ParkedPartner.objects.create(partner=partner, day=today, reason="the ledger says 7 seconds")
    client = sign_in("partner_full")
    for name in ("report-list", "usage-card", "correction-list"):
        page = text(client.get(url(name, used)))
        assert "Usage of Branch Reseller is under review since" in page
        assert "Southern" not in page
        assert "7 seconds" not in page
    assert client.get("/readyz").json()["parked_partners"] == 2
