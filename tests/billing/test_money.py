"""Exact money: known sums, and one rounding."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing import money, months

DAY = 86_400


@pytest.mark.parametrize(
    ("seconds", "price", "days", "amount"),
    [
        (31 * DAY, "12.50", 31, "12.50"),  # a whole month costs its price, whatever its length
        (29 * DAY, "12.50", 29, "12.50"),
        (DAY // 2, "31", 31, "0.50"),
        (1, "31", 31, "0.00"),
        (DAY, "10", 28, "0.36"),  # 0.357142...
        (DAY, "10", 29, "0.34"),  # 0.344827...: 29 February makes a day cheaper
        (DAY, "0.15", 30, "0.01"),  # exactly half a cent: away from zero
        (-DAY, "0.15", 30, "-0.01"),
        (DAY, "0.1499", 30, "0.00"),  # a hair less than half a cent
        (0, "99", 30, "0.00"),
        (-3 * DAY, "20", 30, "-2.00"),
        (10**13, "99999999.9999", 28, "413359788359375.00"),
    ],
)
def test_known_amounts(seconds: int, price: str, days: int, amount: str) -> None:
    assert str(money.cents(money.prorated(seconds=seconds, price=Decimal(price), days=days))) == amount


@given(st.integers(-(10**12), 10**12), st.decimals(0, 9_999, places=4), st.integers(28, 31))
def test_is_never_more_than_half_a_cent_off_and_symmetrical(seconds: int, price: Decimal, days: int) -> None:
    exact = money.prorated(seconds=seconds, price=price, days=days)
    assert abs(Fraction(money.cents(exact)) - exact) <= Fraction(1, 200)
    assert money.cents(-exact) == -money.cents(exact)


def test_months() -> None:
    assert list(months.between(date(2023, 12, 15), date(2024, 3, 1))) == [
        date(2023, 12, 1),
        date(2024, 1, 1),
        date(2024, 2, 1),
    ]
    assert list(months.between(date(2024, 3, 1), date(2024, 3, 1))) == []
    assert months.after(date(2024, 2, 10)) == date(2024, 3, 1)
    assert months.parse("2024-02") == date(2024, 2, 1)
    with pytest.raises(ValueError):
        months.parse("2024-13")
