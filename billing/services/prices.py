"""The price book: what a partner pays for each item, from when to when."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db import transaction
from django.db.models import QuerySet

from billing.errors import PriceDatesClash, PricesNotImported
from billing.items import ITEMS
from billing.models import PriceBookEntry
from billing.services import price_dates
from tenancy import audit
from tenancy.access import authorize
from tenancy.actors import Actor
from tenancy.errors import DomainError
from tenancy.models import Partner
from tenancy.policy import Control


@dataclass(frozen=True)
class NewPrice:
    """A price as somebody typed it. Without SKU and description it has those of the price before it."""

    item: str
    price: Decimal
    valid_from: date
    valid_until: date | None = None
    sku: str = ""
    description: str = ""


def add_price(*, partner: Partner, new: NewPrice, by: Actor) -> PriceBookEntry:
    """A price from a day on. The one before it ends there; it holds until its end, or until the next one begins.

    Raises PriceDatesClash, or PriceInvoiced when an issued invoice used the price of that day.
    """
    authorize(by, Control.PARTNER_PRICES, partner=partner)
    with transaction.atomic():
        return _add(partner, new, by)


def import_prices(*, partner: Partner, rows: Iterable[tuple[int, NewPrice]], by: Actor) -> int:
    """Add all of the rows (line number and price), or none. A row that is in the book already counts for nothing.

    Returns how many were added; raises PricesNotImported with a sentence for each line that cannot be.
    """
    authorize(by, Control.PARTNER_PRICES, partner=partner)
    errors: list[tuple[int, str]] = []
    added = 0
    with transaction.atomic():
        for line, new in sorted(rows, key=lambda row: row[1].valid_from):
            try:
                with transaction.atomic():
                    added += not _is_there(partner, new) and bool(_add(partner, new, by))
            except DomainError as error:
                errors.append((line, str(error)))
        if errors:
            raise PricesNotImported(sorted(errors))
    return added


def end_price(*, entry: PriceBookEntry, valid_until: date, by: Actor) -> None:
    """Let a price end without a successor: what is used from that day on cannot be invoiced until there is one."""
    authorize(by, Control.PARTNER_PRICES, partner=entry.partner)
    before = entry.valid_until
    with transaction.atomic():
        if (
            _history(entry.partner, entry.item)
            .filter(valid_from__gt=entry.valid_from, valid_from__lt=valid_until)
            .exists()
        ):
            raise PriceDatesClash("Another price begins before that day.", field="valid_until")
        price_dates.end(entry, on=valid_until)
        audit.record(
            action="price.end",
            text=f"Ended the price of {entry.what.name} on {valid_until:%F}",
            target=entry,
            partner=entry.partner,
            changes={"valid_until": [before and f"{before:%F}", f"{valid_until:%F}"]},
            by=by,
        )


def remove_price(*, entry: PriceBookEntry, by: Actor) -> None:
    """Take back a price that no invoice has used yet; the one before it holds in its place."""
    authorize(by, Control.PARTNER_PRICES, partner=entry.partner)
    with transaction.atomic():
        audit.record(
            action="price.remove",
            text=f"Removed the price of {entry.what.name} from {entry.valid_from:%F}",
            target=entry,
            partner=entry.partner,
            changes={"price": [str(entry.price), None]},
            by=by,
        )
        price_dates.take_back(entry, _history(entry.partner, entry.item))


def _history(partner: Partner, item: str) -> QuerySet[PriceBookEntry]:
    return PriceBookEntry.objects.filter(partner=partner, item=item)


def _is_there(partner: Partner, new: NewPrice) -> bool:
    """An empty cell asks for nothing: without an end, for example, a price holds until the next one."""
    cells = {name: getattr(new, name) for name in ("sku", "description", "valid_until")}
    said = {name: value for name, value in cells.items() if value}
    return _history(partner, new.item).filter(price=new.price, valid_from=new.valid_from, **said).exists()


def _add(partner: Partner, new: NewPrice, by: Actor) -> PriceBookEntry:
    last = _history(partner, new.item).filter(valid_from__lte=new.valid_from).order_by("-valid_from").first()
    names = last or ITEMS[new.item]
    entry = PriceBookEntry(
        partner=partner,
        item=new.item,
        sku=new.sku or names.sku,
        description=new.description or names.description,
        price=new.price,
        valid_from=new.valid_from,
        valid_until=new.valid_until,
        created_by=by.admin,
    )
    before = price_dates.place(entry, _history(partner, new.item))
    audit.record(
        action="price.create",
        text=f"Set the price of {entry.what.name} to {entry.price} from {entry.valid_from:%F}",
        target=entry,
        partner=partner,
        changes={"price": [str(before.price) if before else None, str(entry.price)]},
        by=by,
    )
    return entry
