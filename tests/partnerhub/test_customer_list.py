"""The customer list: who sees what, search, filters, keyset pages, the panel, the export."""

import csv
import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from partnerhub.queries.customers import panel_of, with_panel_facts
from provisioning.models import ProvisioningJob
from tenancy.models import Customer, Partner
from tests.cast import Cast
from tests.factories import (
    make_customer,
    make_customer_admin,
    make_location,
    make_origin,
    make_package,
    make_partner,
    make_subscriber,
    make_template,
)

SignIn = Callable[[str], Client]
HTMX = {"HX-Request": "true"}


def list_url(partner: Partner, **query: Any) -> str:
    return reverse("partnerhub:customer-list", args=[partner.public_id], query=query)


def panel_url(partner: Partner, customer: Customer) -> str:
    return reverse("partnerhub:customer-panel", args=[partner.public_id, customer.public_id])


def names(client: Client, url: str) -> list[str]:
    """Names in the table, in their order."""
    response = client.get(url)
    assert response.status_code == 200
    return [row.customer.name for row in response.context["rows"]]


# -- Who sees what ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("who", "expected"),
    [
        ("partner_full", ["Acme Dental", "Open Acme"]),
        ("partner_plain", ["Acme Dental", "Open Acme"]),
        ("partner_readonly", ["Acme Dental", "Open Acme"]),
        ("helpdesk", ["Acme Dental", "Open Acme"]),
        ("partner_admin", ["Acme Dental"]),
    ],
)
def test_staff_see_their_partners_customers(who: str, expected: list[str], cast: Cast, sign_in: SignIn) -> None:
    assert names(sign_in(who), list_url(cast.north)) == expected


def test_parent_sees_its_sub_partners_list_and_not_the_other_way_round(cast: Cast, sign_in: SignIn) -> None:
    assert names(sign_in("partner_full"), list_url(cast.branch)) == ["Branch Bakery"]
    assert names(sign_in("subpartner_full"), list_url(cast.branch)) == ["Branch Bakery"]
    assert sign_in("subpartner_full").get(list_url(cast.north)).status_code == 404


PAGES = ["customer-list", "customer-export", "customer-progress", "customer-create"]


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("who", ["other_partner_full", "subpartner_full", "customer_full", "customer_restricted"])
def test_strangers_get_404(who: str, page: str, cast: Cast, sign_in: SignIn) -> None:
    assert sign_in(who).get(reverse(f"partnerhub:{page}", args=[cast.north.public_id])).status_code == 404


def test_somebody_not_signed_in_is_asked_to(cast: Cast) -> None:
    response = Client().get(list_url(cast.north))
    assert (response.status_code, response.headers["Location"].split("?")[0]) == (302, "/login/")


def test_assigned_administrator_is_not_told_how_many_customers_there_are(cast: Cast, sign_in: SignIn) -> None:
    Partner.objects.filter(pk=cast.north.pk).update(customer_count=12345)
    assert "12345" in sign_in("partner_full").get(list_url(cast.north)).content.decode()
    assert "12345" not in sign_in("partner_admin").get(list_url(cast.north)).content.decode()


# -- Search -------------------------------------------------------------------------------------------------------------
@pytest.fixture
def shop(cast: Cast) -> Partner:
    """A partner of north's kind with customers whose names are hard to search for."""
    partner = make_partner("Hard Names")
    cast.admins["shop"] = make_admin_of(partner)
    make_customer(partner, "Under_score", external_id="EXT_1", primary_email="first@under.example.com")
    make_customer(partner, "Underscore", external_id="EXT-1%", primary_email="second@plain.example.com")
    make_customer(partner, 'O\'Brien "Quote" Ltd', external_id="Q\\1", primary_email="third@quote.example.com")
    make_customer(partner, "Straße Größe 東京", external_id="U-1", primary_email="fourth@unicode.example.com")
    return partner


