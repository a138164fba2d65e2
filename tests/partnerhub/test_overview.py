"""The overview of Partner Hub: figures and activity of what the viewer may see, and nothing else."""

from collections.abc import Callable

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from partnerhub.queries.overview import Figures, figures_of
from tenancy import audit
from tenancy.actors import SYSTEM
from tenancy.models import Customer, Partner
from tests.cast import Cast
from tests.factories import assign_customer, make_customer, make_package, make_template, make_webhook

SignIn = Callable[[str], Client]
QUERIES = 10
EVERY_VIEWER = ["partner_full", "partner_plain", "partner_admin", "partner_readonly", "helpdesk"]
STRANGERS = ["subpartner_full", "other_partner_full", "customer_full", "customer_restricted"]


def url(partner: Partner) -> str:
    return reverse("partnerhub:overview", args=[partner.public_id])


@pytest.fixture
def story(cast: Cast) -> Cast:
    """Customers in several states, with people, in `north`; and some in other partners."""
    for status in ("provisioning", "updating", "provisioned_with_errors", "error", "pending_rpl_review"):
        make_customer(cast.north, f"{status} one", status=status)
    broken = make_customer(cast.north, "Broken and assigned", status="error")
    assign_customer(cast.admins["partner_admin"], broken)
    make_package(cast.acme, used=7)
    make_package(cast.acme, "common_area_calling", used=100)
    make_package(cast.acme, "attendant_console", used=100)
    make_package(cast.open_acme, "webex_suite", used=3)
    make_package(cast.south_customer, used=1000)
    make_package(cast.branch_customer, used=500)
    make_customer(cast.south, "Southern failure", status="error")
    Partner.objects.filter(pk=cast.north.pk).update(customer_count=8)
    cast.north.refresh_from_db()
    return cast


@pytest.mark.parametrize(
    ("who", "expected"),
    [
        ("partner_full", Figures(customers=8, subscribers=10, working=2, with_errors=1, failed=2, on_hold=1)),
        ("partner_readonly", Figures(customers=8, subscribers=10, working=2, with_errors=1, failed=2, on_hold=1)),
        ("partner_admin", Figures(customers=2, subscribers=7, working=0, with_errors=0, failed=1, on_hold=0)),
    ],
)
def test_figures_are_of_what_the_viewer_sees(story: Cast, who: str, expected: Figures) -> None:
    assert figures_of(story.north, story.actor(who)) == expected


def test_a_parent_admin_sees_the_whole_sub_partner(story: Cast) -> None:
    Partner.objects.filter(pk=story.branch.pk).update(customer_count=1)
    story.branch.refresh_from_db()
    expected = Figures(customers=1, subscribers=500, working=0, with_errors=0, failed=0, on_hold=0)
    assert figures_of(story.branch, story.actor("partner_full")) == expected


def test_what_needs_action_is_listed_with_links(sign_in: SignIn, story: Cast) -> None:
    response = sign_in("partner_full").get(url(story.north))
    listed = {customer.name for customer in response.context["needing_action"]}
    assert listed == {"provisioned_with_errors one", "error one", "pending_rpl_review one", "Broken and assigned"}
    for customer in Customer.objects.filter(name__in=listed):
        link = reverse("partnerhub:customer-panel", args=[story.north.public_id, customer.public_id])
        assert link in response.content.decode()


def test_an_assigned_admin_is_told_about_assigned_customers_only(sign_in: SignIn, story: Cast) -> None:
    body = sign_in("partner_admin").get(url(story.north)).content.decode()
    assert "Broken and assigned" in body
    assert "error one" not in body


@pytest.fixture
def events(cast: Cast) -> Cast:
    """One deed of each sort, in `north` and elsewhere."""
    template = make_template(cast.north, admin=cast.admins["partner_full"])
    with transaction.atomic():
        audit.record(action="template.created", text="Template deed", target=template, partner=cast.north, by=SYSTEM)
        for action in ("token.created", "webhook.created"):
            audit.record(action=action, text=f"{action} deed", target=cast.north, partner=cast.north, by=SYSTEM)
        audit.record(action="partner.renamed", text="Partner deed", target=cast.north, partner=cast.north, by=SYSTEM)
        for customer in (cast.acme, cast.open_acme, cast.branch_customer, cast.south_customer):
            audit.record(action="customer.x", text=f"Deed at {customer}", target=customer, customer=customer, by=SYSTEM)
    return cast


SEEN = ["Deed at Open Acme", "Deed at Acme Dental", "Partner deed"]


@pytest.mark.parametrize(
    ("who", "expected"),
    [
        ("partner_full", [*SEEN, "webhook.created deed", "token.created deed", "Template deed"]),
        ("partner_plain", [*SEEN, "webhook.created deed", "token.created deed"]),
        ("helpdesk", SEEN),
        ("partner_admin", ["Deed at Acme Dental"]),
    ],
)
def test_recent_activity_newest_first_and_no_more_than_allowed(
    sign_in: SignIn, events: Cast, who: str, expected: list[str]
) -> None:
    activity = sign_in(who).get(url(events.north)).context["activity"]
    assert [event.text for event in activity] == expected


def test_activity_ends_after_ten(sign_in: SignIn, events: Cast) -> None:
    with transaction.atomic():
        for number in range(12):
            audit.record(
                action="partner.x", text=f"Deed {number}", target=events.north, partner=events.north, by=SYSTEM
            )
    activity = sign_in("partner_full").get(url(events.north)).context["activity"]
    assert [event.text for event in activity] == [f"Deed {number}" for number in range(11, 1, -1)]


@pytest.mark.parametrize(("who", "sees"), [("partner_full", True), ("partner_readonly", True), ("helpdesk", False)])
def test_the_billing_card_is_for_those_who_see_billing(sign_in: SignIn, cast: Cast, who: str, sees: bool) -> None:
    assert ("Usage this month" in sign_in(who).get(url(cast.north)).content.decode()) is sees


@pytest.mark.parametrize("rows", [1, 3])
def test_it_costs_the_same_at_any_size(
    sign_in: SignIn, cast: Cast, rows: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(rows):
        customer = make_customer(cast.north, status="error")
        with transaction.atomic():
            audit.record(action="customer.x", text="Deed", target=customer, customer=customer, by=SYSTEM)
    client = sign_in("partner_full")
    client.get(url(cast.north))
    with django_assert_num_queries(QUERIES):
        client.get(url(cast.north))


@pytest.mark.parametrize("who", EVERY_VIEWER)
def test_every_role_of_the_partner_may_look(sign_in: SignIn, cast: Cast, who: str) -> None:
    assert sign_in(who).get(url(cast.north)).status_code == 200


@pytest.mark.parametrize("who", STRANGERS)
def test_strangers_find_nothing(sign_in: SignIn, cast: Cast, who: str) -> None:
    assert sign_in(who).get(url(cast.north)).status_code == 404


def test_a_webhook_that_was_given_up_is_named_to_who_may_mend_it(sign_in: SignIn, cast: Cast) -> None:
    make_webhook(cast.north, cast.admins["partner_full"], "Order desk", off_for="failing")
    make_webhook(cast.north, cast.admins["partner_full"], "Switched off by hand")
    make_webhook(cast.south, cast.admins["other_partner_full"], "A stranger's", off_for="failing")
    told = {who: sign_in(who).get(url(cast.north)).context["given_up"] for who in ("partner_full", "partner_readonly")}
    assert {who: [webhook.name for webhook in rows] for who, rows in told.items()} == {
        "partner_full": ["Order desk"],
        "partner_readonly": [],
    }
