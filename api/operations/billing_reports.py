"""/wholesale/billing/reports (public specification: Wholesale Billing Reports)."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from ninja import Query, Router, Status

from api import codes, ids, report_links, speaking
from api.access import actor_of, partner_of, readable
from api.errors import ApiError, Problem
from api.operation import operation
from api.paging import page
from api.schemas.billing_reports import (
    BillingReportFilters,
    BillingReportItems,
    NewBillingReport,
    OrderedReport,
    SpokenReport,
)
from billing.models import BillingReport
from billing.queries.reports import SORTS, ReportFilter, reports_of
from billing.services.reports import create_report, delete_report
from tenancy.models import Partner
from tenancy.opaque_ids import parse_opaque_id
from tenancy.policy import Control
from tenancy.tokens import Scope

router = Router(tags=["Wholesale billing reports"])
ORDERS = {
    "id": SORTS["id"],
    "billingStartDate": SORTS["start"],
    "billingEndDate": SORTS["end"],
    "status": SORTS["status"],
}
READ, WRITE = Scope.REPORTS_READ, Scope.REPORTS_WRITE


@operation(
    router,
    "GET",
    "/wholesale/billing/reports",
    scope=READ,
    control=Control.PARTNER_BILLING,
    success={200: BillingReportItems},
    summary="List Wholesale Billing Reports",
)
def list_billing_reports(request: HttpRequest, response: HttpResponse, filters: Query[BillingReportFilters]) -> Any:
    """Reports about the partner itself, or about the sub-partner that is named. Filters match exactly."""
    partner, sub_partner = _whose(request, filters.sub_partner_org_id)
    readable(request, Control.PARTNER_BILLING, partner)
    rows = reports_of(partner, _narrow(filters, sub_partner))
    found = page(request, response, rows, order=ORDERS[filters.sort_by], size=filters.max, offset=filters.offset)
    return BillingReportItems(items=[speaking.listed_report(row) for row in found])


def _whose(request: HttpRequest, sub_partner_org_id: str | None) -> tuple[Partner, Partner | None]:
    """The partner of the token, and the sub-partner whose use it is about, if one is named."""
    own, about = partner_of(request), partner_of(request, sub_partner_org_id)
    return own, about if about.pk != own.pk else None


def _narrow(filters: BillingReportFilters, sub_partner: Partner | None) -> ReportFilter:
    """The public API has no word for a report about everybody at once, and must not pass one off as another."""
    asked = {
        "start_on": filters.billing_start_date,
        "end_on": filters.billing_end_date,
        "type": filters.type,
        "status": filters.status,
    }
    values = {name: value for name, value in asked.items() if value is not None}
    return ReportFilter(values | {"sub_partner": sub_partner, "with_sub_partners": False})


@operation(
    router,
    "POST",
    "/wholesale/billing/reports",
    scope=WRITE,
    control=Control.PARTNER_BILLING,
    success={200: OrderedReport},
    summary="Create a Wholesale Billing Report",
)
def create_billing_report(request: HttpRequest, payload: NewBillingReport) -> Any:
    """Order a report over closed days. It is made in the background: get it until its status is COMPLETED or FAILED.

    A completed one for the same period and type must be deleted first. No organization here is internal, so `internal`
    changes nothing.
    """
    partner, sub_partner = _whose(request, payload.sub_partner_org_id)
    report = create_report(
        partner=partner,
        sub_partner=sub_partner,
        kind=payload.type,
        category=payload.category,
        start_on=payload.billing_start_date,
        end_on=payload.billing_end_date,
        by=actor_of(request),
    )
    return speaking.ordered_report(report, internal=True if payload.internal else None)


@operation(
    router,
    "GET",
    "/wholesale/billing/reports/{id}",
    scope=READ,
    control=Control.PARTNER_BILLING,
    success={200: SpokenReport},
    summary="Get a Wholesale Billing Report",
)
def get_billing_report(request: HttpRequest, id: str) -> Any:  # noqa: A002
    """One report; once it is completed with a link to its file, which is good for fifteen minutes."""
    report = _report(request, id)
    readable(request, Control.PARTNER_BILLING, report.partner)
    url = report_links.url_of(report, request.bearer) if report.status == report.Status.COMPLETED else None  # type: ignore[attr-defined]
    return speaking.report(report, url)


@operation(
    router,
    "DELETE",
    "/wholesale/billing/reports/{id}",
    scope=WRITE,
    control=Control.PARTNER_BILLING,
    success={204: None},
    summary="Delete a Wholesale Billing Report",
)
def delete_billing_report(request: HttpRequest, id: str) -> Any:  # noqa: A002
    """Delete a report and its file; links to it die at once."""
    delete_report(report=_report(request, id), by=actor_of(request))
    return Status(204, None)


def _report(request: HttpRequest, report_id: str) -> BillingReport:
    rows: QuerySet[BillingReport] = reports_of(partner_of(request))
    value = parse_opaque_id(ids.REPORT, report_id)
    report = rows.filter(public_id=value).first() if value else None
    if report is None:
        message = "Billing Report not found."
        raise ApiError(404, message, [Problem(codes.REPORT_NOT_FOUND, message)])
    return report
