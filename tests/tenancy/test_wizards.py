"""The wizard engine, through its first wizard (Create onboarding template): nothing lost, nothing doubled."""

import itertools
import random
import threading
from collections.abc import Callable
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from partnerhub.models import OnboardingTemplate, TemplateVersion
from tenancy.models import AuditEvent, WizardDraft
from tests.cast import Cast, make_cast
from tests.partnerhub.template_data import PAGES, answers_of, fill, start

SignIn = Callable[[str], Client]
EVERYBODY_ELSE = ["partner_plain", "partner_admin", "partner_readonly", "helpdesk"]
STRANGERS = ["subpartner_full", "other_partner_full", "customer_full", "customer_restricted"]


def outcome() -> tuple[int, int, int]:
    """(templates, versions, audit events of templates)."""
    return (
        OnboardingTemplate.objects.count(),
        TemplateVersion.objects.count(),
        AuditEvent.objects.filter(category="template").count(),
    )


@pytest.fixture
def answers(cast: Cast) -> dict[str, dict[str, str]]:
    return answers_of(cast.admins["partner_full"], cast.north)


@pytest.fixture
def client(sign_in: SignIn) -> Client:
    return sign_in("partner_full")


@pytest.fixture
def draft(client: Client, cast: Cast) -> str:
    return start(client, cast.north)


def test_opening_makes_a_draft_and_goes_to_its_first_page(client: Client, cast: Cast) -> None:
    url = reverse("partnerhub:template-create", args=[cast.north.public_id])
    location = client.get(url)["Location"]
    row = WizardDraft.objects.get()
    assert location == f"{url}{row.public_id}/product/"
    assert (row.kind, row.owner, row.partner, row.data) == (
        "create_template",
        cast.admins["partner_full"],
        cast.north,
        {},
    )


def test_from_the_first_page_to_submit(client: Client, draft: str, answers: dict[str, dict[str, str]]) -> None:
    for page, following in itertools.pairwise([*PAGES, "summary"]):
        assert client.get(f"{draft}{page}/").status_code == 200
        response = client.post(f"{draft}{page}/", answers[page])
        assert (response.status_code, response["Location"]) == (302, f"{draft}{following}/")
    assert client.get(f"{draft}summary/").status_code == 200
    assert outcome() == (0, 0, 0)
    client.post(f"{draft}summary/")
    assert outcome() == (1, 1, 1)


@pytest.mark.parametrize("order", [random.Random(seed).sample(PAGES, len(PAGES)) for seed in range(12)])
def test_pages_may_be_typed_in_any_order(
    client: Client, draft: str, answers: dict[str, dict[str, str]], order: list[str]
) -> None:
    for page in order:
        assert client.post(f"{draft}{page}/", answers[page]).status_code == 302
    response = client.post(f"{draft}summary/")
    assert outcome() == (1, 1, 1)
    assert response["Location"].endswith(f"/templates/{OnboardingTemplate.objects.get().public_id}/")


@pytest.mark.parametrize("missing", PAGES)
def test_a_skipped_page_is_asked_before_the_summary(
    client: Client, draft: str, answers: dict[str, dict[str, str]], missing: str
) -> None:
    fill(client, draft, answers, *[page for page in PAGES if page != missing])
    for response in (client.get(f"{draft}summary/"), client.post(f"{draft}summary/")):
        assert (response.status_code, response["Location"]) == (302, f"{draft}{missing}/")
    assert outcome() == (0, 0, 0)


@pytest.mark.parametrize("page", [*PAGES[2:], "summary", "nonsense"])
def test_a_page_ahead_of_the_first_open_one_cannot_be_shown(client: Client, draft: str, page: str) -> None:
    client.post(f"{draft}product/", {"product": "wholesale"})
    assert client.get(f"{draft}{page}/")["Location"] == f"{draft}primary/"


def test_an_unknown_page_takes_no_input(client: Client, draft: str) -> None:
    assert client.post(f"{draft}nonsense/", {"name": "x"}).status_code == 404
    assert WizardDraft.objects.get().data == {}


def test_bad_input_is_marked_and_everything_typed_stays(
    client: Client, draft: str, answers: dict[str, dict[str, str]]
) -> None:
    fill(client, draft, answers, "product")
    typed = answers["primary"] | {"name": "x" * 81, "country": ""}
    response = client.post(f"{draft}primary/", typed)
    form = response.context["form"]
    assert (response.status_code, sorted(form.errors)) == (422, ["country", "name"])
    for shown in (response, client.get(f"{draft}primary/")):
        assert f'value="{"x" * 81}"' in shown.content.decode()
        assert f'<option value="{typed["service_provider_admin"]}" selected>' in shown.content.decode()


