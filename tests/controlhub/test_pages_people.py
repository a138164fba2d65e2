"""Columns, role filter, sorting, export; the pages to deactivate and delete; deleted users; settings for people."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from controlhub.models import ListColumns, PeopleSettings, Subscriber
from controlhub.queries.users import users_of
from controlhub.services.lifecycle import delete_subscriber
from tests.cast import Cast
from tests.controlhub.pages import Office, furnish, page
from tests.factories import make_customer_admin, make_subscriber

SignIn = Callable[[str], Client]


@pytest.fixture
def office(cast: Cast) -> Office:
    """Open Acme, not restricted."""
    return furnish(cast.open_acme)


def lines(client: Client, url: str) -> list[str]:
    return b"".join(client.get(url).streaming_content).decode().splitlines()  # type: ignore[attr-defined]


def test_the_chosen_columns_are_remembered_and_exported(office: Office, cast: Cast, sign_in: SignIn) -> None:
    client = sign_in("customer_full")
    answer = client.post(page("user-columns", office.customer), {"columns": ["status", "email"]})
    assert answer.status_code == 302
    assert ListColumns.objects.get(admin=cast.admins["customer_full"]).columns == ["email", "status"]
    content = client.get(page("user-list", office.customer)).content.decode()
    assert (">Email</th>" in content, ">Number</th>" in content) == (True, False)
    assert lines(client, page("user-export", office.customer))[:2] == [
        "First name,Last name,Email,Status",
        f"Ada,Archer,{office.ada.email},Active",
    ]


def test_readers_choose_columns_too_and_each_for_himself(cast: Cast, sign_in: SignIn) -> None:
    furnish(cast.acme)
    assert sign_in("customer_readonly").post(page("user-columns", cast.acme), {"columns": []}).status_code == 302
    assert ">Email</th>" not in sign_in("customer_readonly").get(page("user-list", cast.acme)).content.decode()
    assert ">Email</th>" in sign_in("customer_restricted").get(page("user-list", cast.acme)).content.decode()


def test_a_column_that_does_not_exist_changes_nothing(office: Office, sign_in: SignIn) -> None:
    sign_in("customer_full").post(page("user-columns", office.customer), {"columns": ["secret"]})
    assert not ListColumns.objects.exists()


def test_the_list_narrows_to_administrators(office: Office, cast: Cast, sign_in: SignIn) -> None:
    Subscriber.objects.filter(pk=office.ada.pk).update(admin=make_customer_admin(office.customer))
    # An administrator of another organisation is none here.
    Subscriber.objects.filter(pk=office.gwen.pk).update(admin=cast.admins["other_customer_full"])
    for role in ("any", "customer_full"):
        content = sign_in("customer_full").get(page("user-list", office.customer) + f"?role={role}").content.decode()
        assert ("Ada Archer" in content, "Gwen Grove" in content) == (True, False)
    assert list(users_of(office.customer, role="customer_readonly")) == []


@pytest.mark.parametrize(
    ("sort", "found"), [("", ["Ada", "Gwen"]), ("-name", ["Gwen", "Ada"]), ("newest", ["Gwen", "Ada"])]
)
def test_the_list_and_the_export_are_sorted_alike(office: Office, sign_in: SignIn, sort: str, found: list[str]) -> None:
    client = sign_in("customer_full")
    shown = client.get(page("user-list", office.customer) + f"?sort={sort}").context["page"].items
    exported = lines(client, page("user-export", office.customer) + f"?sort={sort}")[1:]
    assert [user.first_name for user in shown] == [line.split(",")[0] for line in exported] == found


@pytest.mark.parametrize("sort", ["", "-name", "email", "newest"])
def test_every_order_pages_there_and_back(office: Office, sign_in: SignIn, sort: str) -> None:
    for n in range(60):
        make_subscriber(office.customer, last_name=f"Sample{n:02d}")
    client, url = sign_in("customer_full"), page("user-list", office.customer)
    first = client.get(url, {"sort": sort}).context["page"]
    second = client.get(url, {"sort": sort, "after": first.next}).context["page"]
    back = client.get(url, {"sort": sort, "before": second.previous}).context["page"]
    assert len({user.pk for user in [*first.items, *second.items]}) == 62
    assert [user.pk for user in back.items] == [user.pk for user in first.items]


def test_one_menu_leads_to_everything(office: Office, cast: Cast, sign_in: SignIn) -> None:
    content = sign_in("customer_full").get(page("user-list", office.customer)).content.decode()
    for name in ("user-add", "user-claim", "auto-licences", "directory-sync"):
        assert page(name, office.customer) in content
    furnish(cast.acme)
    restricted = sign_in("customer_restricted").get(page("user-list", cast.acme)).content.decode()
    assert "Restricted by Partner Mode is on" in restricted
    for name in ("user-add", "user-claim", "auto-licences"):
        assert page(name, cast.acme) not in restricted


def test_the_pages_to_deactivate_and_delete_say_what_happens(office: Office, sign_in: SignIn) -> None:
    client = sign_in("customer_full")
    status = client.get(page("user-status", office.customer, office.ada)).content.decode()
    assert "billed on" in status
    delete = client.get(page("user-delete", office.customer, office.ada)).content.decode()
    for text in ("Webex Calling", office.ada.number.e164, "201", "History and billing stay"):
        assert text in delete


def test_without_the_tick_nobody_is_deleted(office: Office, sign_in: SignIn) -> None:
    client, url = sign_in("customer_full"), page("user-delete", office.customer, office.gwen)
    assert client.post(url).status_code == 422
    assert Subscriber.objects.get(pk=office.gwen.pk).deleted_at is None
    assert client.post(url, {"confirm": "yes"}).status_code == 302
    assert Subscriber.objects.get(pk=office.gwen.pk).deleted_at is not None


def test_a_user_is_deactivated_and_back(office: Office, sign_in: SignIn) -> None:
    client, url = sign_in("customer_full"), page("user-status", office.customer, office.gwen)
    for action, status in (("suspend", "suspended"), ("reactivate", "provisioned")):
        Subscriber.objects.filter(pk=office.gwen.pk).update(person_id=office.gwen.public_id)
        assert client.post(url, {"action": action}).status_code == 302
        assert Subscriber.objects.get(pk=office.gwen.pk).status == status
    assert client.post(url, {"action": "vanish"}).status_code == 422


def test_deleted_users_are_listed_with_their_history(office: Office, cast: Cast, sign_in: SignIn) -> None:
    client = sign_in("customer_full")
    assert "No deleted users" in client.get(page("user-deleted-list", office.customer)).content.decode()
    delete_subscriber(subscriber=office.gwen, by=cast.actor("customer_full"))
    listed = client.get(page("user-deleted-list", office.customer) + "?q=grove").content.decode()
    assert ("Gwen Grove" in listed, "Ada Archer" in listed) == (True, False)
    gone = client.get(page("user-deleted", office.customer, office.gwen)).content.decode()
    assert ("Webex Meetings" in gone, "deleted; Webex Meetings ended" in gone, "Delete…" in gone) == (True, True, False)
    assert client.get(page("user-deleted", office.customer, office.ada)).status_code == 404
    assert client.get(page("user-delete", office.customer, office.gwen)).status_code == 404


def test_the_user_page_tells_services_and_caller_id(office: Office, sign_in: SignIn) -> None:
    client, url = sign_in("customer_full"), page("user-caller-id", office.customer, office.ada)
    posted = {"number": str(office.free.public_id), "caller_id_first_name": "Front", "caller_id_last_name": "Desk"}
    assert client.post(url, posted).status_code == 302
    content = client.get(page("user-detail", office.customer, office.ada)).content.decode()
    assert f"{office.free.e164}, Front Desk" in content
    assert content.count("On</span>") == 3
    assert client.post(url, posted | {"caller_id_first_name": "%"}).status_code == 422


def test_the_email_page_keeps_what_was_typed(office: Office, sign_in: SignIn) -> None:
    client, url = sign_in("customer_full"), page("user-email", office.customer, office.gwen)
    refused = client.post(url, {"email": office.ada.email})
    assert (refused.status_code, refused.content.count(office.ada.email.encode())) == (422, 1)
    assert b"belongs to an existing user" in refused.content
    assert client.post(url, {"email": "grove@c.example.com"}).status_code == 302
    assert Subscriber.objects.get(pk=office.gwen.pk).email == "grove@c.example.com"


def test_settings_for_people_say_who_changed_them(office: Office, sign_in: SignIn) -> None:
    client = sign_in("customer_full")
    client.post(page("auto-licences", office.customer), {"package": "webex_meetings"})
    client.post(page("directory-sync", office.customer), {"directory": "okta"})
    settings = PeopleSettings.objects.get(customer=office.customer)
    assert (settings.auto_package, settings.directory) == ("webex_meetings", "okta")
    assert "by Carla Full" in client.get(page("auto-licences", office.customer)).content.decode()
    assert client.post(page("auto-licences", office.customer), {"package": "webex_voice"}).status_code == 422
    grid = client.get(page("user-add", office.customer), follow=True).content.decode()
    assert "Rows without a package get the automatic one" in grid
    user = client.get(page("user-detail", office.customer, office.ada)).content.decode()
    assert "come from a synchronized directory" in user
    assert page("user-edit", office.customer, office.ada) not in user


def test_a_restricted_administrator_reads_the_directory_setting(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in("customer_restricted")
    assert client.get(page("directory-sync", cast.acme)).status_code == 200
    assert client.post(page("directory-sync", cast.acme), {"directory": "okta"}).status_code == 403
    assert client.get(page("auto-licences", cast.acme)).status_code == 403
    assert not PeopleSettings.objects.exists()


def test_adding_more_keeps_package_and_location(office: Office, sign_in: SignIn) -> None:
    kept = {"package": "webex_meetings", "location": str(office.headquarters.public_id)}
    grid = sign_in("customer_full").get(page("user-add", office.customer), kept, follow=True)
    rows = grid.context["form"].rows
    assert len(rows) == 5
    assert {(row["package"].value(), row["location"].value()) for row in rows} == {tuple(kept.values())}
    assert "Add at least one user" not in grid.content.decode()


@pytest.mark.parametrize("name", ["user-list", "user-deleted-list", "consent-list"])
@pytest.mark.parametrize("rows", [1, 3])
def test_lists_cost_the_same_at_one_and_at_three_rows(cast: Cast, sign_in: SignIn, name: str, rows: int) -> None:
    for _ in range(rows):
        gone = make_subscriber(cast.open_acme, deleted_at="2026-01-01T00:00Z")
        gone.consent_requests.create(customer=cast.open_acme, package="webex_calling")
        make_subscriber(cast.open_acme)
    client, url = sign_in("customer_full"), page(name, cast.open_acme)
    client.get(url)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(url).status_code == 200
    assert len(captured) == {"user-list": 9, "user-deleted-list": 6, "consent-list": 6}[name]
