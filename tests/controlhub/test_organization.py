"""Organization settings, domains, calling settings and services: services first, then their pages."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from controlhub.jobs.mail import SUPPRESSED, send_invitation
from controlhub.models import OrganizationDomain, OrganizationSettings, SimulatedTxtRecord
from controlhub.queries.organization import ServiceStatus, organization_settings, service_statuses
from controlhub.services.domains import (
    MOST_DOMAINS,
    ClaimedElsewhere,
    DomainExists,
    NotADomain,
    NotVerified,
    RecordNotFound,
    TooManyDomains,
    add_domain,
    claim_domain,
    delete_domain,
    verify_domain,
)
from controlhub.services.organization import (
    AssistantNotIncluded,
    IdentityProviderMissing,
    NotAChoice,
    set_authentication,
    set_call_priority,
    set_call_recording,
    set_calling_behavior,
    set_email_settings,
    switch_assistant,
)
from tenancy.errors import DomainError, Forbidden
from tenancy.models import Customer
from tests.cast import Cast
from tests.controlhub.pages import page
from tests.factories import make_package
from tests.launching import launch

SignIn = Callable[[str], Client]


def chosen(customer: Customer) -> tuple[Any, ...]:
    row = organization_settings(customer)
    return (row.suppress_admin_invite_email, row.email_locale, row.authentication, row.idp_entity_id, row.assistant)


DEFAULTS = (False, "", "webex", "", True)


# -- Settings ------------------------------------------------------------------------------------------------------------
def test_without_a_row_everything_has_its_default(cast: Cast) -> None:
    assert (chosen(cast.open_acme), OrganizationSettings.objects.count()) == (DEFAULTS, 0)


def test_email_settings_are_kept_and_audited_once(cast: Cast) -> None:
    for _ in range(2):
        set_email_settings(
            customer=cast.open_acme,
            suppress_admin_invite_email=True,
            email_locale="de_DE",
            by=cast.actor("customer_full"),
        )
    assert chosen(cast.open_acme) == (True, "de_DE", "webex", "", True)
    assert send_invitation(customer=cast.open_acme, admin=cast.admins["customer_full"]) == SUPPRESSED
    assert [(event.action, event.changes) for event in cast.open_acme.audit_events.all()] == [
        ("settings.email_changed", {"suppress_admin_invite_email": [False, True], "email_locale": ["", "de_DE"]})
    ]


def test_webex_authentication_drops_the_identity_provider(cast: Cast) -> None:
    by = cast.actor("customer_full")
    set_authentication(customer=cast.open_acme, authentication="saml", idp_entity_id=" urn:idp ", by=by)
    assert chosen(cast.open_acme)[2:4] == ("saml", "urn:idp")
    set_authentication(customer=cast.open_acme, authentication="webex", idp_entity_id="urn:idp", by=by)
    assert chosen(cast.open_acme)[2:4] == ("webex", "")


def test_single_sign_on_needs_an_identity_provider(cast: Cast) -> None:
    with pytest.raises(IdentityProviderMissing):
        set_authentication(
            customer=cast.open_acme, authentication="oidc", idp_entity_id=" ", by=cast.actor("customer_full")
        )
    assert (chosen(cast.open_acme), cast.open_acme.audit_events.count()) == (DEFAULTS, 0)


def test_the_assistant_comes_only_with_meetings_or_suite(cast: Cast) -> None:
    by = cast.actor("customer_full")
    make_package(cast.open_acme, "webex_calling")
    make_package(cast.open_acme, "webex_suite", status="error")
    switch_assistant(customer=cast.open_acme, on=False, by=by)
    with pytest.raises(AssistantNotIncluded):
        switch_assistant(customer=cast.open_acme, on=True, by=by)
    assert organization_settings(cast.open_acme).assistant is False
    make_package(cast.open_acme, "webex_meetings")
    switch_assistant(customer=cast.open_acme, on=True, by=by)
    assert organization_settings(cast.open_acme).assistant is True


REFUSED_WHILE_RESTRICTED: list[tuple[Callable[..., Any], dict[str, Any]]] = [
    (set_email_settings, {"suppress_admin_invite_email": True, "email_locale": ""}),
    (set_authentication, {"authentication": "saml", "idp_entity_id": "urn:idp"}),
    (set_calling_behavior, {"calling_behavior": OrganizationSettings.CallingBehavior.THIRD_PARTY}),
    (add_domain, {"name": "acme.example.com"}),
]
REFUSED_ALWAYS: list[tuple[Callable[..., Any], dict[str, Any]]] = [
    (set_call_priority, {"call_priority": "mobile"}),
    (set_call_recording, {"call_recording": "webex"}),
]


@pytest.mark.parametrize(("change", "values"), REFUSED_WHILE_RESTRICTED + REFUSED_ALWAYS)
def test_a_restricted_administrator_changes_nothing(
    cast: Cast, change: Callable[..., Any], values: dict[str, Any]
) -> None:
    with pytest.raises(Forbidden):
        change(customer=cast.acme, by=cast.actor("customer_restricted"), **values)
    assert (OrganizationSettings.objects.count(), OrganizationDomain.objects.count()) == (0, 0)
    assert cast.acme.audit_events.count() == 0


@pytest.mark.parametrize(("change", "values"), REFUSED_ALWAYS)
def test_call_priority_and_recording_are_never_the_customers(
    cast: Cast, change: Callable[..., Any], values: dict[str, Any]
) -> None:
    with pytest.raises(Forbidden):
        change(customer=cast.open_acme, by=cast.actor("customer_full"), **values)
    assert (OrganizationSettings.objects.count(), cast.open_acme.audit_events.count()) == (0, 0)


@pytest.mark.parametrize(
    ("change", "values"),
    [
        (set_email_settings, {"suppress_admin_invite_email": False, "email_locale": "xx_XX"}),
        (set_authentication, {"authentication": "magic", "idp_entity_id": "x"}),
        (set_call_priority, {"call_priority": "magic"}),
        (set_calling_behavior, {"calling_behavior": "magic"}),
        (set_call_recording, {"call_recording": "magic"}),
    ],
)
def test_only_listed_values_are_taken(cast: Cast, change: Callable[..., Any], values: dict[str, Any]) -> None:
    with pytest.raises(NotAChoice):
        change(customer=cast.open_acme, by=cast.actor("partner_full"), **values)
    assert OrganizationSettings.objects.count() == 0


# -- Domains -------------------------------------------------------------------------------------------------------------
def publish(domain: OrganizationDomain) -> None:
    """Let the simulated DNS say what the domain's owner was asked to put there."""
    SimulatedTxtRecord.objects.create(name=domain.name, value=domain.txt_record)


