"""Onboarding templates: list, details flyout, its actions, and who may see any of it."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from partnerhub.models import OnboardingTemplate
from tenancy.models import AuditEvent
from tests.cast import Cast
from tests.factories import make_customer, make_origin, make_template

SignIn = Callable[[str], Client]
LIST_QUERIES = 6
PANEL_QUERIES = 8
PANEL = {"HX-Request": "true", "HX-Target": "panel"}
TABLE = {"HX-Request": "true", "HX-Target": "templates"}
OUTSIDERS = {
    "partner_plain": 403,
    "partner_admin": 403,
    "partner_readonly": 403,
    "helpdesk": 403,
    "subpartner_full": 404,
    "other_partner_full": 404,
    "customer_full": 404,
    "customer_restricted": 404,
}


@pytest.fixture
def client(sign_in: SignIn) -> Client:
    return sign_in("partner_full")


def list_url(cast: Cast, query: str = "") -> str:
    return reverse("partnerhub:template-list", args=[cast.north.public_id]) + query


def url(name: str, template: OnboardingTemplate) -> str:
    return reverse(f"partnerhub:template-{name}", args=[template.partner.public_id, template.public_id])


def names(client: Client, cast: Cast, query: str = "") -> list[str]:
    return [template.name for template in client.get(list_url(cast, query)).context["page"].items]


def make_three(cast: Cast) -> list[OnboardingTemplate]:
    admin = cast.admins["partner_full"]
    made = [make_template(cast.north, name, admin=admin) for name in ("banana", "Apple", "cherry")]
    made[2].state = "retired"
    made[2].save(update_fields=["state"])
    make_template(cast.south, "Foreign")
    make_template(cast.branch, "Branch's own")
    return made


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["Apple", "banana"]),
        ("?state=retired", ["cherry"]),
        ("?state=all", ["Apple", "banana", "cherry"]),
        ("?state=nonsense", ["Apple", "banana"]),
        ("?q=AN&state=all", ["banana"]),
        ("?q=%25", []),
        ("?q=_pple", []),
        ("?q=%00", ["Apple", "banana"]),
        ("?q=" + "x" * 500, ["Apple", "banana"]),
        ("?q=' OR 1=1 --", []),
        ("?after=garbage", ["Apple", "banana"]),
        ("?before=W10", ["Apple", "banana"]),
    ],
)
def test_search_state_and_order(client: Client, cast: Cast, query: str, expected: list[str]) -> None:
    make_three(cast)
    assert names(client, cast, query) == expected


def test_keyset_pages_forth_and_back(client: Client, cast: Cast) -> None:
    admin = cast.admins["partner_full"]
    everything = [make_template(cast.north, f"T {n:03}", admin=admin).name for n in range(55)]
    first = client.get(list_url(cast, "?q=T")).context
    second = client.get(first["next_url"]).context
    assert [t.name for t in first["page"].items + second["page"].items] == everything
    assert (first["previous_url"], second["next_url"]) == ("", "")
    assert [t.name for t in client.get(second["previous_url"]).context["page"].items] == everything[:50]
    assert "q=T" in first["next_url"]


def test_the_row_says_what_matters(client: Client, cast: Cast) -> None:
    template = make_template(
        cast.north, "Row", admin=cast.admins["partner_full"], country="DE", authentication="saml", idp_entity_id="x"
    )
    make_origin(cast.acme, template)
    page = client.get(list_url(cast)).content.decode()
    for text in ("Germany", "Partner authentication", "Active", url("panel", template)):
        assert text in page
    assert [t.customer_count for t in client.get(list_url(cast)).context["page"].items] == [1]


def test_empty_list_says_what_to_do_first(client: Client, cast: Cast) -> None:
    assert "No onboarding templates yet" in client.get(list_url(cast)).content.decode()
    assert "No templates found" in client.get(list_url(cast, "?q=zzz")).content.decode()


def test_htmx_gets_only_the_table(client: Client, cast: Cast) -> None:
    make_three(cast)
    body = client.get(list_url(cast), headers=TABLE).content.decode()
    assert "<html" not in body
    assert "Apple" in body


@pytest.mark.parametrize("rows", [1, 3])
def test_the_list_costs_the_same_at_any_size(
    client: Client, cast: Cast, rows: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(rows):
        template = make_template(cast.north, admin=cast.admins["partner_full"])
        make_origin(make_customer(cast.north), template)
    client.get(list_url(cast))
    with django_assert_num_queries(LIST_QUERIES):
        client.get(list_url(cast))


@pytest.mark.parametrize("rows", [1, 3])
def test_the_panel_costs_the_same_at_any_size(
    client: Client, cast: Cast, rows: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    template = make_template(cast.north, admin=cast.admins["partner_full"])
    for number in range(2, rows + 1):
        version = template.versions.get(number=1)
        version.pk, version.number = None, number
        version.save()
    client.get(url("panel", template))
    with django_assert_num_queries(PANEL_QUERIES):
        client.get(url("panel", template))


def test_panel_with_provisioning_id_settings_and_history(client: Client, cast: Cast) -> None:
    template = make_template(cast.north, "Shops", admin=cast.admins["partner_full"])
    version = template.versions.get()
    version.pk, version.number, version.country = None, 2, "FR"
    version.save()
    make_origin(cast.acme, template)
    plain = client.get(url("panel", template))
    body = plain.content.decode()
    for text in (f'data-copy="{template.provisioning_id}"', "France", "Version 2", "United States → France"):
        assert text in body
    assert "<html" in body
    partial = client.get(url("panel", template), headers=PANEL).content.decode()
    assert "<html" not in partial
    assert template.provisioning_id in partial


def test_closing_the_panel_keeps_the_filters(client: Client, cast: Cast) -> None:
    template = make_template(cast.north, admin=cast.admins["partner_full"])
    response = client.get(url("panel", template) + "?q=Temp&state=all")
    assert response.context["list_url"] == list_url(cast, "?q=Temp&state=all")


def test_retire_and_restore_by_button(client: Client, cast: Cast) -> None:
    template = make_template(cast.north, admin=cast.admins["partner_full"])
    for action, state in (("retire", "retired"), ("restore", "active")):
        response = client.post(url(action, template))
        assert (response.status_code, response["Location"]) == (302, url("panel", template))
        template.refresh_from_db()
        assert template.state == state


def test_delete_by_button(client: Client, cast: Cast) -> None:
    template = make_template(cast.north, "Gone", admin=cast.admins["partner_full"])
    response = client.post(url("delete", template), follow=True)
    assert "Gone was deleted." in response.content.decode()
    assert not OnboardingTemplate.objects.exists()
    assert client.get(url("panel", template)).status_code == 404


def test_delete_of_a_used_template_explains_itself(client: Client, cast: Cast) -> None:
    template = make_template(cast.north, admin=cast.admins["partner_full"])
    make_origin(cast.acme, template)
    response = client.post(url("delete", template))
    body = response.content.decode()
    assert response.status_code == 422
    assert "1 customer was created from this template, so it cannot be deleted. Retire it instead" in body
    assert OnboardingTemplate.objects.get() == template
    assert not AuditEvent.objects.exists()


@pytest.mark.parametrize("action", ["retire", "restore", "delete"])
def test_actions_take_no_get(client: Client, cast: Cast, action: str) -> None:
    template = make_template(cast.north, admin=cast.admins["partner_full"])
    assert client.get(url(action, template)).status_code == 405


@pytest.mark.parametrize("who", OUTSIDERS)
def test_everybody_else_sees_and_changes_nothing(sign_in: SignIn, cast: Cast, who: str) -> None:
    template = make_template(cast.north, "Secret", admin=cast.admins["partner_full"])
    outsider = sign_in(who)
    answers = [
        outsider.get(list_url(cast)),
        outsider.get(url("panel", template)),
        outsider.get(url("edit", template)),
        *[outsider.post(url(action, template)) for action in ("retire", "restore", "delete", "edit")],
    ]
    assert [answer.status_code for answer in answers] == [OUTSIDERS[who]] * 7
    assert all("Secret" not in answer.content.decode() for answer in answers)
    template.refresh_from_db()
    assert (template.state, AuditEvent.objects.exists()) == ("active", False)


@pytest.mark.parametrize("name", ["panel", "edit"])
def test_a_template_is_found_only_below_its_partner(client: Client, cast: Cast, name: str) -> None:
    foreign = make_template(cast.branch, admin=cast.admins["partner_full"])
    address = reverse(f"partnerhub:template-{name}", args=[cast.north.public_id, foreign.public_id])
    assert client.get(address).status_code == 404
