"""A family with use whose price can be worked out on paper: for the tests of invoices."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from billing.models import Invoice
from billing.services.closing import close_missing_days
from billing.services.invoicing import Issuing, issue_missing_invoices
from controlhub.models import PackageAssignment
from tenancy.models import Customer, Partner
from tests.factories import (
    make_adjustment,
    make_assignment,
    make_correction,
    make_customer,
    make_partner,
    make_subscriber,
)

FEBRUARY, MARCH, APRIL = date(2024, 2, 1), date(2024, 3, 1), date(2024, 4, 1)
SUITE, CALLING = "webex_suite", "webex_calling"


def at(month: int, day: int, hour: int = 0) -> datetime:
    """An instant of 2024, UTC."""
    return datetime(2024, month, day, hour, tzinfo=UTC)


@dataclass
class Family:
    """A partner with one customer, its sub-partner with another."""

    partner: Partner
    sub: Partner
    customer: Customer
    sub_customer: Customer

    def use(self, package: str, start: datetime, end: datetime | None, *, of: str = "partner") -> PackageAssignment:
        """One more user who has the package from `start` until `end`."""
        customer = self.customer if of == "partner" else self.sub_customer
        return make_assignment(make_subscriber(customer), package, start=start, end=end)


def make_family(*, since: date = FEBRUARY) -> Family:
    partner = make_partner("Family North", billing_start_on=since, currency="EUR", subscription_id="Sub777")
    sub = make_partner("Family Branch", parent=partner, billing_start_on=since)
    return Family(partner, sub, make_customer(partner, "Own Shop"), make_customer(sub, "Branch Shop"))


def close_until(last: date) -> None:
    """Close the days of every partner, `last` included."""
    assert [closing.parked for closing in close_missing_days(until=last) if closing.parked] == []


def correct(assignment: PackageAssignment, *, end: datetime, made: datetime) -> None:
    """At `made` it turned out that the assignment had truly ended at `end`: an adjustment for each day that differs."""
    correction = make_correction(assignment, ended_at=end, made_at=made)
    recorded = assignment.ended_at
    assert recorded is not None
    day = min(end, recorded).replace(hour=0)
    while day < max(end, recorded):
        closes = day + timedelta(days=1)
        seconds = int((min(max(end, day), closes) - min(max(recorded, day), closes)).total_seconds())
        make_adjustment(assignment, day.date(), seconds, correction=correction, made_at=made)
        day = closes


def issue(until: date) -> dict[str, Issuing]:
    """Issue what is due, by the partner's name."""
    return {done.partner.name: done for done in issue_missing_invoices(until=until)}


def figures(invoice: Invoice) -> list[tuple[Any, ...]]:
    """What an invoice says, line by line: whose, what, from, to, seconds, amount."""
    return [
        (
            line.partner_name,
            line.item,
            f"{line.first_on:%m-%d}",
            f"{line.last_on:%m-%d}",
            line.seconds,
            str(line.amount),
        )
        for line in invoice.lines.order_by("position")
    ]