def test_a_domain_is_added_verified_claimed_and_deleted(cast: Cast) -> None:
    customer, by = cast.open_acme, cast.actor("customer_full")
    domain = add_domain(customer=customer, name=" Mail.Example.COM. ", by=by)
    assert domain.name == "mail.example.com"
    with pytest.raises(NotVerified):
        claim_domain(customer=customer, domain=domain, by=by)
    with pytest.raises(RecordNotFound):
        verify_domain(customer=customer, domain=domain, by=by)
    publish(domain)
    verify_domain(customer=customer, domain=domain, by=by)
    claim_domain(customer=customer, domain=domain, by=by)
    domain.refresh_from_db()
    assert domain.verified_at is not None
    assert domain.claimed_at is not None
    delete_domain(customer=customer, domain=domain, by=by)
    assert customer.domains.count() == 0
    assert list(customer.audit_events.order_by("number").values_list("action", flat=True)) == [
        f"settings.domain_{verb}" for verb in ("added", "verified", "claimed", "deleted")
    ]


def test_one_organization_in_the_portal_claims_a_domain(cast: Cast) -> None:
    by = cast.actor("partner_full")
    first, second = (add_domain(customer=c, name="shared.example.com", by=by) for c in (cast.acme, cast.open_acme))
    for domain in (first, second):
        publish(domain)
        verify_domain(customer=domain.customer, domain=domain, by=by)
    claim_domain(customer=cast.acme, domain=first, by=by)
    with pytest.raises(ClaimedElsewhere):
        claim_domain(customer=cast.open_acme, domain=second, by=by)
    second.refresh_from_db()
    assert (second.claimed_at, cast.open_acme.audit_events.count()) == (None, 2)


@pytest.mark.parametrize("name", ["", "example", "a@b.example.com", "https://x.example.com", "-a.example.com", "a..b"])
def test_what_is_no_domain_is_refused(cast: Cast, name: str) -> None:
    with pytest.raises(NotADomain):
        add_domain(customer=cast.open_acme, name=name, by=cast.actor("customer_full"))
    assert cast.open_acme.domains.count() == 0


def test_a_domain_is_on_the_list_once_and_the_list_is_limited(cast: Cast) -> None:
    customer, by = cast.open_acme, cast.actor("customer_full")
    add_domain(customer=customer, name="a.example.com", by=by)
    with pytest.raises(DomainExists):
        add_domain(customer=customer, name="A.example.com", by=by)
    OrganizationDomain.objects.bulk_create(
        OrganizationDomain(customer=customer, name=f"x{n}.example.com") for n in range(MOST_DOMAINS - 1)
    )
    with pytest.raises(TooManyDomains):
        add_domain(customer=customer, name="b.example.com", by=by)
    assert customer.domains.count() == MOST_DOMAINS


def test_a_domain_of_another_organization_is_out_of_reach(cast: Cast) -> None:
    theirs = OrganizationDomain.objects.create(customer=cast.acme, name="acme.example.com")
    with pytest.raises(DomainError):
        delete_domain(customer=cast.open_acme, domain=theirs, by=cast.actor("customer_full"))
    assert cast.acme.domains.count() == 1


