"""An invoice or a draft as people read it: by partner with subtotals, together by package, and a grand total."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby

from billing.items import ITEMS
from billing.models import SECONDS_PER_DAY, InvoiceLine


@dataclass(frozen=True)
class Section:
    """The lines of one partner, and what they come to."""

    partner_id: int
    name: str
    lines: Sequence[InvoiceLine]

    @property
    def subtotal(self) -> Decimal:
        return _sum(self.lines)


@dataclass(frozen=True)
class ItemTotal:
    """One package over all partners of the statement."""

    item: str
    days: Decimal
    amount: Decimal

    @property
    def name(self) -> str:
        return ITEMS[self.item].name


@dataclass(frozen=True)
class Statement:
    """Lines in their order, in one currency."""

    currency: str
    lines: Sequence[InvoiceLine]

    @property
    def sections(self) -> list[Section]:
        """Separately: each partner's own. Lines of one partner stand together."""
        return [
            Section(key[0], key[1], list(lines))
            for key, lines in groupby(self.lines, key=lambda line: (line.partner_id, line.partner_name))
        ]

    @property
    def together(self) -> list[ItemTotal]:
        """Together: each package, whoever used it."""
        by_item: dict[str, list[InvoiceLine]] = defaultdict(list)
        for line in self.lines:
            by_item[line.item].append(line)
        return [ItemTotal(item, _days(by_item[item]), _sum(by_item[item])) for item in ITEMS if item in by_item]

    @property
    def total(self) -> Decimal:
        return _sum(self.lines)


def _sum(lines: Iterable[InvoiceLine]) -> Decimal:
    return sum((line.amount for line in lines), Decimal("0.00"))


def _days(lines: Iterable[InvoiceLine]) -> Decimal:
    return Decimal(sum(line.seconds for line in lines)) / SECONDS_PER_DAY
