"""Ordering and deleting billing reports (domain.md 6.2)."""

import calendar
from datetime import date

from django.db import transaction

from billing import files
from billing.bell import report_bell
from billing.errors import NotASubPartner, PeriodInvalid, ReportExists
from billing.models import BillingReport
from billing.queries import clock
from billing.queries.reports import same_reports
from tenancy import audit
from tenancy.access import authorize
from tenancy.actors import Actor
from tenancy.models import Partner
from tenancy.policy import Control

YEARS_BACK = 5


def earliest_day(today: date) -> date:
    """The first day a report may start on: exactly five years ago (28 February when there is no 29th)."""
    year = today.year - YEARS_BACK
    return today.replace(year=year, day=min(today.day, calendar.monthrange(year, today.month)[1]))


def create_report(
    *,
    partner: Partner,
    kind: str,
    start_on: date | None,
    end_on: date | None,
    category: str = BillingReport.Category.RECONCILIATION,
    sub_partner: Partner | None = None,
    with_sub_partners: bool = False,
    by: Actor,
) -> BillingReport:
    """Order a report over whole UTC days, both inclusive: about the partner itself, one of its sub-partners, or
    (`with_sub_partners`) itself and all of them. POINT_IN_TIME shows the moment of making whatever the period says: that is
    only what it is found by, today unless somebody names one (docs/adr/0014).

    Raises PeriodInvalid, NotASubPartner, or ReportExists when the same one is completed; one that failed or is still
    being made does not stand in the way. A worker makes the file.
    """
    authorize(by, Control.PARTNER_BILLING, partner=partner)
    start_on, end_on = _period(start_on, end_on, category)
    if sub_partner is not None and (sub_partner.parent_id != partner.pk or with_sub_partners):
        raise NotASubPartner(field="sub_partner")
    wanted = BillingReport(
        partner=partner,
        sub_partner=sub_partner,
        with_sub_partners=with_sub_partners,
        category=category,
        type=kind,
        start_on=start_on,
        end_on=end_on,
        created_by=by.admin,
    )
    with transaction.atomic():
        if same_reports(wanted).filter(status=BillingReport.Status.COMPLETED).exists():
            raise ReportExists
        return _order(wanted, by)


def _order(report: BillingReport, by: Actor) -> BillingReport:
    report.save(force_insert=True)
    audit.record(
        action="billing_report.create",
        text=f"Created {report}",
        target=report,
        partner=report.partner,
        changes={"about": [None, report.scope_name]},
        by=by,
    )
    transaction.on_commit(lambda: report_bell.ring([str(report.public_id)]), robust=True)
    return report


def _period(start_on: date | None, end_on: date | None, category: str) -> tuple[date, date]:
    today = clock.today()
    if start_on is None and end_on is None and category == BillingReport.Category.POINT_IN_TIME:
        return today, today
    if start_on is None or end_on is None:
        raise PeriodInvalid("Say which days.", field="start_on" if start_on is None else "end_on")
    _check_period(start_on, end_on, today=today)
    return start_on, end_on


def _check_period(start_on: date, end_on: date, *, today: date) -> None:
    if end_on >= today:
        raise PeriodInvalid("A report ends yesterday (UTC) at the latest; today is not over.", field="end_on")
    if start_on > end_on:
        raise PeriodInvalid("The first day is after the last day.", field="start_on")
    if start_on < (earliest := earliest_day(today)):
        raise PeriodInvalid(f"Reports reach five years back, to {earliest:%F}.", field="start_on")


def delete_report(*, report: BillingReport, by: Actor) -> None:
    """Delete a report and its file. Links to it die at once; a worker that is making it stops without a trace."""
    authorize(by, Control.PARTNER_BILLING, partner=report.partner)
    path = files.report_path(report)
    with transaction.atomic():
        if not BillingReport.objects.filter(pk=report.pk).delete()[0]:
            return
        audit.record(
            action="billing_report.delete",
            text=f"Deleted {report}",
            target=report,
            partner=report.partner,
            changes={"sha256": [report.sha256, None]},
            by=by,
        )
        transaction.on_commit(lambda: files.remove_files(path))
