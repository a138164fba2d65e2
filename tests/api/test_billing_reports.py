"""/wholesale/billing/reports: ordering, listing, getting, deleting, and the link that opens the file."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from api.report_links import LIFETIME_SECONDS
from billing.models import BillingReport
from billing.queries import clock
from billing.services.making import make_report
from tenancy.models import ApiToken, AuditEvent, RoleAssignment
from tenancy.opaque_ids import opaque_id
from tenancy.tokens import Scope
from tests.api.conftest import ApiClient
from tests.cast import Cast
from tests.factories import make_assignment, make_subscriber
from tests.factories import make_report as report_row

pytestmark = pytest.mark.django_db
Api = Callable[..., ApiClient]
JANUARY = {"start_on": date(2026, 1, 1), "end_on": date(2026, 1, 31)}
NOW, LONG_AGO = timezone.now(), datetime(2020, 1, 1, tzinfo=UTC)
PATH = "/wholesale/billing/reports"


@pytest.fixture(autouse=True)
def _files(settings: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.REPORTS_DIR = tmp_path / "reports"
    monkeypatch.setattr(clock, "SETTLING_SECONDS", 0)


def fetched(url: str) -> tuple[int, bytes]:
    response = Client().get(url)
    return response.status_code, b"".join(response)


def report_id(report: BillingReport) -> str:
    return opaque_id("BILLING_REPORT", report.public_id)


def org_id(partner: Any) -> str:
    return opaque_id("ORGANIZATION", partner.public_id)


def asked(**more: Any) -> dict[str, Any]:
    today = clock.today()
    return {"billingStartDate": f"{today - timedelta(3)}", "billingEndDate": f"{today - timedelta(1)}"} | more


@pytest.fixture
def done(cast: Cast) -> BillingReport:
    """A completed report of north's that partner_full has ordered."""
    today = clock.today()
    cast.north.billing_start_on = today - timedelta(days=5)
    cast.north.save(update_fields=["billing_start_on"])
    make_assignment(
        make_subscriber(cast.acme), "webex_suite", start=timezone.now().replace(microsecond=0) - timedelta(days=4)
    )
    report = report_row(
        cast.north,
        type="USER",
        start_on=today - timedelta(days=3),
        end_on=today - timedelta(days=1),
        created_by=cast.admins["partner_full"],
    )
    make_report(report_id=report.public_id, until=today - timedelta(days=1))
    report.refresh_from_db()
    return report


class TestCreate:
    """POST answers at once; a worker makes the file."""

    def test_says_what_was_ordered(self, cast: Cast, api: Api) -> None:
        response = api("partner_full").post(PATH, asked())
        report = BillingReport.objects.get()
        assert (response.status_code, response.json()) == (
            200,
            {"id": report_id(report), **asked(), "type": "PARTNER", "category": "RECONCILIATION"},
        )
        facts = (report.partner, report.sub_partner, report.with_sub_partners, report.created_by, report.status)
        assert facts == (cast.north, None, False, cast.admins["partner_full"], "IN_PROGRESS")
        event = AuditEvent.objects.get(action="billing_report.create")
        assert (event.door, event.actor_email) == ("api", cast.admins["partner_full"].email)

    def test_about_one_sub_partner_at_any_level_and_category(self, cast: Cast, api: Api) -> None:
        body = asked(type="USER", category="POINT_IN_TIME", subPartnerOrgId=org_id(cast.branch), internal=True)
        said = api("partner_full").post(PATH, body).json()
        report = BillingReport.objects.get()
        assert (report.partner, report.sub_partner, report.type) == (cast.north, cast.branch, "USER")
        assert (said["category"], said["internal"]) == ("POINT_IN_TIME", True)

    @pytest.mark.parametrize(
        ("body", "status", "code", "message"),
        [
            ({}, 400, 1001, "billingStartDate: a value is required."),
            ({"billingEndDate": "2026-1-1"}, 400, 80002, "billingEndDate: use YYYY-MM-DD."),
            ({"billingEndDate": "2026-02-30"}, 400, 80002, "billingEndDate: use YYYY-MM-DD."),
            ({"billingEndDate": 20260101}, 400, 80002, "billingEndDate: use YYYY-MM-DD."),
            ({"type": "EVERYTHING"}, 400, 80002, "type: use one of PARTNER, CUSTOMER, USER."),
            ({"startDate": "2026-01-01"}, 400, 80001, "startDate: this field is not known."),
            ({"subPartnerOrgId": "nonsense"}, 404, 80404, "The requested sub-partner could not be found."),
        ],
    )  # fmt: skip
    def test_a_bad_order_is_told(
        self, cast: Cast, api: Api, body: dict[str, Any], status: int, code: int, message: str
    ) -> None:
        response = api("partner_full").post(PATH, asked(**body) if body else {})
        first = response.json()["errors"][0]
        assert (response.status_code, first["code"], first["description"]) == (status, code, message)
        assert not BillingReport.objects.exists()

    def test_today_is_never_in_a_report_and_five_years_are_the_end(self, cast: Cast, api: Api) -> None:
        today = clock.today()
        for period in (
            {"billingEndDate": f"{today}"},
            {"billingStartDate": f"{today - timedelta(days=5 * 366)}"},
            {"billingStartDate": f"{today - timedelta(days=1)}", "billingEndDate": f"{today - timedelta(days=2)}"},
        ):
            response = api("partner_full").post(PATH, asked(**period))
            assert (response.status_code, response.json()["errors"][0]["code"]) == (400, 81083), period
        assert not BillingReport.objects.exists()

    def test_a_completed_one_must_be_deleted_first(self, done: BillingReport, api: Api) -> None:
        client = api("partner_full")
        again = asked(type="USER")
        conflict = client.post(PATH, again)
        assert (conflict.status_code, conflict.json()["errors"][0]["code"]) == (409, 81089)
        assert client.delete(f"{PATH}/{report_id(done)}").status_code == 204
        assert client.post(PATH, again).status_code == 200
        assert client.post(PATH, again).status_code == 200  # one in progress does not stand in the way

    @pytest.mark.parametrize("who", ["partner_readonly", "partner_admin", "helpdesk", "customer_full"])
    def test_only_for_who_may_write(self, cast: Cast, api: Api, who: str) -> None:
        assert api(who).post(PATH, asked()).status_code == 403
        assert not BillingReport.objects.exists()

    def test_read_scope_does_not_write(self, done: BillingReport, api: Api) -> None:
        client = api("partner_full", scopes=[Scope.REPORTS_READ])
        assert client.post(PATH, asked()).json()["errors"][0]["code"] == 80003
        assert client.delete(f"{PATH}/{report_id(done)}").status_code == 403
        assert BillingReport.objects.count() == 1


