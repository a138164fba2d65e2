"""Who administers a customer: rules by service, pages, mails, and what a change means for the next request."""

import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.core import mail
from django.db import IntegrityError, transaction
from django.test import Client

from controlhub.models import CustomerPackage, FirstAdministrator, Location, LocationAdminScope, Subscriber
from controlhub.services.admin_roles import (
    ExternalEmailRefused,
    LocationRoleStandsAlone,
    LocationsOutOfRange,
    NobodyChosen,
    TooManyLocationAdmins,
    WrongRoles,
    invite_external,
    make_administrators,
    set_admin_roles,
)
from controlhub.services.administrators import (
    FirstAdministratorStays,
    LastFullAdministrator,
    floor_package,
    make_administrator,
)
from controlhub.services.packages import AdministratorDowngrade, change_package, remove_package
from provisioning.models import ProvisioningJob
from provisioning.runner import run_job
from tenancy.actors import SYSTEM, Actor
from tenancy.errors import DomainError, Forbidden
from tenancy.models import AdminUser, AuditEvent, Customer, RoleAssignment
from tenancy.policy import Role
from tests.cast import Cast
from tests.controlhub.pages import Office, furnish, page
from tests.controlhub.races import at_once
from tests.controlhub.scene import broken_invariants
from tests.factories import (
    make_assignment,
    make_customer,
    make_customer_admin,
    make_location,
    make_partner,
    make_subscriber,
)

SignIn = Callable[[str], Client]
FULL, READONLY, DEVICE, LOCATION = (
    Role.CUSTOMER_FULL,
    Role.CUSTOMER_READONLY,
    Role.CUSTOMER_DEVICE,
    Role.CUSTOMER_LOCATION,
)


@pytest.fixture
def office(cast: Cast) -> Office:
    """Open Acme: Carla is its full administrator."""
    return furnish(cast.open_acme)


@pytest.fixture
def by(cast: Cast) -> Actor:
    return cast.actor("customer_full")


def roles_of(customer: Customer) -> dict[str, list[str]]:
    rows = RoleAssignment.objects.filter(customer=customer).order_by("admin__email", "role")
    found: dict[str, list[str]] = {}
    for email, role in rows.values_list("admin__email", "role"):
        found.setdefault(email, []).append(role)
    return found


def places_of(admin: AdminUser) -> list[str]:
    rows = LocationAdminScope.objects.filter(role_assignment__admin=admin).order_by("slot")
    return list(rows.values_list("location__name", flat=True))


def sites(customer: Customer, count: int) -> list[Location]:
    return [make_location(customer, f"Site {n}") for n in range(count)]


def test_a_user_becomes_administrator_with_account_event_and_mail(office: Office, by: Actor) -> None:
    (admin,) = make_administrators(customer=office.customer, subscribers=[office.gwen], roles=[READONLY, DEVICE], by=by)
    office.gwen.refresh_from_db()
    assert (office.gwen.admin, admin.email, admin.full_name) == (admin, office.gwen.email, "Gwen Grove")
    assert roles_of(office.customer)[admin.email] == [DEVICE, READONLY]
    event = AuditEvent.objects.get(action="admin_role.changed")
    assert event.text == f"Roles of {admin.email}: Device administrator, Read-only administrator"
    assert (event.actor, event.changes) == (by.admin, {"roles": [[], ["customer_device", "customer_readonly"]]})
    run_job(job_id=ProvisioningJob.objects.get(kind="invite_administrators").pk)
    (letter,) = mail.outbox
    assert (letter.to, "Read-only administrator" in letter.body) == ([admin.email], True)
    link = re.search(r"https?://[^/]+(/\S+)", letter.body)
    assert link
    client = Client()
    landed = client.get(link[1], follow=True)
    client.post(landed.redirect_chain[-1][0], {"password1": "a-long-new-secret", "password2": "a-long-new-secret"})
    admin.refresh_from_db()
    assert admin.check_password("a-long-new-secret")


