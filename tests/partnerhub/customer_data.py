"""What the tests of customers type and pass."""

from typing import Any

from partnerhub.services.customers import Address, CustomerInfo, Headquarters

ADDRESS = Address(address_line1="20 Harbour Road", city="Springfield", state="IL", postal_code="62701", country="US")


def info(**changes: Any) -> CustomerInfo:
    """A valid customer, with `changes`."""
    values: dict[str, Any] = {
        "name": "Bluebird Logistics",
        "admin_email": "owner@bluebird.example.com",
        "external_id": "BB-1",
        "address": ADDRESS,
        "supported_location": True,
    }
    return CustomerInfo(**values | changes)


def headquarters(**changes: Any) -> Headquarters:
    """A valid first location, with `changes`."""
    values: dict[str, Any] = {
        "name": "Headquarters",
        "address": ADDRESS,
        "time_zone": "America/Chicago",
        "language": "en_US",
    }
    return Headquarters(**values | changes)