def test_reloading_keeps_what_was_typed(client: Client, draft: str, answers: dict[str, dict[str, str]]) -> None:
    fill(client, draft, answers)
    for page in PAGES:
        form = client.get(f"{draft}{page}/").context["form"]
        assert {name: form[name].value() or "" for name in answers[page]} == {
            name: True if value == "on" else value for name, value in answers[page].items()
        }


def test_back_stores_the_page_without_complaint(client: Client, draft: str, answers: dict[str, dict[str, str]]) -> None:
    fill(client, draft, answers, "product")
    half = {"name": "Half typed", "country": "", "back": "1"}
    response = client.post(f"{draft}primary/", half)
    assert (response.status_code, response["Location"]) == (302, f"{draft}product/")
    assert "Half typed" in client.get(f"{draft}primary/").content.decode()


def test_the_step_list_stores_the_page_it_leaves(
    client: Client, draft: str, answers: dict[str, dict[str, str]]
) -> None:
    fill(client, draft, answers)
    response = client.post(f"{draft}calling/", {"pstn_provider": "Atlantic Voice", "go": "product"})
    assert response["Location"] == f"{draft}product/"
    assert WizardDraft.objects.get().data["calling"] == {"pstn_provider": ["Atlantic Voice"]}


@pytest.mark.parametrize("target", ["../../../evil/", "nonsense", "https://example.com/"])
def test_a_step_that_does_not_exist_leads_to_the_summary(
    client: Client, draft: str, answers: dict[str, dict[str, str]], target: str
) -> None:
    fill(client, draft, answers)
    assert client.post(f"{draft}calling/", {"go": target})["Location"] == f"{draft}summary/"


def test_back_on_the_summary_does_not_hand_in(client: Client, draft: str, answers: dict[str, dict[str, str]]) -> None:
    fill(client, draft, answers)
    assert client.post(f"{draft}summary/", {"back": "1"})["Location"] == f"{draft}email_call/"
    assert outcome() == (0, 0, 0)


def test_a_page_made_invalid_later_is_asked_again(
    client: Client, draft: str, answers: dict[str, dict[str, str]]
) -> None:
    fill(client, draft, answers)
    client.post(f"{draft}authentication/", {"authentication": "saml"})
    response = client.post(f"{draft}summary/")
    assert response["Location"] == f"{draft}authentication/"
    assert outcome() == (0, 0, 0)


def test_two_tabs_of_one_draft_lose_nothing(client: Client, draft: str, answers: dict[str, dict[str, str]]) -> None:
    fill(client, draft, answers)
    client.post(f"{draft}calling/", {"pstn_provider": "Atlantic Voice"})
    client.post(f"{draft}email_call/", {"meeting_dial_in": "partner"})
    client.post(f"{draft}summary/")
    version = TemplateVersion.objects.get()
    assert (version.pstn_provider, version.meeting_dial_in) == ("Atlantic Voice", "partner")


def test_two_wizards_side_by_side_are_two_drafts(
    client: Client, cast: Cast, answers: dict[str, dict[str, str]]
) -> None:
    first, second = start(client, cast.north), start(client, cast.north)
    for draft, name in ((first, "One"), (second, "Two")):
        fill(client, draft, answers | {"primary": answers["primary"] | {"name": name}})
    for draft in (second, first):
        client.post(f"{draft}summary/")
    assert sorted(OnboardingTemplate.objects.values_list("name", flat=True)) == ["One", "Two"]


def test_a_second_confirm_back_and_reload_lead_to_the_result(
    client: Client, draft: str, answers: dict[str, dict[str, str]]
) -> None:
    fill(client, draft, answers)
    result = client.post(f"{draft}summary/")["Location"]
    again = [
        client.post(f"{draft}summary/"),
        client.get(f"{draft}summary/"),
        client.get(f"{draft}primary/"),
        client.post(f"{draft}primary/", answers["primary"] | {"name": "Another"}),
    ]
    assert [(response.status_code, response["Location"]) for response in again] == [(302, result)] * 4
    assert outcome() == (1, 1, 1)


