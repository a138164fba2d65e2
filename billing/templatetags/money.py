"""How money and quantities are printed."""

from decimal import ROUND_HALF_UP, Decimal

from django import template

MILLIONTH = Decimal("0.000001")
register = template.Library()


@register.filter
def money(amount: Decimal) -> str:
    """An amount with its cents and a true minus sign: 1,234.50, −1.00."""
    return f"{amount:,.2f}".replace("-", "−")


@register.filter
def price(value: Decimal) -> str:
    """A price with at least two decimals, and as many more as it has."""
    whole, _, decimals = f"{value:,.4f}".partition(".")
    return f"{whole}.{decimals.rstrip('0').ljust(2, '0')}"


@register.filter
def quantity(days: Decimal) -> str:
    """Days of use with six decimals, half away from zero, as on billing reports: no second is lost in print."""
    return f"{days.quantize(MILLIONTH, ROUND_HALF_UP):,}".replace("-", "−")
