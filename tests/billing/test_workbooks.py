"""XLSX, the second format: the cells of the CSV, text as text, made once by a worker, behind the same signed link."""

import hashlib
import tracemalloc
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from zipfile import ZipFile

import pytest
from django.test import Client
from django.urls import reverse
from python_calamine import CalamineWorkbook

from billing import files, links, tasks
from billing.bell import workbook_bell
from billing.errors import ReportNotReady
from billing.models import BillingReport, ReportWorkbook
from billing.queries.reports import unfinished_workbooks
from billing.services import workbooks
from billing.services.reports import delete_report
from billing.services.workbooks import make_workbook, order_workbook, write_xlsx
from tenancy.errors import Forbidden
from tests.billing.test_files import lines
from tests.cast import Cast
from tests.factories import make_report

pytestmark = pytest.mark.django_db
Made = Callable[..., BillingReport]
SignIn = Callable[[str], Client]


@pytest.fixture
def report(used: Cast, made: Made) -> BillingReport:
    return made(used, "USER")


@pytest.fixture
def workbook(used: Cast, report: BillingReport) -> ReportWorkbook:
    order_workbook(report=report, by=used.actor("partner_readonly"))
    make_workbook(report_id=report.public_id)
    return ReportWorkbook.objects.get(report=report)


def sheets(path: Path) -> dict[str, list[list[object]]]:
    book = CalamineWorkbook.from_path(str(path))
    return {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}


def test_it_has_the_cells_of_the_csv_with_dates_and_numbers(workbook: ReportWorkbook) -> None:
    header, *body = lines(workbook.report)
    quantity, days = (
        header.index("QUANTITY"),
        (header.index("CONSUMPTION_START_DATE"), header.index("CONSUMPTION_END_DATE")),
    )
    for line in body:
        line[quantity] = float(line[quantity])  # type: ignore[call-overload]
        for column in days:
            line[column] = date.fromisoformat(line[column])  # type: ignore[call-overload]
    assert sheets(files.workbook_path(workbook.report)) == {"Report 1": [header, *body]}


def test_it_keeps_its_own_hash_and_size(workbook: ReportWorkbook) -> None:
    content = files.workbook_path(workbook.report).read_bytes()
    assert (workbook.status, workbook.attempts, workbook.size) == ("COMPLETED", 1, len(content))
    assert workbook.sha256 == hashlib.sha256(content).hexdigest()
    folder = files.report_path(workbook.report).parent
    assert sorted(path.suffix for path in folder.iterdir()) == [".csv", ".xlsx"]


@pytest.mark.parametrize("typed", ["=cmd|' /C calc'!A0", "@SUM(A1)", "-2", "http://phish.example.com", "{=1}"])
def test_no_cell_is_a_formula_or_a_link(typed: str, tmp_path: Path) -> None:
    source, target = tmp_path / "report.csv", tmp_path / "report.xlsx"
    source.write_text(f'CUSTOMER_EXTERNAL_ID,QUANTITY\n"{typed}",-1.500000\n')
    write_xlsx(source, target, scratch=tmp_path)
    assert sheets(target) == {"Report 1": [["CUSTOMER_EXTERNAL_ID", "QUANTITY"], [typed, -1.5]]}
    sheet = ZipFile(target).read("xl/worksheets/sheet1.xml")
    assert b'<c r="A2" t="inlineStr">' in sheet
    assert [mark for mark in (b"<f", b"<hyperlink") if mark in sheet] == []


def test_what_does_not_fit_goes_on_in_the_next_sheet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbooks, "MOST_ROWS", 3)
    source, target = tmp_path / "report.csv", tmp_path / "report.xlsx"
    source.write_text("SKU\n" + "".join(f"S{n}\n" for n in range(5)))
    write_xlsx(source, target, scratch=tmp_path)
    assert sheets(target) == {
        "Report 1": [["SKU"], ["S0"], ["S1"]],
        "Report 2": [["SKU"], ["S2"], ["S3"]],
        "Report 3": [["SKU"], ["S4"]],
    }


def test_memory_does_not_grow_with_the_lines(tmp_path: Path) -> None:
    def peak(count: int) -> int:
        source = tmp_path / f"{count}.csv"
        source.write_text("SKU,QUANTITY\n" + "".join(f"SKU-{n},1.500000\n" for n in range(count)))
        tracemalloc.start()
        write_xlsx(source, tmp_path / f"{count}.xlsx", scratch=tmp_path)
        highest = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return highest

    assert peak(3000) < 1.3 * peak(300)


def test_only_a_completed_report_has_one_and_only_for_who_may_read(used: Cast, report: BillingReport) -> None:
    with pytest.raises(ReportNotReady):
        order_workbook(report=make_report(used.north), by=used.actor("partner_full"))
    for who in ("partner_admin", "helpdesk", "other_partner_full"):
        with pytest.raises(Forbidden):
            order_workbook(report=report, by=used.actor(who))
    assert not ReportWorkbook.objects.exists()


