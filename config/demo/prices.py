"""What packages cost in the demo, what a partner asks of its customers, and the invoices of the months that are over."""

from datetime import date
from decimal import Decimal

from billing.services.customer_prices import NewCustomerPrice, add_customer_price
from billing.services.invoicing import issue_missing_invoices
from billing.services.prices import NewPrice, add_price
from config.demo.cast import LOGINS
from config.demo.state import Demo
from tenancy.actors import Actor, actor_for
from tenancy.models import AdminUser

# Invented, by the month and user; in the partner's own currency.
PRICES = {
    "webex_calling": "7.20",
    "webex_calling_standard": "5.10",
    "webex_suite": "12.40",
    "webex_meetings": "6.35",
    "webex_voice": "4.75",
    "cx_essentials": "9.90",
    "common_area_calling": "2.85",
    "attendant_console": "14.00",
    "cisco_calling_plan": "3.60",
    "setup_assist_express": "85.00",
    "setup_assist_standard": "4.00",
}
# In percent of the first one: an indirect provider has a price book of its own.
LEVEL = {"Northwind Voice": 100, "Harborlink": 104, "Meridian Connect": 96}
DEARER = "webex_suite"
# What Northwind Voice asks of its customers, in percent of what it pays, and of one of them. The last package has no price.
ASKED = {
    "webex_calling": 165,
    "webex_calling_standard": 160,
    "webex_suite": 150,
    "webex_meetings": 145,
    "webex_voice": 170,
}
SPECIAL = ("webex_calling", 140)


def make_prices(demo: Demo) -> None:
    """A price for everything since billing began, and one that has gone up on the first of this month."""
    this_month = demo.now.date().replace(day=1)
    for name, partner in demo.partners.items():
        by = _in_charge(partner.parent.name if partner.parent else name)
        for item, price in PRICES.items():
            at_first = Decimal(price) * LEVEL[name] / 100
            add_price(partner=partner, new=_price(item, at_first, demo.began.date()), by=by)
        risen = Decimal(PRICES[DEARER]) * (LEVEL[name] + 3) / 100
        add_price(partner=partner, new=_price(DEARER, risen, this_month), by=by)


def make_customer_prices(demo: Demo) -> None:
    """Prices of the first partner's own, and one that a customer has bargained down."""
    partner = demo.partners[LOGINS[0].at]
    by, start = _in_charge(partner.name), demo.began.date()
    for item, percent in ASKED.items():
        add_customer_price(partner=partner, new=NewCustomerPrice(item, _asked(item, percent), start), by=by)
    item, percent = SPECIAL
    customer = next(iter(partner.customers.order_by("name")))
    new = NewCustomerPrice(item, _asked(item, percent), start, customer=customer)
    add_customer_price(partner=partner, new=new, by=by)


def _asked(item: str, percent: int) -> Decimal:
    return (Decimal(PRICES[item]) * percent / 100).quantize(Decimal("0.01"))


def issue_invoices(demo: Demo) -> None:
    """Every month that is over, as beat would have done."""
    for issuing in issue_missing_invoices(until=demo.now.date()):
        if issuing.parked:
            raise RuntimeError(f"The demo's month of {issuing.partner} cannot be invoiced: {issuing.parked}")


def _price(item: str, price: Decimal, start: date) -> NewPrice:
    return NewPrice(item=item, price=price.quantize(Decimal("0.0001")), valid_from=start)


def _in_charge(partner: str) -> Actor:
    email = next(login.email for login in LOGINS if login.at == partner and login.role.endswith("partner_full"))
    return actor_for(AdminUser.objects.get(email=email), door="demo")