def test_a_withdrawn_role_is_not_invited_any_more(office: Office, by: Actor) -> None:
    (admin,) = make_administrators(customer=office.customer, subscribers=[office.gwen], roles=[READONLY], by=by)
    set_admin_roles(customer=office.customer, admin=admin, roles=(), by=by)
    job = ProvisioningJob.objects.get(kind="invite_administrators")
    run_job(job_id=job.pk)
    assert [step.result for step in job.steps.order_by("position")] == [
        {"skipped": "The role was withdrawn."},
        {"sent": False, "why": "The role was withdrawn."},
    ]
    assert mail.outbox == []


def test_the_account_of_an_address_is_linked_not_doubled(office: Office, by: Actor, cast: Cast) -> None:
    known = make_customer_admin(cast.acme, READONLY, email=office.gwen.email)
    assert make_administrators(customer=office.customer, subscribers=[office.gwen], roles=[DEVICE], by=by) == [known]
    assert {(row.customer, row.role) for row in known.role_assignments.all()} == {
        (cast.acme, READONLY),
        (office.customer, DEVICE),
    }


@pytest.mark.parametrize(
    ("roles", "places", "error"),
    [
        ([LOCATION], 0, LocationsOutOfRange),
        ([LOCATION], 6, LocationsOutOfRange),
        ([LOCATION, READONLY], 1, LocationRoleStandsAlone),
        ([], 0, WrongRoles),
        ([Role.EXTERNAL_FULL, FULL], 0, WrongRoles),
        ([Role.PARTNER_FULL], 0, WrongRoles),
    ],
)
def test_impossible_roles_are_refused(
    office: Office, by: Actor, roles: list[Role], places: int, error: type[DomainError]
) -> None:
    chosen = sites(office.customer, places)
    before = (roles_of(office.customer), AuditEvent.objects.count(), AdminUser.objects.count())
    with pytest.raises(error), transaction.atomic():
        make_administrators(customer=office.customer, subscribers=[office.gwen], roles=roles, locations=chosen, by=by)
    assert (roles_of(office.customer), AuditEvent.objects.count(), AdminUser.objects.count()) == before


def test_five_locations_and_five_at_a_time_are_the_most(office: Office, by: Actor) -> None:
    places = sites(office.customer, 5)
    people = [make_subscriber(office.customer) for _ in range(6)]
    with pytest.raises(TooManyLocationAdmins), transaction.atomic():
        make_administrators(customer=office.customer, subscribers=people, roles=[LOCATION], locations=places, by=by)
    assert LocationAdminScope.objects.count() == 0
    admins = make_administrators(
        customer=office.customer, subscribers=people[:5], roles=[LOCATION], locations=places, by=by
    )
    assert [places_of(admin) for admin in admins] == [[f"Site {n}" for n in range(5)]] * 5


def test_the_database_refuses_a_sixth_location(office: Office, by: Actor) -> None:
    places = sites(office.customer, 5)
    (admin,) = make_administrators(
        customer=office.customer, subscribers=[office.gwen], roles=[LOCATION], locations=places, by=by
    )
    role = admin.role_assignments.get()
    with pytest.raises(IntegrityError, match="location_scope_at_most_five"), transaction.atomic():
        LocationAdminScope.objects.create(role_assignment=role, location=office.headquarters, slot=6)


def test_locations_of_another_customer_are_refused(office: Office, by: Actor) -> None:
    stranger = make_location(make_customer(make_partner()))
    with pytest.raises(LocationsOutOfRange):
        make_administrators(
            customer=office.customer, subscribers=[office.gwen], roles=[LOCATION], locations=[stranger], by=by
        )


def test_users_of_another_customer_are_refused(office: Office, by: Actor) -> None:
    stranger = make_subscriber(make_customer(make_partner()))
    with pytest.raises(NobodyChosen):
        make_administrators(customer=office.customer, subscribers=[stranger], roles=[READONLY], by=by)


def test_changing_locations_is_one_event(office: Office, by: Actor) -> None:
    first, second = sites(office.customer, 2)
    (admin,) = make_administrators(
        customer=office.customer, subscribers=[office.gwen], roles=[LOCATION], locations=[first], by=by
    )
    assert set_admin_roles(customer=office.customer, admin=admin, roles=[LOCATION], locations=[second], by=by)
    assert not set_admin_roles(customer=office.customer, admin=admin, roles=[LOCATION], locations=[second], by=by)
    assert places_of(admin) == ["Site 1"]
    events = AuditEvent.objects.filter(action="admin_role.changed").order_by("pk")
    assert [event.changes for event in events][1:] == [{"locations": [["Site 0"], ["Site 1"]]}]


