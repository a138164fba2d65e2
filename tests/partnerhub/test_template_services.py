"""Onboarding templates: what the services decide and write."""

import base64
import threading
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection

from partnerhub.models import CustomerOrigin, OnboardingTemplate, TemplateVersion
from partnerhub.services.suspension import PartnerSuspended
from partnerhub.services.templates import (
    TemplateChanged,
    TemplateInUse,
    TemplateNameTaken,
    TemplateRetired,
    TemplateSettingInvalid,
    TemplateSettings,
    create_template,
    delete_template,
    edit_template,
    restore_template,
    retire_template,
)
from tenancy.audit import verify_chain
from tenancy.errors import Forbidden
from tenancy.models import AuditEvent, Partner
from tests.cast import Cast, make_cast
from tests.factories import make_origin, make_template
from tests.partnerhub.template_data import said

WITHOUT_RIGHT = [
    "partner_plain",
    "partner_admin",
    "partner_readonly",
    "helpdesk",
    "subpartner_full",
    "other_partner_full",
    "customer_full",
]


@pytest.fixture
def settings_(cast: Cast) -> TemplateSettings:
    return TemplateSettings(
        country="DE",
        service_provider_admin=cast.admins["partner_full"],
        email_language="de_DE",
        subscription_id=cast.north.subscription_id,
    )


@pytest.fixture
def template(cast: Cast) -> OnboardingTemplate:
    return make_template(cast.north, "Retail", admin=cast.admins["partner_full"])


def everything() -> list[Any]:
    """All that these services may write."""
    return [
        list(OnboardingTemplate.objects.order_by("pk").values()),
        list(TemplateVersion.objects.order_by("pk").values()),
        AuditEvent.objects.count(),
    ]


def test_create_writes_template_first_version_and_event(cast: Cast, settings_: TemplateSettings) -> None:
    actor = cast.actor("partner_full")
    template = create_template(partner=cast.north, name=" Small business ", settings=settings_, by=actor)
    template.refresh_from_db()
    assert (template.name, template.state, template.partner) == ("Small business", "active", cast.north)
    assert template.current_version is not None
    assert said(template.current_version) == {
        "number": 1,
        "country": "DE",
        "service_provider_admin": actor.email,
        "email_language": "de_DE",
        "subscription_id": cast.north.subscription_id,
        "pstn_provider": "",
        "authentication": "webex",
        "idp_entity_id": "",
        "admin_invite_emails_on_attach": True,
        "suppress_admin_invite_email": False,
        "disable_free_calling": False,
        "meeting_dial_in": "cisco",
    }
    event = AuditEvent.objects.get()
    assert (event.action, event.target_id, event.partner, event.customer) == (
        "template.created",
        str(template.public_id),
        cast.north,
        None,
    )
    assert event.changes["service_provider_admin"] == [None, actor.email]
    assert verify_chain(f"partner:{cast.north.pk}") == ""


def test_provisioning_id_is_the_unpadded_base64_of_the_id(template: OnboardingTemplate) -> None:
    padded = template.provisioning_id + "=" * (-len(template.provisioning_id) % 4)
    assert base64.b64decode(padded).decode() == str(template.public_id)
    assert "=" not in template.provisioning_id


@pytest.mark.parametrize("who", WITHOUT_RIGHT)
def test_nobody_else_writes(cast: Cast, settings_: TemplateSettings, template: OnboardingTemplate, who: str) -> None:
    by, before = cast.actor(who), everything()
    deeds = [
        lambda: create_template(partner=cast.north, name="New", settings=settings_, by=by),
        lambda: edit_template(template=template, name="New", settings=settings_, expected_version=1, by=by),
        lambda: retire_template(template=template, by=by),
        lambda: restore_template(template=template, by=by),
        lambda: delete_template(template=template, by=by),
    ]
    for deed in deeds:
        with pytest.raises(Forbidden):
            deed()
    assert everything() == before


@pytest.mark.parametrize("name", ["Retail", "retail", "RETAIL "])
def test_names_are_unique_per_partner_ignoring_case(
    cast: Cast, settings_: TemplateSettings, template: OnboardingTemplate, name: str
) -> None:
    before = everything()
    with pytest.raises(TemplateNameTaken) as raised:
        create_template(partner=cast.north, name=name, settings=settings_, by=cast.actor("partner_full"))
    assert (raised.value.code, raised.value.field) == ("template_name_taken", "name")
    assert everything() == before


