"""The wizards "Set up customer" and "Add users": nothing typed is lost, nothing is created twice, nobody slips through."""

import random
import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from controlhub.models import Location, PhoneNumber, Subscriber
from provisioning.models import ProvisioningJob
from tenancy.models import AuditEvent, Customer, RoleAssignment, WizardDraft
from tests.cast import Cast
from tests.controlhub.races import at_once
from tests.controlhub.scene import Scene, broken_invariants, everything, make_scene, used
from tests.factories import make_customer, make_location, make_number, make_subscriber
from tests.launching import launch


def rows(*people: tuple[str, str, str], place: str = "", **more: str) -> dict[str, str]:
    """Grid rows: (first name, e-mail, package)."""
    data = {"rows": "5"} | more
    for n, (name, email, package) in enumerate(people):
        data |= {
            f"users-{n}-first_name": name,
            f"users-{n}-last_name": "Sample",
            f"users-{n}-email": email,
            f"users-{n}-package": package,
            f"users-{n}-location": place,
        }
    return data


class Walk:
    """Somebody walking through one of the wizards."""

    def __init__(self, browser: Client, customer: Customer, wizard: str = "setup") -> None:
        self.browser, self.customer, self.wizard = browser, customer, wizard
        self.url = browser.get(reverse(f"controlhub:{wizard}", args=[customer.public_id])).url

    def page(self, key: str) -> str:
        return re.sub(r"[^/]+/$", f"{key}/", self.url)

    def post(self, key: str, data: dict[str, str] | None = None) -> Any:
        return self.browser.post(self.page(key), data or {})

    def get(self, key: str) -> Any:
        return self.browser.get(self.page(key))

    def key_of(self, response: Any) -> str:
        """The page that a redirect goes to."""
        return response.url.rstrip("/").rpartition("/")[2]


@pytest.fixture
def scene(cast: Cast) -> Scene:
    customer = make_customer(cast.north)
    return make_scene(cast.actor("partner_full"), customer, webex_suite=2)


@pytest.fixture
def walk(scene: Scene, cast: Cast, sign_in: Callable[[str], Client]) -> Walk:
    browser = sign_in("partner_full")
    launch(browser, customer=scene.customer, by=cast.actor("partner_full"))
    return Walk(browser, scene.customer)


def number_fields(response: Any, name: str) -> str:
    """The prefix of somebody's row on the page "Numbers"."""
    form = response.context["form"]
    return next(row.prefix for row in form.rows.values() if row.user.first_name == name)


# -- The whole way -----------------------------------------------------------------------------------------------------
def test_locations_users_and_numbers_are_created_in_one_go(scene: Scene, walk: Walk) -> None:
    Location.objects.filter(pk=scene.headquarters.pk).update(confirmed_at=None)
    make_number(scene.headquarters, "+12175550101")
    branch = {
        "rows": "1",
        f"confirm-{scene.headquarters.public_id}": "on",
        "branch-0-name": "Branch",
        "branch-0-address_line1": "2 Side Street",
        "branch-0-city": "Peoria",
        "branch-0-state": "IL",
        "branch-0-postal_code": "61602",
        "branch-0-country": "US",
        "branch-0-time_zone": "America/Chicago",
        "branch-0-language": "en_us",
    }
    assert walk.key_of(walk.post("locations", branch)) == "users"
    users = rows(
        ("Ada", "ada@example.com", "webex_suite"),
        ("Bob", "bob@example.com", "webex_calling"),
        ("Cyd", "cyd@example.com", "webex_meetings"),
    )
    users |= {"users-0-location": str(scene.headquarters.public_id), "users-1-location": "new-0"}
    assert walk.key_of(walk.post("users", users)) == "numbers"
    page = walk.get("numbers")
    ada, bob = number_fields(page, "Ada"), number_fields(page, "Bob")
    numbers = {f"{ada}-number": "217-555-0101", f"{ada}-extension": "", f"{bob}-number": "", f"{bob}-extension": "1000"}
    assert walk.key_of(walk.post("numbers", numbers)) == "summary"
    summary = walk.get("summary").content.decode()
    assert "Ada Sample is the first user of this organization and becomes its administrator." in summary
    done = walk.post("summary")
    people = Subscriber.objects.filter(customer=scene.customer).order_by("email")
    found = [(p.email, p.location.name if p.location else None, p.extension) for p in people]
    assert found == [
        ("ada@example.com", "Headquarters", ""),
        ("bob@example.com", "Branch", "1000"),
        ("cyd@example.com", None, ""),
    ]
    assert PhoneNumber.objects.get().subscriber == people[0]
    assert [(place.name, place.confirmed_at is not None) for place in Location.objects.order_by("name")] == [
        ("Branch", True),
        ("Headquarters", True),
    ]
    job = ProvisioningJob.objects.get(customer=scene.customer)
    assert [step.name for step in job.steps.all()] == ["create_location", *["create_person"] * 3, "invite_user"]
    assert done.url == reverse("controlhub:setup-done", args=[scene.customer.public_id, job.public_id])
    result = walk.browser.get(done.url).content.decode()
    assert "3 users and 1 location." in result
    assert reverse("controlhub:job-card", args=[job.customer.public_id, job.public_id]) in result
    assert broken_invariants() == []