class TestList:
    """Exact filters, four orders, pages by Link."""

    @pytest.fixture
    def reports(self, cast: Cast) -> dict[str, BillingReport]:
        day = date(2026, 1, 2)
        return {
            "late": report_row(cast.north, type="USER", start_on=date(2026, 2, 1), end_on=date(2026, 2, 2)),
            "plain": report_row(cast.north, type="USER", **JANUARY),
            "inside": report_row(cast.north, type="USER", start_on=day, end_on=day),
            "partner": report_row(cast.north, type="PARTNER", **JANUARY),
            "failed": report_row(cast.north, type="USER", status="FAILED", error_code="gave_up", **JANUARY),
            "branch": report_row(cast.north, type="USER", sub_partner=cast.branch, **JANUARY),
            "everybody": report_row(cast.north, type="USER", with_sub_partners=True, **JANUARY),
            "theirs": report_row(cast.branch, type="USER", **JANUARY),
            "strangers": report_row(cast.south, type="USER", **JANUARY),
        }

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("", ["plain", "partner", "failed", "inside", "late"]),
            ("?billingStartDate=2026-01-01&billingEndDate=2026-01-31", ["plain", "partner", "failed"]),
            ("?billingStartDate=2026-01-03", []),
            ("?type=PARTNER", ["partner"]),
            ("?status=FAILED", ["failed"]),
            ("?status=IN_PROGRESS&type=USER&billingEndDate=2026-01-31", ["plain"]),
            ("?sortBy=billingEndDate", ["inside", "plain", "partner", "failed", "late"]),
            ("?sortBy=status&type=USER&max=1", ["failed"]),
        ],
    )
    def test_filters_match_exactly(
        self, api: Api, reports: dict[str, BillingReport], query: str, found: list[str]
    ) -> None:
        names = {report_id(report): name for name, report in reports.items()}
        items = api("partner_readonly").get(PATH + query).json()["items"]
        assert [names[item["id"]] for item in items] == found

    def test_of_a_sub_partner(self, cast: Cast, api: Api, reports: dict[str, BillingReport]) -> None:
        items = api("partner_full").get(f"{PATH}?subPartnerOrgId={org_id(cast.branch)}").json()["items"]
        assert [item["id"] for item in items] == [report_id(reports["branch"])]
        assert [item["id"] for item in api("subpartner_full").get(PATH).json()["items"]] == [
            report_id(reports["theirs"])
        ]
        assert api("other_partner_full").get(f"{PATH}?subPartnerOrgId={org_id(cast.branch)}").status_code == 404

    def test_an_item_has_the_words_of_the_specification(self, api: Api, reports: dict[str, BillingReport]) -> None:
        assert api("partner_full").get(f"{PATH}?type=PARTNER").json() == {
            "items": [
                {
                    "id": report_id(reports["partner"]),
                    "billingStartDate": "2026-01-01",
                    "billingEndDate": "2026-01-31",
                    "status": "IN_PROGRESS",
                    "type": "PARTNER",
                    "category": "RECONCILIATION",
                }
            ]
        }

    @pytest.mark.parametrize("sort", ["id", "billingStartDate", "billingEndDate", "status"])
    def test_following_links_sees_each_once(self, api: Api, reports: dict[str, BillingReport], sort: str) -> None:
        client, path, seen = api("partner_full"), f"{PATH}?max=2&sortBy={sort}", []
        while path:
            response = client.get(path)
            seen += [item["id"] for item in response.json()["items"]]
            links = response.headers.get("Link", "").split(", ")
            path = next((link.split("/v1")[1].split(">")[0] for link in links if 'rel="next"' in link), "")
        assert (len(seen), len(set(seen))) == (5, 5)

    @pytest.mark.parametrize(
        "query", ["max=0", "max=101", "sortBy=created", "type=ALL", "status=x", "billingStartDate=1"]
    )
    def test_what_is_no_filter_is_told(self, api: Api, query: str) -> None:
        assert api("partner_full").get(f"{PATH}?{query}").status_code == 400

    @pytest.mark.parametrize("who", ["partner_admin", "helpdesk", "customer_full"])
    def test_who_sees_no_money_sees_no_reports(self, api: Api, who: str) -> None:
        assert api(who).get(PATH).status_code == 403


