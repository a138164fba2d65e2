"""Creating people: all or none, every rule with its code, the first one as administrator, and races."""

from collections.abc import Callable

import pytest

from controlhub.models import PackageAssignment, PhoneNumber, Subscriber
from controlhub.services.new_subscribers import NewSubscriber, RowError, SubscriberErrors, TooManySubscribers
from controlhub.services.readiness import CustomerNotReady
from controlhub.services.subscribers import NameRefused, create_subscribers, rename_subscriber
from tenancy.actors import SYSTEM, Actor
from tenancy.errors import DomainError, Forbidden
from tenancy.models import AdminUser, AuditEvent, Customer, RoleAssignment
from tests.cast import Cast
from tests.controlhub.races import at_once
from tests.controlhub.scene import Scene, broken_invariants, everything, make_scene, new_user, used
from tests.factories import (
    make_admin,
    make_assignment,
    make_customer,
    make_location,
    make_number,
    make_partner,
    make_subscriber,
    make_workspace,
)


@pytest.fixture
def scene(cast: Cast) -> Scene:
    return make_scene(cast.actor("partner_full"), make_customer(cast.north))


def refused(scene: Scene, users: list[NewSubscriber], error: type[DomainError] = SubscriberErrors) -> DomainError:
    """Creating these is refused, and nothing has changed."""
    before = everything(scene.customer)
    with pytest.raises(error) as caught:
        create_subscribers(customer=scene.customer, users=users, by=scene.by)
    assert everything(scene.customer) == before
    return caught.value


def problems(scene: Scene, *users: NewSubscriber) -> list[tuple[int, str, str]]:
    """(row, field, code) of everything wrong with these rows."""
    error = refused(scene, list(users))
    return [(e.row, e.field, e.code) for e in error.errors]  # type: ignore[attr-defined]


# -- Creating ----------------------------------------------------------------------------------------------------------
def test_people_are_created_with_package_location_number_and_extension(scene: Scene) -> None:
    make_number(scene.headquarters, "+12175550101")
    users = [
        new_user(scene, "Ada", number="(217) 555-0101", extension="2101"),
        new_user(scene, "Bob", number="217 555 0102"),
        new_user(scene, "Cyd", "webex_meetings"),
    ]
    people, job = create_subscribers(customer=scene.customer, users=users, by=scene.by)
    found = [
        (
            p.email,
            p.status,
            p.location,
            p.extension,
            getattr(PhoneNumber.objects.filter(subscriber=p).first(), "e164", ""),
        )
        for p in Subscriber.objects.filter(customer=scene.customer).order_by("email")
    ]
    assert found == [
        ("ada@example.com", "pending", scene.headquarters, "2101", "+12175550101"),
        ("bob@example.com", "pending", scene.headquarters, "", "+12175550102"),
        ("cyd@example.com", "pending", None, "", ""),
    ]
    assert list(PackageAssignment.objects.order_by("subscriber__email").values_list("package", "location")) == [
        ("webex_calling", scene.headquarters.pk),
        ("webex_calling", scene.headquarters.pk),
        ("webex_meetings", None),
    ]
    assert (used(scene.customer), used(scene.customer, "webex_meetings"), broken_invariants()) == (2, 1, [])
    assert (job.kind, [(step.name, step.item) for step in job.steps.all()]) == (
        "create_subscribers",
        [*(("create_person", str(p.public_id)) for p in people), ("invite_user", str(people[0].public_id))],
    )


def test_each_person_has_an_audit_event_of_his_own(scene: Scene) -> None:
    make_subscriber(scene.customer)
    (ada, bob), _ = create_subscribers(
        customer=scene.customer,
        users=[new_user(scene, n, extension=f"21{i}0") for i, n in enumerate(["Ada", "Bob"])],
        by=scene.by,
    )
    events = AuditEvent.objects.filter(customer=scene.customer, action="subscriber.created").order_by("number")
    start = PackageAssignment.objects.get(subscriber=ada).started_at
    assert [event.target_id for event in events] == [str(ada.public_id), str(bob.public_id)]
    assert (events[0].text, events[0].changes) == (
        "Ada Sample (ada@example.com) created with Webex Calling",
        {
            "email": [None, "ada@example.com"],
            "package": [None, "webex_calling"],
            "from": [None, start.isoformat()],
            "location": [None, "Headquarters"],
            "extension": [None, "2100"],
        },
    )