def test_add_users_needs_no_locations_page(scene: Scene, walk: Walk) -> None:
    walk = Walk(walk.browser, scene.customer, "user-add")
    assert walk.key_of(walk.post("users", rows(("Ada", "ada@example.com", "webex_meetings")))) == "summary"
    walk.post("summary")
    assert list(Subscriber.objects.values_list("email", "location")) == [("ada@example.com", None)]


def test_a_second_confirm_a_reload_and_back_create_nothing_more(scene: Scene, walk: Walk) -> None:
    walk.post("locations", {"rows": "0"})
    walk.post("users", rows(("Ada", "ada@example.com", "webex_meetings")))
    first = walk.post("summary")
    assert {walk.post("summary").url, walk.get("users").url, walk.post("users", rows()).url} == {first.url}
    assert (Subscriber.objects.count(), ProvisioningJob.objects.count()) == (1, 1)


# -- Nothing typed is lost ---------------------------------------------------------------------------------------------
def test_a_grid_with_bad_rows_keeps_everything_typed_and_says_what_is_wrong_where(scene: Scene, walk: Walk) -> None:
    make_subscriber(scene.customer, email="taken@example.com")
    walk.post("locations", {"rows": "0"})
    before = everything(scene.customer)
    response = walk.post(
        "users",
        rows(
            ("Ada", "taken@example.com", "webex_meetings"),
            ("B%b", "bob@example.com", "webex_meetings"),
            ("Cyd", "not an email", "webex_suite"),
            ("Dan", "dan@example.com", ""),
        ),
    )
    assert response.status_code == 422
    form = response.context["form"]
    errors = [(n, {name: list(texts) for name, texts in row.errors.items()}) for n, row in enumerate(form.filled)]
    assert errors == [
        (0, {"email": ["This email address belongs to an existing user."]}),
        (1, {"first_name": ['These characters are not allowed: % # < > \\ / "']}),
        (
            2,
            {
                "email": ["Enter an email address such as name@example.com."],
                "location": ["A calling user needs a location."],
            },
        ),
        (3, {"package": ["Choose a package."]}),
    ]
    html = response.content.decode()
    for typed in ("taken@example.com", "B%b", "not an email", "dan@example.com"):
        assert f'value="{typed}"' in html
    assert "Row 2, First name: These characters are not allowed" in html
    again = walk.get("users").content.decode()
    assert 'value="not an email"' in again
    assert everything(scene.customer) == before


def test_more_rows_and_cleared_rows_work_without_complaint_and_without_javascript(scene: Scene, walk: Walk) -> None:
    walk.post("locations", {"rows": "0"})
    typed = rows(("Ada", "broken", "webex_meetings"), ("Bob", "bob@example.com", "webex_meetings"))
    more = walk.post("users", typed | {"more": "5"})
    assert (more.status_code, more.context["form"].shown, list(more.context["form"].problems_of_page)) == (200, 10, [])
    assert 'value="broken"' in more.content.decode()
    assert "Enter an email address" not in more.content.decode()
    fewer = walk.post("users", typed | {"drop": "users-0"})
    assert [row["email"].value() for row in fewer.context["form"].filled] == ["bob@example.com"]


