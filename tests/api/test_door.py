"""What surrounds every operation: who, how often, what was sent, and the headers of every answer."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from api.models import IdempotencyKey
from tenancy.models import Customer
from tenancy.tokens import Scope
from tests.api.conftest import ApiClient
from tests.cast import Cast

Api = Callable[..., ApiClient]


def error(message: str, code: int, tracking_id: str) -> dict[str, object]:
    return {"message": message, "errors": [{"description": message, "code": code}], "trackingId": tracking_id}


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wsp_wrong"}, {"Authorization": "Basic YTpi"}])
def test_without_a_live_token_there_is_nothing(cast: Cast, headers: dict[str, str]) -> None:
    response = Client().get("/v1/wholesale/customers", headers=headers)
    message = "The request requires a valid access token set in the Authorization request header."
    assert (response.status_code, response.json()) == (401, error(message, 80401, response.headers["trackingId"]))
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="portal"'


def test_a_browsers_session_is_worth_nothing_here(cast: Cast, sign_in: Callable[[str], Client]) -> None:
    assert sign_in("partner_full").get("/v1/wholesale/customers").status_code == 401


def test_a_token_without_the_scope_is_refused(api: Api) -> None:
    response = api("partner_full", scopes=[Scope.SUBSCRIBERS_READ]).get("/wholesale/customers")
    message = "The token lacks the scope spark-admin:wholesale_customers_read."
    assert (response.status_code, response.json()) == (403, error(message, 80003, response.headers["trackingId"]))


def test_what_does_not_exist_is_json_too(api: Api) -> None:
    response = api("partner_full").get("/wholesale/nothing")
    message = "The requested resource could not be found."
    assert (response.status_code, response.json()) == (404, error(message, 80404, response.headers["trackingId"]))


def test_another_method_is_405_with_the_ones_that_work(api: Api) -> None:
    response = api("partner_full").send("PATCH", "/wholesale/customers", {})
    assert (response.status_code, response.headers["Allow"]) == (405, "GET, POST")
    assert response.json()["message"] == "This address answers GET, POST only."


@pytest.mark.parametrize(
    ("body", "content_type", "status", "message"),
    [
        ("<customer/>", "application/xml", 415, "Send the body as application/json."),
        ("{", "application/json", 400, "The body is not valid JSON."),
        ("[" * 100_000, "application/json", 400, "The body is not valid JSON."),
        ('{"externalId": NaN}', "application/json", 400, "The body is not valid JSON."),
        ('{"externalId": "\\u0000"}', "application/json", 400, "There are characters in this request that no text may have."),
        ('{"externalId": "\\ud800"}', "application/json", 400, "There are characters in this request that no text may have."),
    ],
)  # fmt: skip
def test_a_bad_body_is_a_bad_request(api: Api, body: str, content_type: str, status: int, message: str) -> None:
    client = api("partner_full")
    headers = {"Authorization": f"Bearer {client.token}"}
    response = Client().generic("POST", "/v1/wholesale/customers", body, content_type=content_type, headers=headers)
    assert (response.status_code, response.json()["message"]) == (status, message)


def test_unknown_fields_and_missing_ones_are_named(api: Api) -> None:
    response = api("partner_full").post("/wholesale/customers", {"externalID": "X", "packages": ["webex_calling"]})
    assert response.status_code == 400
    assert sorted((e["code"], e["description"]) for e in response.json()["errors"]) == [
        (1001, "address: a value is required."),
        (1001, "externalId: a value is required."),
        (1001, "provisioningId: a value is required."),
        (80001, "externalID: this field is not known."),
    ]


def test_every_answer_says_what_is_left_of_the_minute(api: Api, settings: Any) -> None:
    settings.API_REQUESTS_PER_MINUTE = 2
    client = api("partner_full")
    answers = [client.get("/wholesale/customers") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert [answer.headers["RateLimit-Remaining"] for answer in answers] == ["1", "0", "0"]
    assert 1 <= int(answers[2].headers["Retry-After"]) <= 60
    assert api("partner_readonly").get("/wholesale/customers").status_code == 200
    cache.clear()


class TestIdempotencyKey:
    """A POST under a key is done once."""

    def test_the_same_request_gets_the_same_answer(self, api: Api, new_customer: dict[str, object]) -> None:
        client = api("partner_full")
        first, second = (client.post("/wholesale/customers", new_customer, Idempotency_Key="k1") for _ in range(2))
        assert (first.status_code, second.status_code) == (202, 202)
        assert first.json() == second.json()
        assert second.headers["Location"] == first.headers["Location"]
        assert second.headers["Idempotency-Replayed"] == "true"
        assert Customer.objects.filter(external_id=new_customer["externalId"]).count() == 1

    def test_another_request_under_the_key_is_refused(self, api: Api, new_customer: dict[str, object]) -> None:
        client = api("partner_full")
        client.post("/wholesale/customers", new_customer, Idempotency_Key="k1")
        response = client.post("/wholesale/customers", new_customer | {"externalId": "E-2"}, Idempotency_Key="k1")
        assert (response.status_code, response.json()["errors"][0]["code"]) == (422, 80006)

    def test_a_refusal_is_not_kept(self, api: Api, new_customer: dict[str, object]) -> None:
        client = api("partner_full")
        refused = client.post("/wholesale/customers", new_customer | {"packages": []}, Idempotency_Key="k1")
        assert (refused.status_code, IdempotencyKey.objects.count()) == (400, 0)
        assert client.post("/wholesale/customers", new_customer, Idempotency_Key="k1").status_code == 202

    def test_keys_of_two_tokens_are_strangers(self, api: Api, new_customer: dict[str, object]) -> None:
        api("partner_full").post("/wholesale/customers", new_customer, Idempotency_Key="k1")
        response = api("partner_full").post("/wholesale/customers", new_customer, Idempotency_Key="k1")
        assert (response.status_code, response.json()["errors"][0]["code"]) == (409, 81022)
