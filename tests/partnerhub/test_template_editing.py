"""The wizard on an existing template: prefilled, a new version, and two people at once."""

from collections.abc import Callable

import pytest
from django.test import Client

from partnerhub.models import OnboardingTemplate, TemplateVersion
from tenancy.models import AuditEvent
from tests.cast import Cast
from tests.factories import make_partner_admin, make_template
from tests.partnerhub.template_data import PAGES, answers_of, fill, said, start, start_edit

SignIn = Callable[[str], Client]
EDIT_PAGES = PAGES[1:]


@pytest.fixture
def client(sign_in: SignIn) -> Client:
    return sign_in("partner_full")


@pytest.fixture
def template(cast: Cast) -> OnboardingTemplate:
    return make_template(
        cast.north,
        "Retail",
        admin=cast.admins["partner_full"],
        country="GB",
        email_language="en_GB",
        pstn_provider="Atlantic Voice",
        authentication="oidc",
        idp_entity_id="retail-idp",
        admin_invite_emails_on_attach=False,
        suppress_admin_invite_email=True,
        meeting_dial_in="partner",
    )


def current(template: OnboardingTemplate) -> TemplateVersion:
    return template.versions.order_by("-number")[0]


def test_every_page_holds_what_the_template_says(client: Client, template: OnboardingTemplate) -> None:
    draft = start_edit(client, template)
    shown = {}
    for page in EDIT_PAGES:
        form = client.get(f"{draft}{page}/").context["form"]
        shown |= {name: form[name].value() for name in form.fields}
    assert shown == {
        "name": "Retail",
        "country": "GB",
        "service_provider_admin": str(current(template).service_provider_admin.public_id),
        "email_language": "en_GB",
        "subscription_id": template.partner.subscription_id,
        "pstn_provider": "Atlantic Voice",
        "authentication": "oidc",
        "saml_entity_id": None,
        "oidc_idp_name": "retail-idp",
        "admin_invite_emails_on_attach": False,
        "suppress_admin_invite_email": True,
        "disable_free_calling": False,
        "meeting_dial_in": "partner",
    }


def test_one_changed_page_makes_the_next_version(client: Client, template: OnboardingTemplate) -> None:
    draft = start_edit(client, template)
    before = said(current(template))
    client.post(f"{draft}calling/", {"pstn_provider": ""})
    summary = client.get(f"{draft}summary/")
    assert summary.context["changes"] == [("Cloud connected PSTN provider", "Atlantic Voice", "None")]
    client.post(f"{draft}summary/")
    assert said(current(template)) == before | {"number": 2, "pstn_provider": ""}
    assert AuditEvent.objects.get().changes == {"pstn_provider": ["Atlantic Voice", ""]}


def test_confirming_unchanged_makes_no_version(client: Client, template: OnboardingTemplate) -> None:
    draft = start_edit(client, template)
    assert client.post(f"{draft}summary/").status_code == 302
    assert (template.versions.count(), AuditEvent.objects.count()) == (1, 0)


def test_its_own_name_is_not_taken(client: Client, template: OnboardingTemplate) -> None:
    draft = start_edit(client, template)
    answers = answers_of(current(template).service_provider_admin, template.partner, primary={"name": "RETAIL"})
    fill(client, draft, answers, "primary")
    client.post(f"{draft}summary/")
    template.refresh_from_db()
    assert template.name == "RETAIL"


def test_the_second_of_two_editors_is_told_and_loses_nothing(client: Client, template: OnboardingTemplate) -> None:
    first, second = start_edit(client, template), start_edit(client, template)
    client.post(f"{first}calling/", {"pstn_provider": ""})
    client.post(f"{second}email_call/", {"meeting_dial_in": "cisco", "disable_free_calling": "on"})
    client.post(f"{first}summary/")
    refused = client.post(f"{second}summary/")
    body = refused.content.decode()
    assert refused.status_code == 422
    assert "Somebody else changed this template while you were editing" in body
    assert refused.context["meanwhile"] == [("Cloud connected PSTN provider", "Atlantic Voice", "None")]
    assert template.versions.count() == 2
    # What was typed is still there, and replaces version 2 only when that is ticked.
    assert client.get(f"{second}email_call/").context["form"]["disable_free_calling"].value() is True
    assert client.post(f"{second}summary/").status_code == 422
    assert client.post(f"{second}summary/", {"replace_version": "2"}).status_code == 302
    assert (current(template).number, current(template).disable_free_calling) == (3, True)


