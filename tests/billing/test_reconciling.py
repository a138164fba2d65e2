"""The vendor's file beside our report: what agrees, what differs and why, and what is no such file."""

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from billing import files
from billing.models import BillingReport, Difference, Reconciliation
from billing.services.reconciling import create_reconciliation, reconcile
from billing.services.reports import delete_report
from billing.tasks import sweep_reports
from tenancy.errors import Forbidden
from tenancy.models import AuditEvent
from tests.cast import Cast
from tests.factories import make_customer

pytestmark = pytest.mark.django_db
Made = Callable[..., BillingReport]
SignIn = Callable[[str], Client]
Lines = list[dict[str, str]]


@pytest.fixture
def report(used: Cast, made: Made) -> BillingReport:
    return made(used, "USER")


def lines_of(report: BillingReport) -> Lines:
    """Our own file as the vendor would send it: what is changed in it is the difference."""
    return list(csv.DictReader(files.report_path(report).read_text().splitlines()))


def compare(report: BillingReport, lines: Lines | bytes, cast: Cast, name: str = "vendor.csv") -> Reconciliation:
    content = lines if isinstance(lines, bytes) else as_csv(lines)
    file = io.BytesIO(content)
    row = create_reconciliation(report=report, file=file, file_name=name, by=cast.actor("partner_full"))
    reconcile(reconciliation_id=row.public_id)
    row.refresh_from_db()
    return row


def as_csv(lines: Lines) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(lines[0]))
    writer.writeheader()
    writer.writerows(lines)
    return text.getvalue().encode()


def differences(row: Reconciliation) -> list[tuple[str, str, str, str]]:
    found = Difference.objects.filter(reconciliation=row).order_by("position")
    return [(d.customer_label, d.service, d.cause, d.explanation) for d in found]


def of(lines: Lines, service: str) -> dict[str, str]:
    return next(line for line in lines if line["SERVICE_NAME"] == service)


@pytest.mark.parametrize("level", ["PARTNER", "CUSTOMER", "USER"])
def test_the_same_file_agrees_at_every_level(used: Cast, made: Made, level: str) -> None:
    report = made(used, level)
    row = compare(report, lines_of(report), used)
    assert (row.status, row.differing, row.agreeing) == ("COMPLETED", 0, report.row_count)
    assert (row.our_quantity, row.our_lines) == (row.vendor_quantity, row.vendor_lines)


def test_rounding_is_no_difference_but_more_than_rounding_is(report: BillingReport, used: Cast) -> None:
    lines = lines_of(report)
    suite = of(lines, "WEBEX_SUITE")
    assert suite["QUANTITY"] == "2.500000"
    suite["QUANTITY"] = "2.5"
    assert compare(report, lines, used).differing == 0
    suite["QUANTITY"] = "2.55"
    row = compare(report, lines, used)
    assert differences(row) == [
        ("Acme Dental", "WEBEX_SUITE", "quantity", "The vendor counts 0.05 days more, over the same days.")
    ]


def test_ids_may_be_bare_and_columns_may_be_fewer(report: BillingReport, used: Cast) -> None:
    lines = lines_of(report)
    kept = ("SERVICE_NAME", "QUANTITY", "CUSTOMER_EXTERNAL_ID", "SUBSCRIBER_ID", "WORKSPACE_ID")
    fewer = [{name: line[name] for name in kept} for line in lines]
    assert compare(report, fewer, used).differing == 0


def test_an_organization_that_became_a_customer_again_is_counted_once(report: BillingReport, used: Cast) -> None:
    org_id = used.acme.org_id
    make_customer(used.north, "Acme before", org_id=org_id, deleted_at=timezone.now())
    row = compare(report, lines_of(report), used)
    assert (row.differing, row.our_quantity, row.agreeing) == (0, row.vendor_quantity, report.row_count)
    lines = [line | {"QUANTITY": "9"} if line["SERVICE_NAME"] == "WEBEX_SUITE" else line for line in lines_of(report)]
    assert [found[0] for found in differences(compare(report, lines, used))] == ["Acme Dental"]


