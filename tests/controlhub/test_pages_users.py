"""The users list, its search, filters, pages and export; one user's page and its forms."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from controlhub.models import Subscriber
from controlhub.queries.users import users_of
from tests.cast import Cast
from tests.controlhub.pages import Office, furnish, page
from tests.factories import make_assignment, make_customer_admin, make_location, make_number, make_subscriber
from tests.launching import launch

SignIn = Callable[[str], Client]


@pytest.fixture
def office(cast: Cast) -> Office:
    """Open Acme, not restricted."""
    return furnish(cast.open_acme)


def names(office: Office, **narrow: str) -> list[str]:
    return [str(user) for user in users_of(office.customer, **narrow).order_by("last_name")]  # type: ignore[arg-type]


def queries_of(client: Client, url: str) -> int:
    client.get(url)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(url).status_code == 200
    return len(captured)


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("", ["Ada Archer", "Gwen Grove"]),
        ("ARCH", ["Ada Archer"]),
        ("archer ada", ["Ada Archer"]),
        ("gwen@", ["Gwen Grove"]),
        ("ada grove", []),
        ("100%", []),
        ("a_a", []),
        ("\x00", ["Ada Archer", "Gwen Grove"]),
    ],
)
def test_search_finds_every_word_in_name_or_email(office: Office, search: str, found: list[str]) -> None:
    assert names(office, search=search) == found


def test_filters_by_package_location_and_status(office: Office) -> None:
    jo = make_subscriber(office.customer, first_name="Jo", last_name="Juniper", status="pending")
    make_assignment(jo, "webex_suite", end=datetime(2026, 2, 1, tzinfo=UTC))
    assert names(office, package="webex_calling") == ["Ada Archer"]
    assert names(office, package="none") == ["Jo Juniper"]
    assert names(office, package="webex_suite") == []
    assert names(office, location=office.headquarters.public_id) == ["Ada Archer"]  # type: ignore[arg-type]
    assert names(office, status="pending") == ["Jo Juniper"]


def test_deleted_users_are_gone_from_list_and_page(office: Office, sign_in: SignIn) -> None:
    Subscriber.objects.filter(pk=office.gwen.pk).update(deleted_at=datetime(2026, 5, 1, tzinfo=UTC))
    assert names(office) == ["Ada Archer"]
    assert sign_in("customer_full").get(page("user-detail", office.customer, office.gwen)).status_code == 404


def test_list_shows_package_location_number_role_and_status(office: Office, cast: Cast, sign_in: SignIn) -> None:
    office.ada.admin = cast.admins["customer_full"]
    office.ada.save(update_fields=["admin"])
    content = sign_in("customer_full").get(page("user-list", office.customer)).content.decode()
    for text in (
        "Ada Archer",
        "Webex Calling",
        "Headquarters",
        office.ada.number.e164,
        "ext. 201",
        "Full administrator",
    ):
        assert text in content


def test_roles_at_another_customer_are_not_shown(office: Office, cast: Cast, sign_in: SignIn) -> None:
    office.ada.admin = make_customer_admin(cast.acme)
    office.ada.save(update_fields=["admin"])
    content = sign_in("customer_full").get(page("user-list", office.customer)).content.decode()
    assert ">Full administrator</td>" not in content


def test_htmx_gets_only_the_table(office: Office, sign_in: SignIn) -> None:
    url = page("user-list", office.customer)
    content = sign_in("customer_full").get(url, {"q": "gwen"}, headers={"HX-Request": "true"}).content.decode()
    assert "Gwen Grove" in content
    assert "Ada Archer" not in content
    assert "<html" not in content


@pytest.mark.parametrize(
    "query", [{"package": "x"}, {"location": "x"}, {"status": "x"}, {"after": "x"}, {"q": "a" * 300}]
)
def test_a_filter_that_is_not_on_offer_is_no_filter(office: Office, sign_in: SignIn, query: dict[str, str]) -> None:
    answer = sign_in("customer_full").get(page("user-list", office.customer), query)
    assert (answer.status_code, "Ada Archer" in answer.content.decode()) == (200, True)


def test_pages_go_forth_and_back_and_keep_the_filter(office: Office, sign_in: SignIn) -> None:
    Subscriber.objects.bulk_create(
        Subscriber(customer=office.customer, first_name="Zoe", last_name=f"Z{n:02d}", email=f"z{n}@z.example.com")
        for n in range(60)
    )
    client, url = sign_in("customer_full"), page("user-list", office.customer)
    first = client.get(url, {"q": "zoe"})
    assert [str(user) for user in first.context["page"].items] == [f"Zoe Z{n:02d}" for n in range(50)]
    assert "q=zoe&amp;after=" in first.content.decode()
    second = client.get(url, {"q": "zoe", "after": first.context["page"].next})
    assert [str(user) for user in second.context["page"].items] == [f"Zoe Z{n:02d}" for n in range(50, 60)]
    back = client.get(url, {"q": "zoe", "before": second.context["page"].previous})
    assert back.context["page"].items == first.context["page"].items


@pytest.mark.parametrize(("who", "expected"), [("customer_full", 10), ("partner_full", 12)])
def test_queries_do_not_grow_with_the_rows(cast: Cast, sign_in: SignIn, who: str, expected: int) -> None:
    customer = cast.open_acme
    url, client = page("user-list", customer), sign_in(who)
    if who == "partner_full":
        launch(client, customer=customer, by=cast.actor(who))
    hq = make_location(customer)
    counts = []
    for wanted in (1, 3):
        while customer.subscribers.count() < wanted:
            user = make_subscriber(customer, location=hq, admin=make_customer_admin(customer))
            make_assignment(user)
            make_number(hq, subscriber=user)
        counts.append(queries_of(client, url))
    assert counts == [expected, expected]


def test_export_has_the_filtered_rows_and_no_formula(office: Office, sign_in: SignIn) -> None:
    make_subscriber(office.customer, first_name="=1+1", last_name="Formula", email="f@f.example.com")
    client, url = sign_in("customer_full"), page("user-export", office.customer)
    lines = b"".join(client.get(url).streaming_content).decode().splitlines()  # type: ignore[attr-defined]
    ada = office.ada
    assert lines == [
        "First name,Last name,Email,Package,Add-ons,Location,Phone number,Extension,Admin roles,Status",
        f"Ada,Archer,{ada.email},Webex Calling,,Headquarters,{ada.number.e164},201,,Active",
        "'=1+1,Formula,f@f.example.com,,,,,,,Active",
        f"Gwen,Grove,{office.gwen.email},Webex Meetings,,,,,,Active",
    ]
    narrowed = b"".join(client.get(url, {"q": "gwen"}).streaming_content).decode()  # type: ignore[attr-defined]
    assert (len(narrowed.splitlines()), "Ada" in narrowed) == (2, False)


def test_page_of_a_user_tells_history_and_changes(office: Office, sign_in: SignIn) -> None:
    make_assignment(
        office.ada,
        "webex_meetings",
        start=datetime(2025, 3, 1, 7, 8, 9, tzinfo=UTC),
        end=datetime(2025, 4, 1, tzinfo=UTC),
    )
    client = sign_in("customer_full")
    client.post(page("user-edit", office.customer, office.ada), {"first_name": "Ada", "last_name": "Arrow"})
    content = client.get(page("user-detail", office.customer, office.ada)).content.decode()
    for text in ("1 Mar 2025, 07:08:09", "1 Apr 2025, 00:00:00", "Ada Archer renamed to Ada Arrow", "Carla Full"):
        assert text in content


def test_a_bad_name_is_told_beside_the_field_and_kept(office: Office, sign_in: SignIn) -> None:
    url = page("user-edit", office.customer, office.ada)
    answer = sign_in("customer_full").post(url, {"first_name": "A<b", "last_name": "x" * 31})
    content = answer.content.decode()
    assert answer.status_code == 422
    assert set(answer.context["form"].errors) == {"last_name"}
    assert 'value="A&lt;b"' in content
    assert str(Subscriber.objects.get(pk=office.ada.pk)) == "Ada Archer"
    again = sign_in("customer_full").post(url, {"first_name": "A<b", "last_name": "Archer"})
    assert (again.status_code, set(again.context["form"].errors)) == (422, {"first_name"})


def test_number_and_extension_are_changed_together(office: Office, sign_in: SignIn) -> None:
    url = page("user-calling", office.customer, office.ada)
    answer = sign_in("customer_full").post(url, {"number": office.free.e164, "extension": ""})
    ada = Subscriber.objects.get(pk=office.ada.pk)
    assert (answer.status_code, ada.number.e164, ada.extension) == (302, office.free.e164, "")


def test_a_calling_user_keeps_a_number_or_an_extension(office: Office, sign_in: SignIn) -> None:
    url = page("user-calling", office.customer, office.ada)
    answer = sign_in("customer_full").post(url, {"number": "", "extension": ""})
    ada = Subscriber.objects.get(pk=office.ada.pk)
    assert (answer.status_code, ada.extension, ada.number.e164) == (422, "201", office.ada.number.e164)
    assert "A calling user needs a phone number, an extension, or both." in answer.content.decode()


@pytest.mark.parametrize(("extension", "field"), [("9", "extension"), ("911", "extension"), ("12ab", "extension")])
def test_a_bad_extension_is_told_beside_the_field(office: Office, sign_in: SignIn, extension: str, field: str) -> None:
    url = page("user-calling", office.customer, office.ada)
    answer = sign_in("customer_full").post(url, {"number": office.ada.number.e164, "extension": extension})
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, [field])


def test_an_extension_in_use_is_told_beside_the_field(office: Office, sign_in: SignIn) -> None:
    make_subscriber(office.customer, location=office.headquarters, extension="300")
    url = page("user-calling", office.customer, office.ada)
    answer = sign_in("customer_full").post(url, {"number": office.ada.number.e164, "extension": "300"})
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, ["extension"])
