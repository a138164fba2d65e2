"""Bars as geometry: numbers in, rectangles out. The template draws them as inline SVG, with the numbers as a table beside it."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from billing.queries.trend import Period
from tenancy.packages import PACKAGES

HEIGHT, SLOT, GAP, FOOT = 160, 44, 12, 22
SHADES = 6


@dataclass(frozen=True)
class Block:
    """One package's part of a bar."""

    y: int
    height: int
    shade: int
    label: str


@dataclass(frozen=True)
class Bar:
    """One month."""

    x: int
    label: str
    title: str
    blocks: list[Block]

    @property
    def middle(self) -> int:
        return self.x + (SLOT - GAP) // 2


@dataclass(frozen=True)
class BarChart:
    """All months, and what each shade means. Negative totals (adjustments) draw nothing; the table tells them."""

    bars: list[Bar]
    legend: list[tuple[int, str]]
    top: Decimal

    width_of_bar = SLOT - GAP
    height = HEIGHT + FOOT
    baseline = HEIGHT

    @property
    def width(self) -> int:
        return len(self.bars) * SLOT


def bar_chart(periods: Sequence[Period]) -> BarChart:
    """A stacked bar per period; packages in the catalogue's order, those that occur."""
    packages = [code for code in PACKAGES if any(period.used(code) for period in periods)]
    shades = {code: index % SHADES for index, code in enumerate(packages)}
    top = max((_positive(period, packages) for period in periods), default=Decimal(0))
    return BarChart(
        bars=[_bar(index, period, shades, top) for index, period in enumerate(periods)],
        legend=[(shades[code], PACKAGES[code].name) for code in packages],
        top=top,
    )


def _positive(period: Period, packages: Sequence[str]) -> Decimal:
    return sum((max(period.used(code), Decimal(0)) for code in packages), Decimal(0))


def _bar(index: int, period: Period, shades: dict[str, int], top: Decimal) -> Bar:
    blocks, reached = [], Decimal(0)
    for code, shade in shades.items():
        used = max(period.used(code), Decimal(0))
        lower, reached = reached, reached + used
        y, bottom = _y(reached, top), _y(lower, top)
        if bottom > y:
            blocks.append(Block(y, bottom - y, shade, f"{PACKAGES[code].name}: {used:,.1f} days"))
    return Bar(index * SLOT, f"{period.first:%b}", f"{period.first:%B %Y}: {period.total:,.1f} days used", blocks)


def _y(value: Decimal, top: Decimal) -> int:
    return HEIGHT - int(value * (HEIGHT - 4) / top) if top else HEIGHT
