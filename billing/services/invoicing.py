"""Issuing invoices: the question is which months are missing, never "was last month issued?".

A month is issued in one transaction, under the lock of the family's account rows, once all its days are closed for the partner
and its sub-partners. So two issuers, a kill at any point and an outage of months change nothing. The caller reads the clock.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import structlog
from django.db import DataError, IntegrityError, transaction

from billing import months
from billing.models import BillingAccount, Invoice, InvoiceLine, PriceBookEntry
from billing.queries.drafts import Draft, Member, draft_of, family_of
from tenancy import audit
from tenancy.actors import SYSTEM
from tenancy.models import Partner

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Issuing:
    """What one run did for one partner. `parked` is why the next month cannot be issued although its days are closed."""

    partner: Partner
    invoices: tuple[Invoice, ...] = ()
    parked: str = ""


def issue_missing_invoices(*, until: date) -> Iterator[Issuing]:
    """Issue every missing month that ended before `until`, partner by partner. One that is parked does not stop the others."""
    for partner in Partner.objects.filter(parent=None).order_by("pk"):
        yield issue_partner(partner=partner, until=until)


def issue_partner(*, partner: Partner, until: date) -> Issuing:
    """Issue the missing months of one top-level partner, in order. Harmless to repeat, and to run twice at once."""
    issued: list[Invoice] = []
    try:
        while step := _issue_next(partner, until):
            issued += step.invoices
            if step.parked:
                return Issuing(partner, tuple(issued), _park(partner, step.parked))
    except (IntegrityError, DataError) as error:
        return Issuing(partner, tuple(issued), _park(partner, str(error)))
    return Issuing(partner, tuple(issued))


def _issue_next(partner: Partner, until: date) -> Issuing | None:
    """Bill the next month, with an invoice if there is anything to bill. None: it is not over, or its days are not closed."""
    with transaction.atomic():
        members = _lock_family(partner)
        month = months.first_of(members[0].billed_until)
        if months.after(month) > until:
            return None
        draft = draft_of(partner, month, members=members)
        if draft.open_members:
            return None
        if draft.missing:
            return Issuing(partner, parked=f"{month:%Y-%m}: " + "; ".join(str(missing) for missing in draft.missing))
        invoices = (_issue(draft),) if draft.lines else ()
        _advance(draft)
    return Issuing(partner, invoices)


def _lock_family(partner: Partner) -> list[Member]:
    """How far everybody is billed, read under the lock: whoever waited for it sees what the other has issued.

    Prices are held, too: one that is changed meanwhile waits, and then meets the trigger that guards invoiced prices.
    """
    first_look = family_of(partner)
    BillingAccount.objects.bulk_create(
        (BillingAccount(partner=m.partner, starts_on=m.starts_on, billed_until=m.billed_until) for m in first_look),
        ignore_conflicts=True,
    )
    partners = [member.partner.pk for member in first_look]
    list(BillingAccount.objects.select_for_update().filter(pk__in=partners).order_by("pk"))
    list(PriceBookEntry.objects.select_for_update(no_key=True).filter(partner__in=partners).order_by("pk"))
    return family_of(partner)


def _issue(draft: Draft) -> Invoice:
    account = BillingAccount.objects.get(pk=draft.partner.pk)
    invoice = Invoice(
        partner=draft.partner,
        number=account.last_number + 1,
        month=draft.month,
        currency=draft.partner.currency,
        partner_name=draft.partner.name,
        subscription_id=draft.partner.subscription_id,
        total=draft.total,
        line_count=len(draft.lines),
    )
    invoice.sha256 = content_hash(invoice, draft.lines)
    invoice.save(force_insert=True)
    for line in draft.lines:
        line.invoice = invoice
    InvoiceLine.objects.bulk_create(draft.lines)
    BillingAccount.objects.filter(pk=account.pk).update(last_number=invoice.number)
    audit.record(
        action="invoice.issue",
        text=f"Issued invoice {invoice.label}",
        target=invoice,
        partner=draft.partner,
        changes={"total": [None, f"{invoice.total} {invoice.currency}"], "sha256": [None, invoice.sha256]},
        by=SYSTEM,
    )
    return invoice


def _advance(draft: Draft) -> None:
    billed = months.after(draft.month)
    behind = [member.partner.pk for member in draft.members if member.billed_until < billed]
    BillingAccount.objects.filter(pk__in=behind).update(billed_until=billed)


def _park(partner: Partner, reason: str) -> str:
    log.error("billing_invoice_not_issued", partner=partner.pk, reason=reason)
    return reason


def content_hash(invoice: Invoice, lines: Sequence[InvoiceLine]) -> str:
    """SHA-256 over everything the invoice says: a JSON array for its head, and one for each line.

    `billing.invariants` spells the same text in SQL.
    """
    head = [
        str(invoice.public_id),
        invoice.partner_id,
        invoice.number,
        f"{invoice.month:%F}",
        invoice.currency,
        invoice.partner_name,
        invoice.subscription_id,
        str(invoice.total),
        invoice.line_count,
    ]
    rows = [head, *(_spelled(line) for line in lines)]
    return hashlib.sha256("\n".join(json.dumps(row, ensure_ascii=False) for row in rows).encode()).hexdigest()


def _spelled(line: InvoiceLine) -> list[object]:
    return [
        line.position,
        line.kind,
        line.partner_id,
        line.partner_name,
        line.item,
        line.sku,
        line.description,
        line.about,
        f"{line.first_on:%F}",
        f"{line.last_on:%F}",
        line.seconds,
        str(line.price),
        str(line.amount),
        line.entry_id,
        line.adjustment_id,
        *([line.units, line.setup_order_id] if line.units else ()),
    ]