def test_asking_and_making_twice_is_once(used: Cast, workbook: ReportWorkbook) -> None:
    made_at = files.workbook_path(workbook.report).stat().st_mtime_ns
    order_workbook(report=workbook.report, by=used.actor("partner_full"))
    make_workbook(report_id=workbook.report.public_id)
    assert files.workbook_path(workbook.report).stat().st_mtime_ns == made_at
    assert ReportWorkbook.objects.get().attempts == 1


def test_a_lost_message_is_rung_again(
    used: Cast, report: BillingReport, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Callable
) -> None:
    rung: list[str] = []
    monkeypatch.setattr(workbook_bell, "ring", rung.extend)
    with django_capture_on_commit_callbacks(execute=True):
        order_workbook(report=report, by=used.actor("partner_full"))
    assert (rung, list(unfinished_workbooks())) == ([str(report.public_id)], [])
    ReportWorkbook.objects.update(asked_at=report.created_at - timedelta(minutes=1))
    tasks.sweep_reports()
    assert rung == [str(report.public_id)] * 2
    tasks.make_workbook(report_id=rung[0])
    assert ReportWorkbook.objects.get().status == "COMPLETED"


def test_what_kills_its_worker_is_given_up_and_can_be_tried_again(
    used: Cast, report: BillingReport, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*args: object, **kwargs: object) -> None:
        raise KeyboardInterrupt

    order_workbook(report=report, by=used.actor("partner_full"))
    with monkeypatch.context() as patch:
        patch.setattr(workbooks, "write_xlsx", killed)
        for _ in range(workbooks.MAX_ATTEMPTS):
            with pytest.raises(KeyboardInterrupt):
                make_workbook(report_id=report.public_id)
    make_workbook(report_id=report.public_id)
    assert ReportWorkbook.objects.values_list("status", "error").get() == ("FAILED", "It was tried 3 times.")
    order_workbook(report=report, by=used.actor("partner_full"))
    make_workbook(report_id=report.public_id)
    assert ReportWorkbook.objects.values_list("status", "error").get() == ("COMPLETED", "")


def test_a_missing_csv_is_told(used: Cast, report: BillingReport) -> None:
    order_workbook(report=report, by=used.actor("partner_full"))
    files.report_path(report).unlink()
    make_workbook(report_id=report.public_id)
    workbook = ReportWorkbook.objects.get()
    assert (workbook.status, workbook.error.split(".")[0]) == ("FAILED", "The report's file is missing on the server")


class TestPages:
    """The card of a report, and the link."""

    def test_asking_and_downloading(self, sign_in: SignIn, used: Cast, report: BillingReport) -> None:
        client = sign_in("partner_readonly")
        page = reverse("billing:report-detail", args=[used.north.public_id, report.public_id])
        assert "Make XLSX" in client.get(page).content.decode()
        asked = client.post(reverse("billing:report-workbook", args=[used.north.public_id, report.public_id]))
        assert (asked.status_code, asked["Location"]) == (302, page)
        waiting = client.get(page).content.decode()
        assert "The XLSX file is being made" in waiting
        assert 'hx-trigger="every 2s"' in waiting
        make_workbook(report_id=report.public_id)
        done = client.get(page)
        assert 'hx-trigger="every 2s"' not in done.content.decode()
        response = client.get(done.context["workbook_url"])
        assert b"".join(response.streaming_content) == files.workbook_path(report).read_bytes()
        headers = (response["Content-Type"], response["Cache-Control"], response["Content-Disposition"])
        assert headers == (
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            "no-store",
            f'attachment; filename="{report.file_stem}.xlsx"',
        )

    def test_a_failure_is_shown_with_a_way_on(self, sign_in: SignIn, used: Cast, report: BillingReport) -> None:
        ReportWorkbook.objects.create(report=report, status="FAILED", error="No space.")
        page = reverse("billing:report-detail", args=[used.north.public_id, report.public_id])
        shown = sign_in("partner_full").get(page).content.decode()
        assert "<strong>The XLSX file could not be made.</strong> No space." in shown
        assert "Try XLSX again" in shown

    def test_the_link_dies_with_the_report(self, sign_in: SignIn, used: Cast, workbook: ReportWorkbook) -> None:
        client, report = sign_in("partner_full"), workbook.report
        signature = links.sign(report, by=used.actor("partner_full"))
        url = reverse("billing:report-workbook-download", args=[used.north.public_id, report.public_id, signature])
        assert b"".join(client.get(url).streaming_content).startswith(b"PK")
        delete_report(report=report, by=used.actor("partner_full"))
        assert client.get(url).status_code == 404

    def test_before_it_is_there_the_link_goes_to_the_report(
        self, sign_in: SignIn, used: Cast, report: BillingReport
    ) -> None:
        signature = links.sign(report, by=used.actor("partner_full"))
        url = reverse("billing:report-workbook-download", args=[used.north.public_id, report.public_id, signature])
        assert sign_in("partner_full").get(url).status_code == 302


def test_it_is_deleted_with_its_report(
    used: Cast, workbook: ReportWorkbook, django_capture_on_commit_callbacks: Callable
) -> None:
    folder = files.report_path(workbook.report).parent
    with django_capture_on_commit_callbacks(execute=True):
        delete_report(report=workbook.report, by=used.actor("partner_full"))
    assert (list(folder.iterdir()), ReportWorkbook.objects.count()) == ([], 0)
