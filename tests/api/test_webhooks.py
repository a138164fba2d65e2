"""/v1/webhooks: made, listed, changed, deleted, in the public API's words; and who may."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now

from api import idempotency, tasks
from api.models import IdempotencyKey
from config.celery import app
from tenancy.models import AuditEvent, Webhook
from tenancy.opaque_ids import opaque_id
from tenancy.sealing import opened
from tenancy.tokens import Scope
from tests.api.conftest import ApiClient
from tests.cast import Cast

Api = Callable[..., ApiClient]
TARGET = "https://hooks.example.com/webex"
BODY = {"name": "order desk", "targetUrl": TARGET, "resource": "wholesaleCustomers", "event": "all"}


def made(client: ApiClient, query: str = "", **fields: Any) -> dict[str, Any]:
    response = client.post(f"/webhooks{query}", BODY | fields)
    assert response.status_code == 200, response.content
    return response.json()


def test_a_webhook_is_made_and_said_as_the_public_api_says_it(cast: Cast, api: Api) -> None:
    client = api("partner_full")
    said = made(client, secret="a long and good secret", ownedBy="org")
    row = Webhook.objects.get()
    assert said == BODY | {
        "id": opaque_id("WEBHOOK", row.public_id),
        "orgId": opaque_id("ORGANIZATION", cast.north.public_id),
        "createdBy": opaque_id("PEOPLE", cast.admins["partner_full"].public_id),
        "ownedBy": "org",
        "status": "active",
        "created": said["created"],
    }
    assert opened(row.secret) == "a long and good secret"
    assert client.get(f"/webhooks/{said['id']}").json() == said
    assert client.get("/webhooks").json() == {"items": [said]}


def test_a_filter_names_a_customer_in_sight(cast: Cast, api: Api) -> None:
    wanted = f"customerId={opaque_id('ENTERPRISE', cast.acme.public_id)}"
    assert made(api("partner_full"), filter=wanted)["filter"] == wanted
    stranger = f"customerId={opaque_id('ENTERPRISE', cast.south_customer.public_id)}"
    for text, status in ((stranger, 404), ("customerId=x", 404), ("status=active", 400), (f"{wanted}&a=b", 400)):
        assert api("partner_full").post("/webhooks", BODY | {"filter": text}).status_code == status


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"targetUrl": "http://hooks.example.com/"}, 81170),
        ({"targetUrl": "https://127.0.0.1/"}, 81170),
        ({"targetUrl": "https://169.254.169.254/latest/"}, 81170),
        ({"targetUrl": "https://[::ffff:10.0.0.1]/"}, 81170),
        ({"targetUrl": "https://user@hooks.example.com/"}, 81170),
        ({"name": " "}, 81171),
        ({"name": ""}, 1002),
        ({"secret": "with\ttabs"}, 81172),
        ({"resource": "rooms"}, 80002),
        ({"event": "started"}, 80002),
        ({"ownedBy": "creator"}, 80002),
        ({"targetURL": TARGET}, 80001),
    ],
)
def test_what_is_wrong_has_its_number_and_nothing_is_made(api: Api, change: dict[str, str], code: int) -> None:
    response = api("partner_full").post("/webhooks", BODY | change)
    assert (response.status_code, response.json()["errors"][0]["code"]) == (400, code)
    assert not Webhook.objects.exists()


def test_it_is_changed_switched_off_and_deleted(cast: Cast, api: Api) -> None:
    client = api("partner_full")
    path = f"/webhooks/{made(client, secret='first secret')['id']}"
    changed = client.put(path, {"name": "billing", "targetUrl": f"{TARGET}/2", "status": "inactive"}).json()
    assert (changed["name"], changed["targetUrl"], changed["status"]) == ("billing", f"{TARGET}/2", "inactive")
    assert opened(Webhook.objects.get().secret) == "first secret"
    again = client.put(path, {"name": "billing", "targetUrl": TARGET, "secret": "second", "status": "active"}).json()
    assert (again["status"], opened(Webhook.objects.get().secret)) == ("active", "second")
    assert client.delete(path).status_code == 204
    assert client.delete(path).status_code == 404
    actions = ["created", "changed", "switched_off", "changed", "switched_on", "deleted"]
    assert list(AuditEvent.objects.filter(category="webhook").order_by("number").values_list("action", flat=True)) == [
        f"webhook.{action}" for action in actions
    ]


def test_a_token_must_be_good_for_the_resource_too(api: Api) -> None:
    client = api("partner_full", scopes=[Scope.WEBHOOKS_READ, Scope.WEBHOOKS_WRITE, Scope.CUSTOMERS_READ])
    for resource, status in (
        ("wholesaleCustomers", 200),
        ("jobs", 200),
        ("wholesaleSubscribers", 403),
        ("wholesaleBillingReports", 403),
        ("all", 403),
    ):
        assert client.post("/webhooks", BODY | {"resource": resource}).status_code == status
    full = made(api("partner_full"), resource="wholesaleSubscribers")
    body = {"name": "mine now", "targetUrl": "https://elsewhere.example.com/"}
    assert client.put(f"/webhooks/{full['id']}", body).status_code == 403
    assert client.put(f"/webhooks/{full['id']}", body | {"targetUrl": TARGET}).status_code == 200


@pytest.mark.parametrize(
    ("who", "status"),
    [
        ("partner_full", 200),
        ("partner_plain", 200),
        ("subpartner_full", 200),
        ("partner_admin", 403),
        ("partner_readonly", 403),
        ("helpdesk", 403),
        ("customer_full", 403),
    ],
)
def test_who_may(api: Api, who: str, status: int) -> None:
    client = api(who)
    assert [client.get("/webhooks").status_code, client.post("/webhooks", BODY).status_code] == [status, status]


def test_strangers_and_sub_partners(cast: Cast, api: Api) -> None:
    north, branch, south = (made(api(who)) for who in ("partner_full", "subpartner_full", "other_partner_full"))
    parent = api("partner_full")
    for stranger in (branch, south):
        for send in (parent.get, parent.delete):
            assert send(f"/webhooks/{stranger['id']}").status_code == 404
    query = f"?onBehalfOfSubPartnerOrgId={opaque_id('ORGANIZATION', cast.branch.public_id)}"
    assert parent.get(f"/webhooks{query}").json() == {"items": [branch]}
    assert parent.get("/webhooks").json() == {"items": [north]}
    at_branch = made(parent, query)
    assert at_branch["orgId"] == branch["orgId"]
    assert Webhook.objects.count() == 4


def test_pages_follow_the_links(api: Api) -> None:
    client = api("partner_full")
    names = [made(client, name=f"system {n}")["name"] for n in range(3)]
    first = client.get("/webhooks?max=2")
    link = first.headers["Link"].partition(";")[0].strip("<>").partition("/v1")[2]
    assert [row["name"] for row in first.json()["items"] + client.get(link).json()["items"]] == names


def test_a_partner_has_fifty_at_most(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tenancy.webhooks.MOST_PER_PARTNER", 1)
    client = api("partner_full")
    made(client)
    response = client.post("/webhooks", BODY)
    assert (response.status_code, response.json()["errors"][0]["code"]) == (400, 81173)
    made(api("other_partner_full"))


def test_the_same_key_makes_one_and_keeps_no_secret(api: Api) -> None:
    client = api("partner_full")
    body = BODY | {"secret": "never to be kept in clear"}
    answers = [client.post("/webhooks", body, Idempotency_Key="k").json() for _ in range(2)]
    assert answers[0] == answers[1]
    assert Webhook.objects.count() == 1
    assert b"never to be kept" not in bytes(IdempotencyKey.objects.get().body)


class TestPurge:
    """Answers for an Idempotency-Key are kept for thirty days, and not for longer."""

    def test_older_ones_are_forgotten_in_parts(self, api: Api) -> None:
        client = api("partner_full")
        for key in ("a", "b", "c"):
            client.post("/webhooks", BODY, Idempotency_Key=key)
        IdempotencyKey.objects.filter(key="c").update(created_at=Now() - timedelta(days=29, hours=23))
        IdempotencyKey.objects.filter(key__in="ab").update(created_at=Now() - timedelta(days=30, hours=1))
        assert idempotency.purge(at_once=1) == 2
        assert [row.key for row in IdempotencyKey.objects.all()] == ["c"]
        tasks.purge()
        assert IdempotencyKey.objects.count() == 1

    def test_beat_does_it_and_delivers(self) -> None:
        app.loader.import_default_modules()
        scheduled = {entry["task"] for entry in app.conf.beat_schedule.values()}
        assert {"api.purge", "api.deliver_webhooks"} <= scheduled <= set(app.tasks)


def test_a_scope_for_reading_is_none_for_writing(api: Api) -> None:
    assert api("partner_full", scopes=[Scope.WEBHOOKS_READ]).post("/webhooks", BODY).status_code == 403
    assert api("partner_full", scopes=[Scope.WEBHOOKS_WRITE]).get("/webhooks").status_code == 403