# -- Pages ---------------------------------------------------------------------------------------------------------------
def test_each_section_is_saved_by_itself(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in("customer_full")
    make_package(cast.open_acme, "webex_suite")
    posts = {
        "settings-email": {"email-suppress_admin_invite_email": "on", "email-email_locale": "fr_FR"},
        "settings-authentication": {
            "authentication-authentication": "oidc",
            "authentication-idp_entity_id": "acme-idp",
        },
        "settings-assistant": {},
    }
    for name, data in posts.items():
        response = client.post(page(name, cast.open_acme), data)
        assert (response.status_code, response.headers["Location"]) == (302, page("settings", cast.open_acme))
    assert chosen(cast.open_acme) == (True, "fr_FR", "oidc", "acme-idp", False)
    assert b"acme-idp" in client.get(page("settings", cast.open_acme)).content


def test_a_refusal_stands_beside_its_field_and_loses_nothing(cast: Cast, sign_in: SignIn) -> None:
    response = sign_in("customer_full").post(
        page("settings-authentication", cast.open_acme), {"authentication-authentication": "saml"}
    )
    form = response.context["forms"]["authentication"]
    assert (response.status_code, form.errors) == (422, {"idp_entity_id": [IdentityProviderMissing.message]})
    assert form["authentication"].value() == "saml"


def test_a_domain_is_walked_through_the_page(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in("customer_full")
    client.post(page("domain-add", cast.open_acme), {"domain-name": "mail.example.com"})
    domain = cast.open_acme.domains.get()
    response = client.post(page("domain-verify", cast.open_acme, domain))
    assert response.status_code == 422
    assert response.context["forms"]["domain"].non_field_errors() == [str(RecordNotFound(domain))]
    assert domain.txt_record in response.content.decode()
    publish(domain)
    for name in ("domain-verify", "domain-claim", "domain-delete"):
        assert client.post(page(name, cast.open_acme, domain)).status_code == 302, name
    assert cast.open_acme.domains.count() == 0


def test_restricted_sections_are_read_only_with_the_reason(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in("customer_restricted")
    make_package(cast.acme, "webex_suite")
    forms = client.get(page("settings", cast.acme)).context["forms"]
    locked = {name: all(field.disabled for field in form.fields.values()) for name, form in forms.items()}
    assert locked == {"domain": True, "email": True, "authentication": True, "assistant": False}
    response = client.get(page("calling-settings", cast.acme))
    forms = response.context["forms"]
    assert [field.disabled for form in forms.values() for field in form.fields.values()] == [True, True, True]
    assert b"<button" not in response.content.split(b"<main", 1)[1].split(b"</main>")[0]


def test_partner_staff_change_what_the_restriction_takes(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in("partner_full")
    launch(client, customer=cast.acme, by=cast.actor("partner_full"))
    for name, data in (
        ("calling-priority", {"priority-call_priority": "mobile"}),
        ("calling-behavior", {"behavior-calling_behavior": "CALL_WITH_APP_REGISTERED_FOR_TEL"}),
        ("calling-recording", {"recording-call_recording": "webex"}),
    ):
        assert client.post(page(name, cast.acme), data).status_code == 302, name
    row = organization_settings(cast.acme)
    assert (row.call_priority, row.calling_behavior, row.call_recording) == (
        "mobile",
        "CALL_WITH_APP_REGISTERED_FOR_TEL",
        "webex",
    )


def test_services_follow_the_packages(cast: Cast) -> None:
    make_package(cast.acme, "webex_voice")
    make_package(cast.acme, "webex_meetings", status="error")
    assert service_statuses(cast.acme) == [
        ServiceStatus("Calling", "success", "Active", ["Webex Voice"]),
        ServiceStatus("Meetings", "error", "Failed", ["Webex Meetings"]),
        ServiceStatus("Messaging", "error", "Failed", ["Webex Meetings"]),
    ]


@pytest.mark.parametrize(("who", "shown"), [("customer_restricted", False), ("customer_full", True)])
def test_migrations_and_connected_uc_hide_while_restricted(cast: Cast, sign_in: SignIn, who: str, shown: bool) -> None:
    customer = cast.acme if who == "customer_restricted" else cast.open_acme
    content = sign_in(who).get(page("services", customer)).content
    assert ((b"Migrations" in content), (b"Connected UC" in content)) == (shown, shown)


@pytest.mark.parametrize("rows", [1, 3])
def test_the_settings_page_costs_the_same_with_more_domains(
    cast: Cast, sign_in: SignIn, django_assert_num_queries: DjangoAssertNumQueries, rows: int
) -> None:
    for n in range(rows):
        OrganizationDomain.objects.create(customer=cast.open_acme, name=f"d{n}.example.com")
    client = sign_in("customer_full")
    with django_assert_num_queries(13):
        client.get(page("settings", cast.open_acme))
