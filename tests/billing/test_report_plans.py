"""What a report costs must not grow with other partners' users: the server's plan for it, among a hundred partners."""

from datetime import timedelta

import pytest
from django.db import connection

from billing import report_columns, report_sql
from billing.models import BillingReport
from billing.queries import clock
from billing.services.closing import close_partner
from billing.services.counting import counted_lines
from config.demo.bulk import load_bulk
from tenancy.models import Partner

ALL_USERS = "Seq Scan on controlhub_subscriber"


@pytest.fixture
def report(db: None) -> BillingReport:
    """A report by user of the last week, of one partner with 20 users (some change packages) among 2,000."""
    load_bulk(partners=100, customers=100, subscribers=2_000)
    partner, last = Partner.objects.latest("pk"), clock.today() - timedelta(days=1)
    close_partner(partner=partner, until=last)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE controlhub_subscriber")
    start_on = last - timedelta(days=6)
    return BillingReport.objects.create(partner=partner, type="USER", start_on=start_on, end_on=last)


def plan(report: BillingReport) -> str:
    """How the server would print the report's file."""
    copy = report_columns.copy_sql(report.type)
    with counted_lines(report) as lines, connection.cursor() as cursor:
        assert lines.rows >= 20
        cursor.execute("EXPLAIN " + copy[copy.index("(") + 1 : copy.rindex(") TO STDOUT")])
        return "\n".join(line for (line,) in cursor.fetchall())


def test_a_partners_users_are_looked_up_among_everybodys(report: BillingReport) -> None:
    assert ALL_USERS not in plan(report)


def test_it_is_the_price_of_a_jump_that_decides(report: BillingReport, monkeypatch: pytest.MonkeyPatch) -> None:
    # Far above the server's 4, which is enough at a size that no test has.
    monkeypatch.setattr(report_sql, "LOOK_UP", "SET LOCAL random_page_cost = 400")
    assert ALL_USERS in plan(report)