def test_another_partner_may_use_the_same_name(cast: Cast, settings_: TemplateSettings) -> None:
    make_template(cast.south, "Retail")
    create_template(partner=cast.north, name="Retail", settings=settings_, by=cast.actor("partner_full"))
    assert OnboardingTemplate.objects.filter(name="Retail").count() == 2


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("country", "XX"),
        ("email_language", "en_XX"),
        ("subscription_id", "Sub-of-somebody-else"),
        ("pstn_provider", "Unknown Carrier"),
        ("authentication", "ldap"),
        ("meeting_dial_in", "nobody"),
        ("idp_entity_id", "left-over"),
    ],
)
def test_settings_that_cannot_be_chosen_are_refused(
    cast: Cast, settings_: TemplateSettings, field: str, value: str
) -> None:
    with pytest.raises(TemplateSettingInvalid) as raised:
        create_template(
            partner=cast.north,
            name="New",
            settings=replace(settings_, **{field: value}),  # type: ignore[arg-type]
            by=cast.actor("partner_full"),
        )
    assert raised.value.field == field
    assert everything() == [[], [], 0]


@pytest.mark.parametrize("who", ["subpartner_full", "other_partner_full", "customer_full"])
def test_the_service_provider_admin_is_one_of_the_partners_people(
    cast: Cast, settings_: TemplateSettings, who: str
) -> None:
    with pytest.raises(TemplateSettingInvalid) as raised:
        create_template(
            partner=cast.north,
            name="New",
            settings=replace(settings_, service_provider_admin=cast.admins[who]),
            by=cast.actor("partner_full"),
        )
    assert raised.value.field == "service_provider_admin"


IDPS = [
    ("saml", "https://idp.example.com/metadata", True),
    ("saml", "urn:example:idp", True),
    ("saml", "", False),
    ("saml", "two words", False),
    ("saml", "x" * 200, True),
    ("saml", "x" * 201, False),
    ("oidc", "Acme_idp-1.2~b", True),
    ("oidc", "a" * 128, True),
    ("oidc", "a" * 129, False),
    ("oidc", "", False),
    ("oidc", "https://idp.example.com", False),
    ("oidc", "ümlaut", False),
    ("oidc", "line\nbreak", False),
]


@pytest.mark.parametrize(("method", "idp", "fine"), IDPS)
def test_identity_provider_rules(cast: Cast, settings_: TemplateSettings, method: str, idp: str, fine: bool) -> None:
    settings = replace(settings_, authentication=method, idp_entity_id=idp)
    by = cast.actor("partner_full")
    if fine:
        made = create_template(partner=cast.north, name="New", settings=settings, by=by)
        assert made.current_version is not None
        assert made.current_version.idp_entity_id == idp
        return
    with pytest.raises(TemplateSettingInvalid):
        create_template(partner=cast.north, name="New", settings=settings, by=by)


def test_a_sub_partner_gets_the_shared_subscription(cast: Cast, settings_: TemplateSettings) -> None:
    settings = replace(settings_, service_provider_admin=cast.admins["subpartner_full"])
    made = create_template(partner=cast.branch, name="New", settings=settings, by=cast.actor("subpartner_full"))
    assert made.current_version is not None
    assert made.current_version.subscription_id == cast.north.subscription_id


def test_a_parent_admin_may_make_a_sub_partners_template(cast: Cast, settings_: TemplateSettings) -> None:
    settings = replace(settings_, service_provider_admin=cast.admins["subpartner_full"])
    create_template(partner=cast.branch, name="New", settings=settings, by=cast.actor("partner_full"))
    event = AuditEvent.objects.get()
    assert (event.partner, event.actor_org_name) == (cast.branch, "Northwind Voice")


def test_edit_makes_a_version_and_customers_keep_theirs(
    cast: Cast, settings_: TemplateSettings, template: OnboardingTemplate
) -> None:
    origin = make_origin(cast.acme, template)
    edited = edit_template(
        template=template, name="Shops", settings=settings_, expected_version=1, by=cast.actor("partner_full")
    )
    assert edited.current_version is not None
    assert (edited.public_id, edited.name, edited.current_version.number) == (template.public_id, "Shops", 2)
    origin.refresh_from_db()
    assert (origin.template_version.number, origin.template_version.country) == (1, "US")
    event = AuditEvent.objects.get()
    assert (event.action, event.changes) == (
        "template.edited",
        {"name": ["Retail", "Shops"], "country": ["US", "DE"], "email_language": ["en_US", "de_DE"]},
    )


def test_edit_without_a_difference_writes_nothing(
    cast: Cast, settings_: TemplateSettings, template: OnboardingTemplate
) -> None:
    before = everything()
    same = replace(settings_, country="US", email_language="en_US")
    edit_template(template=template, name="Retail", settings=same, expected_version=1, by=cast.actor("partner_full"))
    assert everything() == before