def test_a_location_may_be_named(scene: Scene) -> None:
    users = [new_user(scene, "Ada", location=" headQUARTERS ", extension="2100")]
    (ada,), _ = create_subscribers(customer=scene.customer, users=users, by=scene.by)
    assert ada.location == scene.headquarters


def test_what_was_typed_is_tidied(scene: Scene) -> None:
    user = NewSubscriber("  Ada ", "van  Sample", " ADA@Example.COM ", "webex_meetings", None, "  ", " ")
    (ada,), _ = create_subscribers(customer=scene.customer, users=[user], by=scene.by)
    assert (ada.first_name, ada.last_name, ada.email) == ("Ada", "van Sample", "ada@example.com")


# -- The rules ---------------------------------------------------------------------------------------------------------
def test_every_bad_cell_of_every_row_is_reported_at_once(scene: Scene) -> None:
    users = [
        new_user(scene, "", package="webex_meetings", email="broken"),
        new_user(scene, "Ada", package="golden_phone"),
        new_user(scene, "Bob", location="Moon", extension="2100"),
    ]
    error = refused(scene, users)
    assert error.errors == [  # type: ignore[attr-defined]
        RowError(0, "first_name", "name_invalid", "First name is missing."),
        RowError(0, "email", "4801", "Enter an email address such as name@example.com."),
        RowError(1, "package", "package_not_for_users", "golden_phone is not a package for users."),
        RowError(2, "location", "location_unknown", "There is no location called Moon."),
    ]
    assert str(error).startswith("Row 1, First name: First name is missing. Row 1, Email:")


@pytest.mark.parametrize("name", ["A" * 31, "A%B", "A#B", "A<B", "A>B", "A\\B", "A/B", 'A"B', "A\x00B", "Zoë"])
def test_names_that_calling_cannot_show_are_refused(scene: Scene, name: str) -> None:
    user = new_user(scene, "Ada", first_name=name, extension="2100")
    assert problems(scene, user) == [(0, "first_name", "name_invalid")]


def test_accents_are_fine_without_calling(scene: Scene) -> None:
    user = new_user(scene, "Ada", "webex_meetings", first_name="Zoë")
    assert create_subscribers(customer=scene.customer, users=[user], by=scene.by)[0][0].first_name == "Zoë"


@pytest.mark.parametrize(
    "email",
    [
        "",
        "ada",
        "ada@",
        "@example.com",
        "a b@example.com",
        "a" * 65 + "@example.com",
        "a@" + "b" * 156 + ".com",
        "a\x00@example.com",
        "a@b\ud800.example.com",
        "İ@example.com",
    ],
)
def test_an_email_that_is_none_is_refused(scene: Scene, email: str) -> None:
    assert problems(scene, new_user(scene, "Ada", "webex_meetings", email=email)) == [(0, "email", "4801")]


def test_an_email_exists_once_in_the_whole_portal(scene: Scene) -> None:
    make_subscriber(make_customer(make_partner()), email="taken@example.com")
    users = [
        new_user(scene, "Ada", "webex_meetings", email="Taken@Example.com"),
        new_user(scene, "Bob", "webex_meetings", email="twice@example.com"),
        new_user(scene, "Cyd", "webex_meetings", email="TWICE@example.com"),
    ]
    error = refused(scene, users)
    assert error.errors == [  # type: ignore[attr-defined]
        RowError(0, "email", "10022", "This email address belongs to an existing user."),
        RowError(2, "email", "duplicate_in_list", "This email address is in row 2 already."),
    ]


def test_the_email_of_somebody_deleted_is_free_again(scene: Scene) -> None:
    gone = make_subscriber(scene.customer, email="ada@example.com")
    Subscriber.objects.filter(pk=gone.pk).update(deleted_at=gone.created_at)
    create_subscribers(customer=scene.customer, users=[new_user(scene, "Ada", "webex_meetings")], by=scene.by)


def test_exceeding_a_limit_says_package_limit_used_and_asked(cast: Cast) -> None:
    scene = make_scene(cast.actor("partner_full"), make_customer(cast.north), webex_meetings=2)
    create_subscribers(customer=scene.customer, users=[new_user(scene, "Ann", "webex_meetings")], by=scene.by)
    error = refused(scene, [new_user(scene, name, "webex_meetings") for name in ("Ada", "Bob", "Cyd")])
    sentence = "Webex Meetings: limit 2, 1 used, 3 asked for. Your service provider can raise the limit."
    assert error.errors == [  # type: ignore[attr-defined]
        RowError(1, "package", "limit_reached", sentence),
        RowError(2, "package", "limit_reached", sentence),
    ]


