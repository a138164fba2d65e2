"""An invoice or a draft as people read it: by partner with subtotals, together by package, and a grand total."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from itertools import groupby
from typing import Any

from django.db.models import Count, Min, QuerySet, Sum

from billing.items import ITEMS
from billing.models import SECONDS_PER_DAY, InvoiceLine

Kind = InvoiceLine.Kind
ZERO = Decimal("0.00")


@dataclass(frozen=True)
class Cell:
    """What lines of one partner, one package and one kind come to."""

    partner_id: int
    partner_name: str
    kind: str
    item: str
    seconds: int
    units: int
    amount: Decimal
    lines: int
    position: int


class ByKind:
    """Cells, added up by the kind of their lines."""

    cells: Sequence[Cell]

    @property
    def usage(self) -> Decimal:
        return _sum(self.cells, Kind.USAGE)

    @property
    def setup_assist(self) -> Decimal:
        return _sum(self.cells, Kind.SETUP_ASSIST)

    @property
    def adjustments(self) -> Decimal:
        return _sum(self.cells, Kind.ADJUSTMENT)


@dataclass(frozen=True)
class Section(ByKind):
    """What one partner's lines come to."""

    partner_id: int
    name: str
    cells: Sequence[Cell]

    @property
    def subtotal(self) -> Decimal:
        return _sum(self.cells)


@dataclass(frozen=True)
class ItemTotal:
    """One package over all partners of the statement."""

    item: str
    seconds: int
    units: int
    amount: Decimal

    @property
    def quantity(self) -> Decimal:
        """Days of use, or units."""
        return Decimal(self.units) if self.units else Decimal(self.seconds) / SECONDS_PER_DAY

    @property
    def unit(self) -> str:
        return ITEMS[self.item].unit

    @property
    def name(self) -> str:
        return ITEMS[self.item].name


@dataclass(frozen=True)
class Statement(ByKind):
    """Sums of lines in one currency, in the order of the lines."""

    currency: str
    cells: Sequence[Cell]

    @classmethod
    def of_lines(cls, currency: str, lines: Iterable[InvoiceLine]) -> "Statement":
        """Of lines in memory: a draft's."""
        groups: dict[tuple[int, str, str, str], list[InvoiceLine]] = defaultdict(list)
        for line in lines:
            groups[line.partner_id, line.partner_name, line.kind, line.item].append(line)
        return cls(currency, [_cell(key, group) for key, group in groups.items()])

    @classmethod
    def of_rows(cls, currency: str, lines: QuerySet[InvoiceLine]) -> "Statement":
        """Of issued lines, however many: the database adds up. One query."""
        groups = lines.order_by().values("partner_id", "partner_name", "kind", "item")
        sums = groups.annotate(
            summed_seconds=Sum("seconds"),
            summed_units=Sum("units"),
            summed_amount=Sum("amount"),
            lines=Count("pk"),
            first=Min("position"),
        )
        return cls(currency, [_summed(row) for row in sums.order_by("first")])

    @cached_property
    def sections(self) -> list[Section]:
        """Separately: each partner's own. Lines of one partner stand together."""
        groups = groupby(self.cells, key=lambda cell: (cell.partner_id, cell.partner_name))
        return [Section(*partner, list(cells)) for partner, cells in groups]

    @cached_property
    def together(self) -> list[ItemTotal]:
        """Together: each package, whoever used it."""
        by_item: dict[str, list[Cell]] = defaultdict(list)
        for cell in self.cells:
            by_item[cell.item].append(cell)
        return [_item_total(item, by_item[item]) for item in ITEMS if item in by_item]

    @property
    def line_count(self) -> int:
        return sum(cell.lines for cell in self.cells)

    @property
    def total(self) -> Decimal:
        return _sum(self.cells)


def _summed(row: Mapping[str, Any]) -> Cell:
    key = (row["partner_id"], row["partner_name"], row["kind"], row["item"])
    seconds, units = int(row["summed_seconds"]), int(row["summed_units"])
    return Cell(*key, seconds, units, row["summed_amount"], row["lines"], row["first"])


def _cell(key: tuple[int, str, str, str], lines: Sequence[InvoiceLine]) -> Cell:
    seconds, units = sum(line.seconds for line in lines), sum(line.units for line in lines)
    amount = sum((line.amount for line in lines), ZERO)
    return Cell(*key, seconds, units, amount, len(lines), lines[0].position)


def _item_total(item: str, cells: Sequence[Cell]) -> ItemTotal:
    return ItemTotal(item, sum(cell.seconds for cell in cells), sum(cell.units for cell in cells), _sum(cells))


def _sum(cells: Iterable[Cell], kind: str = "") -> Decimal:
    return sum((cell.amount for cell in cells if kind in ("", cell.kind)), ZERO)