def test_the_last_full_administrator_stays(office: Office, by: Actor, cast: Cast) -> None:
    carla = cast.admins["customer_full"]
    for roles in ((), (READONLY,)):
        with pytest.raises(LastFullAdministrator), transaction.atomic():
            set_admin_roles(customer=office.customer, admin=carla, roles=roles, by=by)
    assert roles_of(office.customer)[carla.email] == [FULL]
    make_administrators(customer=office.customer, subscribers=[office.gwen], roles=[FULL], by=by)
    set_admin_roles(customer=office.customer, admin=carla, roles=(), by=by)
    assert roles_of(office.customer) == {office.gwen.email: [FULL]}


def test_a_suspended_or_external_administrator_is_no_other_full_one(office: Office, by: Actor, cast: Cast) -> None:
    invite_external(customer=office.customer, email="ext@consult.example.com", role=Role.EXTERNAL_FULL, by=by)
    make_administrators(customer=office.customer, subscribers=[office.gwen], roles=[FULL], by=by)
    AdminUser.objects.filter(email=office.gwen.email).update(is_active=False)
    with pytest.raises(LastFullAdministrator):
        set_admin_roles(customer=office.customer, admin=cast.admins["customer_full"], roles=(), by=by)


@pytest.mark.django_db(transaction=True)
def test_two_full_administrators_who_remove_each_other_leave_one() -> None:
    customer = make_customer(make_partner())
    one, two = (make_customer_admin(customer) for _ in range(2))
    from_partner = Actor(admin=None, door="system")
    deeds = [
        lambda admin=admin: set_admin_roles(customer=customer, admin=admin, roles=(), by=from_partner)
        for admin in (one, two)
    ]
    assert at_once(deeds) == ["last_full_administrator", "ok"]
    assert len(roles_of(customer)) == 1


def test_external_administrators_come_from_elsewhere(office: Office, by: Actor) -> None:
    admin = invite_external(customer=office.customer, email="Ext@Consult.example.com", role=Role.EXTERNAL_FULL, by=by)
    assert (admin.email, roles_of(office.customer)[admin.email]) == ("ext@consult.example.com", ["external_full"])
    set_admin_roles(customer=office.customer, admin=admin, roles=[Role.EXTERNAL_READONLY], by=by)
    assert roles_of(office.customer)[admin.email] == ["external_readonly"]
    for roles in ([FULL], [Role.EXTERNAL_FULL, Role.EXTERNAL_READONLY]):
        with pytest.raises(WrongRoles), transaction.atomic():
            set_admin_roles(customer=office.customer, admin=admin, roles=roles, by=by)
    for email in ("ext@consult.example.com", office.gwen.email, "no address"):
        with pytest.raises(ExternalEmailRefused), transaction.atomic():
            invite_external(customer=office.customer, email=email, role=Role.EXTERNAL_FULL, by=by)
    with pytest.raises(WrongRoles):
        invite_external(customer=office.customer, email="other@consult.example.com", role=FULL, by=by)


@pytest.mark.parametrize("who", ["customer_readonly", "customer_location", "customer_support", "partner_readonly"])
def test_who_may_not_edit_roles_changes_none(cast: Cast, who: str) -> None:
    cora, by = cast.admins["customer_readonly"], cast.actor(who)
    person = make_subscriber(cast.acme)
    before = (roles_of(cast.acme), AdminUser.objects.count(), AuditEvent.objects.count())
    deeds: list[Callable[[], object]] = [
        lambda: make_administrators(customer=cast.acme, subscribers=[person], roles=[FULL], by=by),
        lambda: set_admin_roles(customer=cast.acme, admin=cora, roles=[FULL], by=by),
        lambda: invite_external(customer=cast.acme, email="e@x.example.com", role=Role.EXTERNAL_FULL, by=by),
    ]
    for deed in deeds:
        with pytest.raises(Forbidden), transaction.atomic():
            deed()
    assert (roles_of(cast.acme), AdminUser.objects.count(), AuditEvent.objects.count()) == before