class TestCauses:
    """Each cause from the change that makes it."""

    def one(self, report: BillingReport, lines: Lines, cast: Cast) -> list[tuple[str, str]]:
        return [(cause, sentence) for _, _, cause, sentence in differences(compare(report, lines, cast))]

    def test_a_line_is_missing(self, report: BillingReport, used: Cast) -> None:
        lines = [line for line in lines_of(report) if line["SERVICE_NAME"] != "COMMON_AREA_CALLING"]
        assert self.one(report, lines, used) == [("not_billed", "The vendor's file has no line for it.")]

    def test_a_customer_that_is_none_of_ours(self, report: BillingReport, used: Cast) -> None:
        lines = lines_of(report)
        lines.append(lines[0] | {"CUSTOMER_ORG_ID": str(used.south_customer.org_id), "CUSTOMER_EXTERNAL_ID": "X"})
        sentence = "None of your customers has this organization or external ID."
        assert self.one(report, lines, used) == [("unknown_customer", sentence)]

    def test_a_user_that_is_none_of_the_customers(self, report: BillingReport, used: Cast) -> None:
        lines = lines_of(report)
        lines.append(of(lines, "WEBEX_SUITE") | {"SUBSCRIBER_ID": str(used.acme.public_id), "USER_ID": ""})
        sentence = "This customer has no user or workspace with these ids."
        assert self.one(report, lines, used) == [("unknown_subject", sentence)]

    def test_a_package_he_did_not_have(self, report: BillingReport, used: Cast) -> None:
        lines = lines_of(report)
        lines.append(of(lines, "WEBEX_SUITE") | {"SERVICE_NAME": "WEBEX_MEETINGS"})
        sentence = "WEBEX_MEETINGS was not assigned here in this period."
        assert self.one(report, lines, used) == [("not_assigned", sentence)]

    def test_another_package(self, report: BillingReport, used: Cast) -> None:
        lines = lines_of(report)
        of(lines, "WEBEX_SUITE")["SERVICE_NAME"] = "WEBEX_MEETINGS"
        assert self.one(report, lines, used) == [
            ("other_package", "The vendor bills WEBEX_MEETINGS; here it was WEBEX_SUITE."),
            ("other_package", "Here it was WEBEX_SUITE; the vendor bills WEBEX_MEETINGS."),
        ]

    def test_twice(self, report: BillingReport, used: Cast) -> None:
        lines = lines_of(report)
        lines.append(dict(of(lines, "WEBEX_SUITE")))
        assert self.one(report, lines, used) == [("twice", "The vendor has 2 lines for it, we have 1.")]

    def test_another_last_day(self, report: BillingReport, used: Cast) -> None:
        lines = lines_of(report)
        suite = of(lines, "WEBEX_SUITE")
        suite["QUANTITY"], suite["CONSUMPTION_END_DATE"] = "3.5", f"{report.end_on:%F}"
        [(cause, sentence)] = self.one(report, lines, used)
        assert (cause, sentence.startswith(f"The vendor counts until {report.end_on:%-d %b %Y}, we until ")) == (
            "other_end",
            True,
        )

    def test_whole_days(self, report: BillingReport, used: Cast) -> None:
        lines = lines_of(report)
        of(lines, "WEBEX_SUITE")["QUANTITY"] = "3"
        sentence = "The vendor counts whole days; here parts of a day count by the second."
        assert self.one(report, lines, used) == [("whole_days", sentence)]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "Line 1: the columns of a reconciliation report are missing (SERVICE_NAME, QUANTITY, ...)."),
        (b"name,amount\nx,1\n", "Line 1: the columns of a reconciliation report are missing"),
        (
            b"SERVICE_NAME,QUANTITY\nWEBEX_SUITE,1\n",
            "This is a file of type PARTNER; the report it is compared with is",
        ),
        (b"\xff\xfe\x00garbage", "Line 0: this is no CSV file in UTF-8."),
        (
            b"SERVICE_NAME,QUANTITY,CUSTOMER_ORG_ID,USER_ID\nWEBEX_SUITE,many,a,b\n",
            "Line 2: 'many' is no quantity.",
        ),
        (b"SERVICE_NAME,QUANTITY,CUSTOMER_ORG_ID,USER_ID\nWEBEX_SUITE,NaN,a,b\n", "Line 2: 'NaN' is no quantity."),
        (b"SERVICE_NAME,QUANTITY,CUSTOMER_ORG_ID,USER_ID\nA\x00B,1,a,b\n", "Line 2: "),
    ],
)
def test_what_is_no_such_file_says_where_and_why(
    report: BillingReport, used: Cast, content: bytes, reason: str
) -> None:
    row = compare(report, content, used)
    assert (row.status, row.error[: len(reason)]) == ("FAILED", reason)
    assert not Difference.objects.exists()


def test_a_second_bell_and_the_sweeper_do_it_once(report: BillingReport, used: Cast) -> None:
    row = compare(report, lines_of(report)[:1], used)
    reconcile(reconciliation_id=row.public_id)
    sweep_reports()
    row.refresh_from_db()
    assert (row.attempts, row.differences.count()) == (1, row.differing)


