"""The price book as its pages need it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from billing.items import ITEMS, Item
from billing.models import InvoiceLine, PriceBookEntry
from tenancy.models import Partner

CSV_HEADER = ("ITEM", "SKU", "DESCRIPTION", "PRICE", "CURRENCY", "VALID_FROM", "VALID_UNTIL")


@dataclass(frozen=True)
class ItemPrices:
    """One item and every price it has had, newest first."""

    item: Item
    today: date
    entries: Sequence[PriceBookEntry]

    @property
    def current(self) -> PriceBookEntry | None:
        """What it costs today."""
        return next((entry for entry in self.entries if entry.covers(self.today)), None)

    @property
    def upcoming(self) -> PriceBookEntry | None:
        """The next price that begins after today."""
        later = [entry for entry in self.entries if entry.valid_from > self.today]
        return later[-1] if later else None


def currency_of(partner: Partner) -> str:
    """A sub-partner is billed to its parent, in its parent's currency."""
    return (partner.parent or partner).currency


def price_list(partner: Partner, *, today: date) -> list[ItemPrices]:
    """Every item there is, with or without a price."""
    entries = list(_entries(partner))
    return [ItemPrices(item, today, [entry for entry in entries if entry.item == code]) for code, item in ITEMS.items()]


def prices_of(partner: Partner, item: Item, *, today: date) -> ItemPrices:
    """One item; each entry says in `invoiced` whether an issued invoice used it."""
    used = Exists(InvoiceLine.objects.filter(entry=OuterRef("pk")))
    return ItemPrices(item, today, list(_entries(partner).filter(item=item.code).annotate(invoiced=used)))


def entries_of(partner: Partner) -> QuerySet[PriceBookEntry]:
    """All prices of a partner's subscription."""
    return PriceBookEntry.objects.filter(partner=partner).select_related("partner__parent")


def _entries(partner: Partner) -> QuerySet[PriceBookEntry]:
    return PriceBookEntry.objects.filter(partner=partner).select_related("created_by").order_by("-valid_from")


def csv_rows(partner: Partner) -> Iterator[Sequence[Any]]:
    """The whole book, oldest first: what is exported can be imported."""
    currency = currency_of(partner)
    for entry in PriceBookEntry.objects.filter(partner=partner).order_by("item", "valid_from").iterator():
        dates = (f"{entry.valid_from:%F}", f"{entry.valid_until:%F}" if entry.valid_until else "")
        yield (entry.item, entry.sku, entry.description, entry.price, currency, *dates)