def test_what_the_service_refuses_appears_beside_its_field(
    client: Client, cast: Cast, answers: dict[str, dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    drafts = [start(client, cast.north), start(client, cast.north)]
    for draft in drafts:
        fill(client, draft, answers)
    # The name is free when the form looks and taken when the row is written: two people at the same moment.
    monkeypatch.setattr("partnerhub.forms.templates.name_taken", lambda *args, **kwargs: False)
    client.post(f"{drafts[0]}summary/")
    response = client.post(f"{drafts[1]}summary/")
    assert (response.status_code, response.context["page"].key) == (422, "primary")
    assert response.context["form"].errors["name"] == [
        "Another onboarding template has this name. Choose a different one."
    ]
    assert outcome() == (1, 1, 1)
    # Nothing is lost: a new name is enough.
    client.post(f"{drafts[1]}primary/", answers["primary"] | {"name": "Another"})
    client.post(f"{drafts[1]}summary/")
    assert outcome() == (2, 2, 2)


@pytest.mark.parametrize("who", STRANGERS)
def test_a_strangers_draft_is_not_found(
    sign_in: SignIn, draft: str, answers: dict[str, dict[str, str]], who: str
) -> None:
    stranger = sign_in(who)
    assert stranger.get(f"{draft}product/").status_code == 404
    assert stranger.post(f"{draft}product/", answers["product"]).status_code == 404
    assert WizardDraft.objects.get().data == {}


@pytest.mark.parametrize("who", EVERYBODY_ELSE)
def test_other_roles_may_not_open_the_wizard(
    sign_in: SignIn, cast: Cast, draft: str, answers: dict[str, dict[str, str]], who: str
) -> None:
    client = sign_in(who)
    url = reverse("partnerhub:template-create", args=[cast.north.public_id])
    assert [client.get(url).status_code, client.get(f"{draft}product/").status_code] == [403, 403]
    assert client.post(f"{draft}product/", answers["product"]).status_code == 403
    assert [row.data for row in WizardDraft.objects.all()] == [{}]


def test_a_colleagues_draft_is_not_found(cast: Cast, sign_in: SignIn, draft: str) -> None:
    cast.admins["partner_plain"].role_assignments.update(role="partner_wholesale")
    assert sign_in("partner_plain").get(f"{draft}product/").status_code == 404


def test_a_draft_is_bound_to_its_partner(client: Client, cast: Cast, draft: str) -> None:
    elsewhere = draft.replace(str(cast.north.public_id), str(cast.branch.public_id))
    assert client.get(f"{elsewhere}product/").status_code == 404
    assert (
        client.get(draft.replace(str(WizardDraft.objects.get().public_id), str(uuid4())) + "product/").status_code
        == 404
    )


def test_a_withdrawn_role_ends_the_wizard(
    client: Client, cast: Cast, draft: str, answers: dict[str, dict[str, str]]
) -> None:
    fill(client, draft, answers)
    cast.admins["partner_full"].role_assignments.update(role="partner_full")
    assert client.post(f"{draft}summary/").status_code == 403
    assert outcome() == (0, 0, 0)


@pytest.mark.parametrize(
    "name", ["NUL \x00 inside", "<script>alert(1)</script>", "' OR 1=1 --", "Ünïcödé 🎉", "{{ 7|add:7 }}"]
)
def test_odd_characters_are_only_text(
    client: Client, draft: str, answers: dict[str, dict[str, str]], name: str
) -> None:
    fill(client, draft, answers | {"primary": answers["primary"] | {"name": name}})
    assert client.get(f"{draft}summary/").status_code == 200
    client.post(f"{draft}summary/")
    assert OnboardingTemplate.objects.get().name == name.replace("\x00", "")


@pytest.mark.django_db(transaction=True)
def test_parallel_confirms_make_one() -> None:
    cast = make_cast()
    admin = cast.admins["partner_full"]
    clients = [Client() for _ in range(6)]
    for client in clients:
        client.force_login(admin)
    draft = start(clients[0], cast.north)
    fill(clients[0], draft, answers_of(admin, cast.north))
    barrier, locations = threading.Barrier(len(clients)), []

    def confirm(client: Client) -> None:
        barrier.wait()
        try:
            locations.append(client.post(f"{draft}summary/")["Location"])
        finally:
            connection.close()

    threads = [threading.Thread(target=confirm, args=[client]) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    template = OnboardingTemplate.objects.get()
    result = reverse("partnerhub:template-panel", args=[cast.north.public_id, template.public_id])
    assert locations == [result] * len(clients)
    assert outcome() == (1, 1, 1)