def test_blank_rows_do_not_count_but_a_page_of_blanks_is_refused(scene: Scene, walk: Walk) -> None:
    walk.post("locations", {"rows": "0"})
    hq = str(scene.headquarters.public_id)
    blank = walk.post("users", {"rows": "5"} | {f"users-{n}-location": hq for n in range(5)})
    assert (blank.status_code, blank.context["form"].problems_of_page) == (422, ["Add at least one user."])
    gap = {"rows": "5", "users-4-first_name": "Ada", "users-4-last_name": "Sample", "users-4-email": "ada@example.com"}
    assert walk.key_of(walk.post("users", gap | {"users-4-package": "webex_meetings"})) == "summary"


def test_more_than_twenty_five_rows_are_kept_and_refused(scene: Scene, walk: Walk) -> None:
    walk.post("locations", {"rows": "0"})
    people = [(f"U{n}", f"u{n}@example.com", "webex_meetings") for n in range(26)]
    response = walk.post("users", rows(*people))
    assert response.status_code == 422
    assert response.context["form"].problems_of_page == ["Add at most 25 users at a time. There are 26 rows."]
    assert 'value="u25@example.com"' in response.content.decode()


def test_two_tabs_each_keep_their_own_draft(scene: Scene, walk: Walk, sign_in: Callable[[str], Client]) -> None:
    other = Walk(walk.browser, scene.customer)
    for tab, name in ((walk, "ada"), (other, "bob")):
        tab.post("locations", {"rows": "0"})
        tab.post("users", rows((name.title(), f"{name}@example.com", "webex_meetings")))
    walk.post("summary")
    other.post("summary")
    assert sorted(Subscriber.objects.values_list("email", flat=True)) == ["ada@example.com", "bob@example.com"]


def test_going_back_and_dropping_a_row_does_not_shift_the_others_numbers(scene: Scene, walk: Walk) -> None:
    hq = str(scene.headquarters.public_id)
    walk.post("locations", {"rows": "0"})
    ada, bob = ("Ada", "ada@example.com", "webex_calling"), ("Bob", "bob@example.com", "webex_calling")
    walk.post("users", rows(ada, bob, place=hq))
    page = walk.get("numbers")
    typed = {}
    for name, extension in (("Ada", "2001"), ("Bob", "2002")):
        prefix = number_fields(page, name)
        typed |= {f"{prefix}-number": "", f"{prefix}-extension": extension}
    walk.post("numbers", typed)
    assert walk.key_of(walk.post("users", rows(bob, place=hq))) == "numbers"
    assert walk.get("summary").status_code == 200
    walk.post("summary")
    assert list(Subscriber.objects.values_list("email", "extension")) == [("bob@example.com", "2002")]


def test_a_user_added_afterwards_is_asked_for_a_number(scene: Scene, walk: Walk) -> None:
    hq = str(scene.headquarters.public_id)
    walk.post("locations", {"rows": "0"})
    ada, bob = ("Ada", "ada@example.com", "webex_calling"), ("Bob", "bob@example.com", "webex_calling")
    walk.post("users", rows(ada, place=hq))
    prefix = number_fields(walk.get("numbers"), "Ada")
    walk.post("numbers", {f"{prefix}-number": "", f"{prefix}-extension": "1000"})
    walk.post("users", rows(ada, bob, place=hq))
    assert walk.key_of(walk.get("summary")) == "numbers"
    page = walk.get("numbers")
    bobs = next(row for row in page.context["form"].rows.values() if row.user.first_name == "Bob")
    assert bobs["extension"].value() == "1001"


# -- Packages and limits -----------------------------------------------------------------------------------------------
def test_a_used_up_package_is_shown_but_cannot_be_chosen(scene: Scene, walk: Walk) -> None:
    scene.customer.packages.filter(package="webex_suite").update(used=2)
    walk.post("locations", {"rows": "0"})
    html = walk.get("users").content.decode()
    assert '<option value="webex_suite" disabled>Webex Suite – limit reached (2/2)</option>' in html
    response = walk.post(
        "users", rows(("Ada", "ada@example.com", "webex_suite"), place=str(scene.headquarters.public_id))
    )
    assert list(response.context["form"].filled[0].errors["package"]) == [
        "Webex Suite: limit 2, 2 used, 1 asked for. Your service provider can raise the limit."
    ]