def test_a_full_administrator_is_never_downgraded_by_any_door(office: Office, by: Actor, sign_in: SignIn) -> None:
    make_administrators(customer=office.customer, subscribers=[office.ada], roles=[FULL], by=by)
    ada = Subscriber.objects.get(pk=office.ada.pk)
    for deed in (
        lambda: change_package(subscriber=ada, package="webex_meetings", by=by),
        lambda: remove_package(subscriber=ada, by=by),
    ):
        with pytest.raises(AdministratorDowngrade), transaction.atomic():
            deed()
    client = sign_in("customer_full")
    assert client.post(page("user-package", office.customer, ada), {"package": "webex_meetings"}).status_code == 422
    assert client.post(page("user-remove-package", office.customer, ada)).status_code == 422
    assert [(row.package, row.ended_at) for row in ada.assignments.all()] == [("webex_calling", None)]


# -- The first administrator ---------------------------------------------------------------------------------------------
@pytest.fixture
def first(office: Office) -> Subscriber:
    """Ada was there first, with Webex Calling."""
    make_administrator(office.ada)
    return office.ada


def first_of(customer: Customer) -> tuple[str, str]:
    return FirstAdministrator.objects.values_list("subscriber__email", "package").get(customer=customer)


def test_giving_the_role_away_is_no_way_around_the_level(office: Office, by: Actor, first: Subscriber) -> None:
    """Take the role away, downgrade, give it back: refused at the first step, while nobody else keeps the level."""
    assert first_of(office.customer) == (first.email, "webex_calling")
    make_administrators(customer=office.customer, subscribers=[office.gwen], roles=[FULL], by=by)
    before = (roles_of(office.customer), AuditEvent.objects.count())
    for roles in ((), (READONLY,)):
        with pytest.raises(FirstAdministratorStays, match="one full administrator keeps at least Webex Calling"):
            set_admin_roles(customer=office.customer, admin=first.admin, roles=roles, by=by)
    assert (roles_of(office.customer), AuditEvent.objects.count()) == before
    assert (first_of(office.customer), broken_invariants()) == ((first.email, "webex_calling"), [])


def test_a_full_administrator_of_the_level_takes_the_place(office: Office, by: Actor, first: Subscriber) -> None:
    bea = make_subscriber(office.customer, first_name="Bea", last_name="Bell", email="bea@bell.example.com")
    make_assignment(bea, "webex_suite")
    CustomerPackage.objects.filter(customer=office.customer, package="webex_suite").update(used=1)
    make_administrators(customer=office.customer, subscribers=[office.gwen, bea], roles=[FULL], by=by)
    set_admin_roles(customer=office.customer, admin=first.admin, roles=[READONLY], by=by)
    event = AuditEvent.objects.order_by("-pk")[0]
    assert event.text == f"Roles of {first.email}: Read-only administrator; Bea Bell is the first administrator now"
    assert event.changes["first_administrator"] == [first.email, bea.email]
    assert (first_of(office.customer), broken_invariants()) == ((bea.email, "webex_calling"), [])
    bea, ada = (Subscriber.objects.get(pk=person.pk) for person in (bea, first))
    assert (floor_package(bea), floor_package(ada)) == ("webex_calling", None)
    change_package(subscriber=ada, package="webex_meetings", by=by)  # no administrator any more
    with pytest.raises(AdministratorDowngrade):
        change_package(subscriber=bea, package="webex_meetings", by=by)


