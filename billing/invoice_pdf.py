"""An invoice, a draft or a share of one as a PDF: head, sums together and by partner, then every partner's lines."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from itertools import groupby, islice

from django.template.defaultfilters import pluralize
from reportlab.lib.pagesizes import A4, LETTER

from billing.models import InvoiceLine
from billing.pdf_pages import HEADING, NOTE, TITLE, Column, Document
from billing.queries.invoices import Bill
from billing.queries.statements import ItemTotal, Section, Statement
from billing.templatetags.money import money, price, quantity

# A PDF of more lines than this is nobody's reading: it says how many the CSV file has beside, and what they come to.
MOST_LINES = 1_000
LETTER_COUNTRIES = {"US", "CA", "MX", "CL", "CO", "CR", "PA", "PH", "PR", "VE"}
ROUNDING = (
    "Each line: seconds of use × price per month ÷ (86,400 × days of that month), rounded once, to the cent, half a cent away "
    "from zero; of Setup Assist units × price. A quantity is days of use: seconds ÷ 86,400. Totals are sums of lines. Days are "
    "UTC days."
)
TOGETHER = (Column("Package", 5), Column("Quantity", 2, number=True), Column("Amount", 2, number=True))
BY_PARTNER = (
    Column("Partner", 5),
    Column("Usage", 2, number=True),
    Column("Setup Assist", 2, number=True),
    Column("Adjustments", 2, number=True),
    Column("Amount", 2, number=True),
)
USAGE = (
    Column("Package and SKU", 4.8),
    Column("Days of use", 2.5),
    Column("Quantity", 2.9, number=True),
    Column("Price per month", 1.8, number=True),
    Column("Days of month", 1.3, number=True),
    Column("Amount", 2.3, number=True),
)
SETUP_ASSIST = (
    Column("Ordered", 2),
    Column("Customer, location and SKU", 6),
    Column("Quantity", 2.5, number=True),
    Column("Price", 2.8, number=True),
    Column("Amount", 2.3, number=True),
)
ADJUSTMENTS = (Column("About", 2), Column("Customer, package and SKU", 5.3), *USAGE[2:])


def invoice_pdf(bill: Bill) -> bytes:
    """The file. The same invoice gives the same bytes, whenever it is asked for."""
    document = Document(
        title=f"{bill.title}, {bill.viewer.name if bill.is_share else bill.billed_to}",
        footer=f"{bill.title} · {bill.viewer.name if bill.is_share else bill.billed_to}",
        size=LETTER if bill.payer.country in LETTER_COUNTRIES else A4,
        made_at=bill.issued_at or datetime.combine(bill.today, time.min, tzinfo=UTC),
        mark="" if bill.invoice else "DRAFT",
    )
    _head(document, bill)
    _sums(document, bill)
    _lines(document, bill)
    document.text("How amounts are rounded", HEADING)
    document.text(ROUNDING, NOTE)
    if not document.whole:
        document.text("A question mark stands for a sign that this file cannot show. The CSV file has the names.", NOTE)
    return document.finish()


def _head(document: Document, bill: Bill) -> None:
    document.text(bill.title, TITLE)
    if not bill.invoice:
        document.text("This is a draft: it changes until the month is closed, and has no number until then.")
    document.facts(_facts(bill))


def _facts(bill: Bill) -> Iterator[tuple[str, str]]:
    yield "Billed to", bill.billed_to
    if bill.is_share:
        yield "Usage of", f"{bill.viewer.name}, its indirect provider"
    yield "Subscription", bill.subscription_id
    yield "Billing period", f"{_day(bill.month)} – {_day(bill.last_day)} (UTC)"
    if bill.issued_at:
        yield "Issued", _instant(bill.issued_at)
    yield "Total", f"{money(bill.statement.total)} {bill.currency}"
    if bill.invoice and not bill.is_share:
        yield "SHA-256", bill.invoice.sha256


def _sums(document: Document, bill: Bill) -> None:
    statement = bill.statement
    if not statement.cells:
        document.text("Nothing was used in this month so far.")
        return
    document.text("Together, by package", HEADING)
    rows = ((total.name, _amount_of(total), money(total.amount)) for total in statement.together)
    document.table(TOGETHER, rows, total=(f"Total in {bill.currency}", "", money(statement.total)))
    if len(statement.sections) > 1:
        document.text("By partner", HEADING)
        parts = ((part.name, *_kinds(part), money(part.subtotal)) for part in statement.sections)
        document.table(BY_PARTNER, parts, total=("Total", *_kinds(statement), money(statement.total)))


def _lines(document: Document, bill: Bill) -> None:
    lines = bill.lines()
    subtotals = {(section.partner_id, section.name): section for section in bill.statement.sections}
    for partner, own in groupby(islice(lines, MOST_LINES), key=lambda line: (line.partner_id, line.partner_name)):
        section = subtotals[partner]
        for kind, some in groupby(own, key=lambda line: line.kind):
            if kind == InvoiceLine.Kind.USAGE:
                document.text(f"Usage of {section.name}", HEADING)
                document.table(USAGE, map(_usage, some), total=_sum_row("Usage", section.usage))
            elif kind == InvoiceLine.Kind.SETUP_ASSIST:
                document.text(f"Setup Assist of {section.name}", HEADING)
                total = ("Setup Assist", "", "", "", money(section.setup_assist))
                document.table(SETUP_ASSIST, map(_setup_assist, some), total=total)
            else:
                _adjustments(document, section.name, some, section.adjustments)
    if (more := bill.statement.line_count - MOST_LINES) > 0:
        rest = sum((line.amount for line in lines), Decimal("0.00"))
        document.text(f"{more:,} more lines", HEADING)
        document.text(f"They come to {money(rest)} {bill.currency}. The CSV file of this invoice has each of them.")


def _adjustments(document: Document, name: str, lines: Iterable[InvoiceLine], total: Decimal) -> None:
    document.text(f"Adjustments of {name}", HEADING)
    document.text("Found out later about days that were closed: each at the price of the day that it is about.", NOTE)
    document.table(ADJUSTMENTS, map(_adjustment, lines), total=_sum_row("Adjustments", total))


def _sum_row(name: str, amount: Decimal) -> Sequence[str]:
    return (name, "", "", "", "", money(amount))


def _usage(line: InvoiceLine) -> Sequence[str]:
    days = f"{line.first_on.day} – {_day(line.last_on)}" if line.last_on > line.first_on else _day(line.last_on)
    return (f"{line.description} {line.sku}", days, *_figures(line))


def _adjustment(line: InvoiceLine) -> Sequence[str]:
    return (_day(line.first_on), f"{line.about}: {line.description} {line.sku}", *_figures(line))


def _setup_assist(line: InvoiceLine) -> Sequence[str]:
    what = f"{line.about}: {line.description} {line.sku}"
    return (_day(line.first_on), what, _amount_of(line), f"{price(line.price)} per {line.unit}", money(line.amount))


def _amount_of(what: InvoiceLine | ItemTotal) -> str:
    """Days of use, or so many locations or users."""
    return f"{what.units:,} {what.unit}{pluralize(what.units)}" if what.units else quantity(what.quantity)


def _kinds(part: Section | Statement) -> Sequence[str]:
    return (money(part.usage), money(part.setup_assist), money(part.adjustments))


def _figures(line: InvoiceLine) -> Sequence[str]:
    return (quantity(line.quantity), price(line.price), str(line.days_in_month), money(line.amount))


def _day(day: date) -> str:
    return f"{day.day} {day:%b %Y}"


def _instant(at: datetime) -> str:
    return f"{_day(at.astimezone(UTC).date())}, {at.astimezone(UTC):%H:%M} UTC"