def test_asking_for_more_than_is_left_says_limit_used_and_asked(scene: Scene, walk: Walk) -> None:
    walk.post("locations", {"rows": "0"})
    people = [(f"U{n}", f"u{n}@example.com", "webex_suite") for n in range(3)]
    response = walk.post("users", rows(*people, place=str(scene.headquarters.public_id)))
    assert [list(row.errors.values()) for row in response.context["form"].filled] == [
        [],
        [],
        [["Webex Suite: limit 2, 0 used, 3 asked for. Your service provider can raise the limit."]],
    ]


def test_a_limit_used_up_meanwhile_brings_back_to_the_page_that_can_mend_it(scene: Scene, walk: Walk) -> None:
    walk.post("locations", {"rows": "0"})
    walk.post("users", rows(("Ada", "ada@example.com", "webex_meetings")))
    scene.customer.packages.filter(package="webex_meetings").update(limit=0)
    before = everything(scene.customer)
    assert walk.key_of(walk.post("summary")) == "users"
    assert everything(scene.customer) == before


# -- Numbers -----------------------------------------------------------------------------------------------------------
def test_extensions_are_suggested_and_free_numbers_filled_in(scene: Scene, walk: Walk) -> None:
    make_subscriber(scene.customer, location=scene.headquarters, extension="1007")
    make_number(scene.headquarters, "+12175550101")
    make_number(scene.headquarters, "+12175550102")
    walk.post("locations", {"rows": "0"})
    people = [("Ada", "ada@example.com", "webex_calling"), ("Bob", "bob@example.com", "webex_calling")]
    walk.post("users", rows(*people, place=str(scene.headquarters.public_id)))
    form = walk.get("numbers").context["form"]
    assert [(row["number"].value() or "", row["extension"].value()) for row in form.rows.values()] == [
        ("", "1008"),
        ("", "1009"),
    ]
    typed = {f"{row.prefix}-{name}": row[name].value() or "" for row in form.rows.values() for name in row.fields}
    filled = walk.post("numbers", typed | {"fill": "1"}).context["form"]
    assert [row["number"].value() for row in filled.rows.values()] == ["+12175550101", "+12175550102"]
    assert PhoneNumber.objects.filter(subscriber=None).count() == 2


def test_wrong_numbers_stay_as_typed_with_the_reason_beside_them(scene: Scene, walk: Walk) -> None:
    make_subscriber(scene.customer, location=scene.headquarters, extension="2001")
    walk.post("locations", {"rows": "0"})
    people = [(name, f"{name.lower()}@example.com", "webex_calling") for name in ("Ada", "Bob", "Cyd")]
    walk.post("users", rows(*people, place=str(scene.headquarters.public_id)))
    form = walk.get("numbers").context["form"]
    values = [("banana", ""), ("", "2001"), ("", "")]
    typed = {}
    for row, (number, extension) in zip(form.rows.values(), values, strict=True):
        typed |= {f"{row.prefix}-number": number, f"{row.prefix}-extension": extension}
    response = walk.post("numbers", typed)
    assert response.status_code == 422
    assert [{name: list(e) for name, e in row.errors.items()} for row in response.context["form"].rows.values()] == [
        {"number": ["This is not a phone number. Write it with its country code, for example +12175550100."]},
        {"extension": ["This extension is in use at the location. Choose another one."]},
        {"number": ["A calling user needs a phone number, an extension, or both."]},
    ]
    assert 'value="banana"' in response.content.decode()


# -- Locations ---------------------------------------------------------------------------------------------------------
def test_an_unconfirmed_address_must_be_confirmed(scene: Scene, walk: Walk) -> None:
    Location.objects.filter(pk=scene.headquarters.pk).update(confirmed_at=None)
    response = walk.post("locations", {"rows": "0"})
    assert response.status_code == 422
    assert "Confirm the address of Headquarters, or correct it first." in response.content.decode()
    assert Location.objects.get(pk=scene.headquarters.pk).confirmed_at is None


