"""The organisation's name, through the service."""

from collections.abc import Callable

import pytest
from django.test import Client

from controlhub.services.account import NameNotAllowed, rename_company
from tenancy.places import data_region_for
from tests.cast import Cast
from tests.controlhub.pages import page


def test_a_new_name_is_audited_once(cast: Cast) -> None:
    for _ in range(2):
        rename_company(customer=cast.open_acme, name=" Open Dental ", by=cast.actor("customer_full"))
    cast.open_acme.refresh_from_db()
    assert cast.open_acme.name == "Open Dental"
    assert [event.changes for event in cast.open_acme.audit_events.all()] == [{"name": ["Open Acme", "Open Dental"]}]


@pytest.mark.parametrize("name", ["", "  ", "100 %", "x" * 121, "Open\nBcc: all@example.com", "Open\x1b[0m"])
def test_a_name_that_breaks_mails_or_columns_is_refused(cast: Cast, name: str) -> None:
    with pytest.raises(NameNotAllowed):
        rename_company(customer=cast.open_acme, name=name, by=cast.actor("customer_full"))
    cast.open_acme.refresh_from_db()
    assert (cast.open_acme.name, cast.open_acme.audit_events.count()) == ("Open Acme", 0)


def test_the_account_page_says_who_and_where(cast: Cast, sign_in: Callable[[str], Client]) -> None:
    response = sign_in("customer_full").get(page("account", cast.open_acme))
    assert response.context["data_region"] == "North America"
    assert cast.open_acme.primary_email in response.content.decode()


def test_data_stay_in_the_region_of_the_country() -> None:
    assert [data_region_for(country) for country in ("US", "DE", "GB", "SG", "NZ")] == [
        "North America",
        "Europe",
        "Europe",
        "Asia Pacific",
        "Australia",
    ]
