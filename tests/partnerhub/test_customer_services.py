"""Creating a customer and switching Restricted by Partner Mode, through the services."""

import functools
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

import pytest
from django.core import mail

from controlhub.models import CustomerPackage, Location
from partnerhub.models import CustomerOrigin, OnboardingTemplate
from partnerhub.services import customers
from partnerhub.services.customers import create_customer, set_restricted_mode
from provisioning.models import ProvisioningJob, ProvisioningStep
from tenancy.audit import verify_chain
from tenancy.errors import DomainError, Forbidden
from tenancy.models import AuditEvent, Customer, Partner
from tests.cast import Cast, make_cast
from tests.controlhub.races import at_once
from tests.factories import make_customer, make_subscriber, make_template
from tests.partnerhub.customer_data import ADDRESS, headquarters, info

Create = Callable[..., Customer]
COUNTED = (Customer, CustomerOrigin, CustomerPackage, Location, ProvisioningJob, ProvisioningStep, AuditEvent)


def counts() -> dict[str, int]:
    return {model.__name__: model._default_manager.count() for model in COUNTED}


@pytest.fixture
def template(cast: Cast) -> OnboardingTemplate:
    return make_template(cast.north, "Small business", admin=cast.admins["partner_full"], email_language="es_ES")


@pytest.fixture
def create(cast: Cast, template: OnboardingTemplate) -> Create:
    def call(**changes: Any) -> Customer:
        values: dict[str, Any] = {
            "partner": cast.north,
            "template": template,
            "info": info(),
            "packages": {"webex_calling": 10, "attendant_console": None},
            "location": headquarters(),
            "by": cast.actor("partner_full"),
        }
        return create_customer(**values | changes)

    return call


def test_create_customer_makes_everything_at_once(cast: Cast, template: OnboardingTemplate, create: Create) -> None:
    customer = create()

    customer.refresh_from_db()
    assert (customer.name, customer.external_id, customer.primary_email) == (
        "Bluebird Logistics",
        "BB-1",
        "owner@bluebird.example.com",
    )
    assert (customer.status, customer.restricted, customer.org_id) == ("provisioning", True, None)
    # No language in the request: the template's (domain.md 13.7).
    assert (customer.language, customer.time_zone) == ("es_ES", "America/Chicago")
    assert customer.origin.template_version == template.current_version
    assert customer.origin.created_by == cast.admins["partner_full"]
    assert sorted(customer.packages.values_list("package", "limit", "used", "status")) == [
        ("attendant_console", None, 0, "provisioning"),
        ("webex_calling", 10, 0, "provisioning"),
    ]
    location = customer.locations.get()
    assert (location.name, location.is_headquarters, location.language, location.confirmed_at) == (
        "Headquarters",
        True,
        "en_us",
        None,
    )
    assert (location.city, location.state, location.postal_code) == ("Springfield", "IL", "62701")
    job = customer.jobs.get()
    assert (job.kind, job.state, job.requested_by) == ("onboard_customer", "queued", cast.admins["partner_full"])
    assert ("package", "webex_calling") in job.steps.values_list("name", "item")
    assert job.steps.filter(name="location").exists()
    event = customer.audit_events.get()
    assert (event.action, event.actor, event.changes["packages"]) == (
        "customer.created",
        cast.admins["partner_full"],
        [None, {"webex_calling": 10, "attendant_console": None}],
    )
    assert verify_chain(f"customer:{customer.pk}") == ""
    cast.north.refresh_from_db()
    assert cast.north.customer_count == 1


def test_a_new_customer_starts_with_its_templates_sign_in_and_mails(cast: Cast, create: Create) -> None:
    template = make_template(
        cast.north,
        admin=cast.admins["partner_full"],
        email_language="es_ES",
        authentication="saml",
        idp_entity_id="urn:idp",
        suppress_admin_invite_email=True,
    )
    row = create(template=template).organization_settings
    assert (row.authentication, row.idp_entity_id, row.suppress_admin_invite_email, row.email_locale) == (
        "saml",
        "urn:idp",
        True,
        "es_ES",
    )


def test_meetings_only_needs_no_location(create: Create) -> None:
    customer = create(packages={"webex_meetings": None}, location=None)

    assert not customer.locations.exists()
    assert not customer.jobs.get().steps.filter(name="location").exists()