def test_who_is_no_user_suspended_or_below_takes_no_place(office: Office, by: Actor, first: Subscriber) -> None:
    sam = make_subscriber(office.customer)
    make_assignment(sam, "webex_suite")
    (account,) = make_administrators(customer=office.customer, subscribers=[sam], roles=[FULL], by=by)
    AdminUser.objects.filter(pk=account.pk).update(is_active=False)
    with pytest.raises(FirstAdministratorStays):  # Carla has an account, but is no user with a package
        set_admin_roles(customer=office.customer, admin=first.admin, roles=(), by=by)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_the_place_never_goes_to_somebody_who_is_being_downgraded() -> None:
    """Bea has Suite now and had Meetings when she became administrator: she may go down, until the place is hers."""
    customer = make_customer(make_partner())
    office = furnish(customer)
    ada = office.ada
    make_administrator(ada)
    bea = make_subscriber(customer)
    promoted, changed = datetime(2025, 6, 1, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC)
    make_assignment(bea, "webex_meetings", start=datetime(2025, 1, 1, tzinfo=UTC), end=changed)
    make_assignment(bea, "webex_suite", start=changed)
    CustomerPackage.objects.filter(customer=customer, package="webex_suite").update(used=1)
    (account,) = make_administrators(customer=customer, subscribers=[bea], roles=[FULL], by=SYSTEM)
    account.role_assignments.update(created_at=promoted)
    bea = Subscriber.objects.select_related("customer__partner").get(pk=bea.pk)
    outcomes = at_once(
        [
            lambda: set_admin_roles(customer=customer, admin=ada.admin, roles=(), by=SYSTEM),
            lambda: change_package(subscriber=bea, package="webex_meetings", by=SYSTEM),
        ]
    )
    assert outcomes in (["administrator_downgrade", "ok"], ["first_administrator", "ok"])
    holder = Subscriber.objects.get(first_place__customer=customer)
    assert holder.assignments.get(is_base=True, ended_at=None).package in ("webex_calling", "webex_suite")


def test_whom_webex_refused_holds_no_place(office: Office, by: Actor, first: Subscriber) -> None:
    Subscriber.objects.filter(pk=first.pk).update(status="failed")
    set_admin_roles(customer=office.customer, admin=first.admin, roles=(), by=by)
    assert not FirstAdministrator.objects.exists()


# -- Pages ---------------------------------------------------------------------------------------------------------------
def test_the_list_marks_external_administrators_and_names_locations(cast: Cast, sign_in: SignIn) -> None:
    make_location(cast.acme, "Harbor Site")
    content = sign_in("customer_restricted").get(page("admin-list", cast.acme)).content.decode()
    assert len(re.findall(r">External</span>", content)) == 2
    for text in ("Carl Restricted", "Location administrator", "Compliance officer", "Ella External"):
        assert text in content
    found = sign_in("customer_restricted").get(page("admin-list", cast.acme), {"role": "external_full"})
    assert ("Ella External" in found.content.decode(), "Cora Reader" in found.content.decode()) == (True, False)


def test_pages_say_who_is_the_first_administrator(office: Office, first: Subscriber, sign_in: SignIn) -> None:
    client, customer = sign_in("customer_full"), office.customer
    badges = client.get(page("admin-list", customer)).content.decode().count(">First administrator</span>")
    detail = client.get(page("user-detail", customer, first)).content.decode()
    remove = page("admin-remove", customer, first.admin)
    assert (badges, "keeps at least Webex Calling" in detail) == (1, True)
    assert "the place passes to another full administrator" in client.get(remove).content.decode()
    answer = client.post(remove)
    assert (answer.status_code, "one full administrator keeps at least" in answer.content.decode()) == (422, True)


def test_roles_are_added_edited_and_removed_on_pages(office: Office, sign_in: SignIn) -> None:
    client, customer = sign_in("customer_full"), office.customer
    added = client.post(
        page("admin-add", customer),
        {"emails": f"{office.ada.email}\n{office.gwen.email}", "roles": [LOCATION],
         "locations": [str(office.headquarters.public_id)]},
    )  # fmt: skip
    assert added.headers["Location"] == page("admin-list", customer)
    ada, gwen = (AdminUser.objects.get(email=person.email) for person in (office.ada, office.gwen))
    assert (places_of(ada), places_of(gwen)) == (["Headquarters"], ["Headquarters"])
    assert "checked" in client.get(page("admin-edit", customer, ada)).content.decode()
    client.post(page("admin-edit", customer, ada), {"roles": [READONLY]})
    assert roles_of(customer)[ada.email] == [READONLY]
    assert "loses access" in client.get(page("admin-remove", customer, ada)).content.decode()
    client.post(page("admin-remove", customer, ada))
    assert ada.email not in roles_of(customer)
    assert client.get(page("admin-edit", customer, ada)).status_code == 404