def test_a_branch_is_checked_by_its_countrys_rules_and_kept_as_typed(scene: Scene, walk: Walk) -> None:
    branch = {"rows": "1", "branch-0-name": "headquarters", "branch-0-country": "US", "branch-0-postal_code": "X"}
    response = walk.post("locations", branch | {"branch-0-time_zone": "UTC", "branch-0-language": "en_us"})
    assert response.status_code == 422
    assert {name: list(e) for name, e in response.context["form"].filled[0].errors.items()} == {
        "name": ["There is a location called headquarters already."],
        "address_line1": ["Street address is missing."],
        "city": ["City is missing."],
        "state": ["A state or province is needed for United States."],
        "postal_code": ["This is not a postal code of United States. Example: 12345 or 12345-6789."],
    }
    assert 'value="headquarters"' in response.content.decode()


def test_nothing_is_created_when_one_part_fails(scene: Scene, walk: Walk) -> None:
    """The branch's name is taken between the last page and Confirm: no location, no user, and the page that mends it."""
    branch = {
        "rows": "1",
        "branch-0-name": "Branch",
        "branch-0-address_line1": "2 Side Street",
        "branch-0-city": "Peoria",
    }
    branch |= {"branch-0-state": "IL", "branch-0-postal_code": "61602", "branch-0-country": "US"}
    walk.post("locations", branch | {"branch-0-time_zone": "America/Chicago", "branch-0-language": "en_us"})
    walk.post("users", rows(("Ada", "ada@example.com", "webex_meetings")))
    make_location(scene.customer, "Branch")
    before = everything(scene.customer)
    assert walk.key_of(walk.post("summary")) == "locations"
    assert everything(scene.customer) == before


# -- Who may -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("wizard", ["setup", "user-add"])
@pytest.mark.parametrize("who", ["customer_restricted", "customer_readonly"])
def test_who_may_not_add_users_is_refused_by_every_door(
    cast: Cast, sign_in: Callable[[str], Client], wizard: str, who: str
) -> None:
    make_scene(cast.actor("partner_full"), cast.acme)
    browser, before = sign_in(who), everything(cast.acme)
    start = reverse(f"controlhub:{wizard}", args=[cast.acme.public_id])
    page = reverse(f"controlhub:{wizard}-page", args=[cast.acme.public_id, uuid.uuid4(), "users"])
    data = rows(("Ada", "ada@example.com", "webex_meetings"))
    answers = [browser.get(start), browser.post(start, data), browser.get(page), browser.post(page, data)]
    assert [answer.status_code for answer in answers] == [403] * 4
    assert (everything(cast.acme), WizardDraft.objects.count()) == (before, 0)


def test_restricting_in_the_middle_stops_the_draft(cast: Cast, sign_in: Callable[[str], Client]) -> None:
    make_scene(cast.actor("partner_full"), cast.open_acme)
    walk = Walk(sign_in("customer_full"), cast.open_acme, "user-add")
    walk.post("users", rows(("Ada", "ada@example.com", "webex_meetings")))
    Customer.objects.filter(pk=cast.open_acme.pk).update(restricted=True)
    assert walk.post("summary").status_code == 403
    assert Subscriber.objects.count() == 0


def test_a_customer_admin_adds_users_while_restricted_mode_is_off(cast: Cast, sign_in: Callable[[str], Client]) -> None:
    make_scene(cast.actor("partner_full"), cast.open_acme)
    walk = Walk(sign_in("customer_full"), cast.open_acme, "user-add")
    walk.post("users", rows(("Ada", "ada@example.com", "webex_meetings")))
    walk.post("summary")
    assert list(Subscriber.objects.values_list("email", flat=True)) == ["ada@example.com"]


def test_strangers_find_nothing_and_partner_staff_need_a_launch(cast: Cast, sign_in: Callable[[str], Client]) -> None:
    start = reverse("controlhub:setup", args=[cast.acme.public_id])
    assert sign_in("other_partner_full").get(start).status_code == 404
    assert sign_in("other_customer_full").get(start).status_code == 404
    assert sign_in("partner_full").get(start).status_code == 403


def test_another_ones_draft_is_not_found(
    scene: Scene, walk: Walk, cast: Cast, sign_in: Callable[[str], Client]
) -> None:
    browser = sign_in("partner_plain")
    launch(browser, customer=scene.customer, by=cast.actor("partner_plain"))
    assert browser.get(walk.page("users")).status_code == 404
    assert browser.post(walk.page("users"), rows()).status_code == 404


