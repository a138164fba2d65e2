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
    """A completed report of the same usage, category, type and period must be deleted first (domain.md 6.2)."""

    code = "report_exists"
    message = "A completed report for this period and type exists. Delete it first to make it again."


class ReportNotReady(DomainError):
    """Only a completed reconciliation report has a file to compare with."""

    code = "report_not_ready"
    message = "This is no completed reconciliation report. Compare with one that is."


class FileTooLarge(DomainError):
    code = "file_too_large"
    message = "This file is larger than 400 MB."


class NotASubPartner(DomainError):
    """Reports are about the partner itself or one of its indirect providers."""

    code = "not_a_sub_partner"
    message = "Choose one of your indirect providers."


class CannotCorrect(DomainError):
    """What a correction says cannot have been. The sentence says why and what to do."""

    code = "cannot_correct"


class StillAssigned(CannotCorrect):
    """What still runs has no end to correct yet; ending it is Control Hub's, with everything that hangs on it."""

    code = "still_assigned"
    message = "This package is still assigned. Remove it in Control Hub first, then correct when it ended."


class MoreThanADay(CannotCorrect):
    """A subject would have used one thing for more than 24 hours of a day."""

    code = "more_than_a_day"

    def __init__(self, day: date, seconds: int) -> None:
        hours = f"{seconds / 3600:.2f}".rstrip("0").rstrip(".")
        super().__init__(
            f"{day:%-d %b %Y} would come to {hours} hours. Correct the other packages of that day first.",
            field="started_at",
        )


class PriceDatesClash(DomainError):
    """Two prices of one thing would hold on the same day, or none would be left of one."""

    code = "price_dates_clash"
    message = "Another price holds on some of these days."

    def __init__(self, message: str = "", *, field: str | None = "valid_from") -> None:
        super().__init__(message, field=field)


class PriceInvoiced(DomainError):
    """What an issued invoice was computed with stays as it was."""

    code = "price_invoiced"
    message = "An issued invoice used the price of that day. Let the new price begin after the last month invoiced."

    def __init__(self, *, field: str | None = "valid_from") -> None:
        super().__init__(field=field)


class PricesNotImported(DomainError):
    """Some lines of a file cannot be imported, so none was. `lines`: number and what is wrong with each."""

    code = "prices_not_imported"

    def __init__(self, lines: list[tuple[int, str]]) -> None:
        super().__init__("Nothing was imported.", field="file")
        self.lines = lines
