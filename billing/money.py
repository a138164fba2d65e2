"""Exact money: everything before the cent is a fraction, and there is one rounding (docs/adr/0019)."""

from decimal import Decimal
from fractions import Fraction

from billing.models.ledger import SECONDS_PER_DAY

CENT = Decimal("0.01")


def prorated(*, seconds: int, price: Decimal, days: int) -> Fraction:
    """What `seconds` of a thing cost in a month of `days` days, exactly."""
    return Fraction(seconds) * Fraction(price) / (SECONDS_PER_DAY * days)


def cents(exact: Fraction) -> Decimal:
    """To the cent, half a cent away from zero: a charge and its reversal come to nothing."""
    whole = (abs(exact) * 100 + Fraction(1, 2)).__floor__()
    return (Decimal(whole) if exact >= 0 else -Decimal(whole)) * CENT
