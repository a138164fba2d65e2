"""A location administrator gets his locations and nothing else of the customer, by every URL, service and manager."""

from collections.abc import Callable

import pytest
from django.apps import apps
from django.db import models, transaction
from django.test import Client

from controlhub.models import Subscriber
from controlhub.services.subscribers import rename_subscriber, set_extension
from tenancy.errors import Forbidden
from tenancy.models import AuditEvent, Customer
from tenancy.narrowing import NarrowedManager
from tests.cast import Cast
from tests.factories import assign_locations
from tests.sweeps.elsewhere import CANARY, Elsewhere, make_elsewhere
from tests.sweeps.test_urls import SCOPED, Url, answers, body, send
from tests.sweeps.world import World, make_world

# Rows of a customer that belong to no location. Whoever adds a model decides here, or gives it a narrowed manager.
OF_THE_WHOLE_CUSTOMER = {
    "Screening",
    "UsageDay",
    "CustomerPrice",  # the partner's own, only in Partner Hub
    "UsageAdjustment",  # the partner's
    "Difference",  # of a partner's reconciliation, only in Partner Hub
    "DevicePolicy",  # the third-party switch
    "FirstAdministrator",  # one row; pages name him only to whom they show him as a user or administrator
    "CustomerPackage",  # the meters of the organisation, no names
    "CustomerOrigin",
    "OrganizationAttachment",  # the partner's, only in Partner Hub and on the public page of the consent
    "RoleAssignment",  # only for those who may see administrators
    "CustomerAssignment",
    "CrossLaunch",
    "Mailbox",  # by address: a page asks for that of the user it shows
    "OrganizationDomain",  # only for those who may see the organization settings, never for him
    "OrganizationSettings",  # one row of settings, no names
    "PeopleSettings",  # one row of settings, no names
    "TemporaryRights",  # only for those who may see support access, never for him
    "WizardDraft",  # always narrowed to its owner
    "Webhook",  # the partner's, only in Partner Hub
    "WebhookDelivery",  # the same
    "SetupAssistOrder",  # the partner's, only in Partner Hub
}


@pytest.fixture
def world(cast: Cast) -> World:
    return make_world(cast)


@pytest.fixture
def elsewhere(world: World) -> Elsewhere:
    return make_elsewhere(world.cast, world.cast.acme)


@pytest.fixture
def lou(elsewhere: Elsewhere, sign_in: Callable[[str], Client]) -> Client:
    """The location administrator of the headquarters."""
    return sign_in("customer_location")


CONTROL_HUB = [url for url in SCOPED if url.parameters & {"customer", "job"} and "partner" not in url.parameters]


def test_no_page_shows_a_row_of_another_location(lou: Client, world: World) -> None:
    for url in CONTROL_HUB:
        for htmx in (False, True):
            response = send(lou, url.path(world.acme), "get", htmx)
            assert CANARY.encode() not in body(response), url.route


def test_the_canary_sings_for_the_full_administrator(
    elsewhere: Elsewhere, world: World, sign_in: Callable[[str], Client]
) -> None:
    client = sign_in("customer_restricted")
    names = ("user-list", "user-export", "location-list", "workspace-list", "number-list", "overview")
    urls = [url for url in CONTROL_HUB if url.name in {f"controlhub:{name}" for name in names}]
    heard = [url.name for url in urls if CANARY.encode() in body(send(client, url.path(world.acme), "get", htmx=False))]
    assert sorted(heard) == sorted(f"controlhub:{name}" for name in names)


@pytest.mark.parametrize("method", ["get", "post"])
def test_an_object_of_another_location_is_not_found(
    lou: Client, world: World, elsewhere: Elsewhere, method: str
) -> None:
    events = AuditEvent.objects.count()
    asked = 0
    for url in CONTROL_HUB:
        if not url.parameters & elsewhere.ids.keys():
            continue
        status = send(lou, _path_to(url, world, elsewhere), method, htmx=False).status_code
        assert status in ((403, 404) if answers(url, method) else (403, 404, 405)), url.route
        asked += 1
    assert asked > 5
    assert AuditEvent.objects.count() == events


def _path_to(url: Url, world: World, elsewhere: Elsewhere) -> str:
    tenant = world.acme
    before = tenant.ids
    tenant.ids = before | elsewhere.ids
    try:
        return url.path(tenant)
    finally:
        tenant.ids = before


def test_his_own_locations_rows_are_there(lou: Client, world: World) -> None:
    for name in ("user-list", "location-list", "workspace-list", "number-list"):
        url = next(url for url in CONTROL_HUB if url.name == f"controlhub:{name}")
        response = send(lou, url.path(world.acme), "get", htmx=False)
        assert (response.status_code, b"CanaryAcme" in body(response)) == (200, True), name


def test_services_refuse_what_he_does_not_see(elsewhere: Elsewhere, cast: Cast) -> None:
    by = cast.actor("customer_location")
    person = Subscriber.objects.get(public_id=elsewhere.ids["subscriber"])
    events = AuditEvent.objects.count()
    deeds: list[Callable[[], object]] = [
        lambda: rename_subscriber(subscriber=person, first_name="Other", last_name="Name", by=by),
        lambda: set_extension(subscriber=person, extension="78", by=by),
    ]
    for deed in deeds:
        with pytest.raises(Forbidden, match="a location that you do not administer"), transaction.atomic():
            deed()
    person = Subscriber.objects.get(pk=person.pk)
    assert (str(person), person.extension, AuditEvent.objects.count()) == (f"Sam {CANARY}", "77", events)


def test_a_location_given_or_taken_counts_on_the_next_request(lou: Client, world: World, cast: Cast) -> None:
    url = next(url for url in CONTROL_HUB if url.name == "controlhub:user-list").path(world.acme)
    role = cast.admins["customer_location"].role_assignments.get()
    role.location_scopes.all().delete()
    assert b"CanaryAcme@" not in lou.get(url).content
    assert b"No users yet" in lou.get(url).content
    assign_locations(cast.admins["customer_location"], *cast.acme.locations.filter(name__startswith=CANARY))
    assert CANARY.encode() in lou.get(url).content


def test_every_model_of_a_customer_is_narrowed_or_known_to_be_for_all() -> None:
    forgotten = [
        model.__name__
        for model in apps.get_models()
        if any(isinstance(field, models.ForeignKey) and field.related_model is Customer for field in model._meta.fields)
        and not isinstance(model._default_manager, NarrowedManager)
        and model.__name__ not in OF_THE_WHOLE_CUSTOMER
    ]
    assert forgotten == []
