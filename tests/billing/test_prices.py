"""The price book: one price a day, in line with what comes before and after, never another past for an invoice."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from billing.errors import PriceDatesClash, PriceInvoiced, PricesNotImported
from billing.models import PriceBookEntry
from billing.services.prices import NewPrice, add_price, end_price, import_prices, remove_price
from tenancy.actors import SYSTEM
from tenancy.errors import Forbidden
from tenancy.models import AuditEvent, Partner
from tests.billing.invoicing import FEBRUARY, MARCH, SUITE, at, close_until, issue, make_family
from tests.cast import Cast
from tests.factories import make_price

pytestmark = pytest.mark.django_db
JULY = date(2024, 7, 1)


def new(price: str, start: date, **fields: Any) -> NewPrice:
    return NewPrice(**{"item": SUITE, "price": Decimal(price), "valid_from": start} | fields)


def book(partner: Partner) -> list[tuple[str, str, str]]:
    entries = PriceBookEntry.objects.filter(partner=partner).order_by("valid_from")
    return [
        (str(entry.price), f"{entry.valid_from:%m-%d}", f"{entry.valid_until:%m-%d}" if entry.valid_until else "")
        for entry in entries
    ]


def test_a_new_price_ends_the_one_before_and_keeps_its_names(cast: Cast) -> None:
    by = cast.actor("partner_full")
    add_price(partner=cast.north, new=new("10", FEBRUARY, sku="A-1", description="Suite"), by=by)
    second = add_price(partner=cast.north, new=new("12.3456", MARCH), by=by)
    assert book(cast.north) == [("10.0000", "02-01", "03-01"), ("12.3456", "03-01", "")]
    assert (second.sku, second.description, second.created_by) == ("A-1", "Suite", by.admin)
    assert list(AuditEvent.objects.order_by("pk").values_list("action", "changes")) == [
        ("price.create", {"price": [None, "10"]}),
        ("price.create", {"price": ["10.0000", "12.3456"]}),
    ]


def test_the_first_price_of_an_item_has_the_items_names(cast: Cast) -> None:
    entry = add_price(partner=cast.north, new=new("10", MARCH), by=cast.actor("partner_full"))
    assert (entry.sku, entry.description) == ("DEMO-WHS-SUITE", "Wholesale Webex Suite")


def test_a_price_in_between_holds_until_the_next_one(cast: Cast) -> None:
    for price, start in (("1", FEBRUARY), ("3", JULY), ("2", MARCH)):
        add_price(partner=cast.north, new=new(price, start), by=cast.actor("partner_full"))
    assert book(cast.north) == [("1.0000", "02-01", "03-01"), ("2.0000", "03-01", "07-01"), ("3.0000", "07-01", "")]


@pytest.mark.parametrize(
    "clashing", [new("5", MARCH), new("5", FEBRUARY, valid_until=date(2024, 3, 2))], ids=["same day", "overlap"]
)
def test_two_prices_never_hold_on_one_day(cast: Cast, clashing: NewPrice) -> None:
    make_price(cast.north, SUITE, "4", start=MARCH)
    with pytest.raises(PriceDatesClash):
        add_price(partner=cast.north, new=clashing, by=cast.actor("partner_full"))
    assert book(cast.north) == [("4.0000", "03-01", "")]
    assert not AuditEvent.objects.exists()


def test_the_database_itself_refuses_an_overlap(cast: Cast) -> None:
    make_price(cast.north, SUITE, start=MARCH)
    make_price(cast.north, "webex_calling", start=MARCH)
    make_price(cast.branch, SUITE, start=MARCH)
    with pytest.raises(IntegrityError, match="one_price_at_a_time"), transaction.atomic():
        make_price(cast.north, SUITE, start=FEBRUARY)


def test_removing_a_price_lets_the_one_before_hold_again(cast: Cast) -> None:
    make_price(cast.north, SUITE, "1", start=FEBRUARY, valid_until=MARCH)
    wrong = make_price(cast.north, SUITE, "99", start=MARCH, valid_until=JULY)
    remove_price(entry=wrong, by=cast.actor("partner_full"))
    assert book(cast.north) == [("1.0000", "02-01", "07-01")]


def test_ending_a_price_leaves_days_without_one(cast: Cast) -> None:
    entry = make_price(cast.north, SUITE, "1", start=FEBRUARY)
    end_price(entry=entry, valid_until=MARCH, by=cast.actor("partner_full"))
    assert book(cast.north) == [("1.0000", "02-01", "03-01")]
    with pytest.raises(PriceDatesClash):
        end_price(entry=entry, valid_until=FEBRUARY, by=cast.actor("partner_full"))


def test_what_an_invoice_used_can_only_be_ended_after_it() -> None:
    family = make_family()
    entry = make_price(family.partner, SUITE, "29")
    family.use(SUITE, at(2, 1), None)
    close_until(date(2024, 2, 29))
    issue(MARCH)
    for refused in (
        lambda: add_price(partner=family.partner, new=new("5", date(2024, 2, 29)), by=SYSTEM),
        lambda: end_price(entry=entry, valid_until=date(2024, 2, 29), by=SYSTEM),
        lambda: remove_price(entry=entry, by=SYSTEM),
    ):
        with pytest.raises(PriceInvoiced):
            refused()
        entry.refresh_from_db()
    for field, value in (("price", 5), ("sku", "x"), ("valid_from", date(2019, 1, 1))):
        with pytest.raises(IntegrityError, match="used this price"), transaction.atomic():
            PriceBookEntry.objects.update(**{field: value})
    assert book(family.partner) == [("29.0000", "01-01", "")]
    add_price(partner=family.partner, new=new("5", MARCH), by=SYSTEM)
    assert book(family.partner) == [("29.0000", "01-01", "03-01"), ("5.0000", "03-01", "")]


def test_an_import_is_all_or_nothing_and_says_which_line(cast: Cast) -> None:
    make_price(cast.north, SUITE, "4", start=MARCH)
    rows = [(2, new("1", FEBRUARY)), (3, new("5", MARCH)), (4, new("6", JULY, valid_until=date(2024, 8, 1)))]
    with pytest.raises(PricesNotImported) as caught:
        import_prices(partner=cast.north, rows=rows, by=cast.actor("partner_full"))
    assert caught.value.lines == [
        (3, "There is a price from this day already. Remove it first, or choose another day.")
    ]
    assert book(cast.north) == [("4.0000", "03-01", "")]
    assert import_prices(partner=cast.north, rows=[rows[0], rows[2]], by=cast.actor("partner_full")) == 2
    assert book(cast.north) == [
        ("1.0000", "02-01", "03-01"),
        ("4.0000", "03-01", "07-01"),
        ("6.0000", "07-01", "08-01"),
    ]
    assert import_prices(partner=cast.north, rows=[rows[0], rows[2]], by=cast.actor("partner_full")) == 0


def test_only_the_parent_changes_the_prices_of_a_sub_partner(cast: Cast) -> None:
    price = new("5", MARCH)
    for who in ("subpartner_full", "partner_readonly", "partner_admin", "helpdesk", "other_partner_full"):
        with pytest.raises(Forbidden):
            add_price(partner=cast.branch, new=price, by=cast.actor(who))
    assert book(cast.branch) == []
    add_price(partner=cast.branch, new=price, by=cast.actor("partner_plain"))
    assert book(cast.branch) == [("5.0000", "03-01", "")]
