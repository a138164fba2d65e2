"""Webhooks in Partner Hub: made with a secret shown once, watched, tested, replayed, switched off; each by whoever may."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tenancy.models import AuditEvent, Event, Resource, Webhook, WebhookDelivery
from tenancy.sealing import opened
from tests.cast import Cast
from tests.factories import make_webhook

SignIn = Callable[[str], Client]
DATA = {
    "name": "order desk",
    "target_url": "https://hooks.example.com/webex",
    "resource": "wholesaleCustomers",
    "event": "all",
}


def url(name: str, cast: Cast, *args: object) -> str:
    return reverse(f"partnerhub:webhook-{name}", args=[cast.north.public_id, *args])


@pytest.fixture
def webhook(cast: Cast) -> Webhook:
    return make_webhook(cast.north, cast.admins["partner_full"], status="active", off_for="")


def deliver(webhook: Webhook, number: int = 1, **fields: Any) -> WebhookDelivery:
    values = {"resource": Resource.CUSTOMERS, "event": Event.UPDATED, "target_id": webhook.partner.public_id} | fields
    if values.get("state", "waiting") != "waiting":
        values["finished_at"] = Now()
    return webhook.deliveries.create(happened_at=Now() + timedelta(seconds=number), **values)


def test_a_webhook_is_made_and_its_secret_shown_once(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in("partner_full")
    response = client.post(url("create", cast), DATA | {"customer": cast.acme.external_id})
    secret = response.context["secret"]
    row = Webhook.objects.get()
    assert (response.status_code, secret in response.content.decode(), response.headers["Cache-Control"]) == (
        200,
        True,
        "no-store",
    )
    assert (opened(row.secret), row.owner, row.customer) == (secret, cast.admins["partner_full"], cast.acme)
    for name, args in (("list", []), ("detail", [row.public_id]), ("edit", [row.public_id])):
        page = client.get(url(name, cast, *args)).content.decode()
        assert ("order desk" in page, secret in page) == (True, False)
    assert secret not in str(list(AuditEvent.objects.values()))


@pytest.mark.parametrize(
    ("change", "field", "error"),
    [
        ({"name": ""}, "name", "Say which system hears of it."),
        ({"name": "a\tb"}, "name", "Remove line breaks"),
        ({"target_url": ""}, "target_url", "Enter the address"),
        ({"target_url": "http://hooks.example.com"}, "target_url", "Use https"),
        ({"target_url": "https://169.254.169.254/"}, "target_url", "not on the Internet"),
        ({"resource": "rooms"}, "resource", "not one of the available choices"),
        ({"customer": "NOBODY"}, "customer", "no customer with this external ID"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field(
    cast: Cast, sign_in: SignIn, change: dict[str, str], field: str, error: str
) -> None:
    response = sign_in("partner_full").post(url("create", cast), DATA | change)
    assert (response.status_code, error in str(response.context["form"].errors[field])) == (422, True)
    assert error in response.content.decode()
    assert not Webhook.objects.exists()


def test_another_partners_customer_is_none(cast: Cast, sign_in: SignIn) -> None:
    for customer in (cast.south_customer, cast.branch_customer):
        data = DATA | {"customer": customer.external_id}
        assert sign_in("partner_full").post(url("create", cast), data).status_code == 422


def test_a_new_secret_is_shown_once_and_the_old_one_is_gone(cast: Cast, sign_in: SignIn, webhook: Webhook) -> None:
    client = sign_in("partner_plain")
    secret = client.post(url("secret", cast, webhook.public_id)).context["secret"]
    webhook.refresh_from_db()
    assert (opened(webhook.secret), webhook.owner) == (secret, cast.admins["partner_plain"])


def test_name_and_target_change(cast: Cast, sign_in: SignIn, webhook: Webhook) -> None:
    client, path = sign_in("partner_full"), url("edit", cast, webhook.public_id)
    bad = client.post(path, {"name": "billing", "target_url": "https://127.0.0.1/"})
    assert (bad.status_code, "not on the Internet" in bad.content.decode(), "billing" in bad.content.decode()) == (
        422,
        True,
        True,
    )
    good = client.post(path, {"name": "billing", "target_url": "https://elsewhere.example.com/"})
    webhook.refresh_from_db()
    assert (good.status_code, webhook.name, webhook.target_url) == (302, "billing", "https://elsewhere.example.com/")


def test_a_test_and_a_replay_are_on_their_way(cast: Cast, sign_in: SignIn, webhook: Webhook) -> None:
    client = sign_in("partner_full")
    failed = deliver(webhook, state="failed", error="No connection.")
    client.post(url("test", cast, webhook.public_id))
    client.post(url("replay", cast, webhook.public_id, failed.public_id))
    waiting = webhook.deliveries.filter(state="waiting").order_by("pk")
    assert [(row.resource, row.replay_of) for row in waiting] == [("", None), ("wholesaleCustomers", failed.public_id)]
    page = client.get(url("detail", cast, webhook.public_id)).content.decode()
    assert "every 2s" in page
    waiting.update(state="delivered", finished_at=Now())
    assert "every 2s" not in client.get(url("detail", cast, webhook.public_id)).content.decode()


def test_switched_off_it_sends_nothing_and_says_why(cast: Cast, sign_in: SignIn, webhook: Webhook) -> None:
    client = sign_in("partner_full")
    client.post(url("switch", cast, webhook.public_id), {"status": "inactive"})
    webhook.refresh_from_db()
    assert (webhook.status, webhook.off_for) == ("inactive", "person")
    response = client.post(url("test", cast, webhook.public_id), follow=True)
    assert "This webhook is switched off. Switch it on first." in response.content.decode()
    assert not webhook.deliveries.filter(state="waiting").exists()
    client.post(url("switch", cast, webhook.public_id), {"status": "active"})
    webhook.refresh_from_db()
    assert webhook.is_active
    client.post(url("switch", cast, webhook.public_id), {"status": "nonsense"})
    webhook.refresh_from_db()
    assert webhook.is_active


def test_one_that_failed_for_days_says_so(cast: Cast, sign_in: SignIn, webhook: Webhook) -> None:
    Webhook.objects.update(status="inactive", off_for="failing")
    page = sign_in("partner_full").get(url("detail", cast, webhook.public_id)).content.decode()
    assert "took nothing for days" in page
    assert "Switched off" in sign_in("partner_full").get(url("list", cast)).content.decode()


def test_it_is_deleted_with_its_log(cast: Cast, sign_in: SignIn, webhook: Webhook) -> None:
    response = sign_in("partner_full").post(url("delete", cast, webhook.public_id))
    assert (response.status_code, response.headers["Location"]) == (302, url("list", cast))
    assert (Webhook.objects.count(), WebhookDelivery.objects.count()) == (0, 0)


def test_the_log_is_filtered_and_paged(cast: Cast, sign_in: SignIn, webhook: Webhook) -> None:
    webhook.deliveries.all().delete()
    rows = [deliver(webhook, n, state="delivered", answer=200) for n in range(52)]
    failed = deliver(webhook, 60, resource=Resource.JOBS, state="failed", answer=500)
    test = webhook.deliveries.create()
    client, path = sign_in("partner_full"), url("detail", cast, webhook.public_id)

    def shown(query: str) -> list[int]:
        return [row.pk for row in client.get(f"{path}?{query}").context["page"].items]

    assert shown("state=failed") == [failed.pk]
    assert shown("event=jobs.updated") == [failed.pk]
    assert shown("event=test") == [test.pk]
    assert shown("state=nonsense")[0] == failed.pk
    first = client.get(f"{path}?event=wholesaleCustomers.updated")
    after = first.context["page"].next
    assert shown("event=wholesaleCustomers.updated") == [row.pk for row in rows[:1:-1]]
    assert shown(f"event=wholesaleCustomers.updated&after={after}") == [row.pk for row in rows[1::-1]]
    assert f"event=wholesaleCustomers.updated&amp;after={after}" in first.content.decode()


def test_a_delivery_tells_every_try(cast: Cast, sign_in: SignIn, webhook: Webhook) -> None:
    tries = [
        {"at": "2026-11-27T10:00:00+00:00", "answer": None, "error": "No answer in time.", "ms": 10_000},
        {"at": "2026-11-27T10:00:12+00:00", "answer": 204, "error": "", "ms": 35},
    ]
    row = deliver(webhook, state="delivered", attempts=2, answer=204, tries=tries)
    path = url("delivery", cast, webhook.public_id, row.public_id)
    for headers in ({}, {"HX-Request": "true", "HX-Target": "panel"}):
        page = sign_in("partner_full").get(path, headers=headers).content.decode()
        assert [text in page for text in ("No answer in time.", "Answer 204", "10000 ms", str(row.public_id))] == [
            True
        ] * 4
        assert ("<html" in page) is not bool(headers)


def test_pages_cost_the_same_at_one_row_and_at_three(cast: Cast, sign_in: SignIn, webhook: Webhook) -> None:
    client = sign_in("partner_full")
    for count in (1, 3):
        for _ in range(count - 1):
            make_webhook(cast.north, cast.admins["partner_full"])
            deliver(webhook, state="delivered")
        for path, number in ((url("list", cast), 6), (url("detail", cast, webhook.public_id), 7)):
            client.get(path)
            with CaptureQueriesContext(connection) as captured:
                client.get(path)
            assert len(captured.captured_queries) == number, path


@pytest.mark.parametrize(
    ("who", "status"),
    [
        ("partner_full", 200),
        ("partner_plain", 200),
        ("partner_admin", 403),
        ("partner_readonly", 403),
        ("helpdesk", 403),
        ("subpartner_full", 404),
        ("other_partner_full", 404),
    ],
)
def test_who_sees_them(cast: Cast, sign_in: SignIn, webhook: Webhook, who: str, status: int) -> None:
    client = sign_in(who)
    row = webhook.deliveries.get()
    paths = [url("list", cast), url("detail", cast, webhook.public_id), url("edit", cast, webhook.public_id)]
    paths.append(url("delivery", cast, webhook.public_id, row.public_id))
    assert [client.get(path).status_code for path in paths] == [status] * 4


def test_others_webhooks_are_out_of_reach(cast: Cast, sign_in: SignIn, webhook: Webhook) -> None:
    """Under one's own partner's address, with the id of a stranger's, or the delivery of another webhook."""
    client = sign_in("partner_full")
    stranger = make_webhook(cast.south, cast.admins["other_partner_full"], status="active", off_for="")
    before = Webhook.objects.filter(pk=stranger.pk).values().get()
    for name in ("secret", "test", "switch", "delete", "edit"):
        assert client.post(url(name, cast, stranger.public_id), {"status": "inactive"}).status_code == 404, name
    row = stranger.deliveries.get()
    for hook in (stranger, webhook):
        assert client.get(url("delivery", cast, hook.public_id, row.public_id)).status_code == 404
        assert client.post(url("replay", cast, hook.public_id, row.public_id)).status_code == 404
    assert Webhook.objects.filter(pk=stranger.pk).values().get() == before
    assert stranger.deliveries.count() == 1