class TestGet:
    """One report, and why there is none."""

    def test_a_completed_report(self, cast: Cast, done: BillingReport, api: Api) -> None:
        said = api("partner_readonly").get(f"{PATH}/{report_id(done)}").json()
        url = said.pop("tempDownloadURL")
        assert said == {
            "id": report_id(done),
            "billingStartDate": f"{done.start_on}",
            "billingEndDate": f"{done.end_on}",
            "type": "USER",
            "category": "RECONCILIATION",
            "created": done.created_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "createdBy": opaque_id("PEOPLE", cast.admins["partner_full"].public_id),
            "status": "COMPLETED",
        }
        assert url.startswith("http")

    def test_a_failed_report_says_why(self, cast: Cast, api: Api) -> None:
        failed = report_row(cast.north, status="FAILED", error_code="usage_on_hold", error="Under review.")
        said = api("partner_full").get(f"{PATH}/{report_id(failed)}").json()
        assert said["errors"] == [{"code": 81148, "description": "Under review."}]
        assert "tempDownloadURL" not in said

    @pytest.mark.parametrize("who", ["other_partner_full", "subpartner_full"])
    def test_a_strangers_report_is_not_found(self, done: BillingReport, api: Api, who: str) -> None:
        client, path = api(who), f"{PATH}/{report_id(done)}"
        for response in (client.get(path), client.delete(path), client.get(f"{PATH}/nonsense")):
            assert response.status_code == 404
            assert response.json()["errors"] == [{"code": 2024, "description": "Billing Report not found."}]
        assert BillingReport.objects.filter(pk=done.pk).exists()


class TestDownload:
    """`tempDownloadURL` works without a token, for a while."""

    @pytest.fixture
    def url(self, done: BillingReport, api: Api) -> str:
        link = api("partner_readonly").get(f"{PATH}/{report_id(done)}").json()["tempDownloadURL"]
        return "/v1" + link.split("/v1")[1]

    def test_anybody_who_has_it_gets_the_file(self, url: str, done: BillingReport) -> None:
        response = Client().get(url)
        content = b"".join(response.streaming_content)
        assert (response.status_code, len(content), response["Cache-Control"]) == (200, done.size, "no-store")
        assert content.startswith(b"PARTNER_NAME,PARTNER_ORG_ID,")
        assert response["Content-Disposition"] == f'attachment; filename="{done.file_stem}.csv"'

    def test_its_time_is_over_after_fifteen_minutes(self, url: str) -> None:
        with time_machine.travel(timezone.now() + timedelta(seconds=LIFETIME_SECONDS - 5), tick=False):
            assert fetched(url)[0] == 200
        with time_machine.travel(timezone.now() + timedelta(seconds=LIFETIME_SECONDS + 5), tick=False):
            response = Client().get(url)
        assert (response.status_code, response.json()["errors"][0]["code"]) == (410, 80410)

    def test_it_dies_with_the_report(self, url: str, done: BillingReport, api: Api) -> None:
        api("partner_full").delete(f"{PATH}/{report_id(done)}")
        assert Client().get(url).status_code == 404

    def test_it_dies_with_the_right(self, url: str, cast: Cast) -> None:
        RoleAssignment.objects.filter(admin=cast.admins["partner_readonly"]).update(role="helpdesk_basic")
        assert Client().get(url).status_code == 404

    @pytest.mark.parametrize(
        "change", [{"revoked_at": NOW}, {"scopes": []}, {"created_at": LONG_AGO, "expires_at": NOW}]
    )
    def test_it_dies_with_the_token(self, url: str, cast: Cast, change: dict[str, Any]) -> None:
        ApiToken.objects.filter(admin=cast.admins["partner_readonly"]).update(**change)
        assert Client().get(url).status_code == 404

    def test_nobody_makes_one_up(self, url: str) -> None:
        assert Client().get(url[:-3] + "abc").status_code == 404
        assert Client(enforce_csrf_checks=True).post(url).status_code == 405