@pytest.mark.parametrize("ticked", ["1", "3", "-1", "x", "²", "9" * 30])
def test_only_the_current_version_can_be_replaced(client: Client, template: OnboardingTemplate, ticked: str) -> None:
    first, second = start_edit(client, template), start_edit(client, template)
    client.post(f"{first}calling/", {"pstn_provider": ""})
    client.post(f"{second}calling/", {"pstn_provider": "Northern Carrier"})
    client.post(f"{first}summary/")
    assert client.post(f"{second}summary/", {"replace_version": ticked}).status_code == 422
    assert current(template).number == 2


def test_a_retired_template_is_not_edited(client: Client, template: OnboardingTemplate) -> None:
    draft = start_edit(client, template)
    client.post(f"{draft}calling/", {"pstn_provider": ""})
    OnboardingTemplate.objects.update(state="retired")
    response = client.post(f"{draft}summary/")
    assert response.status_code == 422
    assert "This template is retired. Restore it before editing it." in response.content.decode()
    assert template.versions.count() == 1


def test_an_admin_who_left_must_be_replaced(client: Client, cast: Cast, template: OnboardingTemplate) -> None:
    leaver = make_partner_admin(cast.north)
    template.versions.update(service_provider_admin=leaver)
    draft = start_edit(client, template)
    leaver.role_assignments.all().delete()
    assert client.post(f"{draft}summary/")["Location"] == f"{draft}primary/"
    body = client.get(f"{draft}primary/").content.decode()
    assert "This person is no administrator of your organization any more." in body


def test_a_draft_belongs_to_its_template(client: Client, cast: Cast, template: OnboardingTemplate) -> None:
    other = make_template(cast.north, admin=cast.admins["partner_full"])
    draft = start_edit(client, template).replace(str(template.public_id), str(other.public_id))
    assert client.get(f"{draft}primary/").status_code == 404


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"authentication": "saml"}, "saml_entity_id"),
        ({"authentication": "saml", "saml_entity_id": "two words"}, "saml_entity_id"),
        ({"authentication": "saml", "oidc_idp_name": "for-the-other-choice"}, "saml_entity_id"),
        ({"authentication": "oidc"}, "oidc_idp_name"),
        ({"authentication": "oidc", "oidc_idp_name": "no spaces!"}, "oidc_idp_name"),
        ({"authentication": "oidc", "oidc_idp_name": "x" * 129}, "oidc_idp_name"),
        ({"authentication": "kerberos"}, "authentication"),
        ({}, "authentication"),
    ],
)
def test_the_idp_is_asked_for_its_own_choice_only(
    client: Client, template: OnboardingTemplate, typed: dict[str, str], field: str
) -> None:
    draft = start_edit(client, template)
    response = client.post(f"{draft}authentication/", typed)
    assert (response.status_code, list(response.context["form"].errors)) == (422, [field])


def test_what_was_typed_for_another_choice_is_not_kept_in_the_template(
    client: Client, template: OnboardingTemplate
) -> None:
    draft = start_edit(client, template)
    client.post(
        f"{draft}authentication/",
        {"authentication": "webex", "saml_entity_id": "x y", "oidc_idp_name": "left over"},
    )
    client.post(f"{draft}summary/")
    assert (current(template).authentication, current(template).idp_entity_id) == ("webex", "")


def test_a_provider_that_does_not_cover_the_country_is_warned_about(client: Client, cast: Cast) -> None:
    draft = start(client, cast.north)
    answers = answers_of(cast.admins["partner_full"], cast.north, calling={"pstn_provider": "Northern Carrier"})
    fill(client, draft, answers)
    groups = [title for title, _ in client.get(f"{draft}calling/").context["form"].fields["pstn_provider"].choices]
    assert groups == ["", "Covers Germany", "Does not cover Germany"]
    assert "The chosen PSTN provider does not cover Germany." in client.get(f"{draft}summary/").content.decode()
    client.post(f"{draft}calling/", {"pstn_provider": "Atlantic Voice"})
    assert "does not cover" not in client.get(f"{draft}summary/").content.decode()


def test_only_people_of_the_partner_can_be_chosen(client: Client, cast: Cast) -> None:
    draft = start(client, cast.north)
    client.post(f"{draft}product/", {"product": "wholesale"})
    offered = client.get(f"{draft}primary/").context["form"].fields["service_provider_admin"].queryset
    assert {str(admin) for admin in offered} == {
        "Adam Assigned",
        "Hugo Helper",
        "Paula Full",
        "Peter Plain",
        "Rita Reader",
    }


def test_a_sub_partner_sees_the_shared_subscription(sign_in: SignIn, cast: Cast) -> None:
    client = sign_in("subpartner_full")
    draft = start(client, cast.branch)
    client.post(f"{draft}product/", {"product": "wholesale"})
    body = client.get(f"{draft}primary/").content.decode()
    assert f"{cast.north.subscription_id} (shared by your service provider)" in body
    assert cast.north.name not in body
