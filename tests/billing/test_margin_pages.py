"""The pages of the margin and of customer prices: who sees and changes what, bad input, CSV, a query budget."""

import csv
import io
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from billing import months
from billing.errors import PriceDatesClash
from billing.models import CustomerPrice
from billing.services.closing import close_missing_days, close_partner
from billing.services.customer_prices import (
    NewCustomerPrice,
    add_customer_price,
    end_customer_price,
    remove_customer_price,
)
from tenancy.errors import Forbidden
from tenancy.models import AuditEvent, Partner
from tests.cast import Cast
from tests.factories import make_assignment, make_customer, make_customer_price, make_price, make_subscriber

pytestmark = pytest.mark.django_db
SignIn = Callable[[str], Client]
GOOD = {"item": "webex_suite", "price": "40.5", "valid_from": "2026-03-01"}


def url(name: str, partner: Partner, *args: object) -> str:
    return reverse(f"billing:{name}", args=[partner.public_id, *args])


def text(response: Any) -> str:
    return (b"".join(response.streaming_content) if response.streaming else response.content).decode()


@pytest.fixture
def priced(used: Cast, today: date) -> Cast:
    """Ten days of use, closed: North pays 30 and asks 60 for the suite, Branch pays 31 and asks 44."""
    for partner, paid, asked in ((used.north, "30", "60"), (used.branch, "31", "44")):
        make_price(partner, "webex_suite", paid)
        make_customer_price(partner, "webex_suite", asked)
    for closing in close_missing_days(until=today - timedelta(days=1)):
        assert not closing.parked
    return used


def reading(partner: Partner) -> list[str]:
    return [url(name, partner) for name in ("margin", "margin-export", "customer-price-list")]


def writing(price: CustomerPrice) -> list[str]:
    one = [url(f"customer-price-{deed}", price.partner, price.public_id) for deed in ("end", "remove")]
    return [url("customer-price-add", price.partner), *one]


@pytest.mark.parametrize("who", ["partner_full", "partner_plain", "partner_readonly"])
def test_readers_read(who: str, sign_in: SignIn, priced: Cast, today: date) -> None:
    month = f"{months.first_of(today - timedelta(days=10)):%Y-%m}"  # that of the suite's first day
    answers = [sign_in(who).get(path, {"month": month}) for path in reading(priced.north)]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    page, lines, prices = map(text, answers)
    assert ("Acme Dental" in page, "60.00" in prices, "44.00" in prices) == (True, True, False)
    suite = next(row for row in csv.DictReader(io.StringIO(lines)) if row["SERVICE_NAME"] == "WEBEX_SUITE")
    assert (suite["CUSTOMER_NAME"], Decimal(suite["REVENUE"]) > Decimal(suite["COST"]) > 0) == ("Acme Dental", True)
    assert answers[1]["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("who", "status"),
    [("partner_admin", 403), ("helpdesk", 403), ("subpartner_full", 404), ("other_partner_full", 404), ("customer_full", 404)],
)  # fmt: skip
def test_nobody_else_sees_the_margin(who: str, status: int, sign_in: SignIn, priced: Cast) -> None:
    price = CustomerPrice.objects.get(partner=priced.north)
    client = sign_in(who)
    assert {client.get(path).status_code for path in reading(priced.north)} == {status}
    assert {client.post(path, GOOD).status_code for path in writing(price)} == {status}
    assert CustomerPrice.objects.filter(partner=priced.north).count() == 1


def test_a_sub_partner_has_a_margin_of_its_own(sign_in: SignIn, priced: Cast) -> None:
    client = sign_in("subpartner_full")
    assert "44.00" in text(client.get(url("customer-price-list", priced.branch)))
    assert client.post(url("customer-price-add", priced.branch), GOOD).status_code == 302
    price = CustomerPrice.objects.get(partner=priced.north)
    assert client.post(url("customer-price-remove", priced.branch, price.public_id)).status_code == 404


def test_its_parent_looks_and_changes_nothing(sign_in: SignIn, priced: Cast) -> None:
    client, price = sign_in("partner_full"), CustomerPrice.objects.get(partner=priced.branch)
    answers = [client.get(path) for path in reading(priced.branch)]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert url("customer-price-add", priced.branch) not in text(answers[2])
    assert {client.get(path).status_code for path in writing(price)[:2]} == {403}
    assert {client.post(path, GOOD).status_code for path in writing(price)} == {403}
    assert list(CustomerPrice.objects.filter(partner=priced.branch)) == [price]


def test_readers_write_nothing(sign_in: SignIn, priced: Cast) -> None:
    price = CustomerPrice.objects.get(partner=priced.north)
    for who in ("partner_readonly",):
        assert {sign_in(who).post(path, GOOD).status_code for path in writing(price)} == {403}
    assert CustomerPrice.objects.filter(partner=priced.north).count() == 1