def make_admin_of(partner: Partner) -> Any:
    return make_template(partner).current_version.service_provider_admin


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("under", ["Under_score", "Underscore"]),
        ("UNDER_", ["Under_score"]),
        ("%", ["Underscore"]),
        ("_", ["Under_score"]),
        ("o'brien", ['O\'Brien "Quote" Ltd']),
        ('"quote"', ['O\'Brien "Quote" Ltd']),
        ("q\\", ['O\'Brien "Quote" Ltd']),
        ("größe", ["Straße Größe 東京"]),
        ("東", ["Straße Größe 東京"]),
        ("ext-1%", ["Underscore"]),
        ("fourth@UNICODE", ["Straße Größe 東京"]),
        ("  underscore  ", ["Underscore"]),
        ("'; DROP TABLE tenancy_customer; --", []),
        ("x" * 100, []),
    ],
)
def test_search_takes_every_sign_literally(text: str, expected: list[str], shop: Partner, sign_in: SignIn) -> None:
    assert names(sign_in("shop"), list_url(shop, q=text)) == expected


@pytest.mark.parametrize("query", [{"q": "a\x00b"}, {"q": "x" * 101}, {"status": "nonsense"}, {"restricted": "maybe"}])
def test_impossible_filters_are_explained(query: dict[str, str], shop: Partner, sign_in: SignIn) -> None:
    client = sign_in("shop")
    for headers in ({}, HTMX | {"HX-Target": "customers"}):
        response = client.get(list_url(shop, **query), headers=headers)
        assert response.status_code == 422
        assert "banner--error" in response.content.decode()
    assert client.get(reverse("partnerhub:customer-export", args=[shop.public_id], query=query)).status_code == 302


def test_search_by_the_email_of_an_administrator_or_user(cast: Cast, sign_in: SignIn) -> None:
    make_subscriber(cast.acme, email="sam@people.example.com")
    make_customer_admin(cast.open_acme, email="second-admin@people.example.com")
    client = sign_in("partner_full")

    assert names(client, list_url(cast.north, q="Sam@People.example.com")) == ["Acme Dental"]
    assert names(client, list_url(cast.north, q="second-admin@people.example.com")) == ["Open Acme"]
    make_subscriber(cast.south_customer, email="stranger@people.example.com")
    assert names(client, list_url(cast.north, q="stranger@people.example.com")) == []