WRONG: list[tuple[str, dict[str, Any], str, str]] = [
    ("no packages", {"packages": {}}, "no_package", "packages"),
    ("unknown package", {"packages": {"nonsense": None}}, "no_package", "packages"),
    ("zero limit", {"packages": {"webex_calling": 0}}, "invalid_limit", "packages"),
    (
        "limit on a package without limits",
        {"packages": {"webex_calling": 1, "cisco_calling_plan": 5}},
        "invalid_limit",
        "packages",
    ),
    (
        "add-on alone",
        {"packages": {"attendant_console": None}, "location": None},
        "missing_dependency",
        "packages",
    ),
    (
        "plan on meetings",
        {"packages": {"cisco_calling_plan": None, "webex_meetings": None}, "location": None},
        "missing_dependency",
        "packages",
    ),
    ("calling without location", {"location": None}, "location_needed", "location"),
    ("location without calling", {"packages": {"webex_meetings": None}}, "location_needed", "location"),
    ("no declaration", {"info": info(supported_location=False)}, "supported_location_not_declared", "supported_location"),
    ("percent in the name", {"info": info(name="100 % Organic")}, "invalid_customer", "name"),
    ("line break in the name", {"info": info(name="Blue\nbird")}, "invalid_customer", "name"),
    ("empty name", {"info": info(name="  ")}, "invalid_customer", "name"),
    ("long name", {"info": info(name="x" * 121)}, "invalid_customer", "name"),
    ("bad e-mail", {"info": info(admin_email="owner at bluebird")}, "invalid_customer", "admin_email"),
    ("empty external id", {"info": info(external_id="")}, "invalid_customer", "external_id"),
    ("no state in the US", {"info": info(address=replace(ADDRESS, state=""))}, "invalid_customer", "state"),
    ("bad zip code", {"info": info(address=replace(ADDRESS, postal_code="ABC"))}, "invalid_customer", "postal_code"),
    ("unknown country", {"info": info(address=replace(ADDRESS, country="XX"))}, "invalid_customer", "country"),
    (
        "header in the emergency identifier",
        {"location": headquarters(emergency_location_identifier="a\r\nVia: evil")},
        "invalid_customer",
        "location",
    ),
    ("line break in the city", {"info": info(address=replace(ADDRESS, city="Spring\nfield"))}, "invalid_customer", "city"),
    ("long street", {"info": info(address=replace(ADDRESS, address_line1="x" * 51))}, "invalid_customer", "address_line1"),
    ("deprecated time zone", {"location": headquarters(time_zone="US/Central")}, "invalid_customer", "time_zone"),
    ("long location name", {"location": headquarters(name="x" * 81)}, "invalid_customer", "location"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "code", "field"), [pytest.param(*row[1:], id=row[0]) for row in WRONG])
def test_create_customer_refuses_and_leaves_nothing(
    changes: dict[str, Any], code: str, field: str, create: Create
) -> None:
    before = counts()

    with pytest.raises(DomainError) as refusal:
        create(**changes)

    assert (refusal.value.code, refusal.value.field) == (code, field)
    assert counts() == before


def test_external_id_is_unique_per_partner_only(cast: Cast, create: Create) -> None:
    make_customer(cast.south, external_id="BB-1")
    create()
    before = counts()

    with pytest.raises(customers.ExternalIdInUse):
        create(info=info(admin_email="second@bluebird.example.com"))

    assert counts() == before


def test_email_of_a_user_an_administrator_or_another_customer_is_refused(cast: Cast, create: Create) -> None:
    user = make_subscriber(cast.south_customer, email="user@south.example.com")
    taken = [user.email.upper(), cast.admins["other_partner_full"].email, cast.acme.primary_email.title()]
    before = counts()

    for email in taken:
        with pytest.raises(customers.EmailBelongsToUser) as refusal:
            create(info=info(admin_email=email))
        assert (refusal.value.code, refusal.value.field) == ("10022", "admin_email")

    assert counts() == before


def test_retired_or_foreign_template_is_refused(cast: Cast, template: OnboardingTemplate, create: Create) -> None:
    foreign = make_template(cast.south, admin=cast.admins["other_partner_full"])
    template.state = OnboardingTemplate.State.RETIRED
    template.save(update_fields=["state"])
    before = counts()

    for wrong in (template, foreign):
        with pytest.raises(customers.TemplateNotAvailable):
            create(template=wrong)

    assert counts() == before


def test_the_templates_administrator_manages_the_customers_made_from_it(cast: Cast, create: Create) -> None:
    customer = create(template=make_template(cast.north, admin=cast.admins["partner_admin"]))
    assert Customer.objects.visible_to(cast.actor("partner_admin")).filter(pk=customer.pk).exists()
    assert [row.admin for row in customer.assigned_admins.all()] == [cast.admins["partner_admin"]]


def test_a_templates_administrator_who_sees_all_is_assigned_nothing(create: Create) -> None:
    assert not create().assigned_admins.exists()


def test_suspended_partner_may_not_create(cast: Cast, create: Create) -> None:
    Partner.objects.filter(pk=cast.north.pk).update(state=Partner.State.SUSPENDED)
    before = counts()

    with pytest.raises(customers.PartnerSuspended):
        create()

    assert counts() == before


@pytest.mark.parametrize(
    "who",
    [
        "partner_plain",
        "partner_admin",
        "partner_readonly",
        "helpdesk",
        "subpartner_full",
        "other_partner_full",
        "customer_full",
    ],
)
def test_only_wholesale_administrators_of_this_partner_create(who: str, cast: Cast, create: Create) -> None:
    before = counts()

    with pytest.raises(Forbidden):
        create(by=cast.actor(who))

    assert counts() == before


