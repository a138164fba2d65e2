"""Create wholesale customer, as the browser walks it: every order of pages, two tabs, a second Confirm."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from partnerhub.models import OnboardingTemplate
from provisioning.models import ProvisioningJob
from tenancy.models import AuditEvent, Customer, Partner, WizardDraft
from tests.cast import Cast
from tests.factories import make_template

SignIn = Callable[[str], Client]

PACKAGES = {"package_webex_calling": "on", "limit_webex_calling": "10", "package_webex_meetings": "on"}
MEETINGS = {"package_webex_meetings": "on"}
ADDRESS = {
    "country": "US",
    "address_line1": "20 Harbour Road",
    "address_line2": "",
    "city": "Springfield",
    "state": "IL",
    "postal_code": "62701",
}
HEADQUARTERS = ADDRESS | {"location_name": "Headquarters", "time_zone": "America/Chicago", "language": "en_US"}


@pytest.fixture
def template(cast: Cast) -> OnboardingTemplate:
    return make_template(cast.north, "Small business", admin=cast.admins["partner_full"])


@pytest.fixture
def info(template: OnboardingTemplate) -> dict[str, str]:
    return ADDRESS | {
        "template": str(template.public_id),
        "name": "Bluebird Logistics",
        "admin_email": "owner@bluebird.example.com",
        "external_id": "BB-1",
        "supported_location": "on",
    }


class Walk:
    """One browser in one draft."""

    def __init__(self, client: Client, partner: Partner) -> None:
        self.client = client
        start = client.get(reverse("partnerhub:customer-create", args=[partner.public_id]))
        assert start.status_code == 302
        self.base = start.headers["Location"].removesuffix("info/")

    def page(self, key: str) -> Any:
        return self.client.get(f"{self.base}{key}/")

    def post(self, key: str, data: dict[str, str] | None = None) -> Any:
        return self.client.post(f"{self.base}{key}/", data or {})

    def at(self, response: Any) -> str:
        """Which page a redirect leads to."""
        assert response.status_code == 302, response.context["form"].errors
        return response.headers["Location"].removeprefix(self.base).strip("/")


@pytest.fixture
def walk(cast: Cast, sign_in: SignIn) -> Walk:
    return Walk(sign_in("partner_full"), cast.north)


def made() -> list[Customer]:
    return list(Customer.objects.filter(external_id="BB-1"))


def test_the_whole_walk_ends_at_the_new_customers_panel(
    cast: Cast, walk: Walk, info: dict[str, str], template: OnboardingTemplate
) -> None:
    assert walk.at(walk.post("info", info)) == "packages"
    assert walk.at(walk.post("packages", PACKAGES)) == "headquarters"
    assert walk.at(walk.post("headquarters", HEADQUARTERS)) == "summary"
    summary = walk.page("summary").content.decode()
    response = walk.post("summary")

    for text in (
        "Bluebird Logistics",
        "owner@bluebird.example.com",
        "BB-1",
        "At most 10",
        "No limit",
        "America/Chicago",
    ):
        assert text in summary
    customer = made()[0]
    panel = reverse("partnerhub:customer-panel", args=[cast.north.public_id, customer.public_id])
    assert (response.status_code, response.headers["Location"]) == (302, panel)
    assert customer.origin.template_version == template.current_version
    assert dict(customer.packages.values_list("package", "limit")) == {"webex_calling": 10, "webex_meetings": None}
    assert customer.locations.get().time_zone == "America/Chicago"
    assert customer.jobs.get().kind == "onboard_customer"


def test_meetings_only_skips_the_location(walk: Walk, info: dict[str, str]) -> None:
    walk.post("info", info)
    assert walk.at(walk.post("packages", MEETINGS)) == "summary"
    walk.post("summary")

    assert not made()[0].locations.exists()


def test_location_typed_before_calling_was_dropped_is_not_used(walk: Walk, info: dict[str, str]) -> None:
    walk.post("info", info)
    walk.post("packages", PACKAGES)
    walk.post("headquarters", HEADQUARTERS)
    assert walk.at(walk.post("packages", MEETINGS)) == "summary"
    walk.post("summary")

    assert not made()[0].locations.exists()


@pytest.mark.parametrize(
    "order",
    [
        ["info", "packages", "headquarters", "summary"],
        ["packages", "headquarters", "info", "summary"],
        ["headquarters", "packages", "info", "summary"],
        ["summary", "info", "headquarters", "packages", "summary", "summary"],
        ["info", "info", "packages", "info", "headquarters", "summary", "info", "summary"],
    ],
)
def test_any_order_of_pages_makes_one_customer(order: list[str], walk: Walk, info: dict[str, str]) -> None:
    data = {"info": info, "packages": PACKAGES, "headquarters": HEADQUARTERS, "summary": {}}
    for key in order:
        walk.page(key)
        walk.post(key, data[key])

    assert len(made()) == 1
    assert AuditEvent.objects.filter(action="customer.created").count() == 1
    assert ProvisioningJob.objects.count() == 1


def test_second_confirm_goes_to_the_same_customer(walk: Walk, info: dict[str, str]) -> None:
    for key, data in (("info", info), ("packages", MEETINGS)):
        walk.post(key, data)

    first, second = walk.post("summary"), walk.post("summary")
    later = walk.page("info")

    assert first.headers["Location"] == second.headers["Location"] == later.headers["Location"]
    assert len(made()) == 1


def test_two_tabs_keep_each_others_pages(walk: Walk, info: dict[str, str]) -> None:
    walk.post("info", info)
    other = info | {"name": "Bluebird Freight"}
    walk.post("packages", PACKAGES)
    walk.post("info", other)
    walk.post("headquarters", HEADQUARTERS)
    walk.post("summary")

    assert made()[0].name == "Bluebird Freight"


def test_back_and_reload_show_what_was_typed(walk: Walk, info: dict[str, str]) -> None:
    walk.post("info", info)
    walk.post("packages", PACKAGES | {"back": "1"})
    assert 'value="Bluebird Logistics"' in walk.page("info").content.decode()
    page = walk.page("packages").content.decode()
    assert 'name="limit_webex_calling" value="10"' in page


WRONG = [
    ({"name": ""}, "name"),
    ({"name": "50 % off"}, "name"),
    ({"name": "x" * 121}, "name"),
    ({"admin_email": "nobody"}, "admin_email"),
    ({"external_id": ""}, "external_id"),
    ({"external_id": "x" * 65}, "external_id"),
    ({"country": ""}, "country"),
    ({"country": "XX"}, "country"),
    ({"state": ""}, "state"),
    ({"state": "Illinois"}, "state"),
    ({"postal_code": ""}, "postal_code"),
    ({"postal_code": "6270"}, "postal_code"),
    ({"country": "DE", "state": ""}, None),
    ({"country": "HK", "state": "", "postal_code": ""}, None),
    ({"country": "CA", "state": "ON", "postal_code": "k1a 0b1"}, None),
    ({"country": "DE", "state": "", "postal_code": "1011"}, "postal_code"),
    ({"supported_location": ""}, "supported_location"),
    ({"template": ""}, "template"),
    ({"template": "no-uuid"}, "template"),
]


@pytest.mark.parametrize(("change", "field"), WRONG)
def test_information_is_checked_beside_its_field(
    change: dict[str, str], field: str | None, walk: Walk, info: dict[str, str]
) -> None:
    response = walk.post("info", info | change)

    if field is None:
        assert walk.at(response) == "packages"
        return
    assert response.status_code == 422
    assert list(response.context["form"].errors) == [field]
    page = response.content.decode()
    assert f'id="id_{field}_error"' in page
    assert 'value="20 Harbour Road"' in page


def test_percent_sign_in_the_name_is_refused_in_plain_words(walk: Walk, info: dict[str, str]) -> None:
    response = walk.post("info", info | {"name": "50 % off"})
    assert response.context["form"].errors["name"] == ["Leave out the % sign."]


def test_information_errors_are_listed_in_the_order_of_the_page(walk: Walk) -> None:
    response = walk.post("info", {"country": "US"})
    assert list(response.context["form"].errors) == [
        "template", "name", "admin_email", "external_id", "address_line1", "city", "state", "postal_code", "supported_location"
    ]  # fmt: skip


def test_taken_email_is_error_10022(cast: Cast, walk: Walk, info: dict[str, str]) -> None:
    response = walk.post("info", info | {"admin_email": cast.admins["customer_full"].email})
    assert response.status_code == 422
    assert "10022" in response.context["form"].errors["admin_email"][0]


def test_external_id_taken_while_the_wizard_was_open(cast: Cast, walk: Walk, info: dict[str, str]) -> None:
    walk.post("info", info)
    walk.post("packages", MEETINGS)
    Customer.objects.filter(pk=cast.acme.pk).update(external_id="BB-1")

    assert walk.at(walk.post("summary")) == "info"
    assert "Another customer already has this" in walk.page("info").content.decode()
    assert Customer.objects.filter(name="Bluebird Logistics").count() == 0


PACKAGE_ERRORS: list[tuple[dict[str, str], str]] = [
    ({}, "__all__"),
    ({"package_attendant_console": "on"}, "package_attendant_console"),
    ({"package_cisco_calling_plan": "on", "package_webex_meetings": "on"}, "package_cisco_calling_plan"),
    ({"package_webex_calling": "on", "limit_webex_calling": "0"}, "limit_webex_calling"),
    ({"package_webex_calling": "on", "limit_webex_calling": "-1"}, "limit_webex_calling"),
    ({"package_webex_calling": "on", "limit_webex_calling": "ten"}, "limit_webex_calling"),
    ({"package_webex_calling": "on", "limit_webex_calling": "1.5"}, "limit_webex_calling"),
    ({"package_webex_calling": "on", "limit_webex_calling": "9" * 30}, "limit_webex_calling"),
]


@pytest.mark.parametrize(("typed", "field"), PACKAGE_ERRORS)
def test_packages_are_checked_beside_their_field(
    typed: dict[str, str], field: str, walk: Walk, info: dict[str, str]
) -> None:
    walk.post("info", info)
    response = walk.post("packages", typed)
    assert response.status_code == 422
    assert list(response.context["form"].errors) == [field]


def test_limit_beside_a_package_that_is_not_chosen_means_nothing(walk: Walk, info: dict[str, str]) -> None:
    walk.post("info", info)
    assert walk.at(walk.post("packages", MEETINGS | {"limit_webex_calling": "many"})) == "summary"


def test_headquarters_start_from_the_billing_address(walk: Walk, info: dict[str, str]) -> None:
    walk.post("info", info | {"country": "DE", "state": "", "postal_code": "10115", "city": "Berlin"})
    walk.post("packages", PACKAGES)
    form = walk.page("headquarters").context["form"]

    assert {name: form[name].value() for name in ("country", "city", "postal_code", "time_zone", "location_name")} == {
        "country": "DE",
        "city": "Berlin",
        "postal_code": "10115",
        "time_zone": "Europe/Berlin",
        "location_name": "Headquarters",
    }


def test_changing_the_country_keeps_what_was_typed_and_complains_about_nothing(walk: Walk) -> None:
    response = walk.post("info", {"country": "CA", "name": "Half typed", "stay": "1"})

    page = response.content.decode()
    assert response.status_code == 200
    assert 'value="Half typed"' in page
    assert "Province or territory" in page
    assert "field__error" not in page
    assert '<option value="ON">ON</option>' in page


def test_time_zone_follows_the_country(walk: Walk, info: dict[str, str]) -> None:
    walk.post("info", info)
    walk.post("packages", PACKAGES)

    moved = walk.post("headquarters", HEADQUARTERS | {"country": "JP", "state": "", "stay": "1"})
    chosen = walk.post("headquarters", HEADQUARTERS | {"time_zone": "America/Denver", "stay": "1"})

    assert moved.context["form"]["time_zone"].value() == "Asia/Tokyo"
    assert chosen.context["form"]["time_zone"].value() == "America/Denver"


def test_it_suggests_a_free_external_id_and_the_only_template(
    cast: Cast, template: OnboardingTemplate, walk: Walk
) -> None:
    Customer.objects.filter(pk=cast.acme.pk).update(external_id="CUST-000001")
    form = walk.page("info").context["form"]
    assert (form["external_id"].value(), form["template"].value()) == ("CUST-000002", template.public_id)


def test_without_a_template_it_says_where_to_make_one(cast: Cast, walk: Walk) -> None:
    page = walk.page("info").content.decode()
    assert reverse("partnerhub:template-list", args=[cast.north.public_id]) in page
    assert "there is none yet" in page


def test_suspended_partner_is_told_on_the_summary_and_nothing_is_made(
    cast: Cast, walk: Walk, info: dict[str, str]
) -> None:
    walk.post("info", info)
    walk.post("packages", MEETINGS)
    Partner.objects.filter(pk=cast.north.pk).update(state=Partner.State.SUSPENDED)

    response = walk.post("summary")

    assert response.status_code == 422
    assert "suspended" in response.content.decode()
    assert made() == []
    assert WizardDraft.objects.get().submitted_at is None


@pytest.mark.parametrize("who", ["partner_plain", "partner_admin", "partner_readonly", "helpdesk"])
def test_others_of_the_partner_get_403(who: str, cast: Cast, sign_in: SignIn) -> None:
    url = reverse("partnerhub:customer-create", args=[cast.north.public_id])
    client = sign_in(who)
    assert (client.get(url).status_code, client.post(url, {}).status_code) == (403, 403)
    assert not WizardDraft.objects.exists()


def test_somebody_elses_draft_is_404(cast: Cast, walk: Walk, info: dict[str, str], sign_in: SignIn) -> None:
    walk.post("info", info)
    stranger = sign_in("other_partner_full")
    assert stranger.get(f"{walk.base}packages/").status_code == 404
    own = walk.base.replace(str(cast.north.public_id), str(cast.south.public_id))
    assert stranger.get(f"{own}packages/").status_code == 404
