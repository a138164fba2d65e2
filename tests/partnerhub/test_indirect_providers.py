"""Indirect providers: listed for the parent's wholesale admins, opened under one's own identity, unseen from below."""

from collections.abc import Callable
from datetime import date

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from tenancy.models import Partner
from tests.cast import Cast
from tests.factories import make_partner

SignIn = Callable[[str], Client]
QUERIES = 6
TABLE = {"HX-Request": "true", "HX-Target": "providers"}
ANSWERS = {
    "partner_full": 200,
    "partner_plain": 403,
    "partner_admin": 403,
    "partner_readonly": 403,
    "helpdesk": 403,
    "subpartner_full": 404,
    "other_partner_full": 404,
    "customer_full": 404,
}


def url(partner: Partner, query: str = "") -> str:
    return reverse("partnerhub:indirect-providers", args=[partner.public_id]) + query


def names(client: Client, partner: Partner, query: str = "") -> list[str]:
    return [provider.name for provider in client.get(url(partner, query)).context["page"].items]


@pytest.mark.parametrize("who", ANSWERS)
def test_who_sees_the_list(sign_in: SignIn, cast: Cast, who: str) -> None:
    assert sign_in(who).get(url(cast.north)).status_code == ANSWERS[who]


def test_the_row_says_what_matters_and_leads_there(sign_in: SignIn, cast: Cast) -> None:
    Partner.objects.filter(pk=cast.branch.pk).update(
        state="suspended", customer_count=17, billing_start_on=date(2024, 3, 5), country="DE"
    )
    body = sign_in("partner_full").get(url(cast.north)).content.decode()
    for text in ("Branch Reseller", "Suspended", ">17<", "5 Mar 2024", "Germany", cast.branch.subscription_id):
        assert text in body
    assert reverse("partnerhub:overview", args=[cast.branch.public_id]) in body


def test_only_ones_own_and_findable_by_name(sign_in: SignIn, cast: Cast) -> None:
    make_partner("alpha Resale", parent=cast.north)
    make_partner("Foreign Resale", parent=cast.south)
    client = sign_in("partner_full")
    assert names(client, cast.north) == ["alpha Resale", "Branch Reseller"]
    assert names(client, cast.north, "?q=ALPHA") == ["alpha Resale"]
    assert names(client, cast.north, "?q=%25") == []
    assert "No indirect providers found" in client.get(url(cast.north, "?q=zzz"), headers=TABLE).content.decode()


def test_pages_forth_and_back_beyond_a_hundred(sign_in: SignIn, cast: Cast) -> None:
    made = [make_partner(f"P {n:03}", parent=cast.north).name for n in range(105)]
    client, seen, address = sign_in("partner_full"), [], url(cast.north, "?q=P ")
    while address:
        context = client.get(address).context
        seen += [provider.name for provider in context["page"].items]
        address = context["next_url"]
    assert seen == made


@pytest.mark.parametrize("rows", [1, 3])
def test_it_costs_the_same_at_any_size(
    sign_in: SignIn, cast: Cast, rows: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(rows - 1):
        make_partner(parent=cast.north)
    client = sign_in("partner_full")
    client.get(url(cast.north))
    with django_assert_num_queries(QUERIES):
        client.get(url(cast.north))


@pytest.mark.parametrize("who", ["partner_full", "partner_plain", "partner_readonly"])
def test_a_bar_names_the_provider_and_leads_back(sign_in: SignIn, cast: Cast, who: str) -> None:
    client = sign_in(who)
    there, home = (reverse("partnerhub:overview", args=[p.public_id]) for p in (cast.branch, cast.north))
    body = client.get(there).content.decode()
    assert "an indirect provider of Northwind Voice" in body
    assert f'href="{home}"' in body
    assert client.get(home).status_code == 200


def test_the_provider_itself_sees_nothing_of_its_parent(sign_in: SignIn, cast: Cast) -> None:
    overview = reverse("partnerhub:overview", args=[cast.branch.public_id])
    body = sign_in("subpartner_full").get(overview).content.decode()
    assert "Northwind" not in body
    assert url(cast.branch) not in body


@pytest.mark.parametrize("who", ["partner_full", "subpartner_full"])
def test_a_provider_has_no_indirect_providers(sign_in: SignIn, cast: Cast, who: str) -> None:
    assert sign_in(who).get(url(cast.branch)).status_code == 403


def test_help_desk_of_the_parent_stays_outside(sign_in: SignIn, cast: Cast) -> None:
    overview = reverse("partnerhub:overview", args=[cast.branch.public_id])
    assert sign_in("helpdesk").get(overview).status_code == 404