def test_adding_ending_removing(sign_in: SignIn, cast: Cast) -> None:
    client = sign_in("partner_full")
    for typed in (GOOD, GOOD | {"customer": cast.acme.external_id, "price": "39"}, GOOD | {"valid_from": "2026-05-01"}):
        assert client.post(url("customer-price-add", cast.north), typed).status_code == 302
    columns = CustomerPrice.objects.order_by("pk").values_list("customer", "price", "valid_from", "valid_until")
    assert list(columns) == [
        (None, Decimal("40.5"), date(2026, 3, 1), date(2026, 5, 1)),
        (cast.acme.pk, Decimal(39), date(2026, 3, 1), None),
        (None, Decimal("40.5"), date(2026, 5, 1), None),
    ]
    own = CustomerPrice.objects.get(customer=cast.acme)
    end = url("customer-price-end", cast.north, own.public_id)
    assert [client.post(end, {"valid_until": day}).status_code for day in ("2026-03-01", "2026-04-01")] == [422, 302]
    last = CustomerPrice.objects.latest("pk")
    page = text(client.post(url("customer-price-remove", cast.north, last.public_id), follow=True))
    assert "Webex Suite from 2026-05-01 was removed" in page
    assert list(columns.values_list("customer", "valid_until")) == [(None, None), (cast.acme.pk, date(2026, 4, 1))]
    assert list(AuditEvent.objects.order_by("pk").values_list("action", flat=True)) == [
        *["customer_price.create"] * 3,
        "customer_price.end",
        "customer_price.remove",
    ]


@pytest.mark.parametrize(
    ("typed", "complaint"),
    [
        ({"price": "-1"}, "greater than or equal to 0"),
        ({"price": "1.23456"}, "no more than 4 decimal places"),
        ({"item": "setup_assist_express"}, "not one of the available choices"),
        ({"valid_until": "2026-03-01"}, "ends after the day on which it begins"),
        ({"customer": "NOPE"}, "You have no customer with this external ID"),
        ({"valid_from": "2020-01-01"}, "There is a price from this day already"),
        ({"valid_from": "1/1/26"}, "Enter a valid date"),
    ],
)
def test_bad_input_is_told_and_kept(typed: dict[str, str], complaint: str, sign_in: SignIn, cast: Cast) -> None:
    make_customer_price(cast.north)
    response = sign_in("partner_full").post(url("customer-price-add", cast.north), GOOD | typed)
    page = text(response)
    assert (response.status_code, complaint in page) == (422, True)
    assert f'value="{(GOOD | typed)["price"]}"' in page
    assert CustomerPrice.objects.count() == 1


def test_another_partners_customer_cannot_be_priced(sign_in: SignIn, cast: Cast) -> None:
    for customer in (cast.branch_customer, cast.south_customer):
        response = sign_in("partner_full").post(
            url("customer-price-add", cast.north), GOOD | {"customer": customer.external_id}
        )
        assert response.status_code == 422
    assert not CustomerPrice.objects.exists()


def test_services_ask_for_the_right_themselves(cast: Cast) -> None:
    price = make_customer_price(cast.north)
    new = NewCustomerPrice("webex_suite", Decimal(1), date(2027, 1, 1))
    for who in ("partner_readonly", "subpartner_full", "partner_admin"):
        by = cast.actor(who)
        for deed in (
            lambda by=by: add_customer_price(partner=cast.north, new=new, by=by),
            lambda by=by: end_customer_price(price=price, valid_until=date(2027, 1, 1), by=by),
            lambda by=by: remove_customer_price(price=price, by=by),
        ):
            with pytest.raises(Forbidden):
                deed()
    overlapping = NewCustomerPrice("webex_suite", Decimal(1), date(2019, 1, 1), date(2020, 2, 1))
    with pytest.raises(PriceDatesClash):
        add_customer_price(partner=cast.north, new=overlapping, by=cast.actor("partner_full"))
    assert list(CustomerPrice.objects.all()) == [price]


def test_a_month_that_is_none_is_told(sign_in: SignIn, priced: Cast) -> None:
    response = sign_in("partner_full").get(url("margin", priced.north), {"month": "May"})
    assert (response.status_code, "Enter a month like 2026-03" in text(response)) == (422, True)
    assert "Nothing was used" in text(sign_in("partner_full").get(url("margin", priced.north), {"month": "2199-12"}))


def test_customers_are_paged_and_found(
    used: Cast, ago: Callable[..., datetime], today: date, sign_in: SignIn, django_assert_max_num_queries: Any
) -> None:
    make_price(used.south, "webex_suite", "30")
    make_customer_price(used.south, "webex_suite", "60")
    for n in range(60):
        customer = make_customer(used.south, f"Shop {n:02}")
        make_assignment(make_subscriber(customer), "webex_suite", start=ago(1))
    make_customer(used.south, "Shop without use")
    close_partner(partner=used.south, until=today - timedelta(days=1))
    client, path = sign_in("other_partner_full"), url("margin", used.south)
    client.get(path)
    with django_assert_max_num_queries(12):
        first = client.get(path)
    second = client.get(first.context["next_url"])
    names = [[row["customer"].name for row in page.context["rows"]] for page in (first, second)]
    assert names == [[f"Shop {n:02}" for n in range(50)], [*(f"Shop {n:02}" for n in range(50, 60)), "Southern Bank"]]
    found = client.get(path, {"q": "shop 07"}, headers={"HX-Request": "true", "HX-Target": "customers"})
    assert [row["customer"].name for row in found.context["rows"]] == ["Shop 07"]
    assert "By package" not in text(found)
    lines = list(csv.DictReader(io.StringIO(text(client.get(url("margin-export", used.south))))))
    assert len(lines) == 61


@pytest.mark.parametrize("size", [1, 3])
def test_pages_ask_as_often_for_three_as_for_one(
    size: int, priced: Cast, sign_in: SignIn, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for n in range(size):
        customer = make_customer(priced.north)
        make_customer_price(priced.north, customer=customer, start=date(2026, 1, 1 + n))
    client = sign_in("partner_full")
    client.get(url("margin", priced.north))
    with django_assert_num_queries(12):
        client.get(url("margin", priced.north))
    with django_assert_num_queries(7):
        client.get(url("customer-price-list", priced.north))
