"""Seconds of use as people read them, and what stands above every billing page when days do not close."""

from decimal import Decimal
from typing import Any

from django import template

from billing.queries.corrections import days_of
from billing.queries.parked import parked_for
from tenancy.models import Partner

register = template.Library()


@register.filter
def days_used(seconds: int) -> Decimal:
    """Days of use, six decimals: 43200 is 0.500000."""
    return days_of(seconds)


@register.filter
def signed_days(seconds: int) -> str:
    """The same as a change: +0.500000, −1.000000."""
    return f"{days_of(seconds):+}".replace("-", "−")


@register.filter
def duration(seconds: int) -> str:
    """Hours, minutes and seconds with a sign: −18:00:00."""
    minutes, rest = divmod(abs(seconds), 60)
    return f"{'−' if seconds < 0 else '+'}{minutes // 60}:{minutes % 60:02}:{rest:02}"


@register.inclusion_tag("billing/parked.html")
def parked_notice(partner: Partner) -> dict[str, Any]:
    """A banner for each partner of this page whose usage is under review. One query."""
    return {"parked": parked_for(partner)}