def test_parent_creates_for_its_sub_partner(cast: Cast, create: Create) -> None:
    template = make_template(cast.branch, admin=cast.admins["subpartner_full"])

    customer = create(partner=cast.branch, template=template)

    assert customer.partner == cast.branch
    cast.branch.refresh_from_db()
    assert cast.branch.customer_count == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("same", "loser"), [("external_id", "external_id_in_use"), ("admin_email", "10022"), ("nothing", "ok")]
)
def test_customers_created_at_once(same: str, loser: str) -> None:
    cast = make_cast()
    template = make_template(cast.north, admin=cast.admins["partner_full"])
    by = cast.actor("partner_full")

    def create(n: int) -> Customer:
        own = {"external_id": f"BB-{n}", "admin_email": f"owner{n}@bluebird.example.com"}
        own.pop(same, None)
        return create_customer(
            partner=cast.north,
            template=template,
            info=info(**own),
            packages={"webex_meetings": None},
            location=None,
            by=by,
        )

    outcomes = at_once([functools.partial(create, n) for n in range(4)])

    assert outcomes == sorted(["ok", loser, loser, loser])
    made = outcomes.count("ok")
    assert Customer.objects.filter(name="Bluebird Logistics").count() == made
    assert ProvisioningJob.objects.count() == made
    cast.north.refresh_from_db()
    assert cast.north.customer_count == made


# -- Restricted by Partner Mode -----------------------------------------------------------------------------------------
def test_switch_is_audited_with_its_reason_and_mailed(
    cast: Cast, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        changed = set_restricted_mode(
            customer=cast.acme, on=False, reason=" They have their own IT. ", by=cast.actor("partner_full")
        )

    assert changed
    cast.acme.refresh_from_db()
    assert cast.acme.restricted is False
    event = cast.acme.audit_events.get()
    assert (event.action, event.changes) == (
        "customer.restricted_mode_changed",
        {"restricted": [True, False], "reason": [None, "They have their own IT."]},
    )
    of_acme = {name for name in cast.admins if name.startswith(("customer_", "external_"))} - {"customer_full"}
    admins = {cast.admins[name].email for name in of_acme}
    assert {message.to[0] for message in mail.outbox} == admins
    assert {message.subject for message in mail.outbox} == {"Restricted by Partner Mode is now off for Acme Dental"}
    assert all("Northwind Voice turned off" in message.body for message in mail.outbox)


def test_switching_it_on_tells_the_admins_too(
    cast: Cast, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        set_restricted_mode(customer=cast.open_acme, on=True, reason="New contract", by=cast.actor("partner_full"))

    (message,) = mail.outbox
    assert (message.to, message.subject) == (
        [cast.admins["customer_full"].email],
        "Restricted by Partner Mode is now on for Open Acme",
    )
    assert "Northwind Voice turned on" in message.body
    event = cast.open_acme.audit_events.get()
    assert event.changes == {"restricted": [False, True], "reason": [None, "New contract"]}


def test_switching_to_what_it_is_does_nothing(
    cast: Cast, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        changed = set_restricted_mode(customer=cast.acme, on=True, reason="Again", by=cast.actor("partner_full"))

    assert not changed
    assert not cast.acme.audit_events.exists()
    assert mail.outbox == []


@pytest.mark.parametrize("reason", ["", "   ", "x" * 201])
def test_switch_needs_a_reason(reason: str, cast: Cast) -> None:
    with pytest.raises(customers.ReasonMissing):
        set_restricted_mode(customer=cast.acme, on=False, reason=reason, by=cast.actor("partner_full"))

    cast.acme.refresh_from_db()
    assert cast.acme.restricted is True


MAY_SWITCH = {"partner_full", "partner_plain", "partner_admin"}
MAY_NOT_SWITCH = (
    "partner_readonly",
    "helpdesk",
    "subpartner_full",
    "other_partner_full",
    "customer_restricted",
    "customer_readonly",
    "customer_full",
)


@pytest.mark.parametrize("who", sorted(MAY_SWITCH))
def test_who_may_switch(who: str, cast: Cast) -> None:
    set_restricted_mode(customer=cast.acme, on=False, reason="Agreed", by=cast.actor(who))

    cast.acme.refresh_from_db()
    assert cast.acme.restricted is False


@pytest.mark.parametrize("who", MAY_NOT_SWITCH)
def test_who_may_not_switch(who: str, cast: Cast) -> None:
    with pytest.raises(Forbidden):
        set_restricted_mode(customer=cast.acme, on=False, reason="Agreed", by=cast.actor(who))

    cast.acme.refresh_from_db()
    assert (cast.acme.restricted, cast.acme.audit_events.count()) == (True, 0)


def test_partner_admin_switches_only_customers_assigned_to_him(cast: Cast) -> None:
    with pytest.raises(Forbidden):
        set_restricted_mode(customer=cast.open_acme, on=True, reason="Agreed", by=cast.actor("partner_admin"))

    cast.open_acme.refresh_from_db()
    assert cast.open_acme.restricted is False


def test_addresses_have_the_columns_of_customer_and_location() -> None:
    columns = {field.name for field in Customer._meta.fields} & {field.name for field in Location._meta.fields}
    assert set(asdict(ADDRESS)) <= columns