def test_a_refusal_stands_beside_its_field_and_loses_nothing(office: Office, cast: Cast, sign_in: SignIn) -> None:
    client, customer = sign_in("customer_full"), office.customer
    typed = {"emails": f"{office.gwen.email} nobody@x.example.com", "roles": [READONLY]}
    answer = client.post(page("admin-add", customer), typed)
    content = answer.content.decode()
    assert (answer.status_code, "Not a user of this organization: nobody@x.example.com." in content) == (422, True)
    assert (office.gwen.email in content, "checked" in content) == (True, True)
    answer = client.post(page("admin-edit", customer, cast.admins["customer_full"]), {"roles": []})
    assert (answer.status_code, "last full administrator" in answer.content.decode()) == (422, True)
    answer = client.post(page("admin-remove", customer, cast.admins["customer_full"]))
    assert (answer.status_code, "last full administrator" in answer.content.decode()) == (422, True)
    answer = client.post(page("external-admin-add", customer), {"email": office.gwen.email, "role": "external_full"})
    assert (answer.status_code, "This is a user of this organization" in answer.content.decode()) == (422, True)


def test_readonly_administrator_sees_and_changes_nothing(cast: Cast, sign_in: SignIn) -> None:
    client, cora = sign_in("customer_readonly"), cast.admins["customer_readonly"]
    before = roles_of(cast.acme)
    assert "disabled" in client.get(page("admin-edit", cast.acme, cora)).content.decode()
    answers = [
        client.post(page("admin-edit", cast.acme, cora), {"roles": [FULL]}),
        client.post(page("admin-add", cast.acme), {"emails": "x@x.example.com", "roles": [FULL]}),
        client.post(page("admin-remove", cast.acme, cast.admins["external_full"])),
        client.post(page("external-admin-add", cast.acme), {"email": "x@x.example.com", "role": "external_full"}),
    ]
    assert [answer.status_code for answer in answers] == [403] * 4
    assert roles_of(cast.acme) == before


def test_a_role_change_counts_on_the_next_request(office: Office, by: Actor, cast: Cast) -> None:
    (admin,) = make_administrators(customer=office.customer, subscribers=[office.gwen], roles=[FULL], by=by)
    client = Client()
    client.force_login(admin)
    assert client.get(page("account", office.customer)).status_code == 200
    set_admin_roles(customer=office.customer, admin=admin, roles=[DEVICE], by=by)
    assert client.get(page("account", office.customer)).status_code == 403
    set_admin_roles(customer=office.customer, admin=admin, roles=(), by=by)
    assert client.get(page("account", office.customer)).status_code == 404


def test_the_front_door_brings_no_partners_rights(cast: Cast, sign_in: SignIn) -> None:
    """Paula is also an external read-only administrator: without a launch she only reads."""
    paula = cast.admins["partner_full"]
    RoleAssignment.objects.create(admin=paula, role=Role.EXTERNAL_READONLY, customer=cast.acme)
    person = make_subscriber(cast.acme)
    answer = sign_in("partner_full").post(page("user-edit", cast.acme, person), {"first_name": "A", "last_name": "B"})
    person.refresh_from_db()
    assert (answer.status_code, person.first_name) == (403, "Sam")


@pytest.mark.parametrize("rows", [1, 3])
def test_the_list_takes_as_many_queries_whatever_its_size(
    office: Office, cast: Cast, sign_in: SignIn, rows: int, django_assert_num_queries: Callable
) -> None:
    places = sites(office.customer, 2)
    for _ in range(rows):
        admin = make_customer_admin(office.customer, LOCATION)
        for slot, place in enumerate(places, start=1):
            LocationAdminScope.objects.create(role_assignment=admin.role_assignments.get(), location=place, slot=slot)
    client = sign_in("customer_full")
    with django_assert_num_queries(12):
        assert client.get(page("admin-list", office.customer)).status_code == 200


def test_the_floor_is_the_package_held_when_he_became_administrator(office: Office, by: Actor) -> None:
    start, end = datetime(2025, 1, 1, tzinfo=UTC), datetime(2025, 6, 1, tzinfo=UTC)
    make_assignment(office.gwen, "webex_suite", start=start, end=end)
    make_administrators(customer=office.customer, subscribers=[office.gwen], roles=[FULL], by=by)
    assert floor_package(Subscriber.objects.get(pk=office.gwen.pk)) == "webex_meetings"