@pytest.mark.parametrize(
    "package", ["common_area_calling", "attendant_console", "cisco_calling_plan", "webex_voice", ""]
)
def test_a_user_needs_one_base_package_that_the_customer_has(scene: Scene, package: str) -> None:
    assert problems(scene, new_user(scene, "Ada", package, extension=""))[0][:2] == (0, "package")


def test_a_calling_user_needs_a_location_and_a_number_or_an_extension(scene: Scene) -> None:
    assert problems(scene, new_user(scene, "Ada", location=None)) == [
        (0, "location", "needs_location"),
        (0, "number", "needs_number_or_extension"),
    ]


def test_a_location_of_somebody_else_is_unknown(scene: Scene) -> None:
    stranger = make_location(make_customer(make_partner()))
    assert problems(scene, new_user(scene, "Ada", location=stranger, extension="2100")) == [
        (0, "location", "location_unknown")
    ]


def test_numbers_are_checked_for_all_rows(scene: Scene) -> None:
    branch = make_location(scene.customer, "Branch")
    make_number(branch, "+12175550101")
    make_number(scene.headquarters, "+12175550102", subscriber=make_subscriber(scene.customer))
    make_number(make_location(make_customer(make_partner())), "+12175550103")
    typed = ["+12175550101", "+12175550102", "+12175550103", "hello", "217-555-0104", "+12175550104"]
    users = [new_user(scene, f"U{n}", number=number) for n, number in enumerate(typed)]
    assert problems(scene, *users, new_user(scene, "M", "webex_meetings", number="+12175550109")) == [
        (0, "number", "number_elsewhere"),
        (1, "number", "4201"),
        (2, "number", "4201"),
        (3, "number", "4410"),
        (5, "number", "duplicate_in_list"),
        (6, "number", "needs_calling"),
    ]


def test_extensions_are_checked_for_all_rows(scene: Scene) -> None:
    make_subscriber(scene.customer, location=scene.headquarters, extension="2101")
    make_workspace(scene.headquarters, extension="2102")
    branch = make_location(scene.customer, "Branch")
    typed = ["2101", "2102", "1", "12x", "911", "2103", "2103"]
    users = [new_user(scene, f"U{n}", extension=extension) for n, extension in enumerate(typed)]
    assert problems(scene, *users, new_user(scene, "B", location=branch, extension="2103")) == [
        (0, "extension", "4202"),
        (1, "extension", "4202"),
        (2, "extension", "4909"),
        (3, "extension", "4910"),
        (4, "extension", "4911"),
        (6, "extension", "duplicate_in_list"),
    ]


@pytest.mark.parametrize("count", [0, 26])
def test_one_to_twenty_five_at_a_time(scene: Scene, count: int) -> None:
    refused(scene, [new_user(scene, f"U{n}", "webex_meetings") for n in range(count)], TooManySubscribers)


def test_a_customer_on_hold_gets_nobody(scene: Scene) -> None:
    Customer.objects.filter(pk=scene.customer.pk).update(status="pending_rpl_review")
    refused(scene, [new_user(scene, "Ada", "webex_meetings")], CustomerNotReady)


# -- The administrator -------------------------------------------------------------------------------------------------
def test_the_first_user_of_a_new_customer_becomes_its_administrator(scene: Scene) -> None:
    users = [new_user(scene, name, "webex_meetings") for name in ("Zed", "Ada")]
    (zed, ada), _ = create_subscribers(customer=scene.customer, users=users, by=scene.by)
    admin = AdminUser.objects.get(email="zed@example.com")
    zed.refresh_from_db()
    assert (zed.admin, ada.admin, admin.full_name, admin.has_usable_password()) == (admin, None, "Zed Sample", False)
    assert list(RoleAssignment.objects.filter(customer=scene.customer).values_list("admin", "role")) == [
        (admin.pk, "customer_full")
    ]
    event = AuditEvent.objects.get(customer=scene.customer, target_id=str(zed.public_id))
    assert event.changes["administrator"] == [None, True]
    create_subscribers(customer=scene.customer, users=[new_user(scene, "Bob", "webex_meetings")], by=scene.by)
    assert RoleAssignment.objects.filter(customer=scene.customer).count() == 1


