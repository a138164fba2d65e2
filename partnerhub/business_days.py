"""On which days the Setup Assist team works: Monday to Friday without holidays. The calendar is data; extend it each year."""

from datetime import date, timedelta

HOLIDAYS = frozenset(
    date.fromisoformat(day)
    for day in """
    2026-01-01 2026-05-25 2026-07-03 2026-09-07 2026-11-26 2026-12-25
    2027-01-01 2027-05-31 2027-07-05 2027-09-06 2027-11-25 2027-12-24 2027-12-31
    2028-05-29 2028-07-04 2028-09-04 2028-11-23 2028-12-25
    2029-01-01 2029-05-28 2029-07-04 2029-09-03 2029-11-22 2029-12-25
    """.split()
)
ONE_DAY = timedelta(days=1)


def is_business_day(day: date) -> bool:
    """Does the team work on that day?"""
    return day.weekday() < 5 and day not in HOLIDAYS


def business_day_after(day: date, count: int) -> date:
    """The `count`-th business day after a day."""
    while count:
        day += ONE_DAY
        count -= is_business_day(day)
    return day
