"""Why billing says no."""

from datetime import date

from tenancy.errors import DomainError


class DayDoesNotAddUp(DomainError):
    """The ledger of a day and its assignments disagree, so the day stays open."""

    code = "day_does_not_add_up"

    def __init__(self, day: date, reasons: list[str]) -> None:
        super().__init__("; ".join(reasons))
        self.day = day


class PeriodInvalid(DomainError):
    """A report is about whole, past days of the last five years (domain.md 6.1)."""

    code = "period_invalid"


class ReportExists(DomainError):
    """A completed report for the same period and type must be deleted first (domain.md 6.2)."""

    code = "report_exists"
    message = "A completed report for this period and type exists. Delete it first to make it again."


class NotASubPartner(DomainError):
    """Reports are about the partner itself or one of its indirect providers."""

    code = "not_a_sub_partner"
    message = "Choose one of your indirect providers."