def test_an_account_that_exists_is_linked(scene: Scene) -> None:
    admin = make_admin("ada@example.com")
    password = admin.password
    (ada,), _ = create_subscribers(
        customer=scene.customer, users=[new_user(scene, "Ada", "webex_meetings", email="ADA@example.com")], by=scene.by
    )
    admin.refresh_from_db()
    assert (ada.admin, admin.password) == (admin, password)
    assert admin.role_assignments.get().customer == scene.customer


# -- Who may -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "who",
    ["customer_restricted", "customer_readonly", "partner_admin", "partner_readonly", "helpdesk", "other_partner_full"],
)
def test_adding_users_is_refused_to_whom_it_is_not_entrusted(cast: Cast, who: str) -> None:
    scene = make_scene(cast.actor(who), cast.acme)
    refused(scene, [new_user(scene, "Ada", "webex_meetings")], Forbidden)


def test_a_customer_admin_adds_users_but_no_numbers(cast: Cast) -> None:
    scene = make_scene(cast.actor("customer_full"), cast.open_acme)
    make_number(scene.headquarters, "+12175550101")
    error = refused(scene, [new_user(scene, "Ada", number="+12175550102")])
    assert error.errors == [  # type: ignore[attr-defined]
        RowError(
            0,
            "number",
            "number_not_in_inventory",
            "Choose one of the free numbers of Headquarters. Only your service provider can add numbers.",
        )
    ]
    create_subscribers(customer=scene.customer, users=[new_user(scene, "Ada", number="+12175550101")], by=scene.by)


def test_a_rename_changes_the_name_and_says_so(scene: Scene) -> None:
    ada = make_subscriber(scene.customer, first_name="Ada", last_name="Sample")
    rename_subscriber(subscriber=ada, first_name="Ada", last_name="Example", by=scene.by)
    event = AuditEvent.objects.get(customer=scene.customer)
    assert (event.text, event.changes) == ("Ada Sample renamed to Ada Example", {"last_name": ["Sample", "Example"]})
    rename_subscriber(subscriber=ada, first_name="Ada", last_name="Example", by=scene.by)
    assert AuditEvent.objects.filter(customer=scene.customer).count() == 1


def test_a_bad_name_is_refused_beside_its_field(scene: Scene) -> None:
    ada = make_subscriber(scene.customer)
    make_assignment(ada, "webex_calling")
    with pytest.raises(NameRefused) as caught:
        rename_subscriber(subscriber=ada, first_name="Ada", last_name="Exa/mple", by=scene.by)
    assert caught.value.field == "last_name"
    assert AuditEvent.objects.count() == 0


# -- Races -------------------------------------------------------------------------------------------------------------
@pytest.fixture
def race(transactional_db: None) -> Scene:
    return make_scene(SYSTEM, make_customer(make_partner()), webex_meetings=10)


def create(scene: Scene, names: list[str], by: Actor = SYSTEM) -> Callable[[], object]:
    users = [new_user(scene, name, "webex_meetings") for name in names]
    return lambda: create_subscribers(customer=scene.customer, users=users, by=by)


@pytest.mark.slow
def test_lists_at_once_never_pass_the_limit_and_make_one_administrator(race: Scene) -> None:
    outcomes = at_once([create(race, [f"A{n}", f"B{n}", f"C{n}"]) for n in range(8)])
    assert (outcomes.count("ok"), outcomes.count("subscriber_errors")) == (3, 5)
    assert (used(race.customer, "webex_meetings"), Subscriber.objects.count(), broken_invariants()) == (9, 9, [])
    assert RoleAssignment.objects.filter(customer=race.customer).count() == 1


@pytest.mark.slow
def test_two_customers_that_want_the_same_people_do_not_deadlock(race: Scene) -> None:
    scenes = [race, *(make_scene(SYSTEM, make_customer(make_partner())) for _ in range(3))]
    names = [f"U{n}" for n in range(12)]
    deeds = [create(scene, names if n % 2 else names[::-1]) for n, scene in enumerate(scenes)]
    outcomes = at_once([create(race, names[:9]), *deeds[1:]])
    assert outcomes.count("ok") == 1
    assert set(outcomes) <= {"ok", "10022", "subscriber_errors"}
    assert broken_invariants() == []