@pytest.mark.parametrize("expected", [0, 2, 99])
def test_edit_of_an_outdated_version_is_refused(
    cast: Cast, settings_: TemplateSettings, template: OnboardingTemplate, expected: int
) -> None:
    before = everything()
    with pytest.raises(TemplateChanged):
        edit_template(
            template=template, name="X", settings=settings_, expected_version=expected, by=cast.actor("partner_full")
        )
    assert everything() == before


def test_retire_and_restore_once_each(cast: Cast, template: OnboardingTemplate, settings_: TemplateSettings) -> None:
    by = cast.actor("partner_full")
    for deed in (retire_template, retire_template):
        assert deed(template=template, by=by).state == "retired"
    with pytest.raises(TemplateRetired):
        edit_template(template=template, name="X", settings=settings_, expected_version=1, by=by)
    for deed in (restore_template, restore_template):
        assert deed(template=template, by=by).state == "active"
    assert list(AuditEvent.objects.order_by("number").values_list("action", flat=True)) == [
        "template.retired",
        "template.restored",
    ]


def test_a_suspended_partner_makes_and_changes_no_templates(
    cast: Cast, template: OnboardingTemplate, settings_: TemplateSettings
) -> None:
    Partner.objects.filter(pk=cast.north.pk).update(state=Partner.State.SUSPENDED)
    by, before = cast.actor("partner_full"), everything()
    with pytest.raises(PartnerSuspended):
        create_template(partner=cast.north, name="New", settings=settings_, by=by)
    with pytest.raises(PartnerSuspended):
        edit_template(template=template, name="Other", settings=settings_, expected_version=1, by=by)
    assert everything() == before
    delete_template(template=template, by=by)
    assert not cast.north.templates.exists()


def test_delete_takes_the_versions_along(cast: Cast, template: OnboardingTemplate) -> None:
    delete_template(template=template, by=cast.actor("partner_full"))
    assert everything() == [[], [], 1]
    event = AuditEvent.objects.get()
    assert (event.action, event.changes) == ("template.deleted", {"name": ["Retail", None]})


def test_a_template_in_use_is_not_deleted(
    cast: Cast, template: OnboardingTemplate, settings_: TemplateSettings
) -> None:
    by = cast.actor("partner_full")
    make_origin(cast.acme, template)
    edited = edit_template(template=template, name="Retail", settings=settings_, expected_version=1, by=by)
    make_origin(cast.open_acme, edited)
    before = everything()
    with pytest.raises(TemplateInUse) as raised:
        delete_template(template=edited, by=by)
    assert (raised.value.count, str(raised.value)[:60]) == (
        2,
        "2 customers were created from this template, so it cannot be",
    )
    assert everything() == before


@pytest.mark.django_db(transaction=True)
def test_a_customer_created_while_deleting_keeps_its_template(monkeypatch: pytest.MonkeyPatch) -> None:
    cast = make_cast()
    template = make_template(cast.north, admin=cast.admins["partner_full"])

    def create() -> None:
        make_origin(cast.acme, template)
        connection.close()

    def count_then_create(deleted: OnboardingTemplate) -> int:
        count = CustomerOrigin.objects.count()
        if not count:
            thread = threading.Thread(target=create)
            thread.start()
            thread.join()
        return count

    monkeypatch.setattr("partnerhub.services.templates.customers_using", count_then_create)
    with pytest.raises(TemplateInUse) as raised:
        delete_template(template=template, by=cast.actor("partner_full"))
    assert raised.value.count == 1
    assert CustomerOrigin.objects.get().template_version == template.current_version
    assert OnboardingTemplate.objects.get().current_version == template.current_version
    assert not AuditEvent.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_of_parallel_edits_one_wins() -> None:
    cast = make_cast()
    template = make_template(cast.north, admin=cast.admins["partner_full"])
    by = cast.actor("partner_full")
    results: list[str] = []
    barrier = threading.Barrier(5)

    def edit(country: str) -> None:
        barrier.wait()
        try:
            settings = TemplateSettings(
                country=country,
                service_provider_admin=cast.admins["partner_full"],
                email_language="en_US",
                subscription_id=cast.north.subscription_id,
            )
            edit_template(template=template, name="X", settings=settings, expected_version=1, by=by)
            results.append("saved")
        except TemplateChanged:
            results.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=edit, args=[country]) for country in ("DE", "FR", "GB", "JP", "AU")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["refused"] * 4 + ["saved"]
    assert TemplateVersion.objects.count() == 2
