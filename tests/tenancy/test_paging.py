"""Keyset pages: forwards and back, stable under inserts, and a damaged cursor is only the first page."""

import pytest

from tenancy.models import Customer
from tenancy.paging import Slice, page_of
from tests.factories import make_customer, make_partner

ORDER = ("name", "id")


@pytest.fixture
def names(db: None) -> list[str]:
    partner = make_partner()
    # Two share a name: the id decides.
    return [make_customer(partner, name).name for name in ("Ada", "Ben", "Ben", "Cleo", "Dora", "Émile", "Zoë")]


def page(**cursor: str) -> Slice:
    return page_of(Customer.objects.all(), order=ORDER, size=3, **cursor)


def shown(slice_: Slice) -> list[str]:
    return [customer.name for customer in slice_.items]


def test_forwards_and_back_show_every_row_once(names: list[str]) -> None:
    first = page()
    second = page(after=first.next)
    third = page(after=second.next)
    assert shown(first) + shown(second) + shown(third) == sorted(names)
    assert (first.previous, third.next) == ("", "")
    back = page(before=third.previous)
    assert shown(back) == shown(second)
    assert shown(page(before=back.previous)) == shown(first)
    assert page(before=back.previous).previous == ""


def test_an_insert_on_an_earlier_page_moves_nothing(names: list[str]) -> None:
    first = page()
    expected = shown(page(after=first.next))
    make_customer(Customer.objects.first().partner, "Aaron")
    assert shown(page(after=first.next)) == expected


def test_descending_orders_work_both_ways(names: list[str]) -> None:
    def descending(**cursor: str) -> Slice:
        return page_of(Customer.objects.all(), order=("-name", "-id"), size=3, **cursor)

    first = descending()
    second = descending(after=first.next)
    assert shown(first) + shown(second) == sorted(names, reverse=True)[:6]
    assert shown(descending(before=second.previous)) == shown(first)


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "%%%",
        "W10",
        "WyJhIl0",
        "bnVsbA",
        "WyJhIiwgImIiXQ",
        "WyJcdTAwMDAiLDFd",
        "ünï",
        "W3sieCI6MX0sMV0",
        "W1tb" * 4000,
    ],
)
def test_a_damaged_cursor_means_the_first_page(names: list[str], cursor: str) -> None:
    assert shown(page(after=cursor)) == shown(page())
    assert shown(page(before=cursor)) == shown(page())
