"""What a partner asks of its own customers for a package: optional, for the margin. No invoice of ours is made with it."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from billing.items import ITEMS
from billing.models import CustomerPrice
from billing.services import price_dates
from tenancy import audit
from tenancy.access import authorize
from tenancy.actors import Actor
from tenancy.models import Customer, Partner
from tenancy.policy import Control


@dataclass(frozen=True)
class NewCustomerPrice:
    """A price by the month for a package; without a customer it is for all that have none of their own."""

    item: str
    price: Decimal
    valid_from: date
    valid_until: date | None = None
    customer: Customer | None = None


def add_customer_price(*, partner: Partner, new: NewCustomerPrice, by: Actor) -> CustomerPrice:
    """A price from a day on. The one before it ends there; it holds until its end, or until the next one. Raises PriceDatesClash."""
    authorize(by, Control.PARTNER_MARGIN, partner=partner)
    row = CustomerPrice(
        partner=partner,
        customer=new.customer,
        item=new.item,
        price=new.price,
        valid_from=new.valid_from,
        valid_until=new.valid_until,
        created_by=by.admin,
    )
    with transaction.atomic():
        before = price_dates.place(row, _history(row))
        changes = {"price": [str(before.price) if before else None, str(row.price)]}
        _record("create", f"Set {_named(row)} to {row.price} from {row.valid_from:%F}", row, changes, by)
    return row


def end_customer_price(*, price: CustomerPrice, valid_until: date, by: Actor) -> None:
    """Let a price end without a successor: use from that day on has no margin, or that of the general price."""
    authorize(by, Control.PARTNER_MARGIN, partner=price.partner)
    before = price.valid_until
    with transaction.atomic():
        price_dates.end(price, on=valid_until)
        changes = {"valid_until": [before and f"{before:%F}", f"{valid_until:%F}"]}
        _record("end", f"Ended {_named(price)} on {valid_until:%F}", price, changes, by)


def remove_customer_price(*, price: CustomerPrice, by: Actor) -> None:
    """Take back a price as if it had never been; the one before it holds in its place."""
    authorize(by, Control.PARTNER_MARGIN, partner=price.partner)
    with transaction.atomic():
        text = f"Removed {_named(price)} from {price.valid_from:%F}"
        _record("remove", text, price, {"price": [str(price.price), None]}, by)
        price_dates.take_back(price, _history(price))


def _history(price: CustomerPrice) -> QuerySet[CustomerPrice]:
    return CustomerPrice.objects.filter(partner=price.partner, customer=price.customer, item=price.item)


def _named(price: CustomerPrice) -> str:
    whose = f" for {price.customer.name}" if price.customer else ""
    return f"the customer price of {ITEMS[price.item].name}{whose}"


def _record(deed: str, text: str, price: CustomerPrice, changes: dict[str, Any], by: Actor) -> None:
    audit.record(
        action=f"customer_price.{deed}", text=text, target=price, partner=price.partner, changes=changes, by=by
    )