def test_a_customer_on_hold_is_told_before_anybody_types(scene: Scene, walk: Walk) -> None:
    Customer.objects.filter(pk=scene.customer.pk).update(status="pending_rpl_review")
    response = walk.browser.get(reverse("controlhub:setup", args=[scene.customer.public_id]))
    assert response.status_code == 200
    assert "is on hold for a compliance review" in response.content.decode()


def test_the_result_of_another_customer_is_not_found(scene: Scene, walk: Walk, cast: Cast) -> None:
    url = reverse("controlhub:setup-done", args=[scene.customer.public_id, uuid.uuid4()])
    assert walk.browser.get(url).status_code == 404


# -- How much it asks of the database ----------------------------------------------------------------------------------
@pytest.mark.parametrize("people", [1, 3])
def test_a_grid_costs_the_same_at_one_and_at_three_rows(
    scene: Scene, walk: Walk, people: int, django_assert_num_queries: Any
) -> None:
    walk.post("locations", {"rows": "0"})
    walk.post("users", rows(*[(f"U{n}", f"u{n}@example.com", "webex_meetings") for n in range(people)]))
    with django_assert_num_queries(15):
        walk.get("users")


@pytest.mark.slow
def test_two_confirms_at_once_create_everything_once(transactional_db: None, cast: Cast) -> None:
    customer = make_customer(cast.north)
    scene = make_scene(cast.actor("partner_full"), customer)
    browsers = [Client(), Client()]
    launch(browsers[0], customer=customer, by=cast.actor("partner_full"))
    for browser in browsers:
        browser.force_login(cast.admins["partner_full"])
    browsers[1].cookies[settings.LAUNCH_COOKIE_NAME] = browsers[0].cookies[settings.LAUNCH_COOKIE_NAME].value
    walk = Walk(browsers[0], customer)
    walk.post("locations", {"rows": "0"})
    walk.post("users", rows(("Ada", "ada@example.com", "webex_meetings")))
    answers: list[Any] = []

    def confirm(browser: Client) -> Callable[[], object]:
        return lambda: answers.append(browser.post(walk.page("summary")).url)

    assert at_once([confirm(browser) for browser in browsers]) == ["ok", "ok"]
    assert len(set(answers)) == 1
    assert (Subscriber.objects.count(), used(scene.customer, "webex_meetings")) == (1, 1)
    assert (ProvisioningJob.objects.count(), broken_invariants()) == (1, [])
    assert RoleAssignment.objects.filter(customer=customer).count() == 1
    assert AuditEvent.objects.filter(action="subscriber.created").count() == 1


# -- Hostile input -----------------------------------------------------------------------------------------------------
NASTY = [
    "",
    "\x00",
    "\ud800",
    "-1",
    "99999999999",
    "../../etc",
    "' OR 1=1 --",
    "<script>",
    "users-0",
    "new-7",
    "٣",
    "🦆" * 200,
]
FIELDS = ["first_name", "last_name", "email", "package", "location", "name", "city", "country", "time_zone", "nonsense"]


@pytest.mark.parametrize("seed", range(3))
def test_no_input_whatever_breaks_a_page(scene: Scene, walk: Walk, seed: int) -> None:
    """Whatever is posted: a page that says what is wrong, or a redirect. Never an error of ours, never a user."""
    dice = random.Random(seed)
    for _ in range(12):
        key = dice.choice(["locations", "users", "numbers", "summary", "nonsense"])
        prefix = dice.choice(["users", "branch"])
        data = {
            f"{prefix}-{dice.choice(['0', '1', '9999', 'x'])}-{dice.choice(FIELDS)}": dice.choice(NASTY)
            for _ in range(8)
        }
        data |= {name: dice.choice(NASTY) for name in ("rows", "more", "drop", "stay", "go") if dice.random() < 0.4}
        answer = walk.browser.post(
            walk.page(key), {name: text.encode("utf-8", "replace").decode() for name, text in data.items()}
        )
        assert answer.status_code in (200, 302, 404, 422)
        assert walk.get("users").status_code in (200, 302)
    assert Subscriber.objects.count() == 0
