"""What has a price: each package by the month, and Setup Assist by the order (domain.md 6.1, 6.5, 11). Plain data."""

from dataclasses import dataclass

from billing.skus import SKUS
from tenancy.packages import PACKAGES


@dataclass(frozen=True)
class Item:
    """One thing on a report and an invoice. A price is for one `unit`; a first one has this SKU and description, unless it says others."""

    code: str
    name: str
    service_name: str
    sku: str
    description: str
    unit: str = "month"

    @property
    def monthly(self) -> bool:
        """Is it used by the second and paid by the month? The others are paid once."""
        return self.unit == "month"


EXPRESS, STANDARD = "setup_assist_express", "setup_assist_standard"
ITEMS: dict[str, Item] = {
    **{
        code: Item(code, PACKAGES[code].name, sku.service_name, sku.code, sku.description) for code, sku in SKUS.items()
    },
    EXPRESS: Item(
        EXPRESS,
        "Setup Assist Express",
        "SETUP_ASSIST_EXPRESS",
        "DEMO-WHS-SA-EXP",
        "Wholesale Setup Assist Express Usage",
        "location",
    ),
    STANDARD: Item(
        STANDARD,
        "Setup Assist Standard",
        "SETUP_ASSIST_STANDARD",
        "DEMO-WHS-SA-STD",
        "Wholesale Setup Assist Standard Usage",
        "user",
    ),
}
ITEM_CHOICES = [(item.code, item.name) for item in ITEMS.values()]
