"""Tasks that fetch, call one function, and are done. The clock is read here and passed on."""

import uuid
from typing import Any

from celery import shared_task

from billing.bell import reconciliation_bell, report_bell, workbook_bell
from billing.queries import clock
from billing.queries.reconciliations import unfinished_reconciliations
from billing.queries.reports import unfinished_reports, unfinished_workbooks
from billing.services import closing, invoicing, making, reconciling, workbooks


@shared_task(name="billing.close_missing_days")
def close_missing_days(**kwargs: Any) -> None:
    """Every quarter of an hour: close what is missing, whatever the number of nights."""
    for _ in closing.close_missing_days(until=clock.last_closable_day()):
        pass


@shared_task(name="billing.issue_missing_invoices")
def issue_missing_invoices(**kwargs: Any) -> None:
    """Every quarter of an hour: issue the months that are closed and have no invoice, whatever their number."""
    for _ in invoicing.issue_missing_invoices(until=clock.today()):
        pass


@shared_task(name="billing.make_report")
def make_report(*, report_id: str, **kwargs: Any) -> None:
    """Somebody rang: make this report, if it still has to be made."""
    making.make_report(report_id=uuid.UUID(report_id), until=clock.last_closable_day())


@shared_task(name="billing.make_workbook")
def make_workbook(*, report_id: str, **kwargs: Any) -> None:
    """Somebody rang: make the XLSX of this report, if it still has to be made."""
    workbooks.make_workbook(report_id=uuid.UUID(report_id))


@shared_task(name="billing.reconcile")
def reconcile(*, reconciliation_id: str, **kwargs: Any) -> None:
    """Somebody rang: compare this file, if it still has to be compared."""
    reconciling.reconcile(reconciliation_id=uuid.UUID(reconciliation_id))


@shared_task(name="billing.sweep_reports")
def sweep_reports(**kwargs: Any) -> None:
    """Every few seconds: ring for reports, workbooks and comparisons whose message was lost or whose worker died."""
    report_bell.ring([str(report.public_id) for report in unfinished_reports()])
    workbook_bell.ring([str(workbook.report.public_id) for workbook in unfinished_workbooks()])
    reconciliation_bell.ring([str(row.public_id) for row in unfinished_reconciliations()])
