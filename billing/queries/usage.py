"""Reading the ledger."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection

from billing import report_sql
from billing.models import SECONDS_PER_DAY, DayClose
from tenancy.models import Partner
from tenancy.packages import PACKAGES


@dataclass(frozen=True)
class PackageUse:
    """What one package was used in a period, over all customers of a partner."""

    package: str
    seconds: int

    @property
    def name(self) -> str:
        return PACKAGES[self.package].name

    @property
    def days(self) -> Decimal:
        """For the screen only: whole days of use, as reports call a quantity."""
        return Decimal(self.seconds) / SECONDS_PER_DAY


def billed_period(partner: Partner, *, first: date, last: date) -> dict[str, Any]:
    """Parameters of every SQL that adds up usage: the days from `first` to `last`, inclusive, that are billed at all.

    Nothing before the partner's billing start date is: it is recorded, on no report and no invoice (docs/adr/0013).
    """
    first = max(first, partner.billing_start_on)
    return {"partner": partner.pk, "first": first, "after": max(first, last + timedelta(days=1))}


def use_by_package(partner: Partner, *, first: date, last: date) -> list[PackageUse]:
    """Use of each package in closed days from `first` to `last`, inclusive; packages that were not used are left out."""
    bounds = billed_period(partner, first=first, last=last) | {"packages": list(PACKAGES)}
    with connection.cursor() as cursor:
        cursor.execute(report_sql.PARTNER_TOTALS, bounds)
        return [PackageUse(package, seconds) for package, seconds in cursor.fetchall() if seconds]


def last_closed_day(partner: Partner) -> date | None:
    """The last day that is closed, or None before the first night."""
    close = DayClose.objects.filter(partner=partner).order_by("-day").first()
    return close.day if close else None