def test_a_killed_worker_is_followed_by_another(report: BillingReport, used: Cast) -> None:
    content = io.BytesIO(as_csv(lines_of(report)))
    row = create_reconciliation(report=report, file=content, file_name="v.csv", by=used.actor("partner_full"))
    Reconciliation.objects.filter(pk=row.pk).update(attempts=2)
    reconcile(reconciliation_id=row.public_id)
    row.refresh_from_db()
    assert (row.status, row.attempts) == ("COMPLETED", 3)


def test_it_dies_with_its_report(report: BillingReport, used: Cast, django_capture_on_commit_callbacks: Any) -> None:
    row = compare(report, lines_of(report), used)
    path = files.vendor_path(row)
    assert path.exists()
    with django_capture_on_commit_callbacks(execute=True):
        delete_report(report=report, by=used.actor("partner_full"))
    assert (Reconciliation.objects.exists(), path.exists()) == (False, False)


@pytest.mark.parametrize(
    "who", ["partner_readonly", "partner_admin", "helpdesk", "other_partner_full", "customer_full"]
)
def test_who_may_not_make_reports_uploads_nothing(report: BillingReport, used: Cast, who: str) -> None:
    with pytest.raises(Forbidden):
        create_reconciliation(report=report, file=io.BytesIO(b"x"), file_name="v.csv", by=used.actor(who))
    assert (Reconciliation.objects.count(), list(files.report_path(report).parent.glob("*.vendor"))) == (0, [])


# -- Pages ---------------------------------------------------------------------------------------------------------------
def url(name: str, report: BillingReport, *args: object) -> str:
    return reverse(f"billing:{name}", args=[report.partner.public_id, report.public_id, *args])


def test_upload_compare_look_export_delete(
    report: BillingReport, used: Cast, sign_in: SignIn, django_capture_on_commit_callbacks: Any
) -> None:
    client = sign_in("partner_full")
    lines = lines_of(report)
    of(lines, "WEBEX_SUITE")["QUANTITY"] = "3"
    upload = SimpleUploadedFile("november <vendor>.csv", as_csv(lines), content_type="text/csv")
    response = client.post(url("report-reconcile", report), {"file": upload})
    row = Reconciliation.objects.get()
    assert (response.status_code, response.headers["Location"]) == (302, url("reconciliation", report, row.public_id))
    assert "being compared" in client.get(response.headers["Location"]).content.decode()
    reconcile(reconciliation_id=row.public_id)
    page = client.get(response.headers["Location"]).content.decode()
    assert "Whole days instead of parts" in page
    assert "<vendor>" not in page
    export = client.get(url("reconciliation-export", report, row.public_id))
    assert b"".join(export.streaming_content).decode().count("Acme Dental") == 1
    other = client.get(url("reconciliation", report, row.public_id) + "?cause=twice").content.decode()
    assert "No difference has this cause." in other
    with django_capture_on_commit_callbacks(execute=True):
        assert client.post(url("reconciliation-delete", report, row.public_id)).status_code == 302
    assert (Reconciliation.objects.count(), files.vendor_path(row).exists()) == (0, False)
    assert list(AuditEvent.objects.order_by("-pk").values_list("action", flat=True)[:2]) == [
        "billing_reconciliation.deleted",
        "billing_reconciliation.created",
    ]


def test_no_file_is_said_beside_the_field(report: BillingReport, sign_in: SignIn) -> None:
    response = sign_in("partner_full").post(url("report-reconcile", report), {})
    assert (response.status_code, "Choose a file." in response.content.decode()) == (422, True)


def test_readers_look_and_strangers_find_nothing(report: BillingReport, used: Cast, sign_in: SignIn) -> None:
    row = compare(report, lines_of(report), used)
    pages = [url("report-reconcile", report), url("reconciliation", report, row.public_id)]
    upload = {"file": SimpleUploadedFile("v.csv", b"x")}
    seen = {
        who: ([sign_in(who).get(page).status_code for page in pages], sign_in(who).post(pages[0], upload).status_code)
        for who in ("partner_readonly", "partner_admin", "other_partner_full")
    }
    assert seen == {
        "partner_readonly": ([200, 200], 403),
        "partner_admin": ([403, 403], 403),
        "other_partner_full": ([404, 404], 404),
    }
    assert Reconciliation.objects.count() == 1


@pytest.mark.parametrize("count", [1, 2])
def test_the_number_of_queries_does_not_grow(
    report: BillingReport,
    used: Cast,
    sign_in: SignIn,
    django_assert_num_queries: DjangoAssertNumQueries,
    count: int,
) -> None:
    row = compare(report, lines_of(report)[:-count], used)
    assert row.differing == count
    client = sign_in("partner_full")
    with django_assert_num_queries(12):
        client.get(url("reconciliation", report, row.public_id))