def test_customers_of_indirect_providers_appear_only_when_searched_for(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in("partner_full")

    assert names(client, list_url(cast.north, indirect="on")) == ["Acme Dental", "Open Acme"]
    assert names(client, list_url(cast.north, q="branch")) == []
    assert names(client, list_url(cast.north, q="branch", indirect="on")) == ["Branch Bakery"]
    assert names(sign_in("helpdesk"), list_url(cast.north, q="branch", indirect="on")) == []
    assert names(sign_in("partner_admin"), list_url(cast.north, q="branch", indirect="on")) == []


def test_filters_by_status_and_restriction(cast: Cast, sign_in: SignIn) -> None:
    make_customer(cast.north, "Waiting", status="pending_rpl_review")
    client = sign_in("partner_full")

    assert names(client, list_url(cast.north, status="pending_rpl_review")) == ["Waiting"]
    assert names(client, list_url(cast.north, restricted="off")) == ["Open Acme"]
    assert names(client, list_url(cast.north, restricted="on", status="provisioned", q="dental")) == ["Acme Dental"]


@pytest.mark.parametrize(
    ("status", "word"),
    [
        ("provisioning", "In progress"),
        ("provisioned", "Active"),
        ("provisioned_with_errors", "Action needed"),
        ("updating", "Updating"),
        ("deleting", "Deleting"),
        ("error", "Failed"),
        ("pending_rpl_review", "Compliance review"),
    ],
)
def test_status_words_and_polling(status: str, word: str, cast: Cast, sign_in: SignIn) -> None:
    customer = make_customer(cast.north, "Nimbus", status=status)

    page = sign_in("partner_full").get(list_url(cast.north, q="nimbus")).content.decode()

    shown = re.search(r'id="status-[^>]*>\s*<span[^>]*>([^<]*)</span>', page)
    assert shown
    assert shown[1].strip() == word
    polls = reverse("partnerhub:customer-progress", args=[cast.north.public_id]) + f"?id={customer.public_id}"
    assert (polls in page) is (status in ("provisioning", "updating", "deleting"))


def test_the_poll_swaps_what_changed_and_stops(cast: Cast, sign_in: SignIn) -> None:
    waiting = make_customer(cast.north, "Waiting", status="provisioning")
    client = sign_in("partner_full")
    url = reverse("partnerhub:customer-progress", args=[cast.north.public_id])
    asked = {"id": [str(waiting.public_id), str(cast.south_customer.public_id), "no-uuid"]}

    first = client.get(url, asked, headers=HTMX).content.decode()
    Customer.objects.filter(pk=waiting.pk).update(status="provisioned", org_id=waiting.public_id)
    second = client.get(url, asked, headers=HTMX).content.decode()

    assert "every 3s" in first
    assert "Launch Control Hub" not in first
    assert "every 3s" not in second
    assert f'id="status-{waiting.public_id}" hx-swap-oob="true"' in second
    assert "Launch Control Hub of Waiting" in second
    assert str(cast.south_customer.public_id) not in first + second


# -- Pages --------------------------------------------------------------------------------------------------------------
def test_pages_follow_each_other_without_gaps_or_doubles(
    cast: Cast, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    partner = make_partner()
    cast.admins["pager"] = make_admin_of(partner)
    for name in ["Same", "Same", "Same", "Alpha", "Zulu"] * 23:
        make_customer(partner, name)
    client = sign_in("pager")

    seen: list[int] = []
    url = list_url(partner)
    while url:
        response = client.get(url)
        seen += [row.customer.pk for row in response.context["rows"]]
        url = response.context["next_url"]
        if len(seen) == 50:
            # Newcomers before and behind the place we are at neither hide nor repeat anybody.
            make_customer(partner, "Aardvark")
            late = make_customer(partner, "Zzz")
    back = client.get(response.context["previous_url"]).context["rows"]

    expected = list(partner.customers.exclude(name="Aardvark").order_by("name", "id").values_list("pk", flat=True))
    assert seen == expected
    assert seen[-1] == late.pk
    assert [row.customer.pk for row in back] == expected[50:100]


def test_a_damaged_cursor_means_the_first_page(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in("partner_full")
    for cursor in ["x", "\x00", "W10", "eyJhIjoxfQ", "🦜"]:
        assert names(client, list_url(cast.north, after=cursor)) == ["Acme Dental", "Open Acme"]


def count_queries(client: Client, url: str, **headers: str) -> int:
    client.get(url, headers=headers)  # the first request of a session also writes it
    with CaptureQueriesContext(connection) as queries:
        assert client.get(url, headers=headers).status_code == 200
    return len(queries)


def test_list_costs_the_same_for_one_and_three_rows(cast: Cast, sign_in: SignIn) -> None:
    partner = make_partner()
    cast.admins["one"] = make_admin_of(partner)
    client = sign_in("one")
    make_package(make_customer(partner))
    one = count_queries(client, list_url(partner))
    for _ in range(2):
        make_package(make_customer(partner, status="provisioning"))

    assert one == 7
    assert count_queries(client, list_url(partner)) == 7
    assert count_queries(client, list_url(partner, q="customer")) == 7
    assert count_queries(client, list_url(partner, q="@customer", indirect="on")) == 8


def test_panel_costs_the_same_for_one_and_three_rows(cast: Cast, sign_in: SignIn) -> None:
    partner = make_partner()
    cast.admins["one"] = make_admin_of(partner)
    client = sign_in("one")
    customer = make_customer(partner)
    make_package(customer)
    url = panel_url(partner, customer)
    one = count_queries(client, url)
    for package in ("webex_suite", "webex_meetings"):
        make_package(customer, package)
        make_package(make_customer(partner))

    assert one == 11
    assert count_queries(client, url) == 11
    assert count_queries(client, url, **HTMX, **{"HX-Target": "panel"}) == 9


# -- Panel --------------------------------------------------------------------------------------------------------------
def test_panel_shows_the_customer_beside_the_list_and_alone_for_htmx(cast: Cast, sign_in: SignIn) -> None:
    make_origin(cast.acme, make_template(cast.north, "Small business", admin=cast.admins["partner_full"]))
    make_package(cast.acme, "webex_calling", limit=10, used=4)
    client = sign_in("partner_full")

    whole = client.get(panel_url(cast.north, cast.acme) + "?q=acme")
    part = client.get(panel_url(cast.north, cast.acme), headers=HTMX | {"HX-Target": "panel"})

    assert [row.customer.name for row in whole.context["rows"]] == ["Acme Dental", "Open Acme"]
    for response in (whole, part):
        page = response.content.decode()
        assert "Small business, version 1" in page
        assert "4 of 10 used" in page
        assert cast.acme.primary_email in page
    assert "<html" in whole.content.decode()
    assert "<html" not in part.content.decode()
    assert f'href="{list_url(cast.north)}?q=acme"' in whole.content.decode()


def test_panel_shows_what_is_not_done_yet_the_oldest_first(cast: Cast) -> None:
    customer = cast.acme

    def shown() -> str:
        row = with_panel_facts(Customer.objects.filter(pk=customer.pk)).get()
        panel = panel_of(row, partner=cast.north, actor=cast.actor("partner_full"))
        return panel.job.kind if panel.job else ""

    assert shown() == ""
    onboarding = ProvisioningJob.objects.create(kind="onboard_customer", partner=cast.north, customer=customer)
    settings = ProvisioningJob.objects.create(kind="change_organization", partner=cast.north, customer=customer)
    assert shown() == "onboard_customer"
    for job, then in ((onboarding, "change_organization"), (settings, "change_organization")):
        ProvisioningJob.objects.filter(pk=job.pk).update(state="succeeded", finished_at=job.created_at)
        assert shown() == then


def test_panel_lists_what_is_left_to_set_up(cast: Cast, sign_in: SignIn) -> None:
    make_package(cast.acme)
    client = sign_in("partner_full")

    before = client.get(panel_url(cast.north, cast.acme)).context["panel"]
    make_location(cast.acme)
    make_subscriber(cast.acme)
    after = client.get(panel_url(cast.north, cast.acme)).context["panel"]

    assert [step.title for step in before.to_do] == ["Locations", "Phone numbers", "Users"]
    assert [step.title for step in after.to_do] == ["Phone numbers"]


@pytest.mark.parametrize("who", ["partner_admin", "subpartner_full", "other_partner_full", "customer_full"])
def test_panel_of_somebody_elses_customer_is_404(who: str, cast: Cast, sign_in: SignIn) -> None:
    partner = {"subpartner_full": cast.branch, "other_partner_full": cast.south}.get(who, cast.north)
    client = sign_in(who)

    for name in ("customer-panel", "customer-panel-progress", "customer-restricted", "customer-launch"):
        url = reverse(f"partnerhub:{name}", args=[partner.public_id, cast.open_acme.public_id])
        assert client.get(url).status_code == 404
        assert client.post(url, {"on": "0", "reason": "x"}).status_code in (404, 405)
    cast.open_acme.refresh_from_db()
    assert cast.open_acme.restricted is False
    assert not cast.open_acme.cross_launches.exists()


def test_parent_opens_the_panel_of_a_sub_partners_customer(cast: Cast, sign_in: SignIn) -> None:
    page = sign_in("partner_full").get(panel_url(cast.north, cast.branch_customer)).content.decode()
    assert "Branch Reseller" in page
    assert sign_in("helpdesk").get(panel_url(cast.north, cast.branch_customer)).status_code == 404


def test_buttons_follow_the_role(cast: Cast, sign_in: SignIn) -> None:
    reader = sign_in("partner_readonly").get(panel_url(cast.north, cast.acme)).content.decode()
    full = sign_in("partner_full").get(panel_url(cast.north, cast.acme)).content.decode()

    assert "Create wholesale customer" not in reader
    assert "restricted-dialog" not in reader
    assert "Set up customer" not in reader
    assert "Launch Control Hub" in reader
    assert "Create wholesale customer" in full
    assert "restricted-dialog" in full
    assert "Set up customer" in full


@pytest.mark.parametrize(
    ("status", "seconds"),
    [
        ("provisioning", "2s"),
        ("provisioned_with_errors", "10s"),
        ("error", "10s"),
        ("provisioned", ""),
        ("pending_rpl_review", ""),
    ],
)
def test_panel_asks_again_while_something_may_change(status: str, seconds: str, cast: Cast, sign_in: SignIn) -> None:
    customer = make_customer(cast.north, "Nimbus", status=status)
    page = sign_in("partner_full").get(panel_url(cast.north, customer)).content.decode()
    poller = re.search(r'<div id="panel-poller"[^>]*>', page)
    assert poller
    assert re.findall(r"every (\w+)", poller[0]) == ([seconds] if seconds else [])


def test_panel_poll_brings_the_row_along_when_the_list_shows_it(cast: Cast, sign_in: SignIn) -> None:
    url = reverse("partnerhub:customer-panel-progress", args=[cast.north.public_id, cast.acme.public_id])
    client = sign_in("partner_full")
    row = f'id="status-{cast.acme.public_id}"'

    both, alone = client.get(url + "?in_list=1").content.decode(), client.get(url).content.decode()

    assert row in both
    assert row not in alone
    for page in (both, alone):
        for part in ("panel-poller", "panel-status", "panel-actions", "panel-packages"):
            assert f'id="{part}"' in page


# -- Export -------------------------------------------------------------------------------------------------------------
def export(client: Client, partner: Partner, **query: str) -> list[list[str]]:
    response = client.get(reverse("partnerhub:customer-export", args=[partner.public_id], query=query))
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    return list(csv.reader(io.StringIO(b"".join(response.streaming_content).decode())))  # type: ignore[attr-defined]


def test_export_has_the_filtered_rows(cast: Cast, sign_in: SignIn) -> None:
    make_package(cast.acme, "webex_suite", used=3)
    make_package(cast.acme, "common_area_calling", used=2)
    lines = export(sign_in("partner_full"), cast.north, q="dental")

    assert [line[:8] for line in lines] == [
        [
            "Company name",
            "External customer ID",
            "Administrator email",
            "Status",
            "Restricted by Partner Mode",
            "Country",
            "Packages",
            "Users",
        ],
        [
            "Acme Dental",
            cast.acme.external_id,
            cast.acme.primary_email,
            "Active",
            "On",
            "US",
            "Webex Suite, Common Area Calling",
            "3",
        ],
    ]


def test_export_holds_only_what_the_actor_sees(cast: Cast, sign_in: SignIn) -> None:
    assert [line[0] for line in export(sign_in("partner_admin"), cast.north)] == ["Company name", "Acme Dental"]


def test_export_cannot_run_formulas(cast: Cast, sign_in: SignIn) -> None:
    make_customer(cast.north, '=HYPERLINK("http://evil.example.com")', external_id="+1+cmd|' /C calc'!A0")
    line = export(sign_in("partner_full"), cast.north)[1]
    assert line[:2] == ['\'=HYPERLINK("http://evil.example.com")', "'+1+cmd|' /C calc'!A0"]


def test_names_are_escaped_everywhere(cast: Cast, sign_in: SignIn) -> None:
    evil = make_customer(cast.north, "<script>alert(1)</script>", external_id='"><img src=x>')
    page = sign_in("partner_full").get(panel_url(cast.north, evil)).content.decode()
    assert "<script>alert" not in page
    assert "<img src=x>" not in page
