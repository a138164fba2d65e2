"""The pages of the price book: who sees and changes what, bad input, CSV out and in, a query budget."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from billing.models import PriceBookEntry
from billing.queries import clock
from tenancy.models import Partner
from tests.cast import Cast
from tests.factories import make_price

pytestmark = pytest.mark.django_db
SignIn = Callable[[str], Client]
GOOD = {"item": "webex_suite", "price": "12.5", "valid_from": "2026-03-01"}
HEADER = "ITEM,SKU,DESCRIPTION,PRICE,CURRENCY,VALID_FROM,VALID_UNTIL"


def url(name: str, partner: Partner, *args: object) -> str:
    return reverse(f"billing:{name}", args=[partner.public_id, *args])


def text(response: object) -> str:
    return response.content.decode()  # type: ignore[attr-defined]


@pytest.fixture
def entry(cast: Cast) -> PriceBookEntry:
    return make_price(cast.north, "webex_suite", "17.25", description="North's suite")


def pages(entry: PriceBookEntry) -> list[str]:
    return [
        url("price-list", entry.partner),
        url("price-item", entry.partner, entry.item),
        url("price-export", entry.partner),
    ]


def forms(entry: PriceBookEntry) -> list[str]:
    return [
        url("price-add", entry.partner),
        url("price-import", entry.partner),
        url("price-end", entry.partner, entry.public_id),
        url("price-remove", entry.partner, entry.public_id),
    ]


@pytest.mark.parametrize("who", ["partner_full", "partner_plain", "partner_readonly"])
def test_readers_read(who: str, sign_in: SignIn, entry: PriceBookEntry) -> None:
    client = sign_in(who)
    answers = [client.get(page) for page in pages(entry)]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert ["17.25" in text(answer) for answer in answers[:2]] == [True, True]
    assert b"".join(answers[2].streaming_content).decode().splitlines() == [
        HEADER,
        "webex_suite,SKU-webex_suite,North's suite,17.2500,USD,2020-01-01,",
    ]
    assert answers[2]["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("who", "status"),
    [
        ("partner_admin", 403),
        ("helpdesk", 403),
        ("subpartner_full", 404),
        ("other_partner_full", 404),
        ("customer_full", 404),
    ],
)
def test_others_do_not(who: str, status: int, sign_in: SignIn, entry: PriceBookEntry) -> None:
    client = sign_in(who)
    assert {client.get(page).status_code for page in [*pages(entry), *forms(entry)]} == {status}
    assert {client.post(page, GOOD).status_code for page in forms(entry)} == {status}
    assert PriceBookEntry.objects.count() == 1


def test_a_reader_changes_nothing(sign_in: SignIn, entry: PriceBookEntry) -> None:
    client = sign_in("partner_readonly")
    page = text(client.get(url("price-item", entry.partner, entry.item)))
    assert [word in page for word in ("Add price", "Change price", "Import CSV", "Remove", "End<")] == [False] * 5
    assert {client.post(page, GOOD).status_code for page in forms(entry)} == {403}
    assert list(PriceBookEntry.objects.values_list("price", "valid_until")) == [(Decimal("17.25"), None)]


def test_a_sub_partner_reads_its_own_and_its_parent_changes_them(sign_in: SignIn, cast: Cast) -> None:
    own = make_price(cast.branch, "webex_suite", "9.99")
    sub, parent = sign_in("subpartner_full"), sign_in("partner_full")
    page = text(sub.get(url("price-list", cast.branch)))
    assert ("9.99" in page, "entered there" in page, "Add price" in page) == (True, True, False)
    assert {sub.post(page, GOOD).status_code for page in forms(own)} == {403}
    assert "Add price" in text(parent.get(url("price-list", cast.branch)))
    assert parent.post(url("price-add", cast.branch), GOOD).status_code == 302
    assert PriceBookEntry.objects.filter(partner=cast.branch).count() == 2


def test_a_price_of_another_partner_is_not_found(sign_in: SignIn, entry: PriceBookEntry, cast: Cast) -> None:
    client = sign_in("other_partner_full")
    assert client.get(url("price-end", cast.south, entry.public_id)).status_code == 404
    assert client.post(url("price-remove", cast.south, entry.public_id)).status_code == 404
    assert client.get(url("price-item", cast.south, "no_such_item")).status_code == 404


def test_adding_goes_to_the_history(sign_in: SignIn, entry: PriceBookEntry) -> None:
    response = sign_in("partner_full").post(url("price-add", entry.partner), GOOD, follow=True)
    assert response.redirect_chain == [(url("price-item", entry.partner, "webex_suite"), 302)]
    page = text(response)
    assert ("12.50" in page, "17.25" in page, "1 Jan 2020 – 28 Feb 2026" in page) == (True, True, True)


@pytest.mark.parametrize(
    ("typed", "complaint"),
    [
        ({"price": "-1"}, "greater than or equal to 0"),
        ({"price": "NaN"}, "Enter a number"),
        ({"price": "1.23456"}, "no more than 4 decimal places"),
        ({"price": ""}, "This field is required"),
        ({"item": "a_car"}, "not one of the available choices"),
        ({"valid_from": "01.03.2026"}, "Enter a valid date"),
        ({"valid_until": "2026-03-01"}, "ends after the day on which it begins"),
        ({"sku": "a\x00b"}, "Null characters are not allowed"),
        ({"description": "two\nlines"}, "Remove line breaks"),
        ({"valid_from": "2020-01-01"}, "There is a price from this day already"),
    ],
)
def test_bad_input_is_told_and_kept(
    typed: dict[str, str], complaint: str, sign_in: SignIn, entry: PriceBookEntry
) -> None:
    response = sign_in("partner_full").post(url("price-add", entry.partner), GOOD | typed)
    page = text(response)
    assert (response.status_code, complaint in page) == (422, True)
    assert f'value="{(GOOD | typed)["price"]}"' in page or not (GOOD | typed)["price"]
    assert PriceBookEntry.objects.count() == 1


def test_ending_and_removing(sign_in: SignIn, entry: PriceBookEntry) -> None:
    client = sign_in("partner_full")
    assert (
        client.post(url("price-end", entry.partner, entry.public_id), {"valid_until": "2019-01-01"}).status_code == 422
    )
    assert (
        client.post(url("price-end", entry.partner, entry.public_id), {"valid_until": "2026-03-01"}).status_code == 302
    )
    entry.refresh_from_db()
    assert entry.valid_until == date(2026, 3, 1)
    response = client.post(url("price-remove", entry.partner, entry.public_id), follow=True)
    assert "was removed" in text(response)
    assert not PriceBookEntry.objects.exists()


def upload(client: Client, partner: Partner, content: str | bytes) -> object:
    data = content if isinstance(content, bytes) else content.encode()
    return client.post(url("price-import", partner), {"file": SimpleUploadedFile("prices.csv", data)})


def test_what_is_exported_can_be_imported(sign_in: SignIn, entry: PriceBookEntry, cast: Cast) -> None:
    make_price(cast.north, "webex_calling", "8", start=date(2026, 1, 1), sku="=1+1", valid_until=date(2026, 4, 1))
    client = sign_in("partner_full")
    exported = b"".join(client.get(url("price-export", cast.north)).streaming_content)
    assert b",'=1+1," in exported
    for added in (2, 0):
        assert upload(client, cast.branch, exported).status_code == 302
        page = text(client.get(url("price-list", cast.branch)))
        assert f"{added} of 2 prices were new" in page
    columns = ("item", "sku", "description", "price", "valid_from", "valid_until")
    of = PriceBookEntry.objects.order_by("item").values_list(*columns)
    assert list(of.filter(partner=cast.branch)) == list(of.filter(partner=cast.north))


@pytest.mark.parametrize(
    ("content", "complaints"),
    [
        ("", ["The submitted file is empty"]),
        ("ITEM,PRICE\nwebex_suite,1\n", ["no column VALID_FROM"]),
        (HEADER, ["The file has no prices"]),
        (b"ITEM,PRICE,VALID_FROM\n\xff", ["not UTF-8"]),
        ('ITEM,PRICE,VALID_FROM\n"a', ["not valid CSV"]),
        ("ITEM,PRICE,VALID_FROM\n" + "webex_suite,1,2026-01-01\n" * 1_001, ["more than 1,000 prices"]),
        (
            "ITEM,PRICE,VALID_FROM,CURRENCY\nwebex_suite,1,2026-01-01,\nwebex_soup,1,2026-01-01,\n\nwebex_voice,x,1/1/26,CHF\n",
            [
                '<td class="number">3</td><td>Package or service: Select a valid choice. webex_soup is',
                '<td class="number">5</td><td>Price: Enter a number. Valid from: Enter a valid date. Currency: this subscription',
            ],
        ),
        ("ITEM,PRICE,VALID_FROM\nwebex_suite,1,2026-01-01,9\n", ["more cells than the first one"]),
        (
            "ITEM,PRICE,VALID_FROM\nwebex_voice,1,2026-01-01\nwebex_suite,1,2020-01-01\n",
            ['<td class="number">3</td><td>There is a price from this day already'],
        ),
    ],
)
def test_a_bad_file_is_told_line_by_line_and_changes_nothing(
    content: str | bytes, complaints: list[str], sign_in: SignIn, entry: PriceBookEntry, cast: Cast
) -> None:
    response = upload(sign_in("partner_full"), cast.north, content)
    page = text(response)
    assert response.status_code == 422  # type: ignore[attr-defined]
    assert [complaint for complaint in complaints if complaint not in page] == []
    assert list(PriceBookEntry.objects.all()) == [entry]


def test_the_list_says_what_is_missing_and_what_comes(sign_in: SignIn, cast: Cast) -> None:
    soon = clock.today() + timedelta(days=9)
    make_price(cast.north, "webex_suite", "1", valid_until=soon)
    make_price(cast.north, "webex_suite", "2.125", start=soon)
    make_price(cast.north, "webex_voice", "3", valid_until=soon)
    page = text(sign_in("partner_full").get(url("price-list", cast.north)))
    assert "2.125" in page
    assert f"from {soon:%-d %b %Y}" in page
    assert f"Ends {soon:%-d %b %Y}" in page
    assert page.count("No price</span>") == 9


@pytest.mark.parametrize("rows", [1, 3])
def test_the_list_asks_as_often_for_three_prices_as_for_one(
    rows: int, sign_in: SignIn, cast: Cast, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for n in range(rows):
        make_price(cast.north, "webex_suite", start=date(2026, 1, 1 + n), valid_until=date(2026, 1, 2 + n))
    client = sign_in("partner_full")
    with django_assert_num_queries(11):
        client.get(url("price-item", cast.north, "webex_suite"))
